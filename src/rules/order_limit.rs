//! Order limits that callers bring: how much whoever asks may order without approval, as far as their token says.
//!
//! In: the limit, the account's currency, an order's amount. Out: reasons. It holds beside the limit of the buyer's own row:
//! an order has to be within both. It is of one caller: what it says is told to them, and is nobody else's to know or act on.

use rust_decimal::Decimal;

use super::{
    context::Context,
    evidence::Evidence,
    fact::Fact,
    money::Money,
    reason::{Reason, ReasonCode},
};

/// The greatest order that whoever asks may place without approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLimit {
    /// The amount.
    pub amount: Decimal,
    /// Its currency; none: the account's.
    pub currency: Option<String>,
}

/// Returns what the caller's limit says of an amount, none where it is not known. What cannot be compared has to be approved.
pub(super) fn reasons(account_currency: &Fact<String>, amount: Option<&Money>, context: &Context<'_>) -> Vec<Reason> {
    let Some(OrderLimit { amount: limit, currency }) = context.order_limit else { return Vec::new() };
    let limit = currency
        .as_ref()
        .or_else(|| account_currency.known())
        .map(|currency| Money { amount: *limit, currency: currency.clone() })
        .ok_or(limit);
    let said = match &limit {
        Ok(limit) => limit.to_string(),
        Err(limit) => limit.to_string(),
    };
    let evidence = vec![Evidence::of_token("orderLimit", said)];
    let over = amount.zip(limit.as_ref().ok()).and_then(|(amount, limit)| amount.minus(limit));
    match over {
        Some(over) if over.amount > Decimal::ZERO => {
            let exceeded = "The order is above the limit of whoever asks.";
            let approval = "Somebody has to approve the order: it is above the limit of whoever asks.";
            vec![
                Reason::new(ReasonCode::OrderLimitExceeded, exceeded, evidence.clone()),
                Reason::new(ReasonCode::ApprovalRequired, approval, evidence),
            ]
        }
        Some(_) => Vec::new(),
        None => {
            let message =
                "Whether the order is within the limit of whoever asks cannot be told: somebody has to approve it.";
            vec![Reason::new(ReasonCode::ApprovalRequired, message, evidence)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{
        fact::Unknown,
        sample::{berlin, context},
    };

    fn euros(amount: i64) -> Money {
        Money { amount: amount.into(), currency: "EUR".to_owned() }
    }

    fn codes(limit: Option<&OrderLimit>, account: &Fact<String>, amount: Option<&Money>) -> Vec<String> {
        let settings = berlin();
        let context = Context { order_limit: limit, ..context("2026-06-30T10:00:00Z", &settings) };
        let reasons = reasons(account, amount, &context);
        let names_token = |evidence: &Evidence| evidence.system.is_none() && evidence.entity == "the token";
        assert!(reasons.iter().all(|reason| reason.evidence.iter().all(names_token)), "{reasons:?}");
        reasons.iter().map(|reason| reason.code.to_string()).collect()
    }

    #[test]
    fn an_order_is_held_against_the_limit_that_its_caller_brings() {
        let limit = |currency: Option<&str>| OrderLimit { amount: 500.into(), currency: currency.map(str::to_owned) };
        let account = Fact::Known("EUR".to_owned());
        let unknown = Fact::Unknown(Unknown { code: "SOURCE_TIMEOUT".to_owned(), system: "erp".to_owned() });
        let over: &[&str] = &["ORDER_LIMIT_EXCEEDED", "APPROVAL_REQUIRED"];
        let unclear: &[&str] = &["APPROVAL_REQUIRED"];
        for (currency, account, amount, expected) in [
            (Some("EUR"), &Fact::Null, Some(euros(500)), &[][..]),
            (Some("EUR"), &Fact::Null, Some(euros(501)), over),
            (None, &account, Some(euros(500)), &[]),
            (None, &account, Some(euros(501)), over),
            (Some("USD"), &account, Some(euros(1)), unclear),
            (None, &Fact::Null, Some(euros(1)), unclear),
            (None, &unknown, Some(euros(1)), unclear),
            (Some("EUR"), &account, None, unclear),
        ] {
            let found = codes(Some(&limit(currency)), account, amount.as_ref());
            assert_eq!(found, expected, "{currency:?} {account:?} {amount:?}");
        }
        assert!(codes(None, &account, Some(&euros(1_000_000))).is_empty(), "who brings none has none");
    }
}
