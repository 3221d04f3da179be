//! A GraphQL document as the generator makes it and the interpreter walks it, and how it is printed.

use std::fmt::{self, Display, Formatter};

use serde_json::{Map, Value};

use super::model::Ty;

/// A document and how it is asked.
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub operations: Vec<Operation>,
    pub fragments: Vec<Fragment>,
    /// The name of the operation to run, where there are several or the one that there is is named.
    pub operation_name: Option<String>,
    pub variables: Map<String, Value>,
    /// The faults of async-graphql's own executor that the document would meet.
    pub meets_known_fault: bool,
}

#[derive(Debug, Clone)]
pub struct Operation {
    pub name: Option<String>,
    pub variables: Vec<Variable>,
    pub selections: Vec<Selection>,
}

#[derive(Debug, Clone)]
pub struct Variable {
    pub name: String,
    pub ty: Ty,
    pub default: Option<Literal>,
}

#[derive(Debug, Clone)]
pub struct Fragment {
    pub name: String,
    pub on: String,
    pub selections: Vec<Selection>,
}

#[derive(Debug, Clone)]
pub enum Selection {
    Field(FieldSelection),
    Inline { on: Option<String>, directives: Vec<Directive>, selections: Vec<Selection> },
    Spread { name: String, directives: Vec<Directive> },
}

#[derive(Debug, Clone)]
pub struct FieldSelection {
    pub alias: Option<String>,
    pub name: String,
    pub arguments: Vec<(String, Literal)>,
    pub directives: Vec<Directive>,
    pub selections: Vec<Selection>,
}

impl FieldSelection {
    pub fn response_key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// `@skip` or `@include`.
#[derive(Debug, Clone)]
pub struct Directive {
    pub skip: bool,
    pub condition: Literal,
}

/// A value in the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Variable(String),
    /// A number, a boolean, null or a text.
    Plain(Value),
    Enum(String),
    List(Vec<Literal>),
    Object(Vec<(String, Literal)>),
}

impl Document {
    /// Returns the operation that runs.
    pub fn operation(&self) -> &Operation {
        match &self.operation_name {
            None => &self.operations[0],
            Some(name) => {
                let named = |operation: &&Operation| operation.name.as_ref() == Some(name);
                self.operations.iter().find(named).expect("the generator names an operation that exists")
            }
        }
    }
}

impl Literal {
    /// Calls `visit` with the name of every variable inside.
    pub fn variables(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::Variable(name) => visit(name),
            Self::Plain(_) | Self::Enum(_) => {}
            Self::List(items) => items.iter().for_each(|item| item.variables(visit)),
            Self::Object(members) => members.iter().for_each(|(_, value)| value.variables(visit)),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "${name}"),
            Self::Plain(value) => write!(f, "{value}"),
            Self::Enum(word) => f.write_str(word),
            Self::List(items) => {
                f.write_str("[")?;
                separated(f, items)?;
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (n, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{name}: {value}", if n > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

fn separated(f: &mut Formatter<'_>, items: &[impl Display]) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if n > 0 { ", " } else { "" })?;
    }
    Ok(())
}

impl Display for Directive {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "@{}(if: {})", if self.skip { "skip" } else { "include" }, self.condition)
    }
}

impl Display for Document {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for operation in &self.operations {
            match &operation.name {
                None if operation.variables.is_empty() => {}
                name => {
                    write!(f, "query {}", name.as_deref().unwrap_or(""))?;
                    if !operation.variables.is_empty() {
                        f.write_str("(")?;
                        for (n, variable) in operation.variables.iter().enumerate() {
                            write!(f, "{}${}: {}", if n > 0 { ", " } else { "" }, variable.name, variable.ty)?;
                            if let Some(default) = &variable.default {
                                write!(f, " = {default}")?;
                            }
                        }
                        f.write_str(") ")?;
                    }
                }
            }
            selections(f, &operation.selections, 0)?;
        }
        for fragment in &self.fragments {
            write!(f, "fragment {} on {} ", fragment.name, fragment.on)?;
            selections(f, &fragment.selections, 0)?;
        }
        Ok(())
    }
}

fn selections(f: &mut Formatter<'_>, items: &[Selection], depth: usize) -> fmt::Result {
    f.write_str("{\n")?;
    for item in items {
        write!(f, "{:width$}", "", width = 2 * depth + 2)?;
        match item {
            Selection::Field(field) => {
                if let Some(alias) = &field.alias {
                    write!(f, "{alias}: ")?;
                }
                f.write_str(&field.name)?;
                if !field.arguments.is_empty() {
                    f.write_str("(")?;
                    for (n, (name, value)) in field.arguments.iter().enumerate() {
                        write!(f, "{}{name}: {value}", if n > 0 { ", " } else { "" })?;
                    }
                    f.write_str(")")?;
                }
                directives(f, &field.directives)?;
                if field.selections.is_empty() {
                    f.write_str("\n")?;
                } else {
                    f.write_str(" ")?;
                    selections(f, &field.selections, depth + 1)?;
                }
            }
            Selection::Inline { on, directives: given, selections: inner } => {
                f.write_str("...")?;
                if let Some(on) = on {
                    write!(f, " on {on}")?;
                }
                directives(f, given)?;
                f.write_str(" ")?;
                selections(f, inner, depth + 1)?;
            }
            Selection::Spread { name, directives: given } => {
                write!(f, "...{name}")?;
                directives(f, given)?;
                f.write_str("\n")?;
            }
        }
    }
    writeln!(f, "{:width$}}}", "", width = 2 * depth)
}

fn directives(f: &mut Formatter<'_>, items: &[Directive]) -> fmt::Result {
    items.iter().try_for_each(|directive| write!(f, " {directive}"))
}
