//! Our question in PostgreSQL's SQL: text and parameters. Pure.
//!
//! In: a template and the parameter types that the server gave for it. Out: one statement, whatever the number of keys or
//! parents. Every value is bound as text and cast to its own type by the server; nothing is pasted.

use std::ops::Range;

use super::super::{
    fit::Fit,
    kind::{self, Statement},
    page::{self, Column, Side},
    template::{Form, Placeholder, Template},
};
use crate::{
    contract::Dialect,
    fetch::{Cell, Cursor, Window},
    value::Argument,
};

/// The type of a parameter, as the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterType {
    /// Its name in SQL.
    pub name: String,
    /// What texts it takes.
    pub fit: Fit,
}

/// A value bound to a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// `text`
    Text(Option<String>),
    /// `text[]`
    Texts(Option<Vec<String>>),
    /// `text[]` with nulls in it.
    NullableTexts(Vec<Option<String>>),
}

/// A query in the form that makes the server say its parameter types.
#[derive(Debug, PartialEq, Eq)]
pub struct Probe {
    /// The statement, to be prepared and never run.
    pub sql: String,
    /// For each placeholder, which of the statement's parameters are its.
    pub parameters: Vec<Range<usize>>,
}

/// Writes the probe of a query; `n_keys` is how many fields `:keys` has, or `None` where it is an argument like others.
pub fn probe(template: &Template, n_keys: Option<usize>) -> Probe {
    let mut parameters = Vec::new();
    let mut next = 0;
    let sql = template.render(|_, placeholder| {
        let n = match placeholder.form {
            Form::NullTest => 0,
            Form::In { .. } if placeholder.name == "keys" => n_keys.unwrap_or(1),
            Form::In { .. } | Form::Scalar => 1,
        };
        parameters.push(next..next + n);
        let numbers: Vec<String> = (next..next + n).map(|number| format!("${}", number + 1)).collect();
        next += n;
        match (placeholder.form, n) {
            // A parameter that is only compared with null has no type of its own.
            (Form::NullTest, _) => "null::text".to_owned(),
            (Form::Scalar, _) => numbers.join(", "),
            (Form::In { negated }, 1) => format!("{}in ({})", not(negated), numbers.join(", ")),
            (Form::In { negated }, _) => format!("{}in (({}))", not(negated), numbers.join(", ")),
        }
    });
    Probe { sql, parameters }
}

fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

/// Writes the statement of a group's query or part query. Its parameters, which follow `n_before` others, are one `text[]`
/// for each key field.
pub fn group(template: &Template, types: &[Vec<ParameterType>], n_before: usize) -> String {
    template.render(|occurrence, placeholder| {
        let negated = placeholder.form == Form::In { negated: true };
        match types.get(occurrence).map(Vec::as_slice) {
            Some([ty]) => any(&format!("${}", n_before + 1), ty, negated),
            several => {
                let numbers = n_before + 1..;
                let arrays = several.unwrap_or_default().iter().zip(numbers);
                let arrays: Vec<String> = arrays.map(|(ty, n)| format!("${n}::text[]::{}[]", ty.name)).collect();
                format!("{}in (select * from unnest({}))", not(negated), arrays.join(", "))
            }
        }
    })
}

/// What stands before the columns of each query in a statement of several.
pub const QUERY_MARK: &str = "freehold_query";

/// Writes one statement of several queries: their columns side by side, each row of one query alone. One statement sees
/// one state of the database, and takes one round trip.
///
/// A full join on nothing keeps the rows of each query in their order, and their types, where a union would have to be
/// told them.
pub fn together(queries: &[String]) -> String {
    // The line ends a comment at the end of a query.
    let marked = queries
        .iter()
        .enumerate()
        .map(|(n, sql)| format!("(select true as {QUERY_MARK}, {ROWS}.* from (\n{sql}\n) as {ROWS}) as query_{n}"));
    let joined: Vec<String> =
        marked.enumerate().map(|(n, sql)| if n == 0 { sql } else { format!("{sql} on false") }).collect();
    format!("select * from {}", joined.join(" full join "))
}

fn any(array: &str, ty: &ParameterType, negated: bool) -> String {
    let compare = if negated { "<> all" } else { "= any" };
    format!("{compare}({array}::text[]::{}[])", ty.name)
}

/// A list's query with what the server said about it.
#[derive(Debug)]
pub struct ListQuery {
    /// The query.
    pub template: Template,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// The types of each placeholder.
    pub types: Vec<Vec<ParameterType>>,
    /// The order columns, by the names the query gives them.
    pub order: Vec<Column>,
    /// Their types.
    pub order_types: Vec<ParameterType>,
    /// How its SQL is written.
    pub dialect: Dialect,
}

/// How many parents one statement asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parents {
    /// One: arguments are parameters, so the planner sees their values.
    One,
    /// Several: arguments are rows, one per parent.
    Many,
}

impl Parents {
    fn of(parents: &[Vec<Binding>]) -> (Self, Vec<Binding>) {
        match parents {
            [only] => (Self::One, only.clone()),
            many => (Self::Many, columns_of_parents(many)),
        }
    }
}

const PARENT: &str = "freehold_parent";
const ROWS: &str = "freehold_rows";

impl ListQuery {
    /// Whether a parameter takes a list: it stands in `in (:name)` somewhere.
    fn takes_list(&self, parameter: usize) -> bool {
        let name = &self.parameters[parameter];
        self.template.placeholders().any(|p| p.name == *name && matches!(p.form, Form::In { .. }))
    }

    fn fits(&self, parameter: usize) -> impl Iterator<Item = &Fit> {
        let name = &self.parameters[parameter];
        (self.template.placeholders().zip(&self.types))
            .filter(move |(placeholder, _)| placeholder.name == *name)
            .flat_map(|(_, types)| types.iter().map(|ty| &ty.fit))
    }

    /// Checks that a cursor has one fitting value for each order column.
    fn takes_cursor(&self, cursor: &Cursor) -> bool {
        cursor.0.len() == self.order_types.len()
            && (cursor.0.iter().zip(&self.order_types))
                // A type whose texts only the server knows never made a cursor.
                .all(|(text, ty)| text.as_ref().is_none_or(|text| ty.fit != Fit::Unknown && ty.fit.takes(text)))
    }

    fn parents(&self) -> String {
        let numbers = 1..=self.parameters.len();
        let arrays: Vec<String> = numbers.clone().map(|n| format!("${n}::text[]")).collect();
        let names: Vec<String> = numbers.map(|n| format!("a{n}")).collect();
        format!("unnest({}) with ordinality as {PARENT}({}, n)", arrays.join(", "), names.join(", "))
    }

    fn query(&self, parents: Parents) -> String {
        self.template.render(|occurrence, placeholder| self.argument(parents, occurrence, placeholder))
    }

    fn argument(&self, parents: Parents, occurrence: usize, placeholder: &Placeholder) -> String {
        let parameter = self.parameters.iter().position(|name| *name == placeholder.name).unwrap_or_default();
        let value = match parents {
            Parents::One => format!("${}", parameter + 1),
            Parents::Many => format!("{PARENT}.a{}", parameter + 1),
        };
        match (placeholder.form, self.types[occurrence].as_slice()) {
            (Form::In { negated }, [ty, ..]) => any(&value, ty, negated),
            (Form::Scalar, [ty, ..]) => format!("({value}::text)::{}", ty.name),
            _ if parents == Parents::One && self.takes_list(parameter) => format!("({value}::text[])"),
            _ => format!("({value}::text)"),
        }
    }
}

impl kind::ListQuery<Binding> for ListQuery {
    fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    /// In a list, a value that the column's type cannot hold is left out: it equals nothing.
    fn bind(&self, parameter: usize, argument: &Argument) -> Result<Binding, String> {
        let takes = |text: &str| self.fits(parameter).all(|fit| fit.takes(text)) && !text.contains('\0');
        let name = &self.parameters[parameter];
        if self.takes_list(parameter) {
            let values = match argument {
                Argument::Null => return Ok(Binding::Texts(None)),
                Argument::One(value) => std::slice::from_ref(value),
                Argument::Many(values) => values,
            };
            let fitting = values.iter().filter(|value| takes(value)).map(|value| value.to_string()).collect();
            return Ok(Binding::Texts(Some(fitting)));
        }
        match argument {
            Argument::Null => Ok(Binding::Text(None)),
            Argument::One(value) if takes(value) => Ok(Binding::Text(Some(value.to_string()))),
            Argument::One(value) => Err(format!("argument {name}: `{value}` is not of the column's type")),
            Argument::Many(_) => Err(format!("argument {name}: a list where the query takes one value")),
        }
    }

    fn takes(&self, window: &Window) -> bool {
        [&window.after, &window.before].into_iter().flatten().all(|cursor| self.takes_cursor(cursor))
    }

    fn page(&self, parents: &[Vec<Binding>], window: &Window) -> Statement<Binding> {
        let (parents, mut bindings) = Parents::of(parents);
        let query = self.query(parents);
        let page = page::page(&self.dialect, &query, &self.order, window, |side, position| {
            let cursor = if side == Side::After { &window.after } else { &window.before };
            let text = cursor.as_ref().and_then(|cursor| cursor.0.get(position).cloned().flatten());
            bindings.push(Binding::Text(text));
            format!("(${}::text)::{}", bindings.len(), self.order_types[position].name)
        });
        let sql = match parents {
            Parents::One => page,
            Parents::Many => format!(
                "select {PARENT}.n as {PARENT}, {ROWS}.*\nfrom {}\ncross join lateral (\n{page}\n) as {ROWS}\norder by \
                 {PARENT}.n, {}",
                self.parents(),
                page::order_by(&self.dialect, ROWS, &self.order, window.direction)
            ),
        };
        Statement { sql, bindings }
    }

    fn count(&self, parents: &[Vec<Binding>], up_to: u64) -> Statement<Binding> {
        let (parents, bindings) = Parents::of(parents);
        let count = page::count(&self.dialect, &self.query(parents), up_to);
        let sql = match parents {
            Parents::One => count,
            Parents::Many => format!("select {PARENT}.n, ({count})\nfrom {}", self.parents()),
        };
        Statement { sql, bindings }
    }
}

/// Writes a value as a cursor holds it: the text that the server casts back to the same value.
pub fn cursor_text(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Json(_) => None,
        cell => cell.text().map(|text| text.into_owned()),
    }
}

/// Turns the bindings of many parents into one array per parameter, in which a list is written as PostgreSQL writes it.
fn columns_of_parents(parents: &[Vec<Binding>]) -> Vec<Binding> {
    let n_parameters = parents.first().map_or(0, Vec::len);
    let column = |parameter: usize| {
        let values = parents.iter().map(|bindings| match &bindings[parameter] {
            Binding::Text(text) => text.clone(),
            Binding::Texts(texts) => texts.as_ref().map(|texts| array_literal(texts)),
            Binding::NullableTexts(_) => None,
        });
        Binding::NullableTexts(values.collect())
    };
    (0..n_parameters).map(column).collect()
}

fn array_literal(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::{super::super::kind::ListQuery as _, *};
    use crate::fetch::Direction;

    fn ty(name: &str, fit: Fit) -> ParameterType {
        ParameterType { name: name.to_owned(), fit }
    }

    fn template(query: &str) -> Template {
        Template::parse(query).unwrap()
    }

    #[test]
    fn keys_are_one_array_whatever_their_number() {
        let query = template("select a as sku from t where a in (:keys)");
        assert_eq!(probe(&query, Some(1)).sql, "select a as sku from t where a in ($1)");
        assert_eq!(
            group(&query, &[vec![ty("bigint", Fit::Text)]], 0),
            "select a as sku from t where a = any($1::text[]::bigint[])"
        );
        let query = template("select 1 from t where (a, b) in (:keys)");
        assert_eq!(probe(&query, Some(2)).sql, "select 1 from t where (a, b) in (($1, $2))");
        assert_eq!(
            group(&query, &[vec![ty("text", Fit::Text), ty("uuid", Fit::Uuid)]], 1),
            "select 1 from t where (a, b) in (select * from unnest($2::text[]::text[], $3::text[]::uuid[]))"
        );
    }

    #[test]
    fn several_queries_are_one_statement_with_a_mark_before_the_columns_of_each() {
        let expected = "\
select * from (select true as freehold_query, freehold_rows.* from (
select a from t -- all
) as freehold_rows) as query_0 full join (select true as freehold_query, freehold_rows.* from (
select b from u
) as freehold_rows) as query_1 on false";
        assert_eq!(together(&["select a from t -- all".to_owned(), "select b from u".to_owned()]), expected);
    }

    fn list() -> ListQuery {
        ListQuery {
            template: template("select sku from t where c = :c and (:s is null or s in (:s))"),
            parameters: vec!["c".to_owned(), "s".to_owned()],
            types: vec![vec![ty("integer", Fit::Integer(0, 9))], vec![], vec![ty("text", Fit::Text)]],
            order: vec![Column { name: "sku".to_owned(), descending: false }],
            order_types: vec![ty("text", Fit::Text)],
            dialect: Dialect::postgres(),
        }
    }

    #[test]
    fn a_list_is_one_statement_for_one_parent_and_for_many() {
        let list = list();
        let probed = probe(&list.template, None);
        assert_eq!(probed.sql, "select sku from t where c = $1 and (null::text is null or s in ($2))");
        assert_eq!(probed.parameters, [0..1, 1..1, 1..2]);
        let after = Some(Cursor(vec![Some("B-1".to_owned())]));
        let window = Window { direction: Direction::Forward, n_rows: 2, after, before: None };
        let parent = vec![Binding::Text(Some("7".to_owned())), Binding::Texts(None)];
        let Statement { sql: one, bindings } = list.page(std::slice::from_ref(&parent), &window);
        assert_eq!(bindings.len(), 4);
        assert!(
            one.contains("c = ($1::text)::integer and (($2::text[]) is null or s = any($2::text[]::text[]))"),
            "{one}"
        );
        assert!(one.contains("freehold_page.\"sku\" > ($3::text)::text"), "{one}");
        let many = list.page(&[parent.clone(), parent], &window).sql;
        let expected = "\
select freehold_parent.n as freehold_parent, freehold_rows.*
from unnest($1::text[], $2::text[]) with ordinality as freehold_parent(a1, a2, n)
cross join lateral (
select freehold_page.* from (
select sku from t where c = (freehold_parent.a1::text)::integer and ((freehold_parent.a2::text) is null or s = \
any(freehold_parent.a2::text[]::text[]))
) freehold_page";
        assert!(many.starts_with(expected), "{many}");
        assert!(many.ends_with("order by freehold_parent.n, freehold_rows.\"sku\" asc nulls last"), "{many}");
    }

    #[test]
    fn an_argument_that_no_column_can_hold_is_refused_alone_and_dropped_from_a_list() {
        let list = list();
        assert_eq!(list.bind(0, &Argument::One("7".into())), Ok(Binding::Text(Some("7".to_owned()))));
        assert!(list.bind(0, &Argument::One("x".into())).is_err());
        let values = Argument::Many(vec!["A".into(), "B\0".into()]);
        assert_eq!(list.bind(1, &values), Ok(Binding::Texts(Some(vec!["A".to_owned()]))));
    }

    #[test]
    fn a_list_among_many_parents_is_an_array_literal() {
        let parents =
            [vec![Binding::Texts(Some(vec!["a\"b\\".to_owned(), String::new()]))], vec![Binding::Texts(None)]];
        let expected = Binding::NullableTexts(vec![Some(r#"{"a\"b\\",""}"#.to_owned()), None]);
        assert_eq!(columns_of_parents(&parents), [expected]);
    }
}
