//! Visible: works out who has each field, from every `@visible` that stands on the way to it.
//!
//! A field is theirs who have its holder's type, the field itself, and what it leads to. A page is theirs who have what it
//! lists; an interface or a union theirs who have any of the types it may be.

use super::{
    super::{
        directive,
        merge::Schema,
        sdl::{DirectiveUse, FieldDef, Kind, TypeDef},
    },
    paging,
    survey::{Survey, TypeRole},
};
use crate::{contract::visibility::Visibility, value::AudienceId};

/// Who has what of a contract.
pub(super) struct Visible<'v, 'a> {
    /// The contract.
    pub survey: &'v Survey<'a>,
}

impl Visible<'_, '_> {
    /// Returns who has a field.
    pub fn field(&self, ty: &TypeDef, field: &FieldDef) -> Visibility {
        self.written(&ty.directives).and(self.written(&field.directives)).and(self.ty(field.ty.named()))
    }

    /// Returns whom a `@visible` names; everyone, where there is none.
    pub fn written(&self, uses: &[DirectiveUse]) -> Visibility {
        if directive::find(uses, "visible").is_none() {
            return Visibility::Everyone;
        }
        let known = &self.survey.written.settings.audiences;
        let named = directive::visible_to(uses);
        let ids = named.iter().filter_map(|audience| known.iter().position(|known| known == audience));
        Visibility::Only(ids.map(AudienceId::from).collect())
    }

    /// Returns who has values of a type.
    fn ty(&self, name: &str) -> Visibility {
        let schema: &Schema = self.survey.written.schema;
        let Some(ty) = schema.types.get(name) else { return Visibility::Everyone };
        match ty.kind {
            Kind::Interface | Kind::Union => {
                let possible = schema.possible(name).into_iter().map(|name| self.ty(name));
                possible.reduce(Visibility::or).unwrap_or_default()
            }
            Kind::Object => self.written(&ty.directives).and(self.listed(ty)),
            Kind::Scalar | Kind::Enum | Kind::Input => Visibility::Everyone,
        }
    }

    /// Of a page or an edge: who has what it lists.
    fn listed(&self, ty: &TypeDef) -> Visibility {
        let name = ty.name.name.as_str();
        let node = match self.survey.parts.get(name) {
            Some(TypeRole::Connection) => paging::node_type(self.survey, name),
            Some(TypeRole::Edge) => ty.fields.iter().find(|field| field.name.name == "node").map(|f| f.ty.named()),
            _ => None,
        };
        node.map_or(Visibility::Everyone, |node| self.ty(node))
    }
}
