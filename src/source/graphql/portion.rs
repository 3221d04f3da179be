//! Portions: what one answer holds of a list, and the window cut out of all of them. Pure.
//!
//! In: what stands below a root field; later all rows and the window. Out: rows, each with the system's own cursor where it
//! has one, and whether there are more.

use serde_json::Value;

use super::decode;
use crate::{
    contract::GraphQlPaging,
    fetch::{Cursor, Direction, Window},
};

/// A row, with the system's own cursor where it has one.
pub type CursorRow = (Option<String>, Value);

/// One answer's part of a parent's list.
#[derive(Debug)]
pub struct Portion {
    /// The rows, in the list's order.
    pub rows: Vec<CursorRow>,
    /// Whether the system says that rows follow.
    pub has_next: bool,
    /// Whether the system says that rows precede.
    pub has_previous: bool,
    /// The number of all rows, where the system says it.
    pub count: Option<u64>,
}

/// Reads what stands below a root field.
///
/// *Errors*: what is missing. A row that is null is refused: it would be missing from the page without a word.
pub fn read(paging: &GraphQlPaging, found: Value, way: &[String]) -> Result<Portion, String> {
    let nothing = || format!("the answer has nothing at {}", way.join("/"));
    let null_row = || "a row of the list is null".to_owned();
    let GraphQlPaging::Connection { count } = paging else {
        let rows = decode::rows(found, way).ok_or_else(nothing)?;
        let rows = rows.into_iter().map(|(_, row)| if row.is_null() { Err(null_row()) } else { Ok((None, row)) });
        let rows = rows.collect::<Result<_, _>>()?;
        return Ok(Portion { rows, has_next: false, has_previous: false, count: None });
    };
    let mut connection = found;
    for name in way {
        if connection.is_null() {
            break;
        }
        connection = connection.get_mut(name).map(Value::take).ok_or_else(nothing)?;
    }
    if connection.is_null() {
        return Ok(Portion { rows: Vec::new(), has_next: false, has_previous: false, count: Some(0) });
    }
    let says = |name: &str| connection["pageInfo"][name].as_bool();
    let has_next = says("hasNextPage").ok_or("the connection does not say whether rows follow")?;
    let has_previous = says("hasPreviousPage").unwrap_or(false);
    let count = connection[count.as_str()].as_u64();
    let edges = connection.get_mut("edges").map(Value::take);
    let Some(Value::Array(edges)) = edges else { return Err("the connection has no edges".to_owned()) };
    let mut rows = Vec::with_capacity(edges.len());
    for mut edge in edges {
        let node = edge.get_mut("node").map(Value::take).filter(|node| !node.is_null()).ok_or_else(null_row)?;
        let cursor = edge["cursor"].as_str().ok_or("an edge has no cursor")?.to_owned();
        rows.push((Some(cursor), node));
    }
    Ok(Portion { rows, has_next, has_previous, count })
}

/// The rows of a page.
#[derive(Debug, PartialEq)]
pub struct Cut<'r> {
    /// The rows, in the list's order.
    pub rows: &'r [CursorRow],
    /// Whether rows follow the last.
    pub has_next: bool,
    /// Whether rows precede the first.
    pub has_previous: bool,
}

/// Cuts a window out of a whole connection, by the system's own cursors; `None` when a cursor is not among them.
pub fn cut<'r>(rows: &'r [CursorRow], window: &Window) -> Option<Cut<'r>> {
    let position = |cursor: &Cursor| {
        let wanted = cursor.0.first()?;
        rows.iter().position(|(own, _)| own == wanted)
    };
    let start = match &window.after {
        None => 0,
        Some(after) => position(after)? + 1,
    };
    let end = match &window.before {
        None => rows.len(),
        Some(before) => position(before)?.max(start),
    };
    let n_rows = (window.n_rows as usize).min(end - start);
    let (from, to) = match window.direction {
        Direction::Forward => (start, start + n_rows),
        Direction::Backward => (end - n_rows, end),
    };
    Some(Cut { rows: &rows[from..to], has_next: to < rows.len(), has_previous: from > 0 })
}
