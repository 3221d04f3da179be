//! The whole cart: its amounts, and what the account, the address, the buyer and the amounts say of it.
//!
//! In: the facts of the cart, its lines. Out: amounts, which are none unless every line has one, and reasons.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{
    facts::{AccountInCart, Arguments, CartFacts, OrderOfPo},
    line::LineVerdict,
};
use crate::rules::{
    account::{buyer_reasons, prepayment, reasons_of_fact},
    context::Context,
    credit::assess_fact,
    fact::Fact,
    money::Money,
    order_limit,
    reason::{Reason, ReasonCode, Severity},
    settings::{Checkout, Treatment},
    ship_to::ShipToFacts,
    tax::exemption,
};

/// What a cart costs.
#[derive(Debug, Default)]
pub(super) struct Amounts {
    pub net: Option<Money>,
    pub surcharges: Option<Money>,
    pub total: Option<Money>,
}

impl Amounts {
    /// Sums up lines; one without an amount, or in another currency, leaves no sum at all.
    pub fn of(lines: &[LineVerdict]) -> Self {
        let net = sum(lines.iter().map(|line| line.price.net.clone()));
        let surcharges = net.as_ref().and_then(|net| {
            let mut sum = Money { amount: Decimal::ZERO, currency: net.currency.clone() };
            for line in lines {
                for surcharge in line.price.surcharges.as_ref()? {
                    sum = sum.plus(surcharge.amount.as_ref()?)?;
                }
            }
            Some(sum)
        });
        let total = net.as_ref().zip(surcharges.as_ref()).and_then(|(net, surcharges)| net.plus(surcharges));
        Self { net, surcharges, total }
    }
}

fn sum(mut amounts: impl Iterator<Item = Option<Money>>) -> Option<Money> {
    let first = amounts.next()??;
    amounts.try_fold(first, |sum, amount| sum.plus(&amount?))
}

/// What is said of the account and the address.
pub(super) fn account_reasons(
    account: &Fact<AccountInCart>,
    arguments: &Arguments,
    total: Option<&Money>,
    context: &Context<'_>,
) -> Vec<Reason> {
    let standing = match account {
        Fact::Known(account) => Fact::Known(account.standing()),
        Fact::Null => Fact::Null,
        Fact::Unknown(unknown) => Fact::Unknown(unknown.clone()),
    };
    let number = arguments.account.as_deref().unwrap_or_default();
    let mut reasons = reasons_of_fact(&standing, number, context);
    let Some(account) = account.known() else { return reasons };
    reasons.extend(prepayment(&account.terms, context));
    if let Some(buyer) = &arguments.buyer {
        reasons.extend(buyer_reasons(&account.buyers, buyer, total, context));
    }
    reasons.extend(order_limit::reasons(&account.currency, total, context));
    reasons
}

/// What is said of credit: for everyone, and apart what does not stop the order, which is not for the buyer's eyes.
pub(super) fn credit_reasons(
    account: &Fact<AccountInCart>,
    total: Option<&Money>,
    checkout: &Checkout,
    context: &Context<'_>,
) -> (Vec<Reason>, Vec<Reason>) {
    let Some(account) = account.known() else { return Default::default() };
    let assessment = assess_fact(account.at, &account.credit, total, context);
    assessment.reasons.into_iter().partition(|reason| {
        checkout.treatment(reason.code, reason.severity) <= Treatment::Review
            || !matches!(reason.code, ReasonCode::CreditLimitNear | ReasonCode::AccountOverdue)
    })
}

/// Says to everyone that credit warns, and not of what: nobody is left with a decision and no reason for it.
pub(super) fn credit_notice(credit: &[Reason]) -> Option<Reason> {
    let warns: Vec<_> = credit.iter().filter(|reason| reason.severity == Severity::Warning).collect();
    let evidence = warns.iter().flat_map(|reason| reason.evidence.iter().cloned()).collect();
    let message = "Something of the account's credit is to be seen to; it does not stop the order.";
    (!warns.is_empty()).then(|| Reason::new(ReasonCode::CreditNotice, message, evidence))
}

/// Judges the tax exemptions of an account by the address; an account that has none simply pays tax.
pub(super) fn tax_reasons(
    account: Option<&AccountInCart>,
    ship_to: Option<&ShipToFacts>,
    day: Date,
    context: &Context<'_>,
) -> Vec<Reason> {
    let (Some(account), Some(ship_to)) = (account, ship_to) else { return Vec::new() };
    if account.tax_exemptions.unknown().is_none() && account.tax_exemptions.known().is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    let country = match ship_to.country.asked() {
        Ok(Some(country)) => country,
        found => {
            let message = "Whether a tax certificate holds is not known, for the country of the address is not.";
            let unclear =
                Reason::new(ReasonCode::TaxUnclear, message, vec![context.evidence_of_null(ship_to.at, "country")]);
            return vec![match found {
                Err(unknown) => unclear.for_lack_of(unknown),
                Ok(_) => unclear,
            }];
        }
    };
    let places =
        ship_to.region.known().map(|region| format!("{country}-{region}")).into_iter().chain([country.clone()]);
    let mut verdicts: Vec<_> = places.map(|place| exemption(&account.tax_exemptions, &place, day, context)).collect();
    // A certificate may be for the state or for the whole country: the better one counts, and of equals the nearer place's.
    let best = (0..verdicts.len()).min_by_key(|at| verdicts[*at].status).unwrap_or(0);
    verdicts.swap_remove(best).reasons
}

/// What is said of the order as such.
pub(super) fn order_reasons(
    facts: &CartFacts,
    arguments: &Arguments,
    amounts: &Amounts,
    checkout: &Checkout,
    context: &Context<'_>,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if arguments.lines.is_empty() {
        let empty = Reason::new(ReasonCode::MinOrderValue, "The cart has no lines.", Vec::new());
        reasons.push(empty.weighing(Severity::Blocking));
    }
    if arguments.customer_po.is_some() {
        reasons.extend(duplicates(facts, context));
    }
    if let Some(net) = &amounts.net {
        let limit = |limits: &std::collections::BTreeMap<String, Decimal>| limits.get(&net.currency).copied();
        if limit(&checkout.minimum_order_value).is_some_and(|least| net.amount < least) {
            let message = "The order is below the least order value.";
            reasons.push(Reason::new(ReasonCode::MinOrderValue, message, vec![context.evidence(facts.at, "net", net)]));
        }
        if limit(&checkout.review_above).is_some_and(|most| most < net.amount) {
            let message = "A person looks at every order of such an amount.";
            reasons.push(Reason::new(ReasonCode::ManualReview, message, vec![context.evidence(facts.at, "net", net)]));
        }
    }
    if checkout.review_first_order
        && let Some(account) = facts.account.known()
    {
        reasons.extend(first_order(account, context));
    }
    reasons
}

/// How many orders with the same number of the customer's own the inputs select.
const SAME_PO_READ: usize = 5;

fn duplicates(facts: &CartFacts, context: &Context<'_>) -> Vec<Reason> {
    match facts.orders_by_customer_po.items() {
        Ok(orders) => {
            // Behind as many cancelled ones as are read there may be one that is not.
            let are_more = orders.len() >= SAME_PO_READ;
            let counts = |order: &&OrderOfPo| are_more || order.state.known().is_none_or(|state| state != "CANCELLED");
            let same = orders.into_iter().filter(counts);
            let evidence: Vec<_> = same.map(|order| context.evidence_of(order.at, "number", &order.number)).collect();
            let message = "The account has an order with the same order number of its own.";
            let found = !evidence.is_empty();
            found.then(|| Reason::new(ReasonCode::DuplicatePo, message, evidence)).into_iter().collect()
        }
        Err(unknown) => vec![Reason::of_unknown("Whether the same order is there already", unknown)],
    }
}

fn first_order(account: &AccountInCart, context: &Context<'_>) -> Option<Reason> {
    let nodes = account.orders.asked().and_then(|orders| orders.map_or(Ok(Vec::new()), |orders| orders.nodes.items()));
    let message = match nodes {
        Ok(nodes) if !nodes.is_empty() => return None,
        Ok(_) => "It is the account's first order.",
        Err(_) => "Whether it is the account's first order could not be found out.",
    };
    Some(Reason::new(ReasonCode::ManualReview, message, vec![context.evidence_of_null(account.at, "orders")]))
}
