//! Limits of a document: what it asks for is counted before it is parsed, and refused where it is too much.
//!
//! In: the text and an audience's limits. Out: what was counted, or why it is refused. The text is gone through once, token
//! by token, and each fragment is counted once however often it is spread: what would be 2^30 fields with its fragments in
//! place costs no more to refuse than its text is long. What is no GraphQL is left to the parser to say.

use std::{collections::HashMap, iter::Peekable};

use super::{
    operation::{Operation, Selection},
    parse::{Refusal, RefusalKind, SELECTIONS_MAX},
    tokens::{Token, Tokens},
};
use crate::contract::AudienceLimits;

/// How deep values may be nested. Deeper ones are nobody's arguments, and whoever reads them goes down with them.
const VALUES_NESTED_MAX: u64 = 64;
/// How many fragments may be spread inside one another.
const FRAGMENTS_NESTED_MAX: u64 = 64;
/// How many lists of `__schema` may be asked for inside one another: with each of them its answer is some twenty times as
/// long, and no tool asks for more than one.
const SCHEMA_LISTS_NESTED_MAX: u64 = 2;

/// What a document asks for, its fragments in place: the most of any of its operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Tokens of the whole document.
    pub tokens: u64,
    /// Fields inside one another.
    pub depth: u64,
    /// Aliases.
    pub aliases: u64,
    /// Fields of the query root.
    pub root_fields: u64,
    /// Directives.
    pub directives: u64,
    /// Fields, spreads and inline fragments.
    pub selections: u64,
}

/// Counts what a document asks for, and refuses it where an audience may not ask for so much.
pub fn within_limits(limits: &AudienceLimits, query: &str) -> Result<Counted, Refusal> {
    let length = Counting { what: "bytes", limit: "document_bytes", help: "send a shorter document" };
    length.check(query.len() as u64, limits.document_bytes)?;
    let (definitions, tokens) = Reading::new(query, limits.tokens).document()?;
    let counted = Counted { tokens, ..count(&definitions)? };
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
    Ok(counted)
}

/// Refuses an operation that asks for lists of the schema inside one another.
pub fn introspects_within_limits(operation: &Operation) -> Result<(), Refusal> {
    fn deepest(selections: &[Selection]) -> u64 {
        let of = |selection: &Selection| match selection {
            Selection::Fragment { selections, .. } => deepest(selections),
            Selection::Field(field) => {
                let is_list = matches!(&*field.name, "fields" | "inputFields" | "interfaces" | "possibleTypes");
                u64::from(is_list) + deepest(&field.selections)
            }
        };
        selections.iter().map(of).max().unwrap_or(0)
    }
    fn roots(selections: &[Selection]) -> u64 {
        let of = |selection: &Selection| match selection {
            Selection::Fragment { selections, .. } => roots(selections),
            Selection::Field(field) if matches!(&*field.name, "__schema" | "__type") => deepest(&field.selections),
            Selection::Field(_) => 0,
        };
        selections.iter().map(of).max().unwrap_or(0)
    }
    let n = roots(&operation.selections);
    if n > SCHEMA_LISTS_NESTED_MAX {
        return Err(refuse(format!(
            "the schema is asked for {n} lists of fields, interfaces or types inside one another, of \
             {SCHEMA_LISTS_NESTED_MAX} allowed: ask for __type(name:) of each type by itself"
        )));
    }
    Ok(())
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
pub fn cost_within_limits(limits: &AudienceLimits, cost: u64) -> Result<(), Refusal> {
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
pub fn introspection_refused() -> Refusal {
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

/// An operation or a fragment, without what its spreads stand for.
#[derive(Debug, Default)]
struct Definition<'q> {
    /// Its name; none: an operation.
    fragment: Option<&'q str>,
    own: Counted,
    /// The fragments it spreads, and how many fields each is inside of.
    spreads: Vec<(&'q str, u64)>,
}

/// Goes through the tokens of a document.
struct Reading<'q> {
    tokens: Peekable<Tokens<'q>>,
    n_tokens: u64,
    n_tokens_max: u64,
}

/// What an opening brace opens.
#[derive(Clone, Copy, PartialEq)]
enum Brace {
    Fields,
    Inline,
}

impl<'q> Reading<'q> {
    fn new(query: &'q str, n_tokens_max: u64) -> Self {
        Self { tokens: Tokens::new(query).peekable(), n_tokens: 0, n_tokens_max }
    }

    fn next(&mut self) -> Result<Option<Token<'q>>, Refusal> {
        let token = self.tokens.next();
        self.n_tokens += u64::from(token.is_some());
        if self.n_tokens > self.n_tokens_max {
            let allowed = self.n_tokens_max;
            return Err(refuse(format!(
                "the document has more tokens than the {allowed} allowed by the limit tokens: send a shorter document"
            )));
        }
        Ok(token)
    }

    fn document(mut self) -> Result<(Vec<Definition<'q>>, u64), Refusal> {
        let mut definitions = Vec::new();
        let mut head = Definition::default();
        let mut is_first = true;
        while let Some(token) = self.next()? {
            match token {
                Token::Punctuator(b'{') => {
                    let mut definition = std::mem::take(&mut head);
                    self.selections(&mut definition)?;
                    definitions.push(definition);
                    is_first = true;
                    continue;
                }
                Token::Name("fragment") if is_first => {
                    if let Some(Token::Name(name)) = self.tokens.peek() {
                        head.fragment = Some(name);
                    }
                }
                Token::Punctuator(b'@') => head.own.directives += 1,
                Token::Punctuator(b'(') => self.values(&mut head)?,
                _ => {}
            }
            is_first = false;
        }
        Ok((definitions, self.n_tokens))
    }

    /// Reads the selections of a definition to its closing brace.
    fn selections(&mut self, definition: &mut Definition<'q>) -> Result<(), Refusal> {
        let mut open = vec![Brace::Fields];
        let mut n_fields_open = 1;
        let mut next_brace = Brace::Fields;
        definition.own.depth = 1;
        while let Some(token) = self.next()? {
            match token {
                Token::Name(_) => {
                    definition.own.selections += 1;
                    definition.own.root_fields += u64::from(n_fields_open == 1);
                    next_brace = Brace::Fields;
                    if self.tokens.peek() == Some(&Token::Punctuator(b':')) {
                        definition.own.aliases += 1;
                        self.next()?;
                        self.name()?;
                    }
                }
                Token::Spread => {
                    definition.own.selections += 1;
                    next_brace = Brace::Inline;
                    match self.name()? {
                        Some("on") => drop(self.name()?),
                        Some(name) => definition.spreads.push((name, n_fields_open)),
                        None => {}
                    }
                }
                Token::Punctuator(b'@') => {
                    definition.own.directives += 1;
                    self.name()?;
                }
                Token::Punctuator(b'(') => self.values(definition)?,
                Token::Punctuator(b'{') => {
                    n_fields_open += u64::from(next_brace == Brace::Fields);
                    definition.own.depth = definition.own.depth.max(n_fields_open);
                    open.push(next_brace);
                    // A brace that follows none of a field or a fragment is a mistake; it must not be free.
                    next_brace = Brace::Fields;
                }
                Token::Punctuator(b'}') => {
                    match open.pop() {
                        Some(Brace::Fields) => n_fields_open -= 1,
                        Some(Brace::Inline) | None => {}
                    }
                    if open.is_empty() {
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn name(&mut self) -> Result<Option<&'q str>, Refusal> {
        match self.tokens.peek() {
            Some(Token::Name(name)) => {
                let name = *name;
                self.next()?;
                Ok(Some(name))
            }
            _ => Ok(None),
        }
    }

    /// Reads what stands in round brackets.
    fn values(&mut self, definition: &mut Definition<'q>) -> Result<(), Refusal> {
        let mut n_open: u64 = 1;
        while let Some(token) = self.next()? {
            match token {
                Token::Punctuator(b'@') => definition.own.directives += 1,
                Token::Punctuator(b'(' | b'[' | b'{') => n_open += 1,
                Token::Punctuator(b')' | b']' | b'}') => n_open -= 1,
                _ => {}
            }
            if n_open == 0 {
                return Ok(());
            }
            if n_open > VALUES_NESTED_MAX {
                return Err(refuse(format!(
                    "an argument's value is nested more than {VALUES_NESTED_MAX} deep: no argument takes such a value"
                )));
            }
        }
        Ok(())
    }
}

/// Adds up what each operation asks for, and returns the most.
fn count(definitions: &[Definition<'_>]) -> Result<Counted, Refusal> {
    let named = definitions.iter().filter_map(|definition| Some((definition.fragment?, definition)));
    let mut totals = Totals { fragments: named.collect(), known: HashMap::new() };
    let mut most = Counted::default();
    for definition in definitions {
        // A fragment that nobody spreads is validated like all others.
        let (counted, _) = totals.of(definition, 0)?;
        most.depth = most.depth.max(counted.depth);
        most.aliases = most.aliases.max(counted.aliases);
        most.directives = most.directives.max(counted.directives);
        most.selections = most.selections.max(counted.selections);
        if definition.fragment.is_none() {
            most.root_fields = most.root_fields.max(counted.root_fields);
        }
    }
    Ok(most)
}

struct Totals<'d, 'q> {
    fragments: HashMap<&'q str, &'d Definition<'q>>,
    /// What each fragment comes to, and how many are spread inside one another in it; none while it is being counted.
    known: HashMap<&'q str, Option<(Counted, u64)>>,
}

impl<'d, 'q> Totals<'d, 'q> {
    /// Returns what a definition comes to with its fragments in place, and how many of them are inside one another.
    fn of(&mut self, definition: &'d Definition<'q>, n_outer: u64) -> Result<(Counted, u64), Refusal> {
        if let Some(name) = definition.fragment {
            match self.known.get(name) {
                Some(Some(known)) => return Ok(*known),
                Some(None) => {
                    let message = format!(
                        "the fragment \"{name}\" spreads itself, at once or by others: leave out one of the spreads"
                    );
                    return Err(Refusal::new(RefusalKind::Validation, message, Vec::new()));
                }
                None => drop(self.known.insert(name, None)),
            }
        }
        let mut total = definition.own;
        let mut n_nested = 0;
        for (name, n_fields) in &definition.spreads {
            // A fragment that is not there is left to validation.
            let Some(fragment) = self.fragments.get(name).copied() else { continue };
            let (inner, n_inner) = match n_outer < FRAGMENTS_NESTED_MAX {
                true => self.of(fragment, n_outer + 1)?,
                false => (Counted::default(), FRAGMENTS_NESTED_MAX),
            };
            n_nested = n_nested.max(n_inner + 1);
            if n_nested > FRAGMENTS_NESTED_MAX {
                return Err(refuse(format!(
                    "more than {FRAGMENTS_NESTED_MAX} fragments are spread inside one another: write their fields out"
                )));
            }
            total.depth = total.depth.max(n_fields - 1 + inner.depth);
            total.aliases = total.aliases.saturating_add(inner.aliases);
            total.directives = total.directives.saturating_add(inner.directives);
            total.selections = total.selections.saturating_add(inner.selections);
            if *n_fields == 1 {
                total.root_fields = total.root_fields.saturating_add(inner.root_fields);
            }
        }
        if let Some(name) = definition.fragment {
            self.known.insert(name, Some((total, n_nested)));
        }
        Ok((total, n_nested))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(query: &str) -> Result<Counted, Refusal> {
        within_limits(&AudienceLimits::default(), query)
    }

    fn refused(query: &str) -> String {
        counted(query).unwrap_err().mistakes.remove(0).message
    }

    #[test]
    fn what_fragments_stand_for_is_counted_where_they_are_spread() {
        let query = r#"
            query Q($a: Boolean = true, $f: In = {x: {y: ["}{"]}}) @one {   # } a comment {
              a: b(x: {y: "...{", z: """ } \""" { """}) @include(if: $a) { ...F ... on T @skip(if: $a) { c { d } } ... { e } }
              ...F
            }
            fragment F on T { f g: h { i } }"#;
        let counted = counted(query).unwrap();
        assert_eq!((counted.depth, counted.aliases, counted.root_fields, counted.directives), (3, 3, 3, 3));
        assert_eq!(counted.selections, 1 + 1 + 3 + 1 + 2 + 1 + 1 + 1 + 3);
    }

    #[test]
    fn fan_out_is_refused_without_being_followed() {
        let mut query = "{ ...f0 }".to_owned();
        for n in 0..40 {
            query += &format!(" fragment f{n} on Query {{ ...f{} ...f{} }}", n + 1, n + 1);
        }
        query += " fragment f40 on Query { __typename }";
        assert!(refused(&query).contains("allowed by the limit root_fields"), "{}", refused(&query));
        let query = query.replace("{ ...f0 }", "{ a { ...f0 } }");
        assert!(refused(&query).starts_with("with its fragments in place the document has more than a million"));
    }

    #[test]
    fn a_chain_and_a_cycle_of_fragments_end() {
        for n in [30, 100_000] {
            let limits = AudienceLimits { tokens: 1_000_000, document_bytes: 1 << 24, ..AudienceLimits::default() };
            let chain = |range: &mut dyn Iterator<Item = usize>| -> String {
                range.map(|n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1)).collect()
            };
            for query in [chain(&mut (0..n)), chain(&mut (0..n).rev())] {
                let refused = within_limits(&limits, &query).is_err();
                assert_eq!(refused, n > 64, "{n}");
            }
        }
        let cycle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
        assert_eq!(counted(cycle).unwrap_err().kind, RefusalKind::Validation);
    }

    #[test]
    fn each_limit_says_what_was_counted_and_what_is_allowed() {
        let limits =
            AudienceLimits { depth: 2, aliases: 1, root_fields: 2, directives: 1, ..AudienceLimits::default() };
        for (query, said) in [
            ("{ a { b { c } } }", "has 3 fields inside one another, of 2 allowed by the limit depth: "),
            ("{ a: x b: x }", "has 2 aliases, of 1 allowed by the limit aliases: "),
            ("{ a b c }", "has 3 fields of the query, of 2 allowed by the limit root_fields: "),
            ("{ a @x @x }", "has 2 directives, of 1 allowed by the limit directives: "),
        ] {
            let refusal = within_limits(&limits, query).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::TooLarge);
            assert!(refusal.mistakes[0].message.contains(said), "{:?}", refusal.mistakes);
        }
        let deep = "{a(b:".to_owned() + &"[".repeat(65);
        assert!(refused(&deep).contains("nested more than 64 deep"));
        assert!(refused(&"a ".repeat(20_001)).contains("more tokens than the 20000"));
        assert!(refused(&" ".repeat(200_000)).contains("limit document_bytes"));
        let variables = serde_json::json!({ "a": "x".repeat(300 * 1024) });
        assert!(variables_within_limits(&limits, variables.as_object().unwrap()).is_err());
        assert!(variables_within_limits(&limits, &serde_json::Map::new()).is_ok());
    }
}
