//! The template: a binding's query cut at its placeholders.
//!
//! In: SQL as the contract writes it. Out: pieces, to be rendered with each kind's own parameters.

use crate::contract::{Unreadable, Usage, scan};

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
    /// The fields of the row before it: of `(a, b) in (:keys)`, `a` and `b`.
    pub row: Vec<String>,
}

/// A query cut at its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    rest: String,
}

/// A placeholder and what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    text: String,
    /// The row before `in`, with what lies between.
    row: String,
    placeholder: Placeholder,
}

impl Template {
    /// Cuts a query. A semicolon at its end is dropped; one anywhere else would start a second statement.
    pub fn parse(query: &str) -> Result<Self, Unreadable> {
        let scanned = scan(query)?;
        let mut pieces = Vec::new();
        let mut at = 0;
        for placeholder in scanned.placeholders {
            let (form, span, row) = match placeholder.usage {
                Usage::Value => (Form::Scalar, placeholder.span, None),
                Usage::NullTest => (Form::NullTest, placeholder.span, None),
                Usage::InList { span, negated, row } => (Form::In { negated }, span, row),
            };
            let row_start = row.as_ref().map_or(span.start, |row| row.span.start);
            let fields = row.into_iter().flat_map(|row| row.fields).map(|field| query[field].trim().to_owned());
            pieces.push(Piece {
                text: query[at..row_start].to_owned(),
                row: query[row_start..span.start].to_owned(),
                placeholder: Placeholder { name: placeholder.name, form, row: fields.collect() },
            });
            at = span.end;
        }
        Ok(Self { pieces, rest: query[at..scanned.end].to_owned() })
    }

    /// Returns the placeholders in order of appearance, repeated ones as often as they appear.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().map(|piece| &piece.placeholder)
    }

    /// Writes the query with each placeholder rendered; `render` is also told which occurrence it is.
    pub fn render(&self, mut render: impl FnMut(usize, &Placeholder) -> String) -> String {
        self.render_rows(|occurrence, placeholder, row| format!("{row}{}", render(occurrence, placeholder)))
    }

    /// Writes the query with each placeholder rendered together with the row before it, whose text `render` is told.
    pub fn render_rows(&self, mut render: impl FnMut(usize, &Placeholder, &str) -> String) -> String {
        let mut sql = String::new();
        for (occurrence, piece) in self.pieces.iter().enumerate() {
            sql.push_str(&piece.text);
            sql.push_str(&render(occurrence, &piece.placeholder, &piece.row));
        }
        sql.push_str(&self.rest);
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(query: &str) -> String {
        let template = Template::parse(query).unwrap();
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
        assert_eq!(cut("select `:b` in (:keys)"), "select `:b` <in keys>");
    }

    #[test]
    fn one_statement_and_closed_quotes_are_required() {
        let parse = Template::parse;
        assert_eq!(cut("select 1 ; -- done\n /* yes */ "), "select 1 ");
        assert_eq!(parse("select 1; delete from item"), Err(Unreadable::SecondStatement(8)));
        assert_eq!(parse("select 'a"), Err(Unreadable::Unclosed(7)));
        assert_eq!(parse("select /* a"), Err(Unreadable::Unclosed(7)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut_or_refused(text in "[a-z:;'\"$/*\\-\\[\\]`() é\n]{0,40}") {
            let _ = Template::parse(&text);
        }
    }
}
