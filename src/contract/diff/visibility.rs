//! Who sees what: audiences of fields and arguments, permissions, whose rows an entity has, how lists are narrowed, and
//! who is let in.
//!
//! What cannot be shown to be narrower counts as wider: another permission, another account field.

use std::collections::BTreeSet;

use super::{
    super::{Access, Argument, Contract, Field, Narrowed, Object, Role, Scope, Visibility as Shown},
    Change, ChangeKind,
    ChangeKind::{Note, Visibility},
    owner::{by_name, objects},
    view::sides,
};
use crate::value::AudienceId;

/// Compares who sees what.
pub(super) fn changes(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Vec::new();
    let (before, after) = (objects(old), objects(new));
    for (name, was, is) in sides(&before, &after).both {
        changes.extend(scope(name, was, is));
        changes.extend(audiences(name, (old, was), (new, is)));
        let (was, is) = (by_name(was), by_name(is));
        for (field, was, is) in sides(&was, &is).both {
            changes.extend(needs(&format!("{name}.{field}"), was, is));
        }
    }
    changes.extend(lists(old, new));
    changes.extend(access(old, new));
    changes
}

/// The audiences that have something they did not have; none named: nobody does.
fn widened(old: &Contract, was: &Shown, new: &Contract, is: &Shown) -> BTreeSet<String> {
    let had = |name: &String| match old.audiences.iter().position(|audience| audience == name) {
        Some(at) => was.includes(Some(AudienceId::from(at))),
        // An audience that is itself added sees what everyone sees, and that was agreed to before.
        None => *was == Shown::Everyone,
    };
    let has = |(at, name): (usize, &String)| is.includes(Some(AudienceId::from(at))).then(|| name.clone());
    new.audiences.iter().enumerate().filter_map(has).filter(|name| !had(name)).collect()
}

fn audiences(name: &str, (old, was): (&Contract, &Object), (new, is): (&Contract, &Object)) -> Vec<Change> {
    let (before, after) = (by_name(was), by_name(is));
    let both = sides(&before, &after).both;
    let mut widest: Vec<(String, BTreeSet<String>)> = Vec::new();
    let mut changes = Vec::new();
    for (field, was, is) in &both {
        let subject = format!("{name}.{field}");
        match (was.internal, is.internal) {
            (true, false) => {
                changes.push(Change::new(Visibility, &subject, "was input for rules alone, is in the schema"));
            }
            (_, true) => {}
            (false, false) => widest.push((subject.clone(), widened(old, &was.visible_to, new, &is.visible_to))),
        }
        changes.extend(arguments(&subject, (old, &was.arguments), (new, &is.arguments)));
    }
    widest.retain(|(_, by)| !by.is_empty());
    // A directive on the type says it of all its fields; so is it said here.
    let is_whole = widest.len() > 1 && widest.len() == both.iter().filter(|(_, was, _)| !was.internal).count();
    match widest.first() {
        Some((_, by)) if is_whole && widest.iter().all(|(_, other)| other == by) => {
            changes.push(visible(name.to_owned(), by));
        }
        _ => changes.extend(widest.into_iter().map(|(subject, by)| visible(subject, &by))),
    }
    changes
}

fn arguments(holder: &str, (old, was): (&Contract, &[Argument]), (new, is): (&Contract, &[Argument])) -> Vec<Change> {
    let pairs = is.iter().filter_map(|is| Some((was.iter().find(|was| was.name == is.name)?, is)));
    let widened = pairs.map(|(was, is)| (&is.name, widened(old, &was.visible_to, new, &is.visible_to)));
    let widened = widened.filter(|(_, by)| !by.is_empty());
    widened.map(|(name, by)| visible(format!("{holder}({name}:)"), &by)).collect()
}

fn visible(subject: String, by: &BTreeSet<String>) -> Change {
    let by: Vec<&str> = by.iter().map(String::as_str).collect();
    Change::new(Visibility, subject, format!("is visible to {} as well", by.join(", ")))
}

fn needs(subject: &str, was: &Field, is: &Field) -> Option<Change> {
    permission(subject, "", (was.needs.as_deref(), is.needs.as_deref()))
}

/// Compares the permission that something takes.
fn permission(subject: &str, whose: &str, (was, is): (Option<&str>, Option<&str>)) -> Option<Change> {
    let (kind, message) = match (was, is) {
        (was, is) if was == is => return None,
        (Some(was), None) => (Visibility, format!("{whose}needed {was}, needs no permission")),
        (None, Some(is)) => (Note, format!("{whose}needed no permission, needs {is}")),
        (was, is) => {
            (Visibility, format!("{whose}needed {}, needs {}", was.unwrap_or_default(), is.unwrap_or_default()))
        }
    };
    Some(Change::new(kind, subject, message))
}

fn scope(name: &str, was: &Object, is: &Object) -> Vec<Change> {
    let (Role::Entity(before), Role::Entity(after)) = (&was.role, &is.role) else { return Vec::new() };
    let subject = format!("@scope of {name}");
    match (&before.scope, &after.scope) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Change::new(Visibility, subject, "is removed: everyone sees every account's rows")],
        (None, Some(_)) => vec![Change::new(Note, subject, "is added: callers see their own accounts' rows alone")],
        (Some(before), Some(after)) => scopes(&subject, (was, before), (is, after)),
    }
}

fn scopes(subject: &str, (was, before): (&Object, &Scope), (is, after): (&Object, &Scope)) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut tell = |kind, message: String| changes.push(Change::new(kind, subject, message));
    let (account, now) = (&was.fields[before.account].name, &is.fields[after.account].name);
    if account != now {
        tell(Visibility, format!("went by {account}, goes by {now}"));
    }
    match (&before.children, &after.children) {
        (was, is) if was == is => {}
        (None, Some(is)) => tell(Visibility, format!("lets {is} see the rows of accounts below")),
        (Some(was), None) => tell(Note, format!("lets {was} see the rows of accounts below no more")),
        (was, is) => {
            let [was, is] = [was, is].map(|one| one.as_deref().unwrap_or_default());
            tell(Visibility, format!("let {was} see the rows of accounts below, lets {is}"));
        }
    }
    let own = |object: &Object, scope: &Scope| {
        scope.own.as_ref().map(|own| format!("{} by {}", own.permission, object.fields[own.login].name))
    };
    match (own(was, before), own(is, after)) {
        (was, is) if was == is => {}
        (Some(was), None) => tell(Note, format!("lets {was} see a login's own rows no more")),
        (was, is) => {
            let was = was.unwrap_or_else(|| "nobody".to_owned());
            tell(Visibility, format!("let {was} see a login's own rows, lets {}", is.unwrap_or_default()));
        }
    }
    changes.extend(permission(subject, "", (before.permission.as_deref(), after.permission.as_deref())));
    changes
}

fn lists(old: &Contract, new: &Contract) -> Vec<Change> {
    let pairs = new.lists.iter().filter_map(|is| Some((old.lists.iter().find(|was| was.name == is.name)?, is)));
    let told = pairs.filter_map(|(was, is)| {
        let subject = format!("[lists.{}]", is.name);
        let by = |narrowed: &Narrowed, parameters: &[String]| {
            let login = narrowed.login.map_or_else(String::new, |login| format!(" and {}", parameters[login]));
            format!("{}{login}", parameters[narrowed.accounts])
        };
        match (&was.narrowed, &is.narrowed) {
            (Some(_), None) => Some(Change::new(Visibility, subject, "is narrowed to what a caller may see no more")),
            (None, Some(_)) => Some(Change::new(Note, subject, "is narrowed to what a caller may see")),
            (Some(before), Some(after)) => {
                let (before, after) = (by(before, &was.parameters), by(after, &is.parameters));
                let message = format!("was narrowed by {before}, is by {after}");
                (before != after).then(|| Change::new(Visibility, subject, message))
            }
            (None, None) => None,
        }
    });
    told.collect()
}

fn access(old: &Contract, new: &Contract) -> Vec<Change> {
    let subject = "[access]";
    match (&old.access, &new.access) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Change::new(Visibility, subject, "is removed: nobody is told apart")],
        (None, Some(_)) => vec![Change::new(Note, subject, "is added: callers are told apart")],
        (Some(was), Some(is)) => let_in((old, was), (new, is)),
    }
}

fn let_in((old, was): (&Contract, &Access), (new, is): (&Contract, &Access)) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut tell = |kind: ChangeKind, subject: String, message: String| {
        changes.push(Change::new(kind, subject, message));
    };
    let named = |contract: &Contract, audience: AudienceId| contract.audiences[audience.index()].clone();
    match (was.anonymous.map(|one| named(old, one)), is.anonymous.map(|one| named(new, one))) {
        (was, is) if was == is => {}
        (Some(_), None) => tell(Note, "[access]".to_owned(), "lets in nobody without a token".to_owned()),
        (_, is) => {
            let message = format!("lets in whoever has no token as {}", is.unwrap_or_default());
            tell(Visibility, "[access]".to_owned(), message);
        }
    }
    for issuer in &is.issuers {
        let subject = format!("[access.issuers.{}]", issuer.name);
        match was.issuers.iter().find(|other| other.name == issuer.name) {
            None => tell(Visibility, subject, format!("is added: {} is believed", issuer.issuer)),
            Some(other) if other != issuer => {
                tell(Visibility, subject, "is believed on other terms".to_owned());
            }
            Some(_) => {}
        }
    }
    for issuer in was.issuers.iter().filter(|issuer| is.issuers.iter().all(|other| other.name != issuer.name)) {
        tell(Note, format!("[access.issuers.{}]", issuer.name), "is removed: it is believed no more".to_owned());
    }
    let acting = |contract: &Contract, access: &Access| {
        access.act_as.as_ref().map(|acting| (named(contract, acting.audience), acting.permissions.clone()))
    };
    let subject = || "[access.act_as]".to_owned();
    match (acting(old, was), acting(new, is)) {
        (was, is) if was == is => {}
        (Some(_), None) => tell(Note, subject(), "is removed: nobody acts as a buyer".to_owned()),
        (Some((was, may)), Some((is, now))) if was == is && now.is_subset(&may) => {
            tell(Note, subject(), "lets somebody who acts as a buyer do less".to_owned());
        }
        _ => tell(Visibility, subject(), "lets somebody who acts as a buyer do more, or something else".to_owned()),
    }
    changes
}
