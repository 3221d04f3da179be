//! What a request may take: `[limits]`, the documents that callers have registered, `@cost` and `@listSize`.
//!
//! A document that ran and is refused breaks. Whoever may ask for more, or for other documents, or is shown the schema, sees
//! more. What holds a caller back for a moment only is a note.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Argument, AudienceLimits, Contract, Document, Field, ListSize, Weight},
    Change, ChangeKind,
    ChangeKind::{Breaking, Note, Visibility},
    owner::{by_name, objects},
    view::sides,
};
use crate::value::AudienceId;

/// Compares what requests may take.
pub(super) fn changes(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut by_change: BTreeMap<(ChangeKind, String, String), BTreeSet<String>> = BTreeMap::new();
    let both = audiences(old, new);
    for (name, was, is) in &both {
        let mut told = limits(old.limits.of(*was), new.limits.of(*is));
        told.extend(documents((old, *was), (new, *is)));
        for Change { kind, subject, message, .. } in told {
            by_change.entry((kind, subject, message)).or_default().insert(name.clone());
        }
    }
    let everyone: BTreeSet<String> = new.audiences.iter().cloned().collect();
    let told = by_change.into_iter().map(|((kind, subject, message), by)| Change {
        audiences: if by.len() >= everyone.len() { Vec::new() } else { by.into_iter().collect() },
        ..Change::new(kind, subject, message)
    });
    told.chain(weights(old, new)).collect()
}

/// The audiences that both contracts have; without any there is one, which is everyone's.
fn audiences(old: &Contract, new: &Contract) -> Vec<(String, Option<AudienceId>, Option<AudienceId>)> {
    if old.audiences.is_empty() || new.audiences.is_empty() {
        return vec![(String::new(), None, None)];
    }
    let at = |contract: &Contract, name: &String| contract.audiences.iter().position(|other| other == name);
    let both = new.audiences.iter().filter_map(|name| Some((name, at(old, name)?, at(new, name)?)));
    both.map(|(name, was, is)| (name.clone(), Some(AudienceId::from(was)), Some(AudienceId::from(is)))).collect()
}

fn limits(was: &AudienceLimits, is: &AudienceLimits) -> Vec<Change> {
    let subject = "[limits]";
    let numbers = [
        ("document_bytes", was.document_bytes, is.document_bytes),
        ("tokens", was.tokens, is.tokens),
        ("depth", was.depth, is.depth),
        ("aliases", was.aliases, is.aliases),
        ("root_fields", was.root_fields, is.root_fields),
        ("directives", was.directives, is.directives),
        ("variables_bytes", was.variables_bytes, is.variables_bytes),
        ("cost", was.cost, is.cost),
        ("response_bytes", was.response_bytes, is.response_bytes),
    ];
    let different = numbers.into_iter().filter(|(_, was, is)| was != is);
    let mut changes: Vec<Change> = different
        .map(|(key, was, is)| {
            let (kind, how) = if is < was { (Breaking, ": requests may be refused") } else { (Note, "") };
            Change::new(kind, subject, format!("{key} was {was}, is {is}{how}"))
        })
        .collect();
    match (was.introspection, is.introspection) {
        (true, false) => changes.push(Change::new(Breaking, subject, "introspection is off: the schema is not shown")),
        (false, true) => changes.push(Change::new(Visibility, subject, "introspection is on: the schema is shown")),
        _ => {}
    }
    if was.rate != is.rate {
        changes.push(Change::new(Note, subject, "rate is another: callers may be told to come back later, or sooner"));
    }
    if was.concurrency != is.concurrency {
        let message = format!("concurrency was {}, is {}", was.concurrency, is.concurrency);
        changes.push(Change::new(Note, subject, message));
    }
    if was.priority != is.priority {
        changes.push(Change::new(Note, subject, "priority is another: others give way first, or nobody"));
    }
    changes
}

/// Compares which documents an audience runs.
fn documents(
    (old, before): (&Contract, Option<AudienceId>),
    (new, after): (&Contract, Option<AudienceId>),
) -> Vec<Change> {
    let subject = "[documents]";
    let mut changes = Vec::new();
    let is_held = |contract: &Contract, audience: Option<AudienceId>| {
        audience.is_some_and(|audience| contract.documents.trusted_only.contains(&audience))
    };
    match (is_held(old, before), is_held(new, after)) {
        (false, true) => changes.push(Change::new(Breaking, subject, "trusted_only: no other document is run")),
        (true, false) => changes.push(Change::new(Visibility, subject, "trusted_only no more: any document is run")),
        _ => {}
    }
    let runs = |called: &dyn Fn(&Document) -> bool| {
        new.documents.registered.iter().any(|one| called(one) && new.documents.may_run(one, after))
    };
    for one in old.documents.registered.iter().filter(|one| old.documents.may_run(one, before)) {
        let is_found = |name: &str| runs(&|other: &Document| other.hash == name || other.id == name);
        if !is_found(&one.hash) || !is_found(&one.id) {
            let name = one.name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            changes.push(Change::new(Breaking, subject, format!("{}{name} is registered no more", one.id)));
        }
    }
    changes
}

/// Compares what is said to cost something; what that comes to for a document is for `freehold documents check` to say.
fn weights(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut weight = |subject: String, was: Option<Weight>, is: Option<Weight>| {
        if was != is {
            let [was, is] = [was, is].map(|weight| weight.map_or("none".to_owned(), weight_text));
            changes.push(Change::new(Note, subject, format!("@cost was {was}, is {is}")));
        }
    };
    for is in &new.types {
        if let Some(was) = old.types.iter().find(|was| was.name == is.name) {
            weight(is.name.clone(), was.weight, is.weight);
        }
    }
    let mut sizes = Vec::new();
    let (before, after) = (objects(old), objects(new));
    for (name, was, is) in sides(&before, &after).both {
        let (was, is) = (by_name(was), by_name(is));
        for (field, was, is) in sides(&was, &is).both {
            let subject = format!("{name}.{field}");
            for (argument, was, is) in arguments(was, is) {
                weight(format!("{subject}({argument}:)"), was.weight, is.weight);
            }
            weight(subject.clone(), was.weight, is.weight);
            if was.list_size != is.list_size {
                let [was, is] =
                    [&was.list_size, &is.list_size].map(|size| size.as_ref().map_or("none".to_owned(), size_text));
                sizes.push(Change::new(Note, subject, format!("@listSize was {was}, is {is}")));
            }
        }
    }
    changes.extend(sizes);
    changes
}

fn arguments<'c>(was: &'c Field, is: &'c Field) -> impl Iterator<Item = (&'c str, &'c Argument, &'c Argument)> {
    is.arguments.iter().filter_map(|one| {
        let before = was.arguments.iter().find(|other| other.name == one.name)?;
        Some((one.name.as_str(), before, one))
    })
}

fn weight_text(Weight(thousandths): Weight) -> String {
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn size_text(size: &ListSize) -> String {
    let assumed = size.assumed.map(|assumed| assumed.to_string());
    let slicing = (!size.slicing.is_empty()).then(|| format!("by {}", size.slicing.join(" and ")));
    [assumed, slicing].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
