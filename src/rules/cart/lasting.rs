//! What lasts of a cart: what stands in the way of its account, and of each product for that account, whatever else is asked.
//!
//! In: a verdict, with the facts and the question. Out: judgements. A cart asks what would be: by another day, quantity, address
//! or buyer it would be otherwise, and none of that is noted. Of an account that is not known to be there nothing is: whoever
//! asks may name any.

use std::collections::BTreeMap;

use super::{
    facts::{Arguments, CartFacts},
    validate::CartVerdict,
};
use crate::rules::{
    context::Context,
    credit::assess_fact,
    judgement::Judgement,
    reason::{Reason, ReasonCode as Code},
};

/// Returns what a cart shows that will be there without it.
pub(super) fn judgements(
    verdict: &CartVerdict,
    facts: &CartFacts,
    arguments: &Arguments,
    context: &Context<'_>,
) -> Vec<Judgement> {
    let (Some(account), Some(number)) = (facts.account.known(), &arguments.account) else { return Vec::new() };
    // The cart's own amount is not owed yet.
    let without_cart = assess_fact(account.at, &account.credit, None, context);
    let is_held = without_cart.reasons.iter().any(|reason| reason.code == Code::CreditHold);
    let of_account = verdict.reasons.iter().filter(|reason| match reason.code {
        Code::CreditHold => is_held,
        code => code.means_unknown() || matches!(code, Code::AccountBlocked | Code::AccountInactive),
    });
    let of_account = Judgement::new(Some(("Account", number.clone())), of_account).for_account(number.clone());
    let of_products = products(verdict, arguments).into_iter().map(|(sku, reasons)| {
        Judgement::new(Some(("Product", sku.to_owned())), reasons.into_iter()).for_account(number.clone())
    });
    std::iter::once(of_account).chain(of_products).collect()
}

/// Returns what stands in the way of each product that is there, where the cart is one of today.
fn products<'v>(verdict: &'v CartVerdict, arguments: &Arguments) -> BTreeMap<&'v str, Vec<&'v Reason>> {
    let mut products: BTreeMap<&str, Vec<&Reason>> = BTreeMap::new();
    if arguments.date.is_some() {
        return products;
    }
    // What is not for whoever asks is nobody's to act on, and says nothing of what is so.
    for line in verdict.lines.iter().filter(|line| !line.is_withheld) {
        if !line.reasons.iter().any(|reason| reason.code == Code::ProductUnknownToOwner) {
            let lasting = line.reasons.iter().filter(|reason| is_of_the_product(reason.code));
            products.entry(&line.sku).or_default().extend(lasting);
        }
    }
    products
}

/// Whether a reason is the product's or its price's, and not the quantity's or the address's.
fn is_of_the_product(code: Code) -> bool {
    let of_product = matches!(
        code,
        Code::ProductDiscontinued
            | Code::ProductPhaseOut
            | Code::ProductBlocked
            | Code::ProductPreLaunch
            | Code::ProductNotAssorted
            | Code::HazmatDocumentExpired
            | Code::PriceMissing
            | Code::PriceExpired
            | Code::PriceOnRequest
            | Code::PriceConflict
    );
    of_product || code.means_unknown()
}
