//! A world as the compiled contract, made without the loader: what the program runs on, number by number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use freehold::contract as graph;
use freehold::value::{
    Adaptations, DomainId, EnumWords, GroupId, Input as GraphInput, Leaf, ListId, Nesting, Scalar, Shape, ShapeId, Slot, SlotKind,
    SystemId, TypeId, Variant,
};
use serde_json::Value;

use super::model::{Feed, Field, Input, Object, Role, Source, Ty, World};

const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// Compiles a world.
pub fn contract(world: &World) -> graph::Contract {
    let names: Vec<&str> = (BUILT_IN.into_iter())
        .chain(world.scalars.iter().map(String::as_str))
        .chain(world.enums.keys().map(String::as_str))
        .chain(world.inputs.keys().map(String::as_str))
        .chain(world.composite_types())
        .collect();
    let type_names: BTreeMap<String, TypeId> =
        names.iter().enumerate().map(|(n, name)| ((*name).to_owned(), TypeId::from(n))).collect();
    let parts: Vec<&str> =
        world.objects.iter().filter(|(_, object)| object.role == Role::Part).map(|(name, _)| name.as_str()).collect();
    let compiling = Compiling { world, type_names: &type_names, parts };
    let types = names.iter().map(|name| compiling.ty(name)).collect();
    let systems = world.systems.iter().map(|name| graph::System {
        name: name.clone(),
        kind: graph::SystemKind::Sqlite { url: graph::Secret::new("nowhere.db".into()) },
        timeout: Duration::from_secs(5),
        connections_max: 8,
        keys_per_fetch: 1000,
    });
    let mut shapes: Vec<Shape> = compiling.parts.iter().map(|part| compiling.shape(part, &Source::Member)).collect();
    let mut groups = Vec::new();
    for (number, group) in world.groups.iter().enumerate() {
        shapes.push(compiling.shape(&group.entity, &Source::Group(number)));
        groups.push(graph::Group {
            name: group.name.clone(),
            system: compiling.system(&group.system),
            entity: type_names[&group.entity],
            shape: ShapeId::from(shapes.len() - 1),
            key_columns: compiling.key(&group.entity).to_vec(),
            domain: DomainId(0),
            binding: graph::GroupBinding { query: String::new(), parts: vec![], adaptations: Adaptations::default() },
        });
    }
    let lists = world.lists.iter().map(|list| graph::List {
        name: list.name.clone(),
        system: compiling.system(&list.system),
        of: type_names[&list.of],
        key_columns: compiling.key(world.possible_types(&list.of)[0]).to_vec(),
        parameters: list.parameters.iter().map(|parameter| parameter.name.clone()).collect(),
        query: String::new(),
        order: (list.order.iter())
            .map(|(column, descending)| graph::OrderColumn { column: column.clone(), descending: *descending })
            .collect(),
        page_rows_max: list.page_rows_max as u32,
        page_rows_default: list.page_rows_default as u32,
        count_max: 10_000,
        domain: DomainId(0),
        adaptations: Adaptations::default(),
    });
    let domain = graph::Domain {
        name: "basic".into(),
        max_age: Duration::from_secs(60),
        refresh_after: Duration::from_secs(20),
        on_outage: graph::OnOutage::Refuse,
        absent: Duration::from_secs(5),
    };
    graph::Contract {
        version: "a world".into(),
        types,
        query: type_names["Query"],
        systems: systems.collect(),
        domains: vec![domain],
        groups,
        lists: lists.collect(),
        shapes,
        description: None,
        marks_protected_data: false,
        type_names: type_names.clone(),
    }
}

struct Compiling<'w> {
    world: &'w World,
    type_names: &'w BTreeMap<String, TypeId>,
    parts: Vec<&'w str>,
}

impl Compiling<'_> {
    fn system(&self, name: &str) -> SystemId {
        SystemId::from(self.world.systems.iter().position(|system| system == name).expect("groups name systems"))
    }

    fn key(&self, entity: &str) -> &[String] {
        match &self.world.objects[entity].role {
            Role::Entity { key, .. } => key,
            _ => unreachable!("{entity} is an entity"),
        }
    }

    fn leaf(&self, name: &str) -> Leaf {
        match self.world.enums.get(name) {
            Some(words) => Leaf::Enum(Arc::new(EnumWords { name: name.to_owned(), words: words.clone() })),
            None => Leaf::Scalar(Scalar::named(name)),
        }
    }

    fn shape(&self, ty: &str, source: &Source) -> Shape {
        let slot = |field: &Field| {
            let kind = if self.world.is_composite(field.ty.name()) {
                let possible = self.world.possible_types(field.ty.name());
                let variants = possible.into_iter().map(|name| {
                    let shape = self.parts.iter().position(|part| *part == name).expect("parts have shapes");
                    Variant { type_name: name.to_owned(), shape: ShapeId::from(shape) }
                });
                SlotKind::Part(variants.collect())
            } else {
                SlotKind::Leaf(self.leaf(field.ty.name()))
            };
            Slot { name: field.name.clone(), kind, nesting: nesting(&field.ty) }
        };
        let fields = &self.world.objects[ty].fields;
        Shape { name: ty.to_owned(), slots: fields.iter().filter(|field| field.source == *source).map(slot).collect() }
    }

    fn ty(&self, name: &str) -> graph::Type {
        let world = self.world;
        let ids = |names: &[String]| names.iter().map(|name| self.type_names[name]).collect::<Vec<_>>();
        let kind = if let Some(words) = world.enums.get(name) {
            let value = |word: &String| graph::EnumValue { name: word.clone(), description: None, deprecation: None };
            graph::TypeKind::Enum { leaf: self.leaf(name), values: words.iter().map(value).collect() }
        } else if let Some(input) = world.inputs.get(name) {
            let fields = input.fields.iter().map(|field| self.argument(field)).collect();
            graph::TypeKind::Input { fields, one_of: input.one_of }
        } else if let Some(object) = world.objects.get(name) {
            let fields = object.fields.iter().map(|field| self.field(object, field)).collect();
            graph::TypeKind::Object(graph::Object { role: self.role(name, object), fields, implements: ids(&object.implements) })
        } else if let Some(interface) = world.interfaces.get(name) {
            let none = Object { role: Role::Part, implements: vec![], fields: vec![] };
            graph::TypeKind::Interface {
                fields: interface.fields.iter().map(|field| self.field(&none, field)).collect(),
                implements: ids(&interface.implements),
                possible: world.possible_types(name).into_iter().map(|name| self.type_names[name]).collect(),
            }
        } else if let Some(members) = world.unions.get(name) {
            graph::TypeKind::Union { possible: ids(members) }
        } else {
            graph::TypeKind::Scalar { scalar: Scalar::named(name), specified_by: None }
        };
        graph::Type { name: name.to_owned(), description: None, kind }
    }

    fn role(&self, name: &str, object: &Object) -> graph::Role {
        match &object.role {
            Role::Root => graph::Role::Root,
            Role::Paging => graph::Role::Paging,
            Role::Part => {
                let shape = self.parts.iter().position(|part| *part == name).expect("parts have shapes");
                graph::Role::Part { shape: ShapeId::from(shape) }
            }
            Role::Entity { key, identity } => {
                let position = |name: &String| position(object, name);
                let key = key.iter().map(position).collect();
                graph::Role::Entity(graph::Entity { key, identity: GroupId::from(*identity), scope: None, handover: None })
            }
        }
    }

    fn argument(&self, input: &Input) -> graph::Argument {
        graph::Argument {
            name: input.name.clone(),
            description: None,
            deprecation: None,
            ty: self.type_ref(&input.ty),
            default: input.default.as_ref().map(|value| self.input(value, &input.ty)),
        }
    }

    fn input(&self, value: &Value, ty: &Ty) -> GraphInput {
        match (ty.nullable(), value) {
            (Ty::List(item), Value::Array(items)) => {
                GraphInput::List(items.iter().map(|value| self.input(value, item)).collect())
            }
            (Ty::Named(name), Value::String(word)) if self.world.enums.contains_key(name) => GraphInput::Enum(word.as_str().into()),
            (Ty::Named(name), Value::Object(members)) if self.world.inputs.contains_key(name) => {
                let fields = &self.world.inputs[name].fields;
                let members = members.iter().map(|(name, value)| {
                    let field = fields.iter().find(|field| field.name == *name).expect("members are fields");
                    (name.as_str().into(), self.input(value, &field.ty))
                });
                GraphInput::Object(members.collect())
            }
            (_, value) => GraphInput::from_json(value),
        }
    }

    fn type_ref(&self, ty: &Ty) -> graph::TypeRef {
        match ty {
            Ty::NonNull(inner) => graph::TypeRef { non_null: true, ..self.type_ref(inner) },
            Ty::List(item) => {
                graph::TypeRef { of: graph::TypeRefKind::List(Box::new(self.type_ref(item))), non_null: false }
            }
            Ty::Named(name) => graph::TypeRef { of: graph::TypeRefKind::Named(self.type_names[name]), non_null: false },
        }
    }

    fn field(&self, object: &Object, field: &Field) -> graph::Field {
        let world = self.world;
        let feed = |feed: &Feed| match feed {
            Feed::Sibling(name) => graph::Feed::Field(position(object, name)),
            Feed::Argument(path) => graph::Feed::Argument(path.clone()),
            Feed::Constant(text) => graph::Feed::Constant(text.clone()),
        };
        let slot = |source: &Source| {
            let slots = object.fields.iter().filter(|sibling| sibling.source == *source);
            slots.map(|sibling| &sibling.name).position(|name| *name == field.name).expect("the field is there")
        };
        let answer = match &field.source {
            Source::Key(position) => graph::Answer::Key(*position),
            source @ Source::Group(group) => graph::Answer::Slot { group: GroupId::from(*group), slot: slot(source) },
            source @ Source::Member => graph::Answer::Part { slot: slot(source) },
            Source::Reference { key, type_name } => graph::Answer::Reference(graph::Reference {
                key: key.iter().map(|(_, source)| feed(source)).collect(),
                type_name: type_name.as_ref().map(feed),
            }),
            Source::List { list, feeds, connection } => {
                let of = |name: &String| feeds.iter().find(|(parameter, _)| parameter == name).map(|(_, source)| feed(source));
                let arguments = world.lists[*list].parameters.iter().map(|parameter| of(&parameter.name)).collect();
                graph::Answer::List(graph::ListUse { list: ListId::from(*list), arguments, connection: *connection })
            }
            Source::Paging => graph::Answer::Paging(match field.name.as_str() {
                "edges" => graph::PagingField::Edges,
                "nodes" => graph::PagingField::Nodes,
                "pageInfo" => graph::PagingField::PageInfo,
                "totalCount" => graph::PagingField::TotalCount,
                "node" => graph::PagingField::Node,
                "cursor" => graph::PagingField::Cursor,
                "hasNextPage" => graph::PagingField::HasNextPage,
                "hasPreviousPage" => graph::PagingField::HasPreviousPage,
                "startCursor" => graph::PagingField::StartCursor,
                _ => graph::PagingField::EndCursor,
            }),
            Source::Abstract => graph::Answer::Abstract,
        };
        graph::Field {
            name: field.name.clone(),
            description: None,
            deprecation: None,
            arguments: field.arguments.iter().map(|argument| self.argument(argument)).collect(),
            ty: self.type_ref(&field.ty),
            answer,
            owner: None,
            domain: Some(DomainId(0)),
            internal: false,
            visible_to: vec![],
            copies: vec![],
        }
    }
}

fn position(object: &Object, name: &str) -> usize {
    object.fields.iter().position(|field| field.name == name).expect("feeds and keys name fields")
}

fn nesting(ty: &Ty) -> Nesting {
    let mut items_non_null = Vec::new();
    let mut inner = ty.nullable();
    while let Ty::List(item) = inner {
        items_non_null.push(item.is_required());
        inner = item.nullable();
    }
    Nesting { non_null: ty.is_required(), items_non_null }
}
