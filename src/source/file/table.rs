//! The table: the rows of one file, as its characters and where each row begins. Pure.
//!
//! In: the file's bytes and how they are to be read. Out: a table whose rows are read when they are asked for, or why
//! these bytes are no whole file. A row costs its characters and four bytes.

use serde_json::Value;

use super::{
    csv::{Field, Records},
    documents::{line_of, row_at, rows_of_document, rows_of_lines},
    glob::footer,
};
use crate::contract::{Complete, Csv, Delivery, Form};

/// The rows of one file.
#[derive(Debug)]
pub struct Table {
    text: String,
    starts: Starts,
    form: Form,
    header: Vec<String>,
}

/// Where the rows begin: four bytes a row as long as that is enough.
#[derive(Debug)]
enum Starts {
    Short(Box<[u32]>),
    Long(Box<[u64]>),
}

impl Table {
    /// Reads a file.
    ///
    /// *Errors*: why it is malformed or not whole, without a word of what it holds.
    pub fn read(bytes: Vec<u8>, delivery: &Delivery) -> Result<Self, String> {
        let (mut text, begin) = decoded(bytes, delivery.encoding)?;
        let promised = match &delivery.complete {
            Complete::Footer(pattern) => cut_footer(&mut text, begin, pattern)?,
            Complete::Settled | Complete::Marker(_) => None,
        };
        let mut starts: Vec<u64> = Vec::new();
        let mut header = Vec::new();
        match &delivery.form {
            Form::Csv(csv) => header = scan_csv(&text, begin, csv, &mut starts)?,
            Form::Json(names) => rows_of_document(&text[begin..], names, |at| starts.push((begin + at) as u64))?,
            Form::Ndjson => rows_of_lines(&text[begin..], |at| starts.push((begin + at) as u64))?,
        }
        let n_rows = starts.len();
        if u32::try_from(n_rows).is_err() {
            return Err(format!("it has {n_rows} rows, which is more than can be counted with 32 bits"));
        }
        if let Some(promised) = promised
            && promised != n_rows as u64
        {
            return Err(format!("its last line says that there are {promised} rows, but there are {n_rows}"));
        }
        let starts = match u32::try_from(text.len()) {
            Ok(_) => Starts::Short(starts.iter().map(|start| *start as u32).collect()),
            Err(_) => Starts::Long(starts.into_boxed_slice()),
        };
        text.shrink_to_fit();
        Ok(Self { text, starts, form: delivery.form.clone(), header })
    }

    /// Returns the number of rows.
    pub fn n_rows(&self) -> u32 {
        let n_rows = match &self.starts {
            Starts::Short(starts) => starts.len(),
            Starts::Long(starts) => starts.len(),
        };
        n_rows as u32
    }

    /// Returns the names of the columns of a csv file, `None` for other files.
    pub fn csv(&self) -> Option<(&Csv, &[String])> {
        match &self.form {
            Form::Csv(csv) => Some((csv, &self.header)),
            Form::Json(_) | Form::Ndjson => None,
        }
    }

    /// Reads the fields of a row of a csv file.
    pub fn fields<'t>(&'t self, row: u32, fields: &mut Vec<Field<'t>>) {
        if let Form::Csv(csv) = &self.form
            && Records::new(&self.text, self.start(row), csv).next(fields).is_err()
        {
            // Loading has read every record, so none is malformed.
            fields.clear();
        }
    }

    /// Reads a row of a JSON file.
    pub fn document(&self, row: u32) -> Value {
        // Loading has read every document, so there is one.
        row_at(&self.text, self.start(row)).unwrap_or(Value::Null)
    }

    /// Returns how many bytes it takes: of characters, and beside them.
    pub fn weight(&self) -> (usize, usize) {
        let starts = match &self.starts {
            Starts::Short(starts) => size_of_val(&**starts),
            Starts::Long(starts) => size_of_val(&**starts),
        };
        (self.text.capacity(), starts)
    }

    fn start(&self, row: u32) -> usize {
        let start = match &self.starts {
            Starts::Short(starts) => starts.get(row as usize).map(|start| *start as usize),
            Starts::Long(starts) => starts.get(row as usize).map(|start| *start as usize),
        };
        start.unwrap_or(self.text.len())
    }
}

/// Decodes a file's characters; returns where they begin behind a byte order mark. UTF-8 is not copied.
fn decoded(bytes: Vec<u8>, encoding: &str) -> Result<(String, usize), String> {
    let stated = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    // A mark is more to be believed than the binding: exports change their encoding, and say so only there.
    let (encoding, n_mark) = encoding_rs::Encoding::for_bom(&bytes).unwrap_or((stated, 0));
    if encoding == encoding_rs::UTF_8 {
        return match String::from_utf8(bytes) {
            Ok(text) => Ok((text, n_mark)),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
                Err(format!("line {line}: this is not UTF-8"))
            }
        };
    }
    match encoding.decode_without_bom_handling_and_without_replacement(&bytes[n_mark..]) {
        Some(text) => Ok((text.into_owned(), 0)),
        None => Err(format!("its characters are not in the encoding {}", encoding.name())),
    }
}

/// Cuts the last line off; returns how many rows it says there are.
fn cut_footer(text: &mut String, begin: usize, pattern: &str) -> Result<Option<u64>, String> {
    let body = text[begin..].trim_end_matches(['\r', '\n']);
    let start = begin + body.rfind(['\r', '\n']).map_or(0, |at| at + 1);
    let end = begin + body.len();
    let promised = footer(pattern, &text[start..end]).ok_or("its last line is not the one that ends a whole file")?;
    text.truncate(start);
    Ok(promised)
}

/// Finds the rows of a csv file; returns the names of its columns.
fn scan_csv(text: &str, begin: usize, csv: &Csv, starts: &mut Vec<u64>) -> Result<Vec<String>, String> {
    let mut records = Records::new(text, begin, csv);
    let mut fields = Vec::new();
    let malformed = |wrong: super::csv::Malformed| format!("line {}: {}", line_of(text, wrong.at), wrong.what);
    let mut header = csv.columns.clone();
    if csv.header {
        if records.next(&mut fields).map_err(malformed)?.is_none() {
            return Err("it has no first line that names its columns".to_owned());
        }
        header.get_or_insert_with(|| fields.iter().map(|field| field.text.trim().to_owned()).collect());
    }
    let header = header.unwrap_or_default();
    let twin = header.iter().enumerate().find(|(n, name)| !name.is_empty() && header[..*n].contains(name));
    if let Some((_, twin)) = twin {
        return Err(format!("two columns are named `{twin}`"));
    }
    while let Some(start) = records.next(&mut fields).map_err(malformed)? {
        if fields.len() != header.len() {
            let line = line_of(text, start);
            return Err(format!("line {line}: {} cells where there are {} columns", fields.len(), header.len()));
        }
        starts.push(start as u64);
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::contract::Empty;

    fn csv(encoding: &'static str, complete: Complete) -> Delivery {
        let (delimiter, quote, comment) = (b',', Some(b'"'), None);
        let form = Form::Csv(Csv { delimiter, quote, comment, header: true, columns: None, empty: Empty::Null });
        Delivery { glob: "*".to_owned(), encoding, form, complete, named_time: None }
    }

    fn cells(table: &Table) -> Vec<Vec<String>> {
        let mut fields = Vec::new();
        let rows = (0..table.n_rows()).map(|row| {
            table.fields(row, &mut fields);
            fields.iter().map(|field| field.text.clone().into_owned()).collect()
        });
        rows.collect()
    }

    #[test]
    fn characters_come_in_any_encoding_and_marks_are_cut() {
        let utf16 = |mark: &[u8], to: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let units = "sku,name\nA,Größe".encode_utf16().flat_map(to);
            mark.iter().copied().chain(units).collect()
        };
        for (bytes, encoding) in [
            ("sku,name\nA,Größe".as_bytes().to_vec(), "UTF-8"),
            ("\u{feff}sku,name\nA,Größe".as_bytes().to_vec(), "UTF-8"),
            (b"sku,name\nA,Gr\xf6\xdfe".to_vec(), "windows-1252"),
            (utf16(b"", u16::to_le_bytes), "UTF-16LE"),
            (utf16(b"\xff\xfe", u16::to_le_bytes), "UTF-8"),
            (utf16(b"\xfe\xff", u16::to_be_bytes), "UTF-16LE"),
        ] {
            let table = Table::read(bytes, &csv(encoding, Complete::Settled)).unwrap();
            assert_eq!(
                (table.csv().unwrap().1, cells(&table)),
                (&["sku".into(), "name".into()][..], vec![vec!["A".into(), "Größe".into()]])
            );
        }
    }

    #[test]
    fn what_is_no_whole_file_is_refused_and_never_quoted() {
        for (bytes, said) in [
            (&b"sku,name\nA,Gr\xc3"[..], "line 2: this is not UTF-8"),
            (b"sku,name\nA,b\nsecret", "line 3: 1 cells where there are 2 columns"),
            (b"sku,name\n\0\0\0\0", "line 2: 1 cells where there are 2 columns"),
            (b"sku,sku\n", "two columns are named `sku`"),
            (b"", "it has no first line that names its columns"),
        ] {
            assert_eq!(Table::read(bytes.to_vec(), &csv("UTF-8", Complete::Settled)).unwrap_err(), said);
        }
    }

    #[test]
    fn a_last_line_says_that_the_file_is_whole() {
        let delivery = csv("UTF-8", Complete::Footer("END;{rows}".to_owned()));
        assert_eq!(Table::read(b"sku,name\nA,b\nEND;1\n".to_vec(), &delivery).unwrap().n_rows(), 1);
        for (bytes, said) in [
            (&b"sku,name\nA,b\n"[..], "its last line is not the one that ends a whole file"),
            (b"sku,name\nA,b\nEND;2", "its last line says that there are 2 rows, but there are 1"),
        ] {
            assert_eq!(Table::read(bytes.to_vec(), &delivery).unwrap_err(), said);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in any::<bool>()) {
            for encoding in ["UTF-8", "UTF-16LE", "windows-1252", "Shift_JIS"] {
                let complete = if cut { Complete::Footer("*{rows}*".to_owned()) } else { Complete::Settled };
                for form in [csv(encoding, complete.clone()).form, Form::Json(vec!["a".into()]), Form::Ndjson] {
                    let delivery = Delivery { form, ..csv(encoding, complete.clone()) };
                    if let Ok(table) = Table::read(bytes.clone(), &delivery) {
                        cells(&table);
                        (0..table.n_rows()).for_each(|row| drop(table.document(row)));
                    }
                }
            }
        }
    }
}
