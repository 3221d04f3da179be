//! An OData service on loopback that speaks version 2 and 4 over rows given by a test.
//!
//! It reads `$filter` (comparisons, `in`, `and`, `or`, `not`, parentheses, a few functions), `$select`, `$expand`,
//! `$orderby`, `$top`, `$skip`, the count and `$batch`, refuses what it does not know, and has the quirks of real ones on
//! demand. Rows of version 2 are given as it writes them: decimals as texts, `/Date(…)/`.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use freehold::value::compare_decimals;
use serde_json::{Map, Value, json};

/// How a page says where the next one is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NextLink {
    #[default]
    Absolute,
    Relative,
    /// Not at all, which is a lie.
    None,
}

/// What the service does that others do not. May be changed while it runs.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    /// The status of a question with the operator `in`.
    pub no_in: Option<u16>,
    /// The status of a question with an apostrophe in a literal.
    pub apostrophe: Option<u16>,
    /// How many rows a page has at most, and how many a list inside a row.
    pub page_rows: Option<usize>,
    pub part_rows: Option<usize>,
    pub next_link: NextLink,
    /// The status and body of every question, and `Retry-After`.
    pub fails: Option<(u16, String)>,
    pub retry_after: Option<u32>,
    pub delay: Option<Duration>,
    /// What `Authorization` must say.
    pub authorization: Option<String>,
    /// How long an address may be.
    pub url_bytes_max: Option<usize>,
    /// Whether nulls come last in ascending order; the standard has them first.
    pub nulls_last: bool,
    pub no_count: bool,
    pub ignores_skip: bool,
    /// Whether texts come padded to ten characters.
    pub padded: bool,
    /// Whether GUIDs come in capitals.
    pub shouts: bool,
}

/// A call as it arrived.
#[derive(Debug, Clone)]
pub struct Logged {
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    pub headers: HeaderMap,
    /// The questions of a batch, or the call itself.
    pub questions: Vec<String>,
}

/// A service on loopback.
pub struct OdataServer {
    pub url: String,
    service: Arc<Service>,
    task: tokio::task::JoinHandle<()>,
}

struct Service {
    is_v2: bool,
    url: String,
    sets: BTreeMap<String, Vec<Value>>,
    quirks: Mutex<Quirks>,
    log: Mutex<Vec<Logged>>,
}

/// The answer to one question.
struct Answer {
    status: u16,
    body: Value,
}

type Refused = (u16, String);

impl OdataServer {
    /// Starts over entity sets by name; members that are objects or lists of objects are navigation properties.
    pub async fn start(version: &str, sets: &[(&str, Value)]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/srv", listener.local_addr().unwrap());
        let sets = sets.iter().map(|(name, rows)| ((*name).to_owned(), rows.as_array().unwrap().clone())).collect();
        let service = Arc::new(Service {
            is_v2: version == "v2",
            url: url.clone(),
            sets,
            quirks: Mutex::default(),
            log: Mutex::default(),
        });
        let router = Router::new().fallback(answered).with_state(Arc::clone(&service));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, service, task }
    }

    /// Changes what the service does.
    pub fn quirks(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.service.quirks.lock().unwrap());
    }

    /// Takes the calls so far.
    pub fn take_log(&self) -> Vec<Logged> {
        std::mem::take(&mut self.service.log.lock().unwrap())
    }

    /// Returns how many calls have come so far; those taken do not count.
    pub fn n_calls(&self) -> usize {
        self.service.log.lock().unwrap().len()
    }

    /// Takes the questions so far, percent signs read.
    pub fn take_questions(&self) -> Vec<String> {
        self.take_log().iter().flat_map(|call| call.questions.iter().map(|one| decoded(one).unwrap())).collect()
    }
}

impl Drop for OdataServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answered(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    let quirks = service.quirks.lock().unwrap().clone();
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map(|target| target.as_str().to_owned()).unwrap_or_default();
    let body = to_bytes(body, 1 << 24).await.unwrap();
    if let Some(delay) = quirks.delay {
        tokio::time::sleep(delay).await;
    }
    let local = target.strip_prefix("/srv/").unwrap_or(&target).to_owned();
    let is_batch = local.ends_with("$batch") && parts.method == "POST";
    let questions = if is_batch { batch_questions(&parts.headers, &body) } else { vec![local.clone()] };
    service.log.lock().unwrap().push(Logged {
        method: parts.method.to_string(),
        target: target.clone(),
        headers: parts.headers.clone(),
        questions: questions.clone(),
    });
    let says =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let refused = match &quirks {
        Quirks { fails: Some((status, body)), .. } => Some((*status, body.clone())),
        Quirks { authorization: Some(wanted), .. } if says("authorization") != *wanted => {
            Some((401, service.error("401", "who asks?").to_string()))
        }
        Quirks { url_bytes_max: Some(max), .. } if target.len() > *max => {
            Some((414, "<html>too long</html>".to_owned()))
        }
        _ if is_batch && questions.len() > 100 => Some((400, service.error("Batch", "at most 100").to_string())),
        _ => None,
    };
    let response = |status: u16, media_type: &str, body: String| {
        let mut response = Response::builder().status(status).header("content-type", media_type);
        if let Some(seconds) = quirks.retry_after.filter(|_| status != 200) {
            response = response.header("retry-after", seconds.to_string());
        }
        response.body(Body::from(body)).unwrap()
    };
    if let Some((status, body)) = refused {
        return response(status, "application/json", body);
    }
    if !is_batch {
        let answer = service.answer(&local, &quirks);
        return response(answer.status, "application/json", answer.body.to_string());
    }
    let mut goes_on = true;
    let answers = questions.iter().map(|question| {
        let unasked = Answer { status: 424, body: service.error("424", "an earlier question failed") };
        let answer = if goes_on { service.answer(question, &quirks) } else { unasked };
        // Without the preference, version 4 stops at the first failure.
        goes_on &= service.is_v2 || answer.status == 200 || says("prefer").contains("continue-on-error");
        answer
    });
    let answers: Vec<Answer> = answers.collect();
    if service.is_v2 {
        let parts = answers.iter().map(|answer| {
            format!(
                "--srv\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                 HTTP/1.1 {} Said\r\nContent-Type: application/json\r\n\r\n{}\r\n",
                answer.status, answer.body
            )
        });
        return response(202, "multipart/mixed; boundary=srv", parts.collect::<String>() + "--srv--\r\n");
    }
    // In another order than they were asked.
    let responses = answers.iter().enumerate().rev();
    let responses =
        responses.map(|(n, answer)| json!({"id": n.to_string(), "status": answer.status, "body": answer.body}));
    response(200, "application/json", json!({"responses": responses.collect::<Vec<_>>()}).to_string())
}

/// Reads the questions of a batch of either version.
fn batch_questions(headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let media_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.starts_with("multipart/mixed; boundary=") {
        let lines = text.lines().filter_map(|line| line.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1"));
        return lines.map(str::to_owned).collect();
    }
    let body: Value = serde_json::from_str(&text).unwrap();
    let requests = body["requests"].as_array().unwrap().iter();
    requests.map(|request| request["url"].as_str().unwrap().to_owned()).collect()
}

impl Service {
    fn error(&self, code: &str, message: &str) -> Value {
        match self.is_v2 {
            true => json!({"error": {"code": code, "message": {"lang": "en", "value": message}}}),
            false => json!({"error": {"code": code, "message": message}}),
        }
    }

    fn answer(&self, target: &str, quirks: &Quirks) -> Answer {
        match self.rows(target, quirks) {
            Ok(body) => Answer { status: 200, body },
            Err((status, message)) => Answer { status, body: self.error(&status.to_string(), &message) },
        }
    }

    fn rows(&self, target: &str, quirks: &Quirks) -> Result<Value, Refused> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut options = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| bad("an option without a value"))?;
            options.insert(decoded(name)?, decoded(value)?);
        }
        if let ["$rest", set, row, list, from] = path.split('/').collect::<Vec<_>>()[..] {
            return self.rest(set, number(row)?, list, number(from)?, quirks);
        }
        let set = path.rsplit('/').next().unwrap_or(path);
        let all = self.sets.get(set).ok_or_else(|| (404, format!("no entity set {set}")))?;
        let known = |name: &str| all.is_empty() || all.iter().any(|row| row.get(name).is_some());
        let filter = match options.get("$filter") {
            None => None,
            Some(text) => Some(parsed_filter(text, self.is_v2)?),
        };
        if let Some(filter) = &filter {
            let mut refused = None;
            filter.each(&mut |part| match part {
                Part::In if quirks.no_in.is_some() => refused = quirks.no_in,
                Part::Text(text) if text.contains('\'') && quirks.apostrophe.is_some() => refused = quirks.apostrophe,
                Part::Property(path) if !known(path.split('/').next().unwrap_or(path)) => refused = Some(400),
                _ => {}
            });
            if let Some(status) = refused {
                return Err((status, format!("the filter is not understood: {}", options["$filter"])));
            }
        }
        let mut rows: Vec<(usize, &Value)> = all.iter().enumerate().collect();
        rows.retain(|(_, row)| filter.as_ref().is_none_or(|filter| filter.holds(row)));
        for term in options.get("$orderby").iter().flat_map(|text| text.split(',')).rev() {
            let mut words = term.split_whitespace();
            let path = words.next().ok_or_else(|| bad("an empty order"))?;
            let descends = words.next() == Some("desc");
            if !known(path.split('/').next().unwrap_or(path)) {
                return Err(bad("an order by what is no property"));
            }
            rows.sort_by(|(_, a), (_, b)| {
                let order = compare(at(a, path), at(b, path), quirks.nulls_last != descends);
                if descends { order.reverse() } else { order }
            });
        }
        let count = rows.len();
        let size = |name: &str| options.get(name).map(|text| number(text)).transpose();
        let token = options.get("$skiptoken").and_then(|token| token.rsplit('/').next());
        let skip = match token {
            Some(token) => number(token)?,
            None if quirks.ignores_skip => 0,
            None => size("$skip")?.unwrap_or(0),
        };
        let end = size("$top")?.map_or(count, |top| (if token.is_some() { 0 } else { skip } + top).min(count));
        let page_end = quirks.page_rows.map_or(end, |rows| (skip + rows).min(end));
        let page = rows.get(skip.min(page_end)..page_end).unwrap_or_default();
        let select = options.get("$select").map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>());
        let expand = options.get("$expand").map(|text| expansions(text)).unwrap_or_default();
        for name in
            select.iter().flatten().filter(|name| *name != "*" && !known(name.split('/').next().unwrap_or(name)))
        {
            return Err(bad(&format!("`{name}` is no property to select")));
        }
        let shown =
            page.iter().map(|(n, row)| self.shown(row, select.as_deref(), &expand, &Shown { set, row: *n, quirks }));
        let shown: Vec<Value> = shown.collect();
        let next = (page_end < end && quirks.next_link != NextLink::None).then(|| {
            let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("$skip")).collect();
            // Not to be read, and to be sent back as it is.
            let query = kept.into_iter().map(str::to_owned).chain([format!("$skiptoken=%27p%2B1%27/{page_end}")]);
            let link = format!("{set}?{}", query.collect::<Vec<_>>().join("&"));
            let root = if path.contains('/') { path.trim_end_matches(set).to_owned() } else { String::new() };
            if quirks.next_link == NextLink::Relative { link } else { format!("{}/{root}{link}", self.url) }
        });
        let asks_count = options.get("$count").is_some_and(|text| text == "true")
            || options.get("$inlinecount").is_some_and(|text| text == "allpages");
        let count = (asks_count && !quirks.no_count).then_some(count);
        let mut body = Map::new();
        if self.is_v2 {
            if let Some(count) = count {
                body.insert("__count".to_owned(), count.to_string().into());
            }
            body.insert("results".to_owned(), shown.into());
            body.extend(next.map(|next| ("__next".to_owned(), next.into())));
            return Ok(json!({ "d": body }));
        }
        body.insert("@odata.context".to_owned(), format!("{}/$metadata#{set}", self.url).into());
        body.extend(count.map(|count| ("@odata.count".to_owned(), count.into())));
        // Some put the link before the rows.
        body.extend(next.map(|next| ("@odata.nextLink".to_owned(), next.into())));
        body.insert("value".to_owned(), shown.into());
        Ok(Value::Object(body))
    }

    fn shown(&self, row: &Value, select: Option<&[String]>, expand: &[(String, Vec<String>)], of: &Shown<'_>) -> Value {
        let mut out = Map::new();
        if self.is_v2 {
            out.insert("__metadata".to_owned(), json!({"uri": format!("{}/{}", self.url, of.set)}));
        }
        for (name, value) in row.as_object().unwrap() {
            let is_navigation =
                value.is_object() || value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
            let expanded = expand.iter().find(|(known, _)| known == name);
            let wanted =
                |prefix: &str| select.is_none_or(|all| all.iter().any(|one| one == name || one.starts_with(prefix)));
            if !is_navigation {
                if wanted("//") {
                    out.insert(name.clone(), self.leaf(value, of.quirks));
                }
                continue;
            }
            let prefix = format!("{name}/");
            let Some((_, inner)) = expanded.filter(|_| !self.is_v2 || wanted(&prefix)) else {
                if self.is_v2 && wanted(&prefix) {
                    out.insert(name.clone(), json!({"__deferred": {"uri": "elsewhere"}}));
                }
                continue;
            };
            let nested: Vec<String> = match self.is_v2 {
                true => select
                    .into_iter()
                    .flatten()
                    .filter_map(|one| one.strip_prefix(&prefix))
                    .map(str::to_owned)
                    .collect(),
                false => inner.clone(),
            };
            let nested = (!nested.is_empty()).then_some(nested);
            let deeper: Vec<(String, Vec<String>)> = match self.is_v2 {
                true => (expand.iter())
                    .filter_map(|(one, _)| Some((one.strip_prefix(&prefix)?.to_owned(), Vec::new())))
                    .collect(),
                false => Vec::new(),
            };
            let show = |item: &Value| self.shown(item, nested.as_deref(), &deeper, of);
            let Value::Array(items) = value else {
                out.insert(name.clone(), show(value));
                continue;
            };
            let n_shown = of.quirks.part_rows.unwrap_or(items.len()).min(items.len());
            let shown: Vec<Value> = items[..n_shown].iter().map(show).collect();
            let rest =
                (n_shown < items.len()).then(|| format!("{}/$rest/{}/{}/{name}/{n_shown}", self.url, of.set, of.row));
            if self.is_v2 {
                let mut list = json!({ "results": shown });
                if let Some(rest) = rest {
                    list["__next"] = rest.into();
                }
                out.insert(name.clone(), list);
            } else {
                out.insert(name.clone(), shown.into());
                out.extend(rest.map(|rest| (format!("{name}@odata.nextLink"), rest.into())));
            }
        }
        Value::Object(out)
    }

    fn leaf(&self, value: &Value, quirks: &Quirks) -> Value {
        match value.as_str() {
            Some(text) if quirks.padded => format!("{text:<10}").into(),
            Some(text) if quirks.shouts => text.to_uppercase().into(),
            _ => value.clone(),
        }
    }

    /// The rest of a list inside a row.
    fn rest(&self, set: &str, row: usize, list: &str, from: usize, quirks: &Quirks) -> Result<Value, Refused> {
        let items = self.sets.get(set).and_then(|rows| rows.get(row)?.get(list)?.as_array());
        let items = items.ok_or_else(|| (404, "no such list".to_owned()))?;
        let end = (from + quirks.part_rows.unwrap_or(items.len())).min(items.len());
        let next = (end < items.len()).then(|| format!("{}/$rest/{set}/{row}/{list}/{end}", self.url));
        let rows = items.get(from..end).unwrap_or_default();
        Ok(match self.is_v2 {
            true => json!({"d": {"results": rows, "__next": next.unwrap_or_default()}}),
            false => json!({"value": rows, "@odata.nextLink": next}),
        })
    }
}

struct Shown<'a> {
    set: &'a str,
    row: usize,
    quirks: &'a Quirks,
}

fn bad(message: &str) -> Refused {
    (400, message.to_owned())
}

fn number(text: &str) -> Result<usize, Refused> {
    text.parse().map_err(|_| bad(&format!("`{text}` is no number")))
}

/// Reads percent signs; a plus is a blank, as in most servers.
fn decoded(text: &str) -> Result<String, Refused> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(byte.ok_or_else(|| bad("a percent sign without its digits"))?);
                rest = &rest[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| bad("the address is no text"))
}

/// Reads `to_Item($select=A,B;$expand=…),to_Text`: each name with what is selected inside.
fn expansions(text: &str) -> Vec<(String, Vec<String>)> {
    let (mut terms, mut depth) = (vec![String::new()], 0);
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            terms.push(String::new());
        } else {
            terms.last_mut().unwrap().push(character);
        }
    }
    let read = |term: String| {
        let (name, options) = term.split_once('(').unwrap_or((&term, ""));
        let select = options.trim_end_matches(')').split(';').find_map(|option| option.strip_prefix("$select="));
        let select = select.map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default();
        (name.to_owned(), select)
    };
    terms.into_iter().map(read).collect()
}

fn at<'v>(row: &'v Value, path: &str) -> &'v Value {
    path.split('/').fold(row, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// Orders values as the service sorts them.
fn compare(a: &Value, b: &Value, null_is_greatest: bool) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => {
            if null_is_greatest {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, true) => {
            if null_is_greatest {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (false, false) => match (a, b) {
            (Value::Number(a), Value::Number(b)) => compare_decimals(&a.to_string(), &b.to_string()).unwrap(),
            (Value::String(a), Value::String(b)) => match (milliseconds(a), milliseconds(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a.cmp(b),
            },
            _ => a.to_string().cmp(&b.to_string()),
        },
    }
}

fn milliseconds(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    inner.split('+').next()?.parse().ok()
}

/// A `$filter`.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Compare(String, String, Literal),
    In(String, Vec<Literal>),
    Contains(String, Literal),
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Null,
    Text(String),
    Number(String),
    Boolean(bool),
    /// A date, time or GUID, as written without its quotes.
    Bare(String),
}

enum Part<'a> {
    In,
    Text(&'a str),
    Property(&'a str),
}

impl Filter {
    fn each(&self, see: &mut impl FnMut(Part<'_>)) {
        let literal = |literal: &Literal, see: &mut dyn FnMut(Part<'_>)| {
            if let Literal::Text(text) = literal {
                see(Part::Text(text));
            }
        };
        match self {
            Self::And(inner) | Self::Or(inner) => inner.iter().for_each(|one| one.each(see)),
            Self::Not(inner) => inner.each(see),
            Self::Compare(path, _, value) | Self::Contains(path, value) => {
                see(Part::Property(path));
                literal(value, see);
            }
            Self::In(path, values) => {
                see(Part::In);
                see(Part::Property(path));
                values.iter().for_each(|value| literal(value, see));
            }
        }
    }

    fn holds(&self, row: &Value) -> bool {
        match self {
            Self::And(inner) => inner.iter().all(|one| one.holds(row)),
            Self::Or(inner) => inner.iter().any(|one| one.holds(row)),
            Self::Not(inner) => !inner.holds(row),
            Self::In(path, values) => values.iter().any(|value| against(at(row, path), value) == Some(Ordering::Equal)),
            Self::Contains(path, value) => match (at(row, path), value) {
                (Value::String(text), Literal::Text(part)) => text.contains(part),
                _ => false,
            },
            Self::Compare(path, operator, value) => {
                let order = against(at(row, path), value);
                match operator.as_str() {
                    "eq" => order == Some(Ordering::Equal),
                    "ne" => order != Some(Ordering::Equal),
                    "gt" => order == Some(Ordering::Greater),
                    "ge" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                    "lt" => order == Some(Ordering::Less),
                    _ => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                }
            }
        }
    }
}

/// Compares a value with a literal; `None` where they cannot be compared.
fn against(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::String(value), Literal::Text(text)) => Some(value.as_str().cmp(text)),
        (Value::Number(value), Literal::Number(number)) => compare_decimals(&value.to_string(), number),
        (Value::String(value), Literal::Number(number)) => compare_decimals(value, number),
        (Value::Bool(value), Literal::Boolean(boolean)) => Some(value.cmp(boolean)),
        (Value::String(value), Literal::Bare(bare)) => match milliseconds(value) {
            Some(ms) => {
                let bare = format!("{}Z", bare.trim_end_matches('Z'));
                Some(ms.cmp(&bare.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
            }
            None => match (value.parse::<jiff::Timestamp>(), bare.parse::<jiff::Timestamp>()) {
                (Ok(value), Ok(bare)) => Some(value.cmp(&bare)),
                _ => Some(value.to_lowercase().cmp(&bare.to_lowercase())),
            },
        },
        _ => None,
    }
}

/// Reads a `$filter`.
pub fn parsed_filter(text: &str, is_v2: bool) -> Result<Filter, Refused> {
    let mut parser = Parser { rest: text, is_v2 };
    let filter = parser.or()?;
    parser.blank();
    if parser.rest.is_empty() { Ok(filter) } else { Err(bad(&format!("the filter goes on: {}", parser.rest))) }
}

struct Parser<'t> {
    rest: &'t str,
    is_v2: bool,
}

impl<'t> Parser<'t> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, text: &str) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(word).filter(|rest| rest.starts_with([' ', '(']));
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn wants(&mut self, text: &str) -> Result<(), Refused> {
        if self.takes(text) { Ok(()) } else { Err(bad(&format!("`{text}` is missing before `{}`", self.rest))) }
    }

    fn word(&mut self) -> &'t str {
        self.blank();
        let end = self.rest.find([' ', '(', ')', ',', '\'']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn or(&mut self) -> Result<Filter, Refused> {
        let mut inner = vec![self.and()?];
        while self.takes_word("or") {
            inner.push(self.and()?);
        }
        Ok(if inner.len() == 1 { inner.remove(0) } else { Filter::Or(inner) })
    }

    fn and(&mut self) -> Result<Filter, Refused> {
        let mut inner = vec![self.one()?];
        while self.takes_word("and") {
            inner.push(self.one()?);
        }
        Ok(if inner.len() == 1 { inner.remove(0) } else { Filter::And(inner) })
    }

    fn one(&mut self) -> Result<Filter, Refused> {
        if self.takes_word("not") {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.takes("(") {
            let inner = self.or()?;
            self.wants(")")?;
            return Ok(inner);
        }
        let path = self.word();
        match path {
            "contains" if !self.is_v2 => {
                self.wants("(")?;
                let path = self.word().to_owned();
                self.wants(",")?;
                let part = self.literal()?;
                self.wants(")")?;
                return Ok(Filter::Contains(path, part));
            }
            "substringof" if self.is_v2 => {
                self.wants("(")?;
                let part = self.literal()?;
                self.wants(",")?;
                let path = self.word().to_owned();
                self.wants(")")?;
                self.wants("eq true")?;
                return Ok(Filter::Contains(path, part));
            }
            "" => return Err(bad("a property is missing")),
            _ => {}
        }
        let operator = self.word();
        match operator {
            "in" if !self.is_v2 => {
                self.wants("(")?;
                let mut values = vec![self.literal()?];
                while self.takes(",") {
                    values.push(self.literal()?);
                }
                self.wants(")")?;
                Ok(Filter::In(path.to_owned(), values))
            }
            "eq" | "ne" | "gt" | "ge" | "lt" | "le" => {
                Ok(Filter::Compare(path.to_owned(), operator.to_owned(), self.literal()?))
            }
            _ => Err(bad(&format!("`{operator}` is no operator"))),
        }
    }

    fn quoted(&mut self) -> Result<String, Refused> {
        self.wants("'")?;
        let mut text = String::new();
        loop {
            let end = self.rest.find('\'').ok_or_else(|| bad("a quote is never closed"))?;
            text.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            match self.rest.strip_prefix('\'') {
                Some(rest) => {
                    text.push('\'');
                    self.rest = rest;
                }
                None => return Ok(text),
            }
        }
    }

    fn literal(&mut self) -> Result<Literal, Refused> {
        self.blank();
        if self.rest.starts_with('\'') {
            return self.quoted().map(Literal::Text);
        }
        let word = self.word();
        let is_number = |text: &str| compare_decimals(text, "0").is_some();
        Ok(match word {
            "null" => Literal::Null,
            "true" => Literal::Boolean(true),
            "false" => Literal::Boolean(false),
            "guid" | "datetime" | "datetimeoffset" if self.is_v2 => Literal::Bare(self.quoted()?),
            word if is_number(word) => Literal::Number(word.to_owned()),
            word if self.is_v2 && is_number(word.trim_end_matches(['L', 'M', 'd'])) => {
                Literal::Number(word.trim_end_matches(['L', 'M', 'd']).to_owned())
            }
            word if !self.is_v2 && word.contains('-') => Literal::Bare(word.to_owned()),
            word => return Err(bad(&format!("`{word}` is no literal"))),
        })
    }
}
