//! Secrets: what of a system file must never be shown, blanked out before a message can show it.
//!
//! A message underlines the line it speaks of, so the line of a URL with its password would be printed with it. The
//! `${NAMES}` of variables stay: they are what the reader needs to see.

use std::ops::Range;

use crate::diagnostic::{FileId, Place, Sources};

/// Blanks out whatever stands behind `url =`, and the user and password of any URL anywhere.
///
/// Works on the text alone, because a file that does not even parse is shown too.
pub(super) fn blank_urls(file: FileId, sources: &mut Sources) {
    let text = sources.text(file);
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(equals) = line.find('=').filter(|equals| is_url_key(&line[..*equals])) {
            let value = start + equals + 1;
            stretches.push(value..value + value_length(&text[value..]));
        }
        start += line.len();
    }
    for (at, marker) in text.match_indices("://") {
        let rest = &text[at + marker.len()..];
        let url = &rest[..rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).unwrap_or(rest.len())];
        if let Some(end) = url.rfind('@') {
            stretches.push(at + marker.len()..at + marker.len() + end);
        }
    }
    for stretch in stretches {
        blank(Place { file, start: stretch.start, end: stretch.end }, sources);
    }
}

/// Blanks out a text except for quotes, blanks and the `${NAMES}` in it.
pub(super) fn blank(place: Place, sources: &mut Sources) {
    let place = sources.clamp(place);
    let text = sources.text(place.file)[place.start..place.end].to_owned();
    let mut secret_from = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let shown = variable_length(rest).or_else(|| rest.starts_with([' ', '"', '\'', '\n']).then_some(1));
        match shown {
            Some(length) => {
                blank_stretch(place, secret_from..at, sources);
                at += length;
                secret_from = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    blank_stretch(place, secret_from..at, sources);
}

fn blank_stretch(place: Place, stretch: Range<usize>, sources: &mut Sources) {
    if !stretch.is_empty() {
        sources.blank(Place { start: place.start + stretch.start, end: place.start + stretch.end, ..place });
    }
}

fn is_url_key(key: &str) -> bool {
    key.trim().trim_matches(['"', '\'']).trim().eq_ignore_ascii_case("url")
}

/// The length of a TOML value: to the end of its line, or of the text in three quotes.
fn value_length(value: &str) -> usize {
    let opening = value.len() - value.trim_start_matches([' ', '\t']).len();
    for quotes in ["\"\"\"", "'''"] {
        if let Some(inner) = value[opening..].strip_prefix(quotes) {
            return inner.find(quotes).map_or(value.len(), |end| opening + end + 2 * quotes.len());
        }
    }
    value.find('\n').unwrap_or(value.len())
}

/// The length of `${NAME}`, where one begins here.
fn variable_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    inner[..end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_blanked_and_variables_stay() {
        for (text, shown) in [
            ("url = \"pg://a:b@${HOST}/c\"\nx = 1", "url = \"*********${HOST}**\"\nx = 1"),
            (" \"URL\"='''\na:b\nx = 1", " \"URL\"='''\n***\n* * *"),
            ("dsn = 'pg://a:ü@host/x@y z'", "dsn = 'pg://***********@y z'"),
            ("key = 'a@b'", "key = 'a@b'"),
        ] {
            let mut sources = Sources::default();
            let file = sources.add("erp.toml", text.to_owned());
            blank_urls(file, &mut sources);
            assert_eq!(sources.text(file), shown);
        }
    }
}
