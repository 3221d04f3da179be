//! Keys across a mapping: the graph's to a system's own and back, each direction for many keys at once.
//!
//! In: keys on one side, each once. Out: for each its key on the other side, that there is none, or why nobody knows. A
//! cross-reference is one fetch, whatever the number of keys. Two keys that are one on the other side are a violation of
//! the contract for both: which of them is meant is never guessed.

use std::{collections::HashMap, sync::Arc, time::Instant};

use crate::{
    contract::{Contract, KeyMapping},
    fetch::{Entry, Fetch, FetchError, FetchErrorKind, Outcome, Owner, Stamp},
    source::SystemName,
    value::{GroupId, Key, Spelling},
};

/// What a key is on the other side.
#[derive(Debug, Clone)]
pub(super) enum Other {
    /// This.
    Key(Key),
    /// Nothing: since when a cross-reference says so, where one was asked.
    Unmatched(Option<Stamp>),
    /// Nobody knows.
    Failed(FetchError),
}

/// One mapping of one system.
pub(super) struct KeyMapper<'m> {
    pub contract: &'m Contract,
    /// The owners by system, asked with keys as they are.
    pub owners: &'m [Arc<dyn Owner>],
    /// The system whose keys are mapped.
    pub system: &'m SystemName,
    pub mapping: &'m KeyMapping,
    /// When the caller stops waiting.
    pub deadline: Instant,
}

impl KeyMapper<'_> {
    /// Turns the graph's keys into the system's own.
    pub(super) async fn to_own(&self, keys: &Arc<[Key]>) -> Vec<Other> {
        let crossed = match &self.mapping.crossref {
            None => keys.iter().cloned().map(Other::Key).collect(),
            Some(crossref) => self.cross(crossref.to_own, Arc::clone(keys)).await,
        };
        let spelled = crossed.into_iter().map(|other| self.spell(other, Spelling::to_own)).collect();
        self.one_for_one(keys, spelled)
    }

    /// Turns the system's own keys into the graph's.
    pub(super) async fn to_graph(&self, keys: &Arc<[Key]>) -> Vec<Other> {
        let read = keys.iter().cloned().map(|key| self.spell(Other::Key(key), Spelling::to_graph));
        let mut read: Vec<Other> = read.collect();
        if let Some(crossref) = &self.mapping.crossref {
            let asked = read.iter().filter_map(|other| match other {
                Other::Key(key) => Some(key.clone()),
                _ => None,
            });
            let mut crossed = self.cross(crossref.to_graph, asked.collect()).await.into_iter();
            for other in read.iter_mut().filter(|other| matches!(other, Other::Key(_))) {
                *other = crossed.next().unwrap_or(Other::Unmatched(None));
            }
        }
        self.one_for_one(keys, read)
    }

    /// Asks the cross-reference.
    async fn cross(&self, group: Option<GroupId>, keys: Arc<[Key]>) -> Vec<Other> {
        let Some(group) = group else { return vec![Other::Unmatched(None); keys.len()] };
        if keys.is_empty() {
            return Vec::new();
        }
        let owner = &self.owners[self.contract.group(group).system.index()];
        let outcomes = owner.fetch(Fetch { group, keys, deadline: self.deadline }).await;
        outcomes.iter().map(|outcome| self.crossed(group, outcome)).collect()
    }

    /// Reads one answer of a cross-reference.
    fn crossed(&self, group: GroupId, outcome: &Outcome) -> Other {
        let record = match outcome {
            Ok(record) => record,
            Err(error) => return Other::Failed(error.clone()),
        };
        let violation = |detail: &str| {
            let group = self.contract.group(group);
            let system = SystemName::new(self.contract, group.system);
            Other::Failed(system.error(FetchErrorKind::ContractViolation, format!("{}: {detail}", group.name)))
        };
        match record.table().map(|table| table.entry(0)) {
            None | Some(Entry::Null) => Other::Unmatched(Some(record.stamp)),
            Some(Entry::Fault(number)) => {
                let expected = record.violation(number).map_or("a text", |violation| &violation.expected);
                violation(&format!("the key on the other side is not {expected}"))
            }
            Some(Entry::Value(json)) => match serde_json::from_slice::<String>(json).ok().as_deref() {
                // A cross-reference that is kept but not filled in says as much as one that is not kept.
                Some("") => Other::Unmatched(Some(record.stamp)),
                Some(text) => Key::of([text]).map_or_else(|| violation("a key holds a control character"), Other::Key),
                None => violation("the key on the other side is not a text"),
            },
        }
    }

    fn spell(&self, other: Other, spelled: impl Fn(&Spelling, &str) -> Option<String>) -> Other {
        let Other::Key(key) = &other else { return other };
        let spellings = &self.mapping.spellings;
        // An argument's text with the separator inside is nobody's key.
        if key.fields().count() != spellings.len() {
            return Other::Unmatched(None);
        }
        let texts: Option<Vec<String>> =
            spellings.iter().zip(key.fields()).map(|(spelling, text)| spelled(spelling, text)).collect();
        let key = texts.and_then(|texts| Key::of(texts.iter().map(String::as_str)));
        key.map_or(Other::Unmatched(None), Other::Key)
    }

    fn one_for_one(&self, keys: &[Key], mut others: Vec<Other>) -> Vec<Other> {
        let mut first: HashMap<Key, usize> = HashMap::with_capacity(keys.len());
        let mut same: Vec<(usize, usize)> = Vec::new();
        for (position, other) in others.iter().enumerate() {
            if let Other::Key(key) = other {
                let known = *first.entry(key.clone()).or_insert(position);
                if known != position {
                    same.push((known, position));
                }
            }
        }
        for (one, another) in same {
            let detail = format!("the keys {} and {} are one and the same on the other side", keys[one], keys[another]);
            let error = self.system.error(FetchErrorKind::ContractViolation, detail);
            others[one] = Other::Failed(error.clone());
            others[another] = Other::Failed(error);
        }
        others
    }
}
