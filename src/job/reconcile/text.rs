//! The summary for people: a table of the fields, under it what differs, what is missing on which side, and what nobody could
//! find out.

use std::fmt::Write;

use super::{
    FieldSummary, Summary,
    summary::{Gap, GapSummary, reason},
};
use crate::ledger::FindingKind;

const HEAD: [&str; 7] = ["field", "owner", "copy", "checked", "drifted", "%", "unreadable"];

/// The columns that hold numbers; they end where their column ends.
const RIGHT: [bool; 7] = [false, false, false, true, true, true, true];

/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 60;

impl Summary {
    /// Returns the table and the lines under it.
    pub fn to_text(&self) -> String {
        let mut text = table(&self.fields);
        for field in self.fields.iter().filter(|field| !field.examples.is_empty()) {
            let n_told = field.n_drifted + field.n_unreadable;
            let _ = writeln!(text, "\n{}.{}: {}", field.entity_type, field.field, such(n_told, field.examples.len()));
            for example in &field.examples {
                let (owner, copy) = (shown(&example.owner_value), shown(&example.copy_value));
                let (of_owner, of_copy) = (&field.owner_system, &field.copy_system);
                let key = printed(&example.key);
                let _ =
                    writeln!(text, "  {} {}  {key}  {of_owner} {owner}, {of_copy} {copy}", example.kind, example.code);
            }
        }
        for gap in &self.gaps {
            text += &gap_text(gap);
        }
        for stopped in &self.stopped {
            let (what, system, code) = (&stopped.what, &stopped.system, &stopped.code);
            let detail = printed(&stopped.detail);
            let _ = writeln!(text, "\n{what}: not compared to its end, {system} did not answer: {code} {detail}");
        }
        text
    }
}

fn table(fields: &[FieldSummary]) -> String {
    let rows = fields.iter().map(|field| {
        let percent = match field.n_checked {
            0 => String::new(),
            n => format!("{:.1}", 100.0 * field.n_drifted as f64 / n as f64),
        };
        [
            format!("{}.{}", field.entity_type, field.field),
            field.owner_system.clone(),
            field.copy_system.clone(),
            field.n_checked.to_string(),
            field.n_drifted.to_string(),
            percent,
            field.n_unreadable.to_string(),
        ]
    });
    let rows: Vec<[String; 7]> = std::iter::once(HEAD.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for ((cell, width), is_right) in row.iter().zip(&widths).zip(RIGHT) {
            let _ = if is_right { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn gap_text(gap: &GapSummary) -> String {
    let GapSummary { entity_type, owner_system, copy_system, .. } = gap;
    let mut text = format!("\n{entity_type}: {} looked at\n", gap.n_entities);
    let sides = [
        (FindingKind::MissingInCopy, &gap.missing_in_copy, owner_system, copy_system),
        (FindingKind::MissingInOwner, &gap.missing_in_owner, copy_system, owner_system),
    ];
    for (kind, missing, has, lacks) in sides {
        let named = format!("{} {}", kind.word(), reason(kind));
        let Gap { n, list, n_unmatched, examples } = missing;
        let _ = match (list, n) {
            (None, _) => {
                let unknown = format!("{has} binds no list of every {entity_type}, so it is not known what {has} has");
                let met = if *n > 0 { format!("; met: {n} {named}") } else { String::new() };
                writeln!(text, "  {unknown} and {lacks} has not{met}")
            }
            (Some(list), 0) => writeln!(text, "  in {has}, not in {lacks}: none (by {list})"),
            (Some(list), n) => writeln!(text, "  in {has}, not in {lacks}: {n} {named} (by {list})"),
        };
        if !examples.is_empty() {
            let keys: Vec<String> = examples.iter().map(|key| printed(key)).collect();
            let more = if *n > examples.len() as u64 { ", …" } else { "" };
            let _ = writeln!(text, "    {}{more}", keys.join(", "));
        }
        if *n_unmatched > 0 {
            let _ = writeln!(text, "  of {has}, {n_unmatched} rows have keys that are none of the graph's");
        }
    }
    if gap.n_asked_again > 0 {
        let (n, still) = (gap.n_asked_again, gap.n_still_found);
        let _ = writeln!(text, "  found before and looked at again: {n}, of which {still} still differ");
    }
    text
}

fn such(n: u64, n_examples: usize) -> String {
    if n > n_examples as u64 { format!("{n}, such as") } else { n.to_string() }
}

fn shown(value: &Option<String>) -> String {
    let value = match value.as_deref() {
        None => return "null".to_owned(),
        Some("") => return "\"\"".to_owned(),
        Some(value) => value,
    };
    let mut text: String = value.chars().take(VALUE_CHARS_MAX).collect();
    if text.len() < value.len() {
        text.push('…');
    }
    printed(&text)
}

/// What comes from systems must not steer a terminal.
fn printed(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
