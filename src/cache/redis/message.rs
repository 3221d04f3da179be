//! The bytes of what one process tells all. Pure.
//!
//! In: a change or a confirmation. Out: bytes, and the other way round. Whatever the bytes are, reading never panics: what is
//! foreign, broken, or names what the contract does not have is nothing, which whoever hears it takes for a gap.
//!
//! ```text
//! 0       the format: 0xF2, which begins no text
//! 1       the kind: 0 all of a type changed, 1 some of it, 2 a confirmation
//! 2..10   the check: a hash over all other bytes
//! 10..    the system; the type and its keys, or since and until when (8 bytes each) and the groups: each text with its
//!         length before it (4 bytes), several with their number (4 bytes)
//! ```

use super::format::{Reading, write_bytes, write_number};
use crate::{
    cache::{Change, Confirmation, Told},
    contract::Contract,
    value::{GroupId, Key, SystemId},
};

/// The first byte. Another layout gets another number.
const FORMAT: u8 = 0xF2;

const ALL_CHANGED: u8 = 0;
const CHANGED: u8 = 1;
const CONFIRMED: u8 = 2;

const CHECK: std::ops::Range<usize> = 2..10;

/// What one process tells all, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedMessage(pub Told);

impl SharedMessage {
    /// Writes it with the contract's names: numbers differ from contract to contract.
    pub fn write(&self, contract: &Contract) -> Vec<u8> {
        let kind = match &self.0 {
            Told::Changed(Change { keys: None, .. }) => ALL_CHANGED,
            Told::Changed(Change { keys: Some(_), .. }) => CHANGED,
            Told::Confirmed(_) => CONFIRMED,
        };
        let mut bytes = vec![FORMAT, kind];
        bytes.resize(CHECK.end, 0);
        match &self.0 {
            Told::Changed(Change { system, entity, keys }) => {
                write_bytes(contract.system(*system).name.as_bytes(), &mut bytes);
                write_bytes(contract.ty(*entity).name.as_bytes(), &mut bytes);
                if let Some(keys) = keys {
                    write_number(keys.len(), &mut bytes);
                    keys.iter().for_each(|key| write_bytes(key.as_str().as_bytes(), &mut bytes));
                }
            }
            Told::Confirmed(confirmation) => {
                let (followed_ms, known_ms) = confirmation.window_ms();
                write_bytes(contract.system(confirmation.system()).name.as_bytes(), &mut bytes);
                bytes.extend(followed_ms.to_be_bytes());
                bytes.extend(known_ms.to_be_bytes());
                write_number(confirmation.groups().len(), &mut bytes);
                let names = confirmation.groups().iter().map(|group| &contract.group(*group).name);
                names.for_each(|name| write_bytes(name.as_bytes(), &mut bytes));
            }
        }
        Self::seal(&mut bytes);
        bytes
    }

    /// Reads it.
    pub fn read(contract: &Contract, bytes: &[u8]) -> Option<Self> {
        if bytes.first() != Some(&FORMAT) || bytes.get(CHECK)? != check(bytes)? {
            return None;
        }
        let (kind, mut rest) = (bytes[1], Reading(bytes.get(CHECK.end..)?));
        let system = rest.text()?;
        let system = SystemId::from(contract.systems.iter().position(|known| known.name == system)?);
        let told = match kind {
            ALL_CHANGED | CHANGED => {
                let entity = *contract.type_names.get(rest.text()?)?;
                let keys = match kind {
                    CHANGED => Some(rest.several(|rest| Some(Key::one(rest.text()?)))?),
                    _ => None,
                };
                Told::Changed(Change { system, entity, keys })
            }
            CONFIRMED => {
                let window_ms = (rest.time()?, rest.time()?);
                let groups = rest.several(|rest| {
                    let name = rest.text()?;
                    contract.groups.iter().position(|group| group.name == name).map(GroupId::from)
                })?;
                Told::Confirmed(Confirmation::by_complete_feed(system, groups, window_ms))
            }
            _ => return None,
        };
        rest.0.is_empty().then_some(Self(told))
    }

    /// Writes the check of a message into its bytes.
    pub fn seal(bytes: &mut [u8]) {
        if let Some(check) = check(bytes) {
            bytes[CHECK].copy_from_slice(&check);
        }
    }
}

fn check(bytes: &[u8]) -> Option<[u8; CHECK.end - CHECK.start]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(bytes.get(..CHECK.start)?).update(bytes.get(CHECK.end..)?);
    hasher.finalize().as_bytes()[..CHECK.len()].try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::contract::{Files, load};

    fn contract() -> Contract {
        let files = [
            (
                "a.graphql",
                "type Query { a(k: String!): A @ref(key: \"k: $k\") }\n type A @key(fields: \"k\") @owner(system: \"s\") @domain(name: \"d\") { k: String! }",
            ),
            ("freehold.toml", "systems = [\"s.toml\"]\n[freshness.d]\n"),
            ("s.toml", "kind = \"sqlite\"\nurl = \"x\"\n[A]\nquery = \"select k from a where k in (:keys)\""),
        ];
        let loaded = load(&Files::new(files.map(|(name, text)| (name.to_owned(), text.to_owned()))), &|_| None);
        loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
    }

    fn told(contract: &Contract) -> impl Strategy<Value = Told> + use<> {
        let (system, entity) = (SystemId(0), contract.type_names["A"]);
        let keys = option::of(vec(".{0,9}", 0..5));
        let change = keys.prop_map(move |keys| {
            let keys = keys.map(|keys| keys.iter().map(|key| Key::one(key)).collect());
            Told::Changed(Change { system, entity, keys })
        });
        let confirmed = (any::<(i64, i64)>(), 0..3_usize).prop_map(move |(window_ms, n)| {
            Told::Confirmed(Confirmation::by_complete_feed(system, vec![GroupId(0); n], window_ms))
        });
        prop_oneof![change, confirmed]
    }

    #[test]
    fn what_is_told_is_read_and_nothing_else_is() {
        let contract = contract();
        let mut runner = proptest::test_runner::TestRunner::default();
        let flipped = (told(&contract), any::<prop::sample::Index>(), 1_u8..);
        runner
            .run(&flipped, |(told, at, flip)| {
                let message = SharedMessage(told);
                let mut bytes = message.write(&contract);
                prop_assert_eq!(SharedMessage::read(&contract, &bytes), Some(message));
                let at = at.index(bytes.len());
                prop_assert_eq!(SharedMessage::read(&contract, &bytes[..at]), None);
                bytes[at] ^= flip;
                prop_assert_eq!(SharedMessage::read(&contract, &bytes), None);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn any_bytes_with_a_right_check_are_read_or_nothing() {
        let contract = contract();
        let mut runner = proptest::test_runner::TestRunner::default();
        let bytes = (vec(any::<u8>(), 10..80), 0_u8..4);
        runner
            .run(&bytes, |(mut bytes, kind)| {
                bytes.splice(0..2, [FORMAT, kind]);
                SharedMessage::seal(&mut bytes);
                if let Some(message) = SharedMessage::read(&contract, &bytes) {
                    prop_assert_eq!(message.write(&contract), bytes);
                }
                Ok(())
            })
            .unwrap();
    }
}
