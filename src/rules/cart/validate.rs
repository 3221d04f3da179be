//! Validating: lines and the whole become a decision.
//!
//! In: the facts of a cart, its lines. Out: a verdict. Which reasons stop an order is configured, by the account's segment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    facts::{Arguments, CartFacts},
    line::{Around, LineVerdict, judge},
    whole::{Amounts, account_reasons, credit_notice, credit_reasons, order_reasons, tax_reasons},
};
use crate::rules::{
    calendar::end_of,
    context::Context,
    explanation::Step,
    fact::{Fact, Unknown},
    money::Money,
    ratio::Ratio,
    reason::{Reason, ReasonCode, Severity, sort},
    settings::{Checkout, Treatment},
    ship_to::chosen,
    validity::earlier,
};

/// What becomes of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Decision {
    /// It is taken.
    Accept,
    /// It is taken, and somebody should know something.
    AcceptWithWarnings,
    /// A person has to look at it.
    ManualReview,
    /// It is not taken.
    Refuse,
}

/// What a cart comes to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CartVerdict {
    /// What becomes of it.
    pub decision: Decision,
    /// The currency.
    pub currency: Option<String>,
    /// Its lines.
    pub lines: Vec<LineVerdict>,
    /// The price of all lines without surcharges.
    pub net: Option<Money>,
    /// The surcharges of all lines.
    pub surcharges: Option<Money>,
    /// Both.
    pub total: Option<Money>,
    /// Everything to be said of account, address, buyer and order; of lines, see there.
    pub reasons: Vec<Reason>,
    /// What is to be said of credit and does not stop the order.
    pub credit_reasons: Vec<Reason>,
    /// How the decision came about.
    pub explanation: Vec<Step>,
    /// The instant from which the answer may be another.
    pub holds_until: Option<Timestamp>,
}

/// Validates a cart.
///
/// *Shape*: one verdict for each line, in the order of lines; lines of one product share what is available, in that order.
/// *Errors*: none; what could not be found out is a reason that a person has to look at.
pub(super) fn validate(facts: &CartFacts, arguments: &Arguments, context: &Context<'_>) -> CartVerdict {
    let day = arguments.date.unwrap_or_else(|| context.today());
    let account = facts.account.known();
    let (ship_to, address_reasons) = match (&arguments.ship_to, account) {
        (Some(id), Some(account)) => chosen((account.at, &account.ship_tos), id, day, context),
        _ => (None, Vec::new()),
    };
    let around = Around { arguments, account, ship_to, day };
    let mut lines = judged(facts, &around, context);
    let amounts = Amounts::of(&lines);
    let segment = |fact: Option<&Fact<String>>| fact.and_then(Fact::known).cloned();
    let tier = segment(account.map(|account| &account.tier));
    let price_group = segment(account.map(|account| &account.price_group));
    let checkout = context.settings.checkout(tier.as_deref(), price_group.as_deref());

    let mut reasons = account_reasons(&facts.account, arguments, amounts.total.as_ref(), context);
    reasons.extend(address_reasons);
    let (for_all, mut credit_reasons) = credit_reasons(&facts.account, amounts.total.as_ref(), checkout, context);
    reasons.extend(for_all);
    reasons.extend(tax_reasons(account, ship_to, day, context));
    reasons.extend(order_reasons(facts, arguments, &amounts, checkout, context));
    once_prepaid(&mut reasons);

    let mut worst = Treatment::Info;
    for weighed in [&mut reasons, &mut credit_reasons].into_iter().chain(lines.iter_mut().map(|line| &mut line.reasons))
    {
        worst = worst.min(weigh(weighed, checkout));
    }
    // Weighed as what it stands for: apart from that it has no weight to be configured.
    reasons.extend(credit_notice(&credit_reasons));
    sort(&mut reasons);
    let decision = decide(worst, &reasons, &credit_reasons, &lines);
    let holds_until = lines.iter().fold(end_of(context.today(), context), |until, line| {
        earlier(earlier(until, line.price.holds_until), line.availability.as_ref().and_then(|one| one.holds_until))
    });
    let currency = lines.iter().find_map(|line| line.price.currency.clone());
    let explanation = explained(decision, &reasons, &lines, &amounts);
    let Amounts { net, surcharges, total } = amounts;
    CartVerdict { decision, currency, lines, net, surcharges, total, reasons, credit_reasons, explanation, holds_until }
}

/// Judges the lines, in their order.
fn judged(facts: &CartFacts, around: &Around<'_>, context: &Context<'_>) -> Vec<LineVerdict> {
    let mut taken: BTreeMap<&str, Ratio> = BTreeMap::new();
    let mut lines = Vec::with_capacity(around.arguments.lines.len());
    let n_lines = around.arguments.lines.len();
    for (n, line) in around.arguments.lines.iter().enumerate() {
        let (product, price) = (nth(&facts.products, n, n_lines), nth(&facts.prices, n, n_lines));
        let before = taken.get(line.sku.as_str()).copied().unwrap_or(Ratio::ZERO);
        let verdict = judge(n + 1, (line, &product, &price), before, around, context);
        if let Some(sum) = verdict.availability.as_ref().and_then(|availability| before.plus(availability.takes)) {
            taken.insert(&line.sku, sum);
        }
        lines.push(verdict);
    }
    lines
}

/// Returns the fact of a line; a list that is not as long as the cart is nobody's to read.
fn nth<T>(facts: &Fact<Vec<Fact<T>>>, n: usize, n_lines: usize) -> std::borrow::Cow<'_, Fact<T>>
where
    T: Clone,
{
    use std::borrow::Cow::{Borrowed, Owned};
    match facts {
        Fact::Known(items) if items.len() == n_lines => Borrowed(&items[n]),
        Fact::Known(_) | Fact::Null => {
            Owned(Fact::Unknown(Unknown { code: "CONTRACT_VIOLATION".to_owned(), system: String::new() }))
        }
        Fact::Unknown(unknown) => Owned(Fact::Unknown(unknown.clone())),
    }
}

/// That an account pays in advance is said once, whether its terms say so or its credit.
fn once_prepaid(reasons: &mut Vec<Reason>) {
    let mut said = false;
    reasons.retain(|reason| reason.code != ReasonCode::PrepaymentRequired || !std::mem::replace(&mut said, true));
}

/// Gives reasons the weight that is configured, puts them in order, says each once; returns what becomes of the cart for them.
fn weigh(reasons: &mut Vec<Reason>, checkout: &Checkout) -> Treatment {
    let mut worst = Treatment::Info;
    for reason in reasons.iter_mut() {
        let treatment = checkout.treatment(reason.code, reason.severity);
        reason.severity = match treatment {
            Treatment::Block | Treatment::Review => Severity::Blocking,
            Treatment::Warn => Severity::Warning,
            Treatment::Info => Severity::Info,
        };
        worst = worst.min(treatment);
    }
    sort(reasons);
    reasons.dedup_by(|one, other| one.code == other.code && one.message == other.message);
    worst
}

fn decide(worst: Treatment, reasons: &[Reason], credit: &[Reason], lines: &[LineVerdict]) -> Decision {
    let unpriced = lines.iter().any(|line| line.price.unit_price.is_none());
    let warned = |reasons: &[Reason]| reasons.iter().any(|reason| reason.severity == Severity::Warning);
    match worst {
        Treatment::Block => Decision::Refuse,
        Treatment::Review => Decision::ManualReview,
        // Whatever is configured, nothing is sold without a price.
        _ if unpriced => Decision::ManualReview,
        Treatment::Warn => Decision::AcceptWithWarnings,
        Treatment::Info => {
            debug_assert!(!warned(reasons) && !warned(credit), "a warning weighs as one");
            Decision::Accept
        }
    }
}

fn explained(decision: Decision, reasons: &[Reason], lines: &[LineVerdict], amounts: &Amounts) -> Vec<Step> {
    let blocking = |reasons: &[Reason]| reasons.iter().any(|reason| reason.severity == Severity::Blocking);
    let stopped: Vec<String> =
        (lines.iter()).filter(|line| blocking(&line.reasons)).map(|line| line.line_number.to_string()).collect();
    let order = match reasons.first().filter(|reason| reason.severity == Severity::Blocking) {
        Some(first) => format!("Account and order: {}", first.message),
        None => "Account and order: nothing stands in the way.".to_owned(),
    };
    let of_lines = match stopped.as_slice() {
        [] => "Lines: nothing stands in the way.".to_owned(),
        numbers => format!("Lines: something stands in the way of {}.", numbers.join(", ")),
    };
    let priced = match amounts.total {
        Some(_) => "Every line has its price.",
        None => "Not every line has its price, so there is no total.",
    };
    let end = match decision {
        Decision::Accept => "The order is taken.",
        Decision::AcceptWithWarnings => "The order is taken, with warnings.",
        Decision::ManualReview => "A person has to look at the order.",
        Decision::Refuse => "The order is not taken.",
    };
    let step = |step, text: &str| Step { step, text: text.to_owned(), evidence: Vec::new() };
    vec![step("ORDER", &order), step("LINES", &of_lines), step("AMOUNTS", priced), step("DECISION", end)]
}
