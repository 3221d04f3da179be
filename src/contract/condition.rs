//! Conditions: an OData `$filter` as a binding writes it, with `{argument}` where a list's argument goes.
//!
//! In: the text. Out: its terms, joined as written, so that the term of an argument that is null can be left out. What
//! stands between `and`, `or`, `not` and their parentheses is one term; a function with its parentheses is part of its
//! term, and braces inside a quoted text are text. Pure.

use std::fmt;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All of these hold.
    All(Vec<Condition>),
    /// At least one of these holds.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// `Status eq {status}` or `Status in {status}`: the argument may be a list.
    Equal {
        /// The property's path.
        path: String,
        /// The argument's name.
        argument: String,
    },
    /// Any other term.
    Term(Vec<ConditionPiece>),
}

/// A piece of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionPiece {
    /// As written.
    Text(String),
    /// The argument of this name, as one literal.
    Argument(String),
}

/// Why a text is no condition, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// A quote or parenthesis is never closed.
    #[error("what opens here is never closed")]
    Unclosed(usize),
    /// A parenthesis closes what was never opened.
    #[error("what closes here was never opened")]
    Unopened(usize),
    /// Braces that hold no name.
    #[error("braces hold the name of an argument: {{category}}")]
    Argument(usize),
    /// Nothing stands where a term should.
    #[error("a term is missing here")]
    Missing(usize),
}

impl ConditionError {
    /// Returns the byte where it was met.
    pub fn at(&self) -> usize {
        match self {
            Self::Unclosed(at) | Self::Unopened(at) | Self::Argument(at) | Self::Missing(at) => *at,
        }
    }
}

/// How deep parentheses may nest; deeper ones are a mistake, and would exhaust the stack.
const DEPTH_MAX: usize = 64;

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, next: 0, end: text.len(), depth: 0 };
        let condition = parser.any()?;
        match parser.peek() {
            None => Ok(condition),
            Some(token) => Err(ConditionError::Unopened(token.at)),
        }
    }

    /// Returns the names of its arguments, each as often as it appears, and whether that use takes one value only.
    pub fn arguments(&self) -> Vec<(&str, bool)> {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().flat_map(Self::arguments).collect(),
            Self::Not(inner) => inner.arguments(),
            Self::Equal { argument, .. } => vec![(argument, false)],
            Self::Term(pieces) => (pieces.iter())
                .filter_map(|piece| match piece {
                    ConditionPiece::Text(_) => None,
                    ConditionPiece::Argument(name) => Some((name.as_str(), true)),
                })
                .collect(),
        }
    }
}

impl fmt::Display for Condition {
    /// Prints the condition, arguments in braces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |inner: &[Condition], word: &str| {
            let terms: Vec<String> = inner.iter().map(|one| format!("({one})")).collect();
            terms.join(word)
        };
        match self {
            Self::All(inner) => f.write_str(&joined(inner, " and ")),
            Self::Any(inner) => f.write_str(&joined(inner, " or ")),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Equal { path, argument } => write!(f, "{path} eq {{{argument}}}"),
            Self::Term(pieces) => pieces.iter().try_for_each(|piece| match piece {
                ConditionPiece::Text(text) => f.write_str(text),
                ConditionPiece::Argument(name) => write!(f, "{{{name}}}"),
            }),
        }
    }
}

/// A token and the byte where it begins; blanks before it belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token<'t> {
    at: usize,
    text: &'t str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Open,
    Close,
    Argument,
}

impl<'t> Token<'t> {
    fn bare(&self) -> &'t str {
        self.text.trim_start()
    }

    fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.bare().eq_ignore_ascii_case(word)
    }

    /// Whether nothing stands between this token and the one before.
    fn is_glued(&self) -> bool {
        self.text.len() == self.bare().len()
    }

    /// The name between braces.
    fn name(&self) -> &'t str {
        self.bare().trim_matches(['{', '}'])
    }
}

/// Cuts a text into words (quoted texts are words, or part of one), parentheses and arguments.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let from = at;
        let kind = match bytes[at] {
            b'(' => {
                at += 1;
                Kind::Open
            }
            b')' => {
                at += 1;
                Kind::Close
            }
            b'{' => {
                let name = text[at + 1..].find('}').map(|length| &text[at + 1..at + 1 + length]);
                let is_name = |name: &&str| {
                    !name.is_empty()
                        && !name.starts_with(|c: char| c.is_ascii_digit())
                        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                };
                at += name.filter(is_name).ok_or(ConditionError::Argument(at))?.len() + 2;
                Kind::Argument
            }
            b'}' => return Err(ConditionError::Argument(at)),
            _ => {
                while at < bytes.len() && !bytes[at].is_ascii_whitespace() && !b"(){}".contains(&bytes[at]) {
                    at = if bytes[at] == b'\'' { quoted_end(text, at)? } else { at + 1 };
                }
                Kind::Word
            }
        };
        tokens.push(Token { at: from, text: &text[start..at], kind });
        start = at;
    }
    Ok(tokens)
}

/// Returns where a quoted text ends; a doubled quote does not end it.
fn quoted_end(text: &str, from: usize) -> Result<usize, ConditionError> {
    let mut at = from + 1;
    loop {
        at += text[at..].find('\'').ok_or(ConditionError::Unclosed(from))? + 1;
        if !text[at..].starts_with('\'') {
            return Ok(at);
        }
        at += 1;
    }
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    next: usize,
    end: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.next)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.is_word(word));
        self.next += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> Result<Condition, ConditionError> {
        let mut inner = vec![self.all()?];
        while self.takes("or") {
            inner.push(self.all()?);
        }
        Ok(if inner.len() == 1 { inner.remove(0) } else { Condition::Any(inner) })
    }

    fn all(&mut self) -> Result<Condition, ConditionError> {
        let mut inner = vec![self.one()?];
        while self.takes("and") {
            inner.push(self.one()?);
        }
        Ok(if inner.len() == 1 { inner.remove(0) } else { Condition::All(inner) })
    }

    fn one(&mut self) -> Result<Condition, ConditionError> {
        let mut negations = 0;
        while self.takes("not") {
            negations += 1;
        }
        let mut condition = match self.peek() {
            Some(token) if token.kind == Kind::Open && self.is_group() => {
                if self.depth == DEPTH_MAX {
                    return Err(ConditionError::Unclosed(token.at));
                }
                self.next += 1;
                self.depth += 1;
                let inner = self.any()?;
                self.depth -= 1;
                // `is_group` found the parenthesis that closes it.
                self.next += 1;
                inner
            }
            _ => self.term()?,
        };
        for _ in 0..negations {
            condition = Condition::Not(Box::new(condition));
        }
        Ok(condition)
    }

    /// Returns the position behind the parenthesis that closes the one at `open`.
    fn closed(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (n, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => continue,
            }
            if depth == 0 {
                return Some(n + 1);
            }
        }
        None
    }

    /// Whether the parenthesis that comes next holds conditions, and not a piece of a term such as `(A add B) gt 5`.
    fn is_group(&self) -> bool {
        self.closed(self.next).is_some_and(|after| {
            self.tokens
                .get(after)
                .is_none_or(|token| token.kind == Kind::Close || token.is_word("and") || token.is_word("or"))
        })
    }

    fn term(&mut self) -> Result<Condition, ConditionError> {
        let first = self.next;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Close => break,
                Kind::Word if token.is_word("and") || token.is_word("or") => break,
                Kind::Open => self.next = self.closed(self.next).ok_or(ConditionError::Unclosed(token.at))?,
                _ => self.next += 1,
            }
        }
        let tokens = &self.tokens[first..self.next];
        if tokens.is_empty() {
            return Err(ConditionError::Missing(self.peek().map_or(self.end, |token| token.at)));
        }
        if let [path, operator, value] = tokens
            && path.kind == Kind::Word
            && (operator.is_word("eq") || operator.is_word("in"))
            && value.kind == Kind::Argument
        {
            return Ok(Condition::Equal { path: path.bare().to_owned(), argument: value.name().to_owned() });
        }
        let mut pieces = Vec::new();
        for (n, token) in tokens.iter().enumerate() {
            if n > 0 && !token.is_glued() {
                append(&mut pieces, " ");
            }
            match token.kind {
                Kind::Argument => pieces.push(ConditionPiece::Argument(token.name().to_owned())),
                _ => append(&mut pieces, token.bare()),
            }
        }
        Ok(Condition::Term(pieces))
    }
}

/// Appends to the text that ends a term, if one does.
fn append(pieces: &mut Vec<ConditionPiece>, text: &str) {
    match pieces.last_mut() {
        Some(ConditionPiece::Text(before)) => before.push_str(text),
        _ => pieces.push(ConditionPiece::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terms_stand_between_the_words_that_join_them() {
        let shown = |text: &str| Condition::parse(text).unwrap().to_string();
        assert_eq!(
            shown("Category eq {category} and ( Status eq {status} or not contains(Name,{text}) )"),
            "(Category eq {category}) and ((Status eq {status}) or (not (contains(Name,{text}))))"
        );
        assert_eq!(
            shown("(Price mul 2) gt {limit} and Name eq 'a and {b} o''r c'"),
            "((Price mul 2) gt {limit}) and (Name eq 'a and {b} o''r c')"
        );
        assert_eq!(shown("Tags/any(t: t eq {tag} or t eq 'x')"), "Tags/any(t: t eq {tag} or t eq 'x')");
        assert_eq!(shown("Day eq datetime'2026-01-01T00:00:00'"), "Day eq datetime'2026-01-01T00:00:00'");
        assert_eq!(shown("((a eq 1))"), "a eq 1");
    }

    #[test]
    fn only_an_equality_takes_several_values() {
        let condition = Condition::parse("A eq {one} and B in {two} and C gt {three}").unwrap();
        assert_eq!(condition.arguments(), [("one", false), ("two", false), ("three", true)]);
    }

    #[test]
    fn what_is_no_condition_says_where() {
        for (text, error) in [
            ("", ConditionError::Missing(0)),
            ("a eq 1 and", ConditionError::Missing(10)),
            ("a eq 'x", ConditionError::Unclosed(5)),
            ("(a eq 1", ConditionError::Unclosed(0)),
            ("a eq 1)", ConditionError::Unopened(6)),
            ("a eq {1}", ConditionError::Argument(5)),
            ("a eq {x", ConditionError::Argument(5)),
        ] {
            assert_eq!(Condition::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read_and_what_is_read_reads_the_same_again(text in "[a-c '(){}andort]{0,40}|\\PC{0,30}") {
            if let Ok(condition) = Condition::parse(&text) {
                let shown = condition.to_string();
                let again = Condition::parse(&shown).unwrap();
                prop_assert_eq!(again.to_string(), shown);
            }
        }
    }
}
