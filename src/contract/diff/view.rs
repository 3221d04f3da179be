//! What an audience has of a contract, by name, so that two contracts can be laid side by side.

use std::collections::BTreeMap;

use super::super::{Argument, Contract, EnumValue, Field, Type, TypeKind, TypeRef, public, reach::reachable};
use crate::value::{AudienceId, TypeId};

/// The schema of one audience; none: the whole graph's.
#[derive(Clone, Copy)]
pub(super) struct View<'c> {
    pub contract: &'c Contract,
    pub audience: Option<AudienceId>,
}

impl<'c> View<'c> {
    /// Returns the types that a query can meet, by name.
    pub fn types(self) -> BTreeMap<&'c str, &'c Type> {
        let met = reachable(self.contract, self.audience);
        let had = met.into_iter().filter(|id| self.contract.has(*id, self.audience));
        had.map(|id| self.contract.ty(id)).map(|ty| (ty.name.as_str(), ty)).collect()
    }

    /// Returns the fields of an object or interface with the types they are shown with, by name.
    pub fn fields(self, ty: &'c Type) -> BTreeMap<&'c str, (&'c Field, &'c TypeRef)> {
        let (fields, implements) = match &ty.kind {
            TypeKind::Object(object) => (&object.fields, &object.implements),
            TypeKind::Interface { fields, implements, .. } => (fields, implements),
            _ => return BTreeMap::new(),
        };
        let shown = fields.iter().filter(|field| field.is_shown_to(self.audience));
        let typed = shown.map(|field| (field, public::shown_type(self.contract, implements, field)));
        typed.map(|(field, ty)| (field.name.as_str(), (field, ty))).collect()
    }

    /// Returns the arguments of a field, or the fields of an input object, that the audience has, by name.
    pub fn arguments(self, arguments: &'c [Argument]) -> BTreeMap<&'c str, &'c Argument> {
        let shown = arguments.iter().filter(|argument| argument.visible_to.includes(self.audience));
        shown.map(|argument| (argument.name.as_str(), argument)).collect()
    }

    /// Returns the values of an enum by name.
    pub fn values(self, ty: &'c Type) -> BTreeMap<&'c str, &'c EnumValue> {
        let TypeKind::Enum { values, .. } = &ty.kind else { return BTreeMap::new() };
        values.iter().map(|value| (value.name.as_str(), value)).collect()
    }

    /// Names types, those alone that the audience has.
    pub fn names(self, ids: &[TypeId]) -> Vec<&'c str> {
        let had = ids.iter().filter(|id| self.contract.has(**id, self.audience));
        had.map(|id| self.contract.ty(*id).name.as_str()).collect()
    }
}

/// Pairs what both have, and tells what only one has.
pub(super) struct Sides<'m, K, V> {
    pub both: Vec<(K, &'m V, &'m V)>,
    pub lost: Vec<(K, &'m V)>,
    pub gained: Vec<(K, &'m V)>,
}

/// Lays two maps side by side.
pub(super) fn sides<'m, K: Ord + Copy, V>(old: &'m BTreeMap<K, V>, new: &'m BTreeMap<K, V>) -> Sides<'m, K, V> {
    let without = |of: &'m BTreeMap<K, V>, other: &BTreeMap<K, V>| {
        of.iter().filter(|(name, _)| !other.contains_key(name)).map(|(name, value)| (*name, value)).collect()
    };
    let both = old.iter().filter_map(|(name, value)| Some((*name, value, new.get(name)?))).collect();
    Sides { both, lost: without(old, new), gained: without(new, old) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_has_is_not_paired() {
        let (old, new) = (BTreeMap::from([("a", 1), ("b", 2)]), BTreeMap::from([("b", 3), ("c", 4)]));
        let Sides { both, lost, gained } = sides(&old, &new);
        assert_eq!((both, lost, gained), (vec![("b", &2, &3)], vec![("a", &1)], vec![("c", &4)]));
    }
}
