//! Lists of a GraphQL system, as written: connections, lists that are read on by an offset, and lists that come whole.

use super::{
    super::{
        super::reader::{Entry, Reader, Text},
        asked::Parameter,
    },
    GraphQlList, GraphQlPaging,
    document::{DocumentFault, Written},
    question::{Fault, Question, members, undeclared, with_arguments},
};
use crate::diagnostic::Place;

/// How many rows are read of a list that has to be read whole, where the binding does not say.
const ROWS_MAX: u64 = 10_000;

/// The keys of a list that only GraphQL systems have.
#[derive(Debug, Default)]
pub struct GraphQlListFile {
    common: Question,
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
