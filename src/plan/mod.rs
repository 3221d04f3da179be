//! Planning: an operation becomes batched steps by owner. Pure; a plan can be printed before anything is asked.
//!
//! Reading order: `parse` (a document becomes an operation), `operation` (what that is), `model` (what a plan is),
//! `collect` (the fields selected of one type), `compile` (an operation becomes a plan), `call` (what rules read becomes part
//! of it), `provenance` (what `_provenance` speaks of), `coerce` (variables and arguments), `explain` (a plan in words).

mod call;
mod coerce;
mod collect;
mod compile;
mod explain;
mod model;
mod operation;
mod parse;
mod provenance;

pub use coerce::{ArgumentFault, Coerced, Variables, coerce_arguments, coerce_default, coerce_variables};
pub use compile::compile;
pub use explain::Explanation;
pub use model::{
    ArgumentsId, Ask, Call, CallId, Column, Condition, ConditionId, Join, JoinFrom, JoinId, Output, PagesAsk, Place,
    PlaceId, PlaceKind, Plan, PlannedArgument, PlannedArguments, PlannedFeed, PlannedVariable, Produce, Scoped, Step,
    StepId, Traced, When, Within,
};
pub use operation::{Given, Guard, Operation, Position};
pub use parse::{Mistake, Refusal, RefusalKind, introspect, operation_names, parse};
