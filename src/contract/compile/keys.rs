//! Keys: the mappings of groups, lists and parameters, and the groups that answer cross-references.
//!
//! A cross-reference is asked like any group of its system, so each direction becomes a group with one slot. No type has
//! that group's field; it is numbered behind the groups that have.

use std::collections::BTreeMap;

use super::{
    super::{
        binding::{ArgumentKeyFile, CrossrefFile, GroupFile, KeyFile, ListFile},
        nearest,
        reader::Text,
    },
    bindings,
    groups::{self, Groups, header},
    shapes::adaptations,
    survey::Survey,
};
use crate::{
    contract::{Crossref, Group, KeyMapping, List},
    diagnostic::{Findings, Place},
    value::{DomainId, GroupId, Leaf, Nesting, Scalar, Shape, ShapeId, Slot, SlotKind, SystemId, TypeId},
};

/// The column of the graph's key in the answers of a cross-reference.
const GRAPH_COLUMN: &str = "key";
/// The column of the system's own key.
const OWN_COLUMN: &str = "own";

/// The cross-references by name, in the order of their groups.
pub(super) struct Crossrefs<'a>(BTreeMap<&'a str, Known<'a>>);

struct Known<'a> {
    system: SystemId,
    file: &'a CrossrefFile,
    to_own: Option<GroupId>,
    to_graph: Option<GroupId>,
}

/// A mapping, and the columns that hold the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapped {
    pub mapping: KeyMapping,
    pub columns: Vec<String>,
}

/// Numbers the groups of the cross-references and checks their bindings.
pub(super) fn crossrefs<'a>(survey: &Survey<'a>, groups: &Groups<'a>, findings: &mut Findings) -> Crossrefs<'a> {
    let mut known: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    for (number, system) in survey.written.systems.iter().enumerate() {
        for file in &system.crossrefs {
            let name = file.name.text.as_str();
            if let Some(first) = known.get(name) {
                findings.fault(
                    "CROSSREF_DUPLICATE",
                    file.name.place,
                    format!("the cross-reference `{name}` is bound in `{}` too", survey.system(first.system).name),
                    "a cross-reference's name is one for the whole contract; rename one of them",
                );
                continue;
            }
            if let Some(domain) = &file.domain {
                survey.domain_named(&domain.text, domain.place, findings);
            }
            let system = SystemId::from(number);
            let to_own = file.to_own.iter().map(|file| (file, GRAPH_COLUMN));
            for (direction, asked) in to_own.chain(file.to_graph.iter().map(|file| (file, OWN_COLUMN))) {
                bound(survey, system, direction, asked, findings);
            }
            known.insert(name, Known { system, file, to_own: None, to_graph: None });
        }
    }
    let mut next = groups.values().filter(|plan| plan.served).count();
    let mut number = |file: &Option<GroupFile>| {
        file.is_some().then(|| {
            next += 1;
            GroupId::from(next - 1)
        })
    };
    for one in known.values_mut() {
        one.to_own = number(&one.file.to_own);
        one.to_graph = number(&one.file.to_graph);
    }
    unused(survey, &known, findings);
    Crossrefs(known)
}

fn bound(survey: &Survey<'_>, system: SystemId, file: &GroupFile, asked: &str, findings: &mut Findings) {
    bindings::crossref(survey, system, file, asked, findings);
    let title = header(&file.entity, file.name.as_deref());
    let paths = file.fields.iter().map(|(path, _)| (path, "FIELDS_UNKNOWN"));
    let paths = paths.chain(file.values.iter().map(|(path, _)| (path, "VALUES_UNKNOWN")));
    for (path, code) in paths.filter(|(path, _)| ![GRAPH_COLUMN, OWN_COLUMN].contains(&path.text.as_str())) {
        findings.fault(
            code,
            path.place,
            format!("{title} answers no `{}`", path.text),
            "a cross-reference answers `key`, the graph's key, and `own`, the system's",
        );
    }
}

fn unused(survey: &Survey<'_>, known: &BTreeMap<&str, Known<'_>>, findings: &mut Findings) {
    let systems = survey.written.systems;
    let of_lists = systems.iter().flat_map(|system| &system.lists).flat_map(|list| {
        let of_parameters = list.keys.iter().filter_map(|(_, file)| match file {
            ArgumentKeyFile::Own(file) => Some(&**file),
            ArgumentKeyFile::Entity(_) => None,
        });
        list.key.iter().chain(of_parameters)
    });
    let of_groups = systems.iter().flat_map(|system| &system.groups).filter_map(|group| group.key.as_ref());
    let used: Vec<&str> =
        of_groups.chain(of_lists).filter_map(|file| Some(file.crossref.as_ref()?.text.as_str())).collect();
    for (name, one) in known.iter().filter(|(name, _)| !used.contains(name)) {
        let file = one.file;
        if file.to_own.is_none() && file.to_graph.is_none() {
            one_way(file.name.place, name, "to_own", findings);
        } else if systems.iter().all(|system| system.readable) {
            findings.fault(
                "CROSSREF_UNUSED",
                file.name.place,
                format!("no key is mapped by the cross-reference `{name}`"),
                format!("write key = {{ crossref = \"{name}\" }} in a group or list, or delete it"),
            );
        }
    }
}

fn one_way(place: Place, name: &str, direction: &str, findings: &mut Findings) {
    let (asked, given) = if direction == "to_own" { ("key", "own") } else { ("own", "key") };
    findings.fault(
        "CROSSREF_ONE_WAY",
        place,
        format!("the cross-reference `{name}` has no `{direction}`"),
        format!("add {direction} with the columns `{asked}`, which it is asked for, and `{given}`"),
    );
}

impl Crossrefs<'_> {
    /// Returns how many groups answer cross-references.
    pub fn n_groups(&self) -> usize {
        self.0.values().map(|one| usize::from(one.to_own.is_some()) + usize::from(one.to_graph.is_some())).sum()
    }

    /// Compiles a mapping for a key of these fields.
    pub fn mapping(&self, file: &KeyFile, key_fields: &[&str], title: &str, findings: &mut Findings) -> Mapped {
        let said = |name: &str| {
            let of_fields = file.fields.as_ref().map_or(&[][..], |(fields, _)| fields);
            of_fields.iter().find(|(field, _)| field.text == name).map(|(_, file)| file)
        };
        if let [_, _, ..] = key_fields {
            let place = file.one.place.or_else(|| file.crossref.as_ref().map(|text| text.place));
            if let Some(place) = place {
                let help = format!("say it of each field: key.fields.{} = {{ … }}", key_fields[0]);
                let what = if file.crossref.is_some() { "is cross-referenced as one" } else { "is mapped as one" };
                let message = format!("{title}: a key of {} fields {what}", key_fields.len());
                findings.fault("KEY_FIELDS", place, message, help);
            }
        }
        for (name, _) in file.fields.iter().flat_map(|(fields, _)| fields) {
            if !key_fields.contains(&name.text.as_str()) {
                let help = format!("the key is {}", key_fields.join(" "));
                let message = format!("{title}: `{}` is no field of the key", name.text);
                findings.fault("KEY_FIELDS", name.place, message, help);
            } else if let ([_], Some(place)) = (key_fields, file.one.place) {
                findings.fault(
                    "KEY_FIELDS",
                    place,
                    format!("{title}: what maps `{}` is said twice", name.text),
                    "move it all into `fields`, or delete `fields`",
                );
            }
        }
        let one = |name: &&str| said(name).unwrap_or(&file.one);
        Mapped {
            columns: (key_fields.iter())
                .map(|name| one(name).field.as_ref().map_or_else(|| (*name).to_owned(), |field| field.text.clone()))
                .collect(),
            mapping: KeyMapping {
                spellings: key_fields.iter().map(|name| one(name).spelling.clone()).collect(),
                crossref: file.crossref.as_ref().and_then(|name| self.crossref(name, findings)),
            },
        }
    }

    fn crossref(&self, name: &Text, findings: &mut Findings) -> Option<Crossref> {
        let Some(known) = self.0.get(name.text.as_str()) else {
            let help = match nearest(&name.text, self.0.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add [crossrefs.{}] to the file of the system that holds it", name.text),
            };
            let message = format!("no system file has a cross-reference `{}`", name.text);
            findings.fault("CROSSREF_UNKNOWN", name.place, message, help);
            return None;
        };
        Some(Crossref { name: name.text.clone(), to_own: known.to_own, to_graph: known.to_graph })
    }

    /// Compiles the mapping of a group, which is asked with the system's own keys.
    pub fn of_group(
        &self,
        survey: &Survey<'_>,
        entity: &str,
        file: &GroupFile,
        findings: &mut Findings,
    ) -> Option<Mapped> {
        let key = file.key.as_ref()?;
        let mapped = self.mapping(key, &names(survey, entity), &header(entity, file.name.as_deref()), findings);
        can_ask(key, &mapped, findings);
        Some(mapped)
    }

    /// Finds how the keys of an entity map in a system: as its group without a name says, else as all its groups do.
    ///
    /// *Errors*: the groups of the entity in that system differ.
    pub fn of_entity(&self, survey: &Survey<'_>, entity: &str, system: SystemId) -> Result<Option<Mapped>, ()> {
        // What is wrong with a group's key is said where its binding is checked.
        let mut said = Findings::default();
        let of = |file: &&GroupFile| file.entity == entity;
        let files: Vec<&GroupFile> = survey.system(system).groups.iter().filter(of).collect();
        let unnamed = files.iter().find(|file| file.name.is_none());
        if let Some(file) = unnamed {
            return Ok(self.of_group(survey, entity, file, &mut said));
        }
        let mut all = files.iter().map(|file| self.of_group(survey, entity, file, &mut said));
        let first = all.next().flatten();
        if all.all(|mapped| mapped == first) { Ok(first) } else { Err(()) }
    }

    /// Compiles the mapping of the keys that a list's rows give.
    pub fn of_list(
        &self,
        survey: &Survey<'_>,
        system: SystemId,
        file: &ListFile,
        possible: &[&str],
        key_fields: &[&str],
        findings: &mut Findings,
    ) -> Option<Mapped> {
        let name = &file.name.text;
        let mapped = match &file.key {
            Some(key) => Some(self.mapping(key, key_fields, &format!("[lists.{name}]"), findings)),
            None => {
                let mut all = possible.iter().map(|entity| self.of_entity(survey, entity, system));
                let first = all.next().unwrap_or(Ok(None));
                if first.is_err() || !all.all(|mapped| mapped == first) {
                    findings.fault(
                        "KEY_LIST",
                        file.name.place,
                        format!("the rows of the list `{name}` may have keys that map in different ways"),
                        format!("say in [lists.{name}] how they do: key = {{ … }}"),
                    );
                    return None;
                }
                first.unwrap_or_default()
            }
        }?;
        if !mapped.mapping.is_two_way() {
            let system = &survey.system(system).name;
            let message = format!("the list `{name}` gives keys as `{system}` has them, and nothing maps them back");
            let help = match &mapped.mapping.crossref {
                Some(crossref) if crossref.to_graph.is_none() => {
                    format!("add to_graph, with the columns `own` and `key`, to [crossrefs.{}]", crossref.name)
                }
                _ if mapped.mapping.spellings.iter().any(|spelling| !spelling.without.is_empty()) => {
                    "what `without` leaves out cannot be put back: map by a cross-reference".to_owned()
                }
                _ => {
                    "say the case of the graph's keys, graph_case = \"upper\", or map by a cross-reference where they \
                      have both cases"
                        .to_owned()
                }
            };
            findings.fault("KEY_ONE_WAY", file.name.place, message, help);
        }
        Some(mapped)
    }

    /// Compiles the mappings of a list's parameters, one for each.
    pub fn of_parameters(
        &self,
        survey: &Survey<'_>,
        system: SystemId,
        file: &ListFile,
        parameters: &[&str],
        findings: &mut Findings,
    ) -> Vec<Option<KeyMapping>> {
        let mut out: Vec<Option<KeyMapping>> = vec![None; parameters.len()];
        for (parameter, argument) in &file.keys {
            let Some(position) = parameters.iter().position(|name| *name == parameter.text) else {
                let help = match nearest(&parameter.text, parameters.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a parameter of the list, or delete this".to_owned(),
                };
                let message = format!("the list `{}` has no parameter `:{}`", file.name.text, parameter.text);
                findings.fault("KEY_ARGUMENT", parameter.place, message, help);
                continue;
            };
            out[position] = match argument {
                ArgumentKeyFile::Own(key) => {
                    let title = format!("`keys.{}` of [lists.{}]", parameter.text, file.name.text);
                    let mapped = self.mapping(key, &[parameter.text.as_str()], &title, findings);
                    can_ask(key, &mapped, findings);
                    Some(mapped.mapping)
                }
                ArgumentKeyFile::Entity(entity) => self.of_argument(survey, system, entity, findings),
            };
        }
        out
    }

    fn of_argument(
        &self,
        survey: &Survey<'_>,
        system: SystemId,
        entity: &Text,
        findings: &mut Findings,
    ) -> Option<KeyMapping> {
        let name = &survey.system(system).name;
        let (message, help) = match (names(survey, &entity.text).len(), self.of_entity(survey, &entity.text, system)) {
            (1, Ok(Some(mapped))) => return Some(mapped.mapping),
            (0, _) => {
                let help = match nearest(&entity.text, survey.parts.keys().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a type with a @key".to_owned(),
                };
                (format!("there is no entity `{}`", entity.text), help)
            }
            (1, _) => (
                format!("`{name}` has no group [{}] that says how its keys map", entity.text),
                "say it here instead: { case = \"lower\" }, { crossref = \"…\" }".to_owned(),
            ),
            _ => (
                format!("the key of `{}` is several fields, of which a parameter is one", entity.text),
                "say here how this one maps: { pad = 10 }".to_owned(),
            ),
        };
        findings.fault("KEY_ARGUMENT", entity.place, message, help);
        None
    }

    /// Makes the groups of the cross-references, and their shapes.
    ///
    /// *Shape*: in the order of their numbers; `shape` is the number of the first shape. A cross-reference is of the first
    /// entity that is mapped by it, and as fresh as the freshest that is, where it does not say.
    pub fn groups(
        &self,
        survey: &Survey<'_>,
        made: &[Group],
        copies: &[Group],
        lists: &[List],
        mut shape: usize,
    ) -> Option<(Vec<Group>, Vec<Shape>)> {
        let (mut groups, mut shapes) = (Vec::new(), Vec::new());
        for (name, known) in &self.0 {
            let by = |mapping: &KeyMapping| mapping.crossref.as_ref().is_some_and(|crossref| crossref.name == **name);
            let of_groups = made.iter().filter(|group| group.key.as_ref().is_some_and(by));
            let of_lists =
                lists.iter().filter(|list| list.key.iter().chain(list.argument_keys.iter().flatten()).any(by));
            let users: Vec<(TypeId, DomainId)> = (of_groups.map(|group| (group.entity, group.domain)))
                .chain(of_lists.map(|list| (list.of, list.domain)))
                .collect();
            // What is compared and never served makes nothing that is served fresher.
            let of_copies = copies.iter().filter(|group| group.key.as_ref().is_some_and(by));
            let users = match users.is_empty() {
                true => of_copies.map(|group| (group.entity, group.domain)).collect(),
                false => users,
            };
            let own = known.file.domain.as_ref().and_then(|name| survey.domain_ids.get(name.text.as_str()).copied());
            // One that is of use to unused lists alone is asked by nobody.
            let entity = users.first().map_or(TypeId(0), |(entity, _)| *entity);
            let domain = own.or_else(|| groups::tightest(survey, users.iter().map(|(_, domain)| *domain)));
            let directions =
                [(&known.file.to_own, GRAPH_COLUMN, OWN_COLUMN), (&known.file.to_graph, OWN_COLUMN, GRAPH_COLUMN)];
            for (file, asked, answered) in directions {
                let Some(file) = file else { continue };
                let system = survey.system(known.system);
                let title = format!("{} {}.{}", system.name, file.entity, file.name.as_deref().unwrap_or_default());
                let kind = SlotKind::Leaf(Leaf::Scalar(Scalar::String));
                let nesting = Nesting { non_null: false, items_non_null: Vec::new() };
                let slots = vec![Slot { name: answered.to_owned(), kind, nesting }];
                shapes.push(Shape { name: title.clone(), slots, may_lack: false });
                groups.push(Group {
                    name: title,
                    system: known.system,
                    entity,
                    shape: ShapeId::from(shape),
                    holds_copies: false,
                    key_columns: vec![asked.to_owned()],
                    key: None,
                    domain: domain.unwrap_or(DomainId(0)),
                    fields: file.fields.iter().map(|(field, pointer)| (field.text.clone(), pointer.clone())).collect(),
                    as_of: file.as_of.as_ref().map(|column| column.text.clone()),
                    valid_until: file.valid_until.as_ref().map(|column| column.text.clone()),
                    adaptations: adaptations(&file.values, file.trim, file.zone.as_ref(), &system.inherited),
                    binding: file.asked.compile()?,
                });
                shape += 1;
            }
        }
        Some((groups, shapes))
    }
}

/// What is asked with the system's keys needs the cross-reference to them.
fn can_ask(file: &KeyFile, mapped: &Mapped, findings: &mut Findings) {
    if let (Some(crossref), Some(text)) = (&mapped.mapping.crossref, &file.crossref)
        && crossref.to_own.is_none()
    {
        one_way(text.place, &crossref.name, "to_own", findings);
    }
}

fn names<'a>(survey: &Survey<'a>, entity: &str) -> Vec<&'a str> {
    survey.key_fields(entity).iter().map(|field| field.name.name.as_str()).collect()
}
