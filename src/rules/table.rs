//! The table of rules: every name that `@rule` may call.

use super::{account, credit, rule::Rule, status, tax};

/// The rules, by name.
pub const RULES: &[Rule] = &[account::RULE, credit::RULE, status::LINE_RULE, status::ORDER_RULE, tax::RULE];

/// Returns the rule of a name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}
