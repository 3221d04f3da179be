//! A document: what somebody sent, parsed, counted and found to be within the limits of its audience.
//!
//! In: a text and limits. Out: a document, or why it is refused. What is counted is what the parser has read, by the one
//! grammar there is, and nothing follows a fragment before its document has been counted: async-graphql, which validates it
//! next, visits a fragment as often as it is spread. Nothing here knows the schema.

use async_graphql::{
    Positioned, ServerError,
    parser::{
        parse_query,
        types::{Directive, ExecutableDocument, Selection, SelectionSet},
    },
};

use super::{
    count::{Counted, Definition, count},
    limits::{within_before_parsing, within_counted},
    operation::Position,
    parse::{Mistake, Refusal, RefusalKind},
};
use crate::contract::AudienceLimits;

/// A document that may be validated.
#[derive(Debug)]
pub struct Document {
    parsed: ExecutableDocument,
    counted: Counted,
}

impl Document {
    /// Reads a document.
    ///
    /// *Errors*: it does not parse, or asks for more than the limits allow.
    pub fn read(limits: &AudienceLimits, query: &str) -> Result<Self, Refusal> {
        let tokens = within_before_parsing(limits, query)?;
        let parsed = parse_query(query).map_err(|error| {
            let ServerError { message, locations, .. } = error.into();
            let positions = locations.iter().map(|at| Position { line: at.line, column: at.column }).collect();
            Refusal { kind: RefusalKind::Syntax, mistakes: vec![Mistake { message, positions }] }
        })?;
        let counted = Counted { tokens, ..count(&definitions(&parsed))? };
        within_counted(limits, &counted)?;
        Ok(Self { parsed, counted })
    }

    /// Returns what it asks for.
    pub fn counted(&self) -> Counted {
        self.counted
    }

    /// Names its operations, in the order of their names; one may have none.
    pub fn operation_names(&self) -> Vec<Option<String>> {
        let mut names: Vec<_> = self.parsed.operations.iter().map(|(name, _)| name.map(ToString::to_string)).collect();
        names.sort();
        names
    }

    /// Returns what the parser has read.
    pub(super) fn parsed(&self) -> &ExecutableDocument {
        &self.parsed
    }
}

fn definitions(document: &ExecutableDocument) -> Vec<Definition<'_>> {
    let operations = document.operations.iter().map(|(_, operation)| {
        let of_variables = operation.node.variable_definitions.iter().map(|variable| variable.node.directives.len());
        let n_directives = operation.node.directives.len() + of_variables.sum::<usize>();
        definition(None, n_directives, &operation.node.selection_set.node)
    });
    let fragments = document.fragments.iter().map(|(name, fragment)| {
        definition(Some(name.as_str()), fragment.node.directives.len(), &fragment.node.selection_set.node)
    });
    operations.chain(fragments).collect()
}

fn definition<'d>(fragment: Option<&'d str>, n_directives: usize, set: &'d SelectionSet) -> Definition<'d> {
    let mut definition = Definition { fragment, ..Definition::default() };
    definition.own.directives = n_directives as u64;
    add(&mut definition, set, 1);
    definition
}

/// Adds what is selected, so many fields inside one another. The parser goes no deeper than 64 selections.
fn add<'d>(definition: &mut Definition<'d>, set: &'d SelectionSet, n_fields: u64) {
    definition.own.depth = definition.own.depth.max(n_fields);
    for Positioned { node: selection, .. } in &set.items {
        definition.own.selections += 1;
        let directives: &[Positioned<Directive>] = selection.directives();
        definition.own.directives += directives.len() as u64;
        match selection {
            Selection::Field(field) => {
                definition.own.root_fields += u64::from(n_fields == 1);
                definition.own.aliases += u64::from(field.node.alias.is_some());
                if !field.node.selection_set.node.items.is_empty() {
                    add(definition, &field.node.selection_set.node, n_fields + 1);
                }
            }
            Selection::FragmentSpread(spread) => {
                definition.spreads.push((spread.node.fragment_name.node.as_str(), n_fields));
            }
            Selection::InlineFragment(fragment) => add(definition, &fragment.node.selection_set.node, n_fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tokens::Tokens;

    fn read(query: &str) -> Result<Document, Refusal> {
        Document::read(&AudienceLimits::default(), query)
    }

    fn refused(query: &str) -> String {
        read(query).unwrap_err().mistakes.remove(0).message
    }

    #[test]
    fn what_fragments_stand_for_is_counted_where_they_are_spread() {
        let query = r#"
            query Q($a: Boolean = true, $f: In = {x: {y: ["}{"]}}) @one {   # } a comment {
              a: b(x: {y: "...{", z: """ } \""" { """}) @include(if: $a) { ...F ... on T @skip(if: $a) { c { d } } ... { e } }
              ...F
            }
            fragment F on T { f g: h { i } }"#;
        let counted = read(query).unwrap().counted();
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
    fn fan_out_is_counted_however_the_grammar_lets_it_be_spelled() {
        let chain = |one: &dyn Fn(usize) -> String| (0..30).map(one).collect::<String>();
        let last = " fragment f30 on Query { __typename }";
        let doubled = |n: usize| format!(" fragment f{n} on Query {{ ...f{0} ...f{0} }}", n + 1);
        let (unspaced, marked) =
            (chain(&doubled).replace("fragment f", "fragmentf"), chain(&doubled).replace(' ', "\u{FEFF}"));
        let named_on = chain(&doubled).replace("fragment f0 ", "fragment on ");
        for (why, query) in [
            ("no blank before a name", "{ a { ...f0 } }".to_owned() + &unspaced + last),
            ("U+FEFF is a blank", "\u{FEFF}{ a { ...\u{FEFF}f0 } }".to_owned() + &marked + last),
            ("`on` without a blank is a name", "{ a { ... on@skip(if: false) } }".to_owned() + &named_on + last),
            ("`on` before a comment is a name", "{ a { ... on#\n x } }".to_owned() + &named_on + last),
        ] {
            assert!(refused(&query).contains(" selections, of 20000 allowed"), "{why}: {}", refused(&query));
        }
        let unclosed = "{ a(b: [\"\"\"x\"]) { ...f0 } }".to_owned() + &chain(&doubled) + last;
        assert!(refused(&unclosed).contains("nothing closes it"), "{}", refused(&unclosed));
    }

    #[test]
    fn a_chain_and_a_cycle_of_fragments_end() {
        for n in [30, 20_000] {
            let limits = AudienceLimits { tokens: 1_000_000, document_bytes: 1 << 24, ..AudienceLimits::default() };
            let chain = |range: &mut dyn Iterator<Item = usize>| -> String {
                range.map(|n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1)).collect()
            };
            for query in [chain(&mut (0..n)), chain(&mut (0..n).rev())] {
                let read = Document::read(&limits, &format!("{{ ...f0 }} {query}"));
                assert_eq!(read.is_err(), n > 64, "{n}");
            }
        }
        let cycle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
        assert_eq!(read(cycle).unwrap_err().kind, RefusalKind::Validation);
    }

    #[test]
    fn many_operations_are_counted_together_since_all_are_validated() {
        let fields = "a ".repeat(3_000);
        let operations: String = (0..40).map(|n| format!("query q{n} {{ x {{ ...F }} }} ")).collect();
        let query = format!("{operations} fragment F on Query {{ {fields} }}");
        assert!(refused(&query).contains("selections together, of 100000 allowed"), "{}", refused(&query));
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
            let refusal = Document::read(&limits, query).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::TooLarge);
            assert!(refusal.mistakes[0].message.contains(said), "{:?}", refusal.mistakes);
        }
        let deep = "{a(b:".to_owned() + &"[".repeat(65);
        assert!(refused(&deep).contains("nested more than 64 deep"));
        assert!(refused(&"{...".repeat(70)).contains("limit depth"));
        assert!(refused(&"a ".repeat(20_001)).contains("more tokens than the 20000"));
        assert!(refused(&" ".repeat(200_000)).contains("limit document_bytes"));
        assert_eq!(read("{ a").unwrap_err().kind, RefusalKind::Syntax);
    }

    #[test]
    fn what_is_as_deep_as_it_may_be_is_parsed_on_a_small_stack() {
        let limits = AudienceLimits { depth: 100, ..AudienceLimits::default() };
        let deep = |n: usize| {
            let values = format!("(b: {}{})", "[".repeat(63), "]".repeat(63));
            format!("{}a{values}{}", "{a".repeat(n - 1) + "{", "}".repeat(n))
        };
        let read = move |n: usize| Document::read(&limits, &deep(n)).map(|document| document.counted().depth);
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || (read(65), read(66))).unwrap();
        let (deepest, deeper) = thread.join().unwrap();
        assert_eq!(deepest, Ok(65));
        assert!(deeper.unwrap_err().mistakes[0].message.contains("limit depth"));
    }

    #[test]
    fn texts_of_the_longest_kind_are_read_to_their_end() {
        use RefusalKind::{Syntax, TooLarge};
        let limits = AudienceLimits::default();
        let (n_bytes, n_tokens) = (usize::try_from(limits.document_bytes).unwrap(), 19_900);
        let filled = |open: &str, one: &str, close: &str| {
            let n_fitting = (n_bytes - open.len() - close.len()) / one.len();
            let n_times = n_fitting.min(n_tokens / Tokens::new(one).count().max(1));
            open.to_owned() + &one.repeat(n_times) + close
        };
        // Where the parser tried one way after another this would not end.
        for (text, refused) in [
            (filled("{a(b:[", "\"\"\"", "])}"), None),
            (filled("{a(b:[", "\"\"\" \\\\\"\"\"\"", "])}"), Some(TooLarge)),
            (filled("{a(b:[", "\"", "])}"), Some(Syntax)),
            (filled("{a(b:[", "\"\" ", "])}"), None),
            (filled("{a(b:[", "0", "])}"), None),
            (filled("{a(b:[", "{}", "])}"), None),
            (filled("{", "a@b(c:$d)", "}"), Some(TooLarge)),
            (filled("{", "...on ", "}"), None),
            (filled("{", "...{a}", "}"), Some(TooLarge)),
            (filled("{", "a", "}"), None),
            (filled("{a", " ", "!"), Some(Syntax)),
            (filled("", "query", "{"), Some(Syntax)),
            (filled("", "fragment a on b{c}", ""), Some(Syntax)),
            (filled("{a", "#\n", "}"), None),
            (filled("query(", "$a:[[Int]]=[1]", "){a}"), None),
        ] {
            let read = Document::read(&limits, &text);
            assert_eq!(read.err().map(|refusal| refusal.kind), refused, "{}", &text[..30]);
        }
    }
}
