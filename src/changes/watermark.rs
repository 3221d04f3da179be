//! The feed of rows that say when they changed, `[changes.watermark.Product]`.
//!
//! The rows that changed since the latest change seen so far are asked for, again and again, from some time before it: a
//! change is seen when it is committed, which may be after others that bear a later time. What is gone bears no time at all:
//! it is found by reading all keys. All of it is asked through the guards of the system, like everything else, and by its
//! own times, so clocks that differ do no harm.

use std::time::{Duration, Instant};

use super::{
    ear::Ear,
    earlier::earlier,
    gathered::Gathered,
    key_set::{Gone, KeySet},
    pauses::Pauses,
    seen::{COARSE, Seen},
};
use crate::{
    contract::{Deletes, Overlap, Watermark},
    fetch::{Cursor, Direction, FetchError, Page, Window},
    value::{Argument, ListId},
};

/// How many changed rows are read one by one; where more changed at once, all of the type is recalled.
const ROWS_MAX: usize = 20_000;
/// How long late commits are waited for where the overlap is not a time.
const SETTLED: Duration = Duration::from_secs(60);

/// Why rows could not be asked for.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("`{0}` is no time of day nor, with an `overlap` in numbers, a number")]
    NoMoment(String),
}

/// What is known of the rows.
struct Rows<'h> {
    ear: &'h Ear,
    watermark: Watermark,
    /// Where the latest change that was seen stands.
    latest: Option<Cursor>,
    /// Since when it is the latest.
    moved: Instant,
    seen: Seen,
    /// Until when more rows than are read one by one are within the overlap.
    flooded_until: Option<Instant>,
    /// All keys there were.
    keys: Option<KeySet>,
    random: std::hash::RandomState,
}

/// Asks for as long as it is let.
pub(super) async fn run(ear: Ear, watermark: Watermark) {
    let mut rows = Rows {
        ear: &ear,
        latest: None,
        moved: Instant::now(),
        seen: Seen::default(),
        flooded_until: None,
        keys: None,
        random: std::hash::RandomState::new(),
        watermark,
    };
    let mut pauses = Pauses::default();
    while let Err(failed) = rows.begin().await {
        ear.lost(failed);
        pauses.wait().await;
    }
    // What changed before the watermark was read is below it.
    ear.tell_all([rows.watermark.entity].into_iter()).await;
    ear.connected();
    rows.follow().await;
}

impl Rows<'_> {
    /// Reads where the rows stand.
    async fn begin(&mut self) -> Result<(), Failed> {
        self.latest = self.newest().await?;
        // That it is a moment is found out now, not at the first change.
        self.since()?;
        if let Some(deletes) = self.watermark.deletes.clone() {
            self.keys = Some(self.read_keys(deletes.list).await?);
        }
        Ok(())
    }

    /// Asks for what changed, and for what is gone, each in its turn.
    async fn follow(&mut self) {
        let (every, deletes) = (self.watermark.every, self.watermark.deletes.clone());
        let (mut polled, mut compared) = (Instant::now(), Instant::now());
        // What failed is told when it begins and when it ends. Each of the two may fail alone.
        let mut failing = [false; 2];
        let mut known = Instant::now();
        loop {
            let next_poll = polled + every;
            let next = deletes.as_ref().map_or(next_poll, |deletes| next_poll.min(compared + deletes.every));
            tokio::time::sleep_until(next.into()).await;
            let was_failing = failing.contains(&true);
            if Instant::now() >= next_poll {
                polled = Instant::now();
                let answered = self.poll().await;
                if answered.is_ok() {
                    known = polled;
                }
                self.ear.behind(known.elapsed());
                failing[0] = self.fails(answered);
            }
            if let Some(deletes) = deletes.as_ref().filter(|deletes| compared + deletes.every <= Instant::now()) {
                compared = Instant::now();
                let answered = self.compare(deletes).await;
                failing[1] = self.fails(answered);
            }
            if was_failing && !failing.contains(&true) {
                self.ear.connected();
            }
        }
    }

    fn fails(&self, answered: Result<(), Failed>) -> bool {
        answered.inspect_err(|failed| self.ear.lost(failed)).is_err()
    }

    /// Asks for what changed.
    async fn poll(&mut self) -> Result<(), Failed> {
        if self.flooded_until.is_some_and(|until| Instant::now() < until) {
            return self.skip().await;
        }
        self.flooded_until = None;
        let mut gathered = Gathered::default();
        // Nothing is committed late any more: only what comes behind the latest row is asked for.
        let is_settled = self.latest.is_some() && self.moved.elapsed() > self.settling();
        let (since, mut after) = match (&self.latest, is_settled) {
            (Some(latest), true) => (first(latest), Some(latest.clone())),
            _ => (self.since()?, None),
        };
        self.seen.begin(Instant::now());
        let mut n_rows = 0;
        loop {
            let page = self.changed(&since, forward(after.take())).await?;
            let answered = Instant::now();
            for item in &page.items {
                if self.seen.note(&first(&item.cursor), &item.key, answered) {
                    gathered.add(self.watermark.entity, item.key.clone());
                }
            }
            n_rows += page.items.len();
            if let Some(last) = page.last() {
                // Behind an overlap a page may end before the latest row.
                after = Some(last.clone());
            }
            if !page.has_next {
                break;
            }
            if n_rows >= ROWS_MAX {
                self.flooded_until = Some(Instant::now() + self.settling());
                return self.skip().await;
            }
        }
        self.ear.tell(&mut gathered).await;
        // A settled question brings back none of the rows that were seen, and they do not come again.
        self.seen.end();
        // The last page ends with the latest row; where none came, the latest row is gone.
        if let Some(latest) = after
            && self.latest.as_ref() != Some(&latest)
        {
            (self.latest, self.moved) = (Some(latest), Instant::now());
        }
        Ok(())
    }

    /// Goes to the latest change without reading those before it: any of the type may have changed.
    async fn skip(&mut self) -> Result<(), Failed> {
        // In this order: what changes in between is behind the latest row, or recalled.
        let newest = self.newest().await?;
        self.ear.tell_all([self.watermark.entity].into_iter()).await;
        if self.latest != newest {
            (self.latest, self.moved) = (newest, Instant::now());
        }
        Ok(())
    }

    /// Finds what is gone.
    async fn compare(&mut self, deletes: &Deletes) -> Result<(), Failed> {
        let now = self.read_keys(deletes.list).await?;
        let entity = self.watermark.entity;
        let mut gathered = Gathered::default();
        match self.keys.as_ref().map(|before| before.gone(&now)) {
            Some(Gone::Keys(keys)) => keys.into_iter().for_each(|key| gathered.add(entity, key)),
            Some(Gone::Something) | None => gathered.add_all(entity),
        }
        self.ear.tell(&mut gathered).await;
        self.keys = Some(now);
        Ok(())
    }

    async fn read_keys(&self, list: ListId) -> Result<KeySet, Failed> {
        let mut keys = KeySet::new(self.random.clone());
        let mut after = None;
        loop {
            let page = self.ear.page(list, &[], self.sized(list, forward(after))).await?;
            after = page.last().cloned();
            let is_last = !page.has_next || after.is_none();
            page.items.into_iter().for_each(|item| keys.add(item.key));
            if is_last {
                return Ok(keys);
            }
        }
    }

    /// Returns where the latest row stands.
    async fn newest(&self) -> Result<Option<Cursor>, Failed> {
        let since = self.latest.as_ref().map_or_else(|| self.watermark.begin.clone(), first);
        let window = Window { direction: Direction::Backward, n_rows: 1, after: None, before: None };
        let page = self.changed(&since, window).await?;
        // Where the latest row is gone, it is still what no question goes back behind.
        Ok(page.last().cloned().or_else(|| self.latest.clone()))
    }

    async fn changed(&self, since: &str, window: Window) -> Result<Page, FetchError> {
        let list = self.watermark.changed;
        let window = if window.n_rows == 0 { self.sized(list, window) } else { window };
        self.ear.page(list, &[Argument::One(since.into())], window).await
    }

    /// Returns since when the next question asks.
    fn since(&self) -> Result<String, Failed> {
        match &self.latest {
            None => Ok(self.watermark.begin.clone()),
            Some(latest) => {
                let latest = first(latest);
                earlier(&latest, self.watermark.overlap).ok_or(Failed::NoMoment(latest))
            }
        }
    }

    /// Returns how long after a change others are committed that bear an earlier time.
    fn settling(&self) -> Duration {
        // A row of a whole second is told again when that second is over.
        let told = COARSE + self.watermark.every * 2;
        match self.watermark.overlap {
            Overlap::Time(overlap) => overlap.max(told),
            Overlap::Steps(_) => SETTLED.max(told),
        }
    }

    fn sized(&self, list: ListId, window: Window) -> Window {
        Window { n_rows: self.ear.contract().list(list).page_rows_max, ..window }
    }
}

/// Returns what a row says of when it changed; rows without it are never asked for.
fn first(cursor: &Cursor) -> String {
    let text = cursor.0.first().and_then(Option::as_deref).unwrap_or_default();
    // SQLite's columns hold values of any type, so its cursors mark a text by a quote in front. No moment begins with one.
    text.strip_prefix('\'').unwrap_or(text).to_owned()
}

/// Returns the window behind a row, of a size that its list says.
fn forward(after: Option<Cursor>) -> Window {
    Window { direction: Direction::Forward, n_rows: 0, after, before: None }
}
