//! The ownership table: for each field, which system owns it, how fresh it is, and what happens when it cannot be.
//!
//! Made from the compiled contract, so it shows what is done and not what was meant. Pure.

use serde_json::{Value, json};

use super::{Answer, Contract, Field, HeldCopy, OnOutage, Role, TypeKind};
use crate::value::duration_text;

/// One row: one field that a system, a list query or a rule answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnershipRow {
    /// The freshness domain.
    pub domain: String,
    /// `Product.name`
    pub field: String,
    /// The system that owns it; `a rule` where it is computed.
    pub owner: String,
    /// What it is answered by there: `[Product.stock]`, `[lists.ordersOf]`, `rule price`.
    pub answered_by: String,
    /// Nothing older is ever served.
    pub max_age: String,
    /// Older than this is refreshed behind the answer.
    pub refresh_after: String,
    /// What is served while the owner is down.
    pub on_outage: String,
    /// How long it holds that there is none.
    pub absent: String,
    /// The systems that hold copies, which are never served.
    pub copies: Vec<String>,
}

/// The table's headings, as people read them.
const HEADINGS: [&str; 9] = [
    "Domain",
    "Field",
    "Owner",
    "Answered by",
    "Never older than",
    "Refreshed after",
    "While the owner is down",
    "Absence holds",
    "Copies",
];

/// Returns the ownership table, by domain, then by type; the fields of a type keep their order.
pub fn ownership(contract: &Contract) -> Vec<OwnershipRow> {
    let mut rows = Vec::new();
    for ty in &contract.types {
        let TypeKind::Object(object) = &ty.kind else { continue };
        let identity = match &object.role {
            Role::Entity(entity) => Some(entity.identity),
            Role::Root => None,
            // A part belongs to the field that holds it, a page to its list.
            Role::Part { .. } | Role::Paging => continue,
        };
        for field in &object.fields {
            let answered_by = match (&field.answer, identity) {
                (Answer::Key(_), Some(group)) => header(contract, group),
                (Answer::Slot { group, .. }, _) => header(contract, *group),
                (Answer::List(list), _) => format!("[lists.{}]", contract.list(list.list).name),
                (Answer::Rule { rule, .. }, _) => format!("rule {}", contract.rule(*rule).rule.name),
                _ => continue,
            };
            rows.push(row(contract, &ty.name, field, answered_by));
        }
    }
    rows.sort_by(|a, b| a.domain.cmp(&b.domain));
    rows
}

fn header(contract: &Contract, group: crate::value::GroupId) -> String {
    let name = &contract.group(group).name;
    let name = name.split_once(' ').map_or(name.as_str(), |(_, name)| name);
    format!("[{name}]")
}

fn row(contract: &Contract, type_name: &str, field: &Field, answered_by: String) -> OwnershipRow {
    let domain = field.domain.map(|domain| contract.domain(domain));
    let on_outage = domain.map(|domain| match domain.on_outage {
        OnOutage::Refuse => "refused".to_owned(),
        OnOutage::ServeUpTo(age) => format!("up to {}, marked stale", duration_text(age)),
    });
    let copy = |copy: &HeldCopy| {
        let system = &contract.system(copy.system).name;
        copy.name.as_ref().map_or_else(|| system.clone(), |group| format!("{system} ({group})"))
    };
    OwnershipRow {
        domain: domain.map_or_else(String::new, |domain| domain.name.clone()),
        field: format!("{type_name}.{}", field.name),
        owner: field.owner.map_or_else(|| "a rule".to_owned(), |owner| contract.system(owner).name.clone()),
        answered_by,
        max_age: domain.map_or_else(String::new, |domain| duration_text(domain.max_age)),
        refresh_after: domain.map_or_else(String::new, |domain| duration_text(domain.refresh_after)),
        on_outage: on_outage.unwrap_or_default(),
        absent: domain.map_or_else(String::new, |domain| duration_text(domain.absent)),
        copies: field.copies.iter().map(copy).collect(),
    }
}

impl OwnershipRow {
    fn cells(&self) -> [String; 9] {
        [
            self.domain.clone(),
            self.field.clone(),
            self.owner.clone(),
            self.answered_by.clone(),
            self.max_age.clone(),
            self.refresh_after.clone(),
            self.on_outage.clone(),
            self.absent.clone(),
            self.copies.join(", "),
        ]
    }
}

/// Renders the table as aligned text.
pub fn ownership_text(rows: &[OwnershipRow]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(rows.iter().map(OwnershipRow::cells));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Renders the table as Markdown.
pub fn ownership_markdown(rows: &[OwnershipRow]) -> String {
    let line = |cells: [String; 9]| format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    let mut text = line(HEADINGS.map(str::to_owned));
    text.push_str(&line(HEADINGS.map(|_| "---".to_owned())));
    rows.iter().for_each(|row| text.push_str(&line(row.cells())));
    text
}

/// Renders the table as JSON, for machines.
pub fn ownership_json(rows: &[OwnershipRow]) -> Value {
    let row = |row: &OwnershipRow| {
        json!({
            "domain": row.domain,
            "field": row.field,
            "owner": row.owner,
            "answeredBy": row.answered_by,
            "maxAge": row.max_age,
            "refreshAfter": row.refresh_after,
            "onOutage": row.on_outage,
            "absent": row.absent,
            "copies": row.copies,
        })
    };
    Value::Array(rows.iter().map(row).collect())
}
