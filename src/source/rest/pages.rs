//! From page to page: what leads on from one, and whether its end is to be believed. Pure.
//!
//! In: how the binding says pages follow each other, and what a page held. Out: where the next one is, that this was the
//! last, or that it looks cut: servers stop at 50 or 100 rows without a word.

use serde_json::Value;

use crate::{
    contract::{Counter, NextLink, Paging},
    value::Pointer,
};

/// Sizes at which servers cut pages unasked: an answer of exactly so many rows is looked behind.
const USUAL_PAGES: &[usize] = &[10, 20, 25, 30, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000];

/// A page that was read.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its document.
    pub document: &'a Value,
    /// Its `Link` headers.
    pub links: &'a [String],
    /// How many rows it held.
    pub n_rows: usize,
    /// How many rows have been read, with these.
    pub n_read: usize,
    /// How many pages have been read, with this.
    pub n_pages: usize,
    /// How many rows were asked for, or make a full page.
    pub size: Option<u32>,
    /// Whether a link led to it.
    pub by_link: bool,
}

/// What comes after a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A link as the answer writes it.
    Link(String),
    /// A cursor.
    Cursor(Value),
    /// The page with this number, or from this row on.
    Counted(u64),
    /// Nothing: it was the last.
    End,
    /// Nothing that can be followed, though the page is as full as a page gets.
    Cut {
        /// Whether it is full by what the binding or the answer says, and not by our guess.
        stated: bool,
    },
}

/// Finds what comes after a page.
pub fn next(paging: &Paging, seen: Seen<'_>) -> Next {
    if let Some(link) = paging.next.as_ref().and_then(|next| link(next, seen)) {
        return Next::Link(link);
    }
    if let Some((cursor, _)) = &paging.cursor {
        let more = paging.more.as_ref().and_then(|more| more.one(seen.document));
        if more == Some(&Value::Bool(false)) {
            return Next::End;
        }
        match cursor.one(seen.document) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(cursor) => return Next::Cursor(cursor.clone()),
        }
        if more == Some(&Value::Bool(true)) && paging.counter.is_none() {
            return Next::Cut { stated: true };
        }
    }
    // A server that gave links until here knows where they end.
    if paging.next.is_some() && seen.by_link {
        return Next::End;
    }
    let total = paging.total.as_ref().and_then(|total| number(total, seen.document));
    let stated = match (total, seen.size) {
        (Some(total), _) => (seen.n_read as u64) < total && seen.n_rows > 0,
        (None, Some(size)) => seen.n_rows >= size as usize,
        (None, None) => false,
    };
    // A size that is only asked for may be more than the server gives; one that is known is not doubted.
    let may_be_less = seen.size.is_none() || paging.counter.is_some();
    let is_full = stated || (total.is_none() && may_be_less && USUAL_PAGES.contains(&seen.n_rows));
    match &paging.counter {
        _ if !is_full => Next::End,
        Some((Counter::Offset, _)) => Next::Counted(seen.n_read as u64),
        Some((Counter::Page { first }, _)) => Next::Counted(first + seen.n_pages as u64),
        None => Next::Cut { stated },
    }
}

/// Reads a whole number.
pub fn number(at: &Pointer, document: &Value) -> Option<u64> {
    match at.one(document)? {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn link(next: &NextLink, seen: Seen<'_>) -> Option<String> {
    let link = match next {
        NextLink::Header => seen.links.iter().find_map(|header| link_of(header, "next"))?,
        NextLink::At(at) => at.one(seen.document)?.as_str()?.to_owned(),
    };
    (!link.is_empty()).then_some(link)
}

/// Returns the link of a relation in a `Link` header: `<https://…?page=2>; rel="next", <…>; rel="last"`.
fn link_of(header: &str, relation: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let is_wanted = |parameter: &str| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
            let is_relation = |word: &str| word.eq_ignore_ascii_case(relation);
            name.trim().eq_ignore_ascii_case("rel") && value.split_whitespace().any(is_relation)
        };
        if after[..end].split(';').any(is_wanted) {
            return Some(target.trim().to_owned());
        }
        rest = &after[end..];
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::contract::PageTarget;

    fn seen<'a>(document: &'a Value, links: &'a [String], n_rows: usize, size: Option<u32>) -> Seen<'a> {
        Seen { document, links, n_rows, n_read: 200 + n_rows, n_pages: 3, size, by_link: false }
    }

    #[test]
    fn a_link_a_cursor_and_a_count_lead_on_in_this_order() {
        let pointer = |text: &str| Pointer::parse(text).unwrap();
        let paging = Paging {
            next: Some(NextLink::At(pointer("/next"))),
            cursor: Some((pointer("/page/end"), PageTarget::Query("after".to_owned()))),
            more: Some(pointer("/page/more")),
            counter: Some((Counter::Offset, PageTarget::Query("offset".to_owned()))),
            ..Paging::default()
        };
        let after = |document: Value, n_rows| next(&paging, seen(&document, &[], n_rows, Some(100)));
        assert_eq!(after(json!({"next": "?page=2", "rows": []}), 1), Next::Link("?page=2".to_owned()));
        assert_eq!(after(json!({"next": null, "page": {"end": "x"}}), 1), Next::Cursor(json!("x")));
        assert_eq!(after(json!({"page": {"end": "x", "more": false}}), 100), Next::End);
        assert_eq!(after(json!({"page": {"end": null}}), 100), Next::Counted(300));
        assert_eq!(after(json!({}), 50), Next::Counted(250), "servers cap pages below what was asked");
        assert_eq!(after(json!({}), 51), Next::End);
        let cursor_alone = Paging { counter: None, ..paging.clone() };
        let document = json!({"page": {"end": null, "more": true}});
        assert_eq!(next(&cursor_alone, seen(&document, &[], 3, None)), Next::Cut { stated: true });
    }

    #[test]
    fn a_full_page_that_leads_nowhere_is_cut() {
        let paging = Paging::default();
        let document = json!({"total": 1000});
        assert_eq!(next(&paging, seen(&document, &[], 100, Some(100))), Next::Cut { stated: true });
        assert_eq!(next(&paging, seen(&document, &[], 50, None)), Next::Cut { stated: false });
        assert_eq!(next(&paging, seen(&document, &[], 51, None)), Next::End);
        let total = Some(Pointer::parse("/total").unwrap());
        let counted = Paging { total, ..Paging::default() };
        assert_eq!(next(&counted, seen(&document, &[], 7, None)), Next::Cut { stated: true });
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = "<https://x/a?page=1>; rel=prev, </a?page=3,4>; title=\"x\"; rel=\"next last\"".to_owned();
        assert_eq!(link_of(&header, "next").as_deref(), Some("/a?page=3,4"));
        assert_eq!(link_of("<a>; rel=\"next\", <b>; rel=\"last\"", "next").as_deref(), Some("a"));
        assert_eq!(link_of("<a>; rel=\"last\"", "next"), None);
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_not(header in "[<>;=\", arelnxt/]{0,40}") {
            let _ = link_of(&header, "next");
        }
    }
}
