//! What callers' documents meet: the public schema of each audience, before and after.
//!
//! What is asked for may be promised more strictly and not less; what is sent may be taken more generously and not less.
//! A change that every audience meets is said once.

use std::collections::BTreeMap;

use super::{
    super::{Argument, Contract, Field, Type, TypeKind, TypeRef},
    Change, ChangeKind,
    ChangeKind::{Breaking, Note, Safe},
    types::{Used, text},
    view::{Sides, View, sides},
};
use crate::value::AudienceId;

/// How the schema that has everything is called beside those of audiences.
const WHOLE_GRAPH: &str = "the whole graph";

/// Compares the public schemas of two contracts.
pub(super) fn changes(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = audiences(old, new);
    let mut met: BTreeMap<Change, Vec<&str>> = BTreeMap::new();
    let mut compared = 0;
    for (name, before, after) in pairs(old, new) {
        compared += 1;
        let mut pair = Pair { old: before, new: after, changes: Vec::new() };
        pair.compare();
        pair.changes.sort();
        pair.changes.dedup();
        pair.changes.into_iter().for_each(|change| met.entry(change).or_default().push(name));
    }
    changes.extend(met.into_iter().map(|(mut change, by)| {
        if by.len() < compared {
            // The whole graph has whatever an audience has; it is named only where no audience has it.
            let named: Vec<&str> = by.iter().copied().filter(|name| *name != WHOLE_GRAPH).collect();
            let named = if named.is_empty() { by } else { named };
            change.audiences = named.into_iter().map(str::to_owned).collect();
        }
        change
    }));
    changes
}

/// The whole graph, and each audience that both contracts know.
fn pairs<'c>(old: &'c Contract, new: &'c Contract) -> Vec<(&'c str, View<'c>, View<'c>)> {
    let view = |contract, audience| View { contract, audience };
    let known = old.audiences.iter().enumerate().filter_map(|(at, name)| {
        let after = new.audiences.iter().position(|other| other == name)?;
        let (before, after) = (Some(AudienceId::from(at)), Some(AudienceId::from(after)));
        Some((name.as_str(), view(old, before), view(new, after)))
    });
    std::iter::once((WHOLE_GRAPH, view(old, None), view(new, None))).chain(known).collect()
}

fn audiences(old: &Contract, new: &Contract) -> Vec<Change> {
    let change = |kind, name: &String, message| Change::new(kind, format!("audience {name}"), message);
    let lost = old.audiences.iter().filter(|name| !new.audiences.contains(name));
    let gained = new.audiences.iter().filter(|name| !old.audiences.contains(name));
    let lost = lost.map(|name| change(Breaking, name, "is removed: whoever is of it is answered by no schema"));
    lost.chain(gained.map(|name| change(Note, name, "is added"))).collect()
}

/// The schemas of one audience.
struct Pair<'c> {
    old: View<'c>,
    new: View<'c>,
    changes: Vec<Change>,
}

impl<'c> Pair<'c> {
    fn tell(&mut self, kind: ChangeKind, subject: impl Into<String>, message: impl Into<String>) {
        self.changes.push(Change::new(kind, subject, message));
    }

    fn compare(&mut self) {
        let (old, new) = (self.old.types(), self.new.types());
        let Sides { both, lost, gained } = sides(&old, &new);
        for (name, _) in lost {
            self.tell(Breaking, name, "is removed");
        }
        for (name, ty) in gained {
            self.tell(Safe, name, format!("is added: {}", word(ty)));
        }
        for (_, old, new) in both {
            self.types(old, new);
        }
    }

    fn types(&mut self, old: &'c Type, new: &'c Type) {
        match (&old.kind, &new.kind) {
            (TypeKind::Scalar { specified_by: old, .. }, TypeKind::Scalar { specified_by, .. }) => {
                if old != specified_by {
                    self.tell(Note, &new.name, "is specified elsewhere");
                }
            }
            (TypeKind::Enum { .. }, TypeKind::Enum { .. }) => self.values(old, new),
            (TypeKind::Input { fields, one_of }, TypeKind::Input { fields: now, one_of: one_now }) => {
                if !one_of && *one_now {
                    self.tell(Breaking, &new.name, "takes exactly one of its fields");
                }
                self.arguments(&new.name, ".", fields, now);
            }
            (TypeKind::Union { possible }, TypeKind::Union { possible: now }) => {
                self.members(&new.name, "can be", (self.old.names(possible), self.new.names(now)));
            }
            (TypeKind::Object(before), TypeKind::Object(after)) => {
                let names = (self.old.names(&before.implements), self.new.names(&after.implements));
                self.members(&new.name, "implements", names);
                self.fields(old, new);
            }
            (TypeKind::Interface { implements, .. }, TypeKind::Interface { implements: now, .. }) => {
                self.members(&new.name, "implements", (self.old.names(implements), self.new.names(now)));
                self.fields(old, new);
            }
            _ => self.tell(Breaking, &new.name, format!("was {}, is {}", word(old), word(new))),
        }
    }

    fn members(&mut self, subject: &str, what: &str, (old, new): (Vec<&str>, Vec<&str>)) {
        for name in old.iter().filter(|name| !new.contains(name)) {
            self.tell(Breaking, subject, format!("{what} {name} no more"));
        }
        for name in new.iter().filter(|name| !old.contains(name)) {
            self.tell(Note, subject, format!("{what} {name} as well: a reader may not know it"));
        }
    }

    fn values(&mut self, old: &'c Type, new: &'c Type) {
        let (before, after) = (self.old.values(old), self.new.values(new));
        let Sides { both, lost, gained } = sides(&before, &after);
        for (name, _) in lost {
            self.tell(Breaking, format!("{}.{name}", new.name), "is removed");
        }
        for (name, _) in gained {
            self.tell(Note, format!("{}.{name}", new.name), "is added: a reader may not know the word");
        }
        for (name, before, after) in both {
            let deprecations = (before.deprecation.as_deref(), after.deprecation.as_deref());
            self.deprecation(&format!("{}.{name}", new.name), deprecations);
        }
    }

    fn deprecation(&mut self, subject: &str, (old, new): (Option<&str>, Option<&str>)) {
        match (old, new) {
            (Some(_), None) => self.tell(Note, subject, "is deprecated no more"),
            (old, Some(reason)) if old != Some(reason) => {
                self.tell(Note, subject, format!("is deprecated: {reason}"));
            }
            _ => {}
        }
    }

    fn fields(&mut self, old: &'c Type, new: &'c Type) {
        let (before, after) = (self.old.fields(old), self.new.fields(new));
        let Sides { both, lost, gained } = sides(&before, &after);
        for (name, _) in lost {
            self.tell(Breaking, format!("{}.{name}", new.name), "is removed");
        }
        for (name, (_, ty)) in gained {
            let ty = text(self.new.contract, ty);
            self.tell(Safe, format!("{}.{name}", new.name), format!("is added: {ty}"));
        }
        for (name, (before, was), (after, is)) in both {
            self.field(&format!("{}.{name}", new.name), (before, was), (after, is));
        }
    }

    fn field(&mut self, subject: &str, (old, was): (&'c Field, &'c TypeRef), (new, is): (&'c Field, &'c TypeRef)) {
        let (before, after) = self.used(was, is);
        match (after.fits(before), before.fits(after)) {
            (true, true) => {}
            (true, false) => self.tell(Safe, subject, self.was_is(was, is)),
            (false, true) => self.tell(Breaking, subject, format!("{}: it may be null", self.was_is(was, is))),
            (false, false) => self.tell(Breaking, subject, self.was_is(was, is)),
        }
        self.deprecation(subject, (old.deprecation.as_deref(), new.deprecation.as_deref()));
        self.arguments(subject, "(", &old.arguments, &new.arguments);
    }

    /// Compares what is sent: arguments of a field, or fields of an input object.
    fn arguments(&mut self, holder: &str, opening: &str, old: &'c [Argument], new: &'c [Argument]) {
        let closing = if opening == "(" { ":)" } else { "" };
        let named = |name: &str| format!("{holder}{opening}{name}{closing}");
        let (before, after) = (self.old.arguments(old), self.new.arguments(new));
        let Sides { both, lost, gained } = sides(&before, &after);
        for (name, _) in lost {
            self.tell(Breaking, named(name), "is removed");
        }
        for (name, argument) in gained {
            let ty = text(self.new.contract, &argument.ty);
            match is_required(argument) {
                true => self.tell(Breaking, named(name), format!("is added, and required: {ty}")),
                false => self.tell(Safe, named(name), format!("is added: {ty}")),
            }
        }
        for (name, before, after) in both {
            self.argument(&named(name), before, after);
        }
    }

    fn argument(&mut self, subject: &str, old: &'c Argument, new: &'c Argument) {
        let (before, after) = self.used(&old.ty, &new.ty);
        match (before.fits(after), after.fits(before)) {
            (true, true) => {}
            (true, false) => self.tell(Safe, subject, self.was_is(&old.ty, &new.ty)),
            (false, _) => self.tell(Breaking, subject, self.was_is(&old.ty, &new.ty)),
        }
        if old.default != new.default {
            let lost = is_required(new) && !is_required(old) && old.ty.non_null;
            let said = |argument: &Argument| argument.default.as_ref().map_or("none".to_owned(), ToString::to_string);
            let message = format!("had the default {}, has {}", said(old), said(new));
            self.tell(if lost { Breaking } else { Note }, subject, message);
        }
        self.deprecation(subject, (old.deprecation.as_deref(), new.deprecation.as_deref()));
    }

    fn used<'t>(&self, was: &'t TypeRef, is: &'t TypeRef) -> (Used<'t>, Used<'t>)
    where
        'c: 't,
    {
        (Used { contract: self.old.contract, ty: was }, Used { contract: self.new.contract, ty: is })
    }

    fn was_is(&self, was: &TypeRef, is: &TypeRef) -> String {
        format!("was {}, is {}", text(self.old.contract, was), text(self.new.contract, is))
    }
}

/// Whether a document that leaves it out is refused.
fn is_required(argument: &Argument) -> bool {
    argument.ty.non_null && argument.default.is_none()
}

fn word(ty: &Type) -> &'static str {
    match ty.kind {
        TypeKind::Scalar { .. } => "a scalar",
        TypeKind::Enum { .. } => "an enum",
        TypeKind::Input { .. } => "an input object",
        TypeKind::Object(_) => "an object",
        TypeKind::Interface { .. } => "an interface",
        TypeKind::Union { .. } => "a union",
    }
}
