//! Keyset paging: the window of a list as conditions and an order. Pure.
//!
//! In: the list's order, a cursor. Out: `$orderby`, and the condition that a row lies on one side of the cursor. Nulls
//! come last in the graph whichever way a column is sorted; OData 4 counts null below every value and version 2 says
//! nothing. So a list whose first column may be null is read in two runs, the rows that have it and those that have not.

use super::literal::Literals;
use crate::{
    contract::OdataType,
    fetch::{Cursor, Direction},
    value::compare_decimals,
};

/// One column of a list's order.
#[derive(Debug, Clone)]
pub struct OrderProperty {
    /// The property's path.
    pub path: String,
    /// Its type, where the binding says it.
    pub ty: Option<OdataType>,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether it may be null.
    pub nullable: bool,
}

/// Which rows are read in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// All, in the server's order of nulls.
    All,
    /// Those whose first column has a value.
    Present,
    /// Those whose first column is null.
    Missing,
}

/// Which end of the window a cursor bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Rows after the cursor.
    After,
    /// Rows before the cursor.
    Before,
}

/// What lies on one side of a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seek {
    /// Every row of the run.
    Everything,
    /// No row of the run.
    Nothing,
    /// The rows that fulfil a condition.
    Condition(String),
}

impl Run {
    /// Returns the condition that a row is of the run.
    pub fn condition(self, order: &[OrderProperty]) -> Option<String> {
        let path = &order.first()?.path;
        match self {
            Self::All => None,
            Self::Present => Some(format!("{path} ne null")),
            Self::Missing => Some(format!("{path} eq null")),
        }
    }
}

/// Writes `$orderby`, as a window is read: backward windows from their end.
pub fn order_by(order: &[OrderProperty], direction: Direction, run: Run) -> String {
    let backward = direction == Direction::Backward;
    let skipped = usize::from(run == Run::Missing);
    let terms = order.iter().skip(skipped).map(|property| {
        let descends = property.descending != backward;
        format!("{}{}", property.path, if descends { " desc" } else { "" })
    });
    terms.collect::<Vec<_>>().join(",")
}

/// Reads a cursor as one literal for each column, `None` for null; `None` when it is not one of this list's.
pub fn literals(order: &[OrderProperty], cursor: &Cursor, literals: Literals<'_>) -> Option<Vec<Option<String>>> {
    if cursor.0.len() != order.len() {
        return None;
    }
    let literal = |(property, text): (&OrderProperty, &Option<String>)| {
        let Some(text) = text.as_deref() else { return property.nullable.then_some(None) };
        let (bare, is_text) = text.strip_prefix('\'').map_or((text, false), |text| (text, true));
        let written = match property.ty {
            Some(ty) => literals.write(ty, bare)?,
            None if is_text => literals.write(OdataType::String, bare)?,
            // A number that the server wrote as one is a literal as it is.
            None => compare_decimals(bare, "0").map(|_| bare.to_owned())?,
        };
        Some(Some(written))
    };
    order.iter().zip(&cursor.0).map(literal).collect()
}

/// Finds what lies strictly on one side of a cursor: equal in the first columns, and beyond it in the next.
pub fn seek(order: &[OrderProperty], values: &[Option<String>], side: Side, run: Run) -> Seek {
    let first_given = values.first().is_some_and(Option::is_some);
    match (run, first_given, side) {
        (Run::Present, false, Side::Before) | (Run::Missing, true, Side::After) => return Seek::Everything,
        (Run::Present, false, Side::After) | (Run::Missing, true, Side::Before) => return Seek::Nothing,
        _ => {}
    }
    let skipped = usize::from(run == Run::Missing);
    let mut equal = String::new();
    let mut cases = Vec::new();
    for (n, (property, value)) in order.iter().zip(values).enumerate().skip(skipped) {
        let path = &property.path;
        let beyond = match (value, side) {
            // Nothing comes after null.
            (None, Side::After) => None,
            (None, Side::Before) => Some(format!("{path} ne null")),
            (Some(value), _) => {
                let operator = if (side == Side::After) != property.descending { "gt" } else { "lt" };
                let compared = format!("{path} {operator} {value}");
                let null_lies_beyond = property.nullable && side == Side::After && !(n == 0 && run == Run::Present);
                Some(if null_lies_beyond { format!("({compared} or {path} eq null)") } else { compared })
            }
        };
        if let Some(beyond) = beyond {
            cases.push(if equal.is_empty() { beyond } else { format!("({equal}{beyond})") });
        }
        let literal = value.as_deref().unwrap_or("null");
        equal.push_str(&format!("{path} eq {literal} and "));
    }
    if cases.is_empty() { Seek::Nothing } else { Seek::Condition(cases.join(" or ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::OdataVersion;

    fn order() -> Vec<OrderProperty> {
        let property =
            |path: &str, descending, nullable| OrderProperty { path: path.to_owned(), ty: None, descending, nullable };
        vec![property("Name", true, true), property("No", false, false)]
    }

    fn values(texts: [Option<&str>; 2]) -> Option<Vec<Option<String>>> {
        let cursor = Cursor(texts.iter().map(|text| text.map(str::to_owned)).collect());
        literals(&order(), &cursor, Literals { version: OdataVersion::V4, zone: None })
    }

    #[test]
    fn a_window_seeks_past_its_cursor() {
        let bolt = values([Some("'Bolt"), Some("'O'1")]).unwrap();
        let condition = |text: &str| Seek::Condition(text.to_owned());
        assert_eq!(
            seek(&order(), &bolt, Side::After, Run::All),
            condition("(Name lt 'Bolt' or Name eq null) or (Name eq 'Bolt' and No gt 'O''1')")
        );
        assert_eq!(
            seek(&order(), &bolt, Side::After, Run::Present),
            condition("Name lt 'Bolt' or (Name eq 'Bolt' and No gt 'O''1')")
        );
        assert_eq!(
            seek(&order(), &bolt, Side::Before, Run::All),
            condition("Name gt 'Bolt' or (Name eq 'Bolt' and No lt 'O''1')")
        );
        assert_eq!(seek(&order(), &bolt, Side::After, Run::Missing), Seek::Everything);
        assert_eq!(seek(&order(), &bolt, Side::Before, Run::Missing), Seek::Nothing);
        assert_eq!(order_by(&order(), Direction::Forward, Run::All), "Name desc,No");
        assert_eq!(order_by(&order(), Direction::Backward, Run::Missing), "No desc");
    }

    #[test]
    fn a_null_in_a_cursor_has_a_place() {
        let null = values([None, Some("7")]).unwrap();
        assert_eq!(seek(&order(), &null, Side::After, Run::Present), Seek::Nothing);
        assert_eq!(seek(&order(), &null, Side::Before, Run::Present), Seek::Everything);
        assert_eq!(seek(&order(), &null, Side::After, Run::Missing), Seek::Condition("No gt 7".to_owned()));
    }

    #[test]
    fn a_cursor_of_another_list_is_none() {
        assert_eq!(values([Some("'Bolt"), None]), None);
        assert_eq!(values([Some("1 or true"), Some("'x")]), None);
    }
}
