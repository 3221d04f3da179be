//! Groups and lists of a system of files: which files, how their rows are read, when one is complete and since when it
//! holds.

use super::{
    super::{
        placeholder::Unreadable,
        reader::{Entry, Reader, Text},
    },
    asked::Parameter,
    pointer,
};
use crate::{diagnostic::Place, value::Pointer};
use toml::de::DeValue;

/// How a group is asked of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileGroup {
    /// Where its rows come from.
    pub delivery: Delivery,
    /// The parts that come in files of their own, by the slot they fill.
    pub parts: Vec<(String, FilePart)>,
}

/// A part whose rows come in a file of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Where its rows come from. What the wildcards of the group's glob stand for in a file's name, those of this one
    /// stand for, too: the two files are one set.
    pub delivery: Delivery,
    /// The columns that hold the owner's key, in the order of the key.
    pub parents: Vec<String>,
}

/// How a list is asked of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileList {
    /// Where its rows come from.
    pub delivery: Delivery,
    /// Which column must have the value of which parameter.
    pub conditions: Vec<(String, String)>,
}

/// Files of one kind, of which the newest complete one holds the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The names: `*` stands for any characters, `?` for one.
    pub glob: String,
    /// The name of the characters' encoding, as the Encoding Standard has it.
    pub encoding: &'static str,
    /// How rows are read.
    pub form: Form,
    /// What says that a file is complete, beside its resting for a while.
    pub complete: Complete,
    /// How a file's name says since when its rows hold: `prices-%Y%m%d.csv`.
    pub named_time: Option<String>,
}

/// How rows are read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Form {
    /// Comma separated values.
    Csv(Csv),
    /// One JSON document, with the names of the members that lead to its list of rows.
    Json(Vec<String>),
    /// One JSON document a line.
    Ndjson,
}

/// How comma separated values are written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Csv {
    /// What stands between two cells.
    pub delimiter: u8,
    /// What stands around a cell that holds a delimiter; `None` where nothing does.
    pub quote: Option<u8>,
    /// What a line begins with that is none.
    pub comment: Option<u8>,
    /// Whether the first line names the columns.
    pub header: bool,
    /// The names of the columns, where the first line does not say them or says others.
    pub columns: Option<Vec<String>>,
    /// What a cell without characters is.
    pub empty: Empty,
}

/// What a cell without characters is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Empty {
    /// No value.
    #[default]
    Null,
    /// The empty text.
    Text,
    /// The empty text in quotes, no value without.
    UnlessQuoted,
}

/// What says that a file is complete.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Complete {
    /// That it has not changed for a while.
    Settled,
    /// Another file, by its name with `{name}` in it.
    Marker(String),
    /// Its last line, which is no row: `*` stands for any characters and `{rows}` for the number of rows.
    Footer(String),
}

/// Which files and how they are read, as written; what a part does not say, it has from its group.
#[derive(Debug, Default)]
struct DeliveryFile {
    glob: Option<Text>,
    format: Option<Text>,
    encoding: Option<Text>,
    delimiter: Option<Text>,
    quote: Option<Text>,
    comment: Option<Text>,
    header: Option<bool>,
    columns: Option<(Vec<String>, Place)>,
    empty: Option<Text>,
    rows: Option<(Pointer, Place)>,
    complete: Option<(Complete, Place)>,
    time: Option<Text>,
    csv_key: Option<(String, Place)>,
}

/// The keys of a group that only systems of files have.
#[derive(Debug, Default)]
pub struct FileGroupFile {
    delivery: DeliveryFile,
    parts: Vec<PartFile>,
}

#[derive(Debug)]
struct PartFile {
    field: Text,
    delivery: DeliveryFile,
    parents: Option<Vec<String>>,
}

/// The keys of a list that only systems of files have.
#[derive(Debug, Default)]
pub struct FileListFile {
    delivery: DeliveryFile,
    conditions: Vec<(Text, Text)>,
}

/// The keys of a part.
const PART_KEYS: &[&str] = &[
    "glob",
    "parent",
    "format",
    "delimiter",
    "quote",
    "comment",
    "encoding",
    "header",
    "columns",
    "empty",
    "rows",
    "complete",
];

/// Says a fault: its code, place, sentence and help.
type Say<'s> = &'s mut dyn FnMut(&'static str, Place, String, String);

impl DeliveryFile {
    fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let name = entry.0.get_ref().as_ref();
        match name {
            "glob" => self.glob = reader.text(entry),
            "format" => self.format = reader.text(entry),
            "encoding" => self.encoding = reader.text(entry),
            "delimiter" => self.delimiter = reader.text(entry),
            "quote" => self.quote = reader.text(entry),
            "comment" => self.comment = reader.text(entry),
            "header" => self.header = reader.boolean(entry),
            "empty" => self.empty = reader.text(entry),
            "columns" => {
                let place = reader.place(entry.1);
                let columns = reader.texts(entry).map(|all| all.into_iter().map(|text| text.text).collect());
                self.columns = columns.map(|columns| (columns, place));
            }
            "rows" => self.rows = pointer(entry, reader).map(|pointer| (pointer, reader.place(entry.1))),
            "complete" => self.complete = complete(entry, reader),
            "as_of" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    match entry.0.get_ref().as_ref() {
                        "name" => self.time = reader.text(entry),
                        _ => reader.unknown_key(entry.0, "as_of", &["name"]),
                    }
                }
            }
            _ => return false,
        }
        if ["delimiter", "quote", "comment", "header", "columns", "empty"].contains(&name) {
            self.csv_key = Some((name.to_owned(), reader.place(entry.0)));
        }
        true
    }

    /// Compiles what was written and says what is wrong with it.
    fn delivery(&self, base: Option<&Self>, title: &str, place: Place, say: Say<'_>) -> Option<Delivery> {
        let Some(glob) = &self.glob else {
            let help = "add glob = \"prices-*.csv\": names of files in the system's folder".to_owned();
            say("GLOB_MISSING", place, format!("{title} does not say in which files its rows are"), help);
            return None;
        };
        if glob.text.is_empty() || glob.text.contains(['/', '\\']) {
            let message = format!("`{}` is no name of files in the system's folder", glob.text);
            say("GLOB", glob.place, message, "write a name with wildcards: \"prices-*.csv\"".to_owned());
        }
        let encoding = self.encoding.as_ref().or_else(|| base.and_then(|base| base.encoding.as_ref()));
        let encoding = match encoding {
            None => encoding_rs::UTF_8.name(),
            Some(label) => match encoding_rs::Encoding::for_label(label.text.as_bytes()) {
                Some(encoding) => encoding.name(),
                None => {
                    let message = format!("there is no encoding of characters named `{}`", label.text);
                    let help =
                        "write \"utf-8\", \"windows-1252\", \"utf-16le\" or another label of the Encoding Standard";
                    say("ENCODING_UNKNOWN", label.place, message, help.to_owned());
                    return None;
                }
            },
        };
        let form = self.form(base, glob, say)?;
        let complete = match self.complete.as_ref().or_else(|| base.and_then(|base| base.complete.as_ref())) {
            None => Complete::Settled,
            Some((complete, place)) => {
                let (message, help) = match complete {
                    Complete::Marker(name) if !name.contains("{name}") => {
                        ("this marker would be the same for every file", "write its name with {name}: \"{name}.done\"")
                    }
                    Complete::Footer(_) if matches!(form, Form::Json(_)) => {
                        ("a JSON document has no last line that is no row", "delete it; half a document is never read")
                    }
                    _ => ("", ""),
                };
                if !message.is_empty() {
                    say("FILE_COMPLETE", *place, message.to_owned(), help.to_owned());
                }
                complete.clone()
            }
        };
        let time = self.time.as_ref();
        if let Some(time) = time
            && !is_time(&time.text)
        {
            let message = format!("no day can be read out of a name by `{}`", time.text);
            let help = "write the file's whole name with %Y, %m, %d and, if it has them, %H, %M, %S".to_owned();
            say("FILE_TIME", time.place, message, help);
        }
        Some(Delivery {
            glob: glob.text.clone(),
            encoding,
            form,
            complete,
            named_time: time.map(|time| time.text.clone()),
        })
    }

    /// Compiles what was written; what is wrong with it has been said.
    fn compile(&self, base: Option<&Self>) -> Option<Delivery> {
        self.delivery(base, "", self.glob.as_ref()?.place, &mut |_, _, _, _| {})
    }

    fn form(&self, base: Option<&Self>, glob: &Text, say: Say<'_>) -> Option<Form> {
        let format = self.format.as_ref().or_else(|| base.and_then(|base| base.format.as_ref()));
        let (word, place) = match format {
            Some(format) => (format.text.as_str(), format.place),
            None => (glob.text.rsplit_once('.').map_or("", |(_, extension)| extension), glob.place),
        };
        let form = match word.to_ascii_lowercase().as_str() {
            "csv" => Form::Csv(self.csv(base, say)?),
            "json" => Form::Json(self.rows(say)?),
            "ndjson" | "jsonl" => Form::Ndjson,
            _ => {
                let message = if format.is_some() {
                    format!("there is no format of files named `{word}`")
                } else {
                    format!("`{}` does not tell the format of these files", glob.text)
                };
                say("FILE_FORMAT", place, message, "add format = \"csv\", \"json\" or \"ndjson\"".to_owned());
                return None;
            }
        };
        let (stray, of) = match form {
            Form::Csv(_) => (self.rows.as_ref().map(|(_, place)| ("rows", *place)), "json"),
            _ => (self.csv_key.as_ref().map(|(name, place)| (name.as_str(), *place)), "csv"),
        };
        if let Some((name, place)) = stray {
            let message = format!("`{name}` is for files of the format {of}, which these are not");
            say("FILE_FORMAT", place, message, format!("delete it, or add format = \"{of}\""));
        }
        Some(form)
    }

    fn rows(&self, say: Say<'_>) -> Option<Vec<String>> {
        let Some((pointer, place)) = &self.rows else { return Some(Vec::new()) };
        let names = pointer.names();
        if names.is_none() {
            let message = "the rows of a file are one list, so the way to it has no `*` and no condition".to_owned();
            say("POINTER", *place, message, "write the way by its members: \"/data/items\"".to_owned());
        }
        names.map(|names| names.into_iter().map(str::to_owned).collect())
    }

    fn csv(&self, base: Option<&Self>, say: Say<'_>) -> Option<Csv> {
        fn of<'d, T>(
            own: &'d DeliveryFile,
            base: Option<&'d DeliveryFile>,
            get: impl Fn(&'d DeliveryFile) -> &'d Option<T>,
        ) -> Option<&'d T> {
            get(own).as_ref().or_else(|| get(base?).as_ref())
        }
        let delimiter = of(self, base, |one| &one.delimiter);
        let quote = of(self, base, |one| &one.quote);
        let comment = of(self, base, |one| &one.comment);
        let mut character = |text: Option<&Text>, default: Option<u8>, may_be_none: bool| match text {
            None => Some(default),
            Some(text) => match text.text.as_bytes() {
                [] if may_be_none => Some(None),
                [byte] if byte.is_ascii() && !b"\r\n".contains(byte) => Some(Some(*byte)),
                _ => {
                    let help = "write one ASCII character; \"\\t\" is the tabulator";
                    let message = format!("`{}` is not one ASCII character", text.text);
                    say("CSV_CHARACTER", text.place, message, help.to_owned());
                    None
                }
            },
        };
        let delimiter = character(delimiter, Some(b','), false)??;
        let quote = character(quote, Some(b'"'), true)?;
        let comment = character(comment, None, true)?;
        // A part has columns of its own.
        let header = self.header.unwrap_or(self.columns.is_none());
        if !header && self.columns.is_none() {
            let place = self.csv_key.as_ref().or_else(|| base?.csv_key.as_ref())?.1;
            let help = "add columns = [\"sku\", \"price\"], or let the first line name them: header = true".to_owned();
            say("CSV_COLUMNS", place, "nothing names the columns of these files".to_owned(), help);
            return None;
        }
        let columns = match &self.columns {
            Some((columns, place)) => {
                let twin = (columns.iter().enumerate()).find(|(n, column)| columns[..*n].contains(column));
                if let Some((_, twin)) = twin {
                    let help = "name each column once; the order is that of the cells".to_owned();
                    say("CSV_COLUMNS", *place, format!("two columns are named `{twin}`"), help);
                }
                Some(columns.clone())
            }
            None => None,
        };
        let empty = match of(self, base, |one| &one.empty) {
            None => Empty::default(),
            Some(word) => match word.text.as_str() {
                "null" => Empty::Null,
                "text" => Empty::Text,
                "unless_quoted" => Empty::UnlessQuoted,
                _ => {
                    let help = "write \"null\", \"text\" or \"unless_quoted\" (\"\" is a text, nothing is null)";
                    let message = format!("an empty cell cannot be `{}`", word.text);
                    say("CSV_EMPTY", word.place, message, help.to_owned());
                    return None;
                }
            },
        };
        Some(Csv { delimiter, quote, comment, header, columns, empty })
    }

    /// A cell of a csv file has nothing in it that a pointer could lead to.
    fn fields(&self, fields: &[(Text, Pointer)], delivery: Option<&Delivery>, say: Say<'_>) {
        if !matches!(delivery, Some(Delivery { form: Form::Csv(_), .. })) {
            return;
        }
        for (field, pointer) in fields {
            if pointer.names().is_none_or(|names| names.len() != 1) {
                let message = format!("`{pointer}` does not lead to a column of a csv file");
                let help = "write the column's name behind one slash: \"/Net Price\"; a slash in it is ~1".to_owned();
                say("POINTER", field.place, message, help);
            }
        }
    }
}

/// Reads `complete = "{name}.done"` or `complete = { footer = "T;{rows}" }`.
fn complete(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<(Complete, Place)> {
    let place = reader.place(entry.1);
    if matches!(entry.1.get_ref(), DeValue::String(_)) {
        return reader.text(entry).map(|text| (Complete::Marker(text.text), place));
    }
    let mut out = None;
    for entry in reader.table(entry)?.iter() {
        match entry.0.get_ref().as_ref() {
            "marker" => out = reader.text(entry).map(|text| (Complete::Marker(text.text), place)),
            "footer" => out = reader.text(entry).map(|text| (Complete::Footer(text.text), place)),
            _ => reader.unknown_key(entry.0, "complete", &["marker", "footer"]),
        }
    }
    out
}

/// Whether a pattern can be read back from what it writes.
fn is_time(pattern: &str) -> bool {
    let sample = jiff::civil::date(2026, 11, 23).at(4, 5, 6, 0);
    let Ok(zoned) = sample.in_tz("UTC") else { return false };
    let Ok(name) = jiff::fmt::strtime::format(pattern, &zoned) else { return false };
    jiff::fmt::strtime::parse(pattern, &name).is_ok_and(|time| time.to_date().is_ok_and(|date| date == sample.date()))
}

/// Makes faults of a reader's.
fn saying<'r>(reader: &'r mut Reader<'_>) -> impl FnMut(&'static str, Place, String, String) + 'r {
    |code, place, message, help| reader.findings.fault(code, place, message, help)
}

impl FileGroupFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "glob",
        "format",
        "delimiter",
        "quote",
        "comment",
        "encoding",
        "header",
        "columns",
        "empty",
        "rows",
        "complete",
        "parts",
    ];
    /// Those that hold tables.
    pub const TABLES: &[&str] = &["parts", "as_of", "complete"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        if entry.0.get_ref() != "parts" {
            return self.delivery.read(entry, reader);
        }
        for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
            let field = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
            let title = format!("parts.{}", field.text);
            let mut part = PartFile { field, delivery: DeliveryFile::default(), parents: None };
            for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                match entry.0.get_ref().as_ref() {
                    "parent" if matches!(entry.1.get_ref(), DeValue::Array(_)) => {
                        let columns = reader.texts(entry);
                        part.parents = columns.map(|all| all.into_iter().map(|text| text.text).collect());
                    }
                    "parent" => part.parents = reader.text(entry).map(|text| vec![text.text]),
                    // A part's rows hold as long as those of their owner, which come in the same set.
                    name if name != "as_of" && part.delivery.read(entry, reader) => {}
                    _ => reader.unknown_key(entry.0, &title, PART_KEYS),
                }
            }
            self.parts.push(part);
        }
        true
    }

    /// Reports what is missing or wrong once all keys are read.
    pub fn finish(&self, title: &str, place: Place, fields: &[(Text, Pointer)], reader: &mut Reader<'_>) {
        let mut say = saying(reader);
        let delivery = self.delivery.delivery(None, title, place, &mut say);
        let of_part = |field: &Text| {
            let head = field.text.split_once('.').map_or("", |(head, _)| head);
            self.parts.iter().position(|part| part.field.text == head)
        };
        let chosen = |of: Option<usize>| -> Vec<(Text, Pointer)> {
            fields.iter().filter(|(field, _)| of_part(field) == of).cloned().collect()
        };
        self.delivery.fields(&chosen(None), delivery.as_ref(), &mut say);
        for (n, part) in self.parts.iter().enumerate() {
            let title = format!("{title} parts.{}", part.field.text);
            let own = part.delivery.delivery(Some(&self.delivery), &title, part.field.place, &mut say);
            part.delivery.fields(&chosen(Some(n)), own.as_ref(), &mut say);
            if part.parents.is_none() {
                let message = format!("{title} does not say which column holds its owner's key");
                say("PART_PARENT", part.field.place, message, "add parent = \"order_no\"".to_owned());
            }
            let n_wildcards = |one: &Delivery| one.glob.matches(['*', '?']).count();
            if let (Some(group), Some(own)) = (&delivery, &own)
                && n_wildcards(own) > 0
                && n_wildcards(own) != n_wildcards(group)
            {
                let message = format!("`{}` and `{}` do not say which files are one set", group.glob, own.glob);
                let help = "write as many wildcards in both; what they stand for makes two files one set".to_owned();
                say("GLOB", part.field.place, message, help);
            }
        }
    }

    /// Returns the fields that files of their own fill.
    pub fn part_fields(&self) -> Vec<&Text> {
        self.parts.iter().map(|part| &part.field).collect()
    }

    /// Returns for each part where it is named and how many columns name its owner.
    pub fn parent_counts(&self) -> impl Iterator<Item = (&Text, usize)> {
        self.parts.iter().filter_map(|part| Some((&part.field, part.parents.as_ref()?.len())))
    }

    /// Returns where a name says a time, which needs a zone.
    pub fn named_time(&self) -> Option<&Text> {
        self.delivery.time.as_ref()
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<FileGroup> {
        let delivery = self.delivery.compile(None)?;
        let part = |part: &PartFile| {
            let delivery = part.delivery.compile(Some(&self.delivery))?;
            Some((part.field.text.clone(), FilePart { delivery, parents: part.parents.clone()? }))
        };
        Some(FileGroup { delivery, parts: self.parts.iter().map(part).collect::<Option<_>>()? })
    }
}

impl FileListFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "glob",
        "format",
        "delimiter",
        "quote",
        "comment",
        "encoding",
        "header",
        "columns",
        "empty",
        "rows",
        "complete",
        "where",
        "as_of",
    ];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        if entry.0.get_ref() != "where" {
            return self.delivery.read(entry, reader);
        }
        for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
            let column = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
            self.conditions.extend(reader.text(entry).map(|parameter| (column, parameter)));
        }
        true
    }

    /// Reports what is missing or wrong once all keys are read.
    pub fn finish(&self, title: &str, place: Place, fields: &[(Text, Pointer)], reader: &mut Reader<'_>) {
        let mut say = saying(reader);
        let delivery = self.delivery.delivery(None, title, place, &mut say);
        self.delivery.fields(fields, delivery.as_ref(), &mut say);
    }

    /// Returns the parameters of its conditions.
    pub fn parameters(&self) -> Option<Result<Vec<Parameter>, (&Text, Unreadable)>> {
        let parameter = |(_, name): &(Text, Text)| Parameter { name: name.text.clone(), is_single: false };
        Some(Ok(self.conditions.iter().map(parameter).collect()))
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<FileList> {
        let delivery = self.delivery.compile(None)?;
        let condition = |(column, parameter): &(Text, Text)| (column.text.clone(), parameter.text.clone());
        Some(FileList { delivery, conditions: self.conditions.iter().map(condition).collect() })
    }
}
