//! Changes: the types that `[changes.…]` names are found, and the ways in which a system spells their keys.

use super::{
    super::{
        changes::{Changes, ChangesFile, Hint, HintFile, Webhook},
        nearest,
    },
    keys::Crossrefs,
    survey::{Survey, TypeRole},
};
use crate::{
    diagnostic::Findings,
    value::{Spelling, SystemId, TypeId},
};

/// Compiles how it is heard of changes at each system.
pub(super) fn compile(survey: &Survey<'_>, crossrefs: &Crossrefs<'_>, findings: &mut Findings) -> Vec<Changes> {
    let systems = survey.written.systems.iter().enumerate();
    systems.map(|(number, system)| changes(survey, crossrefs, number.into(), &system.changes, findings)).collect()
}

fn changes(
    survey: &Survey<'_>,
    crossrefs: &Crossrefs<'_>,
    system: SystemId,
    file: &ChangesFile,
    findings: &mut Findings,
) -> Changes {
    let webhook = file.webhook.as_ref().map(|file| Webhook {
        secret: file.secret.clone(),
        proof: file.proof.clone(),
        delivery: file.delivery.clone(),
        handshake: file.handshake.clone(),
        hints: file.hints.iter().filter_map(|file| hint(survey, crossrefs, system, file, findings)).collect(),
    });
    Changes { webhook, ..Changes::default() }
}

fn hint(
    survey: &Survey<'_>,
    crossrefs: &Crossrefs<'_>,
    system: SystemId,
    file: &HintFile,
    findings: &mut Findings,
) -> Option<Hint> {
    let entity = entity(survey, system, file, findings)?;
    let name = file.entity.text.as_str();
    let fields: Vec<&str> = survey.key_fields(name).iter().map(|field| field.name.name.as_str()).collect();
    let pointer = |field: &&str| file.key.iter().find(|(named, _)| named.text == *field).map(|(_, at)| at.clone());
    let key: Option<Vec<_>> = fields.iter().map(pointer).collect();
    let stray = file.key.iter().find(|(named, _)| !fields.contains(&named.text.as_str()));
    if !file.all && (key.is_none() || stray.is_some()) {
        findings.fault(
            "WEBHOOK_KEY_FIELDS",
            stray.map_or(file.entity.place, |(named, _)| named.place),
            format!("[changes.webhook.{name}] does not say where each field of the key is, and no other"),
            format!("the key is {}", fields.join(" ")),
        );
        return None;
    }
    let spellings = if file.all { Vec::new() } else { spellings(survey, crossrefs, system, file, findings) };
    let (when, rows, rows_when) = (file.when.clone(), file.rows.clone(), file.rows_when.clone());
    Some(Hint { entity, when, rows, rows_when, key: key.filter(|_| !file.all), spellings })
}

fn entity(survey: &Survey<'_>, system: SystemId, file: &HintFile, findings: &mut Findings) -> Option<TypeId> {
    let name = file.entity.text.as_str();
    if !matches!(survey.parts.get(name), Some(TypeRole::Entity(_))) {
        if !survey.written.schema.incomplete {
            let entities = survey.parts.iter().filter(|(_, role)| matches!(role, TypeRole::Entity(_)));
            let help = match nearest(name, entities.map(|(name, _)| *name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a type that has a `@key`".to_owned(),
            };
            findings.fault("WEBHOOK_TYPE", file.entity.place, format!("there is no entity `{name}`"), help);
        }
        return None;
    }
    let bound = survey.system(system);
    // A list alone may be of an interface of the type; then there is something to recall as well.
    if bound.groups.iter().all(|group| group.entity != name) && bound.lists.is_empty() {
        findings.fault(
            "WEBHOOK_TYPE",
            file.entity.place,
            format!("nothing of `{name}` is asked of `{}`", bound.name),
            "put this into the file of the system that answers the type's fields, or delete it",
        );
    }
    survey.type_ids.get(name).copied()
}

/// Finds the ways in which the groups of an entity spell its keys, each once.
fn spellings(
    survey: &Survey<'_>,
    crossrefs: &Crossrefs<'_>,
    system: SystemId,
    file: &HintFile,
    findings: &mut Findings,
) -> Vec<Vec<Spelling>> {
    let name = file.entity.text.as_str();
    let n_fields = survey.key_fields(name).len();
    let mut out: Vec<Vec<Spelling>> = Vec::new();
    for group in survey.system(system).groups.iter().filter(|group| group.entity == name) {
        // What is wrong with a group's key is said where its binding is checked.
        let spelled = match crossrefs.of_group(survey, name, group, &mut Findings::default()) {
            None => vec![Spelling::default(); n_fields],
            Some(mapped) if mapped.mapping.crossref.is_none() && mapped.mapping.is_two_way() => {
                mapped.mapping.spellings
            }
            Some(_) => {
                findings.fault(
                    "WEBHOOK_KEY_MAPPED",
                    file.entity.place,
                    format!("the graph's keys of `{name}` cannot be told from the system's without asking"),
                    "write all = true instead of `key`: a message then recalls the whole type",
                );
                return out;
            }
        };
        if !out.contains(&spelled) {
            out.push(spelled);
        }
    }
    if out.is_empty() { vec![vec![Spelling::default(); n_fields]] } else { out }
}
