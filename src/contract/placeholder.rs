//! Placeholders: the `:names` in an owner's SQL, found without understanding the SQL.
//!
//! In: SQL as written. Out: where each placeholder stands and how it is used. Text inside strings, quoted names, comments
//! and dollar quotes is not looked at, and `::` is a cast.

use std::ops::Range;

/// One `:name` in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// Its name, without the colon.
    pub name: String,
    /// Where it stands in the query, colon included.
    pub span: Range<usize>,
    /// How it is used.
    pub usage: Usage,
}

/// How a placeholder is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// One value, anywhere an expression may stand.
    Value,
    /// `:name is null` or `:name is not null`: whether it was given.
    NullTest,
    /// `in (:name)`: a list of values.
    InList {
        /// Where `in (:name)` stands.
        span: Range<usize>,
        /// Whether a row stands on the left: `(a, b) in (:keys)`.
        row: bool,
    },
}

/// Quoted text or a comment that never ends; where it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclosed {
    /// The byte at which it opens.
    pub at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Word,
    Placeholder,
    Quoted,
    Symbol,
}

/// Finds the placeholders of a query, in order.
///
/// *Errors*: a quote or a comment that is never closed.
pub fn placeholders(sql: &str) -> Result<Vec<Placeholder>, Unclosed> {
    let tokens = tokens(sql)?;
    let text = |n: usize| tokens.get(n).map_or("", |(_, span)| &sql[span.clone()]);
    let word = |n: usize, word: &str| text(n).eq_ignore_ascii_case(word);
    let mut found = Vec::new();
    for (n, (kind, span)) in tokens.iter().enumerate() {
        if *kind != Token::Placeholder {
            continue;
        }
        let in_list = n >= 2 && text(n - 1) == "(" && word(n - 2, "in") && text(n + 1) == ")";
        let usage = if in_list {
            let row = n >= 3 && text(n - 3) == ")" && row_before(&tokens, sql, n - 3);
            Usage::InList { span: tokens[n - 2].1.start..tokens[n + 1].1.end, row }
        } else if word(n + 1, "is") && (word(n + 2, "null") || (word(n + 2, "not") && word(n + 3, "null"))) {
            Usage::NullTest
        } else {
            Usage::Value
        };
        found.push(Placeholder { name: sql[span.start + 1..span.end].to_owned(), span: span.clone(), usage });
    }
    Ok(found)
}

/// Prints a query with comments left out and blanks outside of quotes made single, so that two queries that differ in
/// layout alone print the same.
///
/// *Shape*: the query as it is, when it does not read.
pub fn canonical(sql: &str) -> String {
    let Ok(tokens) = tokens(sql) else { return sql.to_owned() };
    let mut out = String::with_capacity(sql.len());
    let mut end = 0;
    for (_, span) in tokens {
        if span.start > end && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&sql[span.clone()]);
        end = span.end;
    }
    out
}

/// Whether the parenthesis that closes at token `close` holds a comma at its own level: `(a, b)`.
fn row_before(tokens: &[(Token, Range<usize>)], sql: &str, close: usize) -> bool {
    let mut depth = 0usize;
    for (_, span) in tokens[..=close].iter().rev() {
        match &sql[span.clone()] {
            ")" => depth += 1,
            "(" if depth == 1 => return false,
            "(" => depth -= 1,
            "," if depth == 1 => return true,
            _ => {}
        }
    }
    false
}

fn tokens(sql: &str) -> Result<Vec<(Token, Range<usize>)>, Unclosed> {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (kind, length) = match rest[0] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if rest.starts_with(b"--") => {
                at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                continue;
            }
            b'/' if rest.starts_with(b"/*") => {
                at += comment(rest).ok_or(Unclosed { at })?;
                continue;
            }
            b'\'' => {
                let escapes = matches!(tokens.last(), Some((Token::Word, span)) if escape_prefix(sql, span, at));
                (Token::Quoted, quoted(rest, escapes).ok_or(Unclosed { at })?)
            }
            b'"' | b'`' => (Token::Quoted, quoted(rest, false).ok_or(Unclosed { at })?),
            b'$' => match dollar_tag(rest) {
                Some(tag) => {
                    let body = sql[at + tag..].find(&sql[at..at + tag]).ok_or(Unclosed { at })?;
                    (Token::Quoted, tag + body + tag)
                }
                None => (Token::Symbol, 1),
            },
            b':' if rest.starts_with(b"::") => (Token::Symbol, 2),
            b':' if rest.get(1).is_some_and(|b| is_word_start(*b)) => (Token::Placeholder, 1 + word_length(&rest[1..])),
            byte if is_word_start(byte) || byte.is_ascii_digit() => (Token::Word, word_length(rest)),
            _ => (Token::Symbol, 1),
        };
        tokens.push((kind, at..at + length));
        at += length;
    }
    Ok(tokens)
}

/// Whether the word directly before a quote makes it an escape string: `E'it\'s'`.
fn escape_prefix(sql: &str, span: &Range<usize>, quote: usize) -> bool {
    span.end == quote && sql[span.clone()].eq_ignore_ascii_case("e")
}

fn quoted(rest: &[u8], escapes: bool) -> Option<usize> {
    let quote = rest[0];
    let mut at = 1;
    loop {
        match *rest.get(at)? {
            b'\\' if escapes => at += 2,
            byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// The length of a `/* comment */`; comments may stand in comments.
fn comment(rest: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        match rest.get(at..at + 2)? {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// The length of `$tag$`, where one begins here.
fn dollar_tag(rest: &[u8]) -> Option<usize> {
    let word = rest[1..].iter().take_while(|b| is_word_start(**b) || b.is_ascii_digit()).count();
    let starts_with_digit = rest.get(1).is_some_and(u8::is_ascii_digit);
    (!starts_with_digit && rest.get(1 + word) == Some(&b'$')).then_some(word + 2)
}

fn word_length(rest: &[u8]) -> usize {
    rest.iter().take_while(|b| is_word_start(**b) || b.is_ascii_digit()).count()
}

/// Letters beyond ASCII are letters of names in every system we know.
fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str) -> Vec<String> {
        placeholders(sql).unwrap().into_iter().map(|p| p.name).collect()
    }

    #[test]
    fn quotes_comments_and_casts_hide_no_and_make_no_placeholder() {
        let sql = "select ':a', \"b:b\", E'it\\':c', $$ :d $$, $t$ :e $t$, x::text -- :f\n /* :g /* :h */ :i */ \
                   from t where a = :real and b in (:keys) and c[1] = :größe";
        assert_eq!(names(sql), ["real", "keys", "größe"]);
        for (sql, at) in [("select 'a", 7), ("select /* :a", 7), ("select $$ a", 7), ("\"", 0)] {
            assert_eq!(placeholders(sql), Err(Unclosed { at }), "{sql}");
        }
    }

    #[test]
    fn usages_are_told_apart() {
        let sql = "where (a, b) in ( :keys ) and (f(x, y)) IN (:one) and (:s is null or s = :s) and :t is not null";
        let usages: Vec<Usage> = placeholders(sql).unwrap().into_iter().map(|p| p.usage).collect();
        assert_eq!(usages[0], Usage::InList { span: 13..25, row: true });
        assert!(matches!(usages[1], Usage::InList { row: false, .. }));
        assert_eq!(usages[2..], [Usage::NullTest, Usage::Value, Usage::NullTest]);
    }

    #[test]
    fn layout_and_comments_do_not_change_the_canonical_text() {
        let a = canonical("select  a, 'x  y'\n  from t -- why\n where b = :b");
        assert_eq!(a, "select a, 'x  y' from t where b = :b");
        assert_eq!(canonical(&a), a);
    }
}
