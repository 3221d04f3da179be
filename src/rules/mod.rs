//! Commercial rules: what owners' raw facts come to, the same for shop, portal and BI, and why.
//!
//! Pure: no clock, no network, nothing asked. In: the facts of one object, the arguments, the instant. Out: values, each with
//! its reasons and what they rest on.
//!
//! Reading order: `rule` (what a rule is), `table` (all of them), `fact`, `evidence`, `reason`, `explanation`, `context`,
//! `settings`; what rules share: `ratio`, `validity`, `amount`, `article`; the rules: `price`.

mod amount;
mod article;
mod context;
mod evidence;
mod explanation;
mod fact;
mod price;
mod ratio;
mod reason;
mod rule;
#[cfg(test)]
mod sample;
mod settings;
mod table;
mod validity;

pub use context::Context;
pub use evidence::{At, Evidence, Source, Sources};
pub use explanation::Step;
pub use fact::{Fact, Unknown};
pub use reason::{Meaning, REASONS, Reason, ReasonCode, Scope, Severity, sort};
pub use rule::{Computed, Rule};
pub use settings::{Checkout, Fallback, Pricing, Settings, Stocking, Strategy, Treatment, UNCLEAR};
pub use table::{RULES, find};
