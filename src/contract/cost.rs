//! `@cost` and `@listSize`: what a schema says of what its fields cost, as the GraphQL cost specification has them.
//!
//! In: the directives as written. Out: weights, and how many values a list is taken to have.

use super::{
    directive,
    sdl::{DirectiveUse, FieldDef, Value},
};
use crate::diagnostic::Findings;

/// What something costs, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(pub u64);

/// How many values a list is taken to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSize {
    /// So many, where no argument says otherwise.
    pub assumed: Option<u64>,
    /// The arguments that say how many are wanted; of several the greatest.
    pub slicing: Vec<String>,
}

/// The greatest weight: a million objects.
const WEIGHT_MAX: u64 = 1_000_000;

impl Weight {
    /// The weight of one object.
    pub const OBJECT: Self = Self(1000);

    /// Reads a weight: `"5"`, `"0.25"`.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 3 {
            return None;
        }
        let whole: u64 = whole.parse().ok().filter(|whole| *whole <= WEIGHT_MAX)?;
        let thousandths: u64 = format!("{fraction:0<3}").parse().ok()?;
        Some(Self(whole * 1000 + thousandths))
    }
}

/// Returns the weight of `@cost`.
pub(super) fn weight(uses: &[DirectiveUse]) -> Option<Weight> {
    Weight::parse(directive::find(uses, "cost")?.text("weight")?.0)
}

/// Returns the size of `@listSize`.
pub(super) fn list_size(uses: &[DirectiveUse]) -> Option<ListSize> {
    let written = directive::find(uses, "listSize")?;
    let value =
        |wanted: &str| written.arguments.iter().find(|(name, ..)| name.name == wanted).map(|(_, value, _)| value);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let slicing = match value("slicingArguments") {
        Some(Value::List(items)) => items.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    };
    Some(ListSize { assumed: value("assumedSize").and_then(size), slicing })
}

/// Reads a whole number.
pub(super) fn size(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// Checks the text of `@cost`.
pub(super) fn check_weight(one: &DirectiveUse, findings: &mut Findings) {
    if let ("cost", Some((text, place))) = (one.name.name.as_str(), one.text("weight"))
        && Weight::parse(text).is_none()
    {
        let message = format!("`{text}` is no weight");
        let help = format!("write a number from 0 to {WEIGHT_MAX} with at most three decimals, in quotes: \"2.5\"");
        findings.fault("COST_WEIGHT", place, message, help);
    }
}

/// Checks that `@listSize` says a size, and names arguments of its field that are numbers.
pub(super) fn check_list_size(field: &FieldDef, findings: &mut Findings) {
    let (Some(written), Some(size)) = (directive::find(&field.directives, "listSize"), list_size(&field.directives))
    else {
        return;
    };
    if written.arguments.is_empty() {
        let help = "write `assumedSize`, `slicingArguments` or both";
        findings.fault("LIST_SIZE", written.name.place, "`@listSize` says no size", help);
    }
    for name in &size.slicing {
        let argument = field.arguments.iter().find(|argument| argument.name.name == *name);
        if argument.is_none_or(|argument| argument.ty.n_lists() > 0 || argument.ty.named() != "Int") {
            let message = format!("`{}` has no argument `{name}` that is an Int", field.name.name);
            let help = "name the arguments that say how many values are wanted, such as \"first\"";
            findings.fault("LIST_SIZE", written.name.place, message, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_number_with_three_decimals_at_most() {
        for (text, weight) in [("5", Some(5000)), ("0.25", Some(250)), ("1000000", Some(1_000_000_000)), ("0", Some(0))]
        {
            assert_eq!(Weight::parse(text).map(|weight| weight.0), weight, "{text}");
        }
        for text in ["", "-1", "1e3", ".5", "1.", "0.1234", "1000001", "18446744073709551616", "ten"] {
            assert_eq!(Weight::parse(text), None, "{text}");
        }
    }
}
