//! One question and what is known of its answer so far.

use super::{
    kept::{Kept, Place},
    question::{Answer, Asked, Brought, Freshness, Levels, Question, Stale},
    serve::{Bounds, Verdict},
};
use crate::{
    fetch::{FetchError, FetchErrorKind, TooOld},
    value::{DomainId, SystemId},
};

/// A question, and for each of its places what there is.
pub(super) struct Looked {
    pub question: Question,
    pub asked: Asked,
    pub system: SystemId,
    pub domain: DomainId,
    pub bounds: Bounds,
    /// What may be served, or why nothing may; `None` for what is not known yet.
    found: Vec<Option<Result<Kept, FetchError>>>,
    /// The places of which nothing that may be served is known yet.
    pub missing: Vec<usize>,
    /// What may be served for a missing place if its owner is down, by what it was judged.
    outdated: Vec<(usize, Kept, Bounds)>,
    /// The places of which something was kept that may not be served any more; and how old it is, where that alone is why.
    ran_out: Vec<(usize, Option<i64>)>,
    /// The places to be refreshed behind the answer.
    pub ripe: Vec<usize>,
    pub n_asked: usize,
    /// When the question was put, in milliseconds since 1970.
    pub put_ms: i64,
    stale: Option<Stale>,
    freshness: Freshness,
}

impl Looked {
    /// Begins with nothing known.
    pub fn new(question: Question, system: SystemId, domain: DomainId, bounds: Bounds, put_ms: i64) -> Self {
        let (asked, n_places) = (question.asked(), question.n_places());
        Self {
            question,
            asked,
            system,
            domain,
            bounds,
            found: vec![None; n_places],
            missing: Vec::new(),
            outdated: Vec::new(),
            ran_out: Vec::new(),
            ripe: Vec::new(),
            n_asked: 0,
            put_ms,
            stale: None,
            freshness: Freshness::default(),
        }
    }

    /// Returns how many places it has.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Returns one of its places.
    pub fn place(&self, at: usize) -> Place {
        self.question.place(at)
    }

    /// Takes what is kept of a place, as far as it may be served by what it was judged. Returns whether it may.
    pub fn take_kept(&mut self, at: usize, kept: Kept, (bounds, verdict): (Bounds, Verdict), now_ms: i64) -> bool {
        match verdict {
            Verdict::Dead => {
                self.ran_out.push((at, bounds.too_old_ms(kept.stamp(), kept.is_absent(), now_ms)));
                return false;
            }
            Verdict::Outdated => {
                self.ran_out.push((at, None));
                self.outdated.push((at, kept, bounds));
                return false;
            }
            Verdict::Ripe => self.ripe.push(at),
            Verdict::Fresh => {}
        }
        self.note(&kept, &bounds);
        self.found[at] = Some(Ok(kept));
        true
    }

    /// Notes how old something is that is served, by what it was judged: what was confirmed then may not be any more when
    /// the rest of the question is known.
    pub fn note(&mut self, kept: &Kept, bounds: &Bounds) {
        let stamp = kept.stamp();
        self.freshness.add(bounds.since_ms(stamp), bounds.until_ms(stamp, kept.is_absent()));
    }

    /// Takes what an owner said of a place for this very request. How old that is has been noted.
    pub fn take_answer(&mut self, at: usize, answer: Result<Kept, FetchError>) {
        self.found[at] = Some(match answer {
            Ok(kept) => Ok(kept),
            Err(error) if error.kind.is_transient() || error.kind == FetchErrorKind::Stale => {
                // Of what was kept here and there, the youngest.
                let of_place = self.outdated.iter().filter(|(number, ..)| *number == at);
                match of_place.max_by_key(|(_, kept, bounds)| bounds.since_ms(kept.stamp())).cloned() {
                    None => Err(self.refusing(at, error)),
                    Some((_, kept, bounds)) => {
                        self.note(&kept, &bounds);
                        self.note_stale(bounds.since_ms(kept.stamp()), &error);
                        Ok(kept)
                    }
                }
            }
            Err(error) => Err(error),
        });
    }

    /// Returns what was found without asking the owner, with its places.
    pub fn kept(&self) -> impl Iterator<Item = (usize, Kept)> {
        let found = self.found.iter().enumerate();
        found.filter_map(|(at, found)| Some((at, found.as_ref()?.as_ref().ok()?.clone())))
    }

    /// Whether something of a place was kept that may not be served any more.
    pub fn ran_out(&self, at: usize) -> bool {
        self.ran_out.iter().any(|(place, _)| *place == at)
    }

    /// Says of what an owner did not answer how old what is kept of it is, if that is too old whatever happens.
    fn refusing(&self, at: usize, error: FetchError) -> FetchError {
        let ages = self.ran_out.iter().filter(|(place, _)| *place == at).filter_map(|(_, age_ms)| *age_ms);
        match ages.min() {
            Some(age_ms) if error.too_old.is_none() => {
                let because = Some(error.kind);
                error.with_too_old(TooOld { age_ms, bound_ms: self.bounds.outage_ms, because })
            }
            _ => error,
        }
    }

    /// Returns how many places are refused because what is kept of them is too old.
    pub fn n_refused(&self) -> usize {
        let errors = self.found.iter().flatten().filter_map(|found| found.as_ref().err());
        errors.filter(|error| error.too_old.is_some()).count()
    }

    /// Returns how many places have no answer.
    pub fn n_failed(&self) -> usize {
        self.found.iter().flatten().filter(|found| found.is_err()).count()
    }

    /// Returns how old all of it is that was found.
    pub fn freshness(&self) -> Freshness {
        Freshness { stale: self.stale.iter().cloned().collect(), ..self.freshness.clone() }
    }

    fn note_stale(&mut self, since_ms: i64, error: &FetchError) {
        let Self { system, asked, domain, .. } = &*self;
        let first = Stale { system: *system, asked: *asked, domain: *domain, since_ms, n: 0, code: error.kind.code() };
        let stale = self.stale.get_or_insert(first);
        stale.n += 1;
        stale.since_ms = stale.since_ms.min(since_ms);
    }

    /// Finishes: all places are known, and so is how old all of it is and where it was found.
    pub fn answer(self, freshness: Freshness, levels: Levels) -> Answer {
        let found = self.found.into_iter().map(|found| found.expect("every place was asked for"));
        let record = |kept| match kept {
            Kept::Record(record) => record,
            Kept::Page(_) => unreachable!("a group's places hold records"),
        };
        let page = |kept| match kept {
            Kept::Page(page) => page,
            Kept::Record(_) => unreachable!("a list's places hold pages"),
        };
        let brought = match &self.question {
            Question::Records { .. } => Brought::Records(found.map(|found| found.map(record)).collect()),
            Question::Pages(_) => Brought::Pages(found.map(|found| found.map(page)).collect()),
        };
        Answer { brought, n_asked: self.n_asked, freshness, levels }
    }

    /// Returns the question for some of its places alone.
    pub fn part(&self, places: &[usize]) -> Question {
        self.question.part(places)
    }
}
