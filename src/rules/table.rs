//! The table of rules: every name that `@rule` may call.

use super::{price, rule::Rule};

/// The rules, by name.
pub const RULES: &[Rule] = &[price::RULE];

/// Returns the rule of a name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}
