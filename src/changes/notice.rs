//! A notice: what a system says of a change on a channel. Pure.
//!
//! In: a payload. Out: which entities changed, or why that cannot be told.

use serde_json::Value;

use super::{gathered::Gathered, spelled};
use crate::{
    contract::{Contract, Listen, ListenedType},
    value::Key,
};

/// Why a notice cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// Anything may have changed.
    #[error("read a notice, which is no `{{\"type\": …, \"keys\": […]}}`")]
    Anything,
    /// Nothing of the graph changed.
    #[error("find the type of a notice among those that are asked of the system")]
    Nothing,
}

/// Reads a notice of a channel.
pub(super) fn read(
    contract: &Contract,
    listen: &Listen,
    channel: &str,
    payload: &str,
    gathered: &mut Gathered,
) -> Result<(), Unreadable> {
    match listen.types.iter().find(|ty| ty.channel.as_deref() == Some(channel)) {
        Some(ty) => of_type(ty, payload, gathered),
        None => document(contract, listen, payload, gathered)?,
    }
    Ok(())
}

/// Reads a key as people write it, its fields with `|` between them; without one, all may have changed.
fn of_type(ty: &ListenedType, payload: &str, gathered: &mut Gathered) {
    let n_fields = ty.spellings.first().map_or(0, Vec::len);
    match Key::parse(payload, n_fields).filter(|_| !payload.is_empty() && n_fields > 0) {
        Some(key) => spelled::add(gathered, ty.entity, &ty.spellings, &key.fields().collect::<Vec<_>>()),
        None => gathered.add_all(ty.entity),
    }
}

/// Reads `{"type": "Product", "keys": ["A-100"]}`, in which a key of several fields is a list.
fn document(contract: &Contract, listen: &Listen, payload: &str, gathered: &mut Gathered) -> Result<(), Unreadable> {
    let document: Value = serde_json::from_str(payload).map_err(|_| Unreadable::Anything)?;
    let named = document.get("type").and_then(Value::as_str).ok_or(Unreadable::Anything)?;
    let ty = listen.types.iter().find(|ty| contract.ty(ty.entity).name == named).ok_or(Unreadable::Nothing)?;
    match document.get("keys") {
        None | Some(Value::Null) => gathered.add_all(ty.entity),
        Some(Value::Array(keys)) => keys.iter().for_each(|key| add(ty, key, gathered)),
        Some(_) => return Err(Unreadable::Anything),
    }
    Ok(())
}

fn add(ty: &ListenedType, key: &Value, gathered: &mut Gathered) {
    let texts: Option<Vec<String>> = match key {
        Value::Array(fields) => fields.iter().map(text).collect(),
        field => text(field).map(|text| vec![text]),
    };
    match texts {
        Some(texts) => {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            spelled::add(gathered, ty.entity, &ty.spellings, &texts);
        }
        None => gathered.add_all(ty.entity),
    }
}

fn text(field: &Value) -> Option<String> {
    match field {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
