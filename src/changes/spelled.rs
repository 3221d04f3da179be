//! Keys as a system writes them in what it says of its changes. Pure.
//!
//! In: the texts of a key's fields, and the ways in which the system's groups spell it. Out: the graph's keys that it may be.

use super::gathered::Gathered;
use crate::value::{Key, Spelling, TypeId};

/// Adds the entity that a system calls by these texts, under each key that it may have in the graph: one that it does not
/// have costs nothing. Where that cannot be told, all of the type may have changed.
pub(super) fn add(gathered: &mut Gathered, entity: TypeId, spellings: &[Vec<Spelling>], own: &[&str]) {
    if spellings.is_empty() {
        gathered.add_all(entity);
        return;
    }
    // Fixed-width columns come with their padding, which a group may cut.
    let cut: Vec<&str> = own.iter().map(|text| text.trim_end_matches(' ')).collect();
    for fields in spellings {
        if fields.len() != own.len() {
            gathered.add_all(entity);
            return;
        }
        for texts in [own, &cut] {
            let graph: Option<Vec<String>> =
                fields.iter().zip(texts).map(|(spelling, text)| spelling.to_graph(text)).collect();
            if let Some(key) = graph.and_then(|texts| Key::of(texts.iter().map(String::as_str))) {
                gathered.add(entity, key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(spellings: &[Vec<Spelling>], own: &[&str]) -> Option<Vec<Key>> {
        let mut gathered = Gathered::default();
        add(&mut gathered, TypeId(0), spellings, own);
        gathered.take().next().and_then(|(_, keys)| keys)
    }

    #[test]
    fn a_key_is_read_back_in_every_way_a_group_may_spell_it() {
        let same = vec![Spelling::default()];
        let padded = vec![Spelling { pad: Some(6), ..Spelling::default() }];
        let keys = |texts: &[&str]| Some(texts.iter().map(|text| Key::one(text)).collect::<Vec<_>>());
        assert_eq!(added(std::slice::from_ref(&same), &["A-1"]), keys(&["A-1"]));
        assert_eq!(added(std::slice::from_ref(&same), &["A-1  "]), keys(&["A-1", "A-1  "]));
        assert_eq!(added(&[same.clone(), padded], &["000042"]), keys(&["000042", "42"]));
        assert_eq!(added(&[], &["A-1"]), None, "nobody knows the graph's key");
        assert_eq!(added(&[same], &["A", "1"]), None, "not a key of one field");
    }
}
