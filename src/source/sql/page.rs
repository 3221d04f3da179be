//! Keyset paging: the window of a list as SQL wrapped around the list's query.
//!
//! In: the order columns by the names the query gives them, the window, and how a cursor's value is written in the kind's
//! SQL. Out: SQL text. Nulls come last in every column, whichever way it is sorted, on every kind of system; so a cursor
//! with a null in it has one meaning.

use crate::{
    contract::{Dialect, SqlPaging},
    fetch::{Cursor, Direction, Window},
};

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
pub fn page(
    dialect: &Dialect,
    query: &str,
    order: &[Column],
    window: &Window,
    mut value: impl FnMut(Side, usize) -> String,
) -> String {
    let mut from = format!(" from (\n{query}\n) {PAGE}");
    let sides = [(Side::After, &window.after), (Side::Before, &window.before)];
    let mut joint = "\nwhere";
    for (side, cursor) in sides {
        if let Some(cursor) = cursor {
            from.push_str(&format!("{joint} ({})", seek(dialect, order, cursor, side, &mut value)));
            joint = "\nand";
        }
    }
    from.push_str(&format!("\norder by {}", order_by(dialect, PAGE, order, window.direction)));
    bounded(dialect, &format!("{PAGE}.*"), &from, u64::from(window.n_rows) + 1)
}

/// Wraps a list's query so that it counts its rows, and stops one past the bound.
pub fn count(dialect: &Dialect, query: &str, up_to: u64) -> String {
    let rows = bounded(dialect, "1 as n", &format!(" from (\n{query}\n) {PAGE}"), up_to.saturating_add(1));
    format!("select count(*) as n from ({rows}) freehold_counted")
}

/// Writes a select of the first rows.
fn bounded(dialect: &Dialect, columns: &str, from: &str, n_rows: u64) -> String {
    match dialect.paging {
        SqlPaging::Limit => format!("select {columns}{from}\nlimit {n_rows}"),
        SqlPaging::FetchFirst => format!("select {columns}{from}\nfetch first {n_rows} rows only"),
        SqlPaging::Top => format!("select top ({n_rows}) {columns}{from}"),
        SqlPaging::RowNum => {
            format!("select freehold_top.* from (\nselect {columns}{from}\n) freehold_top where rownum <= {n_rows}")
        }
    }
}

/// Writes the terms of a window's `order by`, as it is read: backward windows are read from their end.
pub fn order_by(dialect: &Dialect, table: &str, order: &[Column], direction: Direction) -> String {
    let backward = direction == Direction::Backward;
    let terms = order.iter().map(|column| {
        let name = format!("{table}.{}", quoted(dialect, &column.name));
        let sort = if column.descending == backward { "asc" } else { "desc" };
        if dialect.nulls_last {
            return format!("{name} {sort} nulls {}", if backward { "first" } else { "last" });
        }
        let (null, value) = if backward { (0, 1) } else { (1, 0) };
        format!("case when {name} is null then {null} else {value} end, {name} {sort}")
    });
    terms.collect::<Vec<_>>().join(", ")
}

/// Writes the condition that a row lies strictly on one side of a cursor: equal in the first columns, and beyond it in
/// the next.
fn seek(
    dialect: &Dialect,
    order: &[Column],
    cursor: &Cursor,
    side: Side,
    value: &mut impl FnMut(Side, usize) -> String,
) -> String {
    let mut equal = String::new();
    let mut cases = Vec::new();
    for (position, column) in order.iter().enumerate() {
        // Qualified, because SQLite takes a bare quoted name that it does not know for a string.
        let name = format!("{PAGE}.{}", quoted(dialect, &column.name));
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

/// Writes a name so that it is taken as it is.
fn quoted(dialect: &Dialect, name: &str) -> String {
    let [open, close] = dialect.quotes;
    format!("{open}{}{close}", name.replace(close, &format!("{close}{close}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(window: &Window) -> String {
        let column = |name: &str, descending| Column { name: name.to_owned(), descending };
        let order = [column("name", true), column("sku", false)];
        page(&Dialect::postgres(), "select 1", &order, window, |side, position| format!("<{side:?} {position}>"))
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
) freehold_page
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
) freehold_page
where (freehold_page.\"name\" is not null
 or freehold_page.\"name\" is null and freehold_page.\"sku\" < <Before 1>)
order by freehold_page.\"name\" asc nulls first, freehold_page.\"sku\" desc nulls first
limit 3";
        assert_eq!(sql(&window), expected);
    }
}
