//! Executing: runs a plan and writes its answer.
//!
//! Reading order: `gather` (runs the steps), `handover` (entities that their owner does not have yet), `join` (from the objects of one place to the next), `pages` and `narrow` (what a list is
//! asked), `rule` (what rules come to), `veil` (what is
//! not there for the caller), `gathered` (what is known), `write` (the bytes), `fault` (entries of `errors`), `cursor`.

mod cursor;
mod fault;
mod gather;
mod gathered;
mod handover;
mod join;
mod narrow;
mod pages;
mod rule;
mod veil;
mod write;

use std::{sync::Arc, time::Instant};

use crate::{
    access::{self, Caller, Sight},
    cache::{Cache, Demand, Freshness},
    contract::Contract,
    plan::{Coerced, Plan, Variables},
    rules::OrderLimit,
};

use gather::Gathering;
use gathered::Gathered;
use rule::BusinessTime;

pub use fault::{BelowUnknown, BelowUnknownBecause};
pub use rule::{Judged, Unreadable};
use write::{Known, Response, Writer};

/// What a plan is executed with.
pub struct Execution<'e> {
    /// The contract.
    pub contract: &'e Contract,
    /// What answers questions.
    pub cache: &'e Cache,
    /// How fresh the request wants its answer.
    pub demand: &'e Demand,
    /// The plan.
    pub plan: &'e Plan,
    /// The request's variables.
    pub variables: &'e Variables,
    /// The arguments of the plan's fields, with those variables.
    pub arguments: Vec<Coerced>,
    /// Who asks.
    pub caller: &'e Caller,
    /// Whose rows they may see; none: everyone's.
    pub sight: Option<Arc<Sight>>,
    /// Why they see less than they might, where it could not be found out which accounts are below theirs.
    pub below_unknown: Option<BelowUnknown>,
    /// What `__schema` and `__type` say, by response key, where the plan asks for them.
    pub introspection: Option<&'e serde_json::Map<String, serde_json::Value>>,
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// How many objects one place of the answer may have.
    pub rows_max: usize,
    /// Whether the answer says who answered it.
    pub names_owners: bool,
    /// The instant that rules are asked at; none: the clock's.
    pub business_time: Option<jiff::Timestamp>,
    /// How many entries `errors` may have before the rest is only counted.
    pub errors_max: usize,
    /// How many bytes the answer may have.
    pub response_bytes_max: usize,
}

/// An executed plan.
#[derive(Debug)]
pub struct Executed {
    /// The response: `{"data":…}` with its `errors`.
    pub body: Vec<u8>,
    /// Whether `data` is null.
    pub data_is_null: bool,
    /// Whether it was too long, so that it holds that alone.
    pub is_cut_off: bool,
    /// How many faults there were.
    pub n_faults: usize,
    /// How many questions were put to owners.
    pub n_fetches: usize,
    /// How old it is.
    pub freshness: Freshness,
    /// The rules that could not read their facts.
    pub unreadable: Vec<Unreadable>,
    /// How many facts that rules read could not be found out: what rests on them may be another thing in a moment.
    pub n_unknown: usize,
    /// What rules have judged, for whoever has to act on it.
    pub judged: Vec<Judged>,
}

/// Executes a plan: asks the cache stage by stage, then writes the answer.
pub async fn execute(execution: Execution<'_>) -> Executed {
    let Execution { contract, plan, variables, arguments, sight, below_unknown, .. } = execution;
    let mut gathered =
        Gathered::new(plan, variables, &execution.caller.permissions, arguments, execution.cache.now_ms());
    (gathered.sight, gathered.below_unknown) = (sight, below_unknown);
    let order_limit = execution.caller.order_limit.as_ref();
    let order_limit = order_limit.map(|access::OrderLimit { amount, currency }| OrderLimit {
        amount: *amount,
        currency: currency.as_ref().map(ToString::to_string),
    });
    let gathering = Gathering {
        contract,
        cache: execution.cache,
        demand: execution.demand,
        plan,
        rows_max: execution.rows_max,
        time: match execution.business_time {
            Some(instant) => BusinessTime::Standing(instant),
            None => BusinessTime::Clock(gathered.now_ms),
        },
        order_limit: order_limit.as_ref(),
        deadline: execution.deadline,
    };
    let n_fetches = gathering.run(&mut gathered).await;
    let known = Known { contract, cache: execution.cache, plan, gathered: &gathered };
    let writer: Writer<'_, false> = Writer::new(known, execution.introspection, execution.errors_max);
    let writer = writer.naming_owners(execution.names_owners).bounded(execution.response_bytes_max);
    let Response { body, data_is_null, is_cut_off, n_faults } = writer.response();
    Executed {
        body,
        data_is_null,
        is_cut_off,
        n_faults,
        n_fetches,
        freshness: gathered.freshness,
        unreadable: gathered.unreadable,
        n_unknown: gathered.n_unknown,
        judged: gathered.judged,
    }
}
