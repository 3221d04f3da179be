//! What a rule reads, taken apart: the text of a selection becomes fields that can be checked and planned.
//!
//! In: the text in the table of rules, without the braces around it all. Out: its fields. A file that knows async-graphql's parser; its types do not leave here.

use async_graphql::parser::{
    parse_query,
    types::{DocumentOperations, Selection, SelectionSet},
};

use super::{model::RuleInput, public::input_of};

/// Takes a selection apart; empty text selects nothing.
///
/// *Errors*: what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<Vec<RuleInput>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = parse_query(format!("{{ {text} }}")).map_err(|error| error.to_string())?;
    let DocumentOperations::Single(operation) = document.operations else {
        return Err("it is several operations".to_owned());
    };
    inputs(&operation.node.selection_set.node)
}

fn inputs(set: &SelectionSet) -> Result<Vec<RuleInput>, String> {
    let selected = |selection: &Selection| match selection {
        Selection::Field(field) => Ok(RuleInput::Field {
            key: field.node.response_key().node.to_string(),
            name: field.node.name.node.to_string(),
            arguments: (field.node.arguments.iter())
                .map(|(name, value)| (name.node.to_string(), input_of(&value.node)))
                .collect(),
            is_optional: field.node.directives.iter().any(|one| one.node.name.node == "optional"),
            inputs: inputs(&field.node.selection_set.node)?,
        }),
        Selection::InlineFragment(fragment) => match &fragment.node.type_condition {
            Some(on) => Ok(RuleInput::On {
                ty: on.node.on.node.to_string(),
                inputs: inputs(&fragment.node.selection_set.node)?,
            }),
            None => Err("a fragment is for no type".to_owned()),
        },
        Selection::FragmentSpread(_) => Err("it has a named fragment".to_owned()),
    };
    set.items.iter().map(|item| selected(&item.node)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rules::RULES, value::Input};

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
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse(" ").unwrap(), []);
        assert!(parse("a {").is_err());
    }

    #[test]
    fn what_every_rule_reads_can_be_taken_apart() {
        for rule in RULES {
            parse(rule.inputs).unwrap_or_else(|wrong| panic!("{}: {wrong}", rule.name));
            parse(rule.holder).unwrap_or_else(|wrong| panic!("{}: {wrong}", rule.name));
        }
    }
}
