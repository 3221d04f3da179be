//! Sets: which files of a folder belong together, in which order they were made, and which of them are complete. Pure.
//!
//! In: the names, sizes and times of a folder's files. Out: the sets of a group or list, the newest first. A folder on
//! another machine keeps its own clock, so a file that changes is complete when it was seen unchanged for a while; only the
//! first look, after a start, believes a file's own time.

use std::collections::{BTreeMap, HashMap};

use jiff::{civil::Time, fmt::strtime, tz::TimeZone};

use super::glob::{captures, filled};
use crate::contract::{Complete, Delivery};

/// The size and time of a file: what differs is another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileStamp {
    /// Its size.
    pub n_bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified_ns: i128,
}

impl FileStamp {
    fn modified_ms(self) -> i64 {
        i64::try_from(self.modified_ns / 1_000_000).unwrap_or(i64::MAX)
    }
}

/// The files of a folder.
pub type Listing = BTreeMap<String, FileStamp>;

/// Files that are read together: a group's or list's, and those of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The files, that of the group or list first.
    pub files: Vec<(String, FileStamp)>,
    /// Since when its rows hold.
    pub as_of_ms: i64,
    /// The first part's file that is not there.
    pub missing: Option<String>,
}

impl Set {
    /// Returns the name of the group's or list's file.
    pub fn name(&self) -> &str {
        self.files.first().map_or("", |(name, _)| name)
    }

    /// Whether it replaces another: it is newer, or its files have been written again.
    pub fn replaces(&self, other: &Self) -> bool {
        if self.name() == other.name() { self.files != other.files } else { self.order() > other.order() }
    }

    fn order(&self) -> (i64, &str) {
        (self.as_of_ms, self.name())
    }
}

/// Finds the sets of a group or list, the newest first, and the names that should tell a time and do not.
pub fn sets(deliveries: &[&Delivery], zone: Option<&TimeZone>, listing: &Listing) -> (Vec<Set>, Vec<String>) {
    let (mut sets, mut timeless) = (Vec::new(), Vec::new());
    let Some((own, parts)) = deliveries.split_first() else { return (sets, timeless) };
    for (name, stamp) in listing {
        // Programs that copy files hide those that are not whole yet.
        let is_hidden = name.starts_with('.') && !own.glob.starts_with('.');
        let Some(wildcards) = captures(&own.glob, name).filter(|_| !is_hidden) else { continue };
        let mut set = Set { files: vec![(name.clone(), *stamp)], as_of_ms: 0, missing: None };
        for part in parts {
            let name = filled(&part.glob, &wildcards);
            match listing.get(&name) {
                Some(stamp) => set.files.push((name, *stamp)),
                None => set.missing = set.missing.or(Some(name)),
            }
        }
        let as_of_ms = match &own.named_time {
            Some(pattern) => named_time(pattern, name, zone),
            None => set.files.iter().map(|(_, stamp)| stamp.modified_ms()).min(),
        };
        match as_of_ms {
            Some(as_of_ms) => sets.push(Set { as_of_ms, ..set }),
            None => timeless.push(name.clone()),
        }
    }
    sets.sort_by(|a, b| b.order().cmp(&a.order()));
    (sets, timeless)
}

/// Reads the time out of a name; a day begins in the binding's zone.
fn named_time(pattern: &str, name: &str, zone: Option<&TimeZone>) -> Option<i64> {
    let time = strtime::parse(pattern, name).ok()?;
    if let Ok(instant) = time.to_timestamp() {
        return Some(instant.as_millisecond());
    }
    let civil = time.to_date().ok()?.to_datetime(time.to_time().unwrap_or(Time::midnight()));
    zone.unwrap_or(&TimeZone::UTC).to_timestamp(civil).ok().map(|instant| instant.as_millisecond())
}

/// Since when each file is as it is, as far as it was looked at.
#[derive(Debug)]
pub struct Settling {
    settle_ms: i64,
    seen: HashMap<String, (FileStamp, i64)>,
    has_looked: bool,
}

impl Settling {
    /// Begins without having looked.
    pub fn new(settle_ms: i64) -> Self {
        Self { settle_ms, seen: HashMap::new(), has_looked: false }
    }

    /// Notes what a look has shown.
    pub fn note(&mut self, listing: &Listing, now_ms: i64) {
        self.seen.retain(|name, _| listing.contains_key(name));
        for (name, stamp) in listing {
            let since_ms = if self.has_looked { now_ms } else { stamp.modified_ms().min(now_ms) };
            let seen = self.seen.entry(name.clone()).or_insert((*stamp, since_ms));
            // A clock that was set back must not hold a file back for as long.
            if seen.0 != *stamp || seen.1 > now_ms {
                *seen = (*stamp, now_ms);
            }
        }
        self.has_looked = true;
    }

    /// Returns why a set is not complete.
    pub fn waits(&self, set: &Set, deliveries: &[&Delivery], listing: &Listing, now_ms: i64) -> Option<Wait> {
        if let Some(name) = &set.missing {
            return Some(Wait { why: format!("{name} is not there yet"), is_settling: false });
        }
        set.files.iter().zip(deliveries).find_map(|((name, stamp), delivery)| match &delivery.complete {
            Complete::Marker(marker) => {
                let marker = marker.replace("{name}", name);
                // A marker that is older than the file is of the file that was there before.
                let is_there = listing.get(&marker).is_some_and(|marker| marker.modified_ns >= stamp.modified_ns);
                (!is_there).then(|| Wait { why: format!("{name} waits for {marker}"), is_settling: false })
            }
            Complete::Settled | Complete::Footer(_) => {
                let since_ms = self.seen.get(name).map_or(now_ms, |(_, since_ms)| *since_ms);
                let is_settled = now_ms.saturating_sub(since_ms) >= self.settle_ms;
                (!is_settled).then(|| Wait { why: format!("{name} is still being written"), is_settling: true })
            }
        })
    }
}

/// Why a set is not complete.
#[derive(Debug, PartialEq, Eq)]
pub struct Wait {
    /// For the operator.
    pub why: String,
    /// Whether time alone will tell.
    pub is_settling: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Form;

    fn delivery(glob: &str, complete: Complete, named_time: Option<&str>) -> Delivery {
        let named_time = named_time.map(str::to_owned);
        Delivery { glob: glob.to_owned(), encoding: "UTF-8", form: Form::Ndjson, complete, named_time }
    }

    fn listing(files: &[(&str, i64)]) -> Listing {
        let stamp = |ms: i64| FileStamp { n_bytes: 1, modified_ns: i128::from(ms) * 1_000_000 };
        files.iter().map(|(name, ms)| ((*name).to_owned(), stamp(*ms))).collect()
    }

    fn names(sets: &[Set]) -> Vec<&str> {
        sets.iter().map(Set::name).collect()
    }

    #[test]
    fn the_newest_is_first_by_its_name_or_by_its_time() {
        let files =
            listing(&[("p-20261122.csv", 9), ("p-20261123.csv", 5), ("p-latest.csv", 1), (".p-20261124.csv", 7)]);
        let by_time = delivery("p-*.csv", Complete::Settled, None);
        assert_eq!(names(&sets(&[&by_time], None, &files).0), ["p-20261122.csv", "p-20261123.csv", "p-latest.csv"]);
        let by_name = delivery("p-*.csv", Complete::Settled, Some("p-%Y%m%d.csv"));
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let (found, timeless) = sets(&[&by_name], Some(&berlin), &files);
        assert_eq!(
            (names(&found), timeless),
            (vec!["p-20261123.csv", "p-20261122.csv"], vec!["p-latest.csv".to_owned()])
        );
        let midnight: jiff::Timestamp = "2026-11-22T23:00:00Z".parse().unwrap();
        assert_eq!(found[0].as_of_ms, midnight.as_millisecond());
        assert!(found[0].replaces(&found[1]) && !found[1].replaces(&found[0]));
    }

    #[test]
    fn what_wildcards_stand_for_makes_a_set() {
        let deliveries =
            [delivery("o-*.csv", Complete::Settled, None), delivery("lines-*.csv", Complete::Settled, None)];
        let deliveries: Vec<&Delivery> = deliveries.iter().collect();
        let files = listing(&[("o-1.csv", 1), ("o-2.csv", 2), ("lines-1.csv", 3)]);
        let (found, _) = sets(&deliveries, None, &files);
        assert_eq!(found[0].missing.as_deref(), Some("lines-2.csv"));
        assert_eq!((found[1].files.len(), found[1].as_of_ms), (2, 1), "a set is as old as its oldest file");
    }

    #[test]
    fn a_file_is_complete_when_it_has_rested_or_its_marker_is_there() {
        let own = delivery("p.csv", Complete::Settled, None);
        let mut settling = Settling::new(100);
        let mut wait = |files: &Listing, delivery: &Delivery, now_ms| {
            settling.note(files, now_ms);
            let (found, _) = sets(&[delivery], None, files);
            settling.waits(&found[0], &[delivery], files, now_ms).map(|wait| wait.why)
        };
        let writing = Some("p.csv is still being written".to_owned());
        assert_eq!(wait(&listing(&[("p.csv", 0)]), &own, 1_000), None, "it was there before the start");
        assert_eq!(wait(&listing(&[("p.csv", 1)]), &own, 1_050), writing, "its time lies, but it has changed");
        assert_eq!(wait(&listing(&[("p.csv", 1)]), &own, 1_149), writing);
        assert_eq!(wait(&listing(&[("p.csv", 1)]), &own, 1_150), None);
        assert_eq!(wait(&listing(&[("p.csv", 2)]), &own, 500), writing, "the clock was set back");
        assert_eq!(wait(&listing(&[("p.csv", 2)]), &own, 600), None);
        let marked = delivery("p.csv", Complete::Marker("{name}.done".to_owned()), None);
        let waits = Some("p.csv waits for p.csv.done".to_owned());
        assert_eq!(wait(&listing(&[("p.csv", 5)]), &marked, 9_000), waits);
        assert_eq!(wait(&listing(&[("p.csv", 5), ("p.csv.done", 4)]), &marked, 9_000), waits, "of the file before");
        assert_eq!(wait(&listing(&[("p.csv", 5), ("p.csv.done", 5)]), &marked, 9_000), None);
    }
}
