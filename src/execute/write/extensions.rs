//! Writing `extensions`: what is served past its bound, and, where it is asked for, who answered what.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    cache::{self, Levels, Stale},
    contract::Contract,
    execute::{
        gathered::{Gathered, PageCell},
        veil::has_gaps,
    },
    plan::{Ask, PagesAsk, PlaceId, Plan},
    value::{DomainId, SystemId},
};

/// Writes the member, where there is anything to say.
pub(super) fn write(contract: &Contract, plan: &Plan, gathered: &Gathered, names_owners: bool, out: &mut Vec<u8>) {
    let stale = &gathered.freshness.stale;
    if stale.is_empty() && !names_owners {
        return;
    }
    let mut extensions = Map::new();
    if names_owners {
        let steps = Steps { contract, plan, gathered };
        let answered: Vec<Value> = (0..plan.steps.len()).flat_map(|step| steps.said(step)).collect();
        extensions.insert("freehold".to_owned(), json!({ "contract": contract.version, "answeredBy": answered }));
    }
    if !stale.is_empty() {
        extensions.insert("stale".to_owned(), stale.iter().map(|one| stale_entry(contract, one)).collect());
    }
    out.extend_from_slice(b",\"extensions\":");
    out.extend_from_slice(Value::Object(extensions).to_string().as_bytes());
}

/// Says what is served past its bound.
fn stale_entry(contract: &Contract, one: &Stale) -> Value {
    let group = match one.asked {
        cache::Asked::Group(group) => &contract.group(group).name,
        cache::Asked::List(list) => &contract.list(list).name,
    };
    json!({
        "code": "STALE_SERVED",
        "system": contract.system(one.system).name,
        "group": group,
        "domain": contract.domain(one.domain).name,
        "asOf": instant(one.since_ms),
        "records": one.n,
        "because": one.code,
    })
}

/// Says who answered: an entry for each step and place.
struct Steps<'s> {
    contract: &'s Contract,
    plan: &'s Plan,
    gathered: &'s Gathered,
}

impl Steps<'_> {
    fn said(&self, step: usize) -> Vec<Value> {
        match &self.plan.steps[step].ask {
            Ask::Records { places, .. } => {
                places.iter().filter_map(|(place, column)| self.records(step, *place, *column)).collect()
            }
            Ask::Pages(ask) => self.pages(step, ask).into_iter().collect(),
        }
    }

    /// Says who answered for the objects of a place; nothing where this request did not ask.
    fn records(&self, step: usize, id: PlaceId, column: usize) -> Option<Value> {
        let (contract, gathered) = (self.contract, self.gathered);
        let (place, rows) = (&self.plan.places[id.0], gathered.rows(id));
        let wanted = &place.columns[column];
        if rows.n_rows == 0 || !gathered.applies(wanted.when) {
            return None;
        }
        let has_gaps = has_gaps(self.plan, gathered, id, column);
        let (mut n_records, mut n_absent, mut n_failed, mut since_ms) = (0, 0, 0, None::<i64>);
        for row in 0..rows.n_rows {
            match gathered.outcome(place, rows, column, row) {
                // How old it is that something is not there would tell whether it is another's.
                Some(Ok(record)) if has_gaps && record.table().is_none() => n_absent += 1,
                Some(Ok(record)) => {
                    let stamp = record.stamp;
                    let known_ms = stamp.as_of_ms.unwrap_or(stamp.started_ms);
                    since_ms = Some(since_ms.map_or(known_ms, |since_ms| since_ms.min(known_ms)));
                    *(if record.table().is_some() { &mut n_records } else { &mut n_absent }) += 1;
                }
                Some(Err(_)) => n_failed += 1,
                None => {}
            }
        }
        let group = contract.group(wanted.group);
        let mut said = self.source(group.system, group.domain, step, since_ms);
        if has_gaps {
            said["from"] = Value::Null;
        }
        said["path"] = Value::from(place.path.as_str());
        said["type"] = Value::from(contract.ty(place.ty).name.as_str());
        said["group"] = Value::from(group.name.as_str());
        said["fields"] = wanted.fields.iter().map(String::as_str).collect();
        (said["records"], said["absent"], said["failed"]) = (json!(n_records), json!(n_absent), json!(n_failed));
        Some(said)
    }

    fn pages(&self, step: usize, ask: &PagesAsk) -> Option<Value> {
        let cells = self.gathered.pages[step].as_ref()?;
        let stamps = cells.iter().filter_map(|cell| match cell {
            PageCell::Page(page) => Some(page.stamp.as_of_ms.unwrap_or(page.stamp.started_ms)),
            PageCell::Null | PageCell::Failed(_) => None,
        });
        let since_ms = stamps.min();
        let n_failed = cells.iter().filter(|cell| matches!(cell, PageCell::Failed(_))).count();
        if since_ms.is_none() && n_failed == 0 {
            return None;
        }
        let list = self.contract.list(ask.list);
        let mut said = self.source(list.system, list.domain, step, since_ms);
        said["path"] = Value::from(self.plan.places[ask.parent.0].path.as_str());
        said["list"] = Value::from(list.name.as_str());
        (said["pages"], said["failed"]) = (json!(cells.len() - n_failed), json!(n_failed));
        Some(said)
    }

    fn source(&self, system: SystemId, domain: DomainId, step: usize, since_ms: Option<i64>) -> Value {
        let (contract, gathered) = (self.contract, self.gathered);
        let Levels { memory, shared, fetched } = gathered.levels[step];
        json!({
            "system": contract.system(system).name,
            "domain": contract.domain(domain).name,
            "maxAgeMs": u64::try_from(contract.domain(domain).max_age.as_millis()).unwrap_or(u64::MAX),
            "asOf": since_ms.and_then(instant),
            "ageMs": since_ms.map(|since_ms| (gathered.now_ms - since_ms).max(0)),
            "from": { "memory": memory, "redis": shared, "owner": fetched },
        })
    }
}

fn instant(ms: i64) -> Option<String> {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).ok()
}
