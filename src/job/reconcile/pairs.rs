//! Pairs: which fields of a type are compared with the copies that one system holds.
//!
//! In: a contract, and what somebody wants to look at alone. Out: what is to be compared, in order of type and system. Pure.

use crate::{
    contract::{Answer, Contract, Feed, Object, Role},
    value::{GroupId, Key, ShapeId, Spelling, SystemId, TypeId},
};

/// What one system copies of one type. All of it is compared, or nothing is known of the entity.
#[derive(Debug)]
pub(super) struct Pairing {
    pub entity: TypeId,
    pub type_name: String,
    pub n_key_fields: usize,
    /// The system that says whether an entity exists.
    pub owner: SystemId,
    pub copy: SystemId,
    /// The groups that the owners are asked for; the first says whether an entity exists.
    pub of_owners: Vec<GroupId>,
    pub of_copy: Vec<GroupId>,
    /// The group of an entity that is the copying system's own until its owner has it.
    pub handover: Option<GroupId>,
    pub fields: Vec<Pair>,
}

/// A field and its copy.
#[derive(Debug)]
pub(super) struct Pair {
    pub name: String,
    pub owner: SystemId,
    pub owned: Place,
    pub copied: Place,
    /// How the copying system writes a value that is another entity's key.
    pub spelling: Option<Spelling>,
}

/// Where a value stands: in which of the groups asked, in which slot of its shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub group: usize,
    pub shape: ShapeId,
    pub slot: usize,
}

/// Finds what is to be compared: of all systems and types, or of one.
pub(super) fn pairings(contract: &Contract, copy: Option<SystemId>, entity: Option<TypeId>) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    for id in (0..contract.types.len()).map(TypeId::from).filter(|id| entity.is_none_or(|entity| entity == *id)) {
        let Some(object) = contract.object(id) else { continue };
        let systems = (0..contract.systems.len()).map(SystemId::from);
        let systems = systems.filter(|system| copy.is_none_or(|copy| copy == *system));
        pairings.extend(systems.filter_map(|system| pairing(contract, id, object, system)));
    }
    pairings
}

fn pairing(contract: &Contract, entity: TypeId, object: &Object, copy: SystemId) -> Option<Pairing> {
    let Role::Entity(facts) = &object.role else { return None };
    let (mut of_owners, mut of_copy) = (vec![facts.identity], Vec::new());
    let mut fields = Vec::new();
    for (position, field) in object.fields.iter().enumerate() {
        let Answer::Slot { group, slot } = field.answer else { continue };
        for held in field.copies.iter().filter(|held| held.system == copy) {
            fields.push(Pair {
                name: field.name.clone(),
                owner: contract.group(group).system,
                owned: place(contract, &mut of_owners, group, slot),
                copied: place(contract, &mut of_copy, held.group, held.slot),
                spelling: spelling(contract, object, position, copy),
            });
        }
    }
    let from_copy = |group: &GroupId| contract.group(*group).system == copy;
    (!fields.is_empty()).then(|| Pairing {
        entity,
        type_name: contract.ty(entity).name.clone(),
        n_key_fields: facts.key.len(),
        owner: contract.group(facts.identity).system,
        copy,
        of_owners,
        of_copy,
        handover: facts.handover.filter(from_copy),
        fields,
    })
}

fn place(contract: &Contract, asked: &mut Vec<GroupId>, group: GroupId, slot: usize) -> Place {
    let number = asked.iter().position(|one| *one == group).unwrap_or_else(|| {
        asked.push(group);
        asked.len() - 1
    });
    Place { group: number, shape: contract.group(group).shape, slot }
}

/// A field that leads to another entity holds its key, which a system writes as it writes that entity's keys.
fn spelling(contract: &Contract, object: &Object, position: usize, copy: SystemId) -> Option<Spelling> {
    object.fields.iter().find_map(|field| {
        let Answer::Reference(reference) = &field.answer else { return None };
        let at = reference.key.iter().position(|feed| *feed == Feed::Field(position))?;
        let target = field.ty.named();
        let mut groups = contract.groups.iter().filter(|group| group.system == copy && group.entity == target);
        let mapping = groups.find_map(|group| group.key.as_ref())?;
        mapping.spellings.get(at).filter(|spelling| !spelling.is_same()).cloned()
    })
}

impl Pairing {
    /// What a position calls it, and what is shown while it is compared.
    pub fn name(&self, contract: &Contract) -> String {
        format!("{} in {}", self.type_name, contract.system(self.copy).name)
    }

    /// Reads a key as the ledger shows it; none where its texts cannot be told apart.
    pub fn key_shown(&self, text: &str) -> Option<Key> {
        if self.n_key_fields == 1 {
            return Some(Key::one(text));
        }
        (text.split(" / ").count() == self.n_key_fields).then(|| Key::of(text.split(" / "))).flatten()
    }
}
