//! Parsing: a document becomes one operation, after async-graphql has validated it.
//!
//! In: the public schema and a document that has been counted. Out: the operation asked for, or why there is none. Validation
//! never depends on variables, so a valid document is valid for every caller.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
        OperationType, Selection as ParsedSelection, SelectionSet, Type,
    },
};
use async_graphql_value::Value;
use futures_util::FutureExt;

use super::{
    document::Document,
    operation::{Given, Guard, Operation, Position, SelectedField, Selection, VariableDefinition, WrittenType},
};
use crate::contract::{KeptDocument, PublicSchema, input_of};

/// How many selections one operation may have once its fragments are in place. A real page has hundreds; fragments that
/// multiply each other pass any bound quickly.
pub(super) const SELECTIONS_MAX: u64 = 20_000;

/// Why a document is no operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of mistake it is.
    pub kind: RefusalKind,
    /// Every mistake found, at least one.
    pub mistakes: Vec<Mistake>,
}

/// The kinds of mistake a request can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The document does not parse.
    Syntax,
    /// The document does not fit the schema.
    Validation,
    /// There is no operation of that name, or its name is missing.
    Operation,
    /// The operation is not a query.
    NotAQuery,
    /// The variables do not fit the operation.
    Variables,
    /// The request is over a limit.
    TooLarge,
    /// No document is registered by the name it is called by.
    DocumentUnknown,
    /// Its audience runs registered documents alone.
    DocumentRequired,
    /// Nobody has sent a document of this hash, or not lately.
    PersistedQueryNotFound,
    /// The document is not that of the hash it comes with.
    PersistedQueryMismatch,
    /// The plan costs more than it may.
    TooCostly,
    /// The schema is asked for, and is not shown.
    Introspection,
}

/// One mistake in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub positions: Vec<Position>,
}

impl Refusal {
    /// Refuses for one mistake.
    pub fn new(kind: RefusalKind, message: impl Into<String>, positions: Vec<Position>) -> Self {
        Self { kind, mistakes: vec![Mistake { message: message.into(), positions }] }
    }
}

/// Validates a document and picks its operation.
pub fn parse(schema: &PublicSchema, document: &Document, operation_name: Option<&str>) -> Result<Operation, Refusal> {
    let document = validated(schema, document)?;
    let (name, operation) = pick(&document, operation_name)?;
    if operation.node.ty != OperationType::Query {
        let message = format!("Freehold only reads: a {} is not served", operation.node.ty);
        return Err(Refusal::new(RefusalKind::NotAQuery, message, vec![position(operation.pos)]));
    }
    let mut inlining = Inlining { fragments: &document.fragments, n_selections: 0 };
    let selections = inlining.selections(&operation.node.selection_set.node)?;
    Ok(Operation {
        name,
        variables: operation
            .node
            .variable_definitions
            .iter()
            .map(|variable| variable_definition(&variable.node, variable.pos))
            .collect(),
        introspects: introspects(&selections),
        selections,
    })
}

/// Answers `__schema` and `__type` of an operation that has been planned through async-graphql.
///
/// *Shape*: what they say, by response key.
/// *Errors*: what async-graphql refuses.
pub async fn introspect(
    schema: &PublicSchema,
    query: &str,
    operation_name: Option<&str>,
    variables: &serde_json::Map<String, serde_json::Value>,
) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
    let refuse = |message: String| Refusal::new(RefusalKind::Validation, message, Vec::new());
    let mut document = async_graphql::parser::parse_query(query).map_err(|error| refuse(error.to_string()))?;
    let fragments = std::mem::take(&mut document.fragments);
    let (_, operation) = pick(&document, operation_name)?;
    let mut operation = operation.clone();
    keep_introspection(&mut operation.node.selection_set.node, &fragments);
    let document_variables = operation.node.variable_definitions.clone();
    document.operations = DocumentOperations::Single(operation);
    document.fragments = fragments;
    // async-graphql's `@skip` and `@include` do not see a variable's default.
    let mut variables = variables.clone();
    for variable in &document_variables {
        if let Some(default) = variable.node.default_value.as_ref().and_then(|it| it.node.clone().into_json().ok()) {
            variables.entry(variable.node.name.node.as_str()).or_insert(default);
        }
    }
    let variables = async_graphql::Variables::from_json(serde_json::Value::from(variables));
    let mut request = async_graphql::Request::new(String::new()).variables(variables);
    request.set_parsed_query(document);
    let response = schema.introspecting().execute(request).await;
    if let Some(error) = response.errors.into_iter().next() {
        return Err(refuse(error.message));
    }
    match response.data.into_json() {
        Ok(serde_json::Value::Object(members)) => Ok(members),
        _ => Err(refuse("the introspection has no answer".to_owned())),
    }
}

fn validated(schema: &PublicSchema, document: &Document) -> Result<ExecutableDocument, Refusal> {
    let kept = KeptDocument::default();
    let mut request = async_graphql::Request::new(String::new()).data(kept.clone());
    request.set_parsed_query(document.parsed().clone());
    let response = schema.validating().execute(request).now_or_never().expect("parsing and validating never wait");
    let document = kept.take();
    // Without one its fragments go deeper than anybody follows them.
    let kind = if document.is_some() { RefusalKind::Validation } else { RefusalKind::TooLarge };
    // A document of several operations is valid; which of them is meant is asked later.
    let mistakes: Vec<Mistake> = (response.errors.into_iter())
        .filter(|error| error.message != "Operation name required in request.")
        .map(|error| Mistake {
            message: error.message,
            positions: error.locations.iter().map(|at| Position { line: at.line, column: at.column }).collect(),
        })
        .collect();
    match document {
        Some(document) if mistakes.is_empty() => Ok(document),
        _ if mistakes.is_empty() => Err(Refusal::new(kind, "the document cannot be read", Vec::new())),
        _ => Err(Refusal { kind, mistakes }),
    }
}

fn pick<'d>(
    document: &'d ExecutableDocument,
    wanted: Option<&str>,
) -> Result<(Option<String>, &'d Positioned<OperationDefinition>), Refusal> {
    let refuse = |message: String| Refusal::new(RefusalKind::Operation, message, Vec::new());
    let found = match (&document.operations, wanted) {
        (DocumentOperations::Single(operation), None) => Some((None, operation)),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(wanted)) => {
            operations.iter().find(|(name, _)| name.as_str() == wanted).map(|(name, op)| (Some(name.to_string()), op))
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.iter();
            match (all.next(), all.next()) {
                (Some((name, operation)), None) => Some((Some(name.to_string()), operation)),
                _ => {
                    return Err(refuse(
                        "the document has several operations: say which one to run in operationName".to_owned(),
                    ));
                }
            }
        }
    };
    found.ok_or_else(|| refuse(format!("the document has no operation named \"{}\"", wanted.unwrap_or_default())))
}

struct Inlining<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    n_selections: u64,
}

impl Inlining<'_> {
    fn selections(&mut self, set: &SelectionSet) -> Result<Vec<Selection>, Refusal> {
        let mut selections = Vec::with_capacity(set.items.len());
        for item in &set.items {
            self.n_selections += 1;
            if self.n_selections > SELECTIONS_MAX {
                let message = format!("the operation selects more than {SELECTIONS_MAX} fields");
                return Err(Refusal::new(RefusalKind::TooLarge, message, vec![position(item.pos)]));
            }
            let Some(guard) = guard(item.node.directives()) else { continue };
            selections.push(match &item.node {
                ParsedSelection::Field(field) => self.field(field, guard)?,
                ParsedSelection::FragmentSpread(spread) => {
                    // Validation has refused unknown fragments and cycles.
                    let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) else { continue };
                    Selection::Fragment {
                        type_condition: Some(fragment.node.type_condition.node.on.node.to_string()),
                        guard,
                        selections: self.selections(&fragment.node.selection_set.node)?,
                    }
                }
                ParsedSelection::InlineFragment(fragment) => Selection::Fragment {
                    type_condition: fragment.node.type_condition.as_ref().map(|on| on.node.on.node.to_string()),
                    guard,
                    selections: self.selections(&fragment.node.selection_set.node)?,
                },
            });
        }
        Ok(selections)
    }

    fn field(&mut self, field: &Positioned<Field>, guard: Guard) -> Result<Selection, Refusal> {
        let node = &field.node;
        Ok(Selection::Field(SelectedField {
            response_key: node.response_key().node.as_str().into(),
            name: node.name.node.as_str().into(),
            arguments: node
                .arguments
                .iter()
                .map(|(name, value)| (name.node.as_str().into(), input_of(&value.node)))
                .collect(),
            guard,
            selections: self.selections(&node.selection_set.node)?,
            position: position(field.pos),
        }))
    }
}

/// Reads `@skip` and `@include`; `None` when the selection is left out whatever the variables are.
fn guard(directives: &[Positioned<Directive>]) -> Option<Guard> {
    let mut guard = Guard::default();
    for directive in directives {
        let included_when = match directive.node.name.node.as_str() {
            "include" => true,
            "skip" => false,
            _ => continue,
        };
        match directive.node.get_argument("if").map(|value| &value.node) {
            Some(Value::Boolean(value)) if *value != included_when => return None,
            Some(Value::Variable(name)) => {
                guard = guard.and(&Guard(vec![(Given::Variable(name.as_str().into()), included_when)]))
            }
            _ => {}
        }
    }
    // `@include(if: $a) @skip(if: $a)` can never be included.
    let impossible = guard.0.windows(2).any(|pair| pair[0].0 == pair[1].0);
    (!impossible).then_some(guard)
}

fn variable_definition(
    variable: &async_graphql::parser::types::VariableDefinition,
    pos: async_graphql::Pos,
) -> VariableDefinition {
    VariableDefinition {
        name: variable.name.node.as_str().into(),
        ty: written_type(&variable.var_type.node),
        default: variable.default_value.as_ref().map(|value| input_of(&value.node.clone().into_value())),
        position: position(pos),
    }
}

fn written_type(ty: &Type) -> WrittenType {
    match &ty.base {
        BaseType::Named(name) => WrittenType::Named(name.to_string(), !ty.nullable),
        BaseType::List(item) => WrittenType::List(Box::new(written_type(item)), !ty.nullable),
    }
}

fn position(pos: async_graphql::Pos) -> Position {
    Position { line: pos.line, column: pos.column }
}

fn introspects(selections: &[Selection]) -> bool {
    selections.iter().any(|selection| match selection {
        Selection::Field(field) => is_introspection(&field.name),
        Selection::Fragment { selections, .. } => introspects(selections),
    })
}

fn is_introspection(name: &str) -> bool {
    matches!(name, "__schema" | "__type")
}

/// Drops every root field but `__schema` and `__type`; named fragments are put in place first. What `@skip` and
/// `@include` say on the way there is left to the plan, which knows it already.
fn keep_introspection(set: &mut SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) {
    set.items.retain_mut(|item| {
        if let ParsedSelection::FragmentSpread(spread) = &item.node {
            let Some(fragment) = fragments.get(&spread.node.fragment_name.node) else { return false };
            let inline = async_graphql::parser::types::InlineFragment {
                type_condition: Some(fragment.node.type_condition.clone()),
                directives: Vec::new(),
                selection_set: fragment.node.selection_set.clone(),
            };
            item.node = ParsedSelection::InlineFragment(Positioned::new(inline, item.pos));
        }
        match &mut item.node {
            ParsedSelection::Field(field) => {
                field.node.directives.clear();
                is_introspection(&field.node.name.node)
            }
            ParsedSelection::InlineFragment(fragment) => {
                fragment.node.directives.clear();
                keep_introspection(&mut fragment.node.selection_set.node, fragments);
                !fragment.node.selection_set.node.items.is_empty()
            }
            ParsedSelection::FragmentSpread(_) => false,
        }
    });
}
