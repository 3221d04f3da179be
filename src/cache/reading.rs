//! The way of a wave of questions: memory, then one look at what processes share, then the owners.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::Instant;

use super::{
    Cache, Inner,
    copy::too_old,
    demand::Demand,
    kept::{Kept, Place, RecordPlace},
    looked::Looked,
    question::{Answer, Asked, Asking, Freshness, Levels, Question},
    serve::{Apart, Bounds, Verdict},
    shared::SharedRead,
};
use crate::{
    contract::OnOutage,
    fetch::{Fetch, FetchError, FetchErrorKind},
    source::SystemName,
    telemetry::{Event, Served},
    value::{DomainId, SystemId},
};

/// How long a process waits for what another one is asking for, before it asks for itself.
const OTHERS_WAIT: Duration = Duration::from_millis(200);

/// How long it waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl Cache {
    /// Asks a wave of questions: all that became known together. What is in memory is answered at once; for the rest,
    /// what processes share is looked at once for the whole wave.
    pub fn ask<'a>(&'a self, wave: Vec<Question>, demand: &Demand) -> Vec<Asking<'a>> {
        let inner = &self.0;
        let now_ms = inner.clock.now_ms();
        let looked: Vec<Looked> = wave.into_iter().map(|question| inner.look(question, demand, now_ms)).collect();
        let read = inner.shared.as_ref().and_then(|shared| {
            let looked = looked.iter().filter(|looked| inner.is_shared(looked.system));
            let places: Vec<Place> =
                looked.flat_map(|looked| looked.missing.iter().map(|at| looked.place(*at))).collect();
            // Every question of the wave takes its part of what is read; none copies the whole of it.
            (!places.is_empty()).then(|| shared.read(places).map(Arc::new).shared())
        });
        let mut n_before = 0;
        let asking = looked.into_iter().map(|mut looked| {
            if looked.missing.is_empty() {
                let freshness = looked.freshness();
                let levels = Levels { memory: looked.len(), ..Levels::default() };
                inner.tell(&looked, &freshness, levels, now_ms);
                self.refresh(&looked);
                self.compare(&looked);
                return Asking::Answered(looked.answer(freshness, levels));
            }
            let n_missing = looked.missing.len();
            let read = read.clone().filter(|_| inner.is_shared(looked.system));
            let mine = n_before..n_before + if read.is_some() { n_missing } else { 0 };
            n_before = mine.end;
            let waiting = async move {
                let mut levels = Levels { memory: looked.len() - n_missing, ..Levels::default() };
                if let Some(read) = read {
                    let read = read.await;
                    inner.take_shared(&mut looked, &read, (mine.start, now_ms));
                    levels.shared = n_missing - looked.missing.len();
                }
                self.finish(looked, levels).await
            };
            Asking::Waiting(waiting.boxed())
        });
        asking.collect()
    }

    /// Asks the owner for what is still missing.
    async fn finish(&self, mut looked: Looked, mut levels: Levels) -> Answer {
        let inner = &self.0;
        if inner.shared.is_some() {
            // While what processes share was looked at, an answer that others of this process waited for may have come.
            let (missing, now_ms) = (std::mem::take(&mut looked.missing), inner.clock.now_ms());
            let n_missing = missing.len();
            looked.missing =
                missing.into_iter().filter(|at| !inner.take_from_memory(&mut looked, *at, now_ms)).collect();
            levels.memory += n_missing - looked.missing.len();
        }
        if !looked.missing.is_empty() {
            let n_missing = looked.missing.len();
            inner.wait_for_others(&mut looked).await;
            levels.shared += n_missing - looked.missing.len();
        }
        if !looked.missing.is_empty() {
            levels.fetched = looked.missing.len();
            inner.ask_owner(&mut looked).await;
        }
        let freshness = looked.freshness();
        inner.tell(&looked, &freshness, levels, inner.clock.now_ms());
        self.refresh(&looked);
        looked.answer(freshness, levels)
    }
}

impl Inner {
    /// Returns the system and domain of a group or list.
    pub(super) fn source_of(&self, asked: Asked) -> (SystemId, DomainId) {
        match asked {
            Asked::Group(group) => (self.contract.group(group).system, self.contract.group(group).domain),
            Asked::List(list) => (self.contract.list(list).system, self.contract.list(list).domain),
        }
    }

    pub(super) fn bounds(&self, asked: Asked, demand: &Demand) -> Bounds {
        let (system, domain) = self.source_of(asked);
        let apart = Apart { lag: self.contract.system(system).lag, allowance: self.settings.clock_allowance };
        Bounds { sure: self.confirmed.of(asked), ..Bounds::new(domain, self.contract.domain(domain), demand, apart) }
    }

    /// Looks a question up in memory.
    fn look(&self, question: Question, demand: &Demand, now_ms: i64) -> Looked {
        let asked = question.asked();
        let (system, domain) = self.source_of(asked);
        let mut looked = Looked::new(question, system, domain, self.bounds(asked, demand), now_ms);
        for at in 0..looked.len() {
            if !self.take_from_memory(&mut looked, at, now_ms) {
                looked.missing.push(at);
            }
        }
        looked
    }

    /// Takes what memory has of a place. Returns whether it is served.
    fn take_from_memory(&self, looked: &mut Looked, at: usize, now_ms: i64) -> bool {
        let kept = match &looked.question {
            Question::Records { group, keys, .. } => self.memory.get(&RecordPlace(*group, &keys[at])),
            Question::Pages(_) => self.memory.get(&looked.place(at)),
        };
        kept.is_some_and(|kept| self.take(looked, at, kept, now_ms))
    }

    /// Judges what is kept of a place. Returns whether it is served.
    fn take(&self, looked: &mut Looked, at: usize, kept: Kept, now_ms: i64) -> bool {
        if !self.recalls.allow(looked.asked, || looked.place(at), kept.stamp()) {
            return false;
        }
        let mut bounds = looked.bounds;
        bounds.confirm_after(self.recalls.forgotten_ms());
        let share = || match &looked.question {
            Question::Records { keys, .. } => RecordPlace::share(&keys[at]),
            Question::Pages(_) => looked.place(at).share(),
        };
        let verdict = bounds.judge(kept.stamp(), kept.is_absent(), share, now_ms);
        looked.take_kept(at, kept, (bounds, verdict), now_ms)
    }

    /// Takes what other processes kept for the missing places, which begin at `first` of what was begun to be read at
    /// `began_ms`.
    fn take_shared(&self, looked: &mut Looked, read: &SharedRead, (first, began_ms): (usize, i64)) {
        let now_ms = self.clock.now_ms();
        for (asked, at_ms) in &read.recalled {
            self.recalls.recall_all(*asked, *at_ms);
        }
        let missing = std::mem::take(&mut looked.missing);
        for (n, at) in missing.into_iter().enumerate() {
            let taken = read.entries.get(first + n).and_then(Option::as_ref).is_some_and(|kept| {
                let taken = self.take(looked, at, kept.clone(), now_ms);
                if taken {
                    self.remember(looked.asked, &looked.place(at), kept, began_ms);
                }
                taken
            });
            if !taken {
                looked.missing.push(at);
            }
        }
    }

    /// Where another process is asking for all that is missing, waits a moment for what it brings. That is so when
    /// something that many want runs out; what was never there is asked for at once.
    async fn wait_for_others(&self, looked: &mut Looked) {
        let Some(shared) = &self.shared else { return };
        if !self.is_shared(looked.system)
            || looked.bounds.is_tightened
            || !looked.missing.iter().all(|at| looked.ran_out(*at))
        {
            return;
        }
        let places = |looked: &Looked| looked.missing.iter().map(|at| looked.place(*at)).collect::<Vec<_>>();
        if shared.lease(places(looked), self.lease(looked.domain)).await.contains(&true) {
            return;
        }
        // What processes share may be slow itself, and the caller may have less time.
        let until = (Instant::now() + OTHERS_WAIT).min(looked.question.deadline().into());
        while !looked.missing.is_empty() && Instant::now() < until {
            tokio::time::sleep(LOOK_AGAIN).await;
            let began_ms = self.clock.now_ms();
            let read = shared.read(places(looked)).await;
            self.take_shared(looked, &read, (0, began_ms));
        }
    }

    /// Asks the owner for the missing places, and keeps what comes.
    async fn ask_owner(&self, looked: &mut Looked) {
        let missing = std::mem::take(&mut looked.missing);
        let asked_ms = self.clock.now_ms();
        let answers = self.put(looked.part(&missing), looked.system).await;
        looked.n_asked += 1;
        let mut again = Vec::new();
        for (at, answer) in missing.into_iter().zip(answers) {
            match answer.and_then(|kept| self.accept(looked, at, kept, asked_ms)) {
                Ok(Some(kept)) => looked.take_answer(at, Ok(kept)),
                // It was on its way for someone else, and is too old for us.
                Ok(None) => again.push(at),
                Err(error) => looked.take_answer(at, Err(error)),
            }
        }
        if again.is_empty() {
            return;
        }
        // Whatever is under way by this time began after the question was put.
        let answers = self.put(looked.part(&again), looked.system).await;
        looked.n_asked += 1;
        for (at, answer) in again.into_iter().zip(answers) {
            let answer = answer.and_then(|kept| match self.accept(looked, at, kept, asked_ms)? {
                Some(kept) => Ok(kept),
                None => Err(self.refused(looked, "what came had been asked before the question was put")),
            });
            looked.take_answer(at, answer);
        }
    }

    /// Puts a question to its owner, and keeps what comes.
    pub(super) async fn put(&self, question: Question, system: SystemId) -> Vec<Result<Kept, FetchError>> {
        let owner = self.owners.of(system);
        let asked = question.asked();
        let places: Vec<Place> = (0..question.n_places()).map(|at| question.place(at)).collect();
        let answers: Vec<_> = match question {
            Question::Records { group, keys, deadline } => {
                let outcomes = owner.fetch(Fetch { group, keys, deadline }).await;
                outcomes.into_iter().map(|outcome| outcome.map(Kept::Record)).collect()
            }
            Question::Pages(fetch) => {
                let pages = owner.list(fetch).await;
                pages.into_iter().map(|page| page.map(|page| Kept::Page(page.into()))).collect()
            }
        };
        self.keep(asked, &places, &answers);
        answers
    }

    /// Keeps what an owner said, in the process and between processes.
    fn keep(&self, asked: Asked, places: &[Place], answers: &[Result<Kept, FetchError>]) {
        let (system, domain) = self.source_of(asked);
        if !self.is_kept(domain) {
            return;
        }
        let lasting = self.lasting(domain);
        // A long list or an export passes through once: it would only take the place of what is asked for often.
        let fits = places.len() <= self.settings.places_kept_max;
        let mut shared = Vec::new();
        for (place, kept) in places.iter().zip(answers).filter_map(|(place, kept)| Some((place, kept.as_ref().ok()?))) {
            if fits && self.remember(asked, place, kept, kept.stamp().started_ms) && self.is_shared(system) {
                shared.push((place.clone(), kept.clone(), lasting));
            }
        }
        if let Some(level) = self.shared.as_ref().filter(|_| !shared.is_empty()) {
            level.keep(shared);
        }
    }

    /// Keeps something in the process unless it is recalled, or was asked for or read before a gap ended. Returns whether
    /// it is not recalled.
    pub(super) fn remember(&self, asked: Asked, place: &Place, kept: &Kept, began_ms: i64) -> bool {
        let is_allowed = || self.recalls.allow(asked, || place.clone(), kept.stamp());
        if !is_allowed() {
            return false;
        }
        if !self.recalls.heard_since(began_ms) {
            return true;
        }
        self.memory.put(place.clone(), kept);
        // A recall that came meanwhile either found it there, or is found now: it must not outlast what is remembered of it.
        let is_allowed = is_allowed();
        if !is_allowed || !self.recalls.heard_since(began_ms) {
            self.memory.forget(place);
        }
        is_allowed
    }

    /// Whether anything of a domain is worth keeping.
    fn is_kept(&self, domain: DomainId) -> bool {
        self.contract.domain(domain).max_age > self.settings.clock_allowance
    }

    /// Whether processes share what a system says. What Freehold says of itself each says of itself alone.
    pub(super) fn is_shared(&self, system: SystemId) -> bool {
        self.shared.is_some() && !self.contract.system(system).kind.is_inside()
    }

    /// For how long something of a domain can be of use.
    pub(super) fn lasting(&self, domain: DomainId) -> Duration {
        let domain = self.contract.domain(domain);
        match domain.on_outage {
            OnOutage::Refuse => domain.max_age,
            OnOutage::ServeUpTo(age) => age.max(domain.max_age),
        }
    }

    /// Judges what an owner said: `None` for what was asked for someone else before, and is too old for this request.
    fn accept(&self, looked: &mut Looked, at: usize, kept: Kept, asked_ms: i64) -> Result<Option<Kept>, FetchError> {
        let stamp = *kept.stamp();
        // What was asked for this request is true at an instant within it. Only a copy can be older than its question.
        let is_joined = stamp.started_ms < asked_ms;
        let is_copy = stamp.as_of_ms.is_some() || (looked.bounds.lag_ms > 0 && !is_joined);
        let mut bounds = looked.bounds;
        if !is_joined && !is_copy {
            looked.note(&kept, &bounds);
            return Ok(Some(kept));
        }
        // A slow fetch that began before a change brings what was before it.
        if is_joined && !self.recalls.allow(looked.asked, || looked.place(at), &stamp) {
            return Ok(None);
        }
        bounds.confirm_after(self.recalls.forgotten_ms());
        let now_ms = self.clock.now_ms();
        match bounds.judge(&stamp, kept.is_absent(), || 0, now_ms) {
            Verdict::Fresh | Verdict::Ripe => {
                looked.note(&kept, &bounds);
                Ok(Some(kept))
            }
            _ if !is_copy => Ok(None),
            verdict => {
                let max_age = Duration::from_millis(bounds.max_age_ms.unsigned_abs());
                let error = too_old(&self.contract, looked.asked, &stamp, max_age, now_ms);
                if verdict == Verdict::Outdated {
                    looked.take_kept(at, kept, (bounds, verdict), now_ms);
                }
                Err(error)
            }
        }
    }

    /// Refuses what is past its bound.
    fn refused(&self, looked: &Looked, detail: &str) -> FetchError {
        SystemName::new(&self.contract, looked.system).error(FetchErrorKind::Stale, detail)
    }

    /// Tells what a question was answered from.
    fn tell(&self, looked: &Looked, freshness: &Freshness, levels: Levels, now_ms: i64) {
        let Levels { memory, shared, fetched } = levels;
        let domain = &self.contract.domain(looked.domain).name;
        let age = freshness.since_ms.map(|since_ms| Duration::from_millis((now_ms - since_ms).max(0) as u64));
        let n_stale = freshness.stale.iter().map(|stale| stale.n).sum();
        let n_refused = looked.n_refused();
        // Nothing makes this true but a mistake in this room: it is counted so that it can be seen to be 0.
        let oldest_ms = looked.put_ms - looked.bounds.max_age_ms;
        let is_violation = n_stale == 0 && freshness.since_ms.is_some_and(|since_ms| since_ms < oldest_ms);
        self.telemetry.emit(&Event::Served(Served {
            domain,
            memory,
            shared,
            fetched,
            n_stale,
            n_refused,
            n_failed: looked.n_failed(),
            age,
            is_violation,
        }));
    }
}
