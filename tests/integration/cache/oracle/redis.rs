//! A model of Redis: entries, recalls and leases that end by its own clock, and all that goes wrong with a real one.
//!
//! In: what processes read, keep and recall. Out: what they find there: late, lost, from before a failover, from an old
//! snapshot, or never written by any of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use freehold::{
    cache::{Asked, Bookmark, Hearing, Kept, Place, Shared, SharedRead, SharedRecall, Told},
    fetch::{Clock, Stamp},
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::sleep;

use super::{
    truth::record,
    world::{ALLOWANCE, World, spot},
};

/// How long a process waits for a read before it goes on without.
pub const READ_TIMEOUT_MS: u64 = 60;

/// What Redis holds. A clone is a snapshot.
#[derive(Debug, Clone, Default)]
struct Held {
    entries: HashMap<Place, (Kept, i64)>,
    recalled: HashMap<Place, (i64, i64)>,
    recalled_whole: HashMap<Asked, (i64, i64)>,
    leases: HashMap<Place, i64>,
    /// What processes told one another: each with its number, `None` what nobody can read.
    told: Vec<(u64, Option<Told>)>,
}

/// How many messages stand there.
const MESSAGES_MAX: usize = 400;

/// How long a process waits for the next message, and how often it is looked whether there is one.
const WAIT: (u64, u64) = (500, 10);

/// How Redis does at the moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub is_down: bool,
    pub lost_writes_percent: usize,
    pub slow_reads_percent: usize,
    pub foreign_entries_percent: usize,
    /// Processes hear what is told late.
    pub late_hearing_percent: usize,
}

/// One Redis for all processes.
pub struct Redis {
    world: Arc<World>,
    held: Mutex<Held>,
    snapshots: Mutex<Vec<Held>>,
    faults: Mutex<Faults>,
    /// Which life of the server this is.
    life: AtomicU64,
}

/// A process's connection to Redis.
struct Line {
    redis: Arc<Redis>,
    clock: Arc<dyn Clock>,
}

impl Redis {
    pub fn start(world: &Arc<World>) -> Arc<Self> {
        let (held, snapshots, faults, life) = Default::default();
        Arc::new(Self { world: Arc::clone(world), held, snapshots, faults, life })
    }

    pub fn connect(self: &Arc<Self>, clock: Arc<dyn Clock>) -> Arc<dyn Shared> {
        Arc::new(Line { redis: Arc::clone(self), clock })
    }

    pub fn set_faults(&self, faults: Faults) {
        *self.faults.lock().unwrap() = faults;
    }

    pub fn faults(&self) -> Faults {
        *self.faults.lock().unwrap()
    }

    /// Takes a snapshot, which a failover or a restore may bring back.
    pub fn take_snapshot(&self) {
        let held = self.held().clone();
        self.snapshots.lock().unwrap().push(held);
    }

    /// Starts again with nothing.
    pub fn restart(&self) {
        *self.held() = Held::default();
        self.life.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes away all messages but the latest few.
    pub fn trim(&self, n_left: usize) {
        let mut held = self.held();
        let n_gone = held.told.len().saturating_sub(n_left);
        held.told.drain(..n_gone);
    }

    /// Has somebody else write a message that nobody can read.
    pub fn garble(&self) {
        self.held().tell(None, self.world.time.now_ms());
    }

    /// Goes on from an older snapshot: the last one as a replica that lags, any as a restore. What was restored by hand
    /// may have lost the time at which it ends.
    pub fn restore(&self, n_back: usize, is_endless: bool) {
        let snapshots = self.snapshots.lock().unwrap();
        let Some(mut held) = snapshots.len().checked_sub(1 + n_back).map(|at| snapshots[at].clone()) else { return };
        if is_endless {
            held.entries.values_mut().for_each(|(_, ends_ms)| *ends_ms = i64::MAX);
        }
        *self.held() = held;
        self.life.fetch_add(1, Ordering::Relaxed);
    }

    /// Brings back the entries of the latest snapshot for good, and takes back no recall of them.
    pub fn bring_back_entries(&self) {
        let entries = self.snapshots.lock().unwrap().last().expect("a snapshot").entries.clone();
        let mut held = self.held();
        held.entries = entries.into_iter().map(|(place, (kept, _))| (place, (kept, i64::MAX))).collect();
        held.recalled.clear();
        held.recalled_whole.clear();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    fn happens(&self, percent: usize) -> bool {
        self.world.random().percent(percent)
    }
}

impl Held {
    /// Until when a place is recalled, as Redis remembers.
    fn recalled_ms(&self, place: &Place, now_ms: i64) -> Option<i64> {
        let at_ms = self.recalled.get(place).filter(|(_, ends_ms)| *ends_ms >= now_ms).map(|(at_ms, _)| *at_ms);
        at_ms.max(self.recalled_whole_ms(place.asked(), now_ms))
    }

    fn recalled_whole_ms(&self, asked: Asked, now_ms: i64) -> Option<i64> {
        self.recalled_whole.get(&asked).filter(|(_, ends_ms)| *ends_ms >= now_ms).map(|(at_ms, _)| *at_ms)
    }

    fn entry(&self, place: &Place, now_ms: i64) -> Option<&Kept> {
        self.entries.get(place).filter(|(_, ends_ms)| *ends_ms >= now_ms).map(|(kept, _)| kept)
    }

    /// Adds a message behind all others. Numbers go by the time, as Redis's do.
    fn tell(&mut self, told: Option<Told>, now_ms: i64) {
        let after = self.told.last().map_or(0, |(number, _)| number + 1);
        self.told.push((after.max(now_ms as u64 * 1_000), told));
        let n_gone = self.told.len().saturating_sub(MESSAGES_MAX);
        self.told.drain(..n_gone);
    }

    /// Keeps something if it was asked later than what is there.
    fn keep(&mut self, place: Place, kept: Kept, now_ms: i64, lasting_ms: i64) {
        let started_ms = kept.stamp().started_ms;
        let known_ms = self.entry(&place, now_ms).map(|kept| kept.stamp().started_ms);
        if known_ms.max(self.recalled_ms(&place, now_ms)).is_none_or(|known_ms| started_ms > known_ms) {
            self.entries.insert(place, (kept, now_ms + lasting_ms));
        }
    }
}

impl Line {
    /// Whether the process's clock is near enough to Redis's own to share anything: two that each are within half of the
    /// allowance are within all of it of one another.
    fn may_share(&self) -> bool {
        let off_ms = self.clock.now_ms() - self.redis.world.time.now_ms();
        off_ms.unsigned_abs() as u128 <= ALLOWANCE.as_millis() / 2
    }

    fn reaches(&self) -> bool {
        !self.redis.faults().is_down && self.may_share()
    }

    /// An entry that none of the processes wrote, by a clock that is far ahead.
    fn foreign(&self, place: &Place) -> Option<Kept> {
        let Place::Record(group, key) = place else { return None };
        let system = self.redis.world.contract.group(*group).system;
        let started_ms = self.clock.now_ms() + self.redis.world.random().between(900, 60_000) as i64;
        let stamp = Stamp { system, started_ms, ended_ms: started_ms, as_of_ms: None, until_ms: None };
        Some(Kept::Record(record(spot(&self.redis.world, *group, key.as_str()), Some(1), stamp).into()))
    }
}

impl Shared for Line {
    fn read(&self, places: Vec<Place>) -> BoxFuture<'static, SharedRead> {
        let line = Self { redis: Arc::clone(&self.redis), clock: Arc::clone(&self.clock) };
        async move {
            let (redis, faults) = (&line.redis, line.redis.faults());
            let nothing = SharedRead { entries: vec![None; places.len()], recalled: Vec::new() };
            if !line.reaches() {
                return nothing;
            }
            if redis.happens(faults.slow_reads_percent) {
                sleep(Duration::from_millis(READ_TIMEOUT_MS)).await;
                return nothing;
            }
            let there_ms = redis.world.random().below(3) as u64;
            sleep(Duration::from_millis(there_ms)).await;
            let read = {
                let (held, now_ms) = (redis.held(), redis.world.time.now_ms());
                let entry = |place: &Place| match redis.happens(faults.foreign_entries_percent) {
                    true => line.foreign(place),
                    false => held.entry(place, now_ms).cloned(),
                };
                let mut asked: Vec<_> = places.iter().map(Place::asked).collect();
                asked.dedup();
                let recalled =
                    asked.into_iter().filter_map(|asked| Some((asked, held.recalled_whole_ms(asked, now_ms)?)));
                SharedRead { entries: places.iter().map(entry).collect(), recalled: recalled.collect() }
            };
            let back_ms = redis.world.random().below(15) as u64;
            sleep(Duration::from_millis(back_ms)).await;
            read
        }
        .boxed()
    }

    fn keep(&self, entries: Vec<(Place, Kept, Duration)>) {
        let line = Self { redis: Arc::clone(&self.redis), clock: Arc::clone(&self.clock) };
        let after_ms = self.redis.world.random().below(50) as u64;
        tokio::spawn(async move {
            sleep(Duration::from_millis(after_ms)).await;
            let (redis, now_ms) = (&line.redis, line.redis.world.time.now_ms());
            if !line.reaches() {
                return;
            }
            for (place, kept, lasting) in entries {
                if !redis.happens(redis.faults().lost_writes_percent) {
                    redis.held().keep(place, kept, now_ms, lasting.as_millis() as i64);
                }
            }
        });
    }

    fn recall(&self, recall: SharedRecall) -> BoxFuture<'static, bool> {
        let line = Self { redis: Arc::clone(&self.redis), clock: Arc::clone(&self.clock) };
        async move {
            let redis = &line.redis;
            let after_ms = redis.world.random().below(20) as u64;
            sleep(Duration::from_millis(after_ms)).await;
            if !line.reaches() || redis.happens(redis.faults().lost_writes_percent) {
                return false;
            }
            let mut held = redis.held();
            let SharedRecall { places, whole, at_ms, remembered, changes } = recall;
            let now_ms = redis.world.time.now_ms();
            let ends_ms = now_ms + remembered.as_millis() as i64;
            for place in places {
                held.entries.remove(&place);
                let known = held.recalled.entry(place).or_insert((at_ms, ends_ms));
                *known = (known.0.max(at_ms), ends_ms);
            }
            for asked in whole {
                let known = held.recalled_whole.entry(asked).or_insert((at_ms, ends_ms));
                *known = (known.0.max(at_ms), ends_ms);
            }
            changes.into_iter().for_each(|change| held.tell(Some(Told::Changed(change)), now_ms));
            true
        }
        .boxed()
    }

    fn tell(&self, told: Told) -> BoxFuture<'static, bool> {
        let line = Self { redis: Arc::clone(&self.redis), clock: Arc::clone(&self.clock) };
        async move {
            let redis = &line.redis;
            let after_ms = redis.world.random().below(20) as u64;
            sleep(Duration::from_millis(after_ms)).await;
            if !line.reaches() || redis.happens(redis.faults().lost_writes_percent) {
                return false;
            }
            redis.held().tell(Some(told), redis.world.time.now_ms());
            true
        }
        .boxed()
    }

    fn hear(&self, since: Option<Bookmark>) -> BoxFuture<'static, Option<Hearing>> {
        let line = Self { redis: Arc::clone(&self.redis), clock: Arc::clone(&self.clock) };
        async move {
            let redis = &line.redis;
            let is_late = redis.happens(redis.faults().late_hearing_percent);
            let there_ms = if is_late { redis.world.random().below(3_000) } else { redis.world.random().below(10) };
            sleep(Duration::from_millis(there_ms as u64)).await;
            let since = since.map(|bookmark| (bookmark.id.parse().expect("a number"), bookmark.keeper));
            let (wait_ms, look_ms) = WAIT;
            for _ in 0..wait_ms / look_ms {
                let last = redis.held().told.last().map_or(0, |(number, _)| *number);
                let is_new = since.as_ref().is_none_or(|(id, _)| last > *id);
                if is_new || !line.reaches() {
                    break;
                }
                sleep(Duration::from_millis(look_ms)).await;
            }
            if !line.reaches() {
                return None;
            }
            let hearing = {
                let mut held = redis.held();
                if held.told.is_empty() {
                    held.tell(None, redis.world.time.now_ms());
                }
                let latest = held.told.last().map_or(0, |(number, _)| *number);
                let from = since.map_or(latest, |(id, _)| id);
                let following = held.told.iter().filter(|(number, _)| *number >= from);
                let messages = following.map(|(number, told)| (number.to_string(), told.clone())).collect();
                let latest =
                    Bookmark { keeper: redis.life.load(Ordering::Relaxed).to_string(), id: latest.to_string() };
                Hearing { latest, messages, lag: Duration::ZERO }
            };
            let back_ms = redis.world.random().below(15) as u64;
            sleep(Duration::from_millis(back_ms)).await;
            Some(hearing)
        }
        .boxed()
    }

    fn lease(&self, places: Vec<Place>, lasting: Duration) -> BoxFuture<'static, Vec<bool>> {
        let line = Self { redis: Arc::clone(&self.redis), clock: Arc::clone(&self.clock) };
        async move {
            let redis = &line.redis;
            sleep(Duration::from_millis(1)).await;
            if !line.reaches() {
                return vec![true; places.len()];
            }
            let (mut held, now_ms) = (redis.held(), redis.world.time.now_ms());
            let lease = |place: Place| {
                let ends_ms = held.leases.entry(place).or_insert(i64::MIN);
                let is_free = *ends_ms < now_ms;
                if is_free {
                    *ends_ms = now_ms + lasting.as_millis() as i64;
                }
                is_free
            };
            places.into_iter().map(lease).collect()
        }
        .boxed()
    }
}
