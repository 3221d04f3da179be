//! A run: through the keys of everything that is compared, a stretch at a time.
//!
//! In: whom to ask, what to compare, how far an earlier run came. Out: findings in the ledger and a summary. A stretch is saved
//! whole or not at all, so a run that ends early is gone on with where its last stretch ended, and counts nothing twice.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::time::sleep;

use super::{
    ReconcileError, ReconcileOptions, Reconciling,
    ask::Asking,
    compare::{Sides, Verdict, compare},
    listing::{Listing, listing},
    pairs::{Pairing, pairings},
    position::{Leg, Listed, Position, Walk},
    summary::{Stopped, Summary, drift},
};
use crate::{
    contract::Contract,
    fetch::{Clock, Count, FetchError, Outcome, SystemClock},
    ledger::{Checked, Entity, FindingFilter, FindingKind, LedgerError, Page, Progress, RunId, State, Store},
    value::Key,
};

/// Keys asked for at once: few enough for any system, enough that a question's own cost does not matter.
const BATCH_KEYS_MAX: usize = 250;

/// Keys between two savings: what a run that ends early looks at again, and what is waited for together to settle.
const STRETCH_KEYS_MAX: usize = 2_000;

/// Batches in a row of which a group answers nothing, though its system answers: more would only be more of the same.
const FAILED_BATCHES_MAX: usize = 3;

/// How far a run has come with one of the things it compares, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// What is compared, as `Product in shop`.
    pub what: String,
    /// Whose keys are gone through.
    pub system: String,
    /// Rows of the listing so far.
    pub n_done: u64,
    /// Rows in all, as far as that is known.
    pub n_total: Option<u64>,
    /// Entities with something to tell so far, before they are looked at again.
    pub n_suspects: u64,
}

/// Why something is not compared to its end.
enum Stop {
    /// A system does not answer.
    Silent(FetchError),
    /// The ledger takes no findings.
    Ledger(LedgerError),
}

/// What was looked at since the last saving.
#[derive(Default)]
struct Stretch {
    verdicts: Vec<(Key, Verdict)>,
    /// Those of which something is to be told, unless it was a change under way.
    suspects: Vec<Key>,
    n_unmatched: u64,
    n_rows: usize,
}

/// Runs.
pub(super) async fn run(
    asked: Reconciling<'_>,
    options: &ReconcileOptions,
    advance: &mut (dyn FnMut(&Advance) + Send),
) -> Result<Summary, ReconcileError> {
    let Reconciling { contract, owners, store } = asked;
    let pairings = pairings(contract, options.system, options.entity);
    if pairings.is_empty() {
        return Err(ReconcileError::NothingCopied);
    }
    let mut run = Run {
        contract,
        asking: Asking::new(contract, owners, options.rate),
        options,
        store,
        advance,
        summary: Summary::begin(contract, &pairings),
        pairings: &pairings,
        position: Position::default(),
        id: None,
        n_failed_batches: 0,
    };
    run.begin().await?;
    for (number, pairing) in pairings.iter().enumerate() {
        match run.walk(number).await {
            Ok(()) => {}
            Err(Stop::Silent(error)) => run.summary.stopped.push(Stopped {
                what: pairing.name(contract),
                system: error.system.to_string(),
                code: error.kind.code().to_owned(),
                detail: error.detail.clone(),
            }),
            Err(Stop::Ledger(error)) => return Err(error.into()),
        }
    }
    run.finish().await
}

struct Run<'a> {
    contract: &'a Contract,
    asking: Asking<'a>,
    options: &'a ReconcileOptions,
    store: Option<&'a Store>,
    advance: &'a mut (dyn FnMut(&Advance) + Send),
    pairings: &'a [Pairing],
    summary: Summary,
    position: Position,
    id: Option<RunId>,
    n_failed_batches: usize,
}

impl<'a> Run<'a> {
    /// Begins, or goes on where the last run of the same came to.
    async fn begin(&mut self) -> Result<(), ReconcileError> {
        let Some(store) = self.store else { return Ok(()) };
        let compared = self.summary.fields.iter().map(|field| {
            format!("{}.{}: {}, {}", field.entity_type, field.field, field.owner_system, field.copy_system)
        });
        let options = json!({ "compared": compared.collect::<Vec<_>>(), "sample": self.options.sample }).to_string();
        let earlier = if self.options.resumes { store.unfinished_run(&options).await? } else { None };
        let run = match earlier {
            Some(run) => run,
            None => store.begin_run(&options, SystemClock.now_ms()).await?,
        };
        self.id = Some(run.id);
        if let (Some(position), Some(totals)) = (&run.position, &run.totals) {
            self.position = serde_json::from_str(position)?;
            self.summary = serde_json::from_str(totals)?;
            self.summary.stopped.clear();
        }
        Ok(())
    }

    /// A run that could not compare everything stays unfinished.
    async fn finish(self) -> Result<Summary, ReconcileError> {
        if let (Some(store), Some(id), true) = (self.store, self.id, self.summary.stopped.is_empty()) {
            let totals = serde_json::to_string(&self.summary)?;
            store.finish_run(id, &totals, SystemClock.now_ms()).await?;
        }
        Ok(self.summary)
    }

    /// Keys asked for at once: what may be asked for in a second is the most that comes in one.
    fn batch_keys(&self) -> usize {
        BATCH_KEYS_MAX.min(self.options.rate.get() as usize)
    }

    async fn walk(&mut self, number: usize) -> Result<(), Stop> {
        let (contract, pairing) = (self.contract, &self.pairings[number]);
        let name = pairing.name(contract);
        let mut walk = self.position.walks.get(&name).cloned().unwrap_or_default();
        let listings = [pairing.owner, pairing.copy].map(|system| listing(contract, pairing.entity, system));
        let [of_owner, of_copy] = &listings;
        let named = |listing: &Option<Listing>| listing.as_ref().map(|one| contract.list(one.list).name.clone());
        self.summary.gaps[number].missing_in_copy.list = named(of_owner);
        self.summary.gaps[number].missing_in_owner.list = named(of_copy);
        while walk.leg != Leg::Done {
            let listing = match walk.leg {
                Leg::Owner => of_owner.as_ref(),
                Leg::Copy => of_copy.as_ref(),
                Leg::Known | Leg::Done => None,
            };
            if let Some(listing) = listing {
                // Whom the owner's keys led to has been compared; of the rest it is only to be seen who they are.
                let compares = walk.leg == Leg::Owner || of_owner.is_none();
                self.listed(number, listing, &mut walk, compares).await?;
            } else if walk.leg == Leg::Known {
                self.known(number).await?;
            }
            walk = Walk { leg: walk.leg.next(), listed: None };
            self.position.walks.insert(name.clone(), walk.clone());
            self.save(number, Stretch::default(), true).await?;
        }
        Ok(())
    }

    /// Goes through a listing from where it stands.
    async fn listed(&mut self, number: usize, listing: &Listing, walk: &mut Walk, compares: bool) -> Result<(), Stop> {
        let pairing = &self.pairings[number];
        let list = self.contract.list(listing.list);
        let batch = self.batch_keys().min(list.page_rows_max as usize);
        let sample = self.options.sample;
        let mut at = match walk.listed.take() {
            Some(listed) => listed,
            None => {
                let n_total = match self.asking.count(listing).await? {
                    Some(Count::Exactly(n) | Count::MoreThan(n)) => Some(n),
                    None => None,
                };
                let run = self.id.map_or_else(|| SystemClock.now_ms(), |RunId(id)| id);
                Listed::begin(n_total, sample, run.unsigned_abs())
            }
        };
        let mut advanced = Advance {
            what: pairing.name(self.contract),
            system: self.contract.system(list.system).name.clone(),
            n_done: at.n_rows,
            n_total: at.n_total,
            n_suspects: 0,
        };
        let mut has_next = true;
        while has_next {
            let mut stretch = Stretch::default();
            while has_next && stretch.n_rows < STRETCH_KEYS_MAX {
                let page = self.asking.page(listing, batch as u32, at.cursor()).await?;
                has_next = page.has_next && page.last().is_some();
                at.after = page.last().map(|cursor| cursor.0.clone());
                stretch.n_unmatched += page.left_out.as_ref().map_or(0, |left_out| left_out.n_unmatched);
                stretch.n_rows += page.items.len().max(1);
                let taken = page.items.iter().filter(|_| at.takes_next(sample));
                let keys: BTreeSet<Key> = taken.filter_map(|item| listing.key(&item.key)).collect();
                let keys: Vec<Key> = keys.into_iter().collect();
                let n_before = stretch.suspects.len();
                match compares {
                    true => self.look(pairing, keys, &mut stretch).await?,
                    false => self.look_for_owner(pairing, keys, &mut stretch).await?,
                }
                has_next &= sample.is_none_or(|sample| at.n_taken < sample);
                advanced.n_suspects += (stretch.suspects.len() - n_before) as u64;
                advanced.n_done = at.n_rows;
                (self.advance)(&advanced);
            }
            self.settle(pairing, &mut stretch).await?;
            let stands = Walk { leg: walk.leg, listed: Some(at.clone()) };
            self.position.walks.insert(pairing.name(self.contract), stands);
            self.save(number, stretch, true).await?;
        }
        Ok(())
    }

    /// Looks again at what earlier runs have found and this one has not come across.
    async fn known(&mut self, number: usize) -> Result<(), Stop> {
        let (Some(store), Some(run)) = (self.store, self.id) else { return Ok(()) };
        let pairing = &self.pairings[number];
        let filter = FindingFilter {
            entity_type: Some(pairing.type_name.clone()),
            copy_system: Some(self.contract.system(pairing.copy).name.clone()),
            state: State::Open,
            ..FindingFilter::default()
        };
        let mut page = Page::first(BATCH_KEYS_MAX);
        loop {
            let found = store.findings(&filter, &page).await.map_err(Stop::Ledger)?;
            let earlier = found.rows.iter().filter(|finding| finding.run != run);
            let keys = earlier.filter_map(|finding| pairing.key_shown(&finding.found.entity.key));
            let keys: Vec<Key> = keys.collect::<BTreeSet<_>>().into_iter().collect();
            for keys in keys.chunks(self.batch_keys()) {
                let mut stretch = Stretch::default();
                self.look(pairing, keys.to_vec(), &mut stretch).await?;
                self.settle(pairing, &mut stretch).await?;
                let gap = &mut self.summary.gaps[number];
                gap.n_asked_again += stretch.verdicts.len() as u64;
                gap.n_still_found += stretch.verdicts.iter().filter(|(_, one)| !one.found.is_empty()).count() as u64;
                self.save(number, stretch, false).await?;
            }
            page.after = found.next;
            if page.after.is_none() {
                return Ok(());
            }
        }
    }

    /// Compares keys. What differs is looked at again before it is told.
    async fn look(&mut self, pairing: &Pairing, keys: Vec<Key>, stretch: &mut Stretch) -> Result<(), Stop> {
        let verdicts = self.verdicts(pairing, &keys).await?;
        for (key, verdict) in keys.into_iter().zip(verdicts) {
            match verdict.found.is_empty() {
                true => stretch.verdicts.push((key, verdict)),
                false => stretch.suspects.push(key),
            }
        }
        Ok(())
    }

    /// Looks whether the owner has keys of a copy.
    async fn look_for_owner(&mut self, pairing: &Pairing, keys: Vec<Key>, stretch: &mut Stretch) -> Result<(), Stop> {
        if keys.is_empty() {
            return Ok(());
        }
        let outcomes = self.asking.one(pairing.of_owners[0], &keys).await;
        self.answered([&outcomes].into_iter()).await?;
        let is_there = |outcome: &Outcome| outcome.as_ref().is_ok_and(|record| record.table().is_some());
        let lacking = keys.into_iter().zip(&outcomes).filter(|(_, outcome)| !is_there(outcome));
        stretch.suspects.extend(lacking.map(|(key, _)| key));
        Ok(())
    }

    /// Asks both sides once more, after a moment, for what differs: a change under way is no finding.
    async fn settle(&mut self, pairing: &Pairing, stretch: &mut Stretch) -> Result<(), Stop> {
        if stretch.suspects.is_empty() {
            return Ok(());
        }
        sleep(self.options.settle).await;
        for keys in std::mem::take(&mut stretch.suspects).chunks(self.batch_keys()) {
            let mut verdicts = self.verdicts(pairing, keys).await?;
            self.forgive_what_is_not_handed_over(pairing, keys, &mut verdicts).await;
            stretch.verdicts.extend(keys.iter().cloned().zip(verdicts));
        }
        Ok(())
    }

    /// What the copying system has until the owner has it is missing nowhere.
    async fn forgive_what_is_not_handed_over(&mut self, pairing: &Pairing, keys: &[Key], verdicts: &mut [Verdict]) {
        let Some(handover) = pairing.handover else { return };
        let is_missing = |verdict: &Verdict| verdict.gap() == Some(FindingKind::MissingInOwner);
        let missing: Vec<usize> = (0..keys.len()).filter(|number| is_missing(&verdicts[*number])).collect();
        if missing.is_empty() {
            return;
        }
        let asked: Vec<Key> = missing.iter().map(|number| keys[*number].clone()).collect();
        for (number, outcome) in missing.into_iter().zip(self.asking.one(handover, &asked).await) {
            if outcome.is_ok_and(|record| record.table().is_some()) {
                verdicts[number] = Verdict::default();
            }
        }
    }

    async fn verdicts(&mut self, pairing: &Pairing, keys: &[Key]) -> Result<Vec<Verdict>, Stop> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = self.asking.both(pairing, keys).await;
        self.answered(asked.owners.iter().chain(&asked.copy)).await?;
        let verdict = |(number, key): (usize, &Key)| {
            let of =
                |groups: &'_ [Vec<Outcome>]| -> Vec<_> { groups.iter().map(|group| group[number].clone()).collect() };
            let (owners, copy) = (of(&asked.owners), of(&asked.copy));
            let sides = Sides { owners: owners.iter().collect(), copy: copy.iter().collect() };
            compare(self.contract, pairing, key, &sides)
        };
        Ok(keys.iter().enumerate().map(verdict).collect())
    }

    /// A group that answers no key at all is silent, and nothing is known of what it holds. Where its system answers, it may
    /// be these keys alone; that again and again it is not.
    async fn answered(&mut self, groups: impl Iterator<Item = &Vec<Outcome>>) -> Result<(), Stop> {
        let failed = groups.filter(|outcomes| outcomes.iter().all(Result::is_err));
        let error = failed.filter_map(|outcomes| outcomes.first()?.as_ref().err().cloned()).next();
        let Some(error) = error else {
            self.n_failed_batches = 0;
            return Ok(());
        };
        self.n_failed_batches += 1;
        if self.n_failed_batches > FAILED_BATCHES_MAX || !self.asking.answers(error.system_id).await {
            self.n_failed_batches = 0;
            return Err(Stop::Silent(error));
        }
        Ok(())
    }

    /// Counts a stretch and saves it, with the place that the walk has come to.
    async fn save(&mut self, number: usize, stretch: Stretch, counts: bool) -> Result<(), Stop> {
        let (contract, pairing) = (self.contract, &self.pairings[number]);
        let mut progress = Progress::default();
        for (key, verdict) in stretch.verdicts {
            if counts {
                self.summary.add(self.pairings, number, &verdict);
                progress.fields.extend(drift(contract, pairing, &verdict));
            }
            if verdict.is_whole() {
                progress.checked.push(Checked {
                    entity: Entity::new(&pairing.type_name, key.to_string()),
                    copy_system: contract.system(pairing.copy).name.clone(),
                });
            }
            progress.found.extend(verdict.found);
        }
        let walks_owner = self.position.walks.get(&pairing.name(contract)).is_some_and(|walk| walk.leg == Leg::Owner);
        let gap = &mut self.summary.gaps[number];
        let listed = if walks_owner { &mut gap.missing_in_copy } else { &mut gap.missing_in_owner };
        listed.n_unmatched += stretch.n_unmatched;
        let (Some(store), Some(id)) = (self.store, self.id) else { return Ok(()) };
        let written = |error: serde_json::Error| Stop::Ledger(LedgerError::Refused(error.to_string()));
        progress.position = serde_json::to_string(&self.position).map_err(written)?;
        progress.totals = serde_json::to_string(&self.summary).map_err(written)?;
        store.save_run(id, &progress, SystemClock.now_ms()).await.map_err(Stop::Ledger)
    }
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        Self::Silent(error)
    }
}
