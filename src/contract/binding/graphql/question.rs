//! What groups and lists of a GraphQL system have alike, as written: the document or its root field, where the rows are, and
//! constants.

use serde_json::Value;
use toml::de::DeValue;

use super::{
    super::{
        super::reader::{Entry, Reader, Text},
        pointer,
    },
    document::{DocumentFault, Written},
};
use crate::diagnostic::Place;

/// How many aliases a document has at most where the binding does not say. Servers that bound a document's complexity
/// take this many fields of a few members.
const ALIASES_MAX: u64 = 25;
/// More than any system gives at once.
const PAGE_ROWS_MAX: u64 = 100_000;

/// A mistake and where it stands.
pub(super) type Fault = (Place, DocumentFault);

/// What groups and lists have in common, as written.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) document: Option<Text>,
    pub(super) query: Option<Text>,
    pub(super) rows: Option<(Vec<String>, Place)>,
    pub(super) constants: Vec<(Text, Value)>,
    pub(super) page_rows: Option<u64>,
    pub(super) aliases_max: Option<(u64, Place)>,
    /// Whether a document is given, even one that could not be read.
    pub(super) is_given: bool,
}

impl Question {
    pub(super) fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "document" => {
                self.is_given = true;
                self.document = reader.text(entry);
            }
            "query" => {
                self.is_given = true;
                self.query = reader.text(entry);
            }
            "rows" => self.rows = members(entry, reader),
            "variables" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    let name = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
                    self.constants.push((name, constant(entry.1.get_ref())));
                }
            }
            "page_rows" => self.page_rows = reader.number(entry, 1, PAGE_ROWS_MAX),
            "aliases_max" => {
                let place = reader.place(entry.1);
                self.aliases_max = reader.number(entry, 1, 1_000).map(|number| (number, place));
            }
            _ => return false,
        }
        true
    }

    pub(super) fn page_rows(&self) -> Option<usize> {
        self.page_rows.and_then(|rows| usize::try_from(rows).ok())
    }

    pub(super) fn aliases_max(&self) -> usize {
        let given = self.aliases_max.map_or(ALIASES_MAX, |(number, _)| number);
        usize::try_from(given).unwrap_or(usize::MAX)
    }

    pub(super) fn constants(&self) -> Vec<(String, Value)> {
        self.constants.iter().map(|(name, value)| (name.text.clone(), value.clone())).collect()
    }

    /// Refuses constants that the document does not declare.
    pub(super) fn constants_declared(&self, written: &Written) -> Result<(), Fault> {
        match self.constants.iter().find(|(name, _)| !written.declares(&name.text)) {
            None => Ok(()),
            Some((name, _)) => Err((name.place, undeclared(&name.text))),
        }
    }

    /// Returns where the rows are: as written, else at the only root field.
    pub(super) fn rows_or_root(&self, written: &Written, place: Place) -> Result<Vec<String>, Fault> {
        match (&self.rows, written.only_root()) {
            (Some((rows, _)), _) => Ok(rows.clone()),
            (None, Some(root)) => Ok(vec![root]),
            (None, None) => Err((
                place,
                DocumentFault {
                    code: "GRAPHQL_ROWS",
                    message: "the document has several fields, and nothing says which one holds the rows".to_owned(),
                    help: "add rows = \"/products/items\"".to_owned(),
                },
            )),
        }
    }
}

/// Reads a pointer that goes through members alone.
pub(super) fn members(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<(Vec<String>, Place)> {
    let place = reader.place(entry.1);
    let text = pointer(entry, reader)?.to_string();
    let steps: Vec<String> = text.split('/').skip(1).map(str::to_owned).collect();
    let is_name = |step: &String| {
        step == "*"
            || step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !step.starts_with(|c: char| c.is_ascii_digit())
                && !step.is_empty()
    };
    if steps.is_empty() || !steps.iter().all(is_name) {
        reader.findings.fault(
            "GRAPHQL_ROWS",
            place,
            format!("`{text}` does not go from member to member"),
            "write the members of the answer's data: \"/products/items\", \"/products/edges/*/node\"",
        );
        return None;
    }
    Some((steps, place))
}

/// Turns a TOML value into the JSON that is sent.
fn constant(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(value) => Value::from(*value),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or_else(|_| Value::from(digits), Value::from)
        }
        DeValue::Float(number) => serde_json::from_str(&number.as_str().replace('_', "")).unwrap_or_default(),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| constant(item.get_ref())).collect(),
        DeValue::Table(members) => {
            members.iter().map(|(name, member)| (name.get_ref().to_string(), constant(member.get_ref()))).collect()
        }
    }
}

/// Writes arguments into a field's text: each where its path says, `filter.sku.in`, from the variable of that name.
pub(super) fn with_arguments(field: &str, arguments: &[(String, String)]) -> String {
    fn write(arguments: &[(String, String)]) -> String {
        let mut heads: Vec<(&str, Vec<(String, String)>)> = Vec::new();
        for (path, variable) in arguments {
            let (head, rest) = path.split_once('.').unwrap_or((path, ""));
            let rest = (rest.to_owned(), variable.clone());
            match heads.iter_mut().find(|(known, _)| *known == head) {
                Some((_, inner)) => inner.push(rest),
                None => heads.push((head, vec![rest])),
            }
        }
        let written = heads.iter().map(|(head, inner)| match inner.as_slice() {
            [(rest, variable)] if rest.is_empty() => format!("{head}: ${variable}"),
            inner => format!("{head}: {{{}}}", write(inner)),
        });
        written.collect::<Vec<_>>().join(", ")
    }
    let written = write(arguments);
    match field.trim_end().strip_suffix(')') {
        _ if written.is_empty() => field.to_owned(),
        Some(open) => format!("{open}, {written})"),
        None => format!("{field}({written})"),
    }
}

/// Refuses a variable that the document does not declare.
pub(super) fn undeclared(name: &str) -> DocumentFault {
    DocumentFault {
        code: "VARIABLE_UNKNOWN",
        message: format!("the document declares no variable `${name}`"),
        help: "declare it in the document's head, or delete it here".to_owned(),
    }
}
