//! Orders: by which columns a list is paged.

use super::super::{binding::ListFile, reader::Text};
use crate::{contract::OrderColumn, diagnostic::Findings};

/// Reads a list's order, which must end in the key: rows that tie would be lost or repeated between pages.
pub(super) fn order(name: &str, file: &ListFile, key_columns: &[String], findings: &mut Findings) -> Vec<OrderColumn> {
    if file.asked.is_ordered_by_system() {
        return Vec::new();
    }
    let help = format!("add order = [{}]", quoted(key_columns));
    let Some((texts, place)) = &file.order else {
        let place = file.name.place;
        findings.fault("LIST_ORDER", place, format!("the list `{name}` has no order to page by"), help);
        return Vec::new();
    };
    if texts.is_empty() {
        findings.fault("LIST_ORDER", *place, format!("the order of the list `{name}` is empty"), help);
        return Vec::new();
    }
    let columns: Vec<OrderColumn> = texts.iter().filter_map(|text| order_column(text, findings)).collect();
    let missing: Vec<String> = (key_columns.iter())
        .filter(|key| !columns.iter().any(|column| column.column.eq_ignore_ascii_case(key)))
        .cloned()
        .collect();
    if !missing.is_empty() && columns.len() == texts.len() {
        findings.fault(
            "LIST_ORDER",
            *place,
            format!("the order of the list `{name}` is not total: rows may tie without {}", missing.join(", ")),
            format!("end it with {}", quoted(&missing)),
        );
    }
    columns
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}

fn order_column(text: &Text, findings: &mut Findings) -> Option<OrderColumn> {
    let words: Vec<&str> = text.text.split_whitespace().collect();
    let is_name = |word: &str| {
        !word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    };
    let descending = match words.as_slice() {
        [column] if is_name(column) => Some(false),
        [column, word] if is_name(column) && word.eq_ignore_ascii_case("asc") => Some(false),
        [column, word] if is_name(column) && word.eq_ignore_ascii_case("desc") => Some(true),
        _ => None,
    };
    match descending {
        Some(descending) => Some(OrderColumn { column: words[0].to_owned(), descending }),
        None => {
            findings.fault(
                "LIST_ORDER",
                text.place,
                format!("`{}` is no column to order by", text.text),
                "write a column of the query by its alias, with `desc` behind it where the greatest comes first",
            );
            None
        }
    }
}
