//! What a rule reads, taken apart: the text of a selection becomes fields that can be checked and planned.
//!
//! In: the text in the table of rules, without the braces around it all; what is configured. Out: its fields, but for what is
//! read only if something is configured that is not. A file that knows async-graphql's parser; its types do not leave here.

use async_graphql::parser::{
    parse_query,
    types::{DocumentOperations, Selection, SelectionSet},
};

use super::{model::RuleInput, public::input_of};
use crate::value::Input;

/// Takes a selection apart; empty text selects nothing.
///
/// *Errors*: what is wrong with the text.
pub(super) fn parse(text: &str, is_set: &dyn Fn(&str) -> bool) -> Result<Vec<RuleInput>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = parse_query(format!("{{ {text} }}")).map_err(|error| error.to_string())?;
    let DocumentOperations::Single(operation) = document.operations else {
        return Err("it is several operations".to_owned());
    };
    inputs(&operation.node.selection_set.node, is_set)
}

fn inputs(set: &SelectionSet, is_set: &dyn Fn(&str) -> bool) -> Result<Vec<RuleInput>, String> {
    let selected = |selection: &Selection| match selection {
        Selection::Field(field) => Ok(RuleInput::Field {
            key: field.node.response_key().node.to_string(),
            name: field.node.name.node.to_string(),
            arguments: (field.node.arguments.iter())
                .map(|(name, value)| (name.node.to_string(), input_of(&value.node)))
                .collect(),
            is_optional: field.node.directives.iter().any(|one| one.node.name.node == "optional"),
            inputs: inputs(&field.node.selection_set.node, is_set)?,
        }),
        Selection::InlineFragment(fragment) => match &fragment.node.type_condition {
            Some(on) => Ok(RuleInput::On {
                ty: on.node.on.node.to_string(),
                inputs: inputs(&fragment.node.selection_set.node, is_set)?,
            }),
            None => Err("a fragment is for no type".to_owned()),
        },
        Selection::FragmentSpread(_) => Err("it has a named fragment".to_owned()),
    };
    let read = set.items.iter().filter(|item| reads(&item.node, is_set));
    read.map(|item| selected(&item.node)).collect()
}

/// Whether a selection is read: what it is read for is configured, or it is read whatever is.
fn reads(selection: &Selection, is_set: &dyn Fn(&str) -> bool) -> bool {
    let Selection::Field(field) = selection else { return true };
    let mut names = field.node.directives.iter().filter(|one| one.node.name.node == "set");
    names.all(|one| match one.node.get_argument("name").map(|name| input_of(&name.node)) {
        Some(Input::String(name)) => is_set(&name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Measure, Measured, RULES, Settings};

    #[test]
    fn a_selection_is_taken_apart() {
        let text = "unit: baseUnit @optional price(account: $account, first: 3) { ... on Money { amount } }";
        let field = |key: &str, name: &str, arguments, is_optional, inputs| RuleInput::Field {
            key: key.to_owned(),
            name: name.to_owned(),
            arguments,
            is_optional,
            inputs,
        };
        let arguments = vec![
            ("account".to_owned(), Input::Variable("account".into())),
            ("first".to_owned(), Input::Number("3".into())),
        ];
        let on =
            RuleInput::On { ty: "Money".to_owned(), inputs: vec![field("amount", "amount", vec![], false, vec![])] };
        let expected =
            vec![field("unit", "baseUnit", vec![], true, vec![]), field("price", "price", arguments, false, vec![on])];
        assert_eq!(parse(text, &|_| false).unwrap(), expected);
        assert_eq!(parse(" ", &|_| false).unwrap(), []);
        assert!(parse("a {", &|_| false).is_err());
    }

    #[test]
    fn what_is_read_for_something_that_is_not_configured_is_not_read() {
        let keys = |is_set: &dyn Fn(&str) -> bool| -> Vec<String> {
            let read = parse("a b @set(name: \"x\") { c } d @optional @set(name: \"y\")", is_set).unwrap().into_iter();
            let key = |input| match input {
                RuleInput::Field { key, .. } => key,
                RuleInput::On { ty, .. } => ty,
            };
            read.map(key).collect()
        };
        assert_eq!(keys(&|_| false), ["a"]);
        assert_eq!(keys(&|name| name == "y"), ["a", "d"]);
        assert_eq!(keys(&|_| true), ["a", "b", "d"]);
    }

    #[test]
    fn sizes_and_weights_are_read_where_parcels_have_limits() {
        let cart = crate::rules::find("cart").unwrap();
        let reads = |settings: &Settings, field: &str| {
            format!("{:?}", parse(cart.inputs, &|name| settings.is_set(name)).unwrap()).contains(field)
        };
        let mut settings = Settings::default();
        assert!(!reads(&settings, "dimensions") && !reads(&settings, "grossWeight"));
        settings.parcel.weight_max = Measure::new(Measured::Weight, 30.into(), "KG");
        assert!(!reads(&settings, "dimensions") && reads(&settings, "grossWeight"));
        settings.parcel.length_max = Measure::new(Measured::Length, 2.into(), "M");
        assert!(reads(&settings, "dimensions"));
    }

    #[test]
    fn what_every_rule_reads_can_be_taken_apart() {
        for rule in RULES {
            parse(rule.inputs, &|_| true).unwrap_or_else(|wrong| panic!("{}: {wrong}", rule.name));
            parse(rule.holder, &|_| true).unwrap_or_else(|wrong| panic!("{}: {wrong}", rule.name));
        }
    }
}
