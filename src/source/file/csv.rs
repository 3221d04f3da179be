//! Comma separated values: the records of a text and their fields. Pure.
//!
//! A field in quotes may hold delimiters, line ends and doubled quotes; in any other field a quote is a character like
//! any other (`1/4" bolt`). Records end with LF, CRLF or CR, the last one also with the text; lines without a character
//! are none. What cannot be a whole file is an error: a quote that is never closed, text behind a closing quote.

use std::borrow::Cow;

use crate::{
    contract::{Csv, Empty},
    fetch::Cell,
};

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'t> {
    /// What it holds.
    pub text: Cow<'t, str>,
    /// Whether it stands in quotes.
    pub quoted: bool,
}

/// Reads the records of a text one by one.
#[derive(Debug)]
pub struct Records<'t> {
    text: &'t str,
    at: usize,
    csv: &'t Csv,
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The byte where it is.
    pub at: usize,
    /// What it is.
    pub what: &'static str,
}

impl<'t> Records<'t> {
    /// Begins to read at a byte.
    pub fn new(text: &'t str, at: usize, csv: &'t Csv) -> Self {
        Self { text, at, csv }
    }

    /// Reads the next record into `fields`; returns where it begins, or `None` at the end.
    pub fn next(&mut self, fields: &mut Vec<Field<'t>>) -> Result<Option<usize>, Malformed> {
        fields.clear();
        loop {
            match self.peek() {
                None => return Ok(None),
                Some(b'\r' | b'\n') => self.at += 1,
                Some(byte) if Some(byte) == self.csv.comment => self.at = self.line_end(),
                Some(_) => break,
            }
        }
        let start = self.at;
        loop {
            fields.push(self.field()?);
            match self.peek() {
                Some(byte) if byte == self.csv.delimiter => self.at += 1,
                Some(b'\r') => {
                    self.at += 1;
                    self.at += usize::from(self.peek() == Some(b'\n'));
                    return Ok(Some(start));
                }
                Some(b'\n') => {
                    self.at += 1;
                    return Ok(Some(start));
                }
                None => return Ok(Some(start)),
                Some(_) => return Err(Malformed { at: self.at, what: "text stands behind a closing quote" }),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Finds the first byte from here on for which `ends` holds.
    fn find(&self, ends: impl Fn(u8) -> bool) -> Option<usize> {
        let rest = &self.text.as_bytes()[self.at..];
        rest.iter().position(|byte| ends(*byte)).map(|offset| self.at + offset)
    }

    fn line_end(&self) -> usize {
        self.find(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(self.text.len())
    }

    fn field(&mut self) -> Result<Field<'t>, Malformed> {
        let Some(quote) = self.csv.quote.filter(|quote| self.peek() == Some(*quote)) else {
            let delimiter = self.csv.delimiter;
            let end = self.find(|byte| byte == delimiter || byte == b'\n' || byte == b'\r').unwrap_or(self.text.len());
            let text = self.text[self.at..end].into();
            self.at = end;
            return Ok(Field { text, quoted: false });
        };
        let opening = self.at;
        self.at += 1;
        let mut text: Cow<'t, str> = Cow::Borrowed("");
        loop {
            let Some(end) = self.find(|byte| byte == quote) else {
                return Err(Malformed { at: opening, what: "a quote opens that is never closed" });
            };
            let stretch = &self.text[self.at..end];
            if text.is_empty() {
                text = stretch.into();
            } else {
                text.to_mut().push_str(stretch);
            }
            self.at = end + 1;
            if self.peek() != Some(quote) {
                return Ok(Field { text, quoted: true });
            }
            text.to_mut().push(char::from(quote));
            self.at += 1;
        }
    }
}

/// Makes a cell of a field.
pub fn cell<'t>(field: Field<'t>, empty: Empty) -> Cell<'t> {
    let is_null = field.text.is_empty()
        && match empty {
            Empty::Null => true,
            Empty::Text => false,
            Empty::UnlessQuoted => !field.quoted,
        };
    if is_null { Cell::Null } else { Cell::Text(field.text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form() -> Csv {
        let (delimiter, quote, comment) = (b';', Some(b'"'), Some(b'#'));
        Csv { delimiter, quote, comment, header: true, columns: None, empty: Empty::Null }
    }

    fn read(text: &str, csv: &Csv) -> Result<Vec<Vec<String>>, Malformed> {
        let mut records = Records::new(text, 0, csv);
        let (mut fields, mut all) = (Vec::new(), Vec::new());
        while records.next(&mut fields)?.is_some() {
            all.push(fields.iter().map(|field| field.text.clone().into_owned()).collect());
        }
        Ok(all)
    }

    #[test]
    fn quotes_hold_what_would_end_a_field() {
        let text = "# made by erp\r\nsku;text\r\n\r\n\"A;1\";\"say \"\"hi\"\"\nto all\"\r\nSP/1'4\"×;\"\"\rB;\0\nlast;";
        let expected: [&[&str]; 5] =
            [&["sku", "text"], &["A;1", "say \"hi\"\nto all"], &["SP/1'4\"×", ""], &["B", "\0"], &["last", ""]];
        assert_eq!(read(text, &form()).unwrap(), expected);
        let unquoted = Csv { quote: None, ..form() };
        assert_eq!(read("\"a;b\"", &unquoted).unwrap(), [["\"a", "b\""]]);
    }

    #[test]
    fn half_a_file_is_an_error() {
        for (text, at, what) in [
            ("a;b\n1;\"2\n3;4", 6, "a quote opens that is never closed"),
            ("a;b\n\"1\"2;3", 7, "text stands behind a closing quote"),
        ] {
            assert_eq!(read(text, &form()), Err(Malformed { at, what }));
        }
    }

    #[test]
    fn an_empty_cell_is_what_the_binding_says() {
        let field = |quoted| Field { text: "".into(), quoted };
        let all =
            [(Empty::Null, true), (Empty::Text, false), (Empty::UnlessQuoted, false), (Empty::UnlessQuoted, true)];
        let cells = all.map(|(empty, quoted)| cell(field(quoted), empty));
        let text = || Cell::Text("".into());
        assert_eq!(cells, [Cell::Null, text(), Cell::Null, text()]);
    }

    proptest! {
        /// The crate `csv` reads the same records out of what it wrote itself.
        #[test]
        fn records_are_those_another_reader_finds(
            rows in proptest::collection::vec(proptest::collection::vec("[a\"; \r\n#×\0]{0,5}", 3), 1..6),
            crlf in any::<bool>(),
        ) {
            let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
            let mut writer = csv::WriterBuilder::new().delimiter(b';').terminator(terminator).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let ours = read(&text, &Csv { comment: None, ..form() }).unwrap();
            let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> =
                reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(&ours, &theirs);
            prop_assert_eq!(ours, rows);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a\";#\r\n×\0]{0,40}") {
            let csv = form();
            let mut records = Records::new(&text, 0, &csv);
            let mut fields = Vec::new();
            while let Ok(Some(start)) = records.next(&mut fields) {
                // A record read again from its beginning is the same record.
                let again = fields.clone();
                let mut fields = Vec::new();
                prop_assert_eq!(Records::new(&text, start, &csv).next(&mut fields), Ok(Some(start)));
                prop_assert_eq!(again, fields);
            }
        }
    }
}
