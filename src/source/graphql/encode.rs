//! Questions: a binding's document, printed for as many keys or parents as one call takes, and its variables. Pure.
//!
//! In: the document in pieces, the fields of a row, keys or arguments. Out: the text and the JSON that are sent. No value is
//! ever part of the text.

use serde_json::{Map, Value, json};

use crate::{
    contract::{GraphQlDocument, GraphQlPiece, GraphQlRoot, GraphQlVariable},
    value::{Argument, Key, Pointer},
};

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The document.
    pub query: String,
    /// Its variables.
    pub variables: Map<String, Value>,
}

/// How the keys of a group are written.
#[derive(Debug)]
pub struct KeyForm<'a> {
    /// The names of the key's fields.
    pub columns: &'a [String],
    /// Where each stands in a row.
    pub pointers: Vec<Pointer>,
}

/// Returns the alias under which a root field stands for the `number`th key or parent.
pub fn alias(document: &GraphQlDocument, number: usize, key: &str) -> String {
    if document.roots.len() == 1 { format!("k{number}") } else { format!("k{number}_{key}") }
}

/// Prints a document once, as it is written.
pub fn print(document: &GraphQlDocument, fields: &str) -> String {
    let head: Vec<String> = document.variables.iter().map(|one| declaration(one, None)).collect();
    let mut body = String::new();
    for root in &document.roots {
        body.push(' ');
        if !is_named(root) {
            body += &format!("{}: ", root.key);
        }
        pieces(&root.pieces, fields, &|name| name.to_owned(), &mut body);
    }
    whole(document, &head, &body, fields)
}

/// Prints a document with its root fields once for each of many keys or parents; variables that are `shared` are declared
/// once.
pub fn print_copies(document: &GraphQlDocument, fields: &str, n_copies: usize, shared: &[&str]) -> String {
    let is_shared = |name: &str| shared.contains(&name);
    let mut head: Vec<String> =
        document.variables.iter().filter(|one| is_shared(&one.name)).map(|one| declaration(one, None)).collect();
    let mut body = String::new();
    for number in 0..n_copies {
        let own = document.variables.iter().filter(|one| !is_shared(&one.name));
        head.extend(own.map(|one| declaration(one, Some(number))));
        for root in &document.roots {
            body += &format!(" {}: ", alias(document, number, &root.key));
            let name = |name: &str| if is_shared(name) { name.to_owned() } else { numbered(name, number) };
            pieces(&root.pieces, fields, &name, &mut body);
        }
    }
    whole(document, &head, &body, fields)
}

/// Returns the name of a variable for the `number`th key or parent.
pub fn numbered(name: &str, number: usize) -> String {
    format!("{name}_{number}")
}

fn whole(document: &GraphQlDocument, head: &[String], body: &str, fields: &str) -> String {
    let head = if head.is_empty() { String::new() } else { format!("({})", head.join(", ")) };
    let mut text = format!("query{head} {{{body} }}");
    pieces(&document.fragments, fields, &|name| name.to_owned(), &mut text);
    text
}

fn declaration(variable: &GraphQlVariable, number: Option<usize>) -> String {
    let name = number.map_or_else(|| variable.name.clone(), |number| numbered(&variable.name, number));
    let default = variable.default.as_ref().map(|default| format!(" = {default}")).unwrap_or_default();
    format!("${name}: {}{default}", variable.ty)
}

/// Whether a root field stands in the answer under its own name.
fn is_named(root: &GraphQlRoot) -> bool {
    let Some(GraphQlPiece::Text(text)) = root.pieces.first() else { return false };
    text.strip_prefix(root.key.as_str())
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

fn pieces(pieces: &[GraphQlPiece], fields: &str, name: &dyn Fn(&str) -> String, out: &mut String) {
    for piece in pieces {
        match piece {
            GraphQlPiece::Text(text) => out.push_str(text),
            GraphQlPiece::Variable(variable) => {
                out.push('$');
                out.push_str(&name(variable));
            }
            GraphQlPiece::Fields => out.push_str(fields),
        }
    }
}

/// Turns a text into the value of a type; `None` where it cannot be one.
fn coerced(named: &str, text: &str) -> Option<Value> {
    match named {
        "Int" | "Float" | "Long" | "BigInt" | "Short" | "Byte" => serde_json::from_str(text).ok().map(Value::Number),
        "Boolean" => text.parse().ok().map(Value::Bool),
        _ => Some(text.into()),
    }
}

/// Writes one key for `$keys`: its text, or for a key of several fields an object of them.
///
/// *Shape*: `None` for a key that the variable's type cannot hold.
pub fn key(form: &KeyForm<'_>, variable: &GraphQlVariable, key: &Key) -> Option<Value> {
    if let [_] = form.columns {
        return coerced(&variable.named, key.as_str());
    }
    let member = |(n, column): (usize, &String)| {
        let paths = form.pointers[n].members();
        let name = match paths.as_slice() {
            [path] if path.len() == 1 => path[0],
            _ => column.as_str(),
        };
        (name.to_owned(), Value::from(key.field(n).unwrap_or_default()))
    };
    Some(form.columns.iter().enumerate().map(member).collect::<Map<_, _>>().into())
}

/// Writes one key as a representation of a subgraph's type: nested where the key's field is.
pub fn representation(form: &KeyForm<'_>, type_name: &str, key: &Key) -> Value {
    let mut out = json!({ "__typename": type_name });
    for (n, pointer) in form.pointers.iter().enumerate() {
        let path = pointer.members().pop().unwrap_or_default();
        let Some((last, way)) = path.split_last() else { continue };
        let mut at = &mut out;
        for name in way {
            let inner = object(at).entry((*name).to_owned());
            at = inner.or_insert(Value::Null);
        }
        object(at).insert((*last).to_owned(), key.field(n).unwrap_or_default().into());
    }
    out
}

/// Returns the members of a value, which becomes an object where it is none.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it has just been made one")
}

/// Returns a key's value for a variable that names one of its fields, or the whole of it: `$key`.
pub fn key_field(form: &KeyForm<'_>, variable: &GraphQlVariable, key: &Key) -> Option<Value> {
    let position = form.columns.iter().position(|column| *column == variable.name).unwrap_or_default();
    coerced(&variable.named, key.field(position)?)
}

/// Writes an argument of a list; `None` where it is left out.
///
/// *Errors*: what is wrong with it.
pub fn argument(variable: &GraphQlVariable, argument: &Argument) -> Result<Option<Value>, String> {
    let one = |text: &str| {
        coerced(&variable.named, text)
            .ok_or_else(|| format!("`{text}` is no {} for ${}", variable.named, variable.name))
    };
    match argument {
        Argument::Null if variable.is_nullable || variable.default.is_some() => Ok(None),
        Argument::Null => Err(format!("${} is {} and was given nothing", variable.name, variable.ty)),
        Argument::One(text) if variable.is_list => Ok(Some(Value::Array(vec![one(text)?]))),
        Argument::One(text) => one(text).map(Some),
        Argument::Many(texts) if variable.is_list => {
            Ok(Some(texts.iter().map(|text| one(text)).collect::<Result<Vec<_>, _>>()?.into()))
        }
        Argument::Many(_) => Err(format!("${} is {} and was given a list", variable.name, variable.ty)),
    }
}
