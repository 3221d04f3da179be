//! The public schema: the compiled contract as an async-graphql schema.
//!
//! In: a contract and an audience. Out: a schema that parses, validates, introspects and prints SDL, all of the types that a query can meet. It never resolves data: every
//! resolver it has answers null, and none is ever called for a field of the contract.

use async_graphql::{
    Name, Number, Positioned, Value,
    dynamic::{
        Enum, EnumItem, Field as SchemaField, FieldFuture, InputObject, InputValue, Interface, InterfaceField, Object,
        Scalar, Schema, SchemaBuilder, SchemaError, Type as SchemaType, TypeRef as SchemaTypeRef, Union,
    },
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery},
    parser::types::{DocumentOperations, ExecutableDocument, InlineFragment, Selection, SelectionSet},
};
use async_graphql_value::Value as ParsedValue;
use std::sync::{Arc, Mutex};

use super::{
    model::{Argument, Contract, Field, TypeKind, TypeRef, TypeRefKind},
    reach::reachable,
};
use crate::value::{AudienceId, Input, TypeId};

/// The schema a caller sees.
#[derive(Clone)]
pub struct PublicSchema {
    validating: Schema,
    introspecting: Schema,
}

/// Receives the document of a request that was only parsed and validated.
#[derive(Clone, Default)]
pub struct KeptDocument(Arc<Mutex<Option<ExecutableDocument>>>);

impl PublicSchema {
    /// Builds the schema that an audience has of a contract; none: the whole graph.
    ///
    /// *Errors*: async-graphql refuses the types; a loaded contract has none that it would refuse.
    pub fn new(contract: &Contract, audience: Option<AudienceId>) -> Result<Self, SchemaError> {
        let shown = Shown { contract, audience };
        let validating = shown.builder().extension(KeepDocument).finish()?;
        // The document of an introspection is a part of one that has been validated whole: variables that only the other
        // part uses are no mistake.
        let introspecting = shown.builder().validation_mode(async_graphql::ValidationMode::Fast).finish()?;
        Ok(Self { validating, introspecting })
    }

    /// Returns the schema in the schema definition language.
    pub fn sdl(&self) -> String {
        let options = async_graphql::SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions();
        self.validating.sdl_with_options(options)
    }

    /// Returns the schema that validates, and keeps the document of a request that carries a [`KeptDocument`].
    pub fn validating(&self) -> &Schema {
        &self.validating
    }

    /// Returns the schema that answers introspection.
    pub fn introspecting(&self) -> &Schema {
        &self.introspecting
    }
}

impl KeptDocument {
    /// Takes the document, if the request was valid.
    pub fn take(&self) -> Option<ExecutableDocument> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

/// Keeps what was parsed and ends the request before execution.
struct KeepDocument;

impl ExtensionFactory for KeepDocument {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for KeepDocument {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &async_graphql::Variables,
        next: NextParseQuery<'_>,
    ) -> async_graphql::ServerResult<ExecutableDocument> {
        let mut document = next.run(ctx, query, variables).await?;
        match &mut document.operations {
            DocumentOperations::Single(operation) => wrap_type_names(&mut operation.node.selection_set.node),
            DocumentOperations::Multiple(operations) => {
                operations.values_mut().for_each(|operation| wrap_type_names(&mut operation.node.selection_set.node));
            }
        }
        document.fragments.values_mut().for_each(|fragment| wrap_type_names(&mut fragment.node.selection_set.node));
        if let Some(kept) = ctx.query_data.and_then(|data| data.get(&std::any::TypeId::of::<KeptDocument>())) {
            let kept: Option<&KeptDocument> = kept.downcast_ref();
            if let Some(KeptDocument(slot)) = kept {
                *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(document.clone());
            }
        }
        Ok(document)
    }

    async fn execute(
        &self,
        _ctx: &ExtensionContext<'_>,
        _operation_name: Option<&str>,
        _next: NextExecute<'_>,
    ) -> async_graphql::Response {
        async_graphql::Response::new(Value::Null)
    }
}

/// Puts every `__typename` that has directives into a fragment with those directives, which means the same.
///
/// async-graphql's validation passes `__typename` over: it would call a variable that is used there alone unused, and let
/// one pass that is not defined.
fn wrap_type_names(set: &mut SelectionSet) {
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) if field.node.name.node == "__typename" => {
                let directives = std::mem::take(&mut field.node.directives);
                if !directives.is_empty() {
                    let pos = item.pos;
                    let selection_set = Positioned::new(SelectionSet { items: vec![item.clone()] }, pos);
                    let fragment = InlineFragment { type_condition: None, directives, selection_set };
                    item.node = Selection::InlineFragment(Positioned::new(fragment, pos));
                }
            }
            Selection::Field(field) => wrap_type_names(&mut field.node.selection_set.node),
            Selection::InlineFragment(fragment) => wrap_type_names(&mut fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// What an audience has of a contract.
#[derive(Clone, Copy)]
struct Shown<'c> {
    contract: &'c Contract,
    audience: Option<AudienceId>,
}

impl<'c> Shown<'c> {
    fn builder(&self) -> SchemaBuilder {
        let Self { contract, audience } = *self;
        let mut builder = Schema::build(&contract.ty(contract.query).name, None, None).limit_recursive_depth(64);
        for (id, ty) in reachable(contract, audience).iter().map(|id| (id, contract.ty(*id))) {
            let described = ty.description.as_deref();
            let public: SchemaType = match &ty.kind {
                TypeKind::Scalar { specified_by, .. } => {
                    if matches!(ty.name.as_str(), "Int" | "Float" | "String" | "Boolean" | "ID") {
                        continue;
                    }
                    let mut scalar = Scalar::new(&ty.name);
                    if let Some(text) = described {
                        scalar = scalar.description(text);
                    }
                    if let Some(url) = specified_by {
                        scalar = scalar.specified_by_url(url);
                    }
                    scalar.into()
                }
                TypeKind::Enum { values, .. } => {
                    let mut public = Enum::new(&ty.name);
                    if let Some(text) = described {
                        public = public.description(text);
                    }
                    for value in values {
                        let mut item = EnumItem::new(&value.name);
                        if let Some(text) = &value.description {
                            item = item.description(text);
                        }
                        if let Some(reason) = &value.deprecation {
                            item = item.deprecation(Some(reason));
                        }
                        public = public.item(item);
                    }
                    public.into()
                }
                TypeKind::Input { fields, one_of } => {
                    let mut public = InputObject::new(&ty.name);
                    if let Some(text) = described {
                        public = public.description(text);
                    }
                    for field in fields {
                        public = public.field(self.input_value(field));
                    }
                    if *one_of { public.oneof().into() } else { public.into() }
                }
                TypeKind::Object(_) if !contract.has(*id, audience) => continue,
                TypeKind::Object(object) => {
                    let mut public = Object::new(&ty.name);
                    if let Some(text) = described {
                        public = public.description(text);
                    }
                    for id in &object.implements {
                        public = public.implement(&contract.ty(*id).name);
                    }
                    for field in object.fields.iter().filter(|field| field.is_shown_to(audience)) {
                        public = public.field(self.object_field(&object.implements, field));
                    }
                    public.into()
                }
                TypeKind::Interface { fields, implements, .. } => {
                    let mut public = Interface::new(&ty.name);
                    if let Some(text) = described {
                        public = public.description(text);
                    }
                    for id in implements {
                        public = public.implement(&contract.ty(*id).name);
                    }
                    for field in fields.iter().filter(|field| field.is_shown_to(audience)) {
                        public = public.field(self.interface_field(implements, field));
                    }
                    public.into()
                }
                TypeKind::Union { possible } => {
                    let mut public = Union::new(&ty.name);
                    if let Some(text) = described {
                        public = public.description(text);
                    }
                    for id in possible.iter().filter(|id| contract.has(**id, audience)) {
                        public = public.possible_type(&contract.ty(*id).name);
                    }
                    public.into()
                }
            };
            builder = builder.register(public);
        }
        builder
    }

    fn object_field(&self, implements: &[TypeId], field: &'c Field) -> SchemaField {
        let mut public =
            SchemaField::new(&field.name, self.type_ref(shown_type(self.contract, implements, field)), |_| {
                FieldFuture::from_value(None)
            });
        if let Some(text) = &field.description {
            public = public.description(text);
        }
        if let Some(reason) = &field.deprecation {
            public = public.deprecation(Some(reason));
        }
        for argument in field.arguments.iter().filter(|argument| argument.visible_to.includes(self.audience)) {
            public = public.argument(self.input_value(argument));
        }
        public
    }

    fn interface_field(&self, implements: &[TypeId], field: &'c Field) -> InterfaceField {
        let mut public = InterfaceField::new(&field.name, self.type_ref(shown_type(self.contract, implements, field)));
        if let Some(text) = &field.description {
            public = public.description(text);
        }
        if let Some(reason) = &field.deprecation {
            public = public.deprecation(Some(reason));
        }
        for argument in field.arguments.iter().filter(|argument| argument.visible_to.includes(self.audience)) {
            public = public.argument(self.input_value(argument));
        }
        public
    }

    fn input_value(&self, argument: &Argument) -> InputValue {
        let mut public = InputValue::new(&argument.name, self.type_ref(&argument.ty));
        if let Some(text) = &argument.description {
            public = public.description(text);
        }
        if let Some(reason) = &argument.deprecation {
            public = public.deprecation(Some(reason));
        }
        if let Some(default) = &argument.default {
            public = public.default_value(graphql_value(default));
        }
        public
    }

    fn type_ref(&self, ty: &TypeRef) -> SchemaTypeRef {
        let inner = match &ty.of {
            TypeRefKind::Named(id) => SchemaTypeRef::Named(self.contract.ty(*id).name.clone().into()),
            TypeRefKind::List(item) => SchemaTypeRef::List(Box::new(self.type_ref(item))),
        };
        if ty.non_null { SchemaTypeRef::NonNull(Box::new(inner)) } else { inner }
    }
}

/// Returns the type a field is shown with: its own, or that of an interface's field where that is wider.
///
/// async-graphql takes an implementing field's type only where it is no narrower than the interface's, the other way round
/// than the specification. The wider type is true as well, and answers do not depend on it.
pub(super) fn shown_type<'c>(contract: &'c Contract, implements: &[TypeId], field: &'c Field) -> &'c TypeRef {
    let mut shown = &field.ty;
    for id in implements {
        let TypeKind::Interface { fields, .. } = &contract.ty(*id).kind else { continue };
        let Some(promised) = fields.iter().find(|promised| promised.name == field.name) else { continue };
        if is_narrower(contract, shown, &promised.ty) {
            shown = &promised.ty;
        }
    }
    shown
}

/// Whether every value of one type is one of the other.
fn is_narrower(contract: &Contract, narrow: &TypeRef, wide: &TypeRef) -> bool {
    (narrow.non_null || !wide.non_null)
        && match (&narrow.of, &wide.of) {
            (TypeRefKind::List(narrow), TypeRefKind::List(wide)) => is_narrower(contract, narrow, wide),
            (TypeRefKind::Named(narrow), TypeRefKind::Named(wide)) => {
                narrow == wide || contract.possible_types(*wide).contains(narrow)
            }
            _ => false,
        }
}

/// Writes an input value as async-graphql holds it.
fn graphql_value(input: &Input) -> Value {
    match input {
        Input::Null | Input::Variable(_) => Value::Null,
        Input::Boolean(value) => Value::Boolean(*value),
        Input::Number(text) => match text.parse::<Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(text.to_string()),
        },
        Input::String(text) => Value::String(text.to_string()),
        Input::Enum(text) => Value::Enum(Name::new(text)),
        Input::List(items) => Value::List(items.iter().map(graphql_value).collect()),
        Input::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (Name::new(name), graphql_value(value))).collect())
        }
    }
}

/// Reads a value as async-graphql's parser holds it.
pub fn input_of(value: &ParsedValue) -> Input {
    match value {
        ParsedValue::Null | ParsedValue::Binary(_) => Input::Null,
        ParsedValue::Variable(name) => Input::Variable(name.as_str().into()),
        ParsedValue::Number(number) => Input::Number(number.to_string().into()),
        ParsedValue::String(text) => Input::String(text.as_str().into()),
        ParsedValue::Boolean(value) => Input::Boolean(*value),
        ParsedValue::Enum(name) => Input::Enum(name.as_str().into()),
        ParsedValue::List(items) => Input::List(items.iter().map(input_of).collect()),
        ParsedValue::Object(fields) => {
            Input::Object(fields.iter().map(|(name, value)| (name.as_str().into(), input_of(value))).collect())
        }
    }
}
