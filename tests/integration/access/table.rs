//! The table of who has what of the canonical graph, as `table.txt` says it; and the schema's structure, as introspection says
//! it to whoever may see everything. The first is what is expected, the second only where to look.

use std::collections::{BTreeMap, BTreeSet};

use freehold::access::Caller;
use serde_json::Value;

use super::rig::Rig;

pub const AUDIENCES: [&str; 3] = ["storefront", "service", "bi"];
pub const PERMISSIONS: [&str; 8] = [
    "VIEW_PRICE",
    "VIEW_STOCK",
    "VIEW_ORDERS_OWN",
    "VIEW_ORDERS_ACCOUNT",
    "VIEW_ORDERS_CHILDREN",
    "VIEW_INVOICES",
    "VIEW_CREDIT",
    "MANAGE_USERS",
];

/// What the table says.
#[derive(Default)]
pub struct Table {
    types: BTreeMap<&'static str, TypeLine>,
}

/// What it says of a type.
#[derive(Default)]
pub struct TypeLine {
    audiences: BTreeSet<&'static str>,
    pub rows: Option<Rows>,
    fields: BTreeMap<&'static str, FieldLine>,
}

/// Whose rows are seen.
#[derive(Clone, Copy)]
pub struct Rows {
    /// The field that names the account.
    pub account: &'static str,
    /// The field that names the login whose own a row is.
    pub login: Option<&'static str>,
    with: Option<&'static str>,
    below: Option<&'static str>,
    own: Option<&'static str>,
}

/// What it says of a field.
#[derive(Default)]
struct FieldLine {
    audiences: BTreeSet<&'static str>,
    permission: Option<&'static str>,
}

impl Table {
    pub fn read() -> Self {
        let mut types = BTreeMap::new();
        let mut current: &mut TypeLine = &mut TypeLine::default();
        let lines = include_str!("table.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            match (line.strip_prefix("  "), line.split_once(": ")) {
                (None, _) => {
                    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
                    let said = |key: &str| rest.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
                    let rows = |account| Rows {
                        account,
                        login: said("login"),
                        with: said("with"),
                        below: said("below"),
                        own: said("own"),
                    };
                    let audiences = rest.split(' ').filter(|word| AUDIENCES.contains(word)).collect();
                    current = types.entry(name).or_default();
                    *current = TypeLine { audiences, rows: said("rows").map(rows), fields: BTreeMap::new() };
                }
                (Some(plain), None) => {
                    current.fields.extend(plain.split_whitespace().map(|name| (name, FieldLine::default())));
                }
                (Some(_), Some((name, rest))) => {
                    let (audiences, permissions): (Vec<_>, Vec<_>) =
                        rest.split(' ').partition(|word| AUDIENCES.contains(word));
                    let audiences = audiences.into_iter().collect();
                    assert!(permissions.iter().all(|word| PERMISSIONS.contains(word)), "{line}");
                    let permission = permissions.first().copied();
                    current.fields.insert(name.trim(), FieldLine { audiences, permission });
                }
            }
        }
        Self { types }
    }

    /// Returns the fields that an audience has, by type; a type of which it has none is not there for it.
    pub fn fields_of(&self, audience: &str) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let has = |audiences: &BTreeSet<&str>| audiences.is_empty() || audiences.contains(audience);
        let types = self.types.iter().filter(|(_, line)| has(&line.audiences));
        let fields = |line: &TypeLine| {
            line.fields.iter().filter(|(_, field)| has(&field.audiences)).map(|(name, _)| *name).collect()
        };
        types.map(|(name, line)| (*name, fields(line))).collect()
    }

    /// Returns every field there is, by type.
    pub fn all_fields(&self) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        self.types.iter().map(|(name, line)| (*name, line.fields.keys().copied().collect())).collect()
    }

    pub fn has(&self, audience: &str, ty: &str, field: &str) -> bool {
        self.fields_of(audience).get(ty).is_some_and(|fields| fields.contains(field))
    }

    /// Returns the permission that a field takes.
    pub fn permission(&self, ty: &str, field: &str) -> Option<&'static str> {
        self.types[ty].fields[field].permission
    }

    /// Returns whose rows of a type are seen.
    pub fn rows(&self, ty: &str) -> Option<Rows> {
        self.types[ty].rows
    }
}

/// A caller, as the table looks at them.
#[derive(Clone)]
pub struct Who {
    pub audience: &'static str,
    pub accounts: Vec<&'static str>,
    /// The accounts below these.
    pub below: Vec<&'static str>,
    pub permissions: Vec<&'static str>,
    pub login: Option<&'static str>,
}

impl Who {
    pub fn may(&self, permission: Option<&str>) -> bool {
        permission.is_none_or(|permission| self.permissions.contains(&permission))
    }

    /// Whether they see a row.
    pub fn sees(&self, rows: Rows, row: &Value) -> bool {
        let said = |field: &str| row[field].as_str().unwrap_or_default();
        let account = said(rows.account);
        let has = |word: Option<&str>| word.is_some_and(|word| self.permissions.contains(&word));
        let is_below = has(rows.below) && self.below.contains(&account);
        let is_own = has(rows.own) && self.login.is_some_and(|login| rows.login.map(said) == Some(login));
        let is_theirs = self.accounts.contains(&account);
        self.may(rows.with) && (is_theirs || is_below) || is_own && is_theirs
    }

    pub fn caller(&self, rig: &Rig) -> Caller {
        let caller = rig.caller(self.audience, &self.accounts, &self.permissions);
        Caller { login: self.login.map(Into::into), ..caller }
    }
}

/// The structure of the whole graph.
pub struct Structure(BTreeMap<String, BTreeMap<String, FieldOf>>, BTreeMap<String, Vec<String>>);

/// A field's type, and whether it takes arguments that must be given.
pub struct FieldOf {
    pub ty: String,
    pub is_leaf: bool,
    pub is_asked: bool,
}

const STRUCTURE: &str = "{ __schema { types { name kind possibleTypes { name } fields(includeDeprecated: true) { name
  args { name type { kind } }
  type { ...t ofType { ...t ofType { ...t ofType { ...t } } } } } } } }
fragment t on __Type { name kind }";

impl Structure {
    /// Asks what there is, as an audience sees it or as whoever sees everything does.
    pub async fn of(rig: &Rig, caller: &Caller) -> Self {
        let (mut types, mut possible) = (BTreeMap::new(), BTreeMap::new());
        let said = rig.data(caller, STRUCTURE).await;
        for ty in said["__schema"]["types"].as_array().expect("types") {
            let name = ty["name"].as_str().expect("a name");
            let of = ty["possibleTypes"].as_array().map_or(&[][..], Vec::as_slice);
            possible.insert(name.to_owned(), of.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect());
            let fields = ty["fields"].as_array().filter(|_| !name.starts_with("__"));
            let Some(fields) = fields.filter(|_| matches!(ty["kind"].as_str(), Some("OBJECT" | "INTERFACE"))) else {
                continue;
            };
            let field = |field: &Value| {
                let mut ty = &field["type"];
                while ty["name"].is_null() {
                    ty = &ty["ofType"];
                }
                let is_leaf = matches!(ty["kind"].as_str(), Some("SCALAR" | "ENUM"));
                let is_asked = field["args"].as_array().unwrap().iter().any(|one| one["type"]["kind"] == "NON_NULL");
                let ty = ty["name"].as_str().unwrap().to_owned();
                (field["name"].as_str().unwrap().to_owned(), FieldOf { ty, is_leaf, is_asked })
            };
            types.insert(name.to_owned(), fields.iter().map(field).collect());
        }
        Self(types, possible)
    }

    pub fn fields(&self, ty: &str) -> &BTreeMap<String, FieldOf> {
        self.0.get(ty).unwrap_or_else(|| panic!("{ty} has fields"))
    }

    pub fn has_fields(&self, ty: &str) -> bool {
        self.0.contains_key(ty)
    }

    pub fn possible(&self, ty: &str) -> &[String] {
        &self.1[ty]
    }

    /// Returns every field, by type.
    pub fn names(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        self.0.iter().map(|(ty, fields)| (ty.as_str(), fields.keys().map(String::as_str).collect())).collect()
    }
}
