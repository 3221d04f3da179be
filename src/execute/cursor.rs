//! Cursors: a place in a list as the opaque text a caller hands back.
//!
//! The text is the list's name and the row's order values. It carries no right: the list query still decides what the
//! caller gets.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{contract::List, fetch::Cursor};

/// Writes a cursor.
pub(super) fn encode(list: &List, cursor: &Cursor) -> String {
    let mut values = vec![serde_json::Value::from(list.name.as_str())];
    values.extend(cursor.0.iter().map(|value| serde_json::Value::from(value.clone())));
    URL_SAFE_NO_PAD.encode(serde_json::Value::from(values).to_string())
}

/// Reads a cursor; `None` when it is not one of this list.
pub(super) fn decode(list: &List, text: &str) -> Option<Cursor> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    let values: Vec<Option<String>> = serde_json::from_slice(&json).ok()?;
    let (name, values) = values.split_first()?;
    let fits = name.as_deref() == Some(&list.name) && values.len() == list.n_cursor_values();
    fits.then(|| Cursor(values.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{ListBinding, OrderColumn, SqlList},
        value::{Adaptations, DomainId, SystemId, TypeId},
    };
    use proptest::prelude::*;

    fn list(name: &str) -> List {
        let column = |column: &str| OrderColumn { column: column.to_owned(), descending: false };
        List {
            name: name.to_owned(),
            system: SystemId(0),
            of: TypeId(0),
            key_columns: vec!["number".to_owned()],
            key: None,
            argument_keys: Vec::new(),
            parameters: Vec::new(),
            fields: Default::default(),
            binding: ListBinding::Sql(SqlList { query: String::new() }),
            order: vec![column("updatedAt"), column("number")],
            narrowed: None,
            page_rows_max: 100,
            page_rows_default: 20,
            count_max: 10,
            domain: DomainId(0),
            adaptations: Adaptations::default(),
        }
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_in_its_own_list_alone(
            first in proptest::option::of(any::<String>()),
            second in any::<String>(),
        ) {
            let cursor = Cursor(vec![first, Some(second)]);
            let text = encode(&list("orders"), &cursor);
            prop_assert_eq!(decode(&list("orders"), &text), Some(cursor));
            prop_assert_eq!(decode(&list("products"), &text), None);
        }

        #[test]
        fn any_text_is_read_without_harm(text in any::<String>()) {
            let _ = decode(&list("orders"), &text);
        }
    }
}
