//! Provenance in the graph: every entity has `_provenance`, which says of each selected field where its value came from.
//!
//! In: the schema as written. Out: the same, with the type and the field added, as if the contract had written them.

use super::{
    merge::Schema,
    sdl::{self, FieldDef, Kind, Named, TypeUse, TypeUseKind},
};
use crate::diagnostic::{Findings, Sources};

/// The field.
pub(super) const FIELD: &str = "_provenance";
/// What its description says.
const DESCRIPTION: &str =
    "Where the values of the fields that are selected beside it came from: one entry for each field.";

/// The type of an entry. Its fields stand in the order in which the plan and the writer count them.
const SDL: &str = r#"
"Where one field's value came from."
type FieldProvenance {
  "The field, as the query calls it."
  field: String!
  "The system that owns it."
  system: String!
  "The freshness domain it stands in."
  domain: String!
  "Since when the value is known to be true; null where nobody could say."
  asOf: DateTime
  "How long ago that is, in milliseconds."
  ageMs: Float
  "How much longer it may be served, in milliseconds; negative where it is served only because its owner is down."
  freshForMs: Float
  "Why the owner did not answer: the code of the fault; null where it did."
  fault: String
}
"#;

/// The name of the type of an entry.
const TYPE: &str = "FieldProvenance";

/// Adds the type and the fields. A contract that has a type of this name keeps it, and gets none of them.
pub(super) fn add(schema: &mut Schema, sources: &mut Sources, findings: &mut Findings) {
    if schema.types.contains_key(TYPE) {
        return;
    }
    let file = sources.add("(provenance)", SDL.to_owned());
    let Some(document) = sdl::parse(file, SDL, findings) else { return };
    let mut added = false;
    for ty in schema.types.values_mut().filter(|ty| ty.kind == Kind::Object) {
        let is_entity = ty.directives.iter().any(|one| one.name.name == "key");
        if !is_entity || ty.fields.iter().any(|field| field.name.name == FIELD) {
            continue;
        }
        let place = ty.name.place;
        let named = |non_null, of| TypeUse { of, non_null, place };
        let item = named(true, TypeUseKind::Named(TYPE.to_owned()));
        ty.fields.push(FieldDef {
            name: Named { name: FIELD.to_owned(), place },
            description: Some(DESCRIPTION.to_owned()),
            arguments: Vec::new(),
            ty: named(true, TypeUseKind::List(Box::new(item))),
            directives: Vec::new(),
        });
        added = true;
    }
    if added {
        schema.types.extend(document.types.into_iter().map(|ty| (ty.name.name.clone(), ty)));
    }
}
