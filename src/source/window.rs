//! Windows onto rows that are all here: for systems that cannot page by a list's order themselves.
//!
//! In: all rows of a list, its order and the window. Out: the rows of the window, as a system that pages would give them.
//! Pure. Numbers sort as numbers, texts by their bytes, nulls last.

use std::{borrow::Cow, cmp::Ordering, ops::Range};

use super::{answer::Rows, layout::ListLayout};
use crate::{
    contract::List,
    fetch::{Cell, Cursor, Direction, Window},
    value::compare_decimals,
};

/// A value to sort by.
#[derive(Debug, Clone, PartialEq)]
pub enum Place<'a> {
    /// A number, by its value.
    Number(Cow<'a, str>),
    /// A text, by its bytes.
    Text(Cow<'a, str>),
    /// No value.
    Null,
}

/// Returns the rows of a window in the order they would be read, one more than asked where there are more; `None` when a
/// cursor is not one of this list's.
pub fn window<'r>(list: &List, layout: &ListLayout, mut rows: Rows<'r>, window: &Window) -> Option<Rows<'r>> {
    let after = window.after.as_ref().map(|cursor| places(list, cursor)).map_or(Ok(None), |at| at.map(Some).ok_or(()));
    let before =
        window.before.as_ref().map(|cursor| places(list, cursor)).map_or(Ok(None), |at| at.map(Some).ok_or(()));
    let (after, before) = (after.ok()?, before.ok()?);
    rows.retain(|row| {
        let row = row_places(layout, row);
        after.as_ref().is_none_or(|after| compare(list, &row, after) == Ordering::Greater)
            && before.as_ref().is_none_or(|before| compare(list, &row, before) == Ordering::Less)
    });
    rows.sort_by(|a, b| {
        let order = compare(list, &row_places(layout, a), &row_places(layout, b));
        if window.direction == Direction::Backward { order.reverse() } else { order }
    });
    rows.truncate(window.n_rows as usize + 1);
    Some(rows)
}

/// Returns which of `rows`, which are in the list's order already, stand between the cursors of a window; `None` when a
/// cursor is not one of this list's.
pub fn stretch<'r>(
    list: &List,
    layout: &ListLayout,
    rows: Range<usize>,
    row: impl Fn(usize) -> Vec<Cell<'r>>,
    window: &Window,
) -> Option<Range<usize>> {
    // The first row that no longer stands before the place.
    let first = |cursor: &Cursor, behind: bool| {
        let place = places(list, cursor)?;
        let (mut low, mut high) = (rows.start, rows.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let order = compare(list, &row_places(layout, &row(middle)), &place);
            if order == Ordering::Less || (behind && order == Ordering::Equal) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Some(low)
    };
    let start = window.after.as_ref().map_or(Some(rows.start), |after| first(after, true))?;
    let end = window.before.as_ref().map_or(Some(rows.end), |before| first(before, false))?;
    Some(start..end.max(start))
}

/// Writes a value as a cursor holds it: texts are marked with a quote, so that a number is told from its text.
pub fn cursor_text(cell: &Cell<'_>) -> Option<String> {
    match place(cell) {
        Place::Number(text) => Some(text.into_owned()),
        Place::Text(text) => Some(format!("'{text}")),
        Place::Null => None,
    }
}

fn places<'c>(list: &List, cursor: &'c Cursor) -> Option<Vec<Place<'c>>> {
    let place = |text: &'c Option<String>| match text.as_deref() {
        None => Some(Place::Null),
        Some(text) => match text.strip_prefix('\'') {
            Some(text) => Some(Place::Text(text.into())),
            None => compare_decimals(text, "0").map(|_| Place::Number(text.into())),
        },
    };
    let places: Vec<_> = cursor.0.iter().map(place).collect::<Option<_>>()?;
    (places.len() == list.order.len()).then_some(places)
}

fn row_places<'a>(layout: &ListLayout, row: &'a [Cell<'_>]) -> Vec<Place<'a>> {
    layout.order.iter().map(|position| row.get(*position).map_or(Place::Null, place)).collect()
}

/// Returns what a value is sorted by.
pub fn place<'a>(cell: &'a Cell<'_>) -> Place<'a> {
    let is_number = match cell {
        Cell::Int(_) | Cell::Float(_) => true,
        Cell::Json(value) => value.is_number(),
        _ => false,
    };
    match cell.text() {
        None => Place::Null,
        Some(text) if is_number => Place::Number(text),
        Some(text) => Place::Text(text),
    }
}

fn compare(list: &List, a: &[Place<'_>], b: &[Place<'_>]) -> Ordering {
    for (n, column) in list.order.iter().enumerate() {
        let order = match (&a[n], &b[n]) {
            (Place::Null, Place::Null) => Ordering::Equal,
            (Place::Null, _) => return Ordering::Greater,
            (_, Place::Null) => return Ordering::Less,
            (Place::Number(a), Place::Number(b)) => compare_decimals(a, b).unwrap_or(Ordering::Equal),
            (Place::Text(a), Place::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Place::Number(_), Place::Text(_)) => Ordering::Less,
            (Place::Text(_), Place::Number(_)) => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return if column.descending { order.reverse() } else { order };
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{ListBinding, OrderColumn, SqlList},
        value::{Adaptations, DomainId, SystemId, TypeId},
    };

    fn list() -> List {
        let order = [("at", true), ("no", false)];
        List {
            name: "orders".to_owned(),
            system: SystemId(0),
            of: TypeId(0),
            key_columns: vec!["no".to_owned()],
            key: None,
            argument_keys: Vec::new(),
            parameters: Vec::new(),
            fields: Default::default(),
            binding: ListBinding::Sql(SqlList { query: String::new() }),
            order: order.map(|(column, descending)| OrderColumn { column: column.to_owned(), descending }).into(),
            narrowed: None,
            page_rows_max: 100,
            page_rows_default: 20,
            count_max: 10,
            domain: DomainId(0),
            adaptations: Adaptations::default(),
        }
    }

    fn rows() -> Rows<'static> {
        let at = [Cell::Int(9), Cell::Int(10), Cell::Null, Cell::Int(10), Cell::Null];
        at.into_iter().zip("abcde".chars()).map(|(at, no)| vec![at, Cell::Text(no.to_string().into())]).collect()
    }

    fn numbers(rows: &Rows<'_>) -> String {
        rows.iter().map(|row| row[1].text().unwrap().into_owned()).collect()
    }

    #[test]
    fn pages_follow_each_other_in_both_directions_without_gap_or_repetition() {
        let columns = vec!["at".to_owned(), "no".to_owned()];
        let (list, mut after, mut seen) = (list(), None, String::new());
        let layout = ListLayout::new(&list, columns).unwrap();
        let cursor = |row: &[Cell<'_>]| Cursor(row.iter().map(cursor_text).collect());
        loop {
            let asked = Window { direction: Direction::Forward, n_rows: 2, after, before: None };
            let page = window(&list, &layout, rows(), &asked).unwrap();
            seen += &numbers(&page.iter().take(2).cloned().collect());
            match page.as_slice() {
                [_, last, _] => after = Some(cursor(last)),
                _ => break,
            }
        }
        assert_eq!(seen, "bdace");
        let before = Some(Cursor(vec![None, Some("'c".to_owned())]));
        let asked = Window { direction: Direction::Backward, n_rows: 2, after: None, before };
        assert_eq!(numbers(&window(&list, &layout, rows(), &asked).unwrap()), "adb");
        let foreign = Some(Cursor(vec![Some("soon".to_owned()), None]));
        let asked = Window { direction: Direction::Forward, n_rows: 2, after: foreign, before: None };
        assert!(window(&list, &layout, rows(), &asked).is_none());
    }
}
