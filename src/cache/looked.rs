//! One question and what is known of its answer so far.

use super::{
    kept::{Kept, Place},
    question::{Answer, Asked, Brought, Freshness, Question, Stale},
    serve::{Bounds, Verdict, since_ms},
};
use crate::{
    fetch::{FetchError, FetchErrorKind},
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
    /// What may be served for a missing place if its owner is down.
    outdated: Vec<(usize, Kept)>,
    /// The places of which something was kept that may not be served any more.
    ran_out: Vec<usize>,
    /// The places to be refreshed behind the answer.
    pub ripe: Vec<usize>,
    pub n_asked: usize,
    /// When the question was put, in milliseconds since 1970.
    pub put_ms: i64,
    stale: Option<Stale>,
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

    /// Takes what is kept of a place, as far as it may be served. Returns whether it may.
    pub fn take_kept(&mut self, at: usize, kept: Kept, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Dead => {
                self.ran_out.push(at);
                return false;
            }
            Verdict::Outdated => {
                self.ran_out.push(at);
                self.outdated.push((at, kept));
                return false;
            }
            Verdict::Ripe => self.ripe.push(at),
            Verdict::Fresh => {}
        }
        self.found[at] = Some(Ok(kept));
        true
    }

    /// Takes what an owner said of a place for this very request.
    pub fn take_answer(&mut self, at: usize, answer: Result<Kept, FetchError>) {
        self.found[at] = Some(match answer {
            Ok(kept) => Ok(kept),
            Err(error) if error.kind.is_transient() || error.kind == FetchErrorKind::Stale => {
                // Of what was kept here and there, the youngest.
                let of_place = self.outdated.iter().filter(|(number, _)| *number == at).map(|(_, kept)| kept);
                match of_place.max_by_key(|kept| since_ms(kept.stamp())).cloned() {
                    None => Err(error),
                    Some(kept) => {
                        self.note_stale(&kept, &error);
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
        self.ran_out.contains(&at)
    }

    /// Returns since when the oldest of what was found is known to be true.
    pub fn oldest_ms(&self) -> Option<i64> {
        self.found.iter().flatten().flatten().map(|kept| since_ms(kept.stamp())).min()
    }

    /// Returns how many places are served past their bound.
    pub fn n_stale(&self) -> usize {
        self.stale.as_ref().map_or(0, |stale| stale.n)
    }

    fn note_stale(&mut self, kept: &Kept, error: &FetchError) {
        let (Self { system, asked, domain, .. }, since_ms) = (&*self, since_ms(kept.stamp()));
        let first = Stale { system: *system, asked: *asked, domain: *domain, since_ms, n: 0, code: error.kind.code() };
        let stale = self.stale.get_or_insert(first);
        stale.n += 1;
        stale.since_ms = stale.since_ms.min(since_ms);
    }

    /// Finishes: all places are known.
    pub fn answer(self) -> Answer {
        let mut freshness = Freshness { stale: self.stale.into_iter().collect(), ..Freshness::default() };
        let mut note = |kept: &Kept| {
            freshness.add(since_ms(kept.stamp()), self.bounds.until_ms(kept.stamp(), kept.is_absent()));
        };
        let found = self.found.into_iter().map(|found| found.expect("every place was asked for"));
        let brought = match &self.question {
            Question::Records { .. } => Brought::Records(
                found
                    .map(|found| {
                        let kept = found?;
                        note(&kept);
                        match kept {
                            Kept::Record(record) => Ok(record),
                            Kept::Page(_) => unreachable!("a group's places hold records"),
                        }
                    })
                    .collect(),
            ),
            Question::Pages(_) => Brought::Pages(
                found
                    .map(|found| {
                        let kept = found?;
                        note(&kept);
                        match kept {
                            Kept::Page(page) => Ok(page),
                            Kept::Record(_) => unreachable!("a list's places hold pages"),
                        }
                    })
                    .collect(),
            ),
        };
        Answer { brought, n_asked: self.n_asked, freshness }
    }

    /// Returns the question for some of its places alone.
    pub fn part(&self, places: &[usize]) -> Question {
        self.question.part(places)
    }
}
