//! Our question in SQLite's SQL: text and parameters. Pure.
//!
//! In: a template. Out: one statement whatever the number of keys, and one for many parents. Keys and lists are bound as
//! one JSON text each; nothing is pasted.

use super::super::{
    page::{self, Column},
    template::{Form, Placeholder, Template},
};
use crate::{
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

/// Writes the statement of a group's query or part query. Its only parameter is the keys, as JSON.
pub fn group(template: &Template, n_keys: usize) -> String {
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
pub fn keys_json(keys: &[Key], n_fields: usize) -> String {
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
}

impl ListQuery {
    /// Brings a parent's argument into the form its parameter takes.
    ///
    /// *Errors*: what does not fit, for the operator.
    pub fn binding(&self, parameter: usize, argument: &Argument) -> Result<Binding, String> {
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

    /// Writes the statement of a window for some parents, and what its parameters after the arguments are.
    ///
    /// *Shape*: for several parents the first column is the parent's number, from 0. `None` when a cursor is not one of
    /// this list's.
    pub fn page(&self, n_parents: usize, window: &Window) -> Option<(String, Vec<Binding>)> {
        let n_arguments = n_parents * self.parameters.len();
        let cursors = [&window.after, &window.before].into_iter().flatten();
        let mut bindings = Vec::new();
        for cursor in cursors.clone() {
            bindings.extend(cursor_bindings(cursor).filter(|bindings| bindings.len() == self.order.len())?);
        }
        let sql = self.of_parents(n_parents, |query| {
            let page = page::page(query, &self.order, window, |side, position| {
                let second = side == page::Side::Before && window.after.is_some();
                format!("?{}", n_arguments + if second { self.order.len() } else { 0 } + position + 1)
            });
            if n_parents == 1 { page } else { format!("select freehold_rows.* from (\n{page}\n) as freehold_rows") }
        });
        Some((sql, bindings))
    }

    /// Writes the statement that counts a list's rows for some parents.
    ///
    /// *Shape*: one row per parent; for several parents the first column is the parent's number, from 0.
    pub fn count(&self, n_parents: usize, up_to: u64) -> String {
        self.of_parents(n_parents, |query| page::count(query, up_to))
    }

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
    use super::{super::super::template::Dialect, *};
    use crate::fetch::Direction;

    fn template(query: &str) -> Template {
        Template::parse(query, Dialect::Sqlite).unwrap()
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
        };
        let after = Some(Cursor(vec![Some("'B-1".to_owned())]));
        let window = Window { direction: Direction::Forward, n_rows: 2, after, before: None };
        let (one, bindings) = list.page(1, &window).unwrap();
        assert_eq!(bindings, [Binding::Text("B-1".to_owned())]);
        assert!(one.contains("c = ?1 and s not in (select value from json_each(?2))"), "{one}");
        assert!(one.contains("freehold_page.\"sku\" > ?3"), "{one}");
        let (many, _) = list.page(2, &window).unwrap();
        assert!(
            many.starts_with("select 0 as freehold_parent, freehold_rows.* from (\nselect freehold_page.*"),
            "{many}"
        );
        assert!(many.contains("\nunion all\nselect 1 as freehold_parent, "), "{many}");
        assert!(many.contains("c = ?3 and s not in (select value from json_each(?4))"), "{many}");
        assert_eq!(many.matches("> ?5").count(), 2, "{many}");
        let cursor = Cursor(vec![Some("x".to_owned())]);
        assert_eq!(list.page(1, &Window { after: Some(cursor), ..window }), None);
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
