//! What PostgreSQL sends of a change, read from its bytes. Pure.
//!
//! In: a message of `pgoutput`, the plugin every server has, in version 1. Out: which row of which table was written. What
//! cannot be read is refused whole, never guessed.

/// A message, as far as it says what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// What a table is; sent before its first change, and again when it is altered.
    Relation(Relation),
    /// A row was inserted, updated or deleted.
    Row {
        /// The table's number.
        relation: u32,
        /// The row before and after, as far as they are sent.
        tuples: Vec<Vec<Value>>,
    },
    /// All rows of tables were deleted.
    Truncate(Vec<u32>),
    /// Something that changes no row.
    Other,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its number.
    pub id: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Those of them that are its replica identity: a row is sent as it was before only where one of these changed.
    pub identity: Vec<String>,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Null; in the row before a change also what is no part of the table's replica identity.
    Null,
    /// Not sent: a large value that did not change.
    Unchanged,
    /// A text.
    Text(String),
}

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read {0} of a replicated change")]
pub struct Malformed(&'static str);

/// Reads a message.
pub fn message(bytes: &[u8]) -> Result<Message, Malformed> {
    let mut reader = Reader(bytes);
    match reader.u8()? {
        b'R' => relation(&mut reader),
        b'I' => {
            let relation = reader.u32()?;
            reader.expect(b'N')?;
            Ok(Message::Row { relation, tuples: vec![reader.tuple()?] })
        }
        b'U' => {
            let relation = reader.u32()?;
            let mut tuples = Vec::new();
            let mut mark = reader.u8()?;
            if matches!(mark, b'K' | b'O') {
                tuples.push(reader.tuple()?);
                mark = reader.u8()?;
            }
            if mark != b'N' {
                return Err(Malformed("the row"));
            }
            tuples.push(reader.tuple()?);
            Ok(Message::Row { relation, tuples })
        }
        b'D' => {
            let relation = reader.u32()?;
            if !matches!(reader.u8()?, b'K' | b'O') {
                return Err(Malformed("the row"));
            }
            Ok(Message::Row { relation, tuples: vec![reader.tuple()?] })
        }
        b'T' => {
            let n_relations = reader.u32()?;
            let _options = reader.u8()?;
            (0..n_relations).map(|_| reader.u32()).collect::<Result<_, _>>().map(Message::Truncate)
        }
        _ => Ok(Message::Other),
    }
}

fn relation(reader: &mut Reader<'_>) -> Result<Message, Malformed> {
    let (id, schema, name) = (reader.u32()?, reader.text()?, reader.text()?);
    let _replica_identity = reader.u8()?;
    let n_columns = reader.u16()?;
    let (mut columns, mut identity) = (Vec::new(), Vec::new());
    for _ in 0..n_columns {
        let (flags, name) = (reader.u8()?, reader.text()?);
        let (_type, _modifier) = (reader.u32()?, reader.u32()?);
        if flags & 1 == 1 {
            identity.push(name.clone());
        }
        columns.push(name);
    }
    // The schema of the server's own tables is sent as none.
    let schema = if schema.is_empty() { "pg_catalog".to_owned() } else { schema };
    Ok(Message::Relation(Relation { id, schema, name, columns, identity }))
}

/// What is left of a message.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, n_bytes: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(n_bytes).ok_or(Malformed("the end"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn expect(&mut self, mark: u8) -> Result<(), Malformed> {
        if self.u8()? == mark { Ok(()) } else { Err(Malformed("the row")) }
    }

    /// Reads a text that ends in a zero.
    fn text(&mut self) -> Result<String, Malformed> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Malformed("a name"))?;
        let text = utf8(self.take(end)?)?;
        self.u8()?;
        Ok(text)
    }

    fn tuple(&mut self) -> Result<Vec<Value>, Malformed> {
        let n_columns = self.u16()?;
        let value = |_| match self.u8()? {
            b'n' => Ok(Value::Null),
            b'u' => Ok(Value::Unchanged),
            b't' => {
                let n_bytes = self.u32()?;
                let n_bytes = usize::try_from(n_bytes).map_err(|_| Malformed("a value"))?;
                utf8(self.take(n_bytes)?).map(Value::Text)
            }
            _ => Err(Malformed("a value")),
        };
        (0..n_columns).map(value).collect()
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Malformed> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed("a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Vec<u8> {
        let mut bytes = b"R\0\0\0\x07public\0item\0d\0\x02".to_vec();
        bytes.extend(b"\x01item_no\0\0\0\0\x19\xff\xff\xff\xff");
        bytes.extend(b"\0name\0\0\0\0\x19\xff\xff\xff\xff");
        bytes
    }

    fn update() -> Vec<u8> {
        b"U\0\0\0\x07K\0\x02t\0\0\0\x01AnN\0\x02t\0\0\0\x01Bu".to_vec()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn every_message_is_read() {
        let columns = vec!["item_no".to_owned(), "name".to_owned()];
        let relation = Relation {
            id: 7,
            schema: "public".to_owned(),
            name: "item".to_owned(),
            columns,
            identity: vec!["item_no".to_owned()],
        };
        assert_eq!(message(&item()), Ok(Message::Relation(relation)));
        let row = |tuples| Ok(Message::Row { relation: 7, tuples });
        assert_eq!(message(&update()), row(vec![vec![text("A"), Value::Null], vec![text("B"), Value::Unchanged]]));
        assert_eq!(message(b"U\0\0\0\x07N\0\x01t\0\0\0\x02\xc3\xa9"), row(vec![vec![text("é")]]));
        assert_eq!(message(b"I\0\0\0\x07N\0\x01t\0\0\0\x01A"), row(vec![vec![text("A")]]));
        assert_eq!(message(b"D\0\0\0\x07O\0\x01t\0\0\0\0"), row(vec![vec![text("")]]));
        assert_eq!(message(b"T\0\0\0\x02\0\0\0\0\x07\0\0\0\x08"), Ok(Message::Truncate(vec![7, 8])));
        assert_eq!(message(b"Y\0\0\0\x07"), Ok(Message::Other));
    }

    #[test]
    fn no_message_is_read_that_is_cut() {
        for whole in [item(), update(), b"T\0\0\0\x02\0\0\0\0\x07\0\0\0\x08".to_vec()] {
            for end in 0..whole.len() {
                assert!(message(&whole[..end]).is_err(), "{end} bytes of {whole:?}");
            }
        }
        assert!(message(b"I\0\0\0\x07N\0\x01t\0\0\0\x01\xff").is_err(), "no text");
        assert!(message(b"I\0\0\0\x07N\0\x01b\0\0\0\x01A").is_err(), "not asked for in binary");
        assert!(message(b"T\xff\xff\xff\xff\0").is_err(), "more tables than bytes");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = message(&bytes);
        }

        #[test]
        fn a_message_with_any_byte_changed_is_read_or_refused(at in 0..100_usize, byte: u8) {
            for mut bytes in [item(), update()] {
                let n_bytes = bytes.len();
                bytes[at % n_bytes] = byte;
                let _ = message(&bytes);
            }
        }
    }
}
