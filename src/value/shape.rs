//! The shape of a record: which slots it has, in which order, and what each holds.
//!
//! A record's bytes carry no names and no tags; its shape says how to read them. The contract makes one shape for each
//! field group and one for each part type; sources lay rows out by it and plans know its slot numbers.

use std::sync::Arc;

use super::{Leaf, ShapeId};

/// The layout of one object: its slots in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The type's name, and the group's where it has one; for messages.
    pub name: String,
    /// The slots. A slot's position is its number.
    pub slots: Vec<Slot>,
    /// Whether whoever answers may lack slots: they are null then. A system that hands an entity over has only some of
    /// what its owner will have.
    pub may_lack: bool,
}

/// One slot: a leaf, a part, or a list of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The field's name, which is also the column's alias in the owner's query.
    pub name: String,
    /// What one element is.
    pub kind: SlotKind,
    /// Where null may stand.
    pub nesting: Nesting,
}

/// What one element of a slot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotKind {
    /// Finished JSON text of a scalar or an enum. A list of leaves is finished as a whole.
    Leaf(Leaf),
    /// An object that lives in the record, of one type or, where the field's type is an interface or a union, of several.
    Part(Arc<[Variant]>),
}

/// One concrete type that a part may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The name of the object type, as it stands in `__typename`.
    pub type_name: String,
    /// Its layout.
    pub shape: ShapeId,
}

/// The wrapping of a field's type: how often it is a list, and where null is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nesting {
    /// Whether null is refused at the outermost level.
    pub non_null: bool,
    /// For each list level, outermost first: whether null is refused for its items.
    pub items_non_null: Vec<bool>,
}

impl Nesting {
    /// How many lists are wrapped around the element.
    pub fn n_lists(&self) -> usize {
        self.items_non_null.len()
    }

    /// Whether null is refused `level` lists deep (0 is the field itself).
    pub fn non_null_at(&self, level: usize) -> bool {
        if level == 0 { self.non_null } else { self.items_non_null.get(level - 1).copied().unwrap_or(false) }
    }
}

impl Shape {
    /// Finds the slot that a column of this name fills: the same name, or the only one that differs in case alone
    /// (PostgreSQL folds unquoted aliases to lower case).
    pub fn slot_named(&self, column: &str) -> Option<usize> {
        self.slots
            .iter()
            .position(|slot| slot.name == column)
            .or_else(|| self.slots.iter().position(|slot| slot.name.eq_ignore_ascii_case(column)))
    }
}
