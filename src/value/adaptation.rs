//! Adaptations: the few ways a binding may bend an owner's value into the graph's, and nothing else does.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

/// How the values of one field are adapted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adaptation {
    /// Cuts the blanks a fixed-width column is padded with.
    pub trim: bool,
    /// Moves the decimal point left by so many digits: 2 makes `41200` minor units `412.00`.
    pub scale: Option<u32>,
    /// The owner's word → the graph's. A word that is not listed is a fault, never a default.
    pub words: Option<BTreeMap<String, String>>,
}

/// How a group's values are adapted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adaptations {
    /// By the field's path in the record: `status`, `lines.unit`.
    pub fields: BTreeMap<String, Adaptation>,
    /// Whether the blanks at the end of every text, keys included, are cut.
    pub trim: bool,
    /// The zone of times that come without one.
    pub zone: Option<TimeZone>,
}

impl Adaptations {
    /// Returns how the field at `path` is adapted.
    pub fn of(&self, path: &str) -> Adaptation {
        let mut adaptation = self.fields.get(path).cloned().unwrap_or_default();
        adaptation.trim |= self.trim;
        adaptation
    }
}

/// Moves the decimal point of a plain decimal text left by `digits`; `None` when the text is not a plain decimal.
pub(super) fn scaled(text: &str, digits: u32) -> Option<String> {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = digits as usize;
    let padded = format!("{whole:0>width$}", width = digits + 1);
    let (whole, moved) = padded.split_at(padded.len() - digits);
    let fraction = format!("{moved}{fraction}");
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

impl Adaptation {
    /// Applies the adaptation to a text.
    ///
    /// *Errors*: what would have been right, with its article.
    pub fn apply<'a>(&self, text: &'a str) -> Result<std::borrow::Cow<'a, str>, &'static str> {
        let text = if self.trim { text.trim_end_matches([' ', '\0']) } else { text };
        if let Some(words) = &self.words {
            return words.get(text).map(|word| word.clone().into()).ok_or("a word of the binding's map");
        }
        match self.scale {
            None => Ok(text.into()),
            Some(digits) => scaled(text, digits).map(Into::into).ok_or("a number to scale"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_become_decimals() {
        for (text, digits, expected) in
            [("41200", 2, "412.00"), ("5", 2, "0.05"), ("-5", 3, "-0.005"), ("12.5", 1, "1.25"), ("7", 0, "7")]
        {
            assert_eq!(scaled(text, digits).as_deref(), Some(expected));
        }
        assert_eq!(scaled("abc", 2), None);
    }

    #[test]
    fn an_unmapped_word_is_a_fault() {
        let words = BTreeMap::from([("A".to_owned(), "ACTIVE".to_owned())]);
        let adaptation = Adaptation { trim: true, words: Some(words), ..Adaptation::default() };
        assert_eq!(adaptation.apply("A  ").as_deref(), Ok("ACTIVE"));
        assert!(adaptation.apply("Z").is_err());
    }
}
