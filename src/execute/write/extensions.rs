//! Writing `extensions`: what is served past its bound, and, where it is asked for, who answered what.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Known;
use crate::{
    cache::{self, Levels, Life, Stale},
    contract::Contract,
    execute::{fault::said_by, gathered::PageCell, veil::has_gaps},
    plan::{Ask, PagesAsk, Place, PlaceId, Plan},
    value::{DomainId, GroupId, SystemId},
};

/// Writes the member, where there is anything to say.
pub(super) fn write(known: Known<'_>, names_owners: bool, out: &mut Vec<u8>) {
    let Known { contract, plan, gathered, .. } = known;
    let stale = &gathered.freshness.stale;
    if stale.is_empty() && !names_owners {
        return;
    }
    let mut extensions = Map::new();
    if names_owners {
        let steps = Steps(known);
        let answered: Vec<Value> = (0..plan.steps.len()).flat_map(|step| steps.said(step)).collect();
        extensions.insert("freehold".to_owned(), json!({ "contract": contract.version, "answeredBy": answered }));
    }
    if !stale.is_empty() {
        extensions.insert("stale".to_owned(), stale.iter().map(|one| stale_entry(known, one)).collect());
    }
    out.extend_from_slice(b",\"extensions\":");
    out.extend_from_slice(Value::Object(extensions).to_string().as_bytes());
}

/// Says what is served past its bound. Which group that is, is said of what the caller has asked for themselves.
fn stale_entry(Known { contract, plan, .. }: Known<'_>, one: &Stale) -> Value {
    let group = match one.asked {
        cache::Asked::Group(group) => &contract.group(group).name,
        cache::Asked::List(list) => &contract.list(list).name,
    };
    let group = Some(group).filter(|_| is_shown(contract, plan, one.asked));
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

/// Whether the caller has asked for something of a group or a list themselves, and not only a rule on its way.
fn is_shown(contract: &Contract, plan: &Plan, asked: cache::Asked) -> bool {
    match asked {
        cache::Asked::Group(group) => plan.places.iter().any(|place| {
            let is_it = |of: GroupId| of == group || contract.handed_over_by(of) == Some(group);
            let mut columns = place.columns.iter().enumerate();
            columns.any(|(number, column)| is_it(column.group) && has_shown(place, number))
        }),
        cache::Asked::List(list) => {
            plan.steps.iter().any(|step| matches!(&step.ask, Ask::Pages(ask) if ask.list == list && ask.is_shown))
        }
    }
}

/// Whether the caller has asked for a column of a place themselves: for a field of it, or, of its identity, for the object.
fn has_shown(place: &Place, column: usize) -> bool {
    place.is_shown && (column == 0 || !place.columns[column].shown.is_empty())
}

/// Says who answered: an entry for each step, place and system.
struct Steps<'s>(Known<'s>);

/// What one system said.
#[derive(Default)]
struct Said {
    n_records: usize,
    n_absent: usize,
    n_failed: usize,
    /// Of what it said, what is the longest ago.
    oldest: Option<Life>,
}

impl Said {
    fn add(&mut self, life: Life) {
        self.oldest = Some(self.oldest.filter(|oldest| oldest.since_ms <= life.since_ms).unwrap_or(life));
    }
}

impl Steps<'_> {
    fn said(&self, step: usize) -> Vec<Value> {
        match &self.0.plan.steps[step].ask {
            Ask::Records { places, .. } => {
                places.iter().flat_map(|(place, column)| self.records(step, *place, *column)).collect()
            }
            Ask::Pages(ask) => self.pages(step, ask).into_iter().collect(),
        }
    }

    /// Says who answered for the objects of a place; nothing where this request did not ask.
    fn records(&self, step: usize, id: PlaceId, column: usize) -> Vec<Value> {
        let Known { contract, cache, plan, gathered } = self.0;
        let (place, rows) = (&plan.places[id.0], gathered.rows(id));
        let wanted = &place.columns[column];
        if rows.n_rows == 0 || !gathered.applies(wanted.when) || !has_shown(place, column) {
            return Vec::new();
        }
        // The owner stands first, and stands there even where another system answers for everything.
        let mut said_by_group = vec![(wanted.group, Said::default())];
        let has_gaps = has_gaps(plan, gathered, id, column);
        for row in 0..rows.n_rows {
            let Some(outcome) = gathered.outcome(place, rows, column, row) else { continue };
            let system = outcome.as_ref().map_or_else(|error| error.system_id, |record| record.stamp.system);
            // Nor who said that it is not there, where another system may have it for somebody else.
            let is_gap = has_gaps && outcome.as_ref().is_ok_and(|record| record.table().is_none());
            let group = if is_gap { wanted.group } else { said_by(contract, wanted.group, system) };
            let known = said_by_group.iter().position(|(known, _)| *known == group).unwrap_or_else(|| {
                said_by_group.push((group, Said::default()));
                said_by_group.len() - 1
            });
            let said = &mut said_by_group[known].1;
            let Ok(record) = outcome else {
                said.n_failed += 1;
                continue;
            };
            let is_absent = record.table().is_none();
            // How old it is that something is not there would tell whether it is another's.
            if !(has_gaps && is_absent) {
                let key = rows.key_of.get(row).and_then(|&key| rows.keys.get(key as usize));
                let asked = (cache::Asked::Group(group), key);
                said.add(cache.life(asked, &record.stamp, is_absent, gathered.now_ms));
            }
            *(if is_absent { &mut said.n_absent } else { &mut said.n_records }) += 1;
        }
        let entry = |(n, (id, said)): (usize, (GroupId, Said))| {
            let group = contract.group(id);
            let mut entry = self.source(group.system, group.domain, said.oldest);
            entry["path"] = Value::from(place.path.as_str());
            entry["type"] = Value::from(contract.ty(place.ty).name.as_str());
            entry["group"] = Value::from(group.name.as_str());
            entry["fields"] = wanted.shown.iter().map(String::as_str).collect();
            entry["records"] = json!(said.n_records);
            (entry["absent"], entry["failed"]) = (json!(said.n_absent), json!(said.n_failed));
            if n == 0 {
                entry["from"] = if has_gaps || self.is_read_for_rules(step) { Value::Null } else { self.levels(step) };
            }
            entry
        };
        said_by_group.into_iter().enumerate().map(entry).collect()
    }

    fn pages(&self, step: usize, ask: &PagesAsk) -> Option<Value> {
        let Known { contract, cache, plan, gathered } = self.0;
        let cells = gathered.pages[step].as_ref().filter(|_| ask.is_shown)?;
        let mut said = Said::default();
        for cell in cells {
            match cell {
                PageCell::Page(page) => {
                    said.n_records += 1;
                    let asked = (cache::Asked::List(ask.list), None);
                    said.add(cache.life(asked, &page.stamp, false, gathered.now_ms));
                }
                PageCell::Failed(_) => said.n_failed += 1,
                PageCell::Null => {}
            }
        }
        if said.oldest.is_none() && said.n_failed == 0 {
            return None;
        }
        let list = contract.list(ask.list);
        let mut entry = self.source(list.system, list.domain, said.oldest);
        entry["path"] = Value::from(plan.places[ask.parent.0].path.as_str());
        entry["list"] = Value::from(list.name.as_str());
        (entry["pages"], entry["failed"]) = (json!(said.n_records), json!(said.n_failed));
        entry["from"] = self.levels(step);
        Some(entry)
    }

    fn source(&self, system: SystemId, domain: DomainId, oldest: Option<Life>) -> Value {
        let contract = self.0.contract;
        json!({
            "system": contract.system(system).name,
            "domain": contract.domain(domain).name,
            "maxAgeMs": u64::try_from(contract.domain(domain).max_age.as_millis()).unwrap_or(u64::MAX),
            "asOf": oldest.and_then(|life| instant(life.since_ms)),
            "ageMs": oldest.map(|life| life.age_ms),
        })
    }

    /// Whether a step asks for what a rule reads as well, so that its numbers are not those of what is shown.
    fn is_read_for_rules(&self, step: usize) -> bool {
        let plan = self.0.plan;
        match &plan.steps[step].ask {
            Ask::Records { places, .. } => places.iter().any(|(place, _)| !plan.places[place.0].is_shown),
            Ask::Pages(ask) => !ask.is_shown,
        }
    }

    /// Says where what a step asked for was found, whoever answered.
    fn levels(&self, step: usize) -> Value {
        let Levels { memory, shared, fetched } = self.0.gathered.levels[step];
        json!({ "memory": memory, "redis": shared, "owner": fetched })
    }
}

fn instant(ms: i64) -> Option<String> {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).ok()
}
