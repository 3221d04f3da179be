//! The interpreter: the execution algorithm of the specification (section 6), depth first, one object at a time, as
//! plainly as it can be written; with Freehold's word on entities whose owner is absent or fails.
//!
//! Out: the data, and the path of every field error. Where an error nulls a parent, the errors of its other children are
//! all listed; an executor may stop at the first.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::coerce;
use super::document::{Directive, Document, FieldSelection, Literal, Selection};
use super::model::{Field, Role, Source, Ty, World};
use super::resolve::{Found, Node, Resolver, Target, leaf_fits};

/// What executing a document gives.
#[derive(Debug)]
pub struct Execution {
    pub data: Value,
    pub errors: BTreeSet<String>,
    /// For each group: the stages in which it is asked; for each list: the places of the query where it is. How many rows
    /// there are does not matter.
    pub asked: BTreeSet<Asked>,
    /// Whether some selection selects nothing of an object: async-graphql's executor says null then, not `{}`.
    pub selects_nothing: bool,
}

/// What is asked of an owner, once for all rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// A group, in a stage.
    Group(usize, usize),
    /// A list, at a place of the query.
    List(usize, String),
}

/// A null on its way up: an error has been noted for it.
struct Nulled;

/// Executes a document; `Err` says why it is refused before execution.
pub fn execute(resolver: &Resolver<'_>, document: &Document) -> Result<Execution, String> {
    let operation = document.operation();
    let variables = coerce::variables(resolver.world, operation, &document.variables)?;
    let mut run =
        Run { resolver, document, variables, errors: BTreeSet::new(), asked: BTreeSet::new(), selects_nothing: false };
    let data = run.object(&Node::Root, 0, &[&operation.selections], &mut Path::default()).unwrap_or(Value::Null);
    Ok(Execution { data, errors: run.errors, asked: run.asked, selects_nothing: run.selects_nothing })
}

struct Run<'a> {
    resolver: &'a Resolver<'a>,
    document: &'a Document,
    variables: Map<String, Value>,
    errors: BTreeSet<String>,
    asked: BTreeSet<Asked>,
    selects_nothing: bool,
}

#[derive(Default)]
struct Path(Vec<String>, Vec<String>);

impl Path {
    fn text(&self) -> String {
        self.0.join("/")
    }

    /// Returns the path without the positions in lists, and the types it leads through: what is found by way of another
    /// type is found at a place of its own.
    fn place(&self) -> String {
        let names = self.0.iter().filter(|segment| !segment.starts_with(|c: char| c.is_ascii_digit()));
        let names: Vec<&str> = names.map(String::as_str).collect();
        format!("{} by {}", names.join("/"), self.1.join("/"))
    }
}

type Grouped<'d> = Vec<(String, Vec<&'d FieldSelection>)>;

impl<'a> Run<'a> {
    fn world(&self) -> &'a World {
        self.resolver.world
    }

    /// CollectFields: the fields by response key, in order of first appearance.
    fn collect(&self, object: &str, sets: &[&'a Vec<Selection>]) -> Grouped<'a> {
        let mut grouped: Grouped<'a> = Vec::new();
        let mut visited = HashSet::new();
        for set in sets {
            self.collect_into(object, set, &mut visited, &mut grouped);
        }
        grouped
    }

    fn collect_noting(&mut self, object: &str, sets: &[&'a Vec<Selection>]) -> Grouped<'a> {
        self.selects_nothing |= sets.iter().any(|set| self.collect(object, &[*set]).is_empty());
        self.collect(object, sets)
    }

    fn collect_into(
        &self,
        object: &str,
        selections: &'a [Selection],
        visited: &mut HashSet<&'a str>,
        grouped: &mut Grouped<'a>,
    ) {
        for selection in selections {
            match selection {
                Selection::Field(field) if self.is_included(&field.directives) => {
                    let key = field.response_key();
                    match grouped.iter_mut().find(|(known, _)| known == key) {
                        Some((_, fields)) => fields.push(field),
                        None => grouped.push((key.to_owned(), vec![field])),
                    }
                }
                Selection::Inline { on, directives, selections }
                    if self.is_included(directives) && on.as_ref().is_none_or(|on| self.applies(object, on)) =>
                {
                    self.collect_into(object, selections, visited, grouped);
                }
                Selection::Spread { name, directives } if self.is_included(directives) => {
                    if !visited.insert(name) {
                        continue;
                    }
                    let fragment = self.document.fragments.iter().find(|fragment| fragment.name == *name);
                    let fragment = fragment.expect("spreads name fragments");
                    if self.applies(object, &fragment.on) {
                        self.collect_into(object, &fragment.selections, visited, grouped);
                    }
                }
                _ => {}
            }
        }
    }

    fn is_included(&self, directives: &[Directive]) -> bool {
        directives.iter().all(|directive| {
            let condition = match &directive.condition {
                Literal::Variable(name) => self.variables[name] == json!(true),
                Literal::Plain(value) => *value == json!(true),
                other => unreachable!("{other} is no condition"),
            };
            condition != directive.skip
        })
    }

    fn applies(&self, object: &str, condition: &str) -> bool {
        self.world().possible_types(condition).contains(&object)
    }

    /// ExecuteCollectedFields.
    fn fields(
        &mut self,
        node: &Node,
        known: usize,
        grouped: &Grouped<'a>,
        path: &mut Path,
    ) -> Result<Map<String, Value>, Nulled> {
        let mut data = Map::new();
        let mut nulled = false;
        let type_name = node.type_name();
        path.1.push(type_name.clone());
        for (key, selections) in grouped {
            path.0.push(key.clone());
            if selections[0].name == "__typename" {
                data.insert(key.clone(), json!(type_name));
            } else if selections[0].name == "__type" {
                data.insert(key.clone(), self.introspect(&selections[0].arguments[0].1));
            } else {
                let field = self.world().field(&type_name, &selections[0].name);
                match self.field(node, known, field, selections, path) {
                    Ok(value) => {
                        data.insert(key.clone(), value);
                    }
                    Err(Nulled) => nulled = true,
                }
            }
            path.0.pop();
        }
        path.1.pop();
        if nulled { Err(Nulled) } else { Ok(data) }
    }

    /// Answers `__type(name:) { name kind }`, the one introspection the generator asks for. A schema
    /// contains the types that a query can meet, whatever else its author wrote down.
    fn introspect(&self, name: &Literal) -> Value {
        let Literal::Plain(Value::String(name)) = name else { unreachable!("the name is written out") };
        let world = self.world();
        let kind = match name {
            name if !world.met().contains(name) => return Value::Null,
            name if world.objects.contains_key(name) => "OBJECT",
            name if world.interfaces.contains_key(name) => "INTERFACE",
            name if world.enums.contains_key(name) => "ENUM",
            _ => return Value::Null,
        };
        json!({"name": name, "kind": kind})
    }

    /// ExecuteField: resolve, then complete.
    fn field(
        &mut self,
        node: &Node,
        known: usize,
        field: &Field,
        selections: &[&'a FieldSelection],
        path: &mut Path,
    ) -> Result<Value, Nulled> {
        let coerced = coerce::inputs(self.world(), &field.arguments, &selections[0].arguments, &self.variables);
        let found = match coerced {
            Ok(arguments) => self.resolver.resolve(node, field, &arguments),
            Err(_) => Found::Unknown,
        };
        let known = self.note_asked(node, known, field, path);
        let sets: Vec<&Vec<Selection>> = selections.iter().map(|selection| &selection.selections).collect();
        self.complete(&field.ty, found, known, &sets, path)
    }

    /// Notes what a field asks of owners. Returns after which stage the objects it leads to are known, where those of
    /// `node` are known after stage `known`.
    fn note_asked(&mut self, node: &Node, known: usize, field: &Field, path: &Path) -> usize {
        let mut known_after = known;
        let (world, ty) = (self.world(), node.type_name());
        let siblings = sibling_names(&field.source).into_iter().map(|name| world.field(&ty, name));
        for field in siblings.chain([field]) {
            if let Source::Group(group) = field.source {
                self.asked.insert(Asked::Group(group, known + 1));
                known_after = known + 1;
            }
        }
        if let Source::List { list, .. } = field.source {
            self.asked.insert(Asked::List(list, path.place()));
            known_after += 1;
        }
        known_after
    }

    fn error(&mut self, path: &Path) -> Nulled {
        self.errors.insert(path.text());
        Nulled
    }

    /// CompleteValue.
    fn complete(
        &mut self,
        ty: &Ty,
        found: Found,
        known: usize,
        sets: &[&'a Vec<Selection>],
        path: &mut Path,
    ) -> Result<Value, Nulled> {
        match ty {
            Ty::NonNull(inner) => match self.complete_nullable(inner, found, known, sets, path)? {
                Value::Null => Err(self.error(path)),
                value => Ok(value),
            },
            // A nullable place stops a null on its way up.
            _ => Ok(self.complete_nullable(ty, found, known, sets, path).unwrap_or(Value::Null)),
        }
    }

    fn complete_nullable(
        &mut self,
        ty: &Ty,
        found: Found,
        known: usize,
        sets: &[&'a Vec<Selection>],
        path: &mut Path,
    ) -> Result<Value, Nulled> {
        match found {
            Found::Unknown => Err(self.error(path)),
            Found::Raw(value) => self.raw(ty, value, known, sets, path),
            Found::Entity(None) | Found::Entities(None) => Ok(Value::Null),
            Found::Entity(Some(target)) => self.entity(target, known, sets, path),
            Found::Entities(Some(targets)) => {
                self.items(ty, targets.into_iter().map(Found::Entity).collect(), known, sets, path)
            }
            Found::Connection(page) => self.object(&Node::Connection(page), known, sets, path),
            Found::PageInfo(page) => self.object(&Node::PageInfo(page), known, sets, path),
            Found::Edges(page) => {
                let Ty::List(item) = ty else { unreachable!("edges are a list") };
                let mut items = Vec::new();
                let mut nulled = false;
                for at in 0..page.rows.len() {
                    path.0.push(at.to_string());
                    match self.object(&Node::Edge(Arc::clone(&page), at), known, sets, path) {
                        Ok(edge) => items.push(edge),
                        Err(Nulled) => {
                            nulled |= item.is_required();
                            items.push(Value::Null);
                        }
                    }
                    path.0.pop();
                }
                if nulled { Err(Nulled) } else { Ok(Value::Array(items)) }
            }
        }
    }

    fn items(
        &mut self,
        ty: &Ty,
        found: Vec<Found>,
        known: usize,
        sets: &[&'a Vec<Selection>],
        path: &mut Path,
    ) -> Result<Value, Nulled> {
        let Ty::List(item) = ty else { unreachable!("{ty} is no list") };
        let mut items = Vec::new();
        let mut nulled = false;
        for (at, found) in found.into_iter().enumerate() {
            path.0.push(at.to_string());
            match self.complete(item, found, known, sets, path) {
                Ok(value) => items.push(value),
                Err(Nulled) => nulled = true,
            }
            path.0.pop();
        }
        if nulled { Err(Nulled) } else { Ok(Value::Array(items)) }
    }

    /// Completes a value as the rows hold it.
    fn raw(
        &mut self,
        ty: &Ty,
        value: Value,
        known: usize,
        sets: &[&'a Vec<Selection>],
        path: &mut Path,
    ) -> Result<Value, Nulled> {
        if !self.world().is_composite(ty.name()) {
            // A leaf, or a list of leaves as a whole: one value that does not fit refuses the list.
            return if leaf_fits(self.world(), ty, &value) { Ok(value) } else { Err(self.error(path)) };
        }
        match (ty, value) {
            (_, Value::Null) => Ok(Value::Null),
            (Ty::List(_), Value::Array(items)) => {
                self.items(ty, items.into_iter().map(Found::Raw).collect(), known, sets, path)
            }
            (Ty::Named(name), Value::Object(members)) => {
                let possible = self.world().possible_types(name);
                let ty = match possible.as_slice() {
                    [only] => *only,
                    _ => match members.get("__typename").and_then(Value::as_str) {
                        Some(named) if possible.contains(&named) => named,
                        _ => return Err(self.error(path)),
                    },
                };
                let node = Node::Part { ty: ty.to_owned(), members: members.clone() };
                self.object(&node, known, sets, path)
            }
            _ => Err(self.error(path)),
        }
    }

    fn object(
        &mut self,
        node: &Node,
        known: usize,
        sets: &[&'a Vec<Selection>],
        path: &mut Path,
    ) -> Result<Value, Nulled> {
        let grouped = self.collect_noting(&node.type_name(), sets);
        self.fields(node, known, &grouped, path).map(Value::Object)
    }

    /// Completes an entity: whether it exists is its identity owner's word. Where that owner fails, another selected
    /// owner that has a row of it shows it; otherwise it cannot be known.
    fn entity(
        &mut self,
        target: Target,
        known: usize,
        sets: &[&'a Vec<Selection>],
        path: &mut Path,
    ) -> Result<Value, Nulled> {
        let world = self.world();
        let object = &world.objects[&target.ty];
        let Role::Entity { identity, .. } = &object.role else { unreachable!("targets are entities") };
        let grouped = self.collect_noting(&target.ty, sets);
        self.asked.insert(Asked::Group(*identity, known + 1));
        if world.groups[*identity].fails {
            let mut selected = BTreeSet::new();
            for (_, selections) in &grouped {
                if selections[0].name != "__typename" {
                    groups_of(world, &target.ty, world.field(&target.ty, &selections[0].name), &mut selected);
                }
            }
            let shows = |group: &usize| {
                let group = &world.groups[*group];
                !group.fails && group.rows.contains_key(&target.key)
            };
            if !selected.iter().any(shows) {
                self.unseen(Node::Entity(target), known, &grouped, path);
                return Err(self.error(path));
            }
        } else if !world.groups[*identity].rows.contains_key(&target.key) {
            self.unseen(Node::Entity(target), known, &grouped, path);
            return Ok(Value::Null);
        }
        self.fields(&Node::Entity(target), known, &grouped, path).map(Value::Object)
    }
}

impl<'a> Run<'a> {
    /// Walks the fields of an entity that is not there, for what is asked meanwhile: its key is enough to ask on, and
    /// waiting for its owner's word first would cost a stage.
    fn unseen(&mut self, node: Node, known: usize, grouped: &Grouped<'a>, path: &mut Path) {
        let errors = self.errors.clone();
        // Neither its data nor its errors are anybody's.
        let _ = self.fields(&node, known, grouped, path);
        self.errors = errors;
    }
}

fn sibling_names(source: &Source) -> Vec<&str> {
    use super::model::Feed;
    let feeds: Vec<&Feed> = match source {
        Source::Reference { key, type_name } => key.iter().map(|(_, feed)| feed).chain(type_name).collect(),
        Source::List { feeds, .. } => feeds.iter().map(|(_, feed)| feed).collect(),
        _ => vec![],
    };
    let siblings = feeds.into_iter().filter_map(|feed| match feed {
        Feed::Sibling(name) => Some(name.as_str()),
        _ => None,
    });
    siblings.collect()
}

/// Adds the groups that a field of an entity is read from, by itself or through the siblings that feed it.
fn groups_of(world: &World, ty: &str, field: &Field, groups: &mut BTreeSet<usize>) {
    if let Source::Group(group) = field.source {
        groups.insert(group);
    }
    for name in sibling_names(&field.source) {
        groups_of(world, ty, world.field(ty, name), groups);
    }
}
