//! The reference: async-graphql's own dynamic schema and executor over the same rows, for worlds where every owner
//! answers and every value fits.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_graphql::dynamic::{
    Enum, Field as DynamicField, FieldFuture, FieldValue, InputObject, InputValue, Interface, InterfaceField, Object,
    Scalar, Schema, TypeRef, Union,
};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{Request, ServerResult, Value as Graphql, Variables};
use serde_json::{Map, Value};

use super::coerce;
use super::document::Document;
use super::model::{Field, Input, Role, Ty, World};
use super::resolve::{Decode, Encode, Found, Node, Resolver, Target};

/// A schema whose resolvers read a world's rows.
pub struct Reference {
    schema: Schema,
    world: Arc<World>,
}

/// The paths of the list items that are null in one request: dynamic values cannot say null inside a list.
#[derive(Default)]
struct NullItems(Mutex<HashSet<String>>);

struct NullItemsExtension;

impl ExtensionFactory for NullItemsExtension {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(NullItemsExtension)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for NullItemsExtension {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Graphql>> {
        let is_null = {
            let nulls = ctx.data_unchecked::<Arc<NullItems>>().0.lock().expect("no resolver panics");
            nulls.contains(&info.path_node.to_string())
        };
        if is_null { Ok(None) } else { next.run(ctx, info).await }
    }
}

impl Reference {
    /// Builds the schema of a world.
    pub fn new(world: &Arc<World>, encode: Encode, decode: Decode) -> Self {
        let mut schema = Schema::build("Query", None, None).limit_recursive_depth(200).extension(NullItemsExtension);
        let met = world.met();
        for name in world.scalars.iter().filter(|name| met.contains(*name)) {
            schema = schema.register(Scalar::new(name));
        }
        for (name, words) in world.enums.iter().filter(|(name, _)| met.contains(*name)) {
            schema = schema.register(Enum::new(name).items(words));
        }
        for (name, input) in world.inputs.iter().filter(|(name, _)| met.contains(*name)) {
            let object = if input.one_of { InputObject::new(name).oneof() } else { InputObject::new(name) };
            schema = schema.register(input.fields.iter().fold(object, |object, field| object.field(argument(field))));
        }
        for (name, members) in world.unions.iter().filter(|(name, _)| met.contains(*name)) {
            schema =
                schema.register(members.iter().fold(Union::new(name), |union, member| union.possible_type(member)));
        }
        for (name, interface) in world.interfaces.iter().filter(|(name, _)| met.contains(*name)) {
            let mut registered = Interface::new(name);
            for field in &interface.fields {
                registered = registered.field(InterfaceField::new(&field.name, type_ref(&field.ty)));
            }
            schema = schema
                .register(interface.implements.iter().fold(registered, |interface, name| interface.implement(name)));
        }
        for (name, object) in world.objects.iter().filter(|(name, _)| met.contains(*name)) {
            let mut registered =
                object.implements.iter().fold(Object::new(name), |object, name| object.implement(name));
            for field in &object.fields {
                registered = registered.field(dynamic_field(world, field, encode, decode));
            }
            schema = schema.register(registered);
        }
        Self { schema: schema.finish().expect("the world's types make a schema"), world: Arc::clone(world) }
    }

    /// Executes a document; `Err` is what async-graphql says instead of data.
    pub async fn execute(&self, document: &Document) -> Result<Value, String> {
        let variables = coerce::variables(&self.world, document.operation(), &document.variables)?;
        let mut request = Request::new(document.to_string())
            .variables(Variables::from_json(Value::Object(variables)))
            .data(Arc::new(NullItems::default()));
        if let Some(name) = &document.operation_name {
            request = request.operation_name(name);
        }
        let response = self.schema.execute(request).await;
        if response.errors.is_empty() {
            response.data.into_json().map_err(|error| error.to_string())
        } else {
            Err(format!("{:?}", response.errors))
        }
    }
}

fn type_ref(ty: &Ty) -> TypeRef {
    match ty {
        Ty::Named(name) => TypeRef::named(name.clone()),
        Ty::List(item) => TypeRef::List(Box::new(type_ref(item))),
        Ty::NonNull(inner) => TypeRef::NonNull(Box::new(type_ref(inner))),
    }
}

fn argument(input: &Input) -> InputValue {
    let value = InputValue::new(&input.name, type_ref(&input.ty));
    match &input.default {
        Some(default) => value.default_value(Graphql::from_json(default.clone()).expect("JSON is a value")),
        None => value,
    }
}

fn dynamic_field(world: &Arc<World>, field: &Field, encode: Encode, decode: Decode) -> DynamicField {
    let (world, definition) = (Arc::clone(world), Arc::new(field.clone()));
    let dynamic = DynamicField::new(&field.name, type_ref(&field.ty), move |ctx| {
        let node = ctx.parent_value.downcast_ref::<Node>().cloned().unwrap_or(Node::Root);
        let given: Map<String, Value> = (ctx.args.iter())
            .map(|(name, value)| {
                let value = value.as_value().clone().into_json().expect("arguments are JSON");
                (name.as_str().to_owned(), value)
            })
            .collect();
        let mut arguments = Map::new();
        for input in &definition.arguments {
            if let Some(given) = given.get(&input.name) {
                let value = coerce::value(&world, given, &input.ty).expect("async-graphql has validated it");
                arguments.insert(input.name.clone(), value);
            }
        }
        let found = Resolver { world: &world, encode, decode }.resolve(&node, &definition, &arguments);
        let path = ctx.ctx.path_node.as_ref().map_or(String::new(), ToString::to_string);
        let nulls = ctx.ctx.data_unchecked::<Arc<NullItems>>();
        let mut giving = Giving { world: &world, nulls };
        FieldFuture::Value(giving.value(&definition.ty, found, &path))
    });
    field.arguments.iter().fold(dynamic, |dynamic, input| dynamic.argument(argument(input)))
}

/// Gives what was found in the form async-graphql takes.
struct Giving<'a> {
    world: &'a World,
    nulls: &'a NullItems,
}

impl Giving<'_> {
    fn value(&mut self, ty: &Ty, found: Found, path: &str) -> Option<FieldValue<'static>> {
        let is_abstract = !self.world.objects.contains_key(ty.name());
        let node = |node: Node| {
            let name = node.type_name();
            let value = FieldValue::owned_any(node);
            if is_abstract { value.with_type(name) } else { value }
        };
        match found {
            Found::Unknown => panic!("every owner of a clean world answers"),
            Found::Entity(target) => {
                target.filter(|target| self.exists(target)).map(|target| node(Node::Entity(target)))
            }
            Found::Entities(None) => None,
            Found::Entities(Some(targets)) => {
                let found = targets.into_iter().map(Found::Entity).collect();
                Some(self.items(ty, found, path))
            }
            Found::Connection(page) => Some(node(Node::Connection(page))),
            Found::PageInfo(page) => Some(node(Node::PageInfo(page))),
            Found::Edges(page) => Some(FieldValue::list(
                (0..page.rows.len()).map(|at| FieldValue::owned_any(Node::Edge(page.clone(), at))),
            )),
            Found::Raw(Value::Null) => None,
            Found::Raw(Value::Array(items)) if ty.is_list() => {
                Some(self.items(ty, items.into_iter().map(Found::Raw).collect(), path))
            }
            Found::Raw(Value::Object(members)) if self.world.is_composite(ty.name()) => {
                let named = members.get("__typename").and_then(Value::as_str).unwrap_or(ty.name()).to_owned();
                Some(node(Node::Part { ty: named, members }))
            }
            Found::Raw(value) => Some(FieldValue::value(Graphql::from_json(value).expect("JSON is a value"))),
        }
    }

    fn items(&mut self, ty: &Ty, found: Vec<Found>, path: &str) -> FieldValue<'static> {
        let Ty::List(item) = ty.nullable() else { unreachable!("{ty} is no list") };
        let mut values = Vec::new();
        for (at, found) in found.into_iter().enumerate() {
            let path = format!("{path}.{at}");
            let value = self.value(item, found, &path);
            if value.is_none() {
                self.nulls.0.lock().expect("no resolver panics").insert(path);
            }
            values.push(value.unwrap_or(FieldValue::NULL));
        }
        FieldValue::list(values)
    }

    fn exists(&self, target: &Target) -> bool {
        match &self.world.objects[&target.ty].role {
            Role::Entity { identity, .. } => self.world.groups[*identity].rows.contains_key(&target.key),
            _ => false,
        }
    }
}
