//! Reach: the types that a query can meet, and so the types that the public schema has.
//!
//! In: a contract and an audience. Out: the types that lead from the query root, by fields that the audience has, their arguments, what an
//! interface or union may be, and what an object implements. Introspection, validation and the printed schema then speak
//! of the same types; a type that nothing leads to is input for nobody.

use std::collections::BTreeSet;

use super::model::{Argument, Contract, Field, TypeKind};
use crate::value::{AudienceId, TypeId};

/// Returns the types that a query can meet.
pub(super) fn reachable(contract: &Contract, audience: Option<AudienceId>) -> BTreeSet<TypeId> {
    let mut reach = Reach { contract, audience, met: BTreeSet::new(), answered: BTreeSet::new(), waiting: Vec::new() };
    reach.answered(contract.query);
    while let Some(id) = reach.waiting.pop() {
        match &contract.ty(id).kind {
            TypeKind::Scalar { .. } | TypeKind::Enum { .. } | TypeKind::Union { .. } => {}
            TypeKind::Input { fields, .. } => reach.arguments(fields),
            TypeKind::Object(object) => reach.fields(&object.fields, &object.implements),
            TypeKind::Interface { fields, implements, .. } => reach.fields(fields, implements),
        }
    }
    reach.met
}

struct Reach<'c> {
    contract: &'c Contract,
    audience: Option<AudienceId>,
    met: BTreeSet<TypeId>,
    /// Those that a field's answer may be of. An interface that is only implemented leads to no other implementation.
    answered: BTreeSet<TypeId>,
    /// Those met whose fields have not been followed.
    waiting: Vec<TypeId>,
}

impl Reach<'_> {
    fn meet(&mut self, id: TypeId) {
        if self.met.insert(id) {
            self.waiting.push(id);
        }
    }

    fn answered(&mut self, id: TypeId) {
        self.meet(id);
        if self.answered.insert(id)
            && let TypeKind::Interface { possible, .. } | TypeKind::Union { possible } = &self.contract.ty(id).kind
        {
            let Self { contract, audience, .. } = *self;
            possible.iter().filter(|id| contract.has(**id, audience)).for_each(|id| self.answered(*id));
        }
    }

    fn fields(&mut self, fields: &[Field], implements: &[TypeId]) {
        implements.iter().for_each(|id| self.meet(*id));
        let audience = self.audience;
        for field in fields.iter().filter(|field| field.is_shown_to(audience)) {
            self.answered(field.ty.named());
            self.arguments(&field.arguments);
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        let audience = self.audience;
        let shown = arguments.iter().filter(|argument| argument.visible_to.includes(audience));
        shown.for_each(|argument| self.meet(argument.ty.named()));
    }
}
