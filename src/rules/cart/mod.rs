//! Cart: whether an order would be taken, line by line, and everything that stands in its way.
//!
//! In: the account, its addresses, logins and credit; the products and prices of the lines. Out: a decision, the lines with
//! price and availability, amounts, and every reason in its order. What could not be found out is never taken for fine.
//!
//! Reading order: `validate` (the whole way), `facts`, `line`, `freight`, `parcel`, `whole` (account, credit, tax, amounts),
//! `lasting` (what of it is noted).

mod facts;
mod freight;
mod lasting;
mod line;
mod parcel;
mod validate;
mod whole;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use facts::{AccountInCart, CartFacts as FactsOfCart, OrderOfPo, Orders};

use serde::Serialize;

use facts::{Arguments, CartFacts};
use lasting::judgements;
use validate::{CartVerdict, validate};

use super::{
    article::article,
    availability::stock,
    credit::credit_inputs,
    price::price,
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
        "hazardous @optional freightClass @optional \
         dimensions @optional @set(name: \"parcel.size\") { length width height unit } \
         grossWeight @optional @set(name: \"parcel.weight\") { value unit } documents @optional { kind ... on SafetyDataSheet { validUntil } } ",
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
            let judgements = judgements(&validate_cart, facts, arguments, context);
            (Members { validate_cart }, holds_until, judgements)
        })
    },
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    validate_cart: CartVerdict,
}
