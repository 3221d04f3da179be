//! What is true, and since when; and an owner that says it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use freehold::{
    fetch::{
        Clock, Cursor, Entry, Fetch, FetchError, ListFetch, ListItem, Outcome, Owner, Page, Record, Stamp, SystemClock,
        TableWriter,
    },
    value::{Key, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};

/// The version of every key, and when each became true.
pub struct Truth {
    changes: Mutex<HashMap<Key, Vec<i64>>>,
    max_age: Duration,
}

impl Truth {
    /// Begins with version 0 of everything. What is older than `max_age` is wrong.
    pub fn new(max_age: Duration) -> Arc<Self> {
        Arc::new(Self { changes: Mutex::default(), max_age })
    }

    pub fn max_age_ms(&self) -> i64 {
        self.max_age.as_millis() as i64
    }

    /// Changes a key, which is true from now on.
    pub fn change(&self, key: &Key) {
        self.changes.lock().unwrap().entry(key.clone()).or_default().push(SystemClock.now_ms());
    }

    pub fn version(&self, key: &Key) -> u64 {
        self.changes.lock().unwrap().get(key).map_or(0, |changes| changes.len() as u64)
    }

    /// Checks that a version was true at an instant between two.
    pub fn assert_true(&self, key: &Key, version: u64, from_ms: i64, to_ms: i64) {
        let all = self.changes.lock().unwrap();
        let changes = all.get(key).map_or(&[][..], Vec::as_slice);
        let since_ms = (version as usize).checked_sub(1).map_or(i64::MIN, |at| changes[at]);
        let until_ms = changes.get(version as usize).copied().unwrap_or(i64::MAX);
        assert!(
            since_ms <= to_ms && until_ms >= from_ms,
            "{key}: version {version} was true from {since_ms} to {until_ms}, not between {from_ms} and {to_ms}"
        );
    }
}

/// An owner that says what is true.
pub struct Versioned {
    truth: Arc<Truth>,
    n_asked: AtomicUsize,
    /// How long after it has looked it answers.
    pub slow: Mutex<Duration>,
}

impl Versioned {
    pub fn new(truth: Arc<Truth>) -> Self {
        Self { truth, n_asked: AtomicUsize::new(0), slow: Mutex::default() }
    }

    /// How many questions came.
    pub fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }
}

/// Makes the record of a version, asked at this moment.
pub fn record(version: u64, started_ms: i64) -> Record {
    let mut tape = Vec::new();
    let mut table = TableWriter::begin(1, &mut tape);
    tape.extend(version.to_string().bytes());
    table.close_entry(&mut tape);
    Record::row(stamp(started_ms), tape.into(), Box::default())
}

fn stamp(started_ms: i64) -> Stamp {
    Stamp::answered(SystemId(0), started_ms)
}

/// Reads the version out of a record.
pub fn version(record: &Record) -> u64 {
    match record.table().expect("nothing is absent").entry(0) {
        Entry::Value(digits) => str::from_utf8(digits).unwrap().parse().unwrap(),
        other => panic!("a version, not {other:?}"),
    }
}

impl Owner for Versioned {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            self.n_asked.fetch_add(1, Ordering::SeqCst);
            let started_ms = SystemClock.now_ms();
            let versions: Vec<u64> = fetch.keys.iter().map(|key| self.truth.version(key)).collect();
            let slow = *self.slow.lock().unwrap();
            tokio::time::sleep(slow).await;
            versions.into_iter().map(|version| Ok(Arc::new(record(version, started_ms)))).collect()
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            self.n_asked.fetch_add(1, Ordering::SeqCst);
            let item = |number: u64| ListItem {
                type_name: None,
                key: Key::one(&format!("P-{number}")),
                cursor: Cursor(vec![Some(number.to_string()), None]),
            };
            let page = || Page {
                items: (0..u64::from(fetch.window.n_rows)).map(item).collect(),
                has_next: true,
                has_previous: false,
                count: None,
                stamp: stamp(SystemClock.now_ms()),
                left_out: None,
            };
            fetch.arguments.iter().map(|_| Ok(page())).collect()
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}
