//! Counting: what a document asks for with its fragments in place, without putting them there.
//!
//! In: the definitions of a document, each with what it asks for itself and which fragments it spreads. Out: the most that any
//! of them comes to. Each fragment is counted once however often it is spread: what would be 2^30 fields costs no more to
//! count than its text is long.

use std::collections::HashMap;

use super::parse::{Refusal, RefusalKind, SELECTIONS_MAX};

/// How many fragments may be spread inside one another.
const FRAGMENTS_NESTED_MAX: u64 = 64;

/// How many selections all operations and fragments of a document may come to, each by itself: all of them are validated,
/// whichever is run.
const DOCUMENT_SELECTIONS_MAX: u64 = 5 * SELECTIONS_MAX;

/// What a document asks for, its fragments in place: the most of any of its operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Tokens of the whole document.
    pub tokens: u64,
    /// Fields inside one another.
    pub depth: u64,
    /// Aliases.
    pub aliases: u64,
    /// Fields of the query root.
    pub root_fields: u64,
    /// Directives.
    pub directives: u64,
    /// Fields, spreads and inline fragments.
    pub selections: u64,
}

/// An operation or a fragment, without what its spreads stand for.
#[derive(Debug, Default)]
pub(super) struct Definition<'d> {
    /// Its name; none: an operation.
    pub fragment: Option<&'d str>,
    /// What it asks for.
    pub own: Counted,
    /// The fragments it spreads, and how many fields each is inside of.
    pub spreads: Vec<(&'d str, u64)>,
}

/// Adds up what each definition asks for, and returns the most.
///
/// *Errors*: fragments that spread themselves, or too many inside one another; more selections than anybody validates.
pub(super) fn count(definitions: &[Definition<'_>]) -> Result<Counted, Refusal> {
    let named = definitions.iter().filter_map(|definition| Some((definition.fragment?, definition)));
    let mut totals = Totals { fragments: named.collect(), known: HashMap::new() };
    let mut most = Counted::default();
    let mut n_selections = 0_u64;
    for definition in definitions {
        // A fragment that nobody spreads is validated like all others.
        let (counted, _) = totals.of(definition, 0)?;
        most.depth = most.depth.max(counted.depth);
        most.aliases = most.aliases.max(counted.aliases);
        most.directives = most.directives.max(counted.directives);
        most.selections = most.selections.max(counted.selections);
        n_selections = n_selections.saturating_add(counted.selections);
        if definition.fragment.is_none() {
            most.root_fields = most.root_fields.max(counted.root_fields);
        }
    }
    if n_selections > DOCUMENT_SELECTIONS_MAX && most.selections <= SELECTIONS_MAX {
        let message = format!(
            "the operations and fragments of the document have {n_selections} selections together, of \
             {DOCUMENT_SELECTIONS_MAX} allowed: send the operations in documents of their own"
        );
        return Err(Refusal::new(RefusalKind::TooLarge, message, Vec::new()));
    }
    Ok(most)
}

struct Totals<'d, 'q> {
    fragments: HashMap<&'q str, &'d Definition<'q>>,
    /// What each fragment comes to, and how many are spread inside one another in it; none while it is being counted.
    known: HashMap<&'q str, Option<(Counted, u64)>>,
}

impl<'d, 'q> Totals<'d, 'q> {
    /// Returns what a definition comes to with its fragments in place, and how many of them are inside one another.
    fn of(&mut self, definition: &'d Definition<'q>, n_outer: u64) -> Result<(Counted, u64), Refusal> {
        if let Some(name) = definition.fragment {
            match self.known.get(name) {
                Some(Some(known)) => return Ok(*known),
                Some(None) => {
                    let message = format!(
                        "the fragment \"{name}\" spreads itself, at once or by others: leave out one of the spreads"
                    );
                    return Err(Refusal::new(RefusalKind::Validation, message, Vec::new()));
                }
                None => drop(self.known.insert(name, None)),
            }
        }
        let mut total = definition.own;
        let mut n_nested = 0;
        for (name, n_fields) in &definition.spreads {
            // A fragment that is not there is left to validation.
            let Some(fragment) = self.fragments.get(name).copied() else { continue };
            let (inner, n_inner) = match n_outer < FRAGMENTS_NESTED_MAX {
                true => self.of(fragment, n_outer + 1)?,
                false => (Counted::default(), FRAGMENTS_NESTED_MAX),
            };
            n_nested = n_nested.max(n_inner + 1);
            if n_nested > FRAGMENTS_NESTED_MAX {
                let message = format!(
                    "more than {FRAGMENTS_NESTED_MAX} fragments are spread inside one another: write their fields out"
                );
                return Err(Refusal::new(RefusalKind::TooLarge, message, Vec::new()));
            }
            total.depth = total.depth.max(n_fields - 1 + inner.depth);
            total.aliases = total.aliases.saturating_add(inner.aliases);
            total.directives = total.directives.saturating_add(inner.directives);
            total.selections = total.selections.saturating_add(inner.selections);
            if *n_fields == 1 {
                total.root_fields = total.root_fields.saturating_add(inner.root_fields);
            }
        }
        if let Some(name) = definition.fragment {
            self.known.insert(name, Some((total, n_nested)));
        }
        Ok((total, n_nested))
    }
}
