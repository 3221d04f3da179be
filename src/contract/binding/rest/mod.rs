//! Groups and lists of a REST system: a call as a template, and where the answer's rows are.
//!
//! Reading order: `template` (texts and values with `{placeholders}`), `paging`, `failures`; here, what a call consists of,
//! as written and as used.

mod failures;
mod paging;
mod template;

use self::{
    failures::failures,
    paging::paging,
    template::{BlankUse, Blanks, Templates},
};
pub use self::{
    failures::{FailureKind, Failures},
    paging::{Counter, NextLink, PageTarget, Paging},
    template::{Blank, BlankForm, Piece, TextTemplate, ValueTemplate},
};
use super::{
    super::{
        http,
        reader::{Entry, Reader},
    },
    Pointer,
    asked::Parameter,
};
use crate::diagnostic::Place;

/// A question as a call, and how its answer is read.
#[derive(Debug, Clone, PartialEq)]
pub struct RestCall {
    /// Whether it is a `POST`.
    pub posts: bool,
    /// Path, and query as far as it is written there.
    pub path: TextTemplate,
    /// Further parameters of the query.
    pub query: Vec<(String, ValueTemplate)>,
    /// Headers.
    pub headers: Vec<(String, TextTemplate)>,
    /// The body of a `POST`.
    pub body: Option<ValueTemplate>,
    /// What joins several values in one text.
    pub separator: String,
    /// Where the rows are.
    pub rows: RowsAt,
    /// How many calls of one question run at once; where not given, as many as the system takes.
    pub concurrency: Option<usize>,
    /// How pages follow each other.
    pub paging: Paging,
    /// How the answer says that it is an error.
    pub errors: Option<Failures>,
    /// Statuses that mean the same as 404 here.
    pub not_found: Vec<u16>,
}

/// Where the rows of an answer are: the elements of an array, the members of an object, or one object.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsAt {
    /// The array or object.
    pub at: Pointer,
    /// Whether the members of an object are rows, and not the object itself.
    pub members: bool,
}

/// How a group is asked of a REST system.
#[derive(Debug, Clone, PartialEq)]
pub struct RestGroup {
    /// The call.
    pub call: RestCall,
    /// The field that is the name of the row's member.
    pub member: Option<String>,
    /// How many keys one call takes.
    pub keys_per_call: Option<usize>,
    /// How a row says that it is an error.
    pub row_errors: Option<Failures>,
    /// Whether a batch that fails as a whole is split to find the key it fails for.
    pub isolate: bool,
    /// The fields of a key that is always there: an answer without any row is believed when this one comes.
    pub witness: Option<Vec<String>>,
}

/// How a list is asked of a REST system.
#[derive(Debug, Clone, PartialEq)]
pub struct RestList {
    /// The call.
    pub call: RestCall,
    /// Whether the system answers in the list's order, so that reading ends with the page wanted.
    pub sorted: bool,
    /// How many rows are read at most.
    pub rows_max: usize,
}

/// How many rows of a list that cannot be cut at its owner are read before it is refused.
const ROWS_MAX: usize = 10_000;

/// A call as written.
#[derive(Debug)]
struct CallFile {
    blanks: Blanks,
    path: Option<TextTemplate>,
    method: Option<(bool, Place)>,
    call: RestCall,
    body_place: Option<Place>,
    uses: Vec<BlankUse>,
    /// Whether all of it could be read, so that it is known which placeholders it has.
    is_readable: bool,
}

/// The keys of a group that only REST systems have.
#[derive(Debug)]
pub struct RestGroupFile {
    call: CallFile,
    group: RestGroup,
}

/// The keys of a list that only REST systems have.
#[derive(Debug)]
pub struct RestListFile {
    call: CallFile,
    sorted: bool,
    rows_max: usize,
}

impl RestCall {
    /// Returns all placeholders, and whether each stands in an array that is repeated.
    pub fn blanks(&self) -> Vec<(&Blank, bool)> {
        let of_texts = std::iter::once(&self.path).chain(self.headers.iter().map(|(_, text)| text));
        let of_values = self.query.iter().map(|(_, value)| value).chain(&self.body);
        let single = of_texts.flat_map(|text| text.blanks()).map(|blank| (blank, false));
        single.chain(of_values.flat_map(|value| value.blanks())).collect()
    }
}

impl CallFile {
    fn new(blanks: Blanks) -> Self {
        let call = RestCall {
            posts: false,
            path: TextTemplate(Vec::new()),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            separator: ",".to_owned(),
            rows: RowsAt { at: Pointer::default(), members: false },
            concurrency: None,
            paging: Paging::default(),
            errors: None,
            not_found: Vec::new(),
        };
        Self { blanks, path: None, method: None, call, body_place: None, uses: Vec::new(), is_readable: true }
    }

    fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let n_faults = reader.findings.n_faults();
        let is_known = self.read_key(entry, reader);
        self.is_readable &= reader.findings.n_faults() == n_faults;
        is_known
    }

    fn read_key(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let mut templates = Templates { blanks: self.blanks, uses: &mut self.uses };
        match entry.0.get_ref().as_ref() {
            method @ ("get" | "post") => {
                let place = reader.place(entry.0);
                if self.method.is_some() {
                    let help = "keep the one that the system answers to";
                    reader.findings.fault("CALL_TWICE", place, "this is asked by GET and by POST", help);
                }
                self.method = Some((method == "post", place));
                let Some(text) = reader.text(entry) else { return true };
                if !(text.text.is_empty() || text.text.starts_with(['/', '?'])) {
                    let help = "begin the path with a slash; it is appended to the system's url";
                    reader.findings.fault("TEMPLATE", text.place, "this is no path", help);
                }
                self.path = templates.text(&text, reader);
            }
            "query" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    let name = entry.0.get_ref().to_string();
                    self.call.query.extend(templates.value(entry.1, reader).map(|value| (name, value)));
                }
            }
            "headers" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    let Some(name) = http::header_name(entry, reader) else { continue };
                    let Some(text) = reader.text(entry) else { continue };
                    self.call.headers.extend(templates.text(&text, reader).map(|value| (name, value)));
                }
            }
            "body" => {
                self.body_place = Some(reader.place(entry.0));
                self.call.body = templates.value(entry.1, reader);
            }
            "separator" => self.call.separator = reader.text(entry).map_or_else(|| ",".to_owned(), |text| text.text),
            "rows" => {
                let members = entry.1.get_ref().as_str().and_then(|text| text.strip_suffix("/*"));
                let rows = match members.map(Pointer::parse) {
                    Some(Ok(at)) => Some(RowsAt { at, members: true }),
                    _ => super::pointer(entry, reader).map(|at| RowsAt { at, members: false }),
                };
                self.call.rows = rows.unwrap_or_else(|| self.call.rows.clone());
            }
            "concurrency" => {
                self.call.concurrency = reader.number(entry, 1, 1_000).and_then(|n| usize::try_from(n).ok());
            }
            "paging" => self.call.paging = paging(entry, reader).unwrap_or_default(),
            "errors" => self.call.errors = failures(entry, reader),
            "not_found" => self.call.not_found = statuses(entry, reader),
            _ => return false,
        }
        true
    }

    fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        let Some((posts, method)) = self.method else {
            let help = "add get = \"/path\" or post = \"/path\"; it is appended to the system's url";
            reader.findings.fault("CALL_MISSING", place, format!("{title} says nothing to call"), help);
            return;
        };
        if let Some(place) = self.body_place.filter(|_| !posts) {
            let help = "ask with post = \"/path\", or put it into `query`";
            reader.findings.fault("BODY_UNSENT", place, format!("{title} is asked by GET, which has no body"), help);
        }
        let paging = &self.call.paging;
        let targets = [
            paging.cursor.as_ref().map(|(_, target)| target),
            paging.counter.as_ref().map(|(_, target)| target),
            paging.limit.as_ref(),
        ];
        let in_body = |target: &PageTarget| matches!(target, PageTarget::Body(_));
        if !matches!(self.call.body, Some(ValueTemplate::Table(_))) && targets.into_iter().flatten().any(in_body) {
            let help = "name a parameter of the query, or ask with post and a body that is a table";
            reader.findings.fault("BODY_UNSENT", method, format!("{title} has no body that pages are asked in"), help);
        }
    }

    fn compile(&self) -> Option<RestCall> {
        let (posts, _) = self.method?;
        Some(RestCall { posts, path: self.path.clone()?, ..self.call.clone() })
    }
}

fn statuses(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<u16> {
    let Some(items) = entry.1.get_ref().as_array() else {
        return reader.number(entry, 400, 599).and_then(|status| u16::try_from(status).ok()).into_iter().collect();
    };
    let status = |item| reader.number((entry.0, item), 400, 599).and_then(|status| u16::try_from(status).ok());
    items.iter().filter_map(status).collect()
}

impl RestGroupFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "get",
        "post",
        "query",
        "headers",
        "body",
        "rows",
        "member",
        "separator",
        "concurrency",
        "keys_per_call",
        "paging",
        "errors",
        "row_errors",
        "not_found",
        "isolate",
        "witness",
    ];
    /// Those that hold tables.
    pub const TABLES: &[&str] = &["query", "headers", "body", "paging", "errors", "row_errors"];

    /// Returns a group of which nothing has been read.
    pub fn new() -> Self {
        let call = CallFile::new(Blanks::OfKeys);
        let group = RestGroup {
            call: call.call.clone(),
            member: None,
            keys_per_call: None,
            row_errors: None,
            isolate: false,
            witness: None,
        };
        Self { call, group }
    }

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let group = &mut self.group;
        match entry.0.get_ref().as_ref() {
            "member" => group.member = reader.text(entry).map(|text| text.text),
            "keys_per_call" => {
                group.keys_per_call = reader.number(entry, 1, 100_000).and_then(|n| usize::try_from(n).ok());
            }
            "row_errors" => group.row_errors = failures(entry, reader),
            "isolate" => group.isolate = reader.boolean(entry).unwrap_or(false),
            "witness" => {
                let fields = match entry.1.get_ref().as_array() {
                    Some(_) => reader.texts(entry),
                    None => reader.text(entry).map(|text| vec![text]),
                };
                group.witness = fields.map(|fields| fields.into_iter().map(|field| field.text).collect());
            }
            _ => return self.call.read(entry, reader),
        }
        true
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        self.call.finish(title, place, reader);
    }

    /// Returns its placeholders.
    pub fn uses(&self) -> &[BlankUse] {
        &self.call.uses
    }

    /// Whether its call could be read, so that it is known which placeholders it has.
    pub fn is_readable(&self) -> bool {
        self.call.path.is_some() && self.call.is_readable
    }

    /// Compiles what was written; `None` when there is no call, which has been reported.
    pub fn compile(&self) -> Option<RestGroup> {
        Some(RestGroup { call: self.call.compile()?, ..self.group.clone() })
    }
}

impl RestListFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "get",
        "post",
        "query",
        "headers",
        "body",
        "rows",
        "separator",
        "concurrency",
        "paging",
        "errors",
        "not_found",
        "sorted",
        "rows_max",
    ];

    /// Returns a list of which nothing has been read.
    pub fn new() -> Self {
        Self { call: CallFile::new(Blanks::OfParameters), sorted: false, rows_max: ROWS_MAX }
    }

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "sorted" => self.sorted = reader.boolean(entry).unwrap_or(false),
            "rows_max" => {
                let rows = reader.number(entry, 1, 1_000_000).and_then(|n| usize::try_from(n).ok());
                self.rows_max = rows.unwrap_or(ROWS_MAX);
            }
            _ => return self.call.read(entry, reader),
        }
        true
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        self.call.finish(title, place, reader);
    }

    /// Returns its parameters; what the window fills in, `{first}` and `{after.column}`, is none.
    pub fn parameters(&self) -> Vec<Parameter> {
        let names = self.call.uses.iter().map(|one| &one.blank.name);
        let own = names.filter(|name| !matches!(name.as_str(), "first" | "after"));
        own.map(|name| Parameter { name: name.clone(), is_single: false }).collect()
    }

    /// Compiles what was written; `None` when there is no call, which has been reported.
    pub fn compile(&self) -> Option<RestList> {
        Some(RestList { call: self.call.compile()?, sorted: self.sorted, rows_max: self.rows_max })
    }
}
