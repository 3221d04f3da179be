//! The bytes of an entry between processes: what was kept, or until when its place is recalled.
//!
//! In: something kept and the name it is kept under. Out: bytes, and the other way round. Pure. Whatever the bytes are,
//! reading never panics: what is foreign, broken, or stands under another name is nothing.
//!
//! ```text
//! 0       the format: 0xF1, which begins no text
//! 1       the kind: 0 a recall, 1 an absence, 2 a record, 3 a page; with 16 added, what follows the check is compressed
//! 2..10   when it was asked, or until when it is recalled: milliseconds since 1970, big-endian, for the script
//! 10..18  the check: a hash over the name and all other bytes
//! 18..    when it was answered, as of when and until when it holds (8 bytes each), and what it says
//! ```
//!
//! Every process reads what is compressed, whether or not it compresses itself. It is an LZ4 block behind its own length (4
//! bytes, little-endian).

use std::sync::Arc;

use crate::{
    cache::kept::Kept,
    fetch::{Count, Cursor, LeftOut, ListItem, Page, Record, Stamp, Violation},
    value::{Key, SystemId},
};

/// The first byte. Another layout of the bytes, of records or of pages gets another number.
pub(super) const FORMAT: u8 = 0xF1;

const RECALL: u8 = 0;
const ABSENCE: u8 = 1;
const RECORD: u8 = 2;
const PAGE: u8 = 3;
/// Added to the kind of what is compressed.
const COMPRESSED: u8 = 16;

/// By how much a block of LZ4 is shorter than what it stands for at most. Nothing makes a reader reserve more.
const SHORTER_MAX: usize = 255;

const CHECK: std::ops::Range<usize> = 10..18;

/// Stands for a time that is not said.
const NEVER: i64 = i64::MIN;

/// What stands under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SharedEntry {
    /// What was asked until then, in milliseconds since 1970, is not valid any more.
    Recalled(i64),
    /// Something that was kept.
    Kept(Kept),
}

impl SharedEntry {
    /// Writes the entry for a name. `None` for what was asked before 1970, which no clock that is right has said.
    pub fn write(&self, name: &[u8]) -> Option<Vec<u8>> {
        let (kind, since_ms) = match self {
            Self::Recalled(until_ms) => (RECALL, *until_ms),
            Self::Kept(kept) => (kind(kept), kept.stamp().started_ms),
        };
        let mut bytes = Vec::with_capacity(64 + if let Self::Kept(kept) = self { kept.weight() } else { 0 });
        bytes.extend([FORMAT, kind]);
        bytes.extend(u64::try_from(since_ms).ok()?.to_be_bytes());
        bytes.resize(CHECK.end, 0);
        if let Self::Kept(kept) = self {
            let stamp = kept.stamp();
            bytes.extend(stamp.ended_ms.to_be_bytes());
            bytes.extend(stamp.as_of_ms.unwrap_or(NEVER).to_be_bytes());
            bytes.extend(stamp.until_ms.unwrap_or(NEVER).to_be_bytes());
            match kept {
                Kept::Record(record) => write_record(record, &mut bytes),
                Kept::Page(page) => write_page(page, &mut bytes),
            }
        }
        Self::seal(name, &mut bytes);
        Some(bytes)
    }

    /// Writes the entry for a name, compressed where it has so many bytes and is shorter then.
    pub fn write_compressed(&self, name: &[u8], bytes_min: usize) -> Option<Vec<u8>> {
        let bytes = self.write(name)?;
        if bytes.len() < bytes_min {
            return Some(bytes);
        }
        let (head, said) = bytes.split_at(CHECK.end);
        let mut compressed = head.to_vec();
        compressed[1] |= COMPRESSED;
        compressed.extend(lz4_flex::block::compress_prepend_size(said));
        Self::seal(name, &mut compressed);
        Some(if compressed.len() < bytes.len() { compressed } else { bytes })
    }

    /// Reads what stands under a name, as an answer of this system.
    pub fn read(name: &[u8], bytes: &[u8], system: SystemId) -> Option<Self> {
        if bytes.first() != Some(&FORMAT) || bytes.get(CHECK)? != check(name, bytes)? {
            return None;
        }
        let started_ms = Reading(bytes.get(2..)?).time()?;
        let (kind, said) = (bytes[1], &bytes[CHECK.end..]);
        match kind & COMPRESSED {
            0 => Self::said(kind, started_ms, said, system),
            _ => Self::said(kind ^ COMPRESSED, started_ms, &decompressed(said)?, system),
        }
    }

    /// Reads what an entry says.
    fn said(kind: u8, started_ms: i64, said: &[u8], system: SystemId) -> Option<Self> {
        let mut rest = Reading(said);
        if kind == RECALL {
            return rest.0.is_empty().then_some(Self::Recalled(started_ms));
        }
        let ended_ms = rest.time()?;
        let as_of_ms = Some(rest.time()?).filter(|ms| *ms != NEVER);
        let until_ms = Some(rest.time()?).filter(|ms| *ms != NEVER);
        let stamp = Stamp { system, started_ms, ended_ms, as_of_ms, until_ms };
        let kept = match kind {
            ABSENCE => Kept::Record(Arc::new(Record::absent(stamp))),
            RECORD => Kept::Record(Arc::new(rest.record(stamp)?)),
            PAGE => Kept::Page(Arc::new(rest.page(stamp)?)),
            _ => return None,
        };
        rest.0.is_empty().then_some(Self::Kept(kept))
    }

    /// Writes the check of an entry into its bytes.
    pub fn seal(name: &[u8], bytes: &mut [u8]) {
        if let Some(check) = check(name, bytes) {
            bytes[CHECK].copy_from_slice(&check);
        }
    }
}

fn kind(kept: &Kept) -> u8 {
    match kept {
        Kept::Record(record) if record.tape().is_none() => ABSENCE,
        Kept::Record(_) => RECORD,
        Kept::Page(_) => PAGE,
    }
}

/// Returns what a block stands for; none where its length is a lie.
fn decompressed(block: &[u8]) -> Option<Vec<u8>> {
    let (n_bytes, _) = lz4_flex::block::uncompressed_size(block).ok()?;
    let is_possible = n_bytes <= block.len().saturating_mul(SHORTER_MAX);
    is_possible.then(|| lz4_flex::block::decompress_size_prepended(block).ok()).flatten()
}

/// Hashes an entry together with its name, so that nothing is ever read from under another one.
fn check(name: &[u8], bytes: &[u8]) -> Option<[u8; CHECK.end - CHECK.start]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(name.len() as u64).to_be_bytes()).update(name);
    hasher.update(bytes.get(..CHECK.start)?).update(bytes.get(CHECK.end..)?);
    hasher.finalize().as_bytes()[..CHECK.len()].try_into().ok()
}

fn write_record(record: &Record, bytes: &mut Vec<u8>) {
    let Some(tape) = record.tape() else { return };
    write_bytes(tape, bytes);
    write_number(record.violations().len(), bytes);
    for violation in record.violations() {
        write_bytes(violation.field.as_bytes(), bytes);
        write_bytes(violation.expected.as_bytes(), bytes);
    }
}

fn write_page(page: &Page, bytes: &mut Vec<u8>) {
    bytes.push(u8::from(page.has_next) | u8::from(page.has_previous) << 1);
    let (counted, n) = match page.count {
        None => (0, 0),
        Some(Count::Exactly(n)) => (1, n),
        Some(Count::MoreThan(n)) => (2, n),
    };
    bytes.push(counted);
    bytes.extend(n.to_be_bytes());
    write_number(page.items.len(), bytes);
    for item in &page.items {
        write_maybe(item.type_name.as_deref(), bytes);
        write_bytes(item.key.as_str().as_bytes(), bytes);
        write_cursor(&item.cursor, bytes);
    }
    bytes.push(u8::from(page.left_out.is_some()));
    if let Some(left_out) = &page.left_out {
        bytes.extend(left_out.n_unmatched.to_be_bytes());
        bytes.extend(left_out.n_ambiguous.to_be_bytes());
        write_number(left_out.samples.len(), bytes);
        left_out.samples.iter().for_each(|sample| write_bytes(sample.as_bytes(), bytes));
        write_cursor(&left_out.first, bytes);
        write_cursor(&left_out.last, bytes);
    }
}

fn write_cursor(cursor: &Cursor, bytes: &mut Vec<u8>) {
    write_number(cursor.0.len(), bytes);
    cursor.0.iter().for_each(|text| write_maybe(text.as_deref(), bytes));
}

fn write_maybe(text: Option<&str>, bytes: &mut Vec<u8>) {
    bytes.push(u8::from(text.is_some()));
    if let Some(text) = text {
        write_bytes(text.as_bytes(), bytes);
    }
}

/// Writes bytes with their length before them.
pub(super) fn write_bytes(some: &[u8], bytes: &mut Vec<u8>) {
    write_number(some.len(), bytes);
    bytes.extend(some);
}

/// Writes a number in four bytes.
pub(super) fn write_number(number: usize, bytes: &mut Vec<u8>) {
    let number = u32::try_from(number).expect("a record is far smaller than 4 GiB");
    bytes.extend(number.to_be_bytes());
}

/// Bytes that are still to be read.
pub(super) struct Reading<'a>(pub &'a [u8]);

impl<'a> Reading<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Reads a time.
    pub fn time(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    fn long(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    fn number(&mut self) -> Option<usize> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?) as usize)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let n = self.number()?;
        self.take(n)
    }

    /// Reads a text.
    pub fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.bytes()?).ok()
    }

    fn maybe(&mut self) -> Option<Option<String>> {
        Some(if self.flag()? { Some(self.text()?.to_owned()) } else { None })
    }

    /// Reads several of a kind. None takes less than a byte, so no number makes it reserve more than there are bytes.
    pub fn several<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let n = self.number()?;
        if n > self.0.len() {
            return None;
        }
        (0..n).map(|_| read(self)).collect()
    }

    fn cursor(&mut self) -> Option<Cursor> {
        Some(Cursor(self.several(Self::maybe)?))
    }

    fn record(&mut self, stamp: Stamp) -> Option<Record> {
        let tape = self.bytes()?.into();
        let violation =
            |rest: &mut Self| Some(Violation { field: rest.text()?.to_owned(), expected: rest.text()?.to_owned() });
        Some(Record::row(stamp, tape, self.several(violation)?.into()))
    }

    fn page(&mut self, stamp: Stamp) -> Option<Page> {
        let flags = self.byte().filter(|flags| *flags < 4)?;
        let count = match (self.byte()?, self.long()?) {
            (0, 0) => None,
            (1, n) => Some(Count::Exactly(n)),
            (2, n) => Some(Count::MoreThan(n)),
            _ => return None,
        };
        let items = self.several(|rest| {
            let (type_name, key) = (rest.maybe()?, Key::one(rest.text()?));
            Some(ListItem { type_name, key, cursor: rest.cursor()? })
        })?;
        let left_out = if self.flag()? { Some(Box::new(self.left_out()?)) } else { None };
        Some(Page { items, has_next: flags & 1 != 0, has_previous: flags & 2 != 0, count, stamp, left_out })
    }

    fn left_out(&mut self) -> Option<LeftOut> {
        let (n_unmatched, n_ambiguous) = (self.long()?, self.long()?);
        let samples = self.several(|rest| Some(rest.text()?.to_owned()))?;
        let (first, last) = (self.cursor()?, self.cursor()?);
        Some(LeftOut { n_unmatched, n_ambiguous, samples, first, last })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    const SYSTEM: SystemId = SystemId(3);

    fn stamp() -> impl Strategy<Value = Stamp> {
        let said = || option::of(NEVER + 1..i64::MAX);
        (0..i64::MAX, any::<i64>(), said(), said()).prop_map(|(started_ms, ended_ms, as_of_ms, until_ms)| Stamp {
            system: SYSTEM,
            started_ms,
            ended_ms,
            as_of_ms,
            until_ms,
        })
    }

    fn cursor() -> impl Strategy<Value = Cursor> {
        vec(option::of(".{0,6}"), 0..3).prop_map(Cursor)
    }

    fn record() -> impl Strategy<Value = Record> {
        let violation = (".{0,8}", ".{0,8}").prop_map(|(field, expected)| Violation { field, expected });
        let row = (stamp(), vec(any::<u8>(), 0..60), vec(violation, 0..3));
        prop_oneof![
            stamp().prop_map(Record::absent),
            row.prop_map(|(stamp, tape, violations)| Record::row(stamp, tape.into(), violations.into())),
        ]
    }

    fn page() -> impl Strategy<Value = Page> {
        let item = (option::of("[A-Z]{0,5}"), ".{0,30}", cursor());
        let item = item.prop_map(|(type_name, key, cursor)| ListItem { type_name, key: Key::one(&key), cursor });
        let left_out = (any::<u64>(), any::<u64>(), vec(".{0,5}".prop_map(String::from), 0..3), cursor(), cursor())
            .prop_map(|(n_unmatched, n_ambiguous, samples, first, last)| {
                Box::new(LeftOut { n_unmatched, n_ambiguous, samples, first, last })
            });
        let count = prop_oneof![any::<u64>().prop_map(Count::Exactly), any::<u64>().prop_map(Count::MoreThan)];
        (stamp(), vec(item, 0..4), any::<bool>(), any::<bool>(), option::of(count), option::of(left_out)).prop_map(
            |(stamp, items, has_next, has_previous, count, left_out)| Page {
                items,
                has_next,
                has_previous,
                count,
                stamp,
                left_out,
            },
        )
    }

    fn entry() -> impl Strategy<Value = SharedEntry> {
        prop_oneof![
            (0..i64::MAX).prop_map(SharedEntry::Recalled),
            record().prop_map(|record| SharedEntry::Kept(Kept::Record(record.into()))),
            page().prop_map(|page| SharedEntry::Kept(Kept::Page(page.into()))),
        ]
    }

    #[test]
    fn what_was_asked_before_1970_is_not_written() {
        assert_eq!(SharedEntry::Recalled(-1).write(b"a"), None);
    }

    #[test]
    fn a_long_entry_is_compressed_and_one_that_lies_of_its_length_is_nothing() {
        let stamp = Stamp { system: SYSTEM, started_ms: 1, ended_ms: 2, as_of_ms: None, until_ms: None };
        let entry = SharedEntry::Kept(Kept::Record(Record::row(stamp, vec![7; 10_000].into(), [].into()).into()));
        let mut bytes = entry.write_compressed(b"name", 10_000).unwrap();
        assert!(bytes.len() < 200, "{}", bytes.len());
        assert_eq!(SharedEntry::read(b"name", &bytes, SYSTEM), Some(entry.clone()));
        assert_eq!(entry.write_compressed(b"name", 20_000), entry.write(b"name"));
        // Four GiB, which nobody reserves for a hundred bytes.
        bytes[CHECK.end..CHECK.end + 4].fill(0xFF);
        SharedEntry::seal(b"name", &mut bytes);
        assert_eq!(SharedEntry::read(b"name", &bytes, SYSTEM), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_only_under_its_name(entry in entry(), name in vec(any::<u8>(), 0..9)) {
            let bytes = entry.write(&name).unwrap();
            prop_assert_eq!(SharedEntry::read(&name, &bytes, SYSTEM), Some(entry));
            prop_assert_eq!(SharedEntry::read(b"another name", &bytes, SYSTEM), None);
        }

        #[test]
        fn what_is_compressed_is_read_and_never_longer(entry in entry(), bytes_min in 0..200_usize) {
            let (plain, bytes) = (entry.write(b"name").unwrap(), entry.write_compressed(b"name", bytes_min).unwrap());
            prop_assert!(bytes.len() <= plain.len());
            prop_assert!(plain.len() >= bytes_min || bytes == plain);
            prop_assert_eq!(SharedEntry::read(b"name", &bytes, SYSTEM), Some(entry));
            prop_assert_eq!(SharedEntry::read(b"another name", &bytes, SYSTEM), None);
        }

        #[test]
        fn any_bytes_that_claim_to_be_compressed_are_read_or_nothing(
            mut bytes in vec(any::<u8>(), 0..120), kind in 0_u8..5, n_bytes in 0_u32..300,
        ) {
            bytes.splice(0..bytes.len().min(2), [FORMAT, COMPRESSED | kind]);
            if let Some(length) = bytes.get_mut(CHECK.end..CHECK.end + 4) {
                length.copy_from_slice(&n_bytes.to_le_bytes());
            }
            SharedEntry::seal(b"name", &mut bytes);
            if let Some(entry) = SharedEntry::read(b"name", &bytes, SYSTEM)
                && let Some(written) = entry.write(b"name")
            {
                prop_assert_eq!(SharedEntry::read(b"name", &written, SYSTEM), Some(entry));
            }
        }

        #[test]
        fn an_entry_with_any_byte_changed_or_missing_is_nothing(
            entry in entry(), at in any::<prop::sample::Index>(), flip in 1_u8..,
        ) {
            let mut bytes = entry.write(b"name").unwrap();
            let at = at.index(bytes.len());
            prop_assert_eq!(SharedEntry::read(b"name", &bytes[..at], SYSTEM), None);
            bytes[at] ^= flip;
            prop_assert_eq!(SharedEntry::read(b"name", &bytes, SYSTEM), None);
        }

        #[test]
        fn any_bytes_with_a_right_check_are_read_or_nothing(mut bytes in vec(any::<u8>(), 0..120), kind in 0_u8..5) {
            bytes.splice(0..bytes.len().min(2), [FORMAT, kind]);
            SharedEntry::seal(b"name", &mut bytes);
            if let Some(entry) = SharedEntry::read(b"name", &bytes, SYSTEM)
                && let Some(written) = entry.write(b"name")
            {
                prop_assert_eq!(written, bytes);
            }
        }
    }
}
