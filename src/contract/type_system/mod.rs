//! The rules of GraphQL's own type system (specification, section 3), checked on the schema as written.
//!
//! Reading order: `names` (names and duplicates), `positions` (which type may stand where), `interfaces` (what an
//! implementation owes), `defaults` (default values and input objects).

mod defaults;
mod interfaces;
mod names;
mod positions;

use super::{merge::Schema, sdl};
use crate::diagnostic::Findings;

/// Checks a schema.
pub(super) fn check(schema: &Schema, findings: &mut Findings) {
    names::check(schema, findings);
    positions::check(schema, findings);
    interfaces::check(schema, findings);
    defaults::check(schema, findings);
}
