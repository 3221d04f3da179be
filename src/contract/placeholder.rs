//! Placeholders: the `:names` in an owner's SQL, found without understanding the SQL.
//!
//! In: SQL as written. Out: where each placeholder stands and how it is used, and where the statement ends. Text inside
//! strings, quoted names, comments and dollar quotes is not looked at, and `::` is a cast.

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
    /// `in (:name)` or `not in (:name)`: a list of values.
    InList {
        /// Where it stands, `not` included.
        span: Range<usize>,
        /// The row on the left, where there is one: `(a, b) in (:keys)`.
        row: Option<RowBefore>,
        /// Whether `not` stands before it.
        negated: bool,
    },
}

/// A row before `in`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowBefore {
    /// Where it stands, parentheses included.
    pub span: Range<usize>,
    /// Where each of its fields stands.
    pub fields: Vec<Range<usize>>,
}

/// A query that has been looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Its placeholders, in order.
    pub placeholders: Vec<Placeholder>,
    /// Where the statement ends: before a semicolon that closes it.
    pub end: usize,
}

/// Why a query cannot be looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Quoted text or a comment that never ends; the byte at which it opens.
    #[error("read the query: a quote or comment is never closed")]
    Unclosed(usize),
    /// A second statement; the byte of the semicolon before it.
    #[error("read the query: it holds more than one statement")]
    SecondStatement(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Word,
    Placeholder,
    Quoted,
    Symbol,
}

/// Finds the placeholders of a query and where its one statement ends.
pub fn scan(sql: &str) -> Result<Scanned, Unreadable> {
    let mut tokens = tokens(sql)?;
    let mut end = sql.len();
    if let Some(n) = tokens.iter().position(|(_, span)| &sql[span.clone()] == ";") {
        end = tokens[n].1.start;
        if tokens[n..].iter().any(|(_, span)| &sql[span.clone()] != ";") {
            return Err(Unreadable::SecondStatement(end));
        }
        tokens.truncate(n);
    }
    let text = |n: usize| tokens.get(n).map_or("", |(_, span)| &sql[span.clone()]);
    let word = |n: usize, word: &str| text(n).eq_ignore_ascii_case(word);
    let mut found = Vec::new();
    for (n, (kind, span)) in tokens.iter().enumerate() {
        if *kind != Token::Placeholder {
            continue;
        }
        let in_list = n >= 2 && text(n - 1) == "(" && word(n - 2, "in") && text(n + 1) == ")";
        let usage = if in_list {
            let negated = n >= 3 && word(n - 3, "not");
            let first = if negated { n - 3 } else { n - 2 };
            let closes = first >= 1 && text(first - 1) == ")";
            let row = if closes { row_before(&tokens, sql, first - 1) } else { None };
            Usage::InList { span: tokens[first].1.start..tokens[n + 1].1.end, row, negated }
        } else if word(n + 1, "is") && (word(n + 2, "null") || (word(n + 2, "not") && word(n + 3, "null"))) {
            Usage::NullTest
        } else {
            Usage::Value
        };
        found.push(Placeholder { name: sql[span.start + 1..span.end].to_owned(), span: span.clone(), usage });
    }
    Ok(Scanned { placeholders: found, end })
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

/// Finds the row that closes at token `close`: a parenthesis with a comma at its own level, `(a, b)`.
fn row_before(tokens: &[(Token, Range<usize>)], sql: &str, close: usize) -> Option<RowBefore> {
    let mut depth = 0usize;
    let mut fields = Vec::new();
    let mut end = tokens[close].1.start;
    for (_, span) in tokens[..=close].iter().rev() {
        match &sql[span.clone()] {
            ")" => depth += 1,
            "(" if depth == 1 => {
                fields.push(span.end..end);
                fields.reverse();
                let span = span.start..tokens[close].1.end;
                return (fields.len() > 1).then_some(RowBefore { span, fields });
            }
            "(" => depth -= 1,
            "," if depth == 1 => {
                fields.push(span.end..end);
                end = span.start;
            }
            _ => {}
        }
    }
    None
}

fn tokens(sql: &str) -> Result<Vec<(Token, Range<usize>)>, Unreadable> {
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
                at += comment(rest).ok_or(Unreadable::Unclosed(at))?;
                continue;
            }
            b'\'' => {
                let escapes = matches!(tokens.last(), Some((Token::Word, span)) if escape_prefix(sql, span, at));
                (Token::Quoted, quoted(rest, escapes).ok_or(Unreadable::Unclosed(at))?)
            }
            b'"' | b'`' => (Token::Quoted, quoted(rest, false).ok_or(Unreadable::Unclosed(at))?),
            b'$' => match dollar_tag(rest) {
                Some(tag) => {
                    let body = sql[at + tag..].find(&sql[at..at + tag]).ok_or(Unreadable::Unclosed(at))?;
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
        scan(sql).unwrap().placeholders.into_iter().map(|p| p.name).collect()
    }

    #[test]
    fn quotes_comments_and_casts_hide_no_and_make_no_placeholder() {
        let sql = "select ':a', \"b:b\", E'it\\':c', $$ :d $$, $t$ :e $t$, x::text -- :f\n /* :g /* :h */ :i */ \
                   from t where a = :real and b in (:keys) and c[1] = :größe";
        assert_eq!(names(sql), ["real", "keys", "größe"]);
        for (sql, at) in [("select 'a", 7), ("select /* :a", 7), ("select $$ a", 7), ("\"", 0)] {
            assert_eq!(scan(sql), Err(Unreadable::Unclosed(at)), "{sql}");
        }
    }

    #[test]
    fn usages_are_told_apart() {
        let sql = "where (a, b) in ( :keys ) and (f(x, y)) IN (:one) and (:s is null or s = :s) and :t is not null";
        let usages: Vec<Usage> = scan(sql).unwrap().placeholders.into_iter().map(|p| p.usage).collect();
        let row = RowBefore { span: 6..12, fields: vec![7..8, 9..11] };
        assert_eq!(usages[0], Usage::InList { span: 13..25, row: Some(row), negated: false });
        assert!(matches!(usages[1], Usage::InList { row: None, negated: false, .. }));
        assert_eq!(usages[2..], [Usage::NullTest, Usage::Value, Usage::NullTest]);
    }

    #[test]
    fn layout_and_comments_do_not_change_the_canonical_text() {
        let a = canonical("select  a, 'x  y'\n  from t -- why\n where b = :b");
        assert_eq!(a, "select a, 'x  y' from t where b = :b");
        assert_eq!(canonical(&a), a);
    }
}
