//! The tape: how a record's bytes are read and written.
//!
//! A table is a run of little-endian `u32` offsets followed by the entries they cut out of the bytes behind them:
//! `[start of entry 0, end of entry 0, end of entry 1, …][entries]`, all counted from the table's own start. An object is
//! a table of its slots; a list is a table of its items; an object inside a slot or a list is preceded by one byte, the
//! number of its variant. An empty entry is null. The top bit of an entry's end marks a fault: the entry is then the
//! number of a violation. Reading never panics, whatever the bytes are.

const FAULT: u32 = 1 << 31;
const OFFSET: usize = size_of::<u32>();

/// A view of one object or list.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
}

/// One entry of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// No value.
    Null,
    /// A value that did not fit; the number of its violation in the record.
    Fault(u32),
    /// A finished JSON leaf, a list table, or a variant byte and an object table.
    Value(&'a [u8]),
}

impl<'a> Table<'a> {
    /// Views bytes as a table.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Returns where an entry starts and ends, with the marks of faults.
    #[inline]
    fn offsets(self, position: usize) -> Option<(u32, u32)> {
        let bytes = self.bytes.get(position.checked_mul(OFFSET)?..)?.first_chunk::<{ 2 * OFFSET }>()?;
        let both = u64::from_le_bytes(*bytes);
        Some((both as u32, (both >> u32::BITS) as u32))
    }

    /// Returns the number of entries.
    #[inline]
    pub fn len(self) -> usize {
        let table_bytes = self.bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
        (table_bytes.min(self.bytes.len()) / OFFSET).saturating_sub(1)
    }

    /// Whether there is no entry.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns an entry. One that is not there, or that the bytes do not hold, is null.
    #[inline]
    pub fn entry(self, position: usize) -> Entry<'a> {
        let Some((start, end)) = self.offsets(position) else { return Entry::Null };
        match self.bytes.get((start & !FAULT) as usize..(end & !FAULT) as usize) {
            None | Some([]) => Entry::Null,
            Some(entry) if end & FAULT == 0 => Entry::Value(entry),
            Some(entry) => Entry::Fault(entry.try_into().map_or(u32::MAX, u32::from_le_bytes)),
        }
    }
}

impl<'a> Entry<'a> {
    /// Reads a value as an object inside a record: its variant and its slots.
    #[inline]
    pub fn object(value: &'a [u8]) -> Option<(usize, Table<'a>)> {
        let (&variant, table) = value.split_first()?;
        Some((usize::from(variant), Table::new(table)))
    }
}

/// Writes one table; entries are appended to `out` in order and closed one by one.
#[derive(Debug)]
pub struct TableWriter {
    start: usize,
    next: usize,
}

impl TableWriter {
    /// Begins a table of `n_entries` at the end of `out`.
    pub fn begin(n_entries: usize, out: &mut Vec<u8>) -> Self {
        let start = out.len();
        let table_bytes = (n_entries + 1) * OFFSET;
        out.resize(start + table_bytes, 0);
        let writer = Self { start, next: 0 };
        writer.set(0, table_bytes as u32, out);
        Self { next: 1, ..writer }
    }

    fn set(&self, position: usize, offset: u32, out: &mut [u8]) {
        let at = self.start + position * OFFSET;
        out[at..at + OFFSET].copy_from_slice(&offset.to_le_bytes());
    }

    /// Ends the entry whose bytes have just been appended; with none appended it is null.
    pub fn close_entry(&mut self, out: &mut [u8]) {
        let end = u32::try_from(out.len() - self.start).expect("a record is far smaller than 2 GiB");
        self.set(self.next, end, out);
        self.next += 1;
    }

    /// Ends an entry as a fault that refers to a violation by number.
    pub fn close_fault(&mut self, violation: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&violation.to_le_bytes());
        let end = u32::try_from(out.len() - self.start).expect("a record is far smaller than 2 GiB");
        self.set(self.next, end | FAULT, out);
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_gives_back_values_nulls_and_faults() {
        let mut out = Vec::new();
        let mut table = TableWriter::begin(3, &mut out);
        out.extend_from_slice(b"\"A-100\"");
        table.close_entry(&mut out);
        table.close_entry(&mut out);
        table.close_fault(7, &mut out);
        let table = Table::new(&out);
        assert_eq!(table.len(), 3);
        assert_eq!(table.entry(0), Entry::Value(b"\"A-100\""));
        assert_eq!(table.entry(1), Entry::Null);
        assert_eq!(table.entry(2), Entry::Fault(7));
        assert_eq!(table.entry(3), Entry::Null);
    }

    fn walk(bytes: &[u8], depth: usize) {
        let table = Table::new(bytes);
        for position in 0..table.len().min(64) + 2 {
            if let Entry::Value(value) = table.entry(position)
                && depth > 0
            {
                walk(value, depth - 1);
                if let Some((_, object)) = Entry::object(value) {
                    walk(object.bytes, depth - 1);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            walk(&bytes, 3);
        }
    }
}
