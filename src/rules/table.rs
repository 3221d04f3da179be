//! The table of rules: every name that `@rule` may call.

use super::rule::Rule;

/// The rules, by name.
pub const RULES: &[Rule] = &[];

/// Returns the rule of a name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}
