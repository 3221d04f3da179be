//! Groups and lists of a GraphQL system: a document each, written whole or made of a root field and of what the graph needs.
//!
//! As written: `document`, or `query` with its arguments, or `by_key`, or `entities`. As used: a document in pieces, where its
//! rows are, and how its answer says which row is whose.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::de::DeValue;

use super::{
    super::reader::{Entry, Reader, Text},
    asked::Parameter,
    graphql_document::{DocumentFault, GraphQlDocument, Written},
    pointer,
};
use crate::diagnostic::Place;

/// How a group of a GraphQL system is asked.
#[derive(Debug, Clone)]
pub struct GraphQlGroup {
    /// The document.
    pub document: GraphQlDocument,
    /// How it takes keys and says which row is whose.
    pub keys: GraphQlKeys,
    /// The members on the way to the rows, from the answer's data; `*` goes to every element.
    pub rows: Vec<String>,
    /// The member that says whether there are more rows than were given.
    pub more: Option<Vec<String>>,
    /// How many rows the system gives at most, where the binding says so.
    pub page_rows: Option<usize>,
    /// Variables with one value for ever.
    pub constants: Vec<(String, Value)>,
}

/// How keys are asked, and which row is whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphQlKeys {
    /// All in `$keys`; each row says its key.
    Together,
    /// All in `$keys`; the rows come in their order, null for what there is not.
    Ordered,
    /// The document's root field once for each key, at most so many in one document.
    ByAlias(usize),
    /// As representations of this type of a federation subgraph, in order.
    Entities(String),
}

/// How a list of a GraphQL system is asked.
#[derive(Debug, Clone)]
pub struct GraphQlList {
    /// The document.
    pub document: GraphQlDocument,
    /// The members on the way to the rows or to the connection, from the answer's data.
    pub rows: Vec<String>,
    /// How it pages.
    pub paging: GraphQlPaging,
    /// How many rows the system gives at once at most, where the binding says so.
    pub page_rows: Option<usize>,
    /// How many rows are read at most, of one parent's list that has to be read whole.
    pub rows_max: usize,
    /// How many parents one document asks for.
    pub aliases_max: usize,
    /// Variables with one value for ever.
    pub constants: Vec<(String, Value)>,
}

/// How a list of a GraphQL system pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphQlPaging {
    /// Not at all: all rows come at once.
    Whole,
    /// By these variables: how many rows, and how many to leave out before them.
    Offset {
        /// The variable that says how many rows are wanted.
        limit: String,
        /// The variable that says how many rows to leave out.
        offset: String,
    },
    /// By a Relay connection and the system's own cursors.
    Connection {
        /// The member of the connection that counts all rows.
        count: String,
    },
}

/// What an error code of a GraphQL system means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphQlMeaning {
    /// There is no such thing.
    Absent,
    /// The question is wrong.
    BadRequest,
    /// The credentials are not enough.
    Denied,
    /// It is asked too often.
    Throttled,
    /// It took too long.
    Timeout,
    /// It broke.
    Unavailable,
}

/// The variables that page a Relay connection.
pub const CONNECTION_VARIABLES: [&str; 4] = ["first", "after", "last", "before"];

/// How many aliases a document has at most where the binding does not say. Servers that bound a document's complexity
/// take this many fields of a few members.
const ALIASES_MAX: u64 = 25;
/// How many rows are read of a list that has to be read whole, where the binding does not say.
const ROWS_MAX: u64 = 10_000;
/// More than any system gives at once.
const PAGE_ROWS_MAX: u64 = 100_000;

/// The words for what a code means.
const MEANINGS: [(&str, GraphQlMeaning); 6] = [
    ("absent", GraphQlMeaning::Absent),
    ("bad_request", GraphQlMeaning::BadRequest),
    ("denied", GraphQlMeaning::Denied),
    ("throttled", GraphQlMeaning::Throttled),
    ("timeout", GraphQlMeaning::Timeout),
    ("unavailable", GraphQlMeaning::Unavailable),
];

/// Reads `errors = { map = { MY_CODE = "denied" } }`.
pub(in super::super) fn meanings(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> BTreeMap<String, GraphQlMeaning> {
    let mut out = BTreeMap::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        if entry.0.get_ref() != "map" {
            reader.unknown_key(entry.0, "errors", &["map"]);
            continue;
        }
        for (code, word) in reader.words(entry).unwrap_or_default() {
            match MEANINGS.iter().find(|(name, _)| *name == word.text) {
                Some((_, meaning)) => {
                    out.insert(code, *meaning);
                }
                None => {
                    let names: Vec<&str> = MEANINGS.iter().map(|(name, _)| *name).collect();
                    reader.findings.fault(
                        "ERROR_MEANING",
                        word.place,
                        format!("`{}` is no kind of failure", word.text),
                        format!("write one of {}", names.join(", ")),
                    );
                }
            }
        }
    }
    out
}

/// A mistake and where it stands.
type Fault = (Place, DocumentFault);

/// What groups and lists have in common, as written.
#[derive(Debug, Default)]
struct Common {
    document: Option<Text>,
    query: Option<Text>,
    rows: Option<(Vec<String>, Place)>,
    constants: Vec<(Text, Value)>,
    page_rows: Option<u64>,
    aliases_max: Option<(u64, Place)>,
    /// Whether a document is given, even one that could not be read.
    is_given: bool,
}

impl Common {
    fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "document" => {
                self.is_given = true;
                self.document = reader.text(entry);
            }
            "query" => {
                self.is_given = true;
                self.query = reader.text(entry);
            }
            "rows" => self.rows = members(entry, reader),
            "variables" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    let name = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
                    self.constants.push((name, constant(entry.1.get_ref())));
                }
            }
            "page_rows" => self.page_rows = reader.number(entry, 1, PAGE_ROWS_MAX),
            "aliases_max" => {
                let place = reader.place(entry.1);
                self.aliases_max = reader.number(entry, 1, 1_000).map(|number| (number, place));
            }
            _ => return false,
        }
        true
    }

    fn page_rows(&self) -> Option<usize> {
        self.page_rows.and_then(|rows| usize::try_from(rows).ok())
    }

    fn aliases_max(&self) -> usize {
        let given = self.aliases_max.map_or(ALIASES_MAX, |(number, _)| number);
        usize::try_from(given).unwrap_or(usize::MAX)
    }

    fn constants(&self) -> Vec<(String, Value)> {
        self.constants.iter().map(|(name, value)| (name.text.clone(), value.clone())).collect()
    }

    /// Refuses constants that the document does not declare.
    fn constants_declared(&self, written: &Written) -> Result<(), Fault> {
        match self.constants.iter().find(|(name, _)| !written.declares(&name.text)) {
            None => Ok(()),
            Some((name, _)) => Err((
                name.place,
                DocumentFault {
                    code: "VARIABLE_UNKNOWN",
                    message: format!("the document declares no variable `${}`", name.text),
                    help: "declare it in the document's head, or delete it here".to_owned(),
                },
            )),
        }
    }

    /// Returns where the rows are: as written, else at the only root field.
    fn rows_or_root(&self, written: &Written, place: Place) -> Result<Vec<String>, Fault> {
        match (&self.rows, written.only_root()) {
            (Some((rows, _)), _) => Ok(rows.clone()),
            (None, Some(root)) => Ok(vec![root]),
            (None, None) => Err((
                place,
                DocumentFault {
                    code: "GRAPHQL_ROWS",
                    message: "the document has several fields, and nothing says which one holds the rows".to_owned(),
                    help: "add rows = \"/products/items\"".to_owned(),
                },
            )),
        }
    }
}

/// Reads a pointer that goes through members alone.
fn members(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<(Vec<String>, Place)> {
    let place = reader.place(entry.1);
    let text = pointer(entry, reader)?.to_string();
    let steps: Vec<String> = text.split('/').skip(1).map(str::to_owned).collect();
    let is_name = |step: &String| {
        step == "*"
            || step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !step.starts_with(|c: char| c.is_ascii_digit())
                && !step.is_empty()
    };
    if steps.is_empty() || !steps.iter().all(is_name) {
        reader.findings.fault(
            "GRAPHQL_ROWS",
            place,
            format!("`{text}` does not go from member to member"),
            "write the members of the answer's data: \"/products/items\", \"/products/edges/*/node\"",
        );
        return None;
    }
    Some((steps, place))
}

/// Turns a TOML value into the JSON that is sent.
fn constant(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(value) => Value::from(*value),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or_else(|_| Value::from(digits), Value::from)
        }
        DeValue::Float(number) => serde_json::from_str(&number.as_str().replace('_', "")).unwrap_or_default(),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| constant(item.get_ref())).collect(),
        DeValue::Table(members) => {
            members.iter().map(|(name, member)| (name.get_ref().to_string(), constant(member.get_ref()))).collect()
        }
    }
}

/// The keys of a group that only GraphQL systems have.
#[derive(Debug, Default)]
pub struct GraphQlGroupFile {
    common: Common,
    argument: Option<Text>,
    by_key: Option<Text>,
    entities: Option<Text>,
    key_type: Option<Text>,
    ordered: Option<(bool, Place)>,
    more: Option<(Vec<String>, Place)>,
    forms: Vec<(&'static str, Place)>,
}

impl GraphQlGroupFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "document",
        "query",
        "argument",
        "by_key",
        "entities",
        "key_type",
        "rows",
        "ordered",
        "more",
        "page_rows",
        "aliases_max",
        "variables",
    ];
    /// Those that hold tables.
    pub const TABLES: &[&str] = &["variables"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let place = reader.place(entry.0);
        match entry.0.get_ref().as_ref() {
            "document" => self.forms.push(("document", place)),
            "query" => self.forms.push(("query", place)),
            "by_key" => {
                self.forms.push(("by_key", place));
                self.by_key = reader.text(entry);
                return true;
            }
            "entities" => {
                self.forms.push(("entities", place));
                self.entities = reader.text(entry);
                return true;
            }
            "argument" => {
                self.argument = reader.text(entry);
                return true;
            }
            "key_type" => {
                self.key_type = reader.text(entry);
                return true;
            }
            "ordered" => {
                self.ordered = reader.boolean(entry).map(|ordered| (ordered, place));
                return true;
            }
            "more" => {
                self.more = members(entry, reader);
                return true;
            }
            _ => {}
        }
        self.common.read(entry, reader)
    }

    /// Reports what is missing or wrong once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        match self.forms.as_slice() {
            [] => reader.findings.fault(
                "QUERY_MISSING",
                place,
                format!("{title} has no document"),
                "add document = \"query($keys: [String!]!) { … }\", or query, by_key or entities",
            ),
            [_] => {
                if let Err((place, fault)) = self.build() {
                    reader.findings.fault(fault.code, place, fault.message, fault.help);
                }
            }
            [(first, _), (second, place), ..] => reader.findings.fault(
                "ASKING_MIXED",
                *place,
                format!("{title} is asked by `{first}` and by `{second}`"),
                "keep one of them",
            ),
        }
    }

    /// Returns the variables by which `by_key` is given one key.
    pub fn key_variables(&self) -> Vec<String> {
        let Some(group) = self.compile() else { return Vec::new() };
        let given = |name: &&String| !group.constants.iter().any(|(constant, _)| constant == *name);
        let names: Vec<String> = group.document.variables.iter().map(|one| one.name.clone()).collect();
        names.iter().filter(given).cloned().collect()
    }

    /// Returns the place of the text that names them.
    pub fn place(&self) -> Option<Place> {
        let texts = [&self.common.document, &self.common.query, &self.by_key, &self.entities];
        texts.into_iter().flatten().next().map(|text| text.place)
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<GraphQlGroup> {
        self.build().ok().flatten()
    }

    /// Makes the group; `None` where a text could not even be read, which has been reported.
    fn build(&self) -> Result<Option<GraphQlGroup>, Fault> {
        let key_type = self.key_type.as_ref().map_or("String!", |text| &text.text);
        let constants = self.common.constants();
        let is_ordered = self.ordered.is_some_and(|(ordered, _)| ordered);
        let (text, written, keys) = match (&self.common.document, &self.common.query, &self.by_key, &self.entities) {
            (Some(text), ..) => {
                let written = Written::parse(text).map_err(|fault| (text.place, fault))?;
                if !written.declares("keys") {
                    return Err((text.place, no_keys("declare `$keys` in the document's head and ask by it")));
                }
                (text, written, if is_ordered { GraphQlKeys::Ordered } else { GraphQlKeys::Together })
            }
            (_, Some(text), ..) => {
                let field = match &self.argument {
                    None => text.text.clone(),
                    Some(argument) => with_arguments(&text.text, &[(argument.text.clone(), "keys".to_owned())]),
                };
                let whole = Text { text: format!("query {{ {field} }}"), place: text.place };
                let mut written = Written::parse(&whole).map_err(|fault| (text.place, fault))?;
                if !written.used().iter().any(|name| name == "keys") {
                    return Err((text.place, no_keys("say which argument takes the keys: argument = \"skus\"")));
                }
                written.declare("keys", &format!("[{key_type}]!")).map_err(|fault| (text.place, fault))?;
                (text, written, if is_ordered { GraphQlKeys::Ordered } else { GraphQlKeys::Together })
            }
            (_, _, Some(text), _) => {
                let whole = Text { text: format!("query {{ {} }}", text.text), place: text.place };
                let mut written = Written::parse(&whole).map_err(|fault| (text.place, fault))?;
                let used = written.used();
                if used.is_empty() {
                    return Err((text.place, no_keys("write `$key` where the key goes: \"product(sku: $key)\"")));
                }
                for name in used {
                    written.declare(&name, key_type).map_err(|fault| (text.place, fault))?;
                }
                (text, written, GraphQlKeys::ByAlias(self.common.aliases_max()))
            }
            (_, _, _, Some(text)) => {
                let of = &text.text;
                let asked = format!("_entities(representations: $keys) {{ ... on {of} {{ __fields }} }}");
                let whole = Text { text: format!("query($keys: [_Any!]!) {{ {asked} }}"), place: text.place };
                let written = Written::parse(&whole).map_err(|fault| (text.place, fault))?;
                (text, written, GraphQlKeys::Entities(of.clone()))
            }
            _ => return Ok(None),
        };
        let mut written = written;
        self.fits(&keys)?;
        self.common.constants_declared(&written)?;
        let root = self.common.rows_or_root(&written, text.place)?;
        let rows = match (&keys, written.only_root()) {
            (GraphQlKeys::ByAlias(_), Some(own)) if self.common.rows.is_some() && root.first() != Some(&own) => {
                std::iter::once(own).chain(root).collect()
            }
            _ => root,
        };
        let rows_place = self.common.rows.as_ref().map_or(text.place, |(_, place)| *place);
        if !matches!(keys, GraphQlKeys::Entities(_)) {
            written.select_rows(&rows).map_err(|fault| (rows_place, fault))?;
        }
        if let Some((more, place)) = &self.more {
            written.select(more, self.common.document.is_none()).map_err(|fault| (*place, fault))?;
        }
        let document = written.document().map_err(|fault| (text.place, fault))?;
        let fed = |name: &str| name == "keys" || constants.iter().any(|(constant, _)| constant == name);
        if !matches!(keys, GraphQlKeys::ByAlias(_)) {
            let unfed = document.variables.iter().find(|one| !fed(&one.name) && one.default.is_none());
            if let Some(unfed) = unfed {
                return Err((text.place, unfed_variable(&unfed.name)));
            }
            if document.variable("keys").is_some_and(|keys| !keys.is_list) {
                return Err((
                    text.place,
                    no_keys("declare `$keys` as a list; a group is always asked for many keys at once"),
                ));
            }
        }
        let more = self.more.as_ref().map(|(steps, _)| steps.clone());
        Ok(Some(GraphQlGroup { document, keys, rows, more, page_rows: self.common.page_rows(), constants }))
    }

    /// Refuses keys that say nothing of this way of asking.
    fn fits(&self, keys: &GraphQlKeys) -> Result<(), Fault> {
        let of_many = matches!(keys, GraphQlKeys::Together | GraphQlKeys::Ordered);
        let pointless = [
            ("argument", self.argument.as_ref().map(|text| text.place), self.common.query.is_some()),
            ("ordered", self.ordered.map(|(_, place)| place), of_many),
            ("more", self.more.as_ref().map(|(_, place)| *place), of_many),
            ("aliases_max", self.common.aliases_max.map(|(_, place)| place), matches!(keys, GraphQlKeys::ByAlias(_))),
            (
                "key_type",
                self.key_type.as_ref().map(|text| text.place),
                self.common.document.is_none() && self.entities.is_none(),
            ),
        ];
        match pointless.into_iter().find_map(|(name, place, fits)| place.filter(|_| !fits).map(|place| (name, place))) {
            None => Ok(()),
            Some((name, place)) => Err((
                place,
                DocumentFault {
                    code: "ASKING_MIXED",
                    message: format!("`{name}` says nothing of a group that is asked so"),
                    help: "delete it".to_owned(),
                },
            )),
        }
    }
}

fn no_keys(help: &str) -> DocumentFault {
    DocumentFault {
        code: "KEYS_MISSING",
        message: "this document does not ask for keys".to_owned(),
        help: help.to_owned(),
    }
}

fn unfed_variable(name: &str) -> DocumentFault {
    DocumentFault {
        code: "VARIABLE_UNFED",
        message: format!("nothing feeds `${name}`: a group's document is given `$keys` and constants"),
        help: format!("give it a value: variables = {{ {name} = … }}; arguments go to lists"),
    }
}

/// Writes arguments into a field's text: each where its path says, `filter.sku.in`, from the variable of that name.
fn with_arguments(field: &str, arguments: &[(String, String)]) -> String {
    fn write(arguments: &[(String, String)]) -> String {
        let mut heads: Vec<(&str, Vec<(String, String)>)> = Vec::new();
        for (path, variable) in arguments {
            let (head, rest) = path.split_once('.').unwrap_or((path, ""));
            let rest = (rest.to_owned(), variable.clone());
            match heads.iter_mut().find(|(known, _)| *known == head) {
                Some((_, inner)) => inner.push(rest),
                None => heads.push((head, vec![rest])),
            }
        }
        let written = heads.iter().map(|(head, inner)| match inner.as_slice() {
            [(rest, variable)] if rest.is_empty() => format!("{head}: ${variable}"),
            inner => format!("{head}: {{{}}}", write(inner)),
        });
        written.collect::<Vec<_>>().join(", ")
    }
    let written = write(arguments);
    match field.trim_end().strip_suffix(')') {
        _ if written.is_empty() => field.to_owned(),
        Some(open) => format!("{open}, {written})"),
        None => format!("{field}({written})"),
    }
}

/// The keys of a list that only GraphQL systems have.
#[derive(Debug, Default)]
pub struct GraphQlListFile {
    common: Common,
    arguments: Vec<(Text, Text)>,
    connection: Option<(Vec<String>, Place)>,
    limit: Option<Text>,
    offset: Option<Text>,
    backward: Option<bool>,
    count: Option<Text>,
    rows_max: Option<u64>,
}

impl GraphQlListFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "document",
        "query",
        "arguments",
        "rows",
        "connection",
        "backward",
        "count",
        "limit",
        "offset",
        "page_rows",
        "rows_max",
        "aliases_max",
        "variables",
    ];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "arguments" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    let path = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
                    self.arguments.extend(reader.text(entry).map(|ty| (path, ty)));
                }
            }
            "connection" => self.connection = members(entry, reader),
            "limit" => self.limit = reader.text(entry),
            "offset" => self.offset = reader.text(entry),
            "backward" => self.backward = reader.boolean(entry),
            "count" => self.count = reader.text(entry),
            "rows_max" => self.rows_max = reader.number(entry, 1, 10_000_000),
            _ => return self.common.read(entry, reader),
        }
        true
    }

    /// Whether its rows come in the system's own order, which its cursors are places in.
    pub fn is_ordered_by_system(&self) -> bool {
        self.connection.is_some()
    }

    /// Returns the parameters of the document; `None` where it cannot be read, which has been reported.
    pub fn parameters(&self) -> Option<Vec<Parameter>> {
        let list = self.compile()?;
        let parameters = list.parameters().map(|one| Parameter { name: one.name.clone(), is_single: !one.is_list });
        Some(parameters.collect())
    }

    /// Reports what is missing or wrong once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        if !self.common.is_given {
            let help = "add document = \"query($account: String!) { orders(account: $account) { … } }\", or query";
            reader.findings.fault("QUERY_MISSING", place, format!("{title} has no document"), help);
            return;
        }
        if let Err((place, fault)) = self.build() {
            reader.findings.fault(fault.code, place, fault.message, fault.help);
        }
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<GraphQlList> {
        self.build().ok().flatten()
    }

    fn build(&self) -> Result<Option<GraphQlList>, Fault> {
        let (text, mut written) = match (&self.common.document, &self.common.query) {
            (Some(_), Some(query)) => {
                let fault = DocumentFault {
                    code: "ASKING_MIXED",
                    message: "the list is asked by `document` and by `query`".to_owned(),
                    help: "keep one of them".to_owned(),
                };
                return Err((query.place, fault));
            }
            (Some(text), None) => (text, Written::parse(text).map_err(|fault| (text.place, fault))?),
            (None, Some(text)) => (text, self.of_query(text)?),
            (None, None) => return Ok(None),
        };
        self.common.constants_declared(&written)?;
        let of_text = |fault| (text.place, fault);
        let (rows, paging) = match (&self.connection, &self.limit, &self.offset) {
            (Some((path, place)), None, None) if self.common.rows.is_none() => {
                let count = self.count.as_ref().map(|count| count.text.as_str());
                let connected = written.select_connection(path, self.backward.unwrap_or(true), count);
                connected.map_err(|fault| (*place, fault))?;
                (path.clone(), GraphQlPaging::Connection { count: count.unwrap_or("totalCount").to_owned() })
            }
            (None, None, None) => (self.common.rows_or_root(&written, text.place)?, GraphQlPaging::Whole),
            (None, Some(limit), Some(offset)) => {
                if let Some(idle) = [limit, offset].into_iter().find(|name| !written.declares(&name.text)) {
                    return Err((idle.place, undeclared(&idle.text)));
                }
                let paging = GraphQlPaging::Offset { limit: limit.text.clone(), offset: offset.text.clone() };
                (self.common.rows_or_root(&written, text.place)?, paging)
            }
            _ => {
                let fault = DocumentFault {
                    code: "ASKING_MIXED",
                    message: "the list pages in two ways, or in half of one".to_owned(),
                    help: "write `connection`, or `rows` with `limit` and `offset`, or `rows` alone".to_owned(),
                };
                return Err((text.place, fault));
            }
        };
        if self.connection.is_none() {
            let place = self.common.rows.as_ref().map_or(text.place, |(_, place)| *place);
            written.select_rows(&rows).map_err(|fault| (place, fault))?;
        }
        Ok(Some(GraphQlList {
            document: written.document().map_err(of_text)?,
            rows,
            paging,
            page_rows: self.common.page_rows(),
            rows_max: usize::try_from(self.rows_max.unwrap_or(ROWS_MAX)).unwrap_or(usize::MAX),
            aliases_max: self.common.aliases_max(),
            constants: self.common.constants(),
        }))
    }

    /// Makes a document of a root field and its arguments' types.
    fn of_query(&self, text: &Text) -> Result<Written, Fault> {
        let variable = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        let arguments: Vec<_> =
            self.arguments.iter().map(|(path, _)| (path.text.clone(), variable(&path.text))).collect();
        let field = with_arguments(&text.text, &arguments);
        let whole = Text { text: format!("query {{ {field} }}"), place: text.place };
        let mut written = Written::parse(&whole).map_err(|fault| (text.place, fault))?;
        for (path, ty) in &self.arguments {
            written.declare(&variable(&path.text), &ty.text).map_err(|fault| (ty.place, fault))?;
        }
        Ok(written)
    }
}

fn undeclared(name: &str) -> DocumentFault {
    DocumentFault {
        code: "VARIABLE_UNKNOWN",
        message: format!("the document declares no variable `${name}`"),
        help: "declare it in the document's head, or delete it here".to_owned(),
    }
}

impl GraphQlList {
    /// Returns the variables that a list's arguments fill.
    pub fn parameters(&self) -> impl Iterator<Item = &super::graphql_document::GraphQlVariable> {
        let pages = |name: &str| match &self.paging {
            GraphQlPaging::Whole => false,
            GraphQlPaging::Offset { limit, offset } => name == limit || name == offset,
            GraphQlPaging::Connection { .. } => CONNECTION_VARIABLES.contains(&name),
        };
        self.document
            .variables
            .iter()
            .filter(move |one| !pages(&one.name) && !self.constants.iter().any(|(name, _)| *name == one.name))
    }
}
