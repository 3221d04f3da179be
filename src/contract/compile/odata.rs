//! OData bindings against the schema: what is asked by name must have one, and the names must be known.
//!
//! In: a group or list of an OData system and its key. Out: findings.

use super::super::{
    binding::{OdataListFile, OdataSetFile},
    nearest,
    reader::Text,
};
use crate::{diagnostic::Findings, value::Pointer};

/// What is checked of either binding.
pub(super) struct Checked<'a> {
    /// `[Product]`
    pub title: &'a str,
    /// Where each field stands.
    pub fields: &'a [(Text, Pointer)],
    /// The key.
    pub key_columns: &'a [String],
}

/// Checks a group.
pub(super) fn group(checked: &Checked<'_>, asked: &OdataSetFile, findings: &mut Findings) {
    let keys: Vec<&str> = checked.key_columns.iter().map(String::as_str).collect();
    pointers(checked, &keys, findings);
    types(checked.title, asked, &keys, findings);
}

/// Checks a list, whose order is compiled.
pub(super) fn list(
    checked: &Checked<'_>,
    asked: &OdataListFile,
    order: &[String],
    parameters: &[String],
    findings: &mut Findings,
) {
    let keys = checked.key_columns.iter().map(String::as_str);
    let asked_by: Vec<&str> = keys.chain(order.iter().map(String::as_str)).collect();
    pointers(checked, &asked_by, findings);
    let fields = checked.fields.iter().map(|(field, _)| field.text.as_str());
    let mut typed: Vec<&str> =
        asked_by.into_iter().chain(parameters.iter().map(String::as_str)).chain(fields).collect();
    typed.sort_unstable();
    typed.dedup();
    types(checked.title, &asked.set, &typed, findings);
    for column in asked.nullable.iter().flatten() {
        let is_key = checked.key_columns.contains(&column.text);
        if is_key || !order.contains(&column.text) {
            let message = if is_key {
                format!("`{}` is part of the key, which is never null", column.text)
            } else {
                format!("the list is not ordered by `{}`", column.text)
            };
            findings.fault("ODATA_NULLABLE", column.place, message, "name columns of the order that may be null");
        }
    }
}

/// The server finds keys and orders by properties, and is asked for members by name.
fn pointers(checked: &Checked<'_>, asked_by: &[&str], findings: &mut Findings) {
    for (field, pointer) in checked.fields {
        let is_asked_by = asked_by.contains(&field.text.as_str());
        if is_asked_by && pointer.names().is_none_or(|members| members.is_empty()) {
            findings.fault(
                "ODATA_PATH",
                field.place,
                format!("{} asks by `{}`, and `{pointer}` is no property", checked.title, field.text),
                "point at a property: \"/Product\" or \"/address/city\"",
            );
        } else if !field.text.contains('.') && !is_asked_by && pointer.first_member().is_none() {
            findings.fault(
                "ODATA_PATH",
                field.place,
                format!("`{pointer}` does not say which property it begins at"),
                "begin with the property's name, so that it can be asked for",
            );
        }
    }
}

fn types(title: &str, asked: &OdataSetFile, known: &[&str], findings: &mut Findings) {
    for (name, _) in asked.types.iter().filter(|(name, _)| !known.contains(&name.text.as_str())) {
        let help = match nearest(&name.text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("only what the server is asked by has a literal: {}", known.join(", ")),
        };
        let message = format!("{title} is not asked by `{}`", name.text);
        findings.fault("ODATA_TYPE", name.place, message, help);
    }
}
