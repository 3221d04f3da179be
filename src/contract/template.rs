//! Templates: `sku: sku, customer: $customer`, which say where each text of a key or argument comes from.

use std::ops::Range;

/// One `name: source` of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// What is fed: a key field, or a list's parameter.
    pub name: String,
    /// Where the name stands in the template.
    pub name_span: Range<usize>,
    /// What feeds it.
    pub source: Source,
    /// Where the source stands in the template.
    pub source_span: Range<usize>,
}

/// What feeds a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A field beside this one.
    Sibling(String),
    /// `$argument` or `$argument.field`.
    Argument(Vec<String>),
    /// `'constant'`
    Constant(String),
}

/// A template that does not read: where, and what was expected there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misread {
    pub span: Range<usize>,
    pub expected: &'static str,
}

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, Misread> {
    let mut cursor = Cursor { text, at: 0 };
    let mut parts = Vec::new();
    cursor.skip_blanks();
    while cursor.at < text.len() {
        let (name, name_span) = cursor.word("the name of what is fed")?;
        cursor.symbol(':', "a colon and where the text comes from")?;
        cursor.skip_blanks();
        let start = cursor.at;
        let source = cursor.source()?;
        parts.push(Part { name, name_span, source, source_span: start..cursor.at });
        cursor.skip_blanks();
        if cursor.at < text.len() {
            cursor.symbol(',', "a comma before the next name")?;
            cursor.skip_blanks();
        }
    }
    if parts.is_empty() {
        return Err(Misread { span: 0..text.len(), expected: "`name: source`" });
    }
    Ok(parts)
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn misread<T>(&self, expected: &'static str) -> Result<T, Misread> {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        Err(Misread { span: self.at..self.at + length, expected })
    }

    fn word(&mut self, expected: &'static str) -> Result<(String, Range<usize>), Misread> {
        let length = self.rest().find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest().len());
        if length == 0 || self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            return self.misread(expected);
        }
        let span = self.at..self.at + length;
        self.at = span.end;
        Ok((self.text[span.clone()].to_owned(), span))
    }

    fn symbol(&mut self, symbol: char, expected: &'static str) -> Result<(), Misread> {
        self.skip_blanks();
        if !self.rest().starts_with(symbol) {
            return self.misread(expected);
        }
        self.at += symbol.len_utf8();
        self.skip_blanks();
        Ok(())
    }

    fn source(&mut self) -> Result<Source, Misread> {
        const EXPECTED: &str = "a field, an $argument or a 'constant'";
        if let Some(inner) = self.rest().strip_prefix('\'') {
            let Some(end) = inner.find('\'') else { return self.misread("a constant that ends with a quote") };
            let constant = inner[..end].to_owned();
            self.at += end + 2;
            return Ok(Source::Constant(constant));
        }
        if !self.rest().starts_with('$') {
            return Ok(Source::Sibling(self.word(EXPECTED)?.0));
        }
        self.at += 1;
        let mut path = vec![self.word("an argument's name")?.0];
        while self.rest().starts_with('.') {
            self.at += 1;
            path.push(self.word("an input field's name")?.0);
        }
        Ok(Source::Argument(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_siblings_arguments_and_constants() {
        let parts = parse("sku: sku, customer: $filter.customer , kind:'a b'").unwrap();
        let sources: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.source.clone())).collect();
        assert_eq!(
            sources,
            [
                ("sku", Source::Sibling("sku".into())),
                ("customer", Source::Argument(vec!["filter".into(), "customer".into()])),
                ("kind", Source::Constant("a b".into())),
            ]
        );
        assert_eq!(parts[1].source_span, 20..36);
    }

    #[test]
    fn a_template_that_does_not_read_says_where_and_why() {
        for (text, at) in
            [("", 0), ("sku", 3), ("sku: ", 5), ("sku: 'a", 5), ("a: b c: d", 5), ("a: $", 4), ("ä: b", 0)]
        {
            assert_eq!(parse(text).unwrap_err().span.start, at, "{text}");
        }
    }
}
