//! The whole way of a document to its plan, within the limits of its audience.
//!
//! In: the contract, the schema of an audience, a document and which of its operations is meant. Out: the plan with what it
//! takes of each limit, or why there is none. Whoever says whether a document runs says it by this function.

use super::{
    coerce::{Coerced, Variables},
    compile::compile,
    cost::{cost, cost_given},
    count::Counted,
    document::Document,
    limits::{cost_within_limits, introspection_refused, introspects_within_limits},
    model::Plan,
    parse::{Refusal, parse},
};
use crate::{
    contract::{Contract, PublicSchema},
    value::AudienceId,
};

/// A plan, and what it takes of the limits.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What its document asks for.
    pub counted: Counted,
    /// What it costs.
    pub cost: u64,
}

/// Plans an operation of a document as an audience may run it; none: as whoever has the whole graph.
pub fn plan_within(
    contract: &Contract,
    schema: &PublicSchema,
    audience: Option<AudienceId>,
    query: &str,
    operation_name: Option<&str>,
) -> Result<Planned, Refusal> {
    let limits = contract.limits.of(audience);
    let document = Document::read(limits, query)?;
    let operation = parse(schema, &document, operation_name)?;
    if operation.introspects && !limits.introspection {
        return Err(introspection_refused());
    }
    introspects_within_limits(&operation)?;
    let plan = compile(contract, audience, &operation)?;
    let cost = cost(contract, &plan);
    cost_within_limits(limits, cost)?;
    Ok(Planned { plan, counted: document.counted(), cost })
}

/// Refuses variables whose lists make a plan cost more than it may: a plan takes each of them to have a hundred items, or ten
/// of what a rule is asked about.
pub fn given_within_limits(
    contract: &Contract,
    audience: Option<AudienceId>,
    plan: &Plan,
    (variables, arguments): (&Variables, &[Coerced]),
) -> Result<(), Refusal> {
    if !variables.have_lists() {
        return Ok(());
    }
    cost_within_limits(contract.limits.of(audience), cost_given(contract, plan, arguments))
}
