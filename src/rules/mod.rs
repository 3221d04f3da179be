//! Commercial rules: what owners' raw facts come to, the same for shop, portal and BI, and why.
//!
//! Pure: no clock, no network, nothing asked. In: the facts of one object, the arguments, the instant. Out: values, each with
//! its reasons and what they rest on.
//!
//! Reading order: `rule` (what a rule is), `table` (all of them), `fact`, `evidence`, `reason`, `explanation`, `context`,
//! `settings`; `money`, `amount`, `calendar`, `validity`, `ratio`, `article` and `order_limit` (what rules reckon with); the rules:
//! `status` (of orders and their lines), `credit`, `account`, `tax`, `price`, `availability`, `product`, `cart`.

mod account;
mod amount;
mod article;
mod availability;
mod calendar;
mod cart;
mod context;
mod credit;
mod evidence;
mod explanation;
mod fact;
mod judgement;
mod measure;
mod money;
mod order_limit;
mod price;
mod product;
mod ratio;
mod reason;
mod rule;
#[cfg(test)]
mod sample;
mod settings;
mod ship_to;
mod status;
mod table;
mod tax;
mod validity;

pub use account::{
    AccountFacts, AccountStatus, BuyerFacts, TermsFacts, buyer_reasons, prepayment, reasons as account_reasons,
    reasons_of_fact as account_fact_reasons,
};
pub use context::Context;
pub use credit::{
    CreditAssessment, CreditFacts, CreditStatus, assess as assess_credit, assess_fact as assess_credit_fact,
};
pub use evidence::{At, Evidence, Source, Sources};
pub use explanation::Step;
pub use fact::{Fact, Unknown, WITHHELD};
pub use judgement::Judgement;
pub use measure::{Measure, Measured};
pub use money::{Money, MoneyFacts};
pub use order_limit::OrderLimit;
pub use reason::{Meaning, REASONS, Reason, ReasonCode, Scope, Severity, sort};
pub use rule::{Computed, Rule, Run};
pub use settings::{
    Checkout, CreditSettings, Fallback, Parcel, Pricing, Settings, StatusSettings, Stocking, Strategy, TaxSettings,
    Treatment, UNCLEAR,
};
pub use table::{RULES, find};
pub use tax::{TaxExemptionFacts, TaxExemptionStatus, TaxVerdict, exemption as tax_exemption};
