//! Documents for GraphQL systems: parsed, checked, and taken apart into what a question is printed of.
//!
//! In: a document's text, and where its rows are. Out: its variables and root fields as pieces, with a mark where Freehold
//! writes the fields it needs. The only file of bindings that knows async-graphql's parser; its types do not leave here.

use async_graphql::{
    Name, Pos, Positioned,
    parser::{
        parse_query,
        types::{
            BaseType, Directive, Field, OperationDefinition, OperationType, Selection, SelectionSet, Type,
            VariableDefinition,
        },
    },
};
use async_graphql_value::Value;

use super::super::{place::Spots, reader::Text};

/// A query for a GraphQL system, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphQlDocument {
    /// The variables it declares, in order.
    pub variables: Vec<GraphQlVariable>,
    /// Its root fields, in order.
    pub roots: Vec<GraphQlRoot>,
    /// Its fragments.
    pub fragments: Vec<GraphQlPiece>,
}

/// A variable of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphQlVariable {
    /// Its name, without the dollar sign.
    pub name: String,
    /// Its type as written.
    pub ty: String,
    /// The type inside all lists.
    pub named: String,
    /// Whether it takes a list.
    pub is_list: bool,
    /// Whether it may be left out.
    pub is_nullable: bool,
    /// Its default, as written.
    pub default: Option<String>,
}

/// A root field of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphQlRoot {
    /// The member of the answer's data that holds it.
    pub key: String,
    /// The field, from its name on: an alias goes before it.
    pub pieces: Vec<GraphQlPiece>,
}

/// A piece of a document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphQlPiece {
    /// Text that stands as it is.
    Text(String),
    /// A variable, by name.
    Variable(String),
    /// Where the fields of a row are written.
    Fields,
}

/// Why a document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentFault {
    /// The code of the message.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A document that has been parsed and may still be added to.
pub(super) struct Written {
    operation: OperationDefinition,
    fragments: Vec<(String, String, Vec<Positioned<Directive>>, SelectionSet)>,
}

/// A field whose place is where the fields of a row are written.
const FIELDS: &str = "__fields";

/// The most levels a path may add to a document that selects nothing there.
const PATH_MAX: usize = 16;

impl Written {
    /// Parses a document of one query.
    pub fn parse(text: &Text) -> Result<Self, DocumentFault> {
        let syntax = |message: String| DocumentFault {
            code: "GRAPHQL_SYNTAX",
            message: format!("this is no GraphQL: {message}"),
            help: "write one query: \"query($keys: [String!]!) { products(skus: $keys) { sku name } }\"".to_owned(),
        };
        if Spots::new(text.place.file, &text.text).too_deep().is_some() {
            return Err(syntax("brackets are nested too deeply".to_owned()));
        }
        let parsed = parse_query(&text.text).map_err(|error| {
            let message = error.to_string();
            let said = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            syntax(said.trim_start_matches([' ', '=', '|']).to_owned())
        })?;
        let mut operations = parsed.operations.iter();
        let operation = match (operations.next(), operations.next()) {
            (Some((_, operation)), None) if operation.node.ty == OperationType::Query => operation.node.clone(),
            _ => {
                return Err(DocumentFault {
                    code: "GRAPHQL_OPERATION",
                    message: "the document is not one query".to_owned(),
                    help: "keep one query; freehold reads and never writes".to_owned(),
                });
            }
        };
        if !operation.selection_set.node.items.iter().all(|item| matches!(item.node, Selection::Field(_))) {
            return Err(DocumentFault {
                code: "GRAPHQL_OPERATION",
                message: "a fragment stands where the query's own fields do".to_owned(),
                help: "write the fields there, and fragments below them".to_owned(),
            });
        }
        let mut fragments: Vec<_> = (parsed.fragments.into_iter())
            .map(|(name, one)| {
                let on = one.node.type_condition.node.on.node.to_string();
                (name.to_string(), on, one.node.directives, one.node.selection_set.node)
            })
            .collect();
        fragments.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self { operation, fragments })
    }

    /// Returns the member of the answer's data that holds the only root field.
    pub fn only_root(&self) -> Option<String> {
        match self.operation.selection_set.node.items.as_slice() {
            [one] => match &one.node {
                Selection::Field(field) => Some(field.node.response_key().node.to_string()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the variables that are used, each once, in order.
    pub fn used(&self) -> Vec<String> {
        let mut pieces = Pieces::default();
        pieces.set(&self.operation.selection_set.node);
        pieces.directives(&self.operation.directives);
        for (_, _, directives, set) in &self.fragments {
            pieces.directives(directives);
            pieces.set(set);
        }
        let mut used = Vec::new();
        for piece in pieces.0 {
            if let GraphQlPiece::Variable(name) = piece
                && !used.contains(&name)
            {
                used.push(name);
            }
        }
        used
    }

    /// Whether a variable is declared.
    pub fn declares(&self, name: &str) -> bool {
        self.operation.variable_definitions.iter().any(|one| one.node.name.node == name)
    }

    /// Declares a variable.
    pub fn declare(&mut self, name: &str, ty: &str) -> Result<(), DocumentFault> {
        let read = ty_of(ty).ok_or_else(|| DocumentFault {
            code: "GRAPHQL_SYNTAX",
            message: format!("`{ty}` is no GraphQL type"),
            help: "write a type as the system's schema has it: \"String!\", \"[ID!]!\"".to_owned(),
        });
        let var_type = read?;
        let definition = VariableDefinition {
            name: at(Name::new(name)),
            var_type: at(var_type),
            directives: Vec::new(),
            default_value: None,
        };
        self.operation.variable_definitions.push(at(definition));
        Ok(())
    }

    /// Sees to it that the rows at a path are selected: where nothing is, Freehold's fields will be.
    pub fn select_rows(&mut self, path: &[String]) -> Result<(), DocumentFault> {
        let reached = reach(&mut self.operation.selection_set.node, path)?;
        if let Some(field) = reached
            && field.selection_set.node.items.is_empty()
        {
            field.selection_set.node.items.push(bare(FIELDS));
        }
        Ok(())
    }

    /// Sees to it that a member is selected; it is added only where `adds` says the document is not the user's own.
    pub fn select(&mut self, path: &[String], adds: bool) -> Result<(), DocumentFault> {
        let names: Vec<&String> = path.iter().filter(|name| *name != "*").collect();
        let mut set = &mut self.operation.selection_set.node;
        for (n, name) in names.iter().enumerate() {
            if adds && member(set, name).is_none() {
                set.items.push(bare(name));
            }
            let one = vec![(*name).clone()];
            let Some(field) = reach(set, &one)? else { return Ok(()) };
            if n + 1 == names.len() {
                break;
            }
            set = &mut field.selection_set.node;
        }
        Ok(())
    }

    /// Sees to it that a Relay connection is selected as paging needs it.
    ///
    /// *Shape*: a connection of which the document says nothing gets its arguments and its fields; one that it selects
    /// itself must have `edges { cursor node }` and `pageInfo { hasNextPage }`.
    pub fn select_connection(
        &mut self,
        path: &[String],
        is_backward: bool,
        count: Option<&str>,
    ) -> Result<(), DocumentFault> {
        let pages_itself = self.declares("first");
        let Some(field) = reach(&mut self.operation.selection_set.node, path)? else { return Ok(()) };
        if field.selection_set.node.items.is_empty() {
            for name in ["edges", "pageInfo"].into_iter().chain(count) {
                field.selection_set.node.items.push(bare(name));
            }
            let set = &mut field.selection_set.node;
            for (name, members) in [
                ("edges", &["cursor", "node"][..]),
                ("pageInfo", &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]),
            ] {
                let Some(field) = member(set, name) else { continue };
                field.selection_set.node.items.extend(members.iter().map(|name| bare(name)));
            }
        }
        if !pages_itself {
            let names: &[&str] = if is_backward { &["first", "after", "last", "before"] } else { &["first", "after"] };
            for name in names {
                field.arguments.push((at(Name::new(name)), at(Value::Variable(Name::new(name)))));
            }
            for name in names {
                self.declare(name, if matches!(*name, "first" | "last") { "Int" } else { "String" })?;
            }
        }
        let below = |names: [&str; 2]| path.iter().cloned().chain(names.map(str::to_owned)).collect::<Vec<_>>();
        for names in [["edges", "cursor"], ["pageInfo", "hasNextPage"]] {
            reach(&mut self.operation.selection_set.node, &below(names))?;
        }
        self.select_rows(&below(["edges", "node"]))
    }

    /// Takes the document apart.
    ///
    /// *Errors*: a variable that is used and not declared, or declared and not used.
    pub fn document(&self) -> Result<GraphQlDocument, DocumentFault> {
        let used = self.used();
        if let Some(name) = used.iter().find(|name| !self.declares(name)) {
            return Err(DocumentFault {
                code: "GRAPHQL_VARIABLE",
                message: format!("the document uses `${name}` and does not declare it"),
                help: format!("add it to the head: query(${name}: String)"),
            });
        }
        let variables: Vec<GraphQlVariable> =
            self.operation.variable_definitions.iter().map(|one| variable(&one.node)).collect();
        if let Some(idle) = variables.iter().find(|one| !used.contains(&one.name)) {
            return Err(DocumentFault {
                code: "GRAPHQL_VARIABLE",
                message: format!("the document declares `${}` and does not use it", idle.name),
                help: "use it, or delete it from the head".to_owned(),
            });
        }
        let roots = self.operation.selection_set.node.items.iter().filter_map(|item| match &item.node {
            Selection::Field(field) => {
                let mut pieces = Pieces::default();
                pieces.field(&field.node);
                Some(GraphQlRoot { key: field.node.response_key().node.to_string(), pieces: pieces.0 })
            }
            _ => None,
        });
        let mut fragments = Pieces::default();
        for (name, on, directives, set) in &self.fragments {
            fragments.text(&format!(" fragment {name} on {on}"));
            fragments.directives(directives);
            fragments.set(set);
        }
        Ok(GraphQlDocument { variables, roots: roots.collect(), fragments: fragments.0 })
    }
}

impl GraphQlDocument {
    /// Returns a variable.
    pub fn variable(&self, name: &str) -> Option<&GraphQlVariable> {
        self.variables.iter().find(|one| one.name == name)
    }

    /// Whether a fragment uses one of its variables, so that its root fields cannot stand in one document twice with
    /// different values.
    pub fn has_fragment_variables(&self) -> bool {
        self.fragments.iter().any(|piece| matches!(piece, GraphQlPiece::Variable(_)))
    }
}

fn variable(written: &VariableDefinition) -> GraphQlVariable {
    let ty = &written.var_type.node;
    let mut base = &ty.base;
    while let BaseType::List(item) = base {
        base = &item.base;
    }
    GraphQlVariable {
        name: written.name.node.to_string(),
        ty: ty.to_string(),
        named: base.to_string(),
        is_list: matches!(ty.base, BaseType::List(_)),
        is_nullable: ty.nullable,
        default: written.default_value.as_ref().map(|value| value.node.to_string()),
    }
}

/// Reads a type.
fn ty_of(text: &str) -> Option<Type> {
    let is_type = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_[]!".contains(&byte));
    let parsed = parse_query(format!("query($a: {text}) {{ a }}")).ok().filter(|_| is_type)?;
    let (_, operation) = parsed.operations.iter().next()?;
    Some(operation.node.variable_definitions.first()?.node.var_type.node.clone())
}

fn at<T>(node: T) -> Positioned<T> {
    Positioned::new(node, Pos::default())
}

/// Makes a field without arguments or selection.
fn bare(name: &str) -> Positioned<Selection> {
    at(Selection::Field(at(Field {
        alias: None,
        name: at(Name::new(name)),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: at(SelectionSet::default()),
    })))
}

/// Finds the field that fills a member.
fn member<'s>(set: &'s mut SelectionSet, name: &str) -> Option<&'s mut Field> {
    set.items.iter_mut().find_map(|item| match &mut item.node {
        Selection::Field(field) if field.node.response_key().node == name => Some(&mut field.node),
        _ => None,
    })
}

/// Goes down a path of members, and adds what is missing where a selection is empty; `None` where a fragment may hold it.
fn reach<'s>(set: &'s mut SelectionSet, path: &[String]) -> Result<Option<&'s mut Field>, DocumentFault> {
    let names: Vec<&String> = path.iter().filter(|name| *name != "*").collect();
    let Some((name, rest)) = names.split_first().filter(|_| names.len() <= PATH_MAX) else { return Ok(None) };
    if set.items.is_empty() {
        set.items.push(bare(name));
    }
    let has_fragments = set.items.iter().any(|item| !matches!(item.node, Selection::Field(_)));
    match member(set, name) {
        Some(field) if rest.is_empty() => Ok(Some(field)),
        Some(field) => {
            let rest: Vec<String> = rest.iter().map(|name| (*name).clone()).collect();
            reach(&mut field.selection_set.node, &rest)
        }
        None if has_fragments => Ok(None),
        None => Err(DocumentFault {
            code: "GRAPHQL_ROWS",
            message: format!("the document selects no `{name}` where its rows should be"),
            help: "point at what the document selects; an alias is the member's name".to_owned(),
        }),
    }
}

/// Pieces in the making.
#[derive(Default)]
struct Pieces(Vec<GraphQlPiece>);

impl Pieces {
    fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(GraphQlPiece::Text(last)) => last.push_str(text),
            _ => self.0.push(GraphQlPiece::Text(text.to_owned())),
        }
    }

    fn set(&mut self, set: &SelectionSet) {
        if set.items.is_empty() {
            return;
        }
        self.text(" {");
        for item in &set.items {
            self.text(" ");
            match &item.node {
                Selection::Field(field) if field.node.name.node == FIELDS => self.0.push(GraphQlPiece::Fields),
                Selection::Field(field) => {
                    if let Some(alias) = &field.node.alias {
                        self.text(&format!("{}: ", alias.node));
                    }
                    self.field(&field.node);
                }
                Selection::FragmentSpread(spread) => {
                    self.text(&format!("...{}", spread.node.fragment_name.node));
                    self.directives(&spread.node.directives);
                }
                Selection::InlineFragment(fragment) => {
                    self.text("...");
                    if let Some(condition) = &fragment.node.type_condition {
                        self.text(&format!(" on {}", condition.node.on.node));
                    }
                    self.directives(&fragment.node.directives);
                    self.set(&fragment.node.selection_set.node);
                }
            }
        }
        self.text(" }");
    }

    /// Prints a field from its name on.
    fn field(&mut self, field: &Field) {
        self.text(&field.name.node);
        self.arguments(&field.arguments);
        self.directives(&field.directives);
        self.set(&field.selection_set.node);
    }

    fn arguments(&mut self, arguments: &[(Positioned<Name>, Positioned<Value>)]) {
        for (n, (name, value)) in arguments.iter().enumerate() {
            self.text(if n == 0 { "(" } else { ", " });
            self.text(&format!("{}: ", name.node));
            self.value(&value.node);
        }
        if !arguments.is_empty() {
            self.text(")");
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for directive in directives {
            self.text(&format!(" @{}", directive.node.name.node));
            self.arguments(&directive.node.arguments);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Variable(name) => self.0.push(GraphQlPiece::Variable(name.to_string())),
            Value::List(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.text(if n == 0 { "[" } else { ", " });
                    self.value(item);
                }
                self.text(if items.is_empty() { "[]" } else { "]" });
            }
            Value::Object(members) => {
                for (n, (name, member)) in members.iter().enumerate() {
                    self.text(if n == 0 { "{" } else { ", " });
                    self.text(&format!("{name}: "));
                    self.value(member);
                }
                self.text(if members.is_empty() { "{}" } else { "}" });
            }
            other => self.text(&other.to_string()),
        }
    }
}
