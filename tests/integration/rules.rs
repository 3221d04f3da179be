//! The commercial rules fit the graph: what they select exists, whatever an owner may answer can be read, and what they answer
//! has the types that the graph promises.

use std::sync::OnceLock;

use freehold::{
    contract::{Answer, Contract, Field, Files, Object, RuleInput, RuleUse, TypeKind, TypeRef, TypeRefKind, load},
    demo,
    diagnostic::render_text,
    rules::{At, Context, RULES, Rule, Settings, Source, Sources},
    value::TypeId,
};
use serde_json::{Map, Value, json};

struct Anyone;

impl Sources for Anyone {
    fn source(&self, at: At, _: &str) -> Source {
        Source { system: Some("erp".to_owned()), entity: format!("Thing {}", at.0), domain: None, as_of: None }
    }
}

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let files = demo::CONTRACT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let loaded = load(&Files::new(files), &|_| Some("http://127.0.0.1:1".to_owned()));
        let shown = render_text(&loaded.diagnostics, &loaded.sources, false);
        loaded.contract.unwrap_or_else(|| panic!("{shown}"))
    })
}

fn object(ty: TypeId) -> &'static Object {
    contract().object(ty).unwrap_or_else(|| panic!("{} is no object", contract().ty(ty).name))
}

/// A field that is selected: its key in the answer, its name, what is selected of it.
struct Selected {
    key: String,
    name: String,
    inner: Vec<Selected>,
}

/// Returns what a rule selects; what it selects of one concrete type is nobody's here.
fn selection(inputs: &[RuleInput]) -> Vec<Selected> {
    let selected = |input: &RuleInput| match input {
        RuleInput::Field { key, name, inputs, .. } => {
            Some(Selected { key: key.clone(), name: name.clone(), inner: selection(inputs) })
        }
        RuleInput::On { .. } => None,
    };
    inputs.iter().filter_map(selected).collect()
}

/// Returns a rule as the contract calls it.
fn called(rule: &Rule) -> &'static RuleUse {
    let found = contract().rule_uses.iter().find(|called| called.rule.name == rule.name);
    found.unwrap_or_else(|| panic!("no field says @rule(name: \"{}\")", rule.name))
}

/// Facts as an owner may well answer them, and the pointers at which it may answer null.
fn facts(
    fields: &'static [Field],
    selected: &[Selected],
    path: &str,
    nullable: &mut Vec<String>,
) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("$at".to_owned(), json!(1));
    for Selected { key, name, inner } in selected {
        let field = fields.iter().find(|field| field.name == *name);
        let field = field.unwrap_or_else(|| panic!("there is no {path}/{name}"));
        let place = format!("{path}/{key}");
        members.insert(key.clone(), value(&field.ty, inner, &place, nullable));
    }
    members
}

fn value(ty: &TypeRef, selected: &[Selected], place: &str, nullable: &mut Vec<String>) -> Value {
    if !ty.non_null {
        nullable.push(place.to_owned());
    }
    let named = match &ty.of {
        TypeRefKind::List(item) => return json!([value(item, selected, &format!("{place}/0"), nullable)]),
        TypeRefKind::Named(named) => *named,
    };
    match &contract().ty(named).kind {
        TypeKind::Object(Object { fields, .. }) | TypeKind::Interface { fields, .. } => {
            Value::Object(facts(fields, selected, place, nullable))
        }
        TypeKind::Enum { values, .. } => json!(values[0].name),
        TypeKind::Input { fields, .. } => {
            let members = fields.iter().map(|field| (field.name.clone(), value(&field.ty, &[], place, nullable)));
            Value::Object(members.collect())
        }
        TypeKind::Scalar { .. } => match contract().ty(named).name.as_str() {
            "Int" => json!(3),
            "Float" => json!(1.5),
            "Boolean" => json!(true),
            "Decimal" => json!("2.50"),
            "Date" => json!("2026-06-30"),
            "DateTime" => json!("2026-06-29T22:30:00Z"),
            _ => json!("text"),
        },
        TypeKind::Union { .. } => json!({"$at": 1}),
    }
}

/// Every place of the facts, as a pointer.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    if !path.is_empty() && !path.ends_with("/$at") {
        found.push(path.to_owned());
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| places(inner, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, inner)| places(inner, &format!("{path}/{n}"), found));
        }
        _ => {}
    }
}

/// Says what of an answer does not fit a type.
fn misfit(ty: &TypeRef, value: &Value, path: &str) -> Option<String> {
    if value.is_null() {
        return ty.non_null.then(|| format!("{path} is null"));
    }
    let named = match (&ty.of, value) {
        (TypeRefKind::List(item), Value::Array(items)) => {
            return items.iter().find_map(|one| misfit(item, one, &format!("{path}[]")));
        }
        (TypeRefKind::List(_), _) => return Some(format!("{path} is no list")),
        (TypeRefKind::Named(named), _) => *named,
    };
    let of = contract().ty(named);
    let text = value.as_str();
    let fits = match &of.kind {
        TypeKind::Object(of) => return misfit_of_object(of, value, path),
        TypeKind::Enum { values, .. } => values.iter().any(|one| Some(one.name.as_str()) == text),
        TypeKind::Scalar { .. } => match of.name.as_str() {
            "Int" => value.is_i64(),
            "Boolean" => value.is_boolean(),
            "Decimal" => text.is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok()),
            "Date" => text.is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok()),
            "DateTime" => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            _ => true,
        },
        _ => true,
    };
    (!fits).then(|| format!("{path} is no {}: {value}", of.name))
}

fn misfit_of_object(of: &Object, value: &Value, path: &str) -> Option<String> {
    let Some(members) = value.as_object() else { return Some(format!("{path} is no object")) };
    let strange = members.keys().find(|name| !of.fields.iter().any(|field| field.name == **name));
    let computed = of.fields.iter().filter(|field| matches!(field.answer, Answer::Part { .. }));
    strange.map(|name| format!("{path}.{name} is no field")).or_else(|| {
        computed.map(|field| (field, members.get(&field.name))).find_map(|(field, value)| match value {
            Some(value) => misfit(&field.ty, value, &format!("{path}.{}", field.name)),
            None => Some(format!("{path}.{} is missing", field.name)),
        })
    })
}

/// The fields that a rule answers.
fn answered(rule: &Rule) -> impl Iterator<Item = &'static Field> {
    let on = contract().type_names[rule.on];
    let is_answered = |field: &&Field| match field.answer {
        Answer::Rule { rule: id, .. } => std::ptr::eq(contract().rule(id), called(rule)),
        _ => false,
    };
    object(on).fields.iter().filter(is_answered)
}

/// Runs a rule and says what is wrong with its answer.
fn wrong(rule: &Rule, facts: &Value) -> Option<String> {
    let settings = Settings::default();
    let now = "2026-06-30T10:00:00Z".parse().expect("an instant");
    let context = Context { now, settings: &settings, sources: &Anyone, order_limit: None };
    answered(rule).find_map(|field| {
        let mut none = Vec::new();
        let arguments = field.arguments.iter();
        let arguments: Map<String, Value> =
            arguments.map(|argument| (argument.name.clone(), value(&argument.ty, &[], "", &mut none))).collect();
        let arguments = Value::Object(arguments).to_string();
        let computed = match (rule.run)(facts.to_string().as_bytes(), arguments.as_bytes(), &context) {
            Ok(computed) => computed,
            Err(fault) => return Some(fault.to_string()),
        };
        let members: Value = serde_json::from_slice(&computed.members).expect("JSON");
        match members.get(&field.name) {
            Some(member) => misfit(&field.ty, member, &field.name),
            None => Some(format!("{} is missing", field.name)),
        }
    })
}

#[test]
fn the_rules_fit_the_graph_whatever_owners_answer() {
    for rule in RULES {
        let fields: Vec<&str> = answered(rule).map(|field| field.name.as_str()).collect();
        assert!(rule.answers.iter().all(|answer| fields.contains(answer)), "{}: {fields:?}", rule.name);
        let mut nullable = Vec::new();
        let on = object(contract().type_names[rule.on]);
        let mut known = facts(&on.fields, &selection(&called(rule).inputs), "", &mut nullable);
        if !rule.holder.is_empty() {
            let holder = contract().types.iter().find_map(|ty| match &ty.kind {
                TypeKind::Object(of) => of
                    .fields
                    .iter()
                    .any(|field| {
                        field.ty.named() == contract().type_names[rule.on]
                            && !matches!(field.answer, Answer::Part { .. })
                    })
                    .then_some(of),
                _ => None,
            });
            let holder =
                facts(&holder.expect("a holder").fields, &selection(&called(rule).holder), "/$holder", &mut nullable);
            known.insert("$holder".to_owned(), Value::Object(holder));
        }
        let known = Value::Object(known);
        let mut found = Vec::new();
        places(&known, "", &mut found);
        let unknown = json!({"$unknown": {"code": "SOURCE_TIMEOUT", "system": "erp"}});
        let changed = |place: &String, to: &Value| {
            let mut facts = known.clone();
            facts.pointer_mut(place).expect("a place").clone_from(to);
            (place.clone(), facts)
        };
        let nulls = nullable.iter().map(|place| changed(place, &Value::Null));
        let unknowns = found.iter().map(|place| changed(place, &unknown));
        for (place, facts) in nulls.chain(unknowns).chain([("nothing".to_owned(), known.clone())]) {
            let fault = wrong(rule, &facts);
            assert!(fault.is_none(), "{} without {place}: {}", rule.name, fault.unwrap_or_default());
        }
    }
}
