//! Planning: an operation becomes batched steps by owner. Pure; a plan can be printed before anything is asked.
//!
//! Reading order: `within` (the whole way of a document), `document` with `count`, `limits` and `tokens` (what a document asks for, and whether it may), `parse` (a document becomes an operation), `operation` (what that is), `model` (what a plan is),
//! `collect` (the fields selected of one type), `compile` (an operation becomes a plan), `call` (what rules read becomes part
//! of it), `provenance` (what `_provenance` speaks of), `coerce` (variables and arguments), `cost` (what a plan weighs), `size` (how many bytes it takes), `explain` (a plan in words).

mod call;
mod coerce;
mod collect;
mod compile;
mod cost;
mod count;
mod document;
mod explain;
mod limits;
mod model;
mod operation;
mod parse;
mod provenance;
mod size;
mod tokens;
mod within;

pub use coerce::{ArgumentFault, Coerced, Variables, coerce_arguments, coerce_default, coerce_variables};
pub use compile::compile;
pub use cost::cost;
pub use count::Counted;
pub use document::Document;
pub use explain::Explanation;
pub use limits::variables_within_limits;
pub use model::{
    ArgumentsId, Ask, Call, CallId, Column, Condition, ConditionId, Join, JoinFrom, JoinId, Output, PagesAsk, Place,
    PlaceId, PlaceKind, Plan, PlannedArgument, PlannedArguments, PlannedFeed, PlannedVariable, Produce, Scoped, Step,
    StepId, Traced, When, Within,
};
pub use operation::{Given, Guard, Operation, Position, Selection};
pub use parse::{Mistake, Refusal, RefusalKind, introspect, parse};
pub use within::{Planned, given_within_limits, plan_within};
