//! What was true when: a place has one version after another, each for its own short time, and now and then nothing.
//!
//! In: a place and a time. Out: what an owner would say at that instant, and whether something said was true within a
//! window. Pure: versions follow from the seed, so that any instant can be looked up.

use freehold::{
    cache::Asked,
    fetch::{Entry, ListItem, Page, Record, Stamp, TableWriter},
    value::Key,
};

/// How many versions in a row are there or not there together.
const RUN: i64 = 8;

/// The same of what changes slowly.
const SLOW_RUN: i64 = 2;

/// From this number on places change slowly, and a feed tells each of their changes. No other place is by chance up there.
const SLOW: u64 = !(u32::MAX as u64);

/// What all places said and say.
#[derive(Debug, Clone, Copy)]
pub struct Truth {
    pub seed: u64,
}

/// One place of an owner, by a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot(pub u64);

/// A version, or that there is nothing.
pub type Said = Option<i64>;

/// Mixes two numbers into one (SplitMix64).
pub fn mix(a: u64, b: u64) -> u64 {
    let mut mixed = a.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(b).wrapping_add(0x1234_5678_9ABC_DEF1);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl Spot {
    /// The place of something that is known by a text.
    pub fn new(asked: Asked, text: &str) -> Self {
        let of = match asked {
            Asked::Group(group) => group.index() as u64,
            Asked::List(list) => 1_000 + list.index() as u64,
        };
        Self(text.bytes().fold(of, |sum, byte| mix(sum, u64::from(byte))))
    }

    /// The same place, of which a feed tells each change.
    pub fn followed(self) -> Self {
        Self(self.0 | SLOW)
    }

    fn is_slow(self) -> bool {
        self.0 >= SLOW
    }

    fn run(self) -> i64 {
        if self.is_slow() { SLOW_RUN } else { RUN }
    }

    /// A third of all places never have nothing.
    pub fn is_always_there(self) -> bool {
        self.0.is_multiple_of(3)
    }
}

impl Truth {
    /// How long each version of a place is true.
    fn period_ms(self, spot: Spot) -> i64 {
        let mixed = mix(self.seed, spot.0);
        if spot.is_slow() { 700 + (mixed % 9_000) as i64 } else { 20 + (mixed % 80) as i64 }
    }

    /// Whether something else became true after one instant and until another.
    pub fn changed(self, spot: Spot, after_ms: i64, until_ms: i64) -> bool {
        let period_ms = self.period_ms(spot);
        (after_ms / period_ms..until_ms / period_ms)
            .any(|version| self.at(spot, (version + 1) * period_ms) != self.at(spot, version * period_ms))
    }

    fn is_absent(self, spot: Spot, version: i64) -> bool {
        !spot.is_always_there() && mix(mix(self.seed, spot.0), (version / spot.run()) as u64).is_multiple_of(4)
    }

    /// Returns what is true at an instant.
    pub fn at(self, spot: Spot, at_ms: i64) -> Said {
        let version = at_ms / self.period_ms(spot);
        (!self.is_absent(spot, version)).then_some(version)
    }

    /// Whether something was true at some instant of a window, whose ends are part of it.
    pub fn was_true(self, spot: Spot, said: Said, from_ms: i64, to_ms: i64) -> bool {
        let period_ms = self.period_ms(spot);
        match said {
            Some(version) => {
                !self.is_absent(spot, version) && version * period_ms <= to_ms && (version + 1) * period_ms > from_ms
            }
            None => {
                let (first, last) = (from_ms / period_ms, to_ms / period_ms);
                let run = spot.run();
                (first / run..=last / run).any(|at| self.is_absent(spot, (at * run).max(first)))
            }
        }
    }
}

/// Writes what is said of a place as a record.
pub fn record(spot: Spot, said: Said, stamp: Stamp) -> Record {
    let Some(version) = said else { return Record::absent(stamp) };
    let mut tape = Vec::new();
    let mut table = TableWriter::begin(1, &mut tape);
    tape.extend_from_slice(format!("\"{}:{version}\"", spot.0).as_bytes());
    table.close_entry(&mut tape);
    Record::row(stamp, tape.into(), Box::default())
}

/// Reads what a record says of a place; another place's record is an error.
pub fn said_by_record(spot: Spot, record: &Record) -> Result<Said, String> {
    let Some(table) = record.table() else { return Ok(None) };
    let Entry::Value(text) = table.entry(0) else { return Err("an empty record".to_owned()) };
    said_by(spot, std::str::from_utf8(text).unwrap_or_default().trim_matches('"')).map(Some)
}

/// Writes what is said of a place as a page: one row, or none.
pub fn page(spot: Spot, said: Said, stamp: Stamp) -> Page {
    let item = |version| ListItem {
        type_name: None,
        key: Key::one(&format!("{}:{version}", spot.0)),
        cursor: freehold::fetch::Cursor(Vec::new()),
    };
    let items = said.map(item).into_iter().collect();
    Page { items, has_next: false, has_previous: false, count: None, stamp, left_out: None }
}

/// Reads what a page says of a place.
pub fn said_by_page(spot: Spot, page: &Page) -> Result<Said, String> {
    page.items.first().map(|item| said_by(spot, item.key.as_str())).transpose()
}

fn said_by(spot: Spot, text: &str) -> Result<i64, String> {
    let (of, version) = text.split_once(':').ok_or("no version")?;
    if of != spot.0.to_string() {
        return Err("somebody else's".to_owned());
    }
    version.parse().map_err(|_| "no version".to_owned())
}

#[test]
fn what_was_true_is_known_to_the_millisecond() {
    let truth = Truth { seed: 7 };
    let (mut n_absent, mut n_changes) = (0, 0);
    for place in 0..20 {
        let spot = if place < 15 { Spot(mix(place, 1)) } else { Spot(mix(place, 1)).followed() };
        let mut before = truth.at(spot, 1_000_000);
        for at_ms in 1_000_000..1_010_000 {
            let said = truth.at(spot, at_ms);
            assert!(truth.was_true(spot, said, at_ms, at_ms));
            if said != before {
                assert!(!truth.was_true(spot, before, at_ms, at_ms) && truth.was_true(spot, before, at_ms - 1, at_ms));
                assert!(!truth.was_true(spot, said, at_ms - 1, at_ms - 1));
                n_changes += 1;
            }
            n_absent += usize::from(said.is_none());
            before = said;
        }
    }
    assert!(n_absent > 10_000 && n_changes > 1_000, "{n_absent} {n_changes}");
}
