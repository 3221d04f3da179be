//! Every field of the canonical graph, for every kind of caller: what each is answered is what whoever sees everything is
//! answered, less what the table says is not theirs.

use std::collections::BTreeSet;

use freehold::{access::Caller, settings::CacheSettings};
use serde_json::{Map, Value};

use super::{
    rig::{Company, Rig},
    table::{AUDIENCES, PERMISSIONS, Structure, Table, Who},
};

/// What is asked for: the response key, the type it is of, and the field that leads there.
const ROOTS: &[(&str, &str, &str)] = &[
    ("group", "Account", "account(number: \"100040\")"),
    ("own", "Account", "account(number: \"100042\")"),
    ("sister", "Account", "account(number: \"100043\")"),
    ("texan", "Account", "account(number: \"100200\")"),
    ("foreign", "Account", "account(number: \"100077\")"),
    ("missing", "Account", "account(number: \"999977\")"),
    ("ownOrder", "Order", "order(number: \"4500012345\")"),
    ("returned", "Order", "order(number: \"4500012348\")"),
    ("substituted", "Order", "order(number: \"4500012349\")"),
    ("sistersOrder", "Order", "order(number: \"4500012356\")"),
    ("foreignOrder", "Order", "order(number: \"4500012346\")"),
    ("ownDraft", "Order", "order(number: \"W-900001\")"),
    ("several", "Order", "orders(numbers: [\"4500012346\", \"4500012358\", \"no\", \"4500012356\", \"4500012358\"])"),
    ("ownPrice", "Price", "price(account: \"100042\", sku: \"PMP-4010\")"),
    ("sistersPrice", "Price", "price(account: \"100043\", sku: \"PMP-4010\")"),
    ("groupsPrices", "Price", "prices(account: \"100040\", skus: [\"PMP-4010\", \"no\", \"FIT-0007\", \"CHM-0100\"])"),
    ("foreignPrice", "Price", "price(account: \"100077\", sku: \"PMP-4010\")"),
    ("pump", "Product", "product(sku: \"PMP-4010\")"),
    ("acid", "Product", "products(skus: [\"CHM-0100\", \"VLV-2205\", \"FIT-0007\"])"),
    ("stock", "Stock", "stock(sku: \"VLV-2205\")"),
    ("stocks", "Stock", "stocks(skus: [\"PMP-4010\"])"),
    ("atPlant", "PlantStock", "stockAt(sku: \"PMP-4010\", plant: \"1000\")"),
    ("category", "Category", "category(code: \"pumps\")"),
    ("plants", "Plant", "plants"),
];

/// What fields are asked with that must be told something.
const ARGUMENTS: &[(&str, &str, &str)] = &[("Account", "taxExemption", "(jurisdiction: \"US-TX\")")];

/// These look an account up that they are told, so that what they come to depends on whether the caller sees it: see `ruled`.
const TOLD_AN_ACCOUNT: &[(&str, &str)] = &[("Product", "price"), ("Product", "sale"), ("Product", "orderable")];

/// Plain lists: what is not a caller's is not in them at all.
const PLAIN_LISTS: &[(&str, &str)] = &[("Account", "rebateAgreements")];

const KEYS: &[(&str, &[&str])] = &[
    ("Account", &["number"]),
    ("Order", &["number", "account", "placedBy"]),
    ("Price", &["account", "sku"]),
    ("Product", &["sku"]),
    ("Stock", &["sku"]),
    ("PlantStock", &["sku", "plant"]),
    ("Plant", &["code"]),
    ("Category", &["code"]),
];

/// What an audience asks of everything.
struct Asking<'a> {
    table: &'a Table,
    structure: &'a Structure,
    audience: &'static str,
}

impl Asking<'_> {
    fn document(&self) -> String {
        let mut document = String::from("{ __typename ");
        for (key, ty, field) in ROOTS {
            document.push_str(&format!("{key}: {field} {{ ...All{ty} }} "));
        }
        document.push_str("}\n");
        let types: BTreeSet<&str> = ROOTS.iter().map(|(_, ty, _)| *ty).collect();
        for ty in types {
            document.push_str(&format!("fragment All{ty} on {ty} {{ {} }}\n", self.selection(ty)));
        }
        document
    }

    /// Everything of a type that the audience has; of another entity, who it is.
    fn selection(&self, ty: &str) -> String {
        let mut selection = String::from("__typename ");
        let possible = self.structure.possible(ty);
        for concrete in possible.iter().filter(|concrete| *concrete != ty) {
            selection.push_str(&format!("... on {concrete} {{ {} }} ", self.fields(concrete, true)));
        }
        selection + &if self.structure.has_fields(ty) { self.fields(ty, false) } else { String::new() }
    }

    fn fields(&self, ty: &str, is_one_of_several: bool) -> String {
        let mut selection = String::new();
        for (name, field) in self.structure.fields(ty) {
            if !self.table.has(self.audience, ty, name) || !is_in_the_document(ty, name, &field.ty) {
                continue;
            }
            // One of several types may say the same of another type: under a name of its own it can.
            let prefix = if is_one_of_several { format!("{ty}_{name}: ") } else { String::new() };
            let told = ARGUMENTS.iter().find(|(of, known, _)| (*of, *known) == (ty, name));
            let arguments = told.map_or("", |(_, _, arguments)| arguments);
            assert!(!field.is_asked || told.is_some(), "say what {ty}.{name} is asked with");
            let below = match KEYS.iter().find(|(entity, _)| *entity == field.ty) {
                Some((_, keys)) => format!(" {{ __typename {} }}", keys.join(" ")),
                None if field.is_leaf => String::new(),
                // Ages differ from one answer to the next.
                None if field.ty == "FieldProvenance" => " { __typename field system domain fault }".to_owned(),
                None => format!(" {{ {} }}", self.selection(&field.ty)),
            };
            selection.push_str(&format!("{prefix}{name}{arguments}{below} "));
        }
        selection
    }
}

/// Lists are gone through page by page, see `lists`. Nothing is noted here, so nobody can say what exceptions there are.
fn is_in_the_document(ty: &str, field: &str, of: &str) -> bool {
    let is_list = of.ends_with("Connection") || (ty, field) == ("Category", "children");
    !is_list && field != "exceptions" && !TOLD_AN_ACCOUNT.contains(&(ty, field)) && (ty, field) != ("Evidence", "asOf")
}

/// Takes out of what is true what is not a caller's, as the table has it.
struct Taking<'a> {
    table: &'a Table,
    structure: &'a Structure,
    who: &'a Who,
}

impl Taking<'_> {
    fn roots(&self, data: &Value) -> Value {
        let root = |(key, value): (&String, &Value)| {
            let taken = match ROOTS.iter().find(|(known, ..)| known == key) {
                None => value.clone(),
                Some((_, ty, field)) => {
                    let name = field.split('(').next().unwrap_or_default();
                    let may = self.who.may(self.table.permission("Query", name));
                    if may { self.take(ty, value) } else { Value::Null }
                }
            };
            (key.clone(), taken)
        };
        Value::Object(data.as_object().expect("data").iter().map(root).collect())
    }

    fn take(&self, ty: &str, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.take(ty, item)).collect(),
            Value::Object(members) => {
                let ty = members.get("__typename").and_then(Value::as_str).unwrap_or(ty);
                match self.table.rows(ty) {
                    Some(rows) if !self.who.sees(rows, value) => Value::Null,
                    _ => self.members(ty, members),
                }
            }
            leaf => leaf.clone(),
        }
    }

    fn members(&self, ty: &str, members: &Map<String, Value>) -> Value {
        let lacks = |name: &str| !self.who.may(self.table.permission(ty, name));
        let member = |(key, value): (&String, &Value)| {
            let name = key.strip_prefix(&format!("{ty}_")).unwrap_or(key);
            let value = match (name, self.structure.fields(ty).get(name)) {
                ("__typename", _) | (_, None) => value.clone(),
                ("_provenance", _) => {
                    let entries = value.as_array().expect("entries").iter();
                    entries.filter(|entry| !lacks(entry["field"].as_str().unwrap())).cloned().collect()
                }
                _ if lacks(name) => Value::Null,
                (_, Some(field)) if field.is_leaf => value.clone(),
                (_, Some(field)) => self.take(&field.ty, value),
            };
            let value = match value {
                Value::Array(rows) if PLAIN_LISTS.contains(&(ty, name)) => {
                    rows.into_iter().filter(|row| !row.is_null()).collect()
                }
                value => value,
            };
            (key.clone(), value)
        };
        Value::Object(members.iter().map(member).collect())
    }
}

/// Whoever may ask: for the group, for one of those below it, for another; with every right, with none, without each.
fn callers(audience: &'static str) -> Vec<Who> {
    let mut callers = Vec::new();
    let below = ["100042", "100043"];
    let families: [(&[&str], &[&str]); 4] =
        [(&["100040"], &below), (&["100042"], &[]), (&["100077"], &[]), (&["100042", "100200"], &[])];
    let without = |one: &str| PERMISSIONS.into_iter().filter(|permission| *permission != one).collect();
    for (number, (accounts, below)) in families.into_iter().enumerate() {
        let each = PERMISSIONS.map(without).into_iter().filter(|_| number < 2);
        let rights = [PERMISSIONS.to_vec(), Vec::new()].into_iter().chain(each);
        callers.extend(rights.map(|permissions| Who {
            audience,
            accounts: accounts.to_vec(),
            below: below.to_vec(),
            permissions,
            login: None,
        }));
    }
    // Somebody who sees what they placed themselves, with a colleague whose login is not theirs and with nothing of their own.
    for login in ["L-5002", "L-5004", "L-5003"] {
        for permissions in [vec!["VIEW_ORDERS_OWN"], PERMISSIONS.to_vec(), Vec::new()] {
            let accounts = if login == "L-5002" { vec!["100042"] } else { vec!["100043"] };
            callers.push(Who { audience, accounts, below: Vec::new(), permissions, login: Some(login) });
        }
    }
    // Nobody in particular, who may do everything for no account; and nothing for none.
    for permissions in [PERMISSIONS.to_vec(), Vec::new()] {
        callers.push(Who { audience, accounts: Vec::new(), below: Vec::new(), permissions, login: None });
    }
    callers
}

#[tokio::test]
async fn every_caller_is_answered_what_is_true_less_what_is_not_theirs() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let table = Table::read();
    let structure = Structure::of(&rig, &Caller::operator()).await;
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for audience in AUDIENCES {
        let document = Asking { table: &table, structure: &structure, audience }.document();
        let truth = rig.answer(&Caller::operator(), &document).await;
        assert_eq!(truth.get("errors"), None, "{truth:#}");
        note_types(&truth["data"], &mut asked);
        for who in callers(audience) {
            let answer = rig.answer(&who.caller(&rig), &document).await;
            assert_eq!(answer.get("errors"), None, "{:#}", answer["errors"]);
            let taking = Taking { table: &table, structure: &structure, who: &who };
            assert_same(&who, "", &taking.roots(&truth["data"]), &answer["data"]);
        }
    }
    // What no caller ever met was not tried.
    let met: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
    let elsewhere = |ty: &&str| {
        let lists = ["Connection", "Edge", "PageInfo"].iter().any(|end| ty.ends_with(end));
        let ruled = ["Sale", "CartVerdict", "CartLineVerdict", "SuccessorOffer"].contains(ty);
        // What Freehold says of itself is no company's; whose exceptions are whose shows `operations`.
        let itself = [
            "ChangeFeed",
            "DomainService",
            "Exception",
            "FieldDrift",
            "FieldOwnership",
            "Finding",
            "IdentityGap",
            "ReconciliationRun",
            "StoppedComparison",
            "System",
        ];
        !lists && !ruled && !itself.contains(ty) && structure.possible(ty).is_empty()
    };
    let all = table.all_fields();
    let unmet: Vec<&str> = all.keys().copied().filter(elsewhere).filter(|ty| !met.contains(ty)).collect();
    assert_eq!(unmet, Vec::<&str>::new());
}

fn note_types(value: &Value, met: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| note_types(item, met)),
        Value::Object(members) => {
            met.extend(members.get("__typename").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| note_types(value, met));
        }
        _ => {}
    }
}

/// Says where two answers differ, rather than showing both.
fn assert_same(who: &Who, path: &str, expected: &Value, answered: &Value) {
    let Who { audience, accounts, permissions, .. } = who;
    let whose = || format!("{audience} of {accounts:?} with {permissions:?} at {path}");
    match (expected, answered) {
        (Value::Object(expected), Value::Object(answered)) => {
            let keys = |members: &Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(expected), keys(answered), "{}", whose());
            for (key, expected) in expected {
                assert_same(who, &format!("{path}/{key}"), expected, &answered[key]);
            }
        }
        (Value::Array(expected), Value::Array(answered)) if expected.len() == answered.len() => {
            for (at, (expected, answered)) in expected.iter().zip(answered).enumerate() {
                assert_same(who, &format!("{path}/{at}"), expected, answered);
            }
        }
        _ => assert_eq!(answered, expected, "{}", whose()),
    }
}
