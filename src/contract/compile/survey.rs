//! The survey: what part each object type plays, who owns it, and the numbers of everything that has one.

use std::collections::BTreeMap;

use super::{
    super::{
        binding::ListFile,
        directive, nearest,
        sdl::{DirectiveUse, FieldDef, Kind, TypeDef},
        system::SystemFile,
    },
    Written, path,
};
use crate::{
    diagnostic::{Findings, Place},
    value::{DomainId, SystemId, TypeId},
};

/// A field group by its name: `[Product.stock]` of a system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupName {
    pub entity: String,
    pub system: SystemId,
    pub name: Option<String>,
}

/// What part an object type plays, before it is compiled.
#[derive(Debug, Clone)]
pub(super) enum TypeRole {
    Root,
    Entity(EntityFacts),
    Part,
    Connection,
    Edge,
    PageInfo,
}

/// What is known of an entity type.
#[derive(Debug, Clone)]
pub(super) struct EntityFacts {
    /// The positions of the key fields.
    pub key: Vec<usize>,
    /// The group that decides whether it exists, if the contract says so rightly.
    pub identity: Option<GroupName>,
}

/// What the values of a field's type are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Category<'a> {
    Leaf,
    /// Parts, of one type or several.
    Parts(Vec<&'a str>),
    /// Entities, of one type or several.
    Entities(Vec<&'a str>),
    Connection,
    /// An edge, `PageInfo` or the query root.
    Misplaced,
    /// Entities and parts under one interface or union.
    Mixed,
    /// An interface that nothing implements.
    Nothing,
    /// Not known; a fault of its own.
    Unknown,
}

/// The result of the survey.
pub(super) struct Survey<'a> {
    pub written: Written<'a>,
    pub parts: BTreeMap<&'a str, TypeRole>,
    pub type_ids: BTreeMap<&'a str, TypeId>,
    pub domain_ids: BTreeMap<&'a str, DomainId>,
    /// Every list, with its system.
    pub lists: BTreeMap<&'a str, (SystemId, &'a ListFile)>,
}

/// Surveys a schema.
pub(super) fn survey<'a>(written: Written<'a>, findings: &mut Findings) -> Survey<'a> {
    let mut survey = Survey {
        written,
        parts: BTreeMap::new(),
        type_ids: type_ids(written),
        domain_ids: (written.settings.domains.keys().enumerate())
            .map(|(n, name)| (name.as_str(), DomainId::from(n)))
            .collect(),
        lists: lists(written, findings),
    };
    let edges: Vec<&str> = (written.schema.types.values())
        .filter(|ty| is_connection(ty))
        .filter_map(|ty| ty.fields.iter().find(|field| field.name.name == "edges"))
        .map(|field| field.ty.named())
        .collect();
    for ty in written.schema.types.values().filter(|ty| ty.kind == Kind::Object) {
        let name = ty.name.name.as_str();
        let part = if name == written.schema.query {
            TypeRole::Root
        } else if directive::find(&ty.directives, "key").is_some() {
            TypeRole::Entity(survey.entity(ty, findings))
        } else if is_connection(ty) {
            TypeRole::Connection
        } else if edges.contains(&name) || is_edge(ty) {
            TypeRole::Edge
        } else if name == "PageInfo" {
            TypeRole::PageInfo
        } else {
            TypeRole::Part
        };
        survey.keyless(ty, &part, findings);
        survey.parts.insert(name, part);
    }
    survey
}

fn is_connection(ty: &TypeDef) -> bool {
    ty.kind == Kind::Object
        && ty.name.name.ends_with("Connection")
        && ty.fields.iter().any(|field| matches!(field.name.name.as_str(), "edges" | "nodes" | "pageInfo"))
}

fn is_edge(ty: &TypeDef) -> bool {
    let has = |name: &str| ty.fields.iter().any(|field| field.name.name == name);
    ty.name.name.ends_with("Edge") && has("node") && has("cursor")
}

fn type_ids<'a>(written: Written<'a>) -> BTreeMap<&'a str, TypeId> {
    let schema = written.schema;
    let mut names: Vec<&str> = schema.types.keys().map(String::as_str).collect();
    names.extend(super::super::merge::BUILT_IN);
    let uses = (schema.types.values()).flat_map(|ty| {
        let arguments = ty.fields.iter().flat_map(|field| &field.arguments);
        let inputs = arguments.chain(&ty.inputs).map(|input| input.ty.named());
        ty.fields.iter().map(|field| field.ty.named()).chain(inputs)
    });
    names.extend(uses.filter(|name| super::super::merge::CANONICAL.contains(name)));
    names.sort_unstable();
    names.dedup();
    names.into_iter().enumerate().map(|(n, name)| (name, TypeId::from(n))).collect()
}

fn lists<'a>(written: Written<'a>, findings: &mut Findings) -> BTreeMap<&'a str, (SystemId, &'a ListFile)> {
    let mut lists: BTreeMap<&str, (SystemId, &ListFile)> = BTreeMap::new();
    for (n, system) in written.systems.iter().enumerate() {
        for list in &system.lists {
            let name = list.name.text.as_str();
            if let Some((first, _)) = lists.get(name) {
                findings.fault(
                    "LIST_DUPLICATE",
                    list.name.place,
                    format!("the list `{name}` is bound in `{}` too", written.systems[first.index()].name),
                    "a list's name is one for the whole contract; rename one of them",
                );
            } else {
                lists.insert(name, (SystemId::from(n), list));
            }
        }
    }
    lists
}

impl<'a> Survey<'a> {
    /// Returns a system file.
    pub fn system(&self, id: SystemId) -> &'a SystemFile {
        &self.written.systems[id.index()]
    }

    /// Returns the object types, by name.
    pub fn objects(&self) -> impl Iterator<Item = (&'a TypeDef, &TypeRole)> {
        let types = &self.written.schema.types;
        self.parts.iter().filter_map(|(name, part)| Some((types.get(*name)?, part)))
    }

    /// Returns what is known of an entity type.
    pub fn entity_facts(&self, name: &str) -> Option<&EntityFacts> {
        match self.parts.get(name)? {
            TypeRole::Entity(facts) => Some(facts),
            _ => None,
        }
    }

    /// Returns the key fields of an entity type, in order.
    pub fn key_fields(&self, name: &str) -> Vec<&'a FieldDef> {
        let Some(ty) = self.written.schema.types.get(name) else { return Vec::new() };
        self.entity_facts(name).map_or(Vec::new(), |facts| facts.key.iter().map(|at| &ty.fields[*at]).collect())
    }

    /// Says what the values of a type are.
    pub fn category(&self, name: &'a str) -> Category<'a> {
        let schema = self.written.schema;
        match schema.kind(name) {
            None => return Category::Unknown,
            Some(Kind::Scalar | Kind::Enum) => return Category::Leaf,
            Some(Kind::Input) => return Category::Unknown,
            Some(Kind::Object | Kind::Interface | Kind::Union) => {}
        }
        let possible = schema.possible(name);
        let is = |wanted: fn(&TypeRole) -> bool| {
            let n = possible.iter().filter(|name| self.parts.get(**name).is_some_and(wanted)).count();
            (n > 0).then_some(n == possible.len())
        };
        let entities = is(|part| matches!(part, TypeRole::Entity(_)));
        let parts = is(|part| matches!(part, TypeRole::Part));
        match (entities, parts) {
            _ if possible.is_empty() => Category::Nothing,
            (Some(true), _) => Category::Entities(possible),
            (_, Some(true)) => Category::Parts(possible),
            (None, None) if is(|part| matches!(part, TypeRole::Connection)) == Some(true) => Category::Connection,
            (None, None) => Category::Misplaced,
            _ => Category::Mixed,
        }
    }

    /// Finds the system and the group that an `@owner` names.
    pub fn owner(&self, ty: &TypeDef, owner: &DirectiveUse, findings: &mut Findings) -> Option<GroupName> {
        let (system, place) = owner.text("system")?;
        let system = self.system_named(system, place, findings)?;
        let name = owner.text("as").map(|(name, _)| name.to_owned());
        Some(GroupName { entity: ty.name.name.clone(), system, name })
    }

    /// Finds a system by name.
    pub fn system_named(&self, name: &str, place: Place, findings: &mut Findings) -> Option<SystemId> {
        let systems = self.written.systems;
        let found = systems.iter().position(|system| system.name == name);
        if found.is_none() && self.written.settings.readable {
            let help = match nearest(name, systems.iter().map(|system| system.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("list \"systems/{name}.toml\" in freehold.toml, or name one that is listed there"),
            };
            findings.fault("SYSTEM_UNKNOWN", place, format!("there is no system `{name}`"), help);
        }
        found.map(SystemId::from)
    }

    /// Finds the domain that a `@domain` names.
    pub fn domain(&self, uses: &[DirectiveUse], findings: &mut Findings) -> Option<DomainId> {
        let (name, place) = directive::find(uses, "domain")?.text("name")?;
        self.domain_named(name, place, findings)
    }

    /// Finds a domain by name.
    pub fn domain_named(&self, name: &str, place: Place, findings: &mut Findings) -> Option<DomainId> {
        let found = self.domain_ids.get(name).copied();
        if found.is_none() && self.written.settings.readable {
            let help = match nearest(name, self.domain_ids.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add [freshness.{name}] with its max_age to freehold.toml"),
            };
            findings.fault("DOMAIN_UNKNOWN", place, format!("there is no freshness domain `{name}`"), help);
        }
        found
    }

    fn entity(&self, ty: &'a TypeDef, findings: &mut Findings) -> EntityFacts {
        let name = &ty.name.name;
        let identity = match directive::find(&ty.directives, "owner") {
            Some(owner) => self.owner(ty, owner, findings),
            None => {
                findings.fault(
                    "OWNER_MISSING",
                    ty.name.place,
                    format!("no system is said to own `{name}`, so nobody decides whether one exists"),
                    "add @owner(system: …) to the type",
                );
                None
            }
        };
        let mut key = Vec::new();
        let fields = directive::find(&ty.directives, "key").and_then(|one| one.text("fields"));
        let (said, place) = fields.unwrap_or(("", ty.name.place));
        for word in said.split_whitespace() {
            let at = word.as_ptr() as usize - said.as_ptr() as usize;
            let place = self.written.within(place, said, at..at + word.len());
            let Some(position) = ty.fields.iter().position(|field| field.name.name == word) else {
                let help = match nearest(word, ty.fields.iter().map(|field| field.name.name.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name fields of the type, separated by blanks".to_owned(),
                };
                findings.fault("KEY_FIELD_UNKNOWN", place, format!("`{name}` has no field `{word}`"), help);
                continue;
            };
            if key.contains(&position) {
                let message = format!("`{word}` stands in the key of `{name}` twice");
                findings.fault("KEY_FIELD_DUPLICATE", place, message, "name it once");
                continue;
            }
            key_field(ty, &ty.fields[position], self, findings);
            key.push(position);
        }
        EntityFacts { key, identity }
    }

    /// What only an entity has, on a type that is none.
    fn keyless(&self, ty: &TypeDef, part: &TypeRole, findings: &mut Findings) {
        if matches!(part, TypeRole::Entity(_)) {
            return;
        }
        for one in &ty.directives {
            let name = one.name.name.as_str();
            let entity_only = matches!(name, "owner" | "scope" | "handover");
            if entity_only || (name == "domain" && !matches!(part, TypeRole::Part)) {
                let type_name = &ty.name.name;
                findings.fault(
                    "ENTITY_ONLY",
                    one.name.place,
                    format!("`@{name}` says nothing on `{type_name}`, which has no key and so no owner of its own"),
                    format!("delete it, or make `{type_name}` an entity with @key(fields: …)"),
                );
            }
        }
    }
}

fn key_field(ty: &TypeDef, field: &FieldDef, survey: &Survey<'_>, findings: &mut Findings) {
    let named = field.ty.named();
    if survey.written.schema.kind(named).is_none() {
        return;
    }
    let refused = matches!(named, "Float" | "Boolean" | "JSON") || !survey.written.schema.is_leaf(named);
    if refused || field.ty.n_lists() > 0 {
        findings.fault(
            "KEY_FIELD_TYPE",
            field.ty.place,
            format!("the key field `{}` is `{}`, which does not identify anything", path(ty, field), field.ty),
            "use `String!`, `ID!`, `Int!` or an enum",
        );
    } else if !field.ty.non_null {
        findings.fault(
            "KEY_FIELD_NULLABLE",
            field.ty.place,
            format!("the key field `{}` may be null", path(ty, field)),
            format!("write `{}!`", field.ty),
        );
    }
    if let Some(one) =
        field.directives.iter().find(|one| matches!(one.name.name.as_str(), "owner" | "ref" | "list" | "rule"))
    {
        findings.fault(
            "KEY_FIELD_ANSWER",
            one.name.place,
            format!("`@{}` says nothing on the key field `{}`", one.name.name, path(ty, field)),
            "delete it; a key is known before any system is asked",
        );
    }
}
