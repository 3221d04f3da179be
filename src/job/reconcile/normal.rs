//! Normal values: what two systems say of a field, written so that what means the same is the same.
//!
//! In: a slot of a record. Out: its value as it is, for people, and its normal form: decimals by value, times as instants, money
//! rounded to the digits of its currency, quantities in one unit of their kind. That a text is empty stays something else
//! than that there is none. Pure.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value};

use super::measure;
use crate::{
    contract::Contract,
    fetch::{Entry, Table},
    value::{Leaf, Scalar, Slot, SlotKind},
};

/// Reads a slot as JSON.
///
/// *Errors*: the number of the violation that stands there, or inside.
pub(super) fn read(contract: &Contract, slot: &Slot, entry: Entry<'_>) -> Result<Value, u32> {
    read_nested(contract, &slot.kind, slot.nesting.n_lists(), entry)
}

fn read_nested(contract: &Contract, kind: &SlotKind, n_lists: usize, entry: Entry<'_>) -> Result<Value, u32> {
    let bytes = match entry {
        Entry::Null => return Ok(Value::Null),
        Entry::Fault(violation) => return Err(violation),
        Entry::Value(bytes) => bytes,
    };
    let SlotKind::Part(variants) = kind else { return Ok(serde_json::from_slice(bytes).unwrap_or_default()) };
    if n_lists > 0 {
        let list = Table::new(bytes);
        return (0..list.len()).map(|n| read_nested(contract, kind, n_lists - 1, list.entry(n))).collect();
    }
    let Some((number, table)) = Entry::object(bytes) else { return Ok(Value::Null) };
    let Some(variant) = variants.get(number) else { return Ok(Value::Null) };
    let mut object = Map::new();
    if variants.len() > 1 {
        object.insert("__typename".to_owned(), variant.type_name.as_str().into());
    }
    for (number, slot) in contract.shapes[variant.shape.index()].slots.iter().enumerate() {
        object.insert(slot.name.clone(), read(contract, slot, table.entry(number))?);
    }
    Ok(Value::Object(object))
}

/// Writes a value of a slot in its normal form.
pub(super) fn normal(contract: &Contract, kind: &SlotKind, value: &Value) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        (SlotKind::Leaf(Leaf::Scalar(Scalar::Json | Scalar::Custom)), value) => numbers_by_value(value),
        (kind, Value::Array(items)) => items.iter().map(|item| normal(contract, kind, item)).collect(),
        (SlotKind::Leaf(Leaf::Scalar(scalar)), value) => leaf(*scalar, value),
        (SlotKind::Leaf(Leaf::Enum(_)), value) => value.clone(),
        (SlotKind::Part(variants), Value::Object(object)) => {
            let named = object.get("__typename").and_then(Value::as_str);
            let variant = variants.iter().find(|variant| named.is_none_or(|name| variant.type_name == name));
            let slots = variant.map_or(&[][..], |variant| &contract.shapes[variant.shape.index()].slots);
            let mut members = object.clone();
            for slot in slots {
                if let Some(value) = members.get_mut(&slot.name) {
                    *value = normal(contract, &slot.kind, value);
                }
            }
            money(contract, &mut members);
            quantity(&mut members);
            Value::Object(members)
        }
        (SlotKind::Part(_), value) => value.clone(),
    }
}

fn leaf(scalar: Scalar, value: &Value) -> Value {
    match scalar {
        Scalar::Int | Scalar::Float | Scalar::Decimal => by_value(value),
        Scalar::DateTime => {
            let instant = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            instant.map_or_else(|| value.clone(), |instant| instant.to_string().into())
        }
        _ => value.clone(),
    }
}

/// An amount is compared as far as its currency has digits: `amount` and `currency`.
fn money(contract: &Contract, members: &mut Map<String, Value>) {
    let Some(currency) = members.get("currency").and_then(Value::as_str) else { return };
    let digits = contract.rules.digits(currency);
    if let Some(amount) = members.get_mut("amount")
        && let Some(exact) = decimal(amount)
    {
        let rounded = exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
        *amount = written(rounded);
    }
}

/// A quantity is compared in one unit of its kind: `value`, `quantity` or `amount`, and `unit` or `uom`.
fn quantity(members: &mut Map<String, Value>) {
    let named = |names: &[&'static str]| names.iter().copied().find(|name| members.contains_key(*name));
    let (Some(value), Some(unit)) = (named(&["value", "quantity", "amount"]), named(&["unit", "uom"])) else { return };
    let common = members.get(unit).and_then(Value::as_str).and_then(measure::common);
    let Some((common, factor)) = common else { return };
    // A price for a unit is another for another; only quantities are many of it.
    if members.contains_key("currency") {
        return;
    }
    if let Some(quantity) = members.get(value).and_then(decimal).and_then(|exact| exact.checked_mul(factor)) {
        members.insert(value.to_owned(), written(quantity));
        members.insert(unit.to_owned(), common.into());
    }
}

fn numbers_by_value(value: &Value) -> Value {
    match value {
        Value::Number(_) => by_value(value),
        Value::Array(items) => items.iter().map(numbers_by_value).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), numbers_by_value(value))).collect())
        }
        _ => value.clone(),
    }
}

fn by_value(value: &Value) -> Value {
    decimal(value).map_or_else(|| value.clone(), written)
}

fn written(decimal: Decimal) -> Value {
    decimal.normalize().to_string().into()
}

/// Reads a number; none where it has more digits than any amount, which is then compared as it is written.
fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}
