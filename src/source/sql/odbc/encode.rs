//! Values as ODBC parameters. Pure.
//!
//! In: a text and the type its parameter has. Out: a parameter of that type. A text without letters beyond ASCII is bound
//! narrow: bound wide, SQL Server would widen the column it is compared with, and not use its index.

use odbc_api::{
    DataType,
    parameter::{InputParameter, VarCharBox, VarWCharBox, WithDataType},
};

use super::super::{fit::Fit, positional::Binding};

/// The length that texts are declared with, so that statements differ in their texts alone; the longest that every system
/// takes.
const TEXT_LENGTH: usize = 4_000;

/// Makes the parameters of a statement.
pub fn parameters(bindings: &[Binding]) -> Vec<Box<dyn InputParameter>> {
    let values = bindings.iter().filter_map(|binding| match binding {
        Binding::Value(text, fit) => Some(parameter(text.as_deref(), fit)),
        Binding::Values(_) => None,
    });
    values.collect()
}

fn parameter(text: Option<&str>, fit: &Fit) -> Box<dyn InputParameter> {
    let Some(text) = text else {
        return Box::new(WithDataType::new(VarCharBox::null(), data_type("", fit)));
    };
    let text = if *fit == Fit::Timestamp { text.replace('T', " ").replace('Z', "") } else { text.to_owned() };
    let data_type = data_type(&text, fit);
    if text.is_ascii() {
        Box::new(WithDataType::new(VarCharBox::from_string(text), data_type))
    } else {
        Box::new(WithDataType::new(VarWCharBox::from_str_slice(&text), data_type))
    }
}

/// Finds the type a text is bound as.
fn data_type(text: &str, fit: &Fit) -> DataType {
    let digits_behind_the_point = || text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    match fit {
        Fit::Integer(min, max) if *min >= i16::MIN.into() && *max <= i16::MAX.into() => DataType::SmallInt,
        Fit::Integer(min, max) if *min >= i32::MIN.into() && *max <= i32::MAX.into() => DataType::Integer,
        Fit::Integer(..) => DataType::BigInt,
        Fit::Numeric if text.contains(['e', 'E']) => DataType::Double,
        Fit::Numeric => {
            let precision = text.bytes().filter(u8::is_ascii_digit).count().max(1);
            DataType::Numeric { precision, scale: i16::try_from(digits_behind_the_point()).unwrap_or(i16::MAX) }
        }
        Fit::Real => DataType::Real,
        Fit::Double => DataType::Double,
        Fit::Boolean => DataType::Bit,
        Fit::Date => DataType::Date,
        Fit::Time => DataType::Time { precision: 6 },
        Fit::Timestamp => {
            DataType::Timestamp { precision: i16::try_from(digits_behind_the_point()).unwrap_or(9).clamp(0, 9) }
        }
        Fit::Text | Fit::Uuid | Fit::Words(_) | Fit::Unknown => {
            let length = std::num::NonZeroUsize::new(TEXT_LENGTH.max(text.len()));
            if text.is_ascii() { DataType::Varchar { length } } else { DataType::WVarchar { length } }
        }
    }
}

/// Finds what texts a parameter or column takes, by the type the driver says it has.
pub fn fit(data_type: &DataType) -> Fit {
    match data_type {
        DataType::TinyInt => Fit::Integer(i8::MIN.into(), u8::MAX.into()),
        DataType::SmallInt => Fit::Integer(i16::MIN.into(), i16::MAX.into()),
        DataType::Integer => Fit::Integer(i32::MIN.into(), i32::MAX.into()),
        DataType::BigInt => Fit::Integer(i64::MIN.into(), u64::MAX.into()),
        DataType::Numeric { .. } | DataType::Decimal { .. } => Fit::Numeric,
        DataType::Real => Fit::Real,
        DataType::Float { .. } | DataType::Double => Fit::Double,
        DataType::Bit => Fit::Boolean,
        DataType::Date => Fit::Date,
        DataType::Time { .. } => Fit::Time,
        DataType::Timestamp { .. } => Fit::Timestamp,
        DataType::Other { data_type, .. } if data_type.0 == GUID => Fit::Uuid,
        DataType::Binary { .. } | DataType::Varbinary { .. } | DataType::LongVarbinary { .. } => Fit::Unknown,
        _ => Fit::Text,
    }
}

/// The number of the type `SQL_GUID`.
const GUID: i16 = -11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_bound_as_what_its_parameter_is() {
        let of = |text: &str, fit: Fit| data_type(text, &fit);
        assert_eq!(of("7", Fit::Integer(0, 255)), DataType::SmallInt);
        assert_eq!(of("7", Fit::Integer(i64::MIN.into(), i64::MAX.into())), DataType::BigInt);
        assert_eq!(of("-12.50", Fit::Numeric), DataType::Numeric { precision: 4, scale: 2 });
        assert_eq!(of("2026-01-01 10:00:00.25", Fit::Timestamp), DataType::Timestamp { precision: 2 });
        assert!(matches!(of("a", Fit::Text), DataType::Varchar { .. }));
        assert!(matches!(of("ä", Fit::Unknown), DataType::WVarchar { .. }));
    }
}
