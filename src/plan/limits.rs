//! Limits: what a request asks for, refused where its audience may not ask for so much.
//!
//! In: an audience's limits, and a text, what was counted in it, an operation, variables or a cost. Out: nothing, or a refusal
//! that says what was counted, what is allowed and what to do.

use super::{
    count::Counted,
    operation::{Operation, SelectedField, Selection},
    parse::{Refusal, RefusalKind, SELECTIONS_MAX},
    tokens::{Token, Tokens},
};
use crate::contract::AudienceLimits;

/// How deep values may be nested. Deeper ones are nobody's arguments, and whoever reads them goes down with them.
const VALUES_NESTED_MAX: u64 = 64;
/// How many selections the parser reads inside one another: what an operation selects, and 64 inside it.
const SELECTIONS_NESTED_MAX: u64 = 65;
/// How many lists of `__schema` may be asked for inside one another: with each of them its answer is some twenty times as
/// long, and no tool asks for more than one.
const SCHEMA_LISTS_NESTED_MAX: u64 = 2;
/// How many values may be asked for of each type of the schema. What tools ask for to know all of a schema comes to some
/// five thousand.
const SCHEMA_VALUES_MAX: u64 = 20_000;

/// Refuses a text that is not even to be parsed; returns how many tokens it has.
pub(super) fn within_before_parsing(limits: &AudienceLimits, query: &str) -> Result<u64, Refusal> {
    let length = Counting { what: "bytes", limit: "document_bytes", help: "send a shorter document" };
    length.check(query.len() as u64, limits.document_bytes)?;
    let (mut n_tokens, mut n_open) = (0, 0_u64);
    // How many brackets are open around the round one that values stand in.
    let mut around_values: Option<u64> = None;
    for token in Tokens::new(query) {
        n_tokens += 1;
        if n_tokens > limits.tokens {
            let allowed = limits.tokens;
            return Err(refuse(format!(
                "the document has more tokens than the {allowed} allowed by the limit tokens: send a shorter document"
            )));
        }
        match token {
            Token::Opening(bracket) => {
                n_open += 1;
                match around_values {
                    Some(n_around) if n_open - n_around > VALUES_NESTED_MAX => {
                        return Err(refuse(format!(
                            "an argument's value is nested more than {VALUES_NESTED_MAX} deep: no argument takes such a \
                             value"
                        )));
                    }
                    None if bracket == b'(' => around_values = Some(n_open - 1),
                    None if n_open > SELECTIONS_NESTED_MAX => {
                        return Err(refuse(format!(
                            "the document opens more than {SELECTIONS_NESTED_MAX} brackets inside one another, of {} fields \
                             allowed by the limit depth: ask for what is further down by itself",
                            limits.depth
                        )));
                    }
                    _ => {}
                }
            }
            Token::Closing => {
                n_open = n_open.saturating_sub(1);
                around_values = around_values.filter(|n_around| n_open > *n_around);
            }
            Token::Unclosed => {
                let message = "a text begins with three quotes and nothing closes it: close it with three quotes";
                return Err(Refusal::new(RefusalKind::Syntax, message, Vec::new()));
            }
            Token::Other => {}
        }
    }
    Ok(n_tokens)
}

/// Refuses a document that asks for too much.
pub(super) fn within_counted(limits: &AudienceLimits, counted: &Counted) -> Result<(), Refusal> {
    for (counting, n, allowed) in [
        (
            Counting {
                what: "fields inside one another",
                limit: "depth",
                help: "ask for what is further down by itself",
            },
            counted.depth,
            limits.depth,
        ),
        (
            Counting {
                what: "aliases",
                limit: "aliases",
                help: "ask for many things by a list, or in several requests",
            },
            counted.aliases,
            limits.aliases,
        ),
        (
            Counting { what: "fields of the query", limit: "root_fields", help: "ask for them in several requests" },
            counted.root_fields,
            limits.root_fields,
        ),
        (
            Counting {
                what: "directives",
                limit: "directives",
                help: "put what depends on the same variable in one fragment",
            },
            counted.directives,
            limits.directives,
        ),
    ] {
        counting.check(n, allowed)?;
    }
    if counted.selections > SELECTIONS_MAX {
        let n = number(counted.selections);
        return Err(refuse(format!(
            "with its fragments in place the document has {n} selections, of {SELECTIONS_MAX} allowed: spread fewer \
             fragments inside one another"
        )));
    }
    Ok(())
}

/// Refuses an operation that asks for lists of the schema inside one another, or for too much of it.
pub(super) fn introspects_within_limits(operation: &Operation) -> Result<(), Refusal> {
    let asked = asked_of_roots(&operation.selections);
    if asked.n_lists > SCHEMA_LISTS_NESTED_MAX {
        return Err(refuse(format!(
            "the schema is asked for {} lists of fields, interfaces or types inside one another, of \
             {SCHEMA_LISTS_NESTED_MAX} allowed: ask for __type(name:) of each type by itself",
            asked.n_lists
        )));
    }
    if asked.n_values > SCHEMA_VALUES_MAX {
        return Err(refuse(format!(
            "the schema is asked for some {} values of each of its types, of {SCHEMA_VALUES_MAX} allowed: ask for each list \
             once, without aliases",
            number(asked.n_values)
        )));
    }
    Ok(())
}

/// What is asked of the schema.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// Lists inside one another.
    n_lists: u64,
    /// About how many values that is for each type.
    n_values: u64,
}

impl Asked {
    fn beside(self, other: Self) -> Self {
        let n_values = self.n_values.saturating_add(other.n_values);
        Self { n_lists: self.n_lists.max(other.n_lists), n_values }
    }
}

fn asked_of_roots(selections: &[Selection]) -> Asked {
    let of = |selection: &Selection| match selection {
        Selection::Fragment { selections, .. } => asked_of_roots(selections),
        Selection::Field(field) if matches!(&*field.name, "__schema" | "__type") => asked_of(field),
        Selection::Field(_) => Asked::default(),
    };
    selections.iter().map(of).fold(Asked::default(), Asked::beside)
}

fn asked_of(field: &SelectedField) -> Asked {
    fn of_all(selections: &[Selection]) -> Asked {
        let of = |selection: &Selection| match selection {
            Selection::Fragment { selections, .. } => of_all(selections),
            Selection::Field(field) => asked_of(field),
        };
        selections.iter().map(of).fold(Asked::default(), Asked::beside)
    }
    // About as many as a type has; `types` themselves are what is counted for.
    let (n_lists, n_items) = match &*field.name {
        "fields" | "inputFields" | "interfaces" | "possibleTypes" => (1, 20),
        "enumValues" | "directives" => (0, 20),
        "args" => (0, 5),
        _ => (0, 1),
    };
    let inner = of_all(&field.selections);
    Asked { n_lists: n_lists + inner.n_lists, n_values: inner.n_values.saturating_add(1).saturating_mul(n_items) }
}

/// Refuses variables that are too long.
pub fn variables_within_limits(
    limits: &AudienceLimits,
    variables: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), Refusal> {
    let counting =
        Counting { what: "bytes of variables", limit: "variables_bytes", help: "send fewer values in one request" };
    // `{}`, and for each member a colon and a comma.
    let n: u64 = variables.iter().map(|(name, value)| name.len() as u64 + 4 + json_bytes(value)).sum();
    counting.check(n + 2, limits.variables_bytes)
}

/// Refuses a plan that costs too much.
pub(super) fn cost_within_limits(limits: &AudienceLimits, cost: u64) -> Result<(), Refusal> {
    if cost <= limits.cost {
        return Ok(());
    }
    let message = format!(
        "the operation costs {}, of {} allowed by the limit cost: ask for smaller pages (first), for fewer lists inside one \
         another, or in several requests",
        number(cost),
        limits.cost
    );
    Err(Refusal::new(RefusalKind::TooCostly, message, Vec::new()))
}

/// Refuses to show the schema.
pub(super) fn introspection_refused() -> Refusal {
    let message = "the schema is not shown to callers of your audience: leave out __schema and __type, and ask whoever runs \
                   this service for the schema as a file";
    Refusal::new(RefusalKind::Introspection, message, Vec::new())
}

/// About how many bytes a value takes as JSON. Escapes are not counted.
fn json_bytes(value: &serde_json::Value) -> u64 {
    match value {
        serde_json::Value::Null | serde_json::Value::Bool(_) => 4,
        serde_json::Value::Number(number) => number.as_str().len() as u64,
        serde_json::Value::String(text) => text.len() as u64 + 2,
        serde_json::Value::Array(items) => 2 + items.iter().map(|item| json_bytes(item) + 1).sum::<u64>(),
        serde_json::Value::Object(members) => {
            2 + members.iter().map(|(name, value)| name.len() as u64 + 4 + json_bytes(value)).sum::<u64>()
        }
    }
}

/// Something that is counted.
struct Counting {
    what: &'static str,
    limit: &'static str,
    help: &'static str,
}

impl Counting {
    fn check(&self, n: u64, allowed: u64) -> Result<(), Refusal> {
        if n <= allowed {
            return Ok(());
        }
        let Self { what, limit, help } = self;
        Err(refuse(format!("the request has {} {what}, of {allowed} allowed by the limit {limit}: {help}", number(n))))
    }
}

/// Prints a count; what fragments multiply past any number is only said to be so.
fn number(n: u64) -> String {
    const MANY: u64 = 1_000_000_000_000;
    if n > MANY { "more than a million millions of".to_owned() } else { n.to_string() }
}

fn refuse(message: String) -> Refusal {
    Refusal::new(RefusalKind::TooLarge, message, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::operation::{Guard, Position};

    #[test]
    fn variables_are_refused_by_their_length() {
        let limits = AudienceLimits::default();
        let variables = serde_json::json!({ "a": "x".repeat(300 * 1024) });
        assert!(variables_within_limits(&limits, variables.as_object().unwrap()).is_err());
        assert!(variables_within_limits(&limits, &serde_json::Map::new()).is_ok());
    }

    fn asking(selections: Vec<Selection>) -> Operation {
        Operation { name: None, variables: Vec::new(), selections, introspects: true }
    }

    fn field(key: &str, name: &str, selections: Vec<Selection>) -> Selection {
        Selection::Field(SelectedField {
            response_key: key.into(),
            name: name.into(),
            arguments: Vec::new(),
            guard: Guard::default(),
            selections,
            position: Position::default(),
        })
    }

    #[test]
    fn aliases_multiply_what_is_asked_of_the_schema() {
        let names = |n: usize| {
            let lists = (0..n).map(|n| field(&format!("a{n}"), "fields", vec![field("name", "name", Vec::new())]));
            let of = field("type", "type", vec![field("ofType", "ofType", lists.collect())]);
            let types = field("types", "types", vec![field("fields", "fields", vec![of])]);
            asking(vec![field("__schema", "__schema", vec![types])])
        };
        assert_eq!(introspects_within_limits(&names(1)), Ok(()));
        let refusal = introspects_within_limits(&names(199)).unwrap_err();
        assert!(refusal.mistakes[0].message.contains("values of each of its types"), "{refusal:?}");
    }
}
