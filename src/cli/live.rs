//! Asking every owner whether it can answer what the contract says.
//!
//! In: a contract. Out: a finding for each system, list and group. Lists that need no argument are asked first; the keys
//! of their rows are the samples that the other lists and the groups are asked for. What has no sample is asked for nulls
//! or for a key that no one has, which still shows whether its query runs and has its columns.

use std::{
    collections::BTreeMap,
    fmt::{Display, Formatter},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    contract::{Answer, Contract, Feed, Role, TypeKind},
    fetch::{Direction, Fetch, FetchError, FetchErrorKind, ListFetch, Window},
    owner::{self, Owners},
    telemetry::Telemetry,
    value::{Argument, GroupId, Key, ListId, Scalar, SystemId, TypeId},
};

/// Rows asked of each list, and so keys asked of each group: enough to meet an odd row, little enough for any owner.
const N_SAMPLES: u32 = 20;

/// Owners answer within their own timeouts; this only ends what those do not.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one system, list or group was found to do.
#[derive(Debug)]
pub(super) struct Finding {
    system: String,
    asked: String,
    outcome: Result<Found, FetchError>,
}

/// What an answer held.
#[derive(Debug, Default)]
struct Found {
    n_asked: usize,
    n_rows: usize,
    /// Each value that does not fit, as `field is not a decimal`, once.
    violations: Vec<String>,
}

impl Finding {
    /// Whether it has to be mended before the contract is served.
    pub(super) fn is_fault(&self) -> bool {
        self.outcome.as_ref().map_or(true, |found| !found.violations.is_empty())
    }

    /// Returns the finding for machines.
    pub(super) fn to_json(&self) -> Value {
        let Self { system, asked, outcome } = self;
        match outcome {
            Ok(found) => json!({
                "system": system, "asked": asked, "ok": !self.is_fault(),
                "keys": found.n_asked, "rows": found.n_rows, "violations": found.violations,
            }),
            Err(error) => json!({
                "system": system, "asked": asked, "ok": false,
                "code": error.kind.code(), "detail": &*error.detail,
            }),
        }
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let word = if self.is_fault() { "fault" } else { "ok   " };
        write!(f, "{word}  {}: {}", self.system, self.asked)?;
        match &self.outcome {
            Ok(found) if found.n_asked > 0 => {
                write!(f, ", {} of {} keys answer", found.n_rows, found.n_asked)?;
            }
            Ok(found) if found.n_rows > 0 => write!(f, ", {} rows", found.n_rows)?,
            Ok(_) => {}
            Err(error) => write!(f, "\n         {} {}", error.kind.code(), error.detail)?,
        }
        for violation in self.outcome.iter().flat_map(|found| &found.violations) {
            write!(f, "\n         {violation}")?;
        }
        Ok(())
    }
}

/// Asks every owner.
pub(super) async fn ask(contract: Contract) -> Vec<Finding> {
    let contract = Arc::new(contract);
    let owners = owner::open(&contract, &Telemetry::new());
    let mut findings = Vec::new();
    let mut answering = Vec::new();
    for number in 0..contract.systems.len() {
        let system = SystemId::from(number);
        let outcome = owners.of(system).probe().await.map(|()| Found::default());
        // One that says something wrong answers.
        answering.push(outcome.as_ref().map_or_else(|error| error.kind == FetchErrorKind::ContractViolation, |_| true));
        let asked = "answers".to_owned();
        findings.push(Finding { system: contract.system(system).name.clone(), asked, outcome });
    }
    // What a dead system would say of its lists and groups has been said.
    let answers = |system: SystemId| answering[system.index()];
    let mut samples = BTreeMap::new();
    let mut lists: Vec<_> = (0..contract.lists.len()).map(ListId::from).collect();
    lists.retain(|&list| answers(contract.list(list).system));
    lists.sort_by_key(|&list| feeds(&contract, list).is_some());
    for list in lists {
        findings.push(ask_list(&contract, &owners, list, &mut samples).await);
    }
    for number in (0..contract.groups.len()).filter(|&number| answers(contract.groups[number].system)) {
        findings.push(ask_group(&contract, &owners, GroupId::from(number), &samples).await);
    }
    findings
}

async fn ask_list(
    contract: &Contract,
    owners: &Owners,
    id: ListId,
    samples: &mut BTreeMap<TypeId, Vec<Key>>,
) -> Finding {
    let list = contract.list(id);
    let fetch = ListFetch {
        list: id,
        arguments: arguments(contract, id, samples),
        window: Window {
            direction: Direction::Forward,
            n_rows: N_SAMPLES.min(list.page_rows_max),
            after: None,
            before: None,
        },
        count_up_to: None,
        deadline: Instant::now() + PATIENCE,
    };
    let pages: Result<Vec<_>, _> = owners.of(list.system).list(fetch).await.into_iter().collect();
    let outcome = pages.map(|pages| {
        let items: Vec<_> = pages.into_iter().flat_map(|page| page.items).collect();
        let n_rows = items.len();
        for item in items {
            let ty = item.type_name.and_then(|name| contract.type_names.get(&name).copied()).unwrap_or(list.of);
            let keys = samples.entry(ty).or_default();
            if keys.len() < N_SAMPLES as usize && !keys.contains(&item.key) {
                keys.push(item.key);
            }
        }
        Found { n_rows, ..Found::default() }
    });
    Finding { system: contract.system(list.system).name.clone(), asked: format!("list {}", list.name), outcome }
}

/// Returns the entity whose keys feed a list, and for each of the list's parameters which key field does.
fn feeds(contract: &Contract, list: ListId) -> Option<(TypeId, Vec<Option<usize>>)> {
    (0..contract.types.len()).map(TypeId::from).find_map(|id| {
        let object = contract.object(id).filter(|object| matches!(object.role, Role::Entity(_)))?;
        object.fields.iter().find_map(|field| match &field.answer {
            Answer::List(used) if used.list == list => {
                let from_key = |feed: &Option<Feed>| match feed {
                    Some(Feed::Field(position)) => match object.fields[*position].answer {
                        Answer::Key(position) => Some(position),
                        _ => None,
                    },
                    _ => None,
                };
                let positions: Vec<_> = used.arguments.iter().map(from_key).collect();
                positions.iter().any(Option::is_some).then_some((id, positions))
            }
            _ => None,
        })
    })
}

/// Makes the arguments of a list: one set for each sample of the entity that feeds it, or one of nulls.
fn arguments(contract: &Contract, list: ListId, samples: &BTreeMap<TypeId, Vec<Key>>) -> Vec<Box<[Argument]>> {
    let fed = feeds(contract, list).and_then(|(entity, positions)| Some((samples.get(&entity)?, positions)));
    let Some((keys, positions)) = fed else {
        return vec![contract.list(list).parameters.iter().map(|_| Argument::Null).collect()];
    };
    let argument = |key: &Key, position: Option<usize>| match position.and_then(|position| key.field(position)) {
        Some(text) => Argument::One(text.into()),
        None => Argument::Null,
    };
    keys.iter().map(|key| positions.iter().map(|&position| argument(key, position)).collect()).collect()
}

async fn ask_group(contract: &Contract, owners: &Owners, id: GroupId, samples: &BTreeMap<TypeId, Vec<Key>>) -> Finding {
    let group = contract.group(id);
    let sampled = samples.get(&group.entity);
    let keys = sampled.cloned().or_else(|| nobodys_key(contract, group.entity).map(|key| vec![key]));
    let fetch = Fetch { group: id, keys: keys.unwrap_or_default().into(), deadline: Instant::now() + PATIENCE };
    let records: Result<Vec<_>, _> = owners.of(group.system).fetch(fetch).await.into_iter().collect();
    let outcome = records.map(|records| {
        let mut violations: Vec<_> = (records.iter().flat_map(|record| record.violations()))
            .map(|violation| format!("{} is not {}", without_positions(&violation.field), violation.expected))
            .collect();
        violations.sort();
        violations.dedup();
        let n_rows = records.iter().filter(|record| record.table().is_some()).count();
        Found { n_asked: sampled.map_or(0, Vec::len), n_rows, violations }
    });
    Finding { system: contract.system(group.system).name.clone(), asked: format!("group {}", group.name), outcome }
}

/// Makes a key of the right types that no row is expected to have.
fn nobodys_key(contract: &Contract, entity: TypeId) -> Option<Key> {
    let object = contract.object(entity)?;
    let Role::Entity(keyed) = &object.role else { return None };
    let texts = keyed.key.iter().map(|&position| match &contract.ty(object.fields[position].ty.named()).kind {
        TypeKind::Scalar { scalar: Scalar::Int | Scalar::Float | Scalar::Decimal, .. } => "0",
        TypeKind::Scalar { scalar: Scalar::Boolean, .. } => "false",
        TypeKind::Scalar { scalar: Scalar::Date, .. } => "1970-01-01",
        TypeKind::Scalar { scalar: Scalar::DateTime, .. } => "1970-01-01T00:00:00Z",
        TypeKind::Enum { values, .. } => values.first().map_or("", |value| &value.name),
        _ => "freehold-check",
    });
    Key::of(texts)
}

/// `lines.2.quantity` and `lines.7.quantity` are one thing to mend.
fn without_positions(field: &str) -> String {
    let names = field.split('.').filter(|part| part.parse::<usize>().is_err());
    names.collect::<Vec<_>>().join(".")
}
