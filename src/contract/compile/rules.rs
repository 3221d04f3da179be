//! Rules: which of them the contract calls, for which fields, and whether it has what they read.

use std::collections::BTreeMap;

use super::{
    super::{model::RuleInput, nearest, rule_inputs},
    FieldId,
    classify::Class,
    survey::Survey,
};
use crate::{
    diagnostic::{Findings, Place},
    rules::{self, Rule},
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
        call.inputs = reading.read(call.rule.inputs, Some(call.ty));
        call.holder = reading.read(call.rule.holder, None);
    }
    calls
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
    fn read(&mut self, text: &str, ty: Option<&str>) -> Vec<RuleInput> {
        // A test takes apart what every rule reads.
        let inputs = rule_inputs::parse(text).expect("every rule's inputs can be read");
        match ty {
            Some(ty) => self.present(inputs, ty),
            // What holds a part is known where it is planned.
            None => inputs,
        }
    }

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
                let inputs = self.present(inputs, field.ty.named());
                Some(RuleInput::Field { key, name, arguments, is_optional, inputs })
            }
        }
    }
}
