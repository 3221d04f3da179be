//! Compiling: the schema, the settings and the system files as written become the contract the program runs on.
//!
//! Reading order: `survey` (what part each type plays), `classify` (where each field's value comes from), `paging`
//! (connections), `rules` (what they read), `groups` (the field groups and their domains), `bindings` (their queries; `odata` what of
//! it is OData's, `inside` what Freehold's own), `shapes` (layouts), `feeds` (templates), `keys` (mappings and cross-references), `references` (`@ref`),
//! `lists` and `order` (`@list`), `lag` (systems that are behind), `changes` and `hearing` (how changes are heard of),
//! `protection` (scopes, audiences, copies), `samples` (keys to check with), `assemble` (the
//! model). Every step reports what is wrong and goes on with what is right; a contract comes out only when no step
//! reported a fault, so a number that stands for something unknown is never used.

mod assemble;
mod bindings;
mod changes;
mod classify;
mod feeds;
mod groups;
mod hearing;
mod inside;
mod keys;
mod lag;
mod lists;
mod odata;
mod order;
mod paging;
mod protection;
mod references;
mod rest;
mod rules;
mod samples;
mod scopes;
mod shapes;
mod survey;
mod visible;

use super::{
    Contract,
    merge::Schema,
    sdl::{FieldDef, TypeDef},
    settings::Settings,
    system::SystemFile,
};
use crate::diagnostic::{Findings, Place, Sources};

/// Everything as written.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub schema: &'a Schema,
    pub settings: &'a Settings,
    pub systems: &'a [SystemFile],
    pub sources: &'a Sources,
}

/// Compiles a contract, or says why not.
pub(super) fn compile(written: Written<'_>, findings: &mut Findings) -> Option<Contract> {
    let survey = survey::survey(written, findings);
    let classes = classify::classify(&survey, findings);
    paging::check(&survey, findings);
    let groups = groups::collect(&survey, &classes, findings);
    let crossrefs = keys::crossrefs(&survey, &groups, findings);
    bindings::check(&survey, &groups, &crossrefs, findings);
    let calls = rules::compile(&survey, &classes, findings);
    let references = references::compile(&survey, &classes, findings);
    let lists = lists::compile(&survey, &classes, &groups, &crossrefs, findings);
    protection::check(&survey, findings);
    let hierarchy = scopes::hierarchy(&survey, &lists.lists, findings);
    lag::check(&survey, &groups, findings);
    let mut changes = changes::compile(&survey, &crossrefs, findings);
    let hearing =
        hearing::Hearing { survey: &survey, groups: &groups, crossrefs: &crossrefs, n_lists: lists.lists.len() };
    let heard_by = hearing::compile(&hearing, &mut changes, findings);
    let samples = samples::compile(&survey, findings);
    if findings.n_faults() > 0 {
        return None;
    }
    assemble::assemble(
        &survey,
        &classes,
        groups,
        &crossrefs,
        &references,
        lists,
        assemble::Beside { calls, changes, heard_by, samples, hierarchy },
    )
}

/// A field of an object type: the type's name and the field's position.
type FieldId<'a> = (&'a str, usize);

impl Written<'_> {
    /// Narrows the place of a written text to a stretch of what it says, where the text stands there as it is.
    fn within(&self, place: Place, said: &str, stretch: std::ops::Range<usize>) -> Place {
        let clamped = self.sources.clamp(place);
        let raw = &self.sources.text(place.file)[clamped.start..clamped.end];
        match raw.find(said) {
            Some(at) if !said.is_empty() => {
                let start = clamped.start + at;
                Place { start: start + stretch.start, end: start + stretch.end, ..place }
            }
            _ => place,
        }
    }
}

/// Prints a field's path: `Product.name`.
fn path(ty: &TypeDef, field: &FieldDef) -> String {
    format!("{}.{}", ty.name.name, field.name.name)
}
