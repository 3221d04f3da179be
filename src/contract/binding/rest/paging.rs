//! How the pages of an answer follow each other, as a REST binding writes it.
//!
//! In: the table `paging`. Out: where the next page is to be found, and how many rows a full one has.

use super::super::{
    super::reader::{Entry, Reader},
    pointer,
};
use crate::value::Pointer;

/// How pages follow each other. Several ways may be given: the first that leads on is taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Paging {
    /// A link to the next page.
    pub next: Option<NextLink>,
    /// A cursor, and what it is sent as.
    pub cursor: Option<(Pointer, PageTarget)>,
    /// Whether there are more pages; an answer that says no is the last.
    pub more: Option<Pointer>,
    /// A number that says which page or from which row, and what it is sent as.
    pub counter: Option<(Counter, PageTarget)>,
    /// How many rows a full page has.
    pub rows: Option<u32>,
    /// What the number of rows wanted is sent as.
    pub limit: Option<PageTarget>,
    /// How many rows there are in all.
    pub total: Option<Pointer>,
}

/// Where a link to the next page stands.
#[derive(Debug, Clone, PartialEq)]
pub enum NextLink {
    /// In the header `Link`, as `rel="next"`.
    Header,
    /// In the answer.
    At(Pointer),
}

/// What counts the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// How many rows come before the page.
    Offset,
    /// The page's number; the first one has this.
    Page {
        /// The number of the first page.
        first: u64,
    },
}

/// What a value of paging is sent as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageTarget {
    /// A parameter of the query.
    Query(String),
    /// A member of the body, by the names that lead to it.
    Body(Vec<String>),
}

impl PageTarget {
    fn parse(text: String) -> Self {
        match text.strip_prefix('/') {
            Some(path) => Self::Body(path.split('/').map(str::to_owned).collect()),
            None => Self::Query(text),
        }
    }
}

const KEYS: &[&str] = &["next", "cursor", "parameter", "more", "offset", "page", "first", "rows", "limit", "total"];
/// No server gives more rows at once than this.
const PAGE_ROWS_MAX: u64 = 100_000;

/// Reads `paging = { … }`; `posts` tells whether the question has a body.
pub fn paging(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Paging> {
    let place = reader.place(entry.0);
    let table = reader.table(entry)?;
    let mut out = Paging::default();
    let (mut cursor, mut parameter, mut offset, mut page, mut first) = (None, None, None, None, None);
    for entry in table.iter() {
        let target = |entry, reader: &mut Reader<'_>| reader.text(entry).map(|text| PageTarget::parse(text.text));
        match entry.0.get_ref().as_ref() {
            "next" => {
                let is_header = entry.1.get_ref().as_str() == Some("header");
                let at = |reader| pointer(entry, reader).map(NextLink::At);
                out.next = if is_header { Some(NextLink::Header) } else { at(reader) };
            }
            "cursor" => cursor = pointer(entry, reader),
            "parameter" => parameter = target(entry, reader),
            "more" => out.more = pointer(entry, reader),
            "offset" => offset = target(entry, reader),
            "page" => page = target(entry, reader),
            "first" => first = reader.number(entry, 0, 1),
            "rows" => {
                out.rows = reader.number(entry, 1, PAGE_ROWS_MAX).and_then(|rows| u32::try_from(rows).ok());
            }
            "limit" => out.limit = target(entry, reader),
            "total" => out.total = pointer(entry, reader),
            _ => reader.unknown_key(entry.0, "paging", KEYS),
        }
    }
    let has = |name: &str| table.contains_key(name);
    let said = match () {
        () if has("cursor") != has("parameter") => {
            Some("a cursor needs the parameter it is sent as, and that a cursor")
        }
        () if has("offset") && has("page") => Some("pages are counted by offset or by number, not both"),
        () if (has("offset") || has("page")) && !has("rows") => Some("pages that are counted have a known size"),
        () if has("first") && !has("page") => Some("the first page has a number only where pages are numbered"),
        () if has("limit") && !has("rows") => Some("a limit is sent, but not how many rows"),
        () if has("more") && !has("cursor") => Some("`more` says whether a cursor leads on, and there is none"),
        () => None,
    };
    if let Some(said) = said {
        reader.findings.fault(
            "PAGING",
            place,
            said,
            "write { next }, { cursor, parameter, more }, { offset, rows, limit } or { page, first, rows, limit }",
        );
    }
    out.cursor = cursor.zip(parameter);
    let page = page.map(|target| (Counter::Page { first: first.unwrap_or(1) }, target));
    out.counter = offset.map(|target| (Counter::Offset, target)).or(page);
    Some(out)
}
