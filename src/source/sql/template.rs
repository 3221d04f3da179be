//! The template: a binding's query cut at its placeholders.
//!
//! In: SQL as the contract writes it, with `:name` and `in (:name)`. Out: pieces, to be rendered with each kind's own
//! parameters. A `:name` inside a string, a quoted identifier or a comment is text, and so is `::cast`.

/// Whose quoting rules a query follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Dollar quotes, `E''` strings, nested comments.
    Postgres,
    /// Identifiers in backticks and square brackets.
    Sqlite,
}

/// Where a placeholder stands, which decides what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `:name`, one value.
    Scalar,
    /// `in (:name)` or `not in (:name)`, the keyword and parentheses included.
    In {
        /// Whether `not` stood before.
        negated: bool,
    },
    /// `:name` before `is null` or `is not null`.
    NullTest,
}

/// One placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The name, without the colon.
    pub name: String,
    /// Where it stands.
    pub form: Form,
}

/// A query cut at its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The text before each placeholder, and the placeholder.
    pieces: Vec<(String, Placeholder)>,
    rest: String,
}

/// Why a query cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A quote or comment that never ends.
    #[error("read the query: {0} is never closed")]
    Unclosed(&'static str),
    /// A second statement.
    #[error("read the query: it holds more than one statement")]
    SecondStatement,
}

impl Template {
    /// Cuts a query. A semicolon at its end is dropped; one anywhere else would start a second statement.
    pub fn parse(query: &str, dialect: Dialect) -> Result<Self, TemplateError> {
        let mut cut = Cut { query, dialect, at: 0, text: String::new(), code: String::new(), pieces: Vec::new() };
        cut.run()?;
        Ok(Self { pieces: cut.pieces, rest: cut.text })
    }

    /// Returns the placeholders in order of appearance, repeated ones as often as they appear.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().map(|(_, placeholder)| placeholder)
    }

    /// Writes the query with each placeholder rendered; `render` is also told which occurrence it is.
    pub fn render(&self, mut render: impl FnMut(usize, &Placeholder) -> String) -> String {
        let mut sql = String::new();
        for (occurrence, (text, placeholder)) in self.pieces.iter().enumerate() {
            sql.push_str(text);
            sql.push_str(&render(occurrence, placeholder));
        }
        sql.push_str(&self.rest);
        sql
    }
}

struct Cut<'q> {
    query: &'q str,
    dialect: Dialect,
    at: usize,
    text: String,
    /// The text byte by byte, with comments blanked and quoted text masked: where keywords are sought.
    code: String,
    pieces: Vec<(String, Placeholder)>,
}

/// What stands in `code` for a byte of a comment, and for a byte of quoted text.
const BLANK: &str = " ";
const MASK: &str = "\"";

impl<'q> Cut<'q> {
    fn rest(&self) -> &'q str {
        &self.query[self.at..]
    }

    fn run(&mut self) -> Result<(), TemplateError> {
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            match next {
                '\'' if self.dialect == Dialect::Postgres && self.after_escape_prefix() => {
                    self.opaque(escape_string_length(rest).ok_or(TemplateError::Unclosed("a string"))?, MASK);
                }
                '\'' => self.quoted('\'', "a string")?,
                '"' => self.quoted('"', "a quoted identifier")?,
                '`' if self.dialect == Dialect::Sqlite => self.quoted('`', "a quoted identifier")?,
                '[' if self.dialect == Dialect::Sqlite => self.until("]", "a quoted identifier")?,
                '-' if rest.starts_with("--") => self.opaque(rest.find('\n').map_or(rest.len(), |end| end + 1), BLANK),
                '/' if rest.starts_with("/*") => {
                    let nested = self.dialect == Dialect::Postgres;
                    self.opaque(comment_length(rest, nested).ok_or(TemplateError::Unclosed("a comment"))?, BLANK);
                }
                '$' if self.dialect == Dialect::Postgres && !self.inside_word() => match dollar_tag(rest) {
                    Some(tag) => self.until_from(tag, tag.len(), "a dollar-quoted string")?,
                    None => self.plain(1),
                },
                ':' if rest.starts_with("::") => self.plain(2),
                ':' => match name_length(&rest[1..]) {
                    0 => self.plain(1),
                    length => self.placeholder(length),
                },
                ';' if skip_blank(&rest[1..], self.dialect).is_empty() => {
                    self.at = self.query.len();
                }
                ';' => return Err(TemplateError::SecondStatement),
                other => self.plain(other.len_utf8()),
            }
        }
        Ok(())
    }

    fn plain(&mut self, length: usize) {
        let plain = &self.rest()[..length];
        self.text.push_str(plain);
        self.code.push_str(plain);
        self.at += length;
    }

    fn opaque(&mut self, length: usize, mask: &str) {
        self.text.push_str(&self.rest()[..length]);
        self.code.push_str(&mask.repeat(length));
        self.at += length;
    }

    fn quoted(&mut self, quote: char, what: &'static str) -> Result<(), TemplateError> {
        // A doubled quote ends one string and starts the next at once, which reads the same.
        let end = self.rest()[1..].find(quote).ok_or(TemplateError::Unclosed(what))?;
        self.opaque(end + 2, MASK);
        Ok(())
    }

    fn until(&mut self, end: &str, what: &'static str) -> Result<(), TemplateError> {
        self.until_from(end, 0, what)
    }

    fn until_from(&mut self, end: &str, from: usize, what: &'static str) -> Result<(), TemplateError> {
        let found = self.rest()[from..].find(end).ok_or(TemplateError::Unclosed(what))?;
        self.opaque(from + found + end.len(), MASK);
        Ok(())
    }

    fn inside_word(&self) -> bool {
        self.code.chars().next_back().is_some_and(is_name_char)
    }

    fn after_escape_prefix(&self) -> bool {
        let mut before = self.code.chars().rev();
        matches!(before.next(), Some('e' | 'E')) && !before.next().is_some_and(is_name_char)
    }

    fn placeholder(&mut self, name_length: usize) {
        let name = self.rest()[1..=name_length].to_owned();
        self.at += 1 + name_length;
        let after = skip_blank(self.rest(), self.dialect);
        let form = match (self.in_keyword(), after.strip_prefix(')')) {
            (Some((start, negated)), Some(after)) => {
                self.text.truncate(start);
                self.at = self.query.len() - after.len();
                Form::In { negated }
            }
            _ if is_null_test(after, self.dialect) => Form::NullTest,
            _ => Form::Scalar,
        };
        self.pieces.push((std::mem::take(&mut self.text), Placeholder { name, form }));
        self.code.clear();
    }

    /// Finds `in (` or `not in (` at the end of the text: where it starts, and whether it is negated.
    fn in_keyword(&self) -> Option<(usize, bool)> {
        let before = before_word(self.code.trim_end().strip_suffix('(')?, "in")?;
        let (before, negated) = before_word(before, "not").map_or((before, false), |before| (before, true));
        Some((before.len(), negated))
    }
}

/// Returns what stands before `word` where the text ends with it.
fn before_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let text = text.trim_end();
    let start = text.len().checked_sub(word.len())?;
    let matches = text.get(start..)?.eq_ignore_ascii_case(word);
    let before = &text[..if matches { start } else { 0 }];
    (matches && !before.chars().next_back().is_some_and(is_name_char)).then_some(before)
}

fn is_null_test(after: &str, dialect: Dialect) -> bool {
    let Some(rest) = after_word(after, "is", dialect) else { return false };
    after_word(after_word(rest, "not", dialect).unwrap_or(rest), "null", dialect).is_some()
}

/// Returns what follows `word` and the blanks behind it where the text begins with it.
fn after_word<'t>(text: &'t str, word: &str, dialect: Dialect) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    let whole = !rest.chars().next().is_some_and(is_name_char);
    (start.eq_ignore_ascii_case(word) && whole).then(|| skip_blank(rest, dialect))
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return 0;
    }
    text.find(|c: char| !is_name_char(c)).unwrap_or(text.len())
}

/// Returns what follows blanks and comments.
fn skip_blank(mut text: &str, dialect: Dialect) -> &str {
    loop {
        text = text.trim_start();
        let length = if text.starts_with("--") {
            text.find('\n')
        } else if text.starts_with("/*") {
            comment_length(text, dialect == Dialect::Postgres)
        } else {
            return text;
        };
        text = length.map_or("", |length| &text[length..]);
    }
}

fn comment_length(text: &str, nested: bool) -> Option<usize> {
    let (mut depth, mut at) = (1, 2);
    while depth > 0 {
        let close = text[at..].find("*/")?;
        match text[at..].find("/*").filter(|open| nested && *open < close) {
            Some(open) => (depth, at) = (depth + 1, at + open + 2),
            None => (depth, at) = (depth - 1, at + close + 2),
        }
    }
    Some(at)
}

/// The length of an `E''` string, where a backslash escapes the quote.
fn escape_string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The opening tag of a dollar-quoted string: `$$` or `$tag$`.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 1;
    let tag = &text[1..end];
    (tag.is_empty() || name_length(tag) == tag.len()).then(|| &text[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(query: &str) -> String {
        let template = Template::parse(query, Dialect::Postgres).unwrap();
        template.render(|_, placeholder| match placeholder.form {
            Form::Scalar => format!("<{}>", placeholder.name),
            Form::NullTest => format!("<{}?>", placeholder.name),
            Form::In { negated } => format!("<{}in {}>", if negated { "not " } else { "" }, placeholder.name),
        })
    }

    #[test]
    fn placeholders_are_found_where_they_stand() {
        for (query, expected) in [
            ("a in (:keys)", "a <in keys>"),
            ("a IN ( :keys ) and b", "a <in keys> and b"),
            ("(a, b) in (:keys)", "(a, b) <in keys>"),
            ("a not in (:x)", "a <not in x>"),
            ("begin (:x)", "begin (<x>)"),
            ("f(:x)", "f(<x>)"),
            ("(:s is null or s = :s)", "(<s?> is null or s = <s>)"),
            ("(:s is not null)", "(<s?> is not null)"),
            ("a in /* of */ ( -- all\n :keys /* asked */ )", "a <in keys>"),
            ("(:s /* given */ is null)", "(<s?> /* given */ is null)"),
            ("'not in (' (:x)", "'not in (' (<x>)"),
            (":s is nullable", "<s> is nullable"),
            ("a = :x::int", "a = <x>::int"),
        ] {
            assert_eq!(cut(query), expected, "{query}");
        }
    }

    #[test]
    fn quotes_comments_and_casts_are_text() {
        for query in [
            "select ':a', 'it''s :a', \":a\"",
            "select 1::int -- :a in (\n",
            "/* :a /* :b */ :c */ select 1",
            "select $$ :a $$, $t$ :a $$ $t$",
            r"select e'\' :a', E'\\'",
            "select a[1:2]",
            "select 'é :a'",
        ] {
            assert_eq!(cut(query), query);
        }
        assert_eq!(cut("select e'\\' ' , :a"), "select e'\\' ' , <a>");
        assert_eq!(cut("select '\\', :a"), "select '\\', <a>");
        let sqlite = Template::parse("select [:a], `:b` in (:keys)", Dialect::Sqlite).unwrap();
        assert_eq!(sqlite.placeholders().count(), 1);
    }

    #[test]
    fn one_statement_and_closed_quotes_are_required() {
        let parse = |query| Template::parse(query, Dialect::Postgres);
        assert_eq!(cut("select 1 ; -- done\n /* yes */ "), "select 1 ");
        assert_eq!(parse("select 1; delete from item"), Err(TemplateError::SecondStatement));
        assert_eq!(parse("select 'a"), Err(TemplateError::Unclosed("a string")));
        assert_eq!(parse("select /* a"), Err(TemplateError::Unclosed("a comment")));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut_or_refused(text in "[a-z:;'\"$/*\\-\\[\\]`() é\n]{0,40}") {
            let _ = Template::parse(&text, Dialect::Postgres);
            let _ = Template::parse(&text, Dialect::Sqlite);
        }
    }
}
