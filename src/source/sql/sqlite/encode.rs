//! Our question in SQLite's SQL: text and parameters. Pure.
//!
//! In: a template. Out: one statement whatever the number of keys, and one for many parents. Keys and lists are bound as
//! one JSON text each; nothing is pasted.

use super::super::{
    kind::{self, Statement},
    page::{self, Column},
    template::{Form, Placeholder, Template},
};
use crate::{
    contract::Dialect,
    fetch::{Cell, Cursor, Window},
    value::{Argument, Key},
};

/// A value bound to a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// Null.
    Null,
    /// Text, or JSON.
    Text(String),
    /// An integer, from a cursor.
    Int(i64),
    /// A double, from a cursor.
    Real(f64),
}

/// How many parents one statement asks for. SQLite joins at most 500 selects and the driver binds at most 32,766 values;
/// beyond some hundreds a longer text costs more than another statement.
const PARENTS_PER_STATEMENT: usize = 200;

/// How many values one statement may bind.
const BINDINGS_MAX: usize = 30_000;

/// A group's query or part query.
#[derive(Debug)]
pub struct KeyQuery {
    sql: String,
    n_fields: usize,
}

impl KeyQuery {
    /// Writes a group's query for keys of so many fields.
    pub fn new(template: &Template, n_fields: usize) -> Self {
        Self { sql: group(template, n_fields), n_fields }
    }
}

impl kind::KeyQuery<Binding> for KeyQuery {
    fn statements(&self, keys: &[Key]) -> Vec<Statement<Binding>> {
        vec![Statement { sql: self.sql.clone(), bindings: vec![Binding::Text(keys_json(keys, self.n_fields))] }]
    }
}

/// Writes the statement of a group's query or part query. Its only parameter is the keys, as JSON.
fn group(template: &Template, n_keys: usize) -> String {
    template.render(|_, placeholder| in_json(placeholder, "?1", n_keys))
}

fn in_json(placeholder: &Placeholder, parameter: &str, n_fields: usize) -> String {
    let not = if placeholder.form == (Form::In { negated: true }) { "not " } else { "" };
    if n_fields == 1 {
        return format!("{not}in (select value from json_each({parameter}))");
    }
    let fields: Vec<String> = (0..n_fields).map(|n| format!("json_extract(value, '$[{n}]')")).collect();
    format!("{not}in (select {} from json_each({parameter}))", fields.join(", "))
}

/// Writes keys as the JSON that [`group`] takes: texts, or lists of texts for a key of several fields.
fn keys_json(keys: &[Key], n_fields: usize) -> String {
    // SQLite's JSON texts end at this character; no key can hold it.
    let askable = keys.iter().filter(|key| !key.as_str().contains('\0') && key.fields().count() == n_fields);
    let json = if n_fields == 1 {
        serde_json::to_string(&askable.map(Key::as_str).collect::<Vec<_>>())
    } else {
        serde_json::to_string(&askable.map(|key| key.fields().collect::<Vec<_>>()).collect::<Vec<_>>())
    };
    json.expect("texts are written into memory")
}

/// A list's query.
#[derive(Debug)]
pub struct ListQuery {
    /// The query.
    pub template: Template,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// The order columns.
    pub order: Vec<Column>,
    /// How its SQL is written.
    pub dialect: Dialect,
}

impl kind::ListQuery<Binding> for ListQuery {
    fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    fn bind(&self, parameter: usize, argument: &Argument) -> Result<Binding, String> {
        let name = &self.parameters[parameter];
        let takes_list = self.template.placeholders().any(|p| p.name == *name && matches!(p.form, Form::In { .. }));
        let values = match argument {
            Argument::Null => return Ok(Binding::Null),
            Argument::One(value) if !takes_list => return Ok(Binding::Text(value.to_string())),
            Argument::Many(_) if !takes_list => {
                return Err(format!("argument {name}: a list where the query takes one value"));
            }
            Argument::One(value) => std::slice::from_ref(value),
            Argument::Many(values) => values,
        };
        let texts: Vec<&str> = values.iter().map(|value| value.as_str()).filter(|text| !text.contains('\0')).collect();
        Ok(Binding::Text(serde_json::to_string(&texts).expect("texts are written into memory")))
    }

    fn takes(&self, window: &Window) -> bool {
        let mut cursors = [&window.after, &window.before].into_iter().flatten();
        cursors.all(|cursor| cursor_bindings(cursor).is_some_and(|bindings| bindings.len() == self.order.len()))
    }

    fn parents_per_statement(&self) -> usize {
        PARENTS_PER_STATEMENT.min(BINDINGS_MAX / self.parameters.len().max(1))
    }

    fn page(&self, parents: &[Vec<Binding>], window: &Window) -> Statement<Binding> {
        let mut bindings: Vec<Binding> = parents.iter().flatten().cloned().collect();
        let n_arguments = bindings.len();
        let cursors = [&window.after, &window.before].into_iter().flatten();
        bindings.extend(cursors.filter_map(cursor_bindings).flatten());
        let sql = self.of_parents(parents.len(), |query| {
            let page = page::page(&self.dialect, query, &self.order, window, |side, position| {
                let second = side == page::Side::Before && window.after.is_some();
                format!("?{}", n_arguments + if second { self.order.len() } else { 0 } + position + 1)
            });
            if parents.len() == 1 { page } else { format!("select freehold_rows.* from (\n{page}\n) as freehold_rows") }
        });
        Statement { sql, bindings }
    }

    fn count(&self, parents: &[Vec<Binding>], up_to: u64) -> Statement<Binding> {
        let sql = self.of_parents(parents.len(), |query| page::count(&self.dialect, query, up_to));
        Statement { sql, bindings: parents.iter().flatten().cloned().collect() }
    }
}

impl ListQuery {
    /// Writes one statement of the same question for each parent. SQLite has no lateral join, so the parents' own
    /// statements are joined by `union all`.
    fn of_parents(&self, n_parents: usize, mut ask: impl FnMut(&str) -> String) -> String {
        if n_parents == 1 {
            return ask(&self.query(0));
        }
        let asked = (0..n_parents).map(|parent| {
            let sql = ask(&self.query(parent));
            let rest = sql.strip_prefix("select ").unwrap_or(&sql);
            format!("select {parent} as freehold_parent, {rest}")
        });
        asked.collect::<Vec<_>>().join("\nunion all\n")
    }

    fn query(&self, parent: usize) -> String {
        self.template.render(|_, placeholder| {
            let position = self.parameters.iter().position(|name| *name == placeholder.name).unwrap_or_default();
            let parameter = format!("?{}", parent * self.parameters.len() + position + 1);
            if matches!(placeholder.form, Form::In { .. }) { in_json(placeholder, &parameter, 1) } else { parameter }
        })
    }
}

/// Writes a value as a cursor holds it. Without declared types only the value itself says whether it is a number, so
/// texts are marked with a quote.
pub fn cursor_text(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(format!("'{text}")),
        Cell::Int(_) | Cell::Float(_) => cell.text().map(|text| text.into_owned()),
        _ => None,
    }
}

fn cursor_bindings(cursor: &Cursor) -> Option<Vec<Binding>> {
    let binding = |text: &Option<String>| {
        let Some(text) = text else { return Some(Binding::Null) };
        if let Some(text) = text.strip_prefix('\'') {
            return Some(Binding::Text(text.to_owned()));
        }
        (text.parse().map(Binding::Int)).or_else(|_| text.parse().map(Binding::Real)).ok()
    };
    cursor.0.iter().map(binding).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::super::kind::ListQuery as _, *};
    use crate::fetch::Direction;

    fn template(query: &str) -> Template {
        Template::parse(query).unwrap()
    }

    #[test]
    fn keys_are_one_json_text_whatever_their_number() {
        let query = template("select a as sku from t where a in (:keys)");
        assert_eq!(group(&query, 1), "select a as sku from t where a in (select value from json_each(?1))");
        assert_eq!(keys_json(&[Key::one("SP/1'4\"×"), Key::one("a\0")], 1), r#"["SP/1'4\"×"]"#);
        let query = template("select 1 from t where (a, b) in (:keys)");
        assert_eq!(
            group(&query, 2),
            "select 1 from t where (a, b) in (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from \
             json_each(?1))"
        );
        assert_eq!(keys_json(&[Key::of(["A", "1"]).unwrap()], 2), r#"[["A","1"]]"#);
    }

    #[test]
    fn a_list_is_one_statement_for_one_parent_and_for_many() {
        let list = ListQuery {
            template: template("select sku from t where c = :c and s not in (:s)"),
            parameters: vec!["c".to_owned(), "s".to_owned()],
            order: vec![Column { name: "sku".to_owned(), descending: false }],
            dialect: Dialect::sqlite(),
        };
        let parent = [Binding::Text("1".to_owned()), Binding::Text("[]".to_owned())].to_vec();
        let after = Some(Cursor(vec![Some("'B-1".to_owned())]));
        let window = Window { direction: Direction::Forward, n_rows: 2, after, before: None };
        let Statement { sql: one, bindings } = list.page(std::slice::from_ref(&parent), &window);
        assert_eq!(bindings[2..], [Binding::Text("B-1".to_owned())]);
        assert!(one.contains("c = ?1 and s not in (select value from json_each(?2))"), "{one}");
        assert!(one.contains("freehold_page.\"sku\" > ?3"), "{one}");
        let many = list.page(&[parent.clone(), parent], &window).sql;
        assert!(
            many.starts_with("select 0 as freehold_parent, freehold_rows.* from (\nselect freehold_page.*"),
            "{many}"
        );
        assert!(many.contains("\nunion all\nselect 1 as freehold_parent, "), "{many}");
        assert!(many.contains("c = ?3 and s not in (select value from json_each(?4))"), "{many}");
        assert_eq!(many.matches("> ?5").count(), 2, "{many}");
        let cursor = Cursor(vec![Some("x".to_owned())]);
        assert!(!list.takes(&Window { after: Some(cursor), ..window }));
    }

    #[test]
    fn a_cursor_value_comes_back_as_what_it_was() {
        for (cell, binding) in [
            (Cell::Text("007".into()), Binding::Text("007".to_owned())),
            (Cell::Int(7), Binding::Int(7)),
            (Cell::Float(1.5), Binding::Real(1.5)),
        ] {
            assert_eq!(cursor_bindings(&Cursor(vec![cursor_text(&cell)])), Some(vec![binding]));
        }
    }
}
