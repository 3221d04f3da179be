//! How changes are printed: for people, and for machines.

use serde_json::{Value, json};

use super::{Change, ChangeKind};

/// Renders changes as text, a line for each, and those to whom it is not the same below.
pub fn diff_text(changes: &[Change]) -> String {
    let width = ChangeKind::ALL.map(|kind| kind.word().len()).into_iter().max().unwrap_or(0);
    let mut text = String::new();
    for Change { kind, subject, message, audiences } in changes {
        let whom = if audiences.is_empty() { String::new() } else { format!(" ({})", audiences.join(", ")) };
        text += &format!("{:width$}  {subject} {message}{whom}\n", kind.word());
    }
    text
}

/// Renders changes for machines; `is_allowed` says which kinds somebody has agreed to.
pub fn diff_json(changes: &[Change], is_allowed: impl Fn(ChangeKind) -> bool) -> Value {
    let entry = |change: &Change| {
        json!({
            "kind": change.kind.word(),
            "subject": change.subject,
            "message": change.message,
            "audiences": change.audiences,
            "fails": change.kind.is_grave() && !is_allowed(change.kind),
        })
    };
    changes.iter().map(entry).collect()
}
