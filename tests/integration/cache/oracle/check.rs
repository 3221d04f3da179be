//! The properties of an answer, checked by what was true when.
//!
//! In: what was asked, and what came. Out: what of it is wrong. The bounds are worked out here once more, from the contract
//! and the demand, so that a mistake in the cache's own rule is not believed.

use std::sync::Arc;

use freehold::{
    cache::{Answer, Asked, Brought, Demand, Question},
    contract::{Domain, OnOutage},
    fetch::{FetchError, FetchErrorKind},
    value::SystemId,
};

use super::{
    fleet::N_KEYS,
    source::list_spot,
    truth::{Said, Spot, said_by_page, said_by_record},
    world::{ALLOWANCE, SURE, TIMEOUT_MS, World, spot},
};

/// What of the promises holds in a run.
#[derive(Debug, Clone, Copy)]
pub struct Promised {
    /// Recalls: no message is lost, and Redis forgets none.
    pub recalls: bool,
    /// Whether this process's clock is within the allowance.
    pub clock: bool,
}

/// One question as it was put.
pub struct Put {
    pub question: Question,
    pub demand: Demand,
    /// The true time before which nothing is wanted.
    pub not_before_ms: Option<i64>,
    pub arrived_ms: i64,
    pub deadline_ms: i64,
    /// When, for each key and behind them for lists, the latest recall was begun that everyone had heard of.
    pub recalled_ms: Arc<Vec<i64>>,
    pub promised: Promised,
    /// How far the process's clock was off.
    pub off_ms: i64,
}

/// How much was checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub answers: usize,
    pub absent: usize,
    pub stale: usize,
    pub errors: usize,
    /// Answers of places that were recalled before.
    pub recalled: usize,
    /// Answers to what was kept.
    pub kept: usize,
    /// Answers that were asked for longer ago than their bound, and confirmed since.
    pub confirmed: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.answers += other.answers;
        self.absent += other.absent;
        self.stale += other.stale;
        self.errors += other.errors;
        self.recalled += other.recalled;
        self.kept += other.kept;
        self.confirmed += other.confirmed;
    }
}

/// One value of an answer, and where it is of.
struct Value {
    spot: Spot,
    said: Said,
    /// A known absence, which has a bound of its own. An empty page is none.
    is_absence: bool,
    recalled_ms: i64,
    /// When it was asked for.
    asked_ms: i64,
}

/// The bounds of a question, as the contract and the demand say.
struct Bound {
    max_age_ms: i64,
    outage_ms: i64,
    absent_ms: i64,
}

impl Bound {
    fn new(domain: &Domain, tightened_ms: Option<i64>) -> Self {
        let of_domain_ms = domain.max_age.as_millis() as i64;
        let max_age_ms = tightened_ms.map_or(of_domain_ms, |ms| ms.min(of_domain_ms));
        let outage_ms = match (domain.on_outage, tightened_ms) {
            (OnOutage::ServeUpTo(age), None) => age.as_millis() as i64,
            _ => max_age_ms,
        };
        Self { max_age_ms, outage_ms, absent_ms: max_age_ms.min(domain.absent.as_millis() as i64) }
    }
}

impl Put {
    /// Checks an answer.
    pub fn check(&self, world: &World, answer: &Answer, answered_ms: i64) -> Result<Tally, String> {
        let (asked, system, domain) = self.source(world);
        let tightened = self.demand.max_age_of.iter().filter(|(id, _)| *id == domain).map(|(_, age)| *age);
        let tightened = tightened.chain(self.demand.max_age).min().map(|age| age.as_millis() as i64);
        let domain = world.contract.domain(domain);
        let bound = Bound::new(domain, tightened);
        let is_copy = system == SystemId(1);
        // What a copy says is as old as both clocks say, and the copy's is within the allowance of a right one alone.
        let is_checked = self.promised.clock || !is_copy;
        let mut tally = Tally::default();
        let mut n_past = 0;
        let wrong = |what: &str, value: &Value| {
            let (arrived_ms, since) = (self.arrived_ms, world.time.now_ms() - world.time.passed_ms());
            format!(
                "{what}: {:?} of {asked:?} {} said {:?} to what came at {} ms and was answered at {} ms, \
                 recalled at {} ms, demand {:?}",
                value.spot,
                domain.name,
                value.said,
                arrived_ms - since,
                answered_ms - since,
                value.recalled_ms.saturating_sub(since),
                self.demand,
            )
        };
        if answered_ms > self.deadline_ms {
            return Err(format!("property C: answered {} ms after its deadline", answered_ms - self.deadline_ms));
        }
        for value in self.values(world, answer)? {
            let value = match value {
                Ok(value) => value,
                Err(error) => {
                    tally.errors += 1;
                    self.check_error(world, &error, answered_ms)?;
                    continue;
                }
            };
            tally.answers += 1;
            tally.absent += usize::from(value.said.is_none());
            if !is_checked {
                continue;
            }
            let was_true = |from_ms: i64| world.truth.was_true(value.spot, value.said, from_ms, answered_ms);
            // How long an absence holds counts from the question; what a copy says was true before that.
            let age_ms = if value.is_absence && !is_copy { bound.absent_ms } else { bound.max_age_ms };
            tally.kept += usize::from(!was_true(self.arrived_ms));
            let is_confirmed =
                domain.name == SURE && value.asked_ms + age_ms < self.arrived_ms - ALLOWANCE.as_millis() as i64;
            tally.confirmed += usize::from(is_confirmed);
            if !was_true(self.arrived_ms - age_ms) {
                n_past += 1;
                if value.is_absence || !was_true(self.arrived_ms - bound.outage_ms) {
                    return Err(wrong("property A: past its bound", &value));
                }
            } else if let Some(until_ms) = answer.freshness.until_ms.filter(|_| self.promised.clock) {
                // Whoever keeps the answer until then serves nothing past its bound.
                let until_ms = until_ms - self.off_ms;
                if answer.freshness.stale.is_empty() && !was_true((until_ms - age_ms).min(answered_ms)) {
                    return Err(wrong("property A: past its bound before the answer says so", &value));
                }
            }
            if let Some(not_before_ms) = self.not_before_ms.filter(|_| self.promised.clock)
                && !was_true(not_before_ms.min(answered_ms))
            {
                return Err(wrong("property A: from before what was demanded", &value));
            }
            if self.promised.recalls && !is_copy && value.recalled_ms > i64::MIN {
                tally.recalled += 1;
                if !was_true(value.recalled_ms) {
                    return Err(wrong("property B: over before it was recalled", &value));
                }
            }
        }
        let n_stale: usize = answer.freshness.stale.iter().map(|stale| stale.n).sum();
        tally.stale += n_stale;
        if n_past > n_stale {
            return Err(format!(
                "property A: {n_past} of {asked:?} {} past their bound, {n_stale} said so",
                domain.name
            ));
        }
        Ok(tally)
    }

    /// A failure needs a reason: an owner that was down, a copy too old, or a caller with too little time.
    fn check_error(&self, world: &World, error: &FetchError, answered_ms: i64) -> Result<(), String> {
        // What is kept and too old is refused because of what the owner did.
        let kind = error.too_old.and_then(|too_old| too_old.because).unwrap_or(error.kind);
        let is_excused = match kind {
            FetchErrorKind::Unavailable => world.was_down(self.arrived_ms - TIMEOUT_MS, answered_ms),
            FetchErrorKind::Timeout => self.deadline_ms - self.arrived_ms < 2 * TIMEOUT_MS,
            FetchErrorKind::Stale => self.source(world).1 == SystemId(1),
            _ => false,
        };
        match is_excused {
            true => Ok(()),
            false => Err(format!("property C: {:?} for no reason: {error}", self.source(world).0)),
        }
    }

    fn source(&self, world: &World) -> (Asked, SystemId, freehold::value::DomainId) {
        match &self.question {
            Question::Records { group, .. } => {
                let of = world.contract.group(*group);
                (Asked::Group(*group), of.system, of.domain)
            }
            Question::Pages(fetch) => {
                let of = world.contract.list(fetch.list);
                (Asked::List(fetch.list), of.system, of.domain)
            }
        }
    }

    fn values(&self, world: &World, answer: &Answer) -> Result<Vec<Result<Value, FetchError>>, String> {
        match (&self.question, &answer.brought) {
            (Question::Records { group, keys, .. }, Brought::Records(outcomes)) if keys.len() == outcomes.len() => {
                let value = |(key, outcome): (&freehold::value::Key, &freehold::fetch::Outcome)| {
                    let spot = spot(world, *group, key.as_str());
                    let number: usize = key.as_str().parse().expect("keys are numbers");
                    // Recalls are about products.
                    let number = if *group == world.group(SURE) { usize::MAX } else { number };
                    Ok(match outcome {
                        Err(error) => Err(error.clone()),
                        Ok(record) => Ok(Value {
                            spot,
                            said: said_by_record(spot, record)?,
                            is_absence: record.table().is_none(),
                            recalled_ms: self.recalled_ms.get(number).copied().unwrap_or(i64::MIN),
                            asked_ms: record.stamp.started_ms,
                        }),
                    })
                };
                keys.iter().zip(outcomes).map(value).collect()
            }
            (Question::Pages(fetch), Brought::Pages(pages)) if pages.len() == fetch.arguments.len() => {
                let value = |(at, page): (usize, &Result<Arc<freehold::fetch::Page>, FetchError>)| {
                    let spot = list_spot(fetch, at);
                    Ok(match page {
                        Err(error) => Err(error.clone()),
                        Ok(page) => Ok(Value {
                            spot,
                            said: said_by_page(spot, page)?,
                            is_absence: false,
                            recalled_ms: self.recalled_ms[N_KEYS],
                            asked_ms: page.stamp.started_ms,
                        }),
                    })
                };
                pages.iter().enumerate().map(value).collect()
            }
            _ => Err("property C: not what was asked".to_owned()),
        }
    }
}

/// How far any clock of the copy may be off for what it says to be believed.
pub const COPY_OFF_MS_MAX: i64 = ALLOWANCE.as_millis() as i64 / 2;
