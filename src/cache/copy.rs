//! Copies: what a system that is itself a copy of another may still say.

use std::time::Duration;

use super::{question::Asked, serve::since_ms};
use crate::{
    contract::Contract,
    fetch::{FetchError, FetchErrorKind, Stamp, TooOld},
    source::SystemName,
    value::duration_text,
};

/// Returns why something that a copy said may not be served, if its domain forbids it; what is no copy is as old as its
/// question.
pub fn refuse_outdated(contract: &Contract, asked: Asked, stamp: &Stamp, now_ms: i64) -> Option<FetchError> {
    let domain = match asked {
        Asked::Group(group) => contract.group(group).domain,
        Asked::List(list) => contract.list(list).domain,
    };
    let max_age = contract.domain(domain).max_age;
    let age_ms = u128::try_from(now_ms - since_ms(stamp, lag_ms(contract, stamp))).unwrap_or(0);
    (stamp.as_of_ms.is_some() && age_ms > max_age.as_millis()).then(|| too_old(contract, asked, stamp, max_age, now_ms))
}

/// Says how old a copy is, and how old it may be.
pub(super) fn too_old(contract: &Contract, asked: Asked, stamp: &Stamp, max_age: Duration, now_ms: i64) -> FetchError {
    let domain = match asked {
        Asked::Group(group) => contract.group(group).domain,
        Asked::List(list) => contract.list(list).domain,
    };
    let age_ms = (now_ms - since_ms(stamp, lag_ms(contract, stamp))).max(0);
    let (seconds, bound) = (age_ms / 1_000, duration_text(max_age));
    let detail = format!("the copy is {seconds} s old; {} may be {bound} old", contract.domain(domain).name);
    let too_old = TooOld { age_ms, bound_ms: i64::try_from(max_age.as_millis()).unwrap_or(i64::MAX), because: None };
    SystemName::new(contract, stamp.system).error(FetchErrorKind::Stale, detail).with_too_old(too_old)
}

fn lag_ms(contract: &Contract, stamp: &Stamp) -> i64 {
    i64::try_from(contract.system(stamp.system).lag.as_millis()).unwrap_or(i64::MAX / 4)
}
