//! SQLite's values as cells. Pure.
//!
//! In: a value of a row. Out: a cell of the class the value has; SQLite's declared types promise nothing.

use sqlx::{
    Column, Decode, Row, Sqlite, TypeInfo, ValueRef,
    sqlite::{SqliteRow, SqliteValueRef},
};

use crate::{fetch::Cell, source::answer::Rows};

/// Returns the names of the columns, which only rows can tell.
pub fn columns(rows: &[SqliteRow]) -> Option<Vec<String>> {
    Some(rows.first()?.columns().iter().map(|column| column.name().to_owned()).collect())
}

/// Reads rows.
pub fn cells(rows: &[SqliteRow]) -> Rows<'_> {
    let row_cells = |row| (0..SqliteRow::len(row)).map(|n| row.try_get_raw(n).map_or(Cell::Null, cell)).collect();
    rows.iter().map(row_cells).collect()
}

fn cell(value: SqliteValueRef<'_>) -> Cell<'_> {
    if value.is_null() {
        return Cell::Null;
    }
    let class = value.type_info().name().to_owned();
    let read = match class.as_str() {
        "INTEGER" => <i64 as Decode<'_, Sqlite>>::decode(value).map(Cell::Int),
        "REAL" => <f64 as Decode<'_, Sqlite>>::decode(value).map(Cell::Float),
        "TEXT" => <&str as Decode<'_, Sqlite>>::decode(value).map(|text| Cell::Text(text.into())),
        _ => return Cell::Unreadable(class.to_ascii_lowercase().into()),
    };
    read.unwrap_or_else(|_| Cell::Unreadable(class.to_ascii_lowercase().into()))
}
