//! Mapped keys: a system is asked with its own keys and answers with the graph's.
//!
//! In: any question, in the graph's keys. Out: its answer, in the graph's keys and the order asked. A key that the system
//! has no key of its own for is a known absence; a row whose key is none of the graph's is left out of its page, which
//! says so. Nothing is left out unseen: pages carry it and the telemetry is told.

use std::{collections::HashMap, sync::Arc, time::Instant};

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};

use super::key_mapper::{KeyMapper, Other};
use crate::{
    contract::{Contract, KeyMapping, List},
    fetch::{
        Clock, Count, Fetch, FetchError, FetchErrorKind, LeftOut, ListFetch, Outcome, Owner, Page, Record, Stamp,
        SystemClock,
    },
    source::SystemName,
    telemetry::{Event, Telemetry},
    value::{Argument, Key, SystemId},
};

/// An owner whose keys are not the graph's.
pub struct Mapped {
    inner: Arc<dyn Owner>,
    contract: Arc<Contract>,
    /// The owners of all systems, which answer the cross-references.
    owners: Arc<[Arc<dyn Owner>]>,
    name: SystemName,
    telemetry: Telemetry,
}

impl Mapped {
    /// Wraps those owners whose systems have keys of their own.
    ///
    /// *Shape*: one owner per system, in the contract's order, in and out.
    pub fn wrap(contract: &Arc<Contract>, owners: Vec<Arc<dyn Owner>>, telemetry: &Telemetry) -> Vec<Arc<dyn Owner>> {
        let owners: Arc<[Arc<dyn Owner>]> = owners.into();
        let has_mapping = |system: SystemId| {
            let mut groups = contract.groups.iter().filter(|group| group.system == system);
            let mut lists = contract.lists.iter().filter(|list| list.system == system);
            groups.any(|group| group.key.is_some())
                || lists.any(|list| list.key.is_some() || list.argument_keys.iter().any(Option::is_some))
        };
        let wrapped = owners.iter().enumerate().map(|(number, inner)| -> Arc<dyn Owner> {
            let (system, inner) = (SystemId::from(number), Arc::clone(inner));
            if !has_mapping(system) {
                return inner;
            }
            let (contract, owners, telemetry) = (Arc::clone(contract), Arc::clone(&owners), telemetry.clone());
            let name = SystemName::new(&contract, system);
            Arc::new(Self { inner, contract, owners, name, telemetry })
        });
        wrapped.collect()
    }

    fn mapper<'m>(&'m self, mapping: &'m KeyMapping, deadline: Instant) -> KeyMapper<'m> {
        KeyMapper { contract: &self.contract, owners: &self.owners, system: &self.name, mapping, deadline }
    }

    async fn fetch_mapped(&self, mapping: &KeyMapping, fetch: Fetch) -> Vec<Outcome> {
        let Fetch { group, keys, deadline } = fetch;
        let started_ms = SystemClock.now_ms();
        let others = self.mapper(mapping, deadline).to_own(&keys).await;
        let own = others.iter().filter_map(|other| match other {
            Other::Key(key) => Some(key.clone()),
            _ => None,
        });
        let own: Arc<[Key]> = own.collect();
        let mut answered = match own.is_empty() {
            true => Vec::new(),
            false => self.inner.fetch(Fetch { group, keys: own, deadline }).await,
        }
        .into_iter();
        self.tell_unmatched(&self.contract.group(group).name, &keys, &others);
        let here = Stamp { system: self.name.id(), started_ms, ended_ms: started_ms, as_of_ms: None, until_ms: None };
        let outcome = |other: Other| match other {
            Other::Key(_) => answered.next().expect("an owner gives every key its outcome"),
            Other::Unmatched(stamp) => Ok(Record::absent(stamp.unwrap_or(here)).into()),
            Other::Failed(error) => Err(error),
        };
        others.into_iter().map(outcome).collect()
    }

    fn tell_unmatched(&self, asked: &str, keys: &[Key], others: &[Other]) {
        let (mut n_unmatched, mut n_ambiguous, mut samples) = (0, 0, Vec::new());
        for (key, other) in keys.iter().zip(others) {
            match other {
                Other::Unmatched(_) => n_unmatched += 1,
                Other::Failed(error) if error.kind == FetchErrorKind::ContractViolation => n_ambiguous += 1,
                Other::Key(_) | Other::Failed(_) => continue,
            }
            if samples.len() < LeftOut::SAMPLES_MAX {
                samples.push(key.to_string());
            }
        }
        if n_unmatched + n_ambiguous > 0 {
            let system = &self.contract.system(self.name.id()).name;
            self.telemetry.emit(&Event::KeysUnmatched { system, asked, n_unmatched, n_ambiguous, samples: &samples });
        }
    }

    async fn list_mapped(&self, list: &List, mut fetch: ListFetch) -> Vec<Result<Page, FetchError>> {
        let (stamp, deadline) = (Stamp::answered(self.name.id(), SystemClock.now_ms()), fetch.deadline);
        let count = fetch.count_up_to.map(|_| Count::Exactly(0));
        let mapped = self.arguments(list, &fetch).await;
        fetch.arguments = mapped.iter().filter_map(|arguments| arguments.clone().ok()).collect();
        let mut answered = match fetch.arguments.is_empty() {
            true => Vec::new(),
            false => self.inner.list(fetch).await,
        }
        .into_iter();
        let pages = mapped.into_iter().map(|arguments| match arguments {
            Ok(_) => answered.next().expect("an owner gives every parent its page"),
            // The system knows nothing of the parent, so it has no rows for it.
            Err(None) => {
                Ok(Page { items: Vec::new(), has_next: false, has_previous: false, count, stamp, left_out: None })
            }
            Err(Some(error)) => Err(error),
        });
        let mut pages: Vec<Result<Page, FetchError>> = pages.collect();
        if let Some(mapping) = list.key.as_ref().filter(|mapping| mapping.changes_keys()) {
            self.read_back(mapping, deadline, &mut pages).await;
        }
        self.tell_left_out(list, &pages);
        pages
    }

    /// Maps the arguments that are keys.
    ///
    /// *Errors*: none where the system has no key of its own for one; else why it is not known.
    async fn arguments(&self, list: &List, fetch: &ListFetch) -> Vec<Result<Box<[Argument]>, Option<FetchError>>> {
        let others = list.argument_keys.iter().enumerate().map(|(position, mapping)| async move {
            let mapping = mapping.as_ref().filter(|mapping| mapping.changes_keys())?;
            let mut keys: Vec<Key> = Vec::new();
            let mut known: HashMap<Key, usize> = HashMap::new();
            let arguments = fetch.arguments.iter().filter_map(|arguments| arguments.get(position));
            for text in arguments.flat_map(texts) {
                known.entry(Key::one(text)).or_insert_with_key(|key| {
                    keys.push(key.clone());
                    keys.len() - 1
                });
            }
            let keys: Arc<[Key]> = keys.into();
            let others = self.mapper(mapping, fetch.deadline).to_own(&keys).await;
            self.tell_unmatched(&list.name, &keys, &others);
            Some(keys.iter().cloned().zip(others).collect::<HashMap<Key, Other>>())
        });
        let others = join_all(others).await;
        let mapped = |arguments: &[Argument]| {
            let own = arguments.iter().enumerate().map(|(position, argument)| {
                match others.get(position).and_then(Option::as_ref) {
                    None => Ok(argument.clone()),
                    Some(others) => own_argument(argument, others),
                }
            });
            own.collect::<Result<Box<[Argument]>, Option<FetchError>>>()
        };
        fetch.arguments.iter().map(|arguments| mapped(arguments)).collect()
    }

    /// Gives the rows of all pages the graph's keys.
    async fn read_back(&self, mapping: &KeyMapping, deadline: Instant, pages: &mut [Result<Page, FetchError>]) {
        let mut keys: Vec<Key> = Vec::new();
        let mut known: HashMap<Key, usize> = HashMap::new();
        for item in pages.iter().flatten().flat_map(|page| &page.items) {
            known.entry(item.key.clone()).or_insert_with_key(|key| {
                keys.push(key.clone());
                keys.len() - 1
            });
        }
        let others = self.mapper(mapping, deadline).to_graph(&keys.into()).await;
        for slot in pages {
            let Ok(page) = slot else { continue };
            let lost = page.items.iter().find_map(|item| match &others[known[&item.key]] {
                // One key's ambiguity is that row's; a system that does not answer takes the page.
                Other::Failed(error) if error.kind != FetchErrorKind::ContractViolation => Some(error.clone()),
                _ => None,
            });
            match lost {
                Some(error) => *slot = Err(error),
                None => matched(page, |key| &others[known[key]]),
            }
        }
    }

    fn tell_left_out(&self, list: &List, pages: &[Result<Page, FetchError>]) {
        let left_out: Vec<&LeftOut> = pages.iter().flatten().filter_map(|page| page.left_out.as_deref()).collect();
        if !left_out.is_empty() {
            let samples = left_out.iter().flat_map(|one| &one.samples).take(LeftOut::SAMPLES_MAX).cloned();
            self.telemetry.emit(&Event::RowsLeftOut {
                system: &self.contract.system(self.name.id()).name,
                list: &list.name,
                n_unmatched: left_out.iter().map(|one| one.n_unmatched).sum(),
                n_ambiguous: left_out.iter().map(|one| one.n_ambiguous).sum(),
                samples: &samples.collect::<Vec<_>>(),
            });
        }
    }
}

/// Gives a page's rows the graph's keys and leaves out those that have none.
fn matched<'o>(page: &mut Page, other: impl Fn(&Key) -> &'o Other) {
    let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else { return };
    let ends = (first.cursor.clone(), last.cursor.clone());
    let mut left_out = page.left_out.take().unwrap_or_else(|| Box::new(LeftOut::new(ends.0, ends.1)));
    page.items.retain_mut(|item| match other(&item.key) {
        Other::Key(key) => {
            item.key = key.clone();
            true
        }
        Other::Unmatched(_) => {
            left_out.add_unmatched(|| item.key.to_string());
            false
        }
        Other::Failed(_) => {
            left_out.add_ambiguous(|| item.key.to_string());
            false
        }
    });
    page.left_out = (!left_out.is_empty()).then_some(left_out);
}

fn texts(argument: &Argument) -> &[compact_str::CompactString] {
    match argument {
        Argument::Null => &[],
        Argument::One(text) => std::slice::from_ref(text),
        Argument::Many(texts) => texts,
    }
}

fn own_argument(argument: &Argument, others: &HashMap<Key, Other>) -> Result<Argument, Option<FetchError>> {
    let mut own = Vec::new();
    for text in texts(argument) {
        match others.get(&Key::one(text)) {
            Some(Other::Key(key)) => own.push(key.as_str().into()),
            Some(Other::Failed(error)) => return Err(Some(error.clone())),
            Some(Other::Unmatched(_)) | None => {}
        }
    }
    match argument {
        Argument::Null => Ok(Argument::Null),
        Argument::One(_) => own.pop().map(Argument::One).ok_or(None),
        // Of several, those that the system does not have are not among its rows; none of them, and there are no rows.
        Argument::Many(asked) if own.is_empty() && !asked.is_empty() => Err(None),
        Argument::Many(_) => Ok(Argument::Many(own)),
    }
}

impl Owner for Mapped {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        match self.contract.group(fetch.group).key.as_ref().filter(|mapping| mapping.changes_keys()) {
            None => self.inner.fetch(fetch),
            Some(mapping) => self.fetch_mapped(mapping, fetch).boxed(),
        }
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        let list = self.contract.list(fetch.list);
        match list.key.is_some() || list.argument_keys.iter().any(Option::is_some) {
            false => self.inner.list(fetch),
            true => self.list_mapped(list, fetch).boxed(),
        }
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}
