//! Sources: the texts that diagnostics point into, by file.
//!
//! What comes in is what may be shown: a secret is blanked out (same length, so that places stay true) before a text is
//! kept here.

/// A file in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A stretch of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// The texts that diagnostics point into.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<(String, String)>,
}

impl Sources {
    /// Adds a file and returns its number.
    pub fn add(&mut self, name: &str, text: String) -> FileId {
        let number = u32::try_from(self.files.len()).expect("a contract has far fewer than 2^32 files");
        self.files.push((name.to_owned(), text));
        FileId(number)
    }

    /// Returns a file's name.
    pub fn name(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].0
    }

    /// Returns a file's text, as far as it may be shown.
    pub fn text(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].1
    }

    /// Blanks out a stretch of a file that must never be shown, byte for byte.
    pub fn blank(&mut self, place: Place) {
        let text = &mut self.files[place.file.0 as usize].1;
        let blanked: Vec<u8> = (text.bytes().enumerate())
            .map(|(at, byte)| if (place.start..place.end).contains(&at) && byte != b'\n' { b'*' } else { byte })
            .collect();
        // A stretch that cut a character in two would not be text any more; then nothing of the file is kept.
        *text = String::from_utf8(blanked).unwrap_or_else(|error| "*".repeat(error.as_bytes().len()));
    }

    /// Returns the place moved inside its file and onto character boundaries, so that it can be cut out.
    pub fn clamp(&self, place: Place) -> Place {
        let text = self.text(place.file);
        let start = text.floor_char_boundary(place.start);
        let end = text.ceil_char_boundary(place.end.max(start));
        Place { file: place.file, start, end }
    }

    /// Returns the line and the column of a place's start, both counted from 1, columns in characters.
    pub fn line_column(&self, place: Place) -> (usize, usize) {
        let place = self.clamp(place);
        let before = &self.text(place.file)[..place.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.graphql", "type Ä {\n  größe: Int\n}".to_owned());
        let at = sources.text(file).find("Int").unwrap();
        assert_eq!(sources.line_column(Place { file, start: at, end: at + 3 }), (2, 10));
        assert_eq!(sources.line_column(Place { file, start: 999, end: 1000 }), (3, 2));
    }

    #[test]
    fn a_blanked_stretch_keeps_every_other_place_true() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "url = \"geheim-ü\"\nx = 1".to_owned());
        sources.blank(Place { file, start: 7, end: 16 });
        assert_eq!(sources.text(file), "url = \"*********\"\nx = 1");
    }
}
