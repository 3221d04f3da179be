//! The pace of each caller: a bucket of tokens that fills again, and how many of their requests are under way.
//!
//! In: who asks, their pace, the time. Out: that they may, or when to come back. A request is counted when its caller is known,
//! and is under way when all of it is there, until what is returned is dropped: whoever sends slowly keeps nobody from asking
//! who is the same caller. So many
//! callers are remembered; whoever has not asked for longest is forgotten first, and begins with a full bucket. Whoever comes
//! without a token is one caller with all others who do. Nobody's name is kept, only a hash of it with a key of this process.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{access::Caller, engine::Pace};

/// How many callers are remembered: some 100 bytes each. Twice as many are just before the older half is forgotten.
const CALLERS_MAX: usize = 10_000;

/// What is remembered of callers.
#[derive(Debug, Default)]
pub(super) struct Callers {
    hasher: RandomState,
    remembered: Mutex<Remembered>,
}

/// Two generations: a caller who asks moves to the younger; when that is full it becomes the older, which is forgotten.
#[derive(Debug, Default)]
struct Remembered {
    younger: HashMap<u64, Asking>,
    older: HashMap<u64, Asking>,
}

#[derive(Debug, Clone, Copy)]
struct Asking {
    /// What was in the bucket at `filled`.
    tokens: f64,
    filled: Instant,
    n_under_way: u64,
}

/// A request of a caller that is under way until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay<'c> {
    callers: &'c Callers,
    caller: u64,
}

impl Callers {
    /// Counts a request of a caller, or says how long to wait before asking again.
    pub(super) fn count(&self, caller: &Caller, pace: &Pace<'_>, now: Instant) -> Result<(), Duration> {
        let (Some(caller), Some(rate)) = (self.told_apart(caller), pace.rate) else { return Ok(()) };
        let mut remembered = self.lock();
        let asking = remembered.asking(caller, pace, now);
        let (per_second, burst) = (f64::from(rate.per_second), f64::from(rate.burst));
        let since = now.saturating_duration_since(asking.filled).as_secs_f64();
        asking.tokens = (asking.tokens + since * per_second).min(burst);
        asking.filled = now;
        if asking.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - asking.tokens) / per_second));
        }
        asking.tokens -= 1.0;
        Ok(())
    }

    /// Lets a request of a caller be under way, or says how long to wait before asking again.
    pub(super) fn enter(
        &self,
        caller: &Caller,
        pace: &Pace<'_>,
        now: Instant,
    ) -> Result<Option<UnderWay<'_>>, Duration> {
        let Some(caller) = self.told_apart(caller) else { return Ok(None) };
        let mut remembered = self.lock();
        let asking = remembered.asking(caller, pace, now);
        if asking.n_under_way >= pace.concurrency {
            return Err(SOON);
        }
        asking.n_under_way += 1;
        Ok(Some(UnderWay { callers: self, caller }))
    }

    /// Returns by what a caller is known; whoever nobody had to tell apart is not counted.
    fn told_apart(&self, caller: &Caller) -> Option<u64> {
        let is_told_apart = caller.issuer.is_some() || caller.audience.is_some();
        is_told_apart.then(|| self.hasher.hash_one((&caller.issuer, &caller.subject)))
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // Nothing in there is half done when somebody panics.
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long whoever has too many requests under way is told to wait: none of them takes much longer.
const SOON: Duration = Duration::from_secs(1);

impl Remembered {
    fn asking(&mut self, caller: u64, pace: &Pace<'_>, now: Instant) -> &mut Asking {
        let known = self.older.remove(&caller);
        if self.younger.len() >= CALLERS_MAX && !self.younger.contains_key(&caller) {
            let older = std::mem::replace(&mut self.older, std::mem::take(&mut self.younger));
            // Whoever has a request under way is counted until it ends; there are never more of those than requests.
            self.younger.extend(older.into_iter().filter(|(_, asking)| asking.n_under_way > 0));
        }
        let tokens = pace.rate.map_or(0.0, |rate| f64::from(rate.burst));
        let unknown = Asking { tokens, filled: now, n_under_way: 0 };
        self.younger.entry(caller).or_insert(known.unwrap_or(unknown))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut remembered = self.callers.lock();
        let Remembered { younger, older } = &mut *remembered;
        if let Some(asking) = younger.get_mut(&self.caller).or_else(|| older.get_mut(&self.caller)) {
            asking.n_under_way = asking.n_under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::AudienceId;

    fn named(name: &str) -> Caller {
        Caller { subject: name.into(), audience: Some(AudienceId::from(0)), ..Caller::anonymous() }
    }

    fn pace(concurrency: u64) -> Pace<'static> {
        Pace { concurrency, ..Pace::default() }
    }

    #[test]
    fn a_bucket_is_emptied_at_once_and_fills_again() {
        let callers = Callers::default();
        let rate = crate::contract::CallerRate { per_second: 2, burst: 3 };
        let (pace, begun) = (Pace { rate: Some(rate), ..Pace::default() }, Instant::now());
        let ann = named("ann");
        for _ in 0..3 {
            assert!(callers.count(&ann, &pace, begun).is_ok());
        }
        assert_eq!(callers.count(&ann, &pace, begun).unwrap_err(), Duration::from_millis(500));
        assert!(callers.count(&named("bob"), &pace, begun).is_ok());
        let later = begun + Duration::from_millis(500);
        assert!(callers.count(&ann, &pace, later).is_ok() && callers.count(&ann, &pace, later).is_err());
        let much_later = begun + Duration::from_secs(3600);
        assert_eq!((0..9).filter(|_| callers.count(&ann, &pace, much_later).is_ok()).count(), 3);
    }

    #[test]
    fn requests_under_way_are_counted_until_they_end_however_many_callers_come_between() {
        let callers = Callers::default();
        let now = Instant::now();
        let held = callers.enter(&named("ann"), &pace(1), now).unwrap();
        for n in 0..3 * CALLERS_MAX {
            assert!(callers.enter(&named(&n.to_string()), &pace(1), now).is_ok());
        }
        assert!(callers.enter(&named("ann"), &pace(1), now).is_err());
        let remembered = callers.lock();
        let n_remembered = remembered.younger.len() + remembered.older.len();
        drop(remembered);
        assert!(n_remembered <= 2 * CALLERS_MAX, "{n_remembered}");
        drop(held);
        assert!(callers.enter(&named("ann"), &pace(1), now).is_ok());
    }

    #[test]
    fn strangers_share_one_bucket_and_the_operator_has_none() {
        let callers = Callers::default();
        let now = Instant::now();
        let stranger = Caller { audience: Some(AudienceId::from(0)), ..Caller::anonymous() };
        let _first = callers.enter(&stranger, &pace(1), now).unwrap();
        assert!(callers.enter(&stranger.clone(), &pace(1), now).is_err());
        let _held: Vec<_> = (0..3).map(|_| callers.enter(&Caller::operator(), &pace(1), now).unwrap()).collect();
    }
}
