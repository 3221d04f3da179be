//! Templates: texts and JSON values with `{placeholders}`, as a REST binding writes them. Pure.
//!
//! In: a text, or a TOML value. Out: what is written as it is and where values go. One rule for all of them: `{keys}` are
//! all keys, joined, or as a JSON array where a value is exactly that; an array of one element that names a `{key}` is
//! repeated for every key; a `{key}` anywhere else makes one call for each key that differs in it.

use serde_json::{Number, Value};
use toml::{Spanned, de::DeValue};

use super::super::super::reader::{Reader, Text};
use crate::diagnostic::Place;

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTemplate(pub Vec<Piece>);

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Written as it is.
    Text(String),
    /// A value goes here.
    Blank(Blank),
}

/// `{name}`, `{name.member}` or `{name:number}`: where a value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blank {
    /// `keys`, `key`, or a list's parameter.
    pub name: String,
    /// One field of a key, or one column of a list's cursor.
    pub member: Option<String>,
    /// What a JSON value becomes that is nothing else.
    pub form: BlankForm,
}

/// What a JSON value becomes that is nothing but a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlankForm {
    /// A text.
    Text,
    /// `:number`
    Number,
    /// `:boolean`
    Boolean,
}

/// A JSON value with placeholders.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueTemplate {
    /// A number, true or false.
    Constant(Value),
    /// A text. One that is nothing but a placeholder for many values becomes an array.
    Text(TextTemplate),
    /// An array.
    Array(Vec<ValueTemplate>),
    /// An array of one element for each key, or for each value of a list's parameter.
    Each(Box<ValueTemplate>),
    /// An object, in the order written or by name, as TOML keeps it.
    Table(Vec<(String, ValueTemplate)>),
}

/// A placeholder as used.
#[derive(Debug, Clone)]
pub struct BlankUse {
    /// The placeholder.
    pub blank: Blank,
    /// The text it stands in.
    pub place: Place,
}

/// Which texts with placeholders mean what in a binding: in a group `{key}` repeats an array, in a list any parameter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blanks {
    /// Those of a group.
    #[default]
    OfKeys,
    /// Those of a list.
    OfParameters,
}

impl Blanks {
    fn repeats(self, blank: &Blank) -> bool {
        match self {
            Self::OfKeys => blank.name == "key",
            Self::OfParameters => !matches!(blank.name.as_str(), "first" | "after"),
        }
    }
}

impl TextTemplate {
    /// Reads a text; `{{` and `}}` are braces.
    ///
    /// *Errors*: what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err("a `}` closes nothing".to_owned());
            }
            let end = rest.find('}').ok_or("a `{` is never closed")?;
            let blank = Blank::parse(&rest[..end]).ok_or_else(|| format!("`{{{}}}` names nothing", &rest[..end]))?;
            rest = &rest[end + 1..];
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Blank(blank));
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// Returns its placeholders.
    pub fn blanks(&self) -> impl Iterator<Item = &Blank> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Blank(blank) => Some(blank),
            Piece::Text(_) => None,
        })
    }

    /// Returns the placeholder that it is and nothing else.
    pub fn only_blank(&self) -> Option<&Blank> {
        match self.0.as_slice() {
            [Piece::Blank(blank)] => Some(blank),
            _ => None,
        }
    }
}

impl Blank {
    fn parse(text: &str) -> Option<Self> {
        let (path, form) = match text.split_once(':') {
            None => (text, BlankForm::Text),
            Some((path, "number")) => (path, BlankForm::Number),
            Some((path, "boolean")) => (path, BlankForm::Boolean),
            Some(_) => return None,
        };
        let (name, member) = path.split_once('.').map_or((path, None), |(name, member)| (name, Some(member)));
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
        let known = is_word(name) && member.is_none_or(is_word);
        known.then(|| Self { name: name.to_owned(), member: member.map(str::to_owned), form })
    }
}

impl ValueTemplate {
    /// Returns the placeholders of a value, and whether each is repeated.
    pub fn blanks(&self) -> Vec<(&Blank, bool)> {
        let mut found = Vec::new();
        self.collect(false, &mut found);
        found
    }

    /// Finds the arrays that are repeated: those of one element that names what repeats, the nearest around it.
    fn repeated(self, blanks: Blanks) -> Self {
        match self {
            Self::Array(mut items) if items.len() == 1 && items[0].names(blanks) => {
                Self::Each(Box::new(items.remove(0)))
            }
            Self::Array(items) => Self::Array(items.into_iter().map(|item| item.repeated(blanks)).collect()),
            Self::Table(members) => {
                Self::Table(members.into_iter().map(|(name, value)| (name, value.repeated(blanks))).collect())
            }
            other => other,
        }
    }

    /// Whether it names what repeats, with no array of one element between.
    fn names(&self, blanks: Blanks) -> bool {
        match self {
            Self::Constant(_) => false,
            Self::Text(text) => text.blanks().any(|blank| blanks.repeats(blank)),
            Self::Array(items) => items.len() != 1 && items.iter().any(|item| item.names(blanks)),
            Self::Each(item) => item.names(blanks),
            Self::Table(members) => members.iter().any(|(_, value)| value.names(blanks)),
        }
    }

    fn collect<'t>(&'t self, repeated: bool, found: &mut Vec<(&'t Blank, bool)>) {
        match self {
            Self::Constant(_) => {}
            Self::Text(text) => found.extend(text.blanks().map(|blank| (blank, repeated))),
            Self::Array(items) => items.iter().for_each(|item| item.collect(repeated, found)),
            Self::Each(item) => item.collect(true, found),
            Self::Table(members) => members.iter().for_each(|(_, value)| value.collect(repeated, found)),
        }
    }
}

/// Reads templates and keeps the placeholders they use.
pub struct Templates<'u> {
    /// What placeholders mean here.
    pub blanks: Blanks,
    /// The placeholders found so far.
    pub uses: &'u mut Vec<BlankUse>,
}

impl Templates<'_> {
    /// Reads a text.
    pub fn text(&mut self, text: &Text, reader: &mut Reader<'_>) -> Option<TextTemplate> {
        let read = self.template(text, reader)?;
        self.uses.extend(read.blanks().map(|blank| BlankUse { blank: blank.clone(), place: text.place }));
        Some(read)
    }

    /// Reads a value.
    pub fn value(&mut self, value: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<ValueTemplate> {
        let place = reader.place(value);
        let read = self.nested(value, reader)?.repeated(self.blanks);
        let blanks = read.blanks().into_iter();
        self.uses.extend(blanks.map(|(blank, _)| BlankUse { blank: blank.clone(), place }));
        Some(read)
    }

    fn template(&self, text: &Text, reader: &mut Reader<'_>) -> Option<TextTemplate> {
        let read = TextTemplate::parse(&text.text);
        if let Err(said) = &read {
            reader.findings.fault(
                "TEMPLATE",
                text.place,
                format!("this cannot be filled in: {said}"),
                "write {name}, {name.field} or {name:number} where a value goes, and {{ for a brace",
            );
        }
        read.ok()
    }

    fn nested(&self, value: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) -> Option<ValueTemplate> {
        let number = |text: &str| text.replace(['_', '+'], "").parse::<Number>().ok().map(Value::Number);
        let constant = match value.get_ref() {
            DeValue::String(text) => {
                let text = Text { text: text.to_string(), place: reader.place(value) };
                return self.template(&text, reader).map(ValueTemplate::Text);
            }
            DeValue::Array(items) => {
                let read = items.iter().map(|item| self.nested(item, reader)).collect::<Option<Vec<_>>>();
                return read.map(ValueTemplate::Array);
            }
            DeValue::Table(members) => {
                let read =
                    members.iter().map(|(name, value)| Some((name.get_ref().to_string(), self.nested(value, reader)?)));
                return read.collect::<Option<Vec<_>>>().map(ValueTemplate::Table);
            }
            DeValue::Boolean(value) => Some(Value::Bool(*value)),
            DeValue::Integer(digits) if digits.radix() == 10 => number(digits.as_str()),
            DeValue::Float(digits) => number(digits.as_str()),
            _ => None,
        };
        if constant.is_none() {
            reader.findings.fault(
                "TEMPLATE",
                reader.place(value),
                "this is no JSON value",
                "write a text, a decimal number, true, false, an array or a table",
            );
        }
        constant.map(ValueTemplate::Constant)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_at_its_placeholders() {
        let read = TextTemplate::parse("/a/{{x}}/{key.sku:number}?b={keys}").unwrap();
        let blanks: Vec<&Blank> = read.blanks().collect();
        assert_eq!(read.0[0], Piece::Text("/a/{x}/".to_owned()));
        assert_eq!((blanks[0].name.as_str(), blanks[0].member.as_deref()), ("key", Some("sku")));
        assert_eq!((blanks[0].form, blanks[1].form), (BlankForm::Number, BlankForm::Text));
        assert!(TextTemplate::parse("{keys}").unwrap().only_blank().is_some());
        for wrong in ["{", "}", "{}", "{a.}", "{a:int}", "{a b}", "{\"a\":1}"] {
            assert!(TextTemplate::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a{}.:k \"]{0,24}") {
            let _ = TextTemplate::parse(&text);
        }

        #[test]
        fn a_text_without_braces_is_itself(text in "[^{}]{1,24}") {
            prop_assert_eq!(TextTemplate::parse(&text), Ok(TextTemplate(vec![Piece::Text(text)])));
        }
    }
}
