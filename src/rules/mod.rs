//! Commercial rules: what owners' raw facts come to, the same for shop, portal and BI, and why.
//!
//! Pure: no clock, no network, nothing asked. In: the facts of one object, the arguments, the instant. Out: values, each with
//! its reasons and what they rest on.
//!
//! Reading order: `rule` (what a rule is), `table` (all of them), `fact`, `evidence`, `reason`, `explanation`, `context`,
//! `settings`.

mod context;
mod evidence;
mod explanation;
mod fact;
mod reason;
mod rule;
mod settings;
mod table;

pub use context::Context;
pub use evidence::{At, Evidence, Source, Sources};
pub use explanation::Step;
pub use fact::{Fact, Unknown};
pub use reason::{Meaning, REASONS, Reason, ReasonCode, Scope, Severity, sort};
pub use rule::{Computed, Rule};
pub use settings::Settings;
pub use table::{RULES, find};
