//! Types in use: how one is written, and whether one may stand where another stood.

use super::super::{Contract, TypeRef, TypeRefKind};

/// Writes a type as SDL does.
pub(super) fn text(contract: &Contract, ty: &TypeRef) -> String {
    let of = match &ty.of {
        TypeRefKind::Named(id) => contract.ty(*id).name.clone(),
        TypeRefKind::List(item) => format!("[{}]", text(contract, item)),
    };
    if ty.non_null { format!("{of}!") } else { of }
}

/// A type as a contract has it.
#[derive(Clone, Copy)]
pub(super) struct Used<'c> {
    pub contract: &'c Contract,
    pub ty: &'c TypeRef,
}

impl Used<'_> {
    /// Whether every value of this type is one of the other, by the names of types and by what may be null.
    pub fn fits(self, other: Used<'_>) -> bool {
        let nullness = self.ty.non_null || !other.ty.non_null;
        nullness
            && match (&self.ty.of, &other.ty.of) {
                (TypeRefKind::Named(one), TypeRefKind::Named(two)) => {
                    self.contract.ty(*one).name == other.contract.ty(*two).name
                }
                (TypeRefKind::List(one), TypeRefKind::List(two)) => {
                    Used { ty: one, ..self }.fits(Used { ty: two, ..other })
                }
                _ => false,
            }
    }
}
