//! Our question for kinds whose parameters are `?`: text and values, in the order in which they stand. Pure.
//!
//! In: a template, a dialect, and what was learned of the types. Out: statements in which every value is bound and nothing
//! is pasted. Keys are written `in (?, ?, …)` and not as one array or one JSON text: a bound value takes the type and the
//! collation of the column it is compared with, so that the column's index serves and no two collations meet. So that few
//! texts differ, lists of values are padded to a few lengths by repeating the last.

use super::{
    fit::Fit,
    kind::{self, Statement},
    page::{self, Column, Side},
    template::{Form, Placeholder, Template},
};
use crate::{
    contract::Dialect,
    fetch::{Cell, Cursor, Window},
    value::{Argument, Key},
};

/// How many parents one statement asks for. The statements of the parents are joined by `union all`, which these systems
/// plan one by one; beyond some tens a longer text costs more than another statement.
const PARENTS_PER_STATEMENT: usize = 100;

/// Stands around a value's number until the whole text is written. No query holds this character.
const MARK: char = '\u{1}';

const PARENT: &str = "freehold_parent";
const ROWS: &str = "freehold_rows";

/// A value bound to a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// One value as text, of the type that its parameter has.
    Value(Option<String>, Fit),
    /// A parent's list of values, of which each is bound on its own.
    Values(Vec<String>),
}

/// The type of a parameter or column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// What texts it takes.
    pub fit: Fit,
    /// How a bound text is written as a value of it: `?`, or `cast(? as …)`.
    pub written: &'static str,
}

impl Typed {
    /// A type that the system makes of the text by itself.
    pub fn of(fit: Fit) -> Self {
        Self { fit, written: "?" }
    }
}

/// The values of a statement under construction.
#[derive(Default)]
struct Values(Vec<Binding>);

impl Values {
    /// Takes a value and returns what stands for it, which may be repeated and moved about in the text.
    fn put(&mut self, written: &str, text: Option<&str>, fit: &Fit) -> String {
        self.0.push(Binding::Value(text.map(str::to_owned), fit.clone()));
        written.replace('?', &format!("{MARK}{}{MARK}", self.0.len() - 1))
    }

    /// Puts a parameter wherever a value stands.
    fn statement(self, marked: &str) -> Statement<Binding> {
        let mut sql = String::with_capacity(marked.len());
        let mut bindings = Vec::new();
        for (n, piece) in marked.split(MARK).enumerate() {
            match piece.parse::<usize>().ok().and_then(|number| self.0.get(number)) {
                Some(value) if n % 2 == 1 => {
                    sql.push('?');
                    bindings.push(value.clone());
                }
                _ => sql.push_str(piece),
            }
        }
        Statement { sql, bindings }
    }
}

/// Returns the length to which a list of values is padded: 1, 2, 5, 10, 20, 50, …
fn padded(n_values: usize, max: usize) -> usize {
    let mut lengths = (0..).flat_map(|exponent| [1, 2, 5].map(|n| n * 10usize.pow(exponent)));
    lengths.find(|length| *length >= n_values).map_or(max, |length| length.min(max)).max(n_values)
}

fn not(placeholder: &Placeholder) -> &'static str {
    if placeholder.form == (Form::In { negated: true }) { "not " } else { "" }
}

/// Writes a query with one `?` for each value, by which the system says what it knows of it; `n_keys` is how many fields
/// `:keys` has, or `None` where it is an argument like others.
pub fn probe(template: &Template, dialect: &Dialect, n_keys: Option<usize>) -> String {
    template.render_rows(|_, placeholder, row| match placeholder.form {
        Form::Scalar => format!("{row}?"),
        // A parameter that is only compared with null has no type of its own.
        Form::NullTest => format!("{row}nullif(1, 1)"),
        Form::In { .. } => match n_keys.unwrap_or(1) {
            1 => format!("{row}{}in (?)", not(placeholder)),
            n if dialect.row_values => format!("{row}{}in (({}))", not(placeholder), vec!["?"; n].join(", ")),
            _ => format!("({})", equal(&placeholder.row, |_| "?".to_owned())),
        },
    })
}

fn equal(row: &[String], mut value: impl FnMut(usize) -> String) -> String {
    let terms = row.iter().enumerate().map(|(n, field)| format!("{field} = {}", value(n)));
    terms.collect::<Vec<_>>().join(" and ")
}

/// A group's query or part query.
#[derive(Debug)]
pub struct KeyQuery {
    /// The query.
    pub template: Template,
    /// How its SQL is written.
    pub dialect: Dialect,
    /// The types of the key's fields.
    pub keys: Vec<Typed>,
}

impl kind::KeyQuery<Binding> for KeyQuery {
    fn statements(&self, keys: &[Key]) -> Vec<Statement<Binding>> {
        let n_fields = self.keys.len().max(1);
        let fits = |key: &&Key| {
            key.fields().count() == self.keys.len()
                && key.fields().zip(&self.keys).all(|(text, typed)| typed.fit.takes(text))
        };
        let fitting: Vec<&Key> = keys.iter().filter(fits).collect();
        let max = self.dialect.values_max.min(self.dialect.parameters_max / n_fields).max(1);
        fitting.chunks(max).map(|keys| self.statement(keys, max)).collect()
    }
}

impl KeyQuery {
    fn statement(&self, keys: &[&Key], max: usize) -> Statement<Binding> {
        let mut values = Values::default();
        let last = keys.len() - 1;
        let padded = (0..padded(keys.len(), max)).map(|n| keys[n.min(last)]);
        let sql = self.template.render_rows(|_, placeholder, row| {
            let mut value = |(text, typed): (&str, &Typed)| values.put(typed.written, Some(text), &typed.fit);
            if self.keys.len() == 1 {
                let all: Vec<String> = padded.clone().map(|key| value((key.as_str(), &self.keys[0]))).collect();
                return format!("{row}{}in ({})", not(placeholder), all.join(", "));
            }
            let rows: Vec<Vec<String>> =
                padded.clone().map(|key| key.fields().zip(&self.keys).map(&mut value).collect()).collect();
            if self.dialect.row_values {
                let all: Vec<String> = rows.iter().map(|fields| format!("({})", fields.join(", "))).collect();
                return format!("{row}{}in ({})", not(placeholder), all.join(", "));
            }
            let all = rows.iter().map(|fields| equal(&placeholder.row, |n| fields[n].clone()));
            format!("({})", all.collect::<Vec<_>>().join(" or "))
        });
        values.statement(&sql)
    }
}

/// A list's query.
#[derive(Debug)]
pub struct ListQuery {
    /// The query.
    pub template: Template,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// The types of its placeholders, where the system tells them.
    pub types: Vec<Fit>,
    /// The order columns, by the names the query gives them.
    pub order: Vec<Column>,
    /// Their types.
    pub order_types: Vec<Typed>,
    /// How its SQL is written.
    pub dialect: Dialect,
}

impl kind::ListQuery<Binding> for ListQuery {
    fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    /// In a list, a value that the column's type cannot hold is left out: it equals nothing.
    fn bind(&self, parameter: usize, argument: &Argument) -> Result<Binding, String> {
        let name = &self.parameters[parameter];
        let takes_list = self.template.placeholders().any(|p| p.name == *name && matches!(p.form, Form::In { .. }));
        let takes = |text: &str| !text.contains('\0') && self.fits(name).all(|fit| fit.takes(text));
        let given = match argument {
            Argument::Null => return Ok(Binding::Value(None, Fit::Unknown)),
            Argument::One(value) if !takes_list && takes(value) => {
                return Ok(Binding::Value(Some(value.to_string()), Fit::Unknown));
            }
            Argument::One(value) if !takes_list => {
                return Err(format!("argument {name}: `{value}` is not of the column's type"));
            }
            Argument::Many(_) if !takes_list => {
                return Err(format!("argument {name}: a list where the query takes one value"));
            }
            Argument::One(value) => std::slice::from_ref(value),
            Argument::Many(values) => values,
        };
        Ok(Binding::Values(given.iter().filter(|value| takes(value)).map(|value| value.to_string()).collect()))
    }

    fn takes(&self, window: &Window) -> bool {
        let takes = |cursor: &Cursor| {
            cursor.0.len() == self.order_types.len()
                && (cursor.0.iter().zip(&self.order_types))
                    // A type whose texts only the system knows never made a cursor.
                    .all(|(text, ty)| text.as_ref().is_none_or(|text| ty.fit != Fit::Unknown && ty.fit.takes(text)))
        };
        [&window.after, &window.before].into_iter().flatten().all(takes)
    }

    fn parents_per_statement(&self) -> usize {
        let n_order = self.order.len();
        // Each cursor's values are repeated for each column behind them.
        let per_parent = self.template.placeholders().count() + 2 * n_order * (n_order + 1);
        PARENTS_PER_STATEMENT.min(self.dialect.parameters_max / per_parent.max(1)).max(1)
    }

    fn page(&self, parents: &[Vec<Binding>], window: &Window) -> Statement<Binding> {
        let mut values = Values::default();
        let pages: Vec<String> = (parents.iter())
            .map(|arguments| {
                let query = self.query(arguments, &mut values);
                page::page(&self.dialect, &query, &self.order, window, |side, position| {
                    let cursor = if side == Side::After { &window.after } else { &window.before };
                    let text = cursor.as_ref().and_then(|cursor| cursor.0.get(position)?.as_deref());
                    let typed = &self.order_types[position];
                    values.put(typed.written, text, &typed.fit)
                })
            })
            .collect();
        if let [page] = pages.as_slice() {
            return values.statement(page);
        }
        let order = page::order_by(&self.dialect, "freehold_all", &self.order, window.direction);
        let all = joined(&pages, &format!("{ROWS}.*"));
        values.statement(&format!(
            "select freehold_all.* from (\n{all}\n) freehold_all\norder by freehold_all.{PARENT}, {order}"
        ))
    }

    fn count(&self, parents: &[Vec<Binding>], up_to: u64) -> Statement<Binding> {
        let mut values = Values::default();
        let counts: Vec<String> = (parents.iter())
            .map(|arguments| page::count(&self.dialect, &self.query(arguments, &mut values), up_to))
            .collect();
        if let [count] = counts.as_slice() {
            return values.statement(count);
        }
        values.statement(&joined(&counts, &format!("{ROWS}.n")))
    }
}

/// Joins the parents' statements, each with its parent's number, from 0.
fn joined(statements: &[String], columns: &str) -> String {
    let numbered = statements.iter().enumerate();
    let numbered = numbered.map(|(n, sql)| format!("select {n} as {PARENT}, {columns} from (\n{sql}\n) {ROWS}"));
    numbered.collect::<Vec<_>>().join("\nunion all\n")
}

impl ListQuery {
    fn fits(&self, name: &str) -> impl Iterator<Item = &Fit> {
        let placeholders = self.template.placeholders().zip(&self.types);
        placeholders.filter(move |(placeholder, _)| placeholder.name == name).map(|(_, fit)| fit)
    }

    /// Writes the query for one parent.
    fn query(&self, arguments: &[Binding], values: &mut Values) -> String {
        self.template.render(|occurrence, placeholder| {
            let fit = self.types.get(occurrence).unwrap_or(&Fit::Unknown);
            let number = self.parameters.iter().position(|name| *name == placeholder.name);
            let argument = number.and_then(|number| arguments.get(number));
            match (placeholder.form, argument) {
                (Form::NullTest, Some(Binding::Value(None, _)) | None) => "nullif(1, 1)".to_owned(),
                (Form::NullTest, _) => "1".to_owned(),
                (Form::In { .. }, Some(Binding::Values(texts))) => self.in_list(placeholder, texts, fit, values),
                (Form::In { .. }, _) => self.in_list(placeholder, &[], fit, values),
                (Form::Scalar, Some(Binding::Value(text, _))) => values.put("?", text.as_deref(), fit),
                (Form::Scalar, _) => values.put("?", None, fit),
            }
        })
    }

    fn in_list(&self, placeholder: &Placeholder, texts: &[String], fit: &Fit, values: &mut Values) -> String {
        let Some(last) = texts.last() else {
            // `in ()` is no SQL, and `not in (null)` is true of nothing. Some systems compare a number with none but numbers.
            let number = matches!(fit, Fit::Integer(..) | Fit::Numeric | Fit::Real | Fit::Double);
            let null = if number { "nullif(1, 1)" } else { "nullif('a', 'a')" };
            let from = match self.dialect.from_nothing.as_str() {
                "" => " from (select 1 as n) freehold_none",
                from => from,
            };
            return format!("{}in (select {null}{from} where 1 = 0)", not(placeholder));
        };
        let n_values = padded(texts.len(), self.dialect.values_max);
        let padded = texts.iter().chain(std::iter::repeat(last)).take(n_values);
        let all: Vec<String> = padded.map(|text| values.put("?", Some(text), fit)).collect();
        format!("{}in ({})", not(placeholder), all.join(", "))
    }
}

/// Writes a value as a cursor holds it: the text that is bound as the same value again.
pub fn cursor_text(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Json(_) => None,
        cell => cell.text().map(|text| text.into_owned()),
    }
}

#[cfg(test)]
mod tests;
