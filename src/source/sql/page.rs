//! Keyset paging: the window of a list as SQL wrapped around the list's query.
//!
//! In: the order columns by the names the query gives them, the window, and how a cursor's value is written in the kind's
//! SQL. Out: SQL text. Nulls come last in every column, whichever way it is sorted, on every kind of system; so a cursor
//! with a null in it has one meaning.

use crate::fetch::{Cursor, Direction, Window};

/// The name of the wrapped query inside the paging statement.
const PAGE: &str = "freehold_page";

/// One order column, as the query names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Which end of the window a cursor bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Rows after the cursor.
    After,
    /// Rows before the cursor.
    Before,
}

/// Wraps a list's query so that it answers one window, in the direction it is read, and one row more than asked, which
/// tells whether there are more.
///
/// *Shape*: `value` writes the cursor's value of a column by the column's position.
pub fn page(query: &str, order: &[Column], window: &Window, mut value: impl FnMut(Side, usize) -> String) -> String {
    let mut sql = format!("select {PAGE}.* from (\n{query}\n) as {PAGE}");
    let sides = [(Side::After, &window.after), (Side::Before, &window.before)];
    let mut joint = "\nwhere";
    for (side, cursor) in sides {
        if let Some(cursor) = cursor {
            sql.push_str(&format!("{joint} ({})", seek(order, cursor, side, &mut value)));
            joint = "\nand";
        }
    }
    sql.push_str(&format!("\norder by {}", order_by(PAGE, order, window.direction)));
    sql.push_str(&format!("\nlimit {}", u64::from(window.n_rows) + 1));
    sql
}

/// Wraps a list's query so that it counts its rows, and stops one past the bound.
pub fn count(query: &str, up_to: u64) -> String {
    let limit = up_to.saturating_add(1);
    format!("select count(*) from (select 1 from (\n{query}\n) as {PAGE} limit {limit}) as freehold_counted")
}

/// Writes the terms of a window's `order by`, as it is read: backward windows are read from their end.
pub fn order_by(table: &str, order: &[Column], direction: Direction) -> String {
    let backward = direction == Direction::Backward;
    let terms = order.iter().map(|column| {
        let sort = if column.descending == backward { "asc" } else { "desc" };
        let nulls = if backward { "first" } else { "last" };
        format!("{table}.{} {sort} nulls {nulls}", quoted(&column.name))
    });
    terms.collect::<Vec<_>>().join(", ")
}

/// Writes the condition that a row lies strictly on one side of a cursor: equal in the first columns, and beyond it in
/// the next.
fn seek(order: &[Column], cursor: &Cursor, side: Side, value: &mut impl FnMut(Side, usize) -> String) -> String {
    let mut equal = String::new();
    let mut cases = Vec::new();
    for (position, column) in order.iter().enumerate() {
        let name = name(column);
        let given = cursor.0.get(position).is_some_and(Option::is_some);
        let beyond = match (given, side) {
            // Nothing comes after null.
            (false, Side::After) => None,
            (false, Side::Before) => Some(format!("{name} is not null")),
            (true, _) => {
                let greater = (side == Side::After) != column.descending;
                let compare = format!("{name} {} {}", if greater { ">" } else { "<" }, value(side, position));
                Some(if side == Side::After { format!("({compare} or {name} is null)") } else { compare })
            }
        };
        if let Some(beyond) = beyond {
            cases.push(format!("{equal}{beyond}"));
        }
        let same = if given { format!("= {}", value(side, position)) } else { "is null".to_owned() };
        equal.push_str(&format!("{name} {same} and "));
    }
    if cases.is_empty() { "1 = 0".to_owned() } else { cases.join("\n or ") }
}

fn name(column: &Column) -> String {
    // Qualified, because SQLite takes a bare quoted name that it does not know for a string.
    format!("{PAGE}.{}", quoted(&column.name))
}

/// Writes an identifier in double quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(window: &Window) -> String {
        let column = |name: &str, descending| Column { name: name.to_owned(), descending };
        page("select 1", &[column("name", true), column("sku", false)], window, |side, position| {
            format!("<{side:?} {position}>")
        })
    }

    fn cursor(values: [Option<&str>; 2]) -> Option<Cursor> {
        Some(Cursor(values.iter().map(|value| value.map(str::to_owned)).collect()))
    }

    #[test]
    fn a_forward_window_seeks_past_its_cursor() {
        let after = cursor([Some("Bolt"), Some("B-1")]);
        let window = Window { direction: Direction::Forward, n_rows: 20, after, before: None };
        let expected = "\
select freehold_page.* from (
select 1
) as freehold_page
where ((freehold_page.\"name\" < <After 0> or freehold_page.\"name\" is null)
 or freehold_page.\"name\" = <After 0> and (freehold_page.\"sku\" > <After 1> or freehold_page.\"sku\" is null))
order by freehold_page.\"name\" desc nulls last, freehold_page.\"sku\" asc nulls last
limit 21";
        assert_eq!(sql(&window), expected);
    }

    #[test]
    fn a_backward_window_is_read_from_its_end_and_a_null_cursor_has_a_place() {
        let before = cursor([None, Some("B-1")]);
        let window = Window { direction: Direction::Backward, n_rows: 2, after: None, before };
        let expected = "\
select freehold_page.* from (
select 1
) as freehold_page
where (freehold_page.\"name\" is not null
 or freehold_page.\"name\" is null and freehold_page.\"sku\" < <Before 1>)
order by freehold_page.\"name\" asc nulls first, freehold_page.\"sku\" desc nulls first
limit 3";
        assert_eq!(sql(&window), expected);
    }
}
