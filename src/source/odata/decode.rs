//! Decoding: bodies of either version become rows. Pure.
//!
//! In: the body of an answer. Out: its rows as plain JSON (version 2's wrappings removed, its dates as text), the next
//! page's link, the count; or the error it holds, whatever its status says. Never panics, whatever the JSON is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil, tz::Offset};
use serde_json::Value;

use crate::{
    fetch::FetchErrorKind,
    source::http::{kind_of_status, quoted, retry_after},
};

/// The answer to one question, alone or in a batch.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// How long the system asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Its body: JSON, or what is no JSON.
    pub body: Result<Value, String>,
}

/// The rows of one page.
#[derive(Debug, Default, PartialEq)]
pub struct Body {
    /// The rows.
    pub rows: Vec<Value>,
    /// The link to the next page.
    pub next: Option<String>,
    /// What relative links are relative to, where the answer says it.
    pub context: Option<String>,
    /// How many rows there are on all pages.
    pub count: Option<u64>,
    /// The parts of rows that go on on a page of their own.
    pub loose_ends: Vec<LooseEnd>,
}

/// A list inside a row of which the answer holds only the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseEnd {
    /// The number of the row.
    pub row: usize,
    /// Where the list stands in the row, as a JSON Pointer.
    pub at: String,
    /// The link to the rest of it.
    pub link: String,
}

/// An answer that holds no rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of failure it is.
    pub kind: FetchErrorKind,
    /// The status it came with.
    pub status: u16,
    /// How long the system asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What the system says, for the operator.
    pub detail: String,
}

impl Refusal {
    /// Whether a key in the question may be what the server fails at: it refuses the question, or breaks over it.
    pub fn may_be_a_key(&self) -> bool {
        matches!(self.status, 400 | 404 | 414 | 422 | 500 | 501)
    }
}

impl Answered {
    /// Makes the answer of a body as it arrives.
    pub fn new(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let read =
            serde_json::from_slice(body).map_err(|error| format!("the answer is not JSON: {error}: {}", quoted(body)));
        Self { status, retry_after, body: read }
    }

    /// Makes the answer of headers inside a batch.
    pub fn with_headers<'h>(
        status: u16,
        headers: impl Iterator<Item = (&'h str, &'h str)>,
        body: Result<Value, String>,
    ) -> Self {
        let mut headers = headers.filter(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
        Self { status, retry_after: headers.next().and_then(|(_, value)| retry_after(value)), body }
    }

    /// Reads the rows, or why there are none.
    ///
    /// *Errors*: by the status; 404 is a bad request, for an entity set that is not there is a mistake in the binding. An
    /// error inside a body with status 200 is by the status it names, else a bad request.
    pub fn body(self) -> Result<Body, Refusal> {
        let refusal = |kind, status, detail| Refusal { kind, status, retry_after: self.retry_after, detail };
        let kind = match kind_of_status(self.status) {
            None if !(200..=299).contains(&self.status) => Some(FetchErrorKind::BadRequest),
            kind => kind,
        };
        if let Some(kind) = kind {
            let said = match &self.body {
                Ok(body) => error_text(body).unwrap_or_else(|| quoted(body.to_string().as_bytes())),
                Err(detail) => detail.clone(),
            };
            return Err(refusal(kind, self.status, format!("HTTP {}: {said}", self.status)));
        }
        let body = self.body.map_err(|detail| Refusal {
            kind: FetchErrorKind::ContractViolation,
            status: self.status,
            retry_after: None,
            detail,
        })?;
        if body.get("value").is_none()
            && body.get("d").is_none()
            && let Some(said) = error_text(&body)
        {
            let named =
                error_code(&body).and_then(|code| code.parse().ok()).filter(|code| kind_of_status(*code).is_some());
            let kind = named.and_then(kind_of_status).unwrap_or(FetchErrorKind::BadRequest);
            let detail = format!("HTTP {} with an error inside: {said}", self.status);
            return Err(refusal(kind, named.unwrap_or(400), detail));
        }
        rows(body).map_err(|detail| refusal(FetchErrorKind::ContractViolation, self.status, detail))
    }
}

/// Returns what an error says: its code and message, in either version's form.
fn error_text(body: &Value) -> Option<String> {
    let error = body.get("error").or_else(|| body.get("odata.error"))?;
    let message = match error.get("message") {
        Some(Value::String(text)) => text.as_str(),
        Some(message) => message.get("value").and_then(Value::as_str).unwrap_or_default(),
        None => error.as_str().unwrap_or_default(),
    };
    let text = match error_code(body) {
        Some(code) if !code.is_empty() => format!("{code}: {message}"),
        _ => message.to_owned(),
    };
    Some(quoted(text.as_bytes()))
}

fn error_code(body: &Value) -> Option<String> {
    match body.get("error").or_else(|| body.get("odata.error"))?.get("code")? {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    }
}

fn rows(mut body: Value) -> Result<Body, String> {
    let mut out = Body { context: text(&body, &["@odata.context", "@context"]), ..Body::default() };
    let mut found = match body.get_mut("d") {
        Some(d) => {
            out.next = text(d, &["__next"]);
            out.count = number(d, &["__count"]);
            match d.get_mut("results") {
                Some(results) => results.take(),
                None => d.take(),
            }
        }
        None => {
            out.next = text(&body, &["@odata.nextLink", "odata.nextLink", "@nextLink"]);
            out.count = number(&body, &["@odata.count", "odata.count", "@count"]);
            match body.get_mut("value") {
                Some(value) => value.take(),
                None => body.take(),
            }
        }
    };
    out.rows = match found.take() {
        Value::Array(rows) => rows,
        row @ Value::Object(_) => vec![row],
        other => return Err(format!("the answer holds no rows: {}", quoted(other.to_string().as_bytes()))),
    };
    for (n, row) in out.rows.iter_mut().enumerate() {
        if !row.is_object() {
            return Err(format!("a row is no object: {}", quoted(row.to_string().as_bytes())));
        }
        plain(row, &mut String::new(), &mut |at, link| out.loose_ends.push(LooseEnd { row: n, at, link }));
    }
    Ok(out)
}

fn text(value: &Value, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| value.get(name)?.as_str());
    found.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads a number, which may be written as a text.
fn number(value: &Value, names: &[&str]) -> Option<u64> {
    match names.iter().find_map(|name| value.get(name))? {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(number) => number.parse().ok(),
        _ => None,
    }
}

/// Removes what the protocol wraps values in, at any depth: `{"results": […]}`, `{"__deferred": …}`, `__metadata` and
/// `/Date(…)/`. Tells where a list goes on elsewhere.
fn plain(value: &mut Value, at: &mut String, loose: &mut impl FnMut(String, String)) {
    match value {
        Value::String(text) => {
            if let Some(read) = date(text) {
                *text = read;
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter_mut().enumerate() {
                within(at, &n.to_string(), |at| plain(item, at, loose));
            }
        }
        Value::Object(members) => {
            let is_wrapping = |name: &String| matches!(name.as_str(), "results" | "__count" | "__next");
            if members.contains_key("results") && members.keys().all(is_wrapping) {
                if let Some(Value::String(link)) = members.get("__next") {
                    loose(at.clone(), link.clone());
                }
                *value = members.get_mut("results").map_or(Value::Null, Value::take);
                return plain(value, at, loose);
            }
            if members.len() == 1 && members.contains_key("__deferred") {
                *value = Value::Null;
                return;
            }
            members.shift_remove("__metadata");
            let links = members.iter().filter_map(|(name, link)| {
                let list = name.strip_suffix("@odata.nextLink").or_else(|| name.strip_suffix("@nextLink"))?;
                (!list.is_empty()).then_some((list, link.as_str()?))
            });
            for (list, link) in links {
                within(at, list, |at| loose(at.clone(), link.to_owned()));
            }
            for (name, member) in members.iter_mut() {
                within(at, name, |at| plain(member, at, loose));
            }
        }
        _ => {}
    }
}

fn within(at: &mut String, name: &str, then: impl FnOnce(&mut String)) {
    let length = at.len();
    at.push('/');
    at.push_str(&name.replace('~', "~0").replace('/', "~1"));
    then(at);
    at.truncate(length);
}

/// Reads `/Date(1782892800000)/` and `/Date(1782892800000+0060)/`; `None` of any other text.
///
/// *Units*: the milliseconds count in UTC; the number behind the sign is the offset in minutes in which the time was
/// written.
/// *Shape*: without an offset it is `Edm.DateTime`, a date and time without a zone; the binding's zone, or UTC, makes it an
/// instant. With an offset it is an instant, written with it.
fn date(text: &str) -> Option<String> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign = inner.get(1..)?.find(['+', '-']).map(|at| at + 1);
    let (ms, offset) = match sign {
        Some(at) => (&inner[..at], Some(&inner[at..])),
        None => (inner, None),
    };
    let ms: i64 = ms.parse().ok()?;
    let Some(offset) = offset else {
        // Reckoned without a time line: the end of the calendar, which means "open", is on none.
        return Some(
            civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(SignedDuration::from_millis(ms)).ok()?.to_string(),
        );
    };
    let minutes: i32 = offset.parse().ok()?;
    let offset = Offset::from_seconds(minutes.checked_mul(60)?).ok()?;
    Some(Timestamp::from_millisecond(ms).ok()?.display_with_offset(offset).to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Body, Refusal> {
        Answered { status: 200, retry_after: None, body: Ok(body) }.body()
    }

    #[test]
    fn both_versions_wrap_rows_in_their_way() {
        let v4 = read(json!({
            "@odata.context": "$metadata#Items", "@odata.count": 7, "@odata.nextLink": "Items?$skiptoken=1",
            "value": [{"No": "A", "Lines": [{"N": 1}], "Lines@odata.nextLink": "Items('A')/Lines?$skip=1"}],
        }))
        .unwrap();
        assert_eq!((v4.count, v4.next.as_deref()), (Some(7), Some("Items?$skiptoken=1")));
        let loose = LooseEnd { row: 0, at: "/Lines".to_owned(), link: "Items('A')/Lines?$skip=1".to_owned() };
        assert_eq!(v4.loose_ends, [loose]);
        let v2 = read(json!({"d": {"__count": "7", "__next": "https://erp/Items?$skiptoken=1", "results": [{
            "__metadata": {"uri": "x"}, "No": "A", "Price": "12.50", "At": "/Date(1782892800000)/",
            "to_Line": {"results": [{"N": 1, "__metadata": {}, "to_Text": {"__deferred": {"uri": "y"}}}], "__next": "z"},
        }]}}))
        .unwrap();
        assert_eq!((v2.count, v2.next.as_deref()), (Some(7), Some("https://erp/Items?$skiptoken=1")));
        let row =
            json!({"No": "A", "Price": "12.50", "At": "2026-07-01T08:00:00", "to_Line": [{"N": 1, "to_Text": null}]});
        assert_eq!(v2.rows, [row]);
        assert_eq!(v2.loose_ends, [LooseEnd { row: 0, at: "/to_Line".to_owned(), link: "z".to_owned() }]);
        assert_eq!(read(json!({"d": [{"No": "A"}]})).unwrap().rows, [json!({"No": "A"})]);
        assert_eq!(read(json!({"d": {"No": "A"}})).unwrap().rows, [json!({"No": "A"})]);
        assert!(read(json!({"d": 7})).is_err() && read(json!({"value": [7]})).is_err());
    }

    #[test]
    fn dates_are_read_with_and_without_an_offset() {
        for (text, expected) in [
            ("/Date(1782892800000)/", Some("2026-07-01T08:00:00")),
            ("/Date(0)/", Some("1970-01-01T00:00:00")),
            ("/Date(-1)/", Some("1969-12-31T23:59:59.999")),
            ("/Date(1782892800000+0060)/", Some("2026-07-01T09:00:00+01:00")),
            ("/Date(1782892800000-0330)/", Some("2026-07-01T02:30:00-05:30")),
            ("/Date(1782892800000+0000)/", Some("2026-07-01T08:00:00+00:00")),
            ("/Date(253402214400000)/", Some("9999-12-31T00:00:00")),
            ("/Date()/", None),
            ("/Date(soon)/", None),
            ("/Date(99999999999999999999)/", None),
            ("Date(0)", None),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn errors_speak_in_either_form_and_may_come_with_status_200() {
        let refused = |status, body| Answered { status, retry_after: None, body: Ok(body) }.body().unwrap_err();
        let v4 = refused(400, json!({"error": {"code": "BadFilter", "message": "no such property"}}));
        assert_eq!(
            (v4.kind, v4.detail.as_str()),
            (FetchErrorKind::BadRequest, "HTTP 400: BadFilter: no such property")
        );
        let v2 = refused(403, json!({"error": {"code": "SY/530", "message": {"lang": "en", "value": "no right"}}}));
        assert_eq!((v2.kind, v2.detail.as_str()), (FetchErrorKind::Denied, "HTTP 403: SY/530: no right"));
        let inside = refused(200, json!({"error": {"code": "429", "message": "slower"}}));
        assert_eq!(inside.kind, FetchErrorKind::Throttled);
        let nameless = refused(200, json!({"error": {"message": "no"}}));
        assert_eq!(
            (nameless.kind, nameless.detail.as_str()),
            (FetchErrorKind::BadRequest, "HTTP 200 with an error inside: no")
        );
        assert_eq!(refused(404, json!(null)).kind, FetchErrorKind::BadRequest);
        let xml = Answered::new(500, None, b"<error>broken</error>").body().unwrap_err();
        assert!(xml.kind == FetchErrorKind::Unavailable && xml.detail.contains("<error>broken"), "{}", xml.detail);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "/Date\\([-+0-9]{0,20}\\)/|\\PC{0,8}".prop_map(Value::from),
        ];
        let name = "d|value|results|error|code|message|__next|__count|__metadata|__deferred|a|a@odata.nextLink";
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((name, inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_can_be_read(body in any_json(), status in 100_u16..600) {
            let _ = Answered { status, retry_after: None, body: Ok(body) }.body();
        }

        #[test]
        fn any_milliseconds_are_an_instant_or_none(ms in any::<i64>(), minutes in -2000_i32..2000) {
            if let Some(read) = date(&format!("/Date({ms})/")) {
                let back: civil::DateTime = read.parse().unwrap();
                let start = civil::date(1970, 1, 1).at(0, 0, 0, 0);
                prop_assert_eq!(back.duration_since(start).as_millis(), i128::from(ms));
            }
            if let Some(read) = date(&format!("/Date({ms}{minutes:+05})/")) {
                prop_assert_eq!(read.parse::<Timestamp>().unwrap().as_millisecond(), ms);
            }
        }
    }
}
