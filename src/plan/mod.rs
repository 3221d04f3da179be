//! Planning: an operation becomes batched steps by owner. Pure; a plan can be printed before anything is asked.
//!
//! Reading order: `limits` and `tokens` (what a document asks for, and whether it may), `parse` (a document becomes an operation), `operation` (what that is), `model` (what a plan is),
//! `collect` (the fields selected of one type), `compile` (an operation becomes a plan), `call` (what rules read becomes part
//! of it), `provenance` (what `_provenance` speaks of), `coerce` (variables and arguments), `cost` (what a plan weighs), `explain` (a plan in words).

mod call;
mod coerce;
mod collect;
mod compile;
mod cost;
mod explain;
mod limits;
mod model;
mod operation;
mod parse;
mod provenance;
mod tokens;

pub use coerce::{ArgumentFault, Coerced, Variables, coerce_arguments, coerce_default, coerce_variables};
pub use compile::compile;
pub use cost::cost;
pub use explain::Explanation;
pub use limits::{
    Counted, cost_within_limits, introspection_refused, introspects_within_limits, variables_within_limits,
    within_limits,
};
pub use model::{
    ArgumentsId, Ask, Call, CallId, Column, Condition, ConditionId, Join, JoinFrom, JoinId, Output, PagesAsk, Place,
    PlaceId, PlaceKind, Plan, PlannedArgument, PlannedArguments, PlannedFeed, PlannedVariable, Produce, Scoped, Step,
    StepId, Traced, When, Within,
};
pub use operation::{Given, Guard, Operation, Position, Selection};
pub use parse::{Mistake, Refusal, RefusalKind, introspect, operation_names, parse};
