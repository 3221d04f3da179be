//! The names under which processes share: what two processes call the same is the same question by the same contract.
//!
//! ```text
//! freehold:{contract}:{group or list}:{key}         an entry, or the recall of its place
//! freehold:whole:{contract}:{group or list}         until when a group or list is recalled as a whole
//! freehold:lease:{contract}:{group or list}:{key}   the sole right to ask the owner
//! freehold:told:{contract}                          the stream of what processes tell one another
//! ```
//!
//! `{contract}` is the contract's version and a hash of what the version leaves open and bytes depend on: the order of
//! slots and parameters. So processes with another contract, as during a rollout, share nothing with each other.

use crate::{
    cache::{
        kept::{PagePlace, Place},
        question::Asked,
    },
    contract::Contract,
    fetch::{Cursor, Direction},
    value::Argument,
};

/// Longer keys are named by their hash: names are sent with every question.
const KEY_BYTES_MAX: usize = 100;

/// Marks a hash. A key that begins with it is hashed, too, so that no key is spelled like another one's hash.
const HASHED: char = '#';

/// How many hex digits of a hash are used: 128 bits, which no two keys share.
const DIGITS: usize = 32;

/// How many hex digits tell layouts apart that one version of a contract may have.
const LAYOUT_DIGITS: usize = 8;

/// The names of one contract.
#[derive(Debug)]
pub(super) struct Keys {
    groups: Vec<Names>,
    lists: Vec<Names>,
    told: String,
}

/// The names of one group or list. They are put into every question, so they are made once.
#[derive(Debug)]
struct Names {
    /// What the names of its entries begin with.
    entries: String,
    whole: String,
    /// What the names of the rights to ask begin with.
    leases: String,
}

impl Keys {
    /// Takes the names of a contract's groups and lists; all names begin with `prefix`.
    pub fn new(prefix: &str, contract: &Contract) -> Self {
        let version = format!("{}-{}", contract.version, &layout(contract)[..LAYOUT_DIGITS]);
        let groups = contract.groups.iter().map(|group| group.name.as_str());
        let lists = contract.lists.iter().map(|list| list.name.as_str());
        Self::made(prefix, &version, groups.collect(), lists.collect())
    }

    fn made(prefix: &str, version: &str, groups: Vec<&str>, lists: Vec<&str>) -> Self {
        let names = |name: &str| Names {
            entries: format!("{prefix}:{version}:{name}:"),
            whole: format!("{prefix}:whole:{version}:{name}"),
            leases: format!("{prefix}:lease:{version}:{name}:"),
        };
        Self {
            groups: groups.into_iter().map(names).collect(),
            lists: lists.into_iter().map(names).collect(),
            told: format!("{prefix}:told:{version}"),
        }
    }

    /// Names the entry of a place.
    pub fn entry(&self, place: &Place) -> String {
        named(&self.of(place.asked()).entries, place)
    }

    /// Names the recall of a whole group or list.
    pub fn whole(&self, asked: Asked) -> String {
        self.of(asked).whole.clone()
    }

    /// Names the right to ask for a place.
    pub fn lease(&self, place: &Place) -> String {
        named(&self.of(place.asked()).leases, place)
    }

    /// Names the stream of what processes tell one another.
    pub fn told(&self) -> String {
        self.told.clone()
    }

    fn of(&self, asked: Asked) -> &Names {
        match asked {
            Asked::Group(group) => &self.groups[group.index()],
            Asked::List(list) => &self.lists[list.index()],
        }
    }
}

/// Hashes what the numbers in records and the order of arguments mean.
fn layout(contract: &Contract) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{:?}", contract.shapes).as_bytes());
    // Copies are asked for past every cache.
    for group in contract.groups.iter().filter(|group| !group.holds_copies) {
        hasher.update(format!("{:?}", (&group.name, group.shape, &group.key_columns)).as_bytes());
    }
    for list in &contract.lists {
        hasher.update(format!("{:?}", (&list.name, &list.parameters, &list.order, &list.key_columns)).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Names a place by what its name begins with and its key.
fn named(before: &str, place: &Place) -> String {
    match place {
        Place::Record(_, key) if key.as_str().len() <= KEY_BYTES_MAX && !key.as_str().starts_with(HASHED) => {
            [before, key.as_str()].concat()
        }
        Place::Record(_, key) => [before, &hashed(key.as_str().as_bytes())].concat(),
        Place::Page(_, page) => [before, &hashed(&page_bytes(page))].concat(),
    }
}

fn hashed(bytes: &[u8]) -> String {
    format!("{HASHED}{}", &blake3::hash(bytes).to_hex()[..DIGITS])
}

/// Writes all that a page depends on, each part with its length, so that no two places are written alike.
fn page_bytes(page: &PagePlace) -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = |text: &str, bytes: &mut Vec<u8>| {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    };
    for argument in &page.arguments {
        match argument {
            Argument::Null => bytes.push(0),
            Argument::One(one) => {
                bytes.push(1);
                text(one, &mut bytes);
            }
            Argument::Many(many) => {
                bytes.push(2);
                bytes.extend((many.len() as u64).to_be_bytes());
                many.iter().for_each(|one| text(one, &mut bytes));
            }
        }
    }
    bytes.push(match page.window.direction {
        Direction::Forward => 3,
        Direction::Backward => 4,
    });
    bytes.extend(page.window.n_rows.to_be_bytes());
    for cursor in [&page.window.after, &page.window.before] {
        bytes.push(u8::from(cursor.is_some()));
        if let Some(Cursor(values)) = cursor {
            bytes.extend((values.len() as u64).to_be_bytes());
            for value in values {
                bytes.push(u8::from(value.is_some()));
                text(value.as_deref().unwrap_or_default(), &mut bytes);
            }
        }
    }
    bytes.push(u8::from(page.count_up_to.is_some()));
    bytes.extend(page.count_up_to.unwrap_or_default().to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::{
        fetch::Window,
        value::{GroupId, Key, ListId},
    };

    fn keys() -> Keys {
        Keys::made("freehold", "c0ffee-1", vec!["erp Product"], vec!["orders"])
    }

    #[test]
    fn names_can_be_read_and_long_keys_are_hashed() {
        let place = |key: &str| Place::Record(GroupId(0), Key::one(key));
        assert_eq!(keys().entry(&place("A-100")), "freehold:c0ffee-1:erp Product:A-100");
        assert_eq!(keys().lease(&place("A-100")), "freehold:lease:c0ffee-1:erp Product:A-100");
        assert_eq!(keys().whole(Asked::List(ListId(0))), "freehold:whole:c0ffee-1:orders");
        let long = keys().entry(&place(&"A".repeat(5_000)));
        assert_eq!(long.len(), "freehold:c0ffee-1:erp Product:#".len() + DIGITS);
        let (_, as_key) = long.rsplit_once(':').unwrap();
        assert_ne!(keys().entry(&place(as_key)), long, "no key is spelled like another one's hash");
    }

    fn place() -> impl Strategy<Value = Place> {
        let argument = prop_oneof![
            Just(Argument::Null),
            "[ab]{0,2}".prop_map(|text| Argument::One(text.into())),
            vec("[ab]{0,2}", 0..3).prop_map(|texts| Argument::Many(texts.into_iter().map(Into::into).collect())),
        ];
        let cursor = || option::of(vec(option::of("[ab]{0,2}"), 0..3).prop_map(Cursor));
        let direction = prop_oneof![Just(Direction::Forward), Just(Direction::Backward)];
        let window = (direction, 0_u32..3, cursor(), cursor()).prop_map(|(direction, n_rows, after, before)| Window {
            direction,
            n_rows,
            after,
            before,
        });
        let page = (vec(argument, 0..3), window, option::of(0_u64..3)).prop_map(|(arguments, window, count_up_to)| {
            Place::Page(ListId(0), Box::new(PagePlace { arguments: arguments.into(), window, count_up_to }))
        });
        prop_oneof!["[#:a]{0,4}".prop_map(|text| Place::Record(GroupId(0), Key::one(&text))), page]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn two_places_have_two_names(a in place(), b in place()) {
            prop_assert_eq!(a == b, keys().entry(&a) == keys().entry(&b));
        }
    }
}
