//! Rules: which of them the contract calls, for which fields, and whether it has what they read.

use std::collections::BTreeMap;

use super::{
    super::{
        directive,
        model::RuleInput,
        nearest, rule_inputs,
        sdl::{FieldDef, Kind},
    },
    FieldId,
    classify::Class,
    survey::{Category, Survey},
};
use crate::{
    diagnostic::{Findings, Place},
    rules::{self, Rule},
    value::Input,
};

/// The rules that the contract calls, each for one type.
pub(super) type Calls<'a> = Vec<Call<'a>>;

/// A rule that fields of one type call.
pub(super) struct Call<'a> {
    pub rule: &'static Rule,
    /// The type.
    pub ty: &'a str,
    /// The fields, by position.
    pub fields: Vec<usize>,
    /// What it reads, as far as the contract has it.
    pub inputs: Vec<RuleInput>,
    /// What it reads of whatever holds the object.
    pub holder: Vec<RuleInput>,
}

/// Collects the rules that are called, and checks that what they read is there.
pub(super) fn compile<'a>(
    survey: &Survey<'a>,
    classes: &BTreeMap<FieldId<'a>, Class>,
    findings: &mut Findings,
) -> Calls<'a> {
    let mut calls: Calls<'a> = Vec::new();
    for ((ty, position), class) in classes {
        let Class::Rule(name) = class else { continue };
        let Some(rule) = rules::find(name) else { continue };
        match calls.iter_mut().find(|call| call.ty == *ty && call.rule.name == *name) {
            Some(call) => call.fields.push(*position),
            None => {
                let (inputs, holder) = (Vec::new(), Vec::new());
                calls.push(Call { rule, ty, fields: vec![*position], inputs, holder });
            }
        }
    }
    for call in &mut calls {
        check_fields(survey, call, findings);
        // On another type it misses whatever it reads, which says nothing more.
        if call.ty != call.rule.on {
            continue;
        }
        let place = place(survey, call, call.fields[0]);
        let mut reading = Reading { survey, rule: call.rule, place, findings: &mut *findings };
        let parsed = |text| parsed(text, &survey.written.settings.rules);
        call.inputs = reading.present(parsed(call.rule.inputs), call.ty);
        call.holder = parsed(call.rule.holder);
        // Which of them holds an object is known where it is planned; each must have what is read.
        for holder in holders(survey, call.ty) {
            reading.present(call.holder.clone(), holder);
        }
    }
    calls
}

fn parsed(text: &str, settings: &rules::Settings) -> Vec<RuleInput> {
    // A test takes apart what every rule reads.
    rule_inputs::parse(text, &|name| settings.is_set(name)).expect("every rule's inputs can be read")
}

/// Returns the types of which an object may hold parts of a type.
fn holders<'a>(survey: &Survey<'a>, part: &str) -> Vec<&'a str> {
    let holds =
        |field: &FieldDef| matches!(survey.category(field.ty.named()), Category::Parts(of) if of.contains(&part));
    let types = survey.written.schema.types.iter();
    let types = types.filter(|(_, ty)| ty.kind == Kind::Object && ty.fields.iter().any(holds));
    types.map(|(name, _)| name.as_str()).collect()
}

fn place(survey: &Survey<'_>, call: &Call<'_>, position: usize) -> Option<Place> {
    let field = survey.written.schema.types.get(call.ty)?.fields.get(position)?;
    Some(field.directives.iter().find(|one| one.name.name == "rule").map_or(field.name.place, |one| one.name.place))
}

/// A rule answers certain fields of a certain type.
fn check_fields(survey: &Survey<'_>, call: &Call<'_>, findings: &mut Findings) {
    let Rule { name, on, answers, .. } = call.rule;
    let Some(ty) = survey.written.schema.types.get(call.ty) else { return };
    for position in &call.fields {
        let (field, place) = (&ty.fields[*position].name.name, place(survey, call, *position));
        let ty = &ty.fields[*position].ty;
        if ty.non_null {
            let message =
                format!("`{}.{field}` is never null, but a rule may not be able to read what owners say", call.ty);
            let help = format!("write `{}`", ty.to_string().trim_end_matches('!'));
            findings.fault("RULE_NON_NULL", place, message, help);
        }
        if call.ty != *on {
            let message = format!("the rule `{name}` answers fields of `{on}`, not of `{}`", call.ty);
            findings.fault("RULE_TYPE", place, message, format!("move `{field}` to `{on}`, or delete its @rule"));
        } else if !answers.contains(&field.as_str()) {
            let help = match nearest(field, answers.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it answers {}", answers.join(", ")),
            };
            findings.fault("RULE_FIELD", place, format!("the rule `{name}` does not answer `{field}`"), help);
        }
    }
}

/// Reads what a rule reads.
struct Reading<'r, 'a> {
    survey: &'r Survey<'a>,
    rule: &'static Rule,
    place: Option<Place>,
    findings: &'r mut Findings,
}

impl Reading<'_, '_> {
    /// Returns the inputs that the contract has. One that may not lack is a fault.
    fn present(&mut self, inputs: Vec<RuleInput>, ty: &str) -> Vec<RuleInput> {
        inputs.into_iter().filter_map(|input| self.one(input, ty)).collect()
    }

    fn one(&mut self, input: RuleInput, ty: &str) -> Option<RuleInput> {
        match input {
            RuleInput::On { ty, inputs } => {
                self.survey.written.schema.types.get(ty.as_str())?;
                let inputs = self.present(inputs, &ty);
                Some(RuleInput::On { ty, inputs })
            }
            RuleInput::Field { key, name, mut arguments, is_optional, inputs } => {
                if name == "__typename" {
                    return Some(RuleInput::Field { key, name, arguments, is_optional, inputs });
                }
                let written = self.survey.written.schema.types.get(ty)?;
                let Some(field) = written.fields.iter().find(|field| field.name.name == name) else {
                    if !is_optional {
                        let rule = self.rule.name;
                        let message =
                            format!("the rule `{rule}` reads `{ty}.{name}`, which the contract does not have");
                        self.findings.fault("RULE_INPUT", self.place, message, "add the field, or delete this one");
                    }
                    return None;
                };
                arguments.retain(|(argument, _)| field.arguments.iter().any(|one| one.name.name == *argument));
                self.check_arguments(ty, field, &arguments);
                let inputs = self.present(inputs, field.ty.named());
                Some(RuleInput::Field { key, name, arguments, is_optional, inputs })
            }
        }
    }

    /// Checks that a field can be asked for with what the rule gives it.
    fn check_arguments(&mut self, ty: &str, field: &FieldDef, given: &[(String, Input)]) {
        let (rule, path) = (self.rule.name, format!("{ty}.{}", field.name.name));
        let is_given = |name: &str| given.iter().any(|(argument, _)| argument == name);
        let lacking = (field.arguments.iter())
            .filter(|argument| argument.ty.non_null && argument.default.is_none() && !is_given(&argument.name.name));
        for argument in lacking {
            let name = &argument.name.name;
            let message = format!("the rule `{rule}` reads `{path}` without `{name}`, which the field requires");
            let help = format!("give `{name}` a default, or make it nullable");
            self.findings.fault("RULE_INPUT", self.place, message, help);
        }
        let list = directive::find(&field.directives, "list").and_then(|one| one.text("name"));
        let Some((name, (_, list))) = list.and_then(|(name, _)| self.survey.lists.get_key_value(name)) else { return };
        for (argument, value) in given.iter().filter(|(argument, _)| matches!(argument.as_str(), "first" | "last")) {
            let Input::Number(rows) = value else { continue };
            let rows_max = list.page_rows_max;
            if rows.parse::<u32>().is_ok_and(|rows| rows <= rows_max) {
                continue;
            }
            let message = format!(
                "the rule `{rule}` reads `{path}` with `{argument}: {rows}`, but a page has at most {rows_max} rows"
            );
            let help = format!("raise `page_rows_max` of the list `{name}` to {rows}");
            self.findings.fault("RULE_INPUT", self.place, message, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::{Files, load};

    const QUERY: &str = "query = \"select 1 where no in (:keys)\"";

    /// What is said of what rules read, of a contract that lacks much of it.
    fn said(graph: &str, bindings: &str) -> Vec<(String, String)> {
        let system = format!("kind = \"sqlite\"\nurl = \"unused\"\n{bindings}");
        let files = Files::new([
            ("graph.graphql".to_owned(), graph.to_owned()),
            ("freehold.toml".to_owned(), "systems = [\"erp.toml\"]".to_owned()),
            ("erp.toml".to_owned(), system),
        ]);
        let found = load(&files, &|_| None).diagnostics.into_iter().filter(|one| one.code == "RULE_INPUT");
        found.map(|one| (one.message, one.help)).collect()
    }

    fn says(found: &[(String, String)], message: &str, help: &str) -> bool {
        found.iter().any(|(said, to_do)| said == message && to_do == help)
    }

    #[test]
    fn what_a_rule_reads_of_the_holder_is_checked_against_every_type_that_holds_the_part() {
        let line = "type OrderLine { number: Int status: String @rule(name: \"order.line\") }";
        let held = |fields: &str| {
            let order = format!(
                "type Order @key(fields: \"no\") @owner(system: \"erp\") @domain(name: \"order\") {{ no: ID! lines: [OrderLine!] {fields} }}"
            );
            let query = "type Query { order(no: ID!): Order @ref(key: \"no: $no\") }";
            said(&format!("{query} {order} {line}"), &format!("[Order]\n{QUERY}"))
        };
        let message = "the rule `order.line` reads `Order.state`, which the contract does not have";
        assert!(says(&held(""), message, "add the field, or delete this one"));
        assert!(!says(&held("state: String"), message, "add the field, or delete this one"));
    }

    #[test]
    fn a_rule_gives_fields_what_they_require_and_asks_for_no_more_than_a_page() {
        let query = |arguments: &str| {
            format!(
                "type Query {{ validateCart(account: ID, customerPo: String): String @rule(name: \"cart\")
                   ordersByCustomerPo(account: ID, customerPo: String, first: Int{arguments}): [Order] @list(name: \"ofPo\") }}
                 type Order @key(fields: \"no\") @owner(system: \"erp\") @domain(name: \"order\") {{ no: ID! }}"
            )
        };
        let list = |rows: u32| {
            format!(
                "[Order]\n{QUERY}\n[lists.ofPo]\nquery = \"select no from orders\"\norder = [\"no\"]\npage_rows_max = {rows}"
            )
        };
        let page = "the rule `cart` reads `Query.ordersByCustomerPo` with `first: 5`, but a page has at most 2 rows";
        let raise = "raise `page_rows_max` of the list `ofPo` to 5";
        assert!(says(&said(&query(""), &list(2)), page, raise));
        assert!(!says(&said(&query(""), &list(5)), page, raise));
        let lacking = "the rule `cart` reads `Query.ordersByCustomerPo` without `state`, which the field requires";
        let give = "give `state` a default, or make it nullable";
        assert!(says(&said(&query(" state: String!"), &list(5)), lacking, give));
        assert!(!says(&said(&query(" state: String! = \"OPEN\""), &list(5)), lacking, give));
    }
}
