//! Guards as written in a system file: how often a system is asked, how often again, and when no more.
//!
//! In: `rate`, `retries` and `breaker`. Out: what the owner's guards run on. What the file does not say has a default that
//! suits a system nobody has thought about.

use std::time::Duration;

use toml::de::DeValue;

use super::reader::{Entry, Reader};

/// How a system is guarded, and others from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guards {
    /// How often it may be asked, if it says so.
    pub rate: Option<RateLimit>,
    /// How often a question that failed is asked again at most.
    pub retries_max: u32,
    /// When it is no longer asked, unless that is switched off.
    pub breaker: Option<BreakerLimits>,
}

/// So many calls within any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The calls.
    pub calls: u32,
    /// The window.
    pub per: Duration,
}

/// From when on a system counts as broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// The share of calls that must fail.
    pub failed_percent: u32,
    /// How many calls there must be for a share of them to say anything.
    pub calls_min: u32,
    /// How far back calls count.
    pub within: Duration,
}

impl Default for Guards {
    fn default() -> Self {
        // A second retry helps where one of several servers behind a name is down; a third rarely finds another answer.
        Self { rate: None, retries_max: 2, breaker: Some(BreakerLimits::default()) }
    }
}

impl Default for BreakerLimits {
    fn default() -> Self {
        // Half of twenty calls is no accident of one question; thirty seconds cover several timeouts of a system that hangs.
        Self { failed_percent: 50, calls_min: 20, within: Duration::from_secs(30) }
    }
}

/// The longest window: calls in it are remembered one by one.
const WINDOW_MAX: Duration = Duration::from_secs(86_400);
const WINDOW_MIN: Duration = Duration::from_millis(100);

const RATE_KEYS: &[&str] = &["calls", "per"];
const BREAKER_KEYS: &[&str] = &["failed_percent", "calls_min", "within"];

/// Reads `rate = { calls = 6000, per = "5m" }`.
pub(super) fn rate(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<RateLimit> {
    let table = reader.table(entry)?;
    let (mut calls, mut per) = (None, None);
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "calls" => calls = Some(reader.number(entry, 1, 1_000_000)),
            "per" => per = Some(window(entry, reader)),
            _ => reader.unknown_key(entry.0, "rate", RATE_KEYS),
        }
    }
    if calls.is_none() || per.is_none() {
        let place = reader.place(entry.0);
        reader.findings.fault(
            "RATE_INCOMPLETE",
            place,
            "`rate` says only half of what it must",
            "write both, as in rate = { calls = 6000, per = \"5m\" }",
        );
    }
    let calls = u32::try_from(calls??).unwrap_or(u32::MAX);
    Some(RateLimit { calls, per: per?? })
}

/// Reads `retries = false`, or how many.
pub(super) fn retries(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<u32> {
    match entry.1.get_ref() {
        DeValue::Boolean(false) => Some(0),
        DeValue::Boolean(true) => Some(Guards::default().retries_max),
        // More would outlast any deadline, and load a system that is down.
        _ => reader.number(entry, 0, 5).map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
    }
}

/// Reads `breaker = false`, or `breaker = { failed_percent = 50, calls_min = 20, within = "30s" }` in part or whole.
///
/// *Shape*: the inner `None` is a breaker that is switched off.
pub(super) fn breaker(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Option<BreakerLimits>> {
    let mut limits = BreakerLimits::default();
    if let DeValue::Boolean(on) = entry.1.get_ref() {
        return Some(on.then_some(limits));
    }
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    for entry in reader.table(entry)?.iter() {
        match entry.0.get_ref().as_ref() {
            "failed_percent" => limits.failed_percent = number(reader.number(entry, 1, 100)?),
            "calls_min" => limits.calls_min = number(reader.number(entry, 1, 10_000)?),
            "within" => limits.within = window(entry, reader)?,
            _ => reader.unknown_key(entry.0, "breaker", BREAKER_KEYS),
        }
    }
    Some(Some(limits))
}

fn window(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Duration> {
    let length = reader.duration(entry)?;
    if (WINDOW_MIN..=WINDOW_MAX).contains(&length) {
        return Some(length);
    }
    let place = reader.place(entry.1);
    reader.findings.fault(
        "WINDOW_BOUNDS",
        place,
        format!("no calls can be counted over the time that `{}` says", entry.0.get_ref()),
        "write a duration from \"100ms\" to \"24h\"",
    );
    None
}
