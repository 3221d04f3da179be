//! Places in an SDL text: the parser says line and column, a message wants the stretch of bytes to underline.

use crate::diagnostic::{FileId, Place};

/// How deep brackets may be nested. The parser is recursive; a text of nothing but brackets must not exhaust its stack.
const DEPTH_MAX: usize = 64;

/// Finds stretches in one text.
pub(super) struct Spots<'a> {
    file: FileId,
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Spots<'a> {
    /// Prepares a text.
    pub fn new(file: FileId, text: &'a str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { file, text, line_starts: std::iter::once(0).chain(after).collect() }
    }

    /// Returns the start of the text.
    pub fn start(&self) -> Place {
        Place { file: self.file, start: 0, end: 0 }
    }

    /// Whether the text holds nothing but blanks and comments.
    pub fn is_blank(&self) -> bool {
        self.text.lines().all(|line| {
            let line = line.trim_matches([' ', '\t', ',', '\u{feff}', '\r']);
            line.is_empty() || line.starts_with('#')
        })
    }

    /// Returns the first bracket that is nested deeper than the parser is allowed to go.
    pub fn too_deep(&self) -> Option<Place> {
        let bytes = self.text.as_bytes();
        let (mut depth, mut at) = (0usize, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'#' => at += self.text[at..].find(['\n', '\r']).unwrap_or(bytes.len() - at),
                b'"' => at += string_length(&self.text[at..]) - 1,
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    if depth > DEPTH_MAX {
                        return Some(self.stretch(at, 1));
                    }
                }
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Returns the name or number at a position; where there is none, the character.
    pub fn word(&self, line: usize, column: usize) -> Place {
        let at = self.offset(line, column);
        let rest = &self.text[at..];
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let one = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        self.stretch(at, word.max(one))
    }

    /// Returns the type at a position: `[Product!]!`.
    pub fn type_use(&self, line: usize, column: usize) -> Place {
        let at = self.offset(line, column);
        let rest = &self.text[at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_[]!".contains(c)).unwrap_or(rest.len());
        self.stretch(at, length)
    }

    /// Returns the value at a position: a string with its quotes, a list or object up to its end.
    pub fn value(&self, line: usize, column: usize) -> Place {
        let at = self.offset(line, column);
        let rest = &self.text[at..];
        match rest.as_bytes().first() {
            Some(b'"') => self.stretch(at, string_length(rest)),
            Some(b'[' | b'{') => {
                let bytes = rest.as_bytes();
                let (mut depth, mut end) = (0usize, 0);
                while end < bytes.len() {
                    match bytes[end] {
                        b'"' => end += string_length(&rest[end..]) - 1,
                        b'[' | b'{' => depth += 1,
                        b']' | b'}' => depth -= 1,
                        _ => {}
                    }
                    end += 1;
                    if depth == 0 {
                        break;
                    }
                }
                self.stretch(at, end)
            }
            Some(b'-') => Place { start: at, ..self.word(line, column + 1) },
            _ => self.word(line, column),
        }
    }

    fn stretch(&self, start: usize, length: usize) -> Place {
        Place { file: self.file, start, end: (start + length).min(self.text.len()) }
    }

    fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..];
        let column = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        start + column
    }
}

/// The length of the string that begins a text, quotes included; the whole text, when it is never closed.
fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let block = text.starts_with("\"\"\"");
    let mut at = if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !block => at += 2,
            b'\\' if text[at..].starts_with("\\\"\"\"") => at += 4,
            b'"' if block && text[at..].starts_with("\"\"\"") => return at + 3,
            b'"' if !block => return at + 1,
            b'\n' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}
