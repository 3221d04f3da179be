//! Cart: whether an order would be taken, line by line, and everything that stands in its way.
//!
//! In: the account, its addresses, logins and credit; the products and prices of the lines. Out: a decision, the lines with
//! price and availability, amounts, and every reason in its order. What could not be found out is never taken for fine.
//!
//! Reading order: `validate` (the whole way), `facts`, `line`, `freight`, `whole` (account, credit, tax, amounts).

mod facts;
mod freight;
mod line;
mod validate;
mod whole;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use facts::{AccountInCart, CartFacts as FactsOfCart, OrderOfPo, Orders};

use std::collections::BTreeMap;

use serde::Serialize;

use facts::{Arguments, CartFacts};
use validate::{CartVerdict, validate};

use super::{
    article::article,
    availability::stock,
    credit::credit_inputs,
    evidence::Evidence,
    judgement::Judgement,
    price::price,
    reason::Reason,
    rule::{Rule, typed},
    ship_to::ship_to,
};

/// Validates a cart.
pub(super) const RULE: Rule = Rule {
    name: "cart",
    on: "Query",
    answers: &["validateCart"],
    inputs: concat!(
        "account(number: $account) { status nativeStatus @optional currency @optional tier @optional priceGroup @optional \
         carrier @optional terms @optional { code prepay } shipTos @optional { ",
        ship_to!(),
        "} taxExemptions @optional { jurisdiction certificate validFrom validTo revoked } credit @optional { ",
        credit_inputs!(),
        " } buyers @optional { id active permissions orderLimit { amount currency } } \
         orders(first: 1) @optional { nodes { number } } } \
         products(skus: $skus) { ",
        article!(),
        "hazardous @optional freightClass @optional documents @optional { kind ... on SafetyDataSheet { validUntil } } ",
        stock!(),
        "relations @optional { kind sku quantity product { ",
        article!(),
        stock!(),
        "price(account: $account) @optional { ",
        price!(),
        "} } } } prices(account: $account, skus: $skus) { ",
        price!(),
        "} ordersByCustomerPo(account: $account, customerPo: $customerPo, first: 5) @optional { number state }"
    ),
    holder: "",
    pieces: &[("skus", "lines.sku")],
    run: |facts, arguments, context| {
        typed(facts, arguments, |facts: &CartFacts, arguments: &Arguments| {
            let validate_cart = validate(facts, arguments, context);
            let holds_until = validate_cart.holds_until;
            let judgements = judgements(&validate_cart, arguments.account.as_deref());
            (Members { validate_cart }, holds_until, judgements)
        })
    },
};

/// Says what stands in the way of the account, and of each product for it: a cart itself is nothing that lasts.
fn judgements(verdict: &CartVerdict, account: Option<&str>) -> Vec<Judgement> {
    let Some(account) = account.map(str::to_owned) else { return Vec::new() };
    let mut products: BTreeMap<&str, Vec<&Reason>> = BTreeMap::new();
    for line in &verdict.lines {
        products.entry(&line.sku).or_default().extend(&line.reasons);
    }
    let of_products = products.into_iter().map(|(sku, reasons)| {
        Judgement::new(Some(("Product", sku.to_owned())), reasons.into_iter()).for_account(account.clone())
    });
    // What the caller's token alone says is so for them, and nobody else's to act on or to see.
    let lasting = verdict.reasons.iter().filter(|reason| !reason.evidence.iter().any(Evidence::is_of_token));
    let of_account = Judgement::new(Some(("Account", account.clone())), lasting);
    std::iter::once(of_account.for_account(account.clone())).chain(of_products).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    validate_cart: CartVerdict,
}
