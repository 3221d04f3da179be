//! How old an answer may be: the bounds of each freshness domain, and the domain of each field, list and hierarchy.

use std::{collections::BTreeMap, time::Duration};

use super::{
    super::{Contract, Domain, OnOutage},
    Change,
    ChangeKind::{Bounds, Note},
    owner::{by_name, objects},
    view::sides,
};
use crate::value::{DomainId, duration_text};

/// Compares bounds.
pub(super) fn changes(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Vec::new();
    let domains = |contract: &'_ Contract| -> BTreeMap<String, Domain> {
        contract.domains.iter().map(|domain| (domain.name.clone(), domain.clone())).collect()
    };
    let (before, after) = (domains(old), domains(new));
    for name in before.keys().filter(|name| after.contains_key(*name)) {
        changes.extend(compared(&format!("[freshness.{name}]"), &before[name], &after[name]));
    }
    changes.extend(moved(old, new));
    changes.extend(hierarchy(old, new));
    let lag = |contract: &Contract, name: &str| {
        contract.systems.iter().find(|system| system.name == name).map(|system| system.lag)
    };
    for system in &new.systems {
        if let Some(was) = lag(old, &system.name).filter(|was| *was != system.lag) {
            let message = format!("lagged by {}, lags by {}", duration_text(was), duration_text(system.lag));
            changes.push(Change::new(Note, format!("system {}", system.name), message));
        }
    }
    changes
}

/// Fields and lists that are of another domain. Fields of a type that move together are said together.
fn moved(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut tell = |subject: String, (was, is): (DomainId, DomainId)| {
        let (was, is) = (old.domain(was), new.domain(is));
        changes.push(Change::new(Note, &subject, format!("was of the domain {}, is of {}", was.name, is.name)));
        changes.extend(compared(&subject, was, is));
    };
    let is_other = |(was, is): (DomainId, DomainId)| old.domain(was).name != new.domain(is).name;
    let (before, after) = (objects(old), objects(new));
    for (name, was, is) in sides(&before, &after).both {
        let (was, is) = (by_name(was), by_name(is));
        let both = sides(&was, &is).both;
        let domains = both.iter().filter_map(|(field, was, is)| Some((*field, (was.domain?, is.domain?))));
        let domains: Vec<_> = domains.collect();
        let mut together: BTreeMap<(DomainId, DomainId), Vec<&str>> = BTreeMap::new();
        for (field, pair) in domains.iter().filter(|(_, pair)| is_other(*pair)) {
            together.entry(*pair).or_default().push(field);
        }
        for (pair, fields) in together {
            let named = |field: &&str| format!("{name}.{field}");
            let subject = match fields.len() == domains.len() {
                true => name.to_owned(),
                false => fields.iter().map(named).collect::<Vec<_>>().join(", "),
            };
            tell(subject, pair);
        }
    }
    for list in &new.lists {
        let was = old.lists.iter().find(|other| other.name == list.name);
        if let Some(pair) = was.map(|was| (was.domain, list.domain)).filter(|pair| is_other(*pair)) {
            tell(format!("[lists.{}]", list.name), pair);
        }
    }
    changes
}

fn compared(subject: &str, was: &Domain, is: &Domain) -> Vec<Change> {
    let mut changes = vec![
        length(subject, "max_age", (was.max_age, is.max_age)),
        length(subject, "absent", (was.absent, is.absent)),
        // How early something is refreshed bounds nothing.
        length(subject, "refresh_after", (was.refresh_after, is.refresh_after))
            .map(|change| Change { kind: Note, ..change }),
    ];
    changes.push(match (was.on_outage, is.on_outage) {
        (OnOutage::Refuse, OnOutage::ServeUpTo(age)) => {
            let message = format!("on_outage was refuse, is {}: loosened", duration_text(age));
            Some(Change::new(Bounds, subject, message))
        }
        (OnOutage::ServeUpTo(age), OnOutage::Refuse) => {
            Some(Change::new(Note, subject, format!("on_outage was {}, is refuse: tightened", duration_text(age))))
        }
        (OnOutage::ServeUpTo(was), OnOutage::ServeUpTo(is)) => length(subject, "on_outage", (was, is)),
        (OnOutage::Refuse, OnOutage::Refuse) => None,
    });
    changes.into_iter().flatten().collect()
}

/// Compares a time: longer is looser.
fn length(subject: &str, word: &str, (was, is): (Duration, Duration)) -> Option<Change> {
    let (kind, how) = match was.cmp(&is) {
        std::cmp::Ordering::Less => (Bounds, "loosened"),
        std::cmp::Ordering::Greater => (Note, "tightened"),
        std::cmp::Ordering::Equal => return None,
    };
    let message = format!("{word} was {}, is {}: {how}", duration_text(was), duration_text(is));
    Some(Change::new(kind, subject, message))
}

/// A right that was withdrawn outlives nothing but the hierarchy's own bound.
fn hierarchy(old: &Contract, new: &Contract) -> Option<Change> {
    let (was, is) = (old.hierarchy.as_ref()?, new.hierarchy.as_ref()?);
    length("[hierarchy]", "max_age", (was.max_age, is.max_age))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_is_looser_and_refreshing_later_is_none() {
        let domain = |seconds: u64, on_outage| Domain {
            name: "price".to_owned(),
            max_age: Duration::from_secs(seconds),
            refresh_after: Duration::from_secs(seconds / 2),
            jitter_percent: 0,
            on_outage,
            absent: Duration::from_secs(1),
        };
        let kinds = |was, is| compared("p", &was, &is).into_iter().map(|change| change.kind).collect::<Vec<_>>();
        let up_to = |seconds| OnOutage::ServeUpTo(Duration::from_secs(seconds));
        assert_eq!(kinds(domain(60, OnOutage::Refuse), domain(120, OnOutage::Refuse)), [Bounds, Note]);
        assert_eq!(kinds(domain(120, OnOutage::Refuse), domain(60, OnOutage::Refuse)), [Note, Note]);
        assert_eq!(kinds(domain(60, OnOutage::Refuse), domain(60, up_to(60))), [Bounds]);
        assert_eq!(kinds(domain(60, up_to(90)), domain(60, up_to(120))), [Bounds]);
        assert_eq!(kinds(domain(60, up_to(90)), domain(60, OnOutage::Refuse)), [Note]);
        assert_eq!(kinds(domain(60, up_to(90)), domain(60, up_to(90))), []);
    }
}
