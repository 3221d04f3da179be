//! Canonical keys: the text by which an entity is known in the graph, whatever its systems call it.

use compact_str::CompactString;

/// Separates the fields of a key of several fields. A control character that no real key contains.
const SEPARATOR: char = '\u{1f}';

/// The identity of one entity: the canonical text of its key fields, in the order of `@key`.
///
/// Short keys (up to 24 bytes) live inline, so a page of them costs no allocation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(CompactString);

impl Key {
    /// Makes the key of an entity with a single key field.
    pub fn one(text: &str) -> Self {
        Self(CompactString::new(text))
    }

    /// Makes a key from the texts of several fields.
    ///
    /// *Errors*: `None` when a text contains the separator; no entity can have such a key.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut fields = fields.into_iter();
        let first = fields.next().unwrap_or_default();
        let mut joined = CompactString::new(first);
        let mut is_separated = has_separator(first);
        for field in fields {
            is_separated |= has_separator(field);
            joined.push(SEPARATOR);
            joined.push_str(field);
        }
        (!is_separated).then_some(Self(joined))
    }

    /// Reads a key as people write it: the texts of several fields with `|` between them, a single field as it is.
    ///
    /// *Errors*: `None` when there are more or fewer texts than fields, or when one has a control character.
    pub fn parse(text: &str, n_fields: usize) -> Option<Self> {
        if n_fields == 1 {
            return Self::of([text]);
        }
        (text.split('|').count() == n_fields).then(|| Self::of(text.split('|'))).flatten()
    }

    /// Returns the texts of the key's fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.split(SEPARATOR)
    }

    /// Returns the text of the key's `position`th field.
    pub fn field(&self, position: usize) -> Option<&str> {
        // Most keys have one field, which is found without cutting.
        if has_separator(&self.0) { self.fields().nth(position) } else { (position == 0).then_some(&self.0) }
    }

    /// Returns the whole key as one text, fields joined by the separator.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text has the separator inside, which is a single byte.
fn has_separator(text: &str) -> bool {
    text.as_bytes().contains(&(SEPARATOR as u8))
}

impl std::fmt::Display for Key {
    /// Prints the key for people: fields joined by ` / `.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, field) in self.fields().enumerate() {
            if n > 0 {
                f.write_str(" / ")?;
            }
            f.write_str(field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_its_fields() {
        let key = Key::of(["A-100", "SP/1'4\"×"]).expect("no separator inside");
        assert_eq!(key.fields().collect::<Vec<_>>(), ["A-100", "SP/1'4\"×"]);
        assert_eq!(key.to_string(), "A-100 / SP/1'4\"×");
        assert_eq!(Key::one("A-100"), Key::of(["A-100"]).unwrap());
    }

    #[test]
    fn a_written_key_has_as_many_texts_as_its_entity_has_key_fields() {
        assert_eq!(Key::parse("K1|A", 2), Key::of(["K1", "A"]));
        assert_eq!(Key::parse("K1|A", 1), Some(Key::one("K1|A")));
        assert_eq!(Key::parse("K1", 2), None);
        assert_eq!(Key::parse("K1|A|B", 2), None);
    }

    #[test]
    fn a_text_with_the_separator_is_no_key() {
        assert_eq!(Key::of(["a\u{1f}b", "c"]), None);
    }
}
