//! How fresh a request wants its answer: from its headers and its `extensions.freshness` to a demand. Pure.
//!
//! In: `Freehold-Max-Age: 5s, price=0s`, `Freehold-Not-Before: 2026-05-04T10:00:00Z`, the standard `Cache-Control: max-age=5`
//! and `no-cache`, and the same in the request's body. Out: the tightest of all that is said. Nothing here can loosen what a
//! domain says, because a demand cannot.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::{error::Refusal, request::kind};
use crate::{
    cache::Demand,
    value::{DomainId, parse_duration},
};

/// Nothing older than this, of all domains or of those that are named.
pub(super) const MAX_AGE: &str = "freehold-max-age";
/// Nothing from before this instant.
pub(super) const NOT_BEFORE: &str = "freehold-not-before";
/// The member of `extensions`.
pub(super) const EXTENSION: &str = "freshness";

/// Reads what a request demands.
///
/// *Shape*: `domains` are the names of the contract's domains, in the order of their numbers.
pub(super) fn demand(headers: &HeaderMap, extension: Option<&Value>, domains: &[&str]) -> Result<Demand, Refusal> {
    let mut reading = Reading { domains, place: "Cache-Control", demand: Demand::default() };
    for value in headers.get_all(header::CACHE_CONTROL) {
        reading.cache_control(&String::from_utf8_lossy(value.as_bytes()))?;
    }
    reading.place = "Freehold-Max-Age";
    for value in headers.get_all(MAX_AGE) {
        reading.max_ages(&String::from_utf8_lossy(value.as_bytes()))?;
    }
    reading.place = "Freehold-Not-Before";
    for value in headers.get_all(NOT_BEFORE) {
        reading.not_before(&String::from_utf8_lossy(value.as_bytes()))?;
    }
    reading.place = "extensions.freshness";
    if let Some(extension) = extension {
        reading.extension(extension)?;
    }
    Ok(reading.demand)
}

struct Reading<'r> {
    domains: &'r [&'r str],
    /// Where that stands which is being read.
    place: &'static str,
    demand: Demand,
}

impl Reading<'_> {
    fn refusal(&self, detail: String) -> Refusal {
        Refusal::Freshness { place: self.place, detail }
    }

    /// Reads the directives of the standard header. Others than these say nothing about the age of an answer.
    fn cache_control(&mut self, text: &str) -> Result<(), Refusal> {
        for directive in text.split(',') {
            let (name, value) = directive.split_once('=').map_or((directive, None), |(name, value)| (name, Some(value)));
            let name = name.trim();
            if name.eq_ignore_ascii_case("no-cache") {
                self.all(Duration::ZERO);
            } else if name.eq_ignore_ascii_case("max-age") {
                let value = value.unwrap_or_default().trim();
                let digits = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(self.refusal(format!("max-age is a whole number of seconds, not {}", shown(value))));
                }
                // More seconds than fit demand nothing.
                self.all(Duration::from_secs(digits.parse().unwrap_or(u64::from(u32::MAX))));
            }
        }
        Ok(())
    }

    /// Reads `5s, price=0s`.
    fn max_ages(&mut self, text: &str) -> Result<(), Refusal> {
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.is_empty() {
            return Err(self.refusal("it says no age; write an age, \"5s\", or ages of domains, \"price=0s\"".to_owned()));
        }
        for item in items {
            match item.split_once('=') {
                None => self.all_of(item)?,
                Some((name, age)) => self.some(name.trim(), age.trim())?,
            }
        }
        Ok(())
    }

    /// Reads an instant: RFC 3339, which is also what `Freehold-As-Of` says.
    fn not_before(&mut self, text: &str) -> Result<(), Refusal> {
        let Ok(instant) = text.trim().parse::<jiff::Timestamp>() else {
            let detail = format!("{} is no instant; write \"2026-05-04T10:00:00Z\"", shown(text));
            return Err(self.refusal(detail));
        };
        // What is true within the millisecond may have been asked before the instant.
        let nanoseconds = instant.as_nanosecond();
        let at_ms = i64::try_from(nanoseconds.div_euclid(1_000_000) + i128::from(nanoseconds.rem_euclid(1_000_000) > 0));
        let at_ms = at_ms.unwrap_or(i64::MAX);
        self.demand.not_before_ms = Some(self.demand.not_before_ms.map_or(at_ms, |known| known.max(at_ms)));
        Ok(())
    }

    /// Reads `{ maxAge: "5s", maxAgeOf: { price: "0s" }, notBefore: "…" }`.
    fn extension(&mut self, extension: &Value) -> Result<(), Refusal> {
        for (name, value) in self.members(extension, "it")? {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("maxAge", value) => self.all_of(self.text(value, name)?)?,
                ("maxAgeOf", value) => {
                    for (domain, age) in self.members(value, name)? {
                        self.some(domain, self.text(age, domain)?)?;
                    }
                }
                ("notBefore", value) => self.not_before(self.text(value, name)?)?,
                // A misspelt demand that is ignored would be believed to hold.
                _ => {
                    let detail = format!("there is no {}; there are maxAge, maxAgeOf and notBefore", shown(name));
                    return Err(self.refusal(detail));
                }
            }
        }
        Ok(())
    }

    fn members<'v>(&self, value: &'v Value, name: &str) -> Result<&'v serde_json::Map<String, Value>, Refusal> {
        match value {
            Value::Object(members) => Ok(members),
            other => Err(self.refusal(format!("{name} must be an object, not {}", kind(other)))),
        }
    }

    fn text<'v>(&self, value: &'v Value, name: &str) -> Result<&'v str, Refusal> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(self.refusal(format!("{} must be a string, not {}", shown(name), kind(other)))),
        }
    }

    fn age(&self, text: &str) -> Result<Duration, Refusal> {
        let wrong = || self.refusal(format!("{} is no age; write \"0s\", \"500ms\", \"5s\" or \"15m\"", shown(text)));
        parse_duration(text).ok_or_else(wrong)
    }

    fn all(&mut self, age: Duration) {
        self.demand.max_age = Some(self.demand.max_age.map_or(age, |known| known.min(age)));
    }

    fn all_of(&mut self, age: &str) -> Result<(), Refusal> {
        let age = self.age(age)?;
        self.all(age);
        Ok(())
    }

    /// Demands an age of a domain and of those below it: `price` is `price.list`, too.
    fn some(&mut self, name: &str, age: &str) -> Result<(), Refusal> {
        let age = self.age(age)?;
        let is_meant = |domain: &str| {
            domain.strip_prefix(name).is_some_and(|rest| !name.is_empty() && (rest.is_empty() || rest.starts_with('.')))
        };
        let meant = self.domains.iter().enumerate().filter(|(_, domain)| is_meant(domain));
        let meant: Vec<DomainId> = meant.map(|(number, _)| DomainId::from(number)).collect();
        if meant.is_empty() {
            let domains = self.domains.join(", ");
            return Err(self.refusal(format!("there is no domain {}; there are {domains}", shown(name))));
        }
        for domain in meant {
            match self.demand.max_age_of.iter_mut().find(|(known, _)| *known == domain) {
                Some((_, known)) => *known = age.min(*known),
                None => self.demand.max_age_of.push((domain, age)),
            }
        }
        Ok(())
    }
}

/// Shows a caller what it wrote, as far as that helps.
fn shown(text: &str) -> String {
    let mut letters = text.chars();
    let shown: String = letters.by_ref().take(40).collect();
    format!("{shown:?}{}", if letters.next().is_some() { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const DOMAINS: &[&str] = &["inventory", "price", "price.list", "pricey"];

    fn read(headers: &[(&str, &[u8])], extension: Option<&Value>) -> Result<Demand, Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        demand(&map, extension, DOMAINS)
    }

    fn domain(name: &str) -> DomainId {
        DomainId::from(DOMAINS.iter().position(|known| *known == name).unwrap())
    }

    fn seconds(demand: &Demand, name: &str) -> Option<u64> {
        demand.max_age(domain(name)).map(|age| age.as_secs())
    }

    #[test]
    fn a_family_covers_its_domains_and_the_tightest_word_wins() {
        let extension = json!({ "maxAge": "20s", "maxAgeOf": { "price.list": "1s" }, "notBefore": null });
        let headers: &[(&str, &[u8])] =
            &[(MAX_AGE, b"10s , price = 3s"), (MAX_AGE, b"inventory=2s"), ("cache-control", b"no-store, max-age=\"7\"")];
        let demand = read(headers, Some(&extension)).unwrap();
        assert_eq!(seconds(&demand, "inventory"), Some(2));
        assert_eq!(seconds(&demand, "price"), Some(3));
        assert_eq!(seconds(&demand, "price.list"), Some(1));
        assert_eq!(seconds(&demand, "pricey"), Some(7));
        assert_eq!(demand.not_before_ms, None);
        let demand = read(&[("cache-control", b"No-Cache")], None).unwrap();
        assert_eq!(seconds(&demand, "price"), Some(0));
        assert_eq!(read(&[("cache-control", b"min-fresh=3, no-store")], None).unwrap(), Demand::default());
    }

    #[test]
    fn the_latest_instant_wins_and_is_never_rounded_down() {
        let extension = json!({ "notBefore": "2026-05-04T10:00:00.0001Z" });
        let demand = read(&[(NOT_BEFORE, b" 2026-05-04T11:59:59+02:00 ")], Some(&extension)).unwrap();
        let expected: jiff::Timestamp = "2026-05-04T10:00:00.001Z".parse().unwrap();
        assert_eq!(demand.not_before_ms, Some(expected.as_millisecond()));
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_what_to_write() {
        for (name, value, said) in [
            (MAX_AGE, "prize=0s", "there is no domain \"prize\"; there are inventory, price, price.list, pricey"),
            (MAX_AGE, "=0s", "there is no domain \"\"; there are inventory, price, price.list, pricey"),
            (MAX_AGE, "5", "\"5\" is no age; write \"0s\", \"500ms\", \"5s\" or \"15m\""),
            (MAX_AGE, " , ", "it says no age; write an age, \"5s\", or ages of domains, \"price=0s\""),
            (NOT_BEFORE, "today", "\"today\" is no instant; write \"2026-05-04T10:00:00Z\""),
            ("cache-control", "max-age", "max-age is a whole number of seconds, not \"\""),
        ] {
            let refusal = read(&[(name, value.as_bytes())], None).unwrap_err().to_string();
            assert!(refusal.ends_with(said), "{value}: {refusal}");
        }
        for (extension, said) in [
            (json!([]), "it must be an object, not an array"),
            (json!({ "maxage": "5s" }), "there is no \"maxage\"; there are maxAge, maxAgeOf and notBefore"),
            (json!({ "maxAge": 5 }), "\"maxAge\" must be a string, not a number"),
            (json!({ "maxAgeOf": "5s" }), "maxAgeOf must be an object, not a string"),
            (json!({ "maxAgeOf": { "x": "5s" } }), "there is no domain \"x\"; there are inventory, price, price.list, pricey"),
        ] {
            let refusal = read(&[], Some(&extension)).unwrap_err().to_string();
            assert!(refusal.starts_with("extensions.freshness: ") && refusal.ends_with(said), "{refusal}");
        }
    }

    /// Words of which demands are made, so that some of what is invented is one.
    fn words() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("price".to_owned()),
            Just("price.list".to_owned()),
            Just("max-age".to_owned()),
            Just("no-cache".to_owned()),
            Just("=".to_owned()),
            Just(",".to_owned()),
            Just(" ".to_owned()),
            "[0-9]{1,22}(s|ms|m|d)?",
            "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
            "[ -~]{0,4}",
        ];
        proptest::collection::vec(word, 0..8).prop_map(|words| words.concat())
    }

    fn tightens(tight: &Demand, loose: &Demand) -> bool {
        let domains = (0..DOMAINS.len()).map(DomainId::from);
        let ages = domains.map(|id| (tight.max_age(id), loose.max_age(id)));
        tight.not_before_ms >= loose.not_before_ms
            && ages.into_iter().all(|(tight, loose)| loose.is_none_or(|loose| tight.is_some_and(|tight| tight <= loose)))
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_demand_or_a_refusal(header in 0..3usize, bytes in proptest::collection::vec(0x20..=0xffu8, 0..60)) {
            let name = [MAX_AGE, NOT_BEFORE, "cache-control"][header];
            let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0x7f).collect();
            if let Err(refusal) = read(&[(name, &bytes)], None) {
                prop_assert_eq!(refusal.code(), "INVALID_FRESHNESS");
            }
        }

        #[test]
        fn saying_more_never_loosens(first in words(), second in words(), header in 0..3usize, other in 0..3usize) {
            let name = |number: usize| [MAX_AGE, NOT_BEFORE, "cache-control"][number];
            let one = (name(header), first.as_bytes());
            let more = (name(other), second.as_bytes());
            if let (Ok(alone), Ok(both)) = (read(&[one], None), read(&[one, more], None)) {
                prop_assert!(tightens(&both, &alone), "{both:?} {alone:?}");
            }
        }

        #[test]
        fn the_body_says_what_the_headers_say(age in 0..100_000u64, of in 0..4usize, ms in 0..4_000_000_000_000i64) {
            let instant = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
            let header = format!("{age}ms, {}={age}s", DOMAINS[of]);
            let body = json!({
                "maxAge": format!("{age}ms"),
                "maxAgeOf": { DOMAINS[of]: format!("{age}s") },
                "notBefore": instant,
            });
            let of_headers = read(&[(MAX_AGE, header.as_bytes()), (NOT_BEFORE, instant.as_bytes())], None).unwrap();
            prop_assert_eq!(of_headers, read(&[], Some(&body)).unwrap());
        }
    }
}
