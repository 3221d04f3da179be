//! What Freehold itself knows, as bindings: the table is one that the system has, its key is the type's, and every field is a
//! column of it.

use super::{
    super::{
        binding::{GroupFile, InsideFile, InsideTable},
        sdl::FieldDef,
    },
    survey::{GroupName, Survey},
};
use crate::{
    contract::{OrderColumn, nearest},
    diagnostic::{Findings, Place},
    value::SystemId,
};

/// Checks a group.
pub(super) fn group(
    survey: &Survey<'_>,
    name: &GroupName,
    (file, asked): (&GroupFile, &InsideFile),
    (key_columns, fields): (&[&str], &[&FieldDef]),
    findings: &mut Findings,
) {
    let Some((table, place)) = asked.table else { return };
    table_of(survey, name.system, (table, place), findings);
    let keys: Vec<String> = key_columns.iter().map(|column| (*column).to_owned()).collect();
    key_of(&name.entity, (table, place), &keys, findings);
    let columns = table.columns();
    let fields = fields.iter().map(|field| (field.name.name.as_str(), field.name.place));
    let instants = file.as_of.iter().chain(&file.valid_until).map(|column| (column.text.as_str(), column.place));
    for (column, place) in fields.chain(instants).filter(|(column, _)| !columns.contains(column)) {
        let help = match nearest(column, columns.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its columns are {}", columns.join(", ")),
        };
        let message = format!("the table `{}` has no column `{column}`", table.word());
        findings.fault("COLUMN_UNKNOWN", place, message, help);
    }
}

/// Checks a list; returns the order of its table.
pub(super) fn list(
    survey: &Survey<'_>,
    (system, of): (SystemId, &str),
    asked: &InsideFile,
    key_columns: &[String],
    findings: &mut Findings,
) -> Vec<OrderColumn> {
    let Some((table, place)) = asked.table else { return Vec::new() };
    table_of(survey, system, (table, place), findings);
    key_of(of, (table, place), key_columns, findings);
    table.order()
}

fn table_of(survey: &Survey<'_>, system: SystemId, (table, place): (InsideTable, Place), findings: &mut Findings) {
    let file = survey.system(system);
    let Some(kind) = file.system.as_ref().map(|system| system.kind.word()).filter(|kind| *kind != table.kind()) else {
        return;
    };
    let message = format!("a system of the kind `{kind}` has no table `{}`", table.word());
    let help = format!("bind it in the file of a system of the kind `{}`", table.kind());
    findings.fault("TABLE_UNKNOWN", place, message, help);
}

fn key_of(entity: &str, (table, place): (InsideTable, Place), keys: &[String], findings: &mut Findings) {
    if !keys.is_empty() && keys != [table.key()] {
        let message = format!("the rows of the table `{}` are not told apart by {}", table.word(), keys.join(", "));
        let help = format!("write type {entity} @key(fields: \"{}\")", table.key());
        findings.fault("TABLE_KEY", place, message, help);
    }
}
