//! Adaptations: the few ways a binding may bend an owner's value into the graph's, and nothing else does.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::tz::TimeZone;

use super::decimal::{divided, rounded, scaled};

/// How the values of one field are adapted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adaptation {
    /// Cuts the blanks a fixed-width column is padded with.
    pub trim: bool,
    /// Moves the decimal point left by so many digits: 2 makes `41200` minor units `412.00`.
    pub scale: Option<u32>,
    /// The quantity the owner's value is for, where the graph's is for one: 12.50 per 100 becomes 0.125.
    pub per: Option<Per>,
    /// How many digits behind the point are kept; halves are rounded away from zero.
    pub digits: Option<u32>,
    /// In which language a value is wanted that comes as one member for each, the best first.
    pub language: Option<Vec<String>>,
    /// The owner's word → the graph's. A word that is not listed is a fault, never a default.
    pub words: Option<BTreeMap<String, String>>,
}

/// The quantity a value is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Per {
    /// Always so many.
    Quantity(u64),
    /// As many as another column of the row says.
    Column(String),
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

impl Adaptation {
    /// Applies the adaptation to a text; `quantity` is what the column that [`Per::Column`] names says.
    ///
    /// *Errors*: what would have been right, with its article.
    pub fn apply<'a>(&self, text: &'a str, quantity: Option<&str>) -> Result<Cow<'a, str>, &'static str> {
        let text = if self.trim { text.trim_end_matches([' ', '\0']) } else { text };
        if let Some(words) = &self.words {
            return words.get(text).map(|word| word.clone().into()).ok_or("a word of the binding's map");
        }
        let mut text: Cow<'a, str> = text.into();
        if let Some(digits) = self.scale {
            text = scaled(&text, digits).ok_or("a number to scale")?.into();
        }
        if let Some(per) = &self.per {
            let quantity = match per {
                Per::Quantity(quantity) => Cow::Owned(quantity.to_string()),
                Per::Column(_) => Cow::Borrowed(quantity.ok_or("a number with a quantity it is for")?),
            };
            text = divided(&text, &quantity, self.digits)?.into();
        }
        if let Some(digits) = self.digits {
            text = rounded(&text, digits).ok_or("a number to round")?.into();
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_per_hundred_becomes_the_price_of_one() {
        let per = Adaptation { per: Some(Per::Quantity(100)), ..Adaptation::default() };
        assert_eq!(per.apply("12.50", None).as_deref(), Ok("0.125"));
        let column = Adaptation { per: Some(Per::Column("unit".to_owned())), ..Adaptation::default() };
        assert_eq!(column.apply("12.50", Some("1000")).as_deref(), Ok("0.0125"));
        assert!(column.apply("12.50", None).is_err());
        assert!(column.apply("1", Some("3")).is_err(), "a third has no last digit");
        let rounded = Adaptation { digits: Some(4), ..column };
        assert_eq!(rounded.apply("2", Some("3")).as_deref(), Ok("0.6667"));
    }

    #[test]
    fn an_unmapped_word_is_a_fault() {
        let words = BTreeMap::from([("A".to_owned(), "ACTIVE".to_owned())]);
        let adaptation = Adaptation { trim: true, words: Some(words), ..Adaptation::default() };
        assert_eq!(adaptation.apply("A  ", None).as_deref(), Ok("ACTIVE"));
        assert!(adaptation.apply("Z", None).is_err());
    }
}
