//! The freshness domains every contract has, with their bounds.
//!
//! A contract's `[freshness.…]` tables change them or add to them. The numbers are what the owners of such data usually
//! accept: minutes for what is typed in, seconds for what moves by itself.

use std::{collections::BTreeMap, time::Duration};

use super::{Domain, OnOutage};

/// How long a known absence holds, where the domain does not say and allows it.
const ABSENT: Duration = Duration::from_secs(30);

/// Over how many percent of `refresh_after` refreshing is spread, where the domain does not say.
pub(super) const JITTER_PERCENT: u32 = 10;

/// Name, maximal age, and how old an answer may be while the owner is down (0: nothing past the maximal age).
const DOMAINS: &[(&str, u64, u64)] = &[
    ("customer", 600, 3_600),
    ("customer.credit", 30, 0),
    ("customer.permissions", 60, 0),
    ("customer.tax", 900, 3_600),
    ("inventory", 30, 300),
    ("inventory.inbound", 600, 14_400),
    ("order", 60, 600),
    ("order.closed", 86_400, 604_800),
    ("price", 300, 0),
    ("price.list", 900, 3_600),
    ("product", 3_600, 86_400),
    ("product.lifecycle", 900, 14_400),
];

/// Returns the domains every contract has, by name.
pub(super) fn built_in() -> BTreeMap<String, Domain> {
    let domains = DOMAINS.iter().map(|(name, max_age, outage)| {
        let on_outage = match outage {
            0 => OnOutage::Refuse,
            seconds => OnOutage::ServeUpTo(Duration::from_secs(*seconds)),
        };
        ((*name).to_owned(), with_max_age(name, Duration::from_secs(*max_age), on_outage))
    });
    domains.collect()
}

/// Returns what a domain of the contract's own begins with: the bounds of its family (`price` for `price.quote`), or the
/// most careful ones.
pub(super) fn starting_point(name: &str) -> Domain {
    let built_in = built_in();
    let family = name.split('.').next().unwrap_or(name);
    match built_in.get(name).or_else(|| built_in.get(family)) {
        Some(domain) => Domain { name: name.to_owned(), ..domain.clone() },
        None => with_max_age(name, Duration::from_secs(60), OnOutage::Refuse),
    }
}

/// Makes a domain whose other bounds follow from its maximal age.
pub(super) fn with_max_age(name: &str, max_age: Duration, on_outage: OnOutage) -> Domain {
    Domain {
        name: name.to_owned(),
        max_age,
        refresh_after: max_age / 2,
        jitter_percent: JITTER_PERCENT,
        on_outage,
        absent: ABSENT.min(max_age),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stale_answer_must_not_allow_is_refused_by_the_names_that_the_graph_uses() {
        let graph = include_str!("../../schema/customer.graphql");
        for name in ["customer.credit", "customer.permissions"] {
            assert!(graph.contains(&format!("@domain(name: \"{name}\")")), "{name}");
            let domain = starting_point(name);
            assert!(domain.max_age <= Duration::from_secs(60) && domain.on_outage == OnOutage::Refuse, "{domain:?}");
        }
    }

    #[test]
    fn every_built_in_domain_keeps_its_own_order() {
        for domain in built_in().values() {
            assert!(domain.refresh_after <= domain.max_age && domain.absent <= domain.max_age, "{}", domain.name);
            if let OnOutage::ServeUpTo(age) = domain.on_outage {
                assert!(age >= domain.max_age, "{}", domain.name);
            }
        }
        assert_eq!(starting_point("price.quote").max_age, built_in()["price"].max_age);
        assert_eq!(starting_point("weather").on_outage, OnOutage::Refuse);
    }
}
