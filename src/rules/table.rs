//! The table of rules: every name that `@rule` may call.

use super::{account, availability, cart, credit, price, product, rule::Rule, status, tax};

/// The rules, by name.
pub const RULES: &[Rule] = &[
    account::RULE,
    availability::RULE,
    cart::RULE,
    credit::RULE,
    price::RULE,
    product::SALE,
    product::CONTENT,
    status::LINE_RULE,
    status::ORDER_RULE,
    tax::RULE,
];

/// Returns the rule of a name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}
