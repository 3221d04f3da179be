//! Matching: whether the keys that one system's answers hold are known to the others.
//!
//! In: the samples by origin, and what each group said of them. Out: for each origin and group how many are known, and
//! where the rest would be known if they were written a little differently. Nothing is guessed: a hint is a key that the
//! system was asked for and has.

use futures_util::future::join_all;

use super::{
    ask::{Asking, GroupAsk, own_name},
    report::{Hint, KeyMatch, Normalisation},
    samples::{Origin, Samples},
};
use crate::{
    contract::{Contract, Entity, Role},
    value::{Key, TypeId},
};

/// Unmatched keys that are shown, and tried in other forms.
const EXAMPLES_MAX: usize = 5;

/// Compares the samples of each origin with what each group of their entity knows.
pub(super) async fn matches(asking: &Asking<'_>, samples: &Samples, asks: &[GroupAsk]) -> Vec<KeyMatch> {
    let mut asks: Vec<&GroupAsk> = asks.iter().collect();
    asks.sort_by_key(|ask| (asking.contract.group(ask.group).entity, ask.group));
    let pairs = asks.iter().flat_map(|ask| {
        let entity = asking.contract.group(ask.group).entity;
        let identity = identity_of(asking.contract, entity);
        let decides = asks.iter().find(|other| identity.is_some_and(|identity| identity.identity == other.group));
        let pair = Pair { asking, samples, ask, identity, decides: decides.copied() };
        samples.of(entity).map(move |(origin, keys)| pair.compare(origin, keys))
    });
    join_all(pairs).await.into_iter().flatten().filter(KeyMatch::tells).collect()
}

fn identity_of(contract: &Contract, entity: TypeId) -> Option<&Entity> {
    match &contract.object(entity)?.role {
        Role::Entity(entity) => Some(entity),
        _ => None,
    }
}

/// A group whose answers are compared with samples.
#[derive(Clone, Copy)]
struct Pair<'p> {
    asking: &'p Asking<'p>,
    samples: &'p Samples,
    ask: &'p GroupAsk,
    identity: Option<&'p Entity>,
    /// What the group said that decides whether the entity exists.
    decides: Option<&'p GroupAsk>,
}

impl Pair<'_> {
    /// Compares the keys of one origin; `None` where the group could not say of any.
    async fn compare(self, origin: Origin, keys: &[Key]) -> Option<KeyMatch> {
        let Self { asking, samples, ask, .. } = self;
        let contract = asking.contract;
        let group = contract.group(ask.group);
        // Who is missing in a copy is for reconciliation to tell.
        let is_handed_over = group.holds_copies || self.identity.is_some_and(|entity| entity.handover.is_some());
        let is_identity = self.identity.is_some_and(|entity| entity.identity == ask.group);
        let hands_over = self.identity.is_some_and(|entity| entity.handover == Some(ask.group));
        // A key that names nothing in the graph says nothing about the groups that do not decide what it names.
        let names_something = |key: &Key| self.decides.is_none_or(|decides| decides.knows(key) != Some(false));
        let is_asked = |key: &&Key| is_identity || hands_over || origin == Some(group.system) || names_something(key);
        let keys = keys.iter().filter(is_asked);
        let said: Vec<(&Key, bool)> = keys.filter_map(|key| Some((key, ask.knows(key)?))).collect();
        if said.is_empty() {
            return None;
        }
        let unknown = said.iter().filter(|(_, is_known)| !is_known).map(|(key, _)| (*key).clone());
        let unmatched: Vec<Key> = unknown.take(EXAMPLES_MAX).collect();
        let own: Vec<Key> = (samples.of(group.entity))
            .filter(|(origin, _)| *origin == Some(group.system))
            .flat_map(|(_, keys)| keys.to_vec())
            .collect();
        let tries: Vec<Hint> = unmatched.iter().flat_map(|key| forms(key, &own)).collect();
        let hint = if tries.is_empty() {
            None
        } else {
            let mut asked: Vec<Key> = tries.iter().map(|hint| hint.known.clone()).collect();
            asked.sort();
            asked.dedup();
            let known = asking.known(ask.group, &asked).await;
            tries.into_iter().find(|hint| known.contains(&hint.known))
        };
        let system = contract.system(group.system).name.clone();
        Some(KeyMatch {
            entity: contract.ty(group.entity).name.clone(),
            of: origin.map(|system| contract.system(system).name.clone()),
            group: own_name(&system, &group.name),
            system,
            is_identity,
            is_handed_over,
            n_sampled: said.len(),
            n_matched: said.iter().filter(|(_, is_known)| *is_known).count(),
            unmatched,
            hint,
        })
    }
}

/// Writes a key in each of the trivial ways that change it; `own` are keys as the asked system writes them.
fn forms(key: &Key, own: &[Key]) -> Vec<Hint> {
    use Normalisation::{LowerCase, PaddedWithZeros, Trimmed, UpperCase, WithoutBlanks, WithoutLeadingZeros};
    let mut ways = vec![LowerCase, UpperCase, Trimmed, WithoutBlanks, WithoutLeadingZeros];
    ways.extend(width(own).map(PaddedWithZeros));
    let hints = ways.into_iter().filter_map(|normalisation| {
        let texts: Vec<String> = key.fields().map(|text| normalisation.apply(text)).collect();
        let known = Key::of(texts.iter().map(String::as_str)).filter(|known| known != key)?;
        Some(Hint { key: key.clone(), known, normalisation })
    });
    hints.collect()
}

/// Returns how long numbers are that a system writes with zeros before them.
fn width(own: &[Key]) -> Option<usize> {
    let is_number = |key: &&Key| key.as_str().bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Vec<&Key> = own.iter().filter(is_number).collect();
    let width = numbers.first()?.as_str().len();
    let is_padded = numbers.iter().any(|key| key.as_str().starts_with('0'));
    (is_padded && numbers.iter().all(|key| key.as_str().len() == width)).then_some(width)
}

impl Normalisation {
    /// Writes a text this way.
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::LowerCase => text.to_lowercase(),
            Self::UpperCase => text.to_uppercase(),
            Self::Trimmed => text.trim().to_owned(),
            Self::WithoutBlanks => text.chars().filter(|c| !c.is_whitespace()).collect(),
            Self::WithoutLeadingZeros => match text.trim_start_matches('0') {
                "" => text.to_owned(),
                rest => rest.to_owned(),
            },
            Self::PaddedWithZeros(width) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{text:0>width$}")
            }
            Self::PaddedWithZeros(_) => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(key: &str, own: &[&str]) -> Vec<String> {
        let own: Vec<Key> = own.iter().map(|key| Key::one(key)).collect();
        forms(&Key::one(key), &own).iter().map(|hint| hint.known.to_string()).collect()
    }

    #[test]
    fn a_key_is_tried_only_in_forms_that_differ_from_it() {
        assert_eq!(written("SP-100", &[]), ["sp-100"]);
        assert_eq!(written(" sp 1", &[]), [" SP 1", "sp 1", "sp1"]);
        assert_eq!(written("0042", &[]), ["42"]);
        assert_eq!(written("000", &[]), Vec::<String>::new());
    }

    #[test]
    fn zeros_are_put_before_a_number_where_the_system_writes_them() {
        assert_eq!(written("42", &["000000000000000100"]), ["000000000000000042"]);
        assert_eq!(written("42", &["100", "200"]), Vec::<String>::new());
        assert_eq!(written("A42", &["0100"]), ["a42"]);
    }
}
