//! What a rule is run with besides its facts: the instant, the seller's calendar, the configuration, the sources, and
//! what whoever asks brings.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    evidence::{At, Evidence, Sources},
    fact::{Fact, Unknown},
    order_limit::OrderLimit,
    settings::Settings,
};

/// What a rule is run with.
#[derive(Clone, Copy)]
pub struct Context<'r> {
    /// The instant it is asked at.
    pub now: Timestamp,
    /// What is configured.
    pub settings: &'r Settings,
    /// Where facts came from.
    pub sources: &'r dyn Sources,
    /// The greatest order that whoever asks may place without approval, as far as their token says; none: any.
    pub order_limit: Option<&'r OrderLimit>,
}

impl Context<'_> {
    /// Returns today in the seller's calendar.
    pub fn today(&self) -> Date {
        self.now.to_zoned(self.zone()).date()
    }

    /// Returns the seller's zone.
    pub fn zone(&self) -> TimeZone {
        self.settings.zone.clone()
    }

    /// Takes down what a field of an object says.
    pub fn evidence(&self, at: At, field: &str, value: impl ToString) -> Evidence {
        Evidence::new(self.sources, at, field, Some(value.to_string()))
    }

    /// Takes down what a field of an object says, null where it says nothing or nobody could say.
    pub fn evidence_of<T: std::fmt::Display>(&self, at: At, field: &str, fact: &Fact<T>) -> Evidence {
        Evidence::new(self.sources, at, field, fact.known().map(T::to_string))
    }

    /// Takes down that nobody could say what a field of an object says, and who was asked: the value is the code of why.
    pub fn evidence_of_silence(&self, at: At, field: &str, unknown: &Unknown) -> Evidence {
        let source = self.sources.source(at, field);
        let evidence = Evidence::of_silence(field, source.entity, unknown);
        Evidence { system: evidence.system.or(source.system), domain: source.domain, ..evidence }
    }

    /// Takes down that a field of an object is null.
    pub fn evidence_of_null(&self, at: At, field: &str) -> Evidence {
        Evidence::new(self.sources, at, field, None)
    }
}
