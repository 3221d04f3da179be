//! Bounds of what is kept, and digests that tell one thing from another. Pure.

use serde_json::{Value, json};

/// Bytes of a word: a code, a domain, a system, a type, a field, a line.
pub(super) const WORD_BYTES_MAX: usize = 120;
/// Bytes of a key that are kept; what it is told apart by is the whole of it.
pub(super) const KEY_BYTES_MAX: usize = 240;
/// Bytes of a message.
pub(super) const MESSAGE_BYTES_MAX: usize = 500;
/// Bytes of evidence: some twenty fields with their values.
pub(super) const EVIDENCE_BYTES_MAX: usize = 4096;
/// Bytes of a value that was compared.
pub(super) const VALUE_BYTES_MAX: usize = 500;

/// Returns a text of so many bytes at most, which a database takes: without the character 0.
pub(super) fn bounded(text: &str, bytes_max: usize) -> String {
    const ELLIPSIS: &str = "…";
    let text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() };
    if text.len() <= bytes_max {
        return text;
    }
    let end = text.floor_char_boundary(bytes_max - ELLIPSIS.len());
    format!("{}{ELLIPSIS}", &text[..end])
}

/// Returns JSON of so many bytes at most. What is longer, or none, is kept as its beginning.
pub(super) fn bounded_json(text: &str) -> String {
    const QUOTED_BYTES: usize = 1000;
    if text.len() <= EVIDENCE_BYTES_MAX && serde_json::from_str::<Value>(text).is_ok() {
        return text.to_owned();
    }
    json!({ "shortened": true, "bytes": text.len(), "beginning": bounded(text, QUOTED_BYTES) }).to_string()
}

/// Returns a digest of parts, in which none runs into the next, and a missing one is not an empty one.
pub(super) fn digest(parts: &[Option<&str>]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        match part {
            Some(part) => {
                hasher.update(&[1]);
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
            None => {
                hasher.update(&[0]);
            }
        }
    }
    // 128 bits: two of a billion things have the same with a chance of 1 in 10^20.
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(bounded("short", 10), "short");
        assert_eq!(bounded("größer als erlaubt", 8), "grö…");
        assert_eq!(bounded("a\0b", 10), "a\u{fffd}b");
        assert!(bounded(&"ü".repeat(999), MESSAGE_BYTES_MAX).len() <= MESSAGE_BYTES_MAX);
    }

    #[test]
    fn evidence_is_json_whatever_came() {
        assert_eq!(bounded_json(r#"{"limit":"5.00"}"#), r#"{"limit":"5.00"}"#);
        for text in ["{", "", &format!("[\"{}\"]", "\u{1}x".repeat(9_000))] {
            let kept = bounded_json(text);
            assert!(kept.len() <= EVIDENCE_BYTES_MAX * 2, "{}", kept.len());
            assert_eq!(serde_json::from_str::<Value>(&kept).unwrap()["shortened"], true);
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let some = |parts: &[&'static str]| digest(&parts.iter().map(|part| Some(*part)).collect::<Vec<_>>());
        assert_ne!(some(&["ab", "c"]), some(&["a", "bc"]));
        assert_ne!(digest(&[None, Some("")]), digest(&[Some(""), None]));
        assert_eq!(some(&["ab", "c"]), some(&["ab", "c"]));
    }
}
