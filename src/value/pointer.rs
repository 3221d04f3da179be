//! Pointers: the way to a value inside a JSON document, as a binding writes it.
//!
//! A JSON Pointer (RFC 6901) with two more kinds of step: `*` goes to every element of an array or member of an object,
//! and `[language=de]` to the first element of an array whose members say so.

use serde_json::Value;

/// The way to a value; by default to the whole document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pointer(Vec<Step>);

/// One step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A member of an object, or an element of an array by its number.
    To(String),
    /// Every element or member.
    Every,
    /// The first element of an array whose members have these texts.
    Where(Vec<(String, String)>),
}

/// Why a text is no pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It does not begin with a slash.
    #[error("`{0}` does not begin with a slash")]
    Start(String),
    /// A step in brackets that does not say `member=text`.
    #[error("`{0}` does not say which member has which text")]
    Condition(String),
}

impl Pointer {
    /// Reads a pointer; the empty text points at the whole document.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let steps = text.strip_prefix('/').ok_or_else(|| PointerError::Start(text.to_owned()))?;
        steps.split('/').map(Step::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the pointer to a member of the document.
    pub fn member(name: &str) -> Self {
        Self(vec![Step::To(name.to_owned())])
    }

    /// Whether it may point at several values.
    pub fn is_many(&self) -> bool {
        self.0.contains(&Step::Every)
    }

    /// Returns the one value it points at, or the first of several.
    pub fn one<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        let mut found = None;
        walk(&self.0, document, &mut |value| {
            found.get_or_insert(value);
        });
        found
    }

    /// Returns all values it points at.
    pub fn all<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        let mut found = Vec::new();
        walk(&self.0, document, &mut |value| found.push(value));
        found
    }

    /// Returns the names of the members on the way, where it is one of names alone.
    pub fn names(&self) -> Option<Vec<&str>> {
        let names = self.0.iter().map(|step| match step {
            Step::To(name) => Some(name.as_str()),
            Step::Every | Step::Where(_) => None,
        });
        names.collect()
    }

    /// Returns the members that must be there for the way to be walked: their paths from the document.
    pub fn members(&self) -> Vec<Vec<&str>> {
        let (mut path, mut paths) = (Vec::new(), Vec::new());
        for step in &self.0 {
            match step {
                // A number may be an element's; no member that a schema declares begins with a digit.
                Step::To(name) if !name.starts_with(|c: char| c.is_ascii_digit()) => path.push(name.as_str()),
                Step::To(_) | Step::Every => {}
                Step::Where(conditions) => {
                    paths.extend(
                        conditions
                            .iter()
                            .map(|(name, _)| path.iter().copied().chain([name.as_str()]).collect::<Vec<_>>()),
                    );
                }
            }
        }
        paths.push(path);
        paths
    }

    /// Returns the name of the member where the way starts, if it starts at one.
    pub fn first_member(&self) -> Option<&str> {
        match self.0.first()? {
            Step::To(name) => Some(name),
            Step::Every | Step::Where(_) => None,
        }
    }
}

impl std::fmt::Display for Pointer {
    /// Prints the pointer as a binding writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.0 {
            match step {
                Step::To(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?,
                Step::Every => f.write_str("/*")?,
                Step::Where(conditions) => {
                    let terms: Vec<String> = conditions.iter().map(|(name, text)| format!("{name}={text}")).collect();
                    write!(f, "/[{}]", terms.join(","))?;
                }
            }
        }
        Ok(())
    }
}

impl Step {
    fn parse(text: &str) -> Result<Self, PointerError> {
        let plain = |text: &str| text.replace("~1", "/").replace("~0", "~");
        if text == "*" {
            return Ok(Self::Every);
        }
        let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
            return Ok(Self::To(plain(text)));
        };
        let condition = |term: &str| {
            let (name, wanted) = term.split_once('=')?;
            (!name.trim().is_empty()).then(|| (plain(name.trim()), plain(wanted.trim())))
        };
        let conditions = inner.split(',').map(condition).collect::<Option<Vec<_>>>();
        conditions.map(Self::Where).ok_or_else(|| PointerError::Condition(text.to_owned()))
    }
}

fn walk<'v>(steps: &[Step], value: &'v Value, found: &mut impl FnMut(&'v Value)) {
    let Some((step, rest)) = steps.split_first() else { return found(value) };
    match (step, value) {
        (Step::To(name), Value::Object(members)) => {
            if let Some(value) = members.get(name) {
                walk(rest, value, found);
            }
        }
        (Step::To(number), Value::Array(items)) => {
            if let Some(value) = number.parse::<usize>().ok().and_then(|number| items.get(number)) {
                walk(rest, value, found);
            }
        }
        (Step::Every, Value::Array(items)) => items.iter().for_each(|value| walk(rest, value, found)),
        (Step::Every, Value::Object(members)) => members.values().for_each(|value| walk(rest, value, found)),
        (Step::Where(conditions), Value::Array(items)) => {
            let fits = |item: &&Value| conditions.iter().all(|(name, wanted)| says(item.get(name), wanted));
            if let Some(value) = items.iter().find(fits) {
                walk(rest, value, found);
            }
        }
        _ => {}
    }
}

/// Whether a member has a text; one that is missing or null has the text `null`.
fn says(member: Option<&Value>, wanted: &str) -> bool {
    match member {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Number(number)) => number.to_string() == wanted,
        Some(Value::Bool(value)) => value.to_string() == wanted,
        None | Some(Value::Null) => wanted == "null",
        Some(Value::Array(_) | Value::Object(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_finds_members_elements_and_what_is_said_of_them() {
        let document = json!({
            "a/b": {"~": 1},
            "names": [{"language": "en", "text": "bolt"}, {"language": "de", "scope": null, "text": "Schraube"}],
            "by_sku": {"A": {"n": 1}, "B": {"n": 2}},
        });
        let all = |text: &str| {
            let found = Pointer::parse(text).unwrap();
            assert_eq!(found.to_string(), text);
            Value::Array(found.all(&document).into_iter().cloned().collect())
        };
        assert_eq!(all("/a~1b/~0"), json!([1]));
        assert_eq!(all("/names/1/text"), json!(["Schraube"]));
        assert_eq!(all("/names/[language=de,scope=null]/text"), json!(["Schraube"]));
        assert_eq!(all("/names/[language=fr]/text"), json!([]));
        assert_eq!(all("/names/*/text"), json!(["bolt", "Schraube"]));
        assert_eq!(all("/by_sku/*/n"), json!([1, 2]));
        assert_eq!(Pointer::parse("").unwrap().one(&document), Some(&document));
        let conditional = Pointer::parse("/names/[language=de]/text").unwrap();
        assert_eq!(conditional.members(), [["names", "language"], ["names", "text"]]);
        assert_eq!(Pointer::parse("/values/0/data").unwrap().members(), [["values", "data"]]);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        assert!(Pointer::parse("name").is_err());
        assert!(Pointer::parse("/names/[de]").is_err());
        assert!(Pointer::parse("/names/[=de]").is_err());
    }
}
