//! JSON text: how a text becomes a JSON string, and what text a finished leaf stands for.

use std::borrow::Cow;

/// Appends `text` as a JSON string, quoted and escaped.
pub fn write_json_string(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut clean_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0c => b"\\f",
            0x00..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[clean_from..at]);
        if escape.is_empty() {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        } else {
            out.extend_from_slice(escape);
        }
        clean_from = at + 1;
    }
    out.extend_from_slice(&bytes[clean_from..]);
    out.push(b'"');
}

/// Returns the text that a finished JSON leaf stands for: a string's content unescaped, any other leaf as it is; `None`
/// when `json` is `null`, an object, a list or not JSON.
pub fn json_text(json: &[u8]) -> Option<Cow<'_, str>> {
    match json.first()? {
        b'n' | b'{' | b'[' => None,
        b'"' => match json.get(1..json.len().saturating_sub(1)).unwrap_or_default() {
            inner if inner.contains(&b'\\') => serde_json::from_slice(json).ok().map(Cow::Owned),
            inner => std::str::from_utf8(inner).ok().map(Cow::Borrowed),
        },
        _ => std::str::from_utf8(json).ok().map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_json_string_reads_back_as_its_text(text in any::<String>()) {
            let mut json = Vec::new();
            write_json_string(&text, &mut json);
            prop_assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text.clone());
            prop_assert_eq!(json_text(&json), Some(Cow::Borrowed(text.as_str())));
        }
    }
}
