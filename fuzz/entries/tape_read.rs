//! Reading any bytes as a record's tape: never a panic, and never more than the bytes hold.

use freehold::fetch::{Entry, Record, Stamp, Table};
use freehold::value::SystemId;

/// How deep tables are followed into tables; a real record has a handful of levels.
const DEPTH: usize = 4;

/// Reads the bytes as a tape, every entry and everything inside it.
pub fn run(bytes: &[u8]) {
    let stamp = Stamp { system: SystemId(0), started_ms: 0, ended_ms: 0, as_of_ms: None, until_ms: None };
    let record = Record::row(stamp, bytes.into(), Box::default());
    let table = record.table().expect("a row has a table");
    walk(&record, table, bytes.len(), DEPTH);
}

fn walk(record: &Record, table: Table<'_>, n_bytes: usize, depth: usize) {
    // Offsets may say anything; a table still has no more entries than there is room for.
    assert!(table.len() <= n_bytes / 4, "a table of {} entries in {n_bytes} bytes", table.len());
    // Two more than there are: what is not there is null.
    for position in 0..table.len().min(64) + 2 {
        match table.entry(position) {
            Entry::Null => {}
            Entry::Fault(number) => assert!(record.violation(number).is_none(), "the record has no violations"),
            Entry::Value(value) => {
                assert!(value.len() <= n_bytes, "an entry lies inside its table");
                if depth > 0 {
                    let again = record.table_at(record.range_of(value));
                    walk(record, again, value.len(), depth - 1);
                    if let Some((_, object)) = Entry::object(value) {
                        walk(record, object, value.len() - 1, depth - 1);
                    }
                }
            }
        }
    }
}
