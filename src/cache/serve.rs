//! The serve rule: whether something that is kept may be served now.
//!
//! In: the stamp inside the value, the bounds, what is confirmed and the time. Out: a verdict. Pure; and nothing but the stamp
//! is believed: not how a value came here, nor that it should have been deleted. So no lost message, eviction or restored
//! snapshot can make anything be served past its bound. What a complete feed confirms is bound to the stamp, too.

use std::time::Duration;

use super::{confirmed::Sure, demand::Demand};
use crate::{
    contract::{Domain, OnOutage},
    fetch::Stamp,
    value::DomainId,
};

/// What may be done with something that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Serve it.
    Fresh,
    /// Serve it, and refresh it behind the answer.
    Ripe,
    /// Serve it only while its owner is down, marked stale.
    Outdated,
    /// Do not serve it.
    Dead,
}

/// What keeps apart what is so and what is said: everything counts as older by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Apart {
    /// How far the system may be behind.
    pub lag: Duration,
    /// How far clocks may be apart.
    pub allowance: Duration,
}

/// The bounds of one domain for one request, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Nothing older is served.
    pub max_age_ms: i64,
    /// Older than this: refresh behind the answer.
    pub refresh_after_ms: i64,
    /// Over how much before that refreshing is spread.
    pub spread_ms: i64,
    /// Nothing older is served while the owner is down.
    pub outage_ms: i64,
    /// How long a known absence holds.
    pub absent_ms: i64,
    /// Nothing whose truth is older than this instant is served at all.
    pub not_before_ms: i64,
    /// How far the system may be behind.
    pub lag_ms: i64,
    /// How far clocks may be apart.
    pub allowance_ms: i64,
    /// Whether a request demands more than the domain does.
    pub is_tightened: bool,
    /// What is confirmed, if anything is.
    pub sure: Option<Sure>,
}

/// How old something that was said is, and how long it lasts: times in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Since when it is known to be true.
    pub since_ms: i64,
    /// How old it may be by now at most, in milliseconds.
    pub age_ms: i64,
    /// Until when it may be served.
    pub until_ms: i64,
}

impl Bounds {
    /// Takes the bounds of a domain, tightened by what a request demands.
    ///
    /// A caller who asks for less age also refuses what is only good enough for an outage.
    pub fn new(id: DomainId, domain: &Domain, demand: &Demand, apart: Apart) -> Self {
        let domain_ms = ms(domain.max_age);
        let asked_ms = demand.max_age(id).map(ms);
        let max_age_ms = asked_ms.map_or(domain_ms, |asked| asked.min(domain_ms));
        let outage_ms = match domain.on_outage {
            OnOutage::ServeUpTo(age) if asked_ms.is_none() => ms(age),
            _ => max_age_ms,
        };
        Self {
            max_age_ms,
            refresh_after_ms: ms(domain.refresh_after),
            spread_ms: ms(domain.refresh_after) / 100 * i64::from(domain.jitter_percent),
            outage_ms,
            absent_ms: ms(domain.absent).min(max_age_ms),
            not_before_ms: demand.not_before_ms.unwrap_or(i64::MIN),
            lag_ms: ms(apart.lag),
            allowance_ms: ms(apart.allowance),
            is_tightened: asked_ms.is_some() || demand.not_before_ms.is_some(),
            sure: None,
        }
    }

    /// Judges a value by its stamp; `share` (0 to 255) spreads what became ripe at once over the domain's jitter.
    pub fn judge(&self, stamp: &Stamp, is_absent: bool, share: impl FnOnce() -> u8, now_ms: i64) -> Verdict {
        let since_ms = self.since_ms(stamp);
        if stamp.until_ms.is_some_and(|until_ms| now_ms + self.allowance_ms >= until_ms) {
            return Verdict::Dead;
        }
        // The instant is told by the caller's clock, which may be behind the one of the stamp. What began in the future beyond
        // all clocks' difference was stamped by a clock that cannot be trusted.
        if since_ms - self.allowance_ms < self.not_before_ms || stamp.started_ms - now_ms > self.allowance_ms {
            return Verdict::Dead;
        }
        let age_ms = self.age_ms(stamp, now_ms);
        // How long an absence holds counts from the question, also where a copy was asked.
        let is_absence_over =
            is_absent && now_ms - self.asked_ms(stamp) + self.lag_ms + self.allowance_ms > self.absent_ms;
        let max_age_ms = if is_absence_over { i64::MIN } else { self.max_age_ms };
        // What is far from ripe needs no spreading.
        let is_ripe = || age_ms > self.refresh_after_ms - self.spread_ms * i64::from(share()) / 255;
        match age_ms {
            age_ms if age_ms <= max_age_ms && (age_ms <= self.refresh_after_ms - self.spread_ms || !is_ripe()) => {
                Verdict::Fresh
            }
            age_ms if age_ms <= max_age_ms => Verdict::Ripe,
            // That something did not exist an hour ago says nothing about today.
            age_ms if age_ms <= self.outage_ms && !is_absent => Verdict::Outdated,
            _ => Verdict::Dead,
        }
    }

    /// Returns how old a value may be by now at most.
    pub fn age_ms(&self, stamp: &Stamp, now_ms: i64) -> i64 {
        (now_ms - self.since_ms(stamp)).max(0) + self.allowance_ms
    }

    /// Returns how old a value is that is too old even while its owner is down; none where it is its age alone that is not
    /// what refuses it.
    pub fn too_old_ms(&self, stamp: &Stamp, is_absent: bool, now_ms: i64) -> Option<i64> {
        let age_ms = self.age_ms(stamp, now_ms);
        (!is_absent && !self.is_tightened && age_ms > self.outage_ms.max(self.max_age_ms)).then_some(age_ms)
    }

    /// Returns until when a value may be served.
    pub fn until_ms(&self, stamp: &Stamp, is_absent: bool) -> i64 {
        let absence_over_ms = if is_absent { self.asked_ms(stamp) - self.lag_ms + self.absent_ms } else { i64::MAX };
        let ends_ms = stamp.until_ms.unwrap_or(i64::MAX).min(absence_over_ms);
        (self.since_ms(stamp) + self.max_age_ms).min(ends_ms) - self.allowance_ms
    }

    /// Returns since when a value is known to be true.
    pub fn since_ms(&self, stamp: &Stamp) -> i64 {
        since_ms(stamp, self.lag_ms).max(self.confirmed_ms(stamp))
    }

    /// Returns all of that.
    pub fn life(&self, stamp: &Stamp, is_absent: bool, now_ms: i64) -> Life {
        let (since_ms, age_ms) = (self.since_ms(stamp), self.age_ms(stamp, now_ms));
        Life { since_ms, age_ms, until_ms: self.until_ms(stamp, is_absent) }
    }

    /// Confirms nothing that was asked until an instant.
    pub fn confirm_after(&mut self, at_ms: i64) {
        if let Some(sure) = &mut self.sure {
            sure.after_ms = sure.after_ms.max(at_ms);
        }
    }

    /// Returns when a value was asked for, or would have been had its owner not said that it is the same.
    fn asked_ms(&self, stamp: &Stamp) -> i64 {
        stamp.started_ms.max(self.confirmed_ms(stamp))
    }

    /// Returns at which instant a value is confirmed to be true. What a copy says is as old as the copy.
    fn confirmed_ms(&self, stamp: &Stamp) -> i64 {
        let sure = self.sure.filter(|sure| stamp.started_ms > sure.after_ms && stamp.as_of_ms.is_none());
        sure.map_or(i64::MIN, |sure| sure.known_ms)
    }
}

/// Returns since when a value is known to be true that comes from a system which may be behind by so much.
pub fn since_ms(stamp: &Stamp, lag_ms: i64) -> i64 {
    let said_ms = stamp.started_ms - lag_ms;
    stamp.as_of_ms.map_or(said_ms, |as_of_ms| as_of_ms.min(said_ms))
}

/// Returns a duration in milliseconds.
pub(super) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::SystemId;

    const NOW_MS: i64 = 1_000_000_000;

    const APART: Apart = Apart { lag: Duration::ZERO, allowance: Duration::from_secs(1) };

    fn domain() -> Domain {
        Domain {
            name: "price".to_owned(),
            max_age: Duration::from_secs(60),
            refresh_after: Duration::from_secs(20),
            jitter_percent: 10,
            on_outage: OnOutage::ServeUpTo(Duration::from_secs(600)),
            absent: Duration::from_secs(5),
        }
    }

    fn bounds(demand: &Demand) -> Bounds {
        Bounds::new(DomainId(0), &domain(), demand, APART)
    }

    fn asked(seconds_ago: i64) -> Stamp {
        let started_ms = NOW_MS - seconds_ago * 1_000;
        Stamp { system: SystemId(0), started_ms, ended_ms: NOW_MS, as_of_ms: None, until_ms: None }
    }

    fn verdict(bounds: &Bounds, stamp: Stamp) -> Verdict {
        bounds.judge(&stamp, false, || 0, NOW_MS)
    }

    #[test]
    fn age_counts_from_the_question_and_all_clocks_may_be_wrong() {
        let bounds = bounds(&Demand::default());
        assert_eq!(verdict(&bounds, asked(0)), Verdict::Fresh);
        assert_eq!(verdict(&bounds, asked(19)), Verdict::Fresh);
        assert_eq!(verdict(&bounds, asked(20)), Verdict::Ripe, "20 s and a second that clocks may be apart");
        assert_eq!(verdict(&bounds, asked(59)), Verdict::Ripe);
        assert_eq!(verdict(&bounds, asked(60)), Verdict::Outdated);
        assert_eq!(verdict(&bounds, asked(599)), Verdict::Outdated);
        assert_eq!(verdict(&bounds, asked(600)), Verdict::Dead);
        assert_eq!(verdict(&bounds, asked(-1)), Verdict::Fresh, "a clock that is ahead, as far as it may be");
        assert_eq!(verdict(&bounds, asked(-2)), Verdict::Dead, "a clock that cannot be right");
    }

    #[test]
    fn a_copy_is_as_old_as_it_says_and_an_absence_as_old_as_its_question() {
        let bounds = bounds(&Demand::default());
        let copy = |seconds_ago: i64| Stamp { as_of_ms: Some(NOW_MS - seconds_ago * 1_000), ..asked(1) };
        assert_eq!(verdict(&bounds, copy(59)), Verdict::Ripe);
        assert_eq!(verdict(&bounds, copy(60)), Verdict::Outdated);
        assert_eq!(
            verdict(&bounds, copy(-100)),
            Verdict::Fresh,
            "a copy from the future is no younger than its question"
        );
        let absent = |stamp| bounds.judge(&stamp, true, || 0, NOW_MS);
        assert_eq!(absent(asked(4)), Verdict::Fresh);
        assert_eq!(absent(asked(5)), Verdict::Dead, "an absence is not served while the owner is down");
        assert_eq!(absent(copy(30)), Verdict::Ripe, "a copy of half a minute, asked a second ago");
    }

    #[test]
    fn what_ends_at_a_known_moment_is_not_served_from_then_on() {
        let bounds = bounds(&Demand::default());
        let ends = |in_seconds: i64| Stamp { until_ms: Some(NOW_MS + in_seconds * 1_000), ..asked(1) };
        assert_eq!(verdict(&bounds, ends(2)), Verdict::Fresh);
        assert_eq!(verdict(&bounds, ends(1)), Verdict::Dead, "some clock says that it is over");
        assert_eq!(bounds.until_ms(&ends(10), false), NOW_MS + 9_000);
        assert_eq!(bounds.until_ms(&ends(1_000), false), NOW_MS + 58_000);
    }

    #[test]
    fn what_a_system_that_is_behind_says_is_older_by_its_lag() {
        let behind = Apart { lag: Duration::from_secs(10), ..APART };
        let bounds = |demand: &Demand| Bounds::new(DomainId(0), &domain(), demand, behind);
        let plain = bounds(&Demand::default());
        assert_eq!(verdict(&plain, asked(9)), Verdict::Fresh);
        assert_eq!(verdict(&plain, asked(10)), Verdict::Ripe);
        assert_eq!(verdict(&plain, asked(50)), Verdict::Outdated);
        assert_eq!(plain.until_ms(&asked(0), false), NOW_MS + 49_000);
        assert_eq!(
            plain.judge(&asked(0), true, || 0, NOW_MS),
            Verdict::Dead,
            "an absence that may be over where it is so"
        );
        let stated = Stamp { as_of_ms: Some(NOW_MS - 30_000), ..asked(0) };
        assert_eq!(plain.since_ms(&stated), NOW_MS - 30_000, "what says since when it holds says it of the copy, too");
        let after =
            |seconds_ago: i64| Demand { not_before_ms: Some(NOW_MS - seconds_ago * 1_000), ..Demand::default() };
        assert_eq!(
            verdict(&bounds(&after(9)), asked(0)),
            Verdict::Dead,
            "a write nine seconds ago may not be there yet"
        );
        assert_eq!(verdict(&bounds(&after(10)), asked(0)), Verdict::Dead, "nor may one ten seconds ago, by some clock");
        assert_eq!(verdict(&bounds(&after(11)), asked(0)), Verdict::Fresh);
    }

    #[test]
    fn what_is_confirmed_is_as_old_as_its_confirmation() {
        let sure = |after: i64, known: i64| {
            let sure = Sure { after_ms: NOW_MS - after * 1_000, known_ms: NOW_MS - known * 1_000 };
            Bounds { sure: Some(sure), ..bounds(&Demand::default()) }
        };
        assert_eq!(verdict(&sure(500, 0), asked(499)), Verdict::Fresh);
        assert_eq!(verdict(&sure(500, 0), asked(500)), Verdict::Outdated, "it was asked before the feed followed");
        assert_eq!(verdict(&sure(500, 59), asked(499)), Verdict::Ripe);
        assert_eq!(verdict(&sure(500, 60), asked(499)), Verdict::Outdated);
        assert_eq!(verdict(&sure(500, 400), asked(0)), Verdict::Fresh, "it was asked since");
        assert_eq!(sure(500, 2).until_ms(&asked(499), false), NOW_MS + 57_000);
        let absent = |bounds: &Bounds| bounds.judge(&asked(499), true, || 0, NOW_MS);
        assert_eq!((absent(&sure(500, 4)), absent(&sure(500, 5))), (Verdict::Fresh, Verdict::Dead));
        let copy = Stamp { as_of_ms: Some(NOW_MS - 70_000), ..asked(1) };
        assert_eq!(verdict(&sure(500, 0), copy), Verdict::Outdated, "a copy says itself how old it is");
        let ended = Stamp { until_ms: Some(NOW_MS), ..asked(1) };
        assert_eq!(verdict(&sure(500, 0), ended), Verdict::Dead);
        let mut forgotten = sure(500, 0);
        forgotten.confirm_after(NOW_MS - 499_000);
        assert_eq!(verdict(&forgotten, asked(499)), Verdict::Outdated, "whether it was recalled is forgotten");
    }

    #[test]
    fn refreshing_is_spread_over_the_jitter_of_the_domain() {
        let ripe_after = |jitter_percent: u32, share: u8| {
            let bounds = Bounds::new(DomainId(0), &Domain { jitter_percent, ..domain() }, &Demand::default(), APART);
            let is_ripe = |seconds: &i64| bounds.judge(&asked(*seconds), false, || share, NOW_MS) == Verdict::Ripe;
            (0..60).find(is_ripe).map(|seconds| seconds + 1)
        };
        assert_eq!((ripe_after(0, 0), ripe_after(0, 255)), (Some(21), Some(21)));
        assert_eq!((ripe_after(10, 0), ripe_after(10, 255)), (Some(21), Some(19)));
        assert_eq!((ripe_after(50, 0), ripe_after(50, 255)), (Some(21), Some(11)));
    }

    #[test]
    fn a_demand_tightens_and_never_loosens() {
        let demand = |seconds| Demand { max_age: Some(Duration::from_secs(seconds)), ..Demand::default() };
        assert_eq!(verdict(&bounds(&demand(10)), asked(9)), Verdict::Fresh);
        assert_eq!(
            verdict(&bounds(&demand(10)), asked(10)),
            Verdict::Dead,
            "an outage is no excuse to who asks for less"
        );
        assert_eq!(verdict(&bounds(&demand(6_000)), asked(60)), Verdict::Dead);
        let of_domain = Demand { max_age_of: vec![(DomainId(0), Duration::from_secs(5))], ..demand(10) };
        assert_eq!(verdict(&bounds(&of_domain), asked(7)), Verdict::Dead);
        let after = Demand { not_before_ms: Some(NOW_MS - 3_000), ..Demand::default() };
        assert_eq!(verdict(&bounds(&after), asked(2)), Verdict::Fresh);
        assert_eq!(verdict(&bounds(&after), asked(3)), Verdict::Dead, "the caller's clock may be behind");
    }
}
