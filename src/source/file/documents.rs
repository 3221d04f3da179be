//! JSON files: where the rows of a document, or the documents of lines, begin. Pure.
//!
//! Every row is parsed once to be sure that it can be; it is parsed again when it is asked for.

use serde_json::{Deserializer, Value};

/// Finds the rows of a document: the elements of the list that the members' names lead to.
///
/// *Errors*: why it cannot be read, without a word of what it holds.
pub fn rows_of_document(text: &str, names: &[String], mut found: impl FnMut(usize)) -> Result<(), String> {
    let mut scan = Scan { text, at: 0 };
    scan.descend(names, &mut found)?;
    match scan.peek() {
        None => Ok(()),
        Some(_) => Err(scan.wrong("text stands behind the document's end")),
    }
}

/// Finds the rows of a text with one document a line.
///
/// *Errors*: as for a document.
pub fn rows_of_lines(text: &str, mut found: impl FnMut(usize)) -> Result<(), String> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let scan = Scan { text, at };
            match serde_json::from_str::<Value>(line) {
                Ok(Value::Object(_)) => found(at),
                Ok(_) => return Err(scan.wrong("a row is no object")),
                Err(error) => return Err(scan.wrong(&kind_of(&error))),
            }
        }
        at += line.len();
    }
    Ok(())
}

/// Reads the row that begins at a byte.
pub fn row_at(text: &str, at: usize) -> Option<Value> {
    Deserializer::from_str(text.get(at..)?).into_iter().next()?.ok()
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl Scan<'_> {
    fn descend(&mut self, names: &[String], found: &mut dyn FnMut(usize)) -> Result<(), String> {
        let Some((name, rest)) = names.split_first() else { return self.elements(found) };
        self.expect(b'{', "there is no object where the rows should be")?;
        let mut was_there = false;
        if self.took(b'}') {
            return Err(self.wrong("the list of rows is not there"));
        }
        loop {
            let Value::String(member) = self.value()? else { return Err(self.wrong("an object's member has no name")) };
            self.expect(b':', "an object's member has no value")?;
            if member == *name && !was_there {
                was_there = true;
                self.descend(rest, found)?;
            } else {
                self.value()?;
            }
            if self.took(b'}') {
                break;
            }
            self.expect(b',', "an object is not closed")?;
        }
        if was_there { Ok(()) } else { Err(self.wrong("the list of rows is not there")) }
    }

    fn elements(&mut self, found: &mut dyn FnMut(usize)) -> Result<(), String> {
        self.expect(b'[', "there is no list where the rows should be")?;
        if self.took(b']') {
            return Ok(());
        }
        loop {
            self.peek();
            let start = self.at;
            if !self.value()?.is_object() {
                return Err(Scan { at: start, ..*self }.wrong("a row is no object"));
            }
            found(start);
            if self.took(b']') {
                return Ok(());
            }
            self.expect(b',', "the list of rows is not closed")?;
        }
    }

    /// Reads one value and goes behind it.
    fn value(&mut self) -> Result<Value, String> {
        let mut values = Deserializer::from_str(&self.text[self.at..]).into_iter::<Value>();
        let value = values.next();
        let offset = values.byte_offset();
        match value {
            Some(Ok(value)) => {
                self.at += offset;
                Ok(value)
            }
            Some(Err(error)) => Err(self.wrong(&kind_of(&error))),
            None => Err(self.wrong("the document ends before its end")),
        }
    }

    /// Goes over blanks and returns what comes then.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.text.as_bytes().get(self.at).copied()
    }

    fn took(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8, or: &str) -> Result<(), String> {
        if self.took(byte) { Ok(()) } else { Err(self.wrong(or)) }
    }

    fn wrong(&self, what: &str) -> String {
        format!("line {}: {what}", line_of(self.text, self.at))
    }
}

/// Returns the number of the line in which a byte stands.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// What is wrong with a document, without quoting it.
fn kind_of(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "the document ends before its end".to_owned(),
        _ => "this is not JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, way: &[&str]) -> Result<Vec<String>, String> {
        let names: Vec<String> = way.iter().map(|name| (*name).to_owned()).collect();
        let mut starts = Vec::new();
        rows_of_document(text, &names, |at| starts.push(at))?;
        Ok(starts.into_iter().map(|at| row_at(text, at).unwrap().to_string()).collect())
    }

    #[test]
    fn rows_are_found_where_the_way_leads() {
        let text = r#" {"made": "today", "data": {"n": 2, "items": [ {"a": 1.10}, {"a": "x]"} ] }, "end": [] } "#;
        assert_eq!(rows(text, &["data", "items"]).unwrap(), [r#"{"a":1.10}"#, r#"{"a":"x]"}"#]);
        assert_eq!(rows("[]", &[]).unwrap(), [""; 0]);
        let mut starts = Vec::new();
        rows_of_lines("{\"a\": 12345678901234567890.10}\r\n\n{\"a\": 2}", |at| starts.push(at)).unwrap();
        assert_eq!(starts, [0, 33]);
    }

    #[test]
    fn half_a_document_says_where_it_ends() {
        for (text, way, said) in [
            ("[{\"a\": 1},\n{\"a\": ", &[][..], "line 2: the document ends before its end"),
            ("[{\"a\": 1}\n", &[], "line 2: the list of rows is not closed"),
            ("{\"items\": [{}]", &["items"], "line 1: an object is not closed"),
            ("{\"items\": [{}]} {", &["items"], "line 1: text stands behind the document's end"),
            ("{\"other\": []}", &["items"], "line 1: the list of rows is not there"),
            ("{\"items\": {}}", &["items"], "line 1: there is no list where the rows should be"),
            ("[1]", &[], "line 1: a row is no object"),
        ] {
            assert_eq!(rows(text, way).unwrap_err(), said);
        }
        assert_eq!(rows_of_lines("{}\n{\"a\"", |_| {}).unwrap_err(), "line 2: the document ends before its end");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{}:,"a1\n ]{0,30}"#) {
            let _ = (rows(&text, &[]), rows(&text, &["a"]), rows_of_lines(&text, |_| {}));
        }
    }
}
