//! HTTP: how every system that speaks it is called.
//!
//! In: a call (method, path, headers, body) and a deadline. Out: the status and the whole body, or why there is none, in
//! our words. Every call takes a turn of the system's pace first, tokens apart. Credentials go to the system's own address and nowhere else: redirects are not followed, and a link to
//! another host is refused.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Method, Response, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect,
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{pace::Pace, system_name::SystemName};
use crate::{
    contract::{Auth, HttpSystem},
    fetch::{FetchError, FetchErrorKind, Turn},
};

/// The most bytes of one answer, unpacked. A thousand rows of sixteen kilobytes; more is a paging mistake, and is refused
/// before it fills the memory.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// How many bytes of an answer an error quotes.
const QUOTED_BYTES: usize = 300;

/// A token is fetched again so long before it ends, so that none ends on its way.
const TOKEN_MARGIN: Duration = Duration::from_secs(30);

/// How long a token holds whose end its server does not tell.
const TOKEN_LIFE: Duration = Duration::from_secs(300);

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whether it has a body.
    pub method: CallMethod,
    /// Path and query, with what is in them encoded; appended to the system's address. Or a whole address, from a link.
    pub target: String,
    /// Headers of this call.
    pub headers: Vec<(String, String)>,
    /// The body and its media type.
    pub body: Option<(&'static str, Bytes)>,
}

/// The methods of calls that only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallMethod {
    /// `GET`
    Get,
    /// `POST`, to systems that take questions as bodies.
    Post,
}

/// The answer to a call.
#[derive(Debug)]
pub struct CallAnswer {
    /// The status: of [`HttpClient::send`] 2xx, or 404 or 410; elsewhere any.
    pub status: u16,
    /// The `Link` headers.
    pub links: Vec<String>,
    /// The media type.
    pub media_type: Option<String>,
    /// How long the system asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
    /// The token of OAuth 2 it was called with.
    token: Option<Arc<str>>,
}

impl Call {
    /// Makes a `GET`.
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: CallMethod::Get, target: target.into(), headers: Vec::new(), body: None }
    }

    /// Makes a `POST` of JSON.
    pub fn post_json(target: impl Into<String>, body: &Value) -> Self {
        let body = serde_json::to_vec(body).expect("a value writes into memory");
        let body = Some(("application/json", Bytes::from(body)));
        Self { method: CallMethod::Post, target: target.into(), headers: Vec::new(), body }
    }
}

impl CallAnswer {
    /// Whether there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self.status, 404 | 410)
    }
}

/// Calls one system.
pub struct HttpClient {
    name: SystemName,
    system: HttpSystem,
    pace: Arc<Pace>,
    client: OnceLock<Result<Client, String>>,
    token: Mutex<Option<Token>>,
    calls: AtomicU64,
}

/// A token of OAuth 2, and until when it is sent.
#[derive(Clone)]
struct Token {
    value: Arc<str>,
    until: Instant,
}

impl HttpClient {
    /// Makes the client of a system. Nothing is connected until something is called.
    pub fn new(name: SystemName, system: HttpSystem, pace: Arc<Pace>) -> Self {
        Self { name, system, pace, client: OnceLock::new(), token: Mutex::new(None), calls: AtomicU64::new(0) }
    }

    /// Returns how many calls have been sent so far, tokens apart.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns the whole address of a path of the system.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.system.url.reveal())
    }

    /// Sends a call and reads its answer to the end.
    ///
    /// *Errors*: 401, 403 and 407 are `Denied`, 408 and 504 `Timeout`, 429 `Throttled`, other 4xx `BadRequest`, 5xx
    /// `Unavailable`; with what the system asks to be left alone for. 404 and 410 are answers: what they mean depends on
    /// what was asked.
    pub async fn send(&self, call: &Call, deadline: Instant) -> Result<CallAnswer, FetchError> {
        self.accepted(self.answer(call, deadline).await?)
    }

    /// Sends a call and reads its answer to the end, whatever its status: for protocols whose bodies say what went wrong.
    /// A token that was refused is fetched again once: servers end tokens before their time.
    pub async fn answer(&self, call: &Call, deadline: Instant) -> Result<CallAnswer, FetchError> {
        let answer = self.exchange(call, deadline).await?;
        let denied = kind_of_status(answer.status) == Some(FetchErrorKind::Denied);
        if denied && self.renew(&answer, deadline).await? { self.exchange(call, deadline).await } else { Ok(answer) }
    }

    /// Sends a call once and reads its answer to the end, whatever its status says.
    ///
    /// *Errors*: only that there is no answer.
    pub async fn exchange(&self, call: &Call, deadline: Instant) -> Result<CallAnswer, FetchError> {
        let turn = self.turn(deadline).await?;
        self.exchange_in(turn, call, deadline).await
    }

    /// Takes the turn of one call.
    ///
    /// *Errors*: `Throttled`, at once, where there is none before the deadline.
    pub async fn turn(&self, deadline: Instant) -> Result<Turn<'_>, FetchError> {
        self.pace.go_on(deadline).await
    }

    /// Sends a call once, in a turn that has been taken for it.
    ///
    /// *Errors*: as of [`HttpClient::exchange`].
    pub async fn exchange_in(&self, _turn: Turn<'_>, call: &Call, deadline: Instant) -> Result<CallAnswer, FetchError> {
        let answered = tokio::time::timeout_at(deadline.into(), self.exchanged(call)).await;
        answered.unwrap_or_else(|_| Err(self.name.error(FetchErrorKind::Timeout, "no answer in time")))
    }

    /// Fetches another token than the one that was refused; false where the system has none.
    pub async fn renew(&self, refused: &CallAnswer, deadline: Instant) -> Result<bool, FetchError> {
        let Some(token) = &refused.token else { return Ok(false) };
        let renewed = tokio::time::timeout_at(deadline.into(), self.token(Some(token))).await;
        let late = |_| Err(self.name.error(FetchErrorKind::Timeout, "no token in time"));
        renewed.unwrap_or_else(late).map(|_| true)
    }

    async fn exchanged(&self, call: &Call) -> Result<CallAnswer, FetchError> {
        let token = match &self.system.auth {
            Auth::OAuth2 { .. } => Some(self.token(None).await?),
            _ => None,
        };
        let answer = self.send_as(call, token.as_deref()).await?;
        if kind_of_status(answer.status).is_some() {
            self.heed(answer.retry_after);
        }
        Ok(CallAnswer { token, ..answer })
    }

    /// Obeys the system's own word, where an answer says how long it asks to be left alone.
    pub fn heed(&self, asked: impl IntoIterator<Item = Duration>) {
        self.pace.heed(asked);
    }

    /// Refuses an answer whose status says that something went wrong.
    pub fn accepted(&self, answer: CallAnswer) -> Result<CallAnswer, FetchError> {
        match kind_of_status(answer.status) {
            None => Ok(answer),
            Some(kind) => {
                let detail = format!("HTTP {}: {}", answer.status, quoted(&answer.body));
                Err(self.name.error(kind, detail).with_retry_after(answer.retry_after))
            }
        }
    }

    async fn send_as(&self, call: &Call, token: Option<&str>) -> Result<CallAnswer, FetchError> {
        let client = self.client()?;
        let mut url = self.url(&call.target)?;
        if let Auth::ApiKey { parameter, key } = &self.system.auth {
            url.query_pairs_mut().append_pair(parameter, key.reveal());
        }
        let method = if call.method == CallMethod::Get { Method::GET } else { Method::POST };
        let mut request = client.request(method, url).headers(self.headers(&call.headers)?);
        request = match &self.system.auth {
            Auth::None | Auth::ApiKey { .. } => request,
            Auth::Bearer { token } => request.bearer_auth(token.reveal()),
            Auth::Basic { user, password } => request.basic_auth(user.reveal(), Some(password.reveal())),
            Auth::OAuth2 { .. } => request.bearer_auth(token.unwrap_or_default()),
        };
        if let Some((media_type, body)) = &call.body {
            request = request.header(CONTENT_TYPE, *media_type).body(body.clone());
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        self.read(response).await
    }

    async fn read(&self, mut response: Response) -> Result<CallAnswer, FetchError> {
        let status = response.status();
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let links = response.headers().get_all("link").iter().filter_map(text).collect();
        let media_type = response.headers().get(CONTENT_TYPE).and_then(text);
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?));
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let detail = format!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
                return Err(self.name.error(FetchErrorKind::ContractViolation, detail));
            }
            body.extend_from_slice(&chunk);
        }
        let body = body.freeze();
        Ok(CallAnswer { status: status.as_u16(), links, media_type, retry_after, body, token: None })
    }

    /// Returns the address of a path, or of a link that stays with the system.
    fn url(&self, target: &str) -> Result<Url, FetchError> {
        let unusable = |detail: String| self.name.error(FetchErrorKind::BadRequest, detail);
        let parse = |text: &str| Url::parse(text).map_err(|error| unusable(format!("the address is none: {error}")));
        let own = parse(self.system.url.reveal())?;
        if !target.contains("://") || target.starts_with(['/', '?']) {
            return parse(&self.address(target));
        }
        let url = parse(target)?;
        if url.origin() != own.origin() {
            let detail = format!("a link leads to another host: {}", url.host_str().unwrap_or_default());
            return Err(self.name.error(FetchErrorKind::ContractViolation, detail));
        }
        Ok(url)
    }

    /// Returns the address that a link means, seen from the call whose answer holds it.
    ///
    /// *Errors*: a link that is none, or that leads to another host.
    pub fn follow(&self, from: &Call, link: &str) -> Result<Call, FetchError> {
        let unusable = |error| self.name.error(FetchErrorKind::ContractViolation, format!("a link is none: {error}"));
        let target = self.url(&from.target)?.join(link).map_err(unusable)?;
        self.url(target.as_str())?;
        Ok(Call { target: target.into(), ..from.clone() })
    }

    fn headers(&self, of_call: &[(String, String)]) -> Result<HeaderMap, FetchError> {
        let of_system = self.system.headers.iter().map(|(name, value)| (name.as_str(), value.reveal(), true));
        let of_call = of_call.iter().map(|(name, value)| (name.as_str(), value.as_str(), false));
        let mut headers = HeaderMap::new();
        for (name, value, is_secret) in of_system.chain(of_call) {
            let unusable = || self.name.error(FetchErrorKind::BadRequest, format!("the header {name} cannot be sent"));
            let mut value = HeaderValue::from_str(value).map_err(|_| unusable())?;
            value.set_sensitive(is_secret);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, value);
        }
        Ok(headers)
    }

    /// Returns a token that holds; one other than `refused`, which the system did not take.
    async fn token(&self, refused: Option<&str>) -> Result<Arc<str>, FetchError> {
        // Whoever comes while a token is fetched waits for that one: logins are rate limited.
        let mut kept = self.token.lock().await;
        if let Some(token) = &*kept
            && token.until > Instant::now()
            && refused != Some(&*token.value)
        {
            return Ok(Arc::clone(&token.value));
        }
        let Auth::OAuth2 { token_url, client_id, client_secret, scope } = &self.system.auth else {
            return Err(self.name.error(FetchErrorKind::Denied, "the system has no tokens"));
        };
        let mut form = url_form(&[("grant_type", "client_credentials")]);
        if let Some(scope) = scope {
            form = format!("{form}&{}", url_form(&[("scope", scope)]));
        }
        let request = (self.client()?.post(token_url.reveal()))
            .basic_auth(encoded(client_id.reveal()), Some(encoded(client_secret.reveal())))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        let answer = match self.accepted(self.read(response).await?) {
            Err(error) if error.kind == FetchErrorKind::BadRequest => {
                // A token's body may quote what was sent.
                return Err(self.name.error(FetchErrorKind::Denied, "the token server refused the credentials"));
            }
            answer => answer?,
        };
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let unread = || self.name.error(FetchErrorKind::Denied, "the token server gave no access_token");
        let value: Arc<str> = answer["access_token"].as_str().ok_or_else(unread)?.into();
        let life = match &answer["expires_in"] {
            Value::Number(seconds) => seconds.to_string().parse().ok(),
            Value::String(seconds) => seconds.parse().ok(),
            _ => None,
        };
        let life = life.map_or(TOKEN_LIFE, Duration::from_secs);
        // A token of less than two margins is used for half of its life.
        let until = Instant::now() + life.saturating_sub(TOKEN_MARGIN).max(life / 2);
        *kept = Some(Token { value: Arc::clone(&value), until });
        Ok(value)
    }

    fn client(&self) -> Result<&Client, FetchError> {
        let client = self.client.get_or_init(|| {
            // Somebody else may have installed it, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = Client::builder()
                .redirect(redirect::Policy::none())
                .tcp_nodelay(true)
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(concat!("freehold/", env!("CARGO_PKG_VERSION")))
                .build();
            client.map_err(|error| chain(&error))
        });
        client.as_ref().map_err(|detail| self.name.error(FetchErrorKind::Unavailable, detail))
    }

    fn failure(&self, error: &reqwest::Error) -> FetchError {
        let kind = if error.is_timeout() {
            FetchErrorKind::Timeout
        } else if error.is_builder() {
            FetchErrorKind::BadRequest
        } else if error.is_decode() {
            FetchErrorKind::ContractViolation
        } else {
            FetchErrorKind::Unavailable
        };
        self.name.error(kind, chain(error))
    }
}

/// Prints an error with its causes and without the address, which may hold a key.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() { "could not connect" } else { "the call failed" }.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Returns what a status says went wrong; 404 and 410 are answers.
pub fn kind_of_status(status: u16) -> Option<FetchErrorKind> {
    Some(match status {
        200..=299 | 404 | 410 => return None,
        401 | 403 | 407 => FetchErrorKind::Denied,
        408 | 504 => FetchErrorKind::Timeout,
        429 => FetchErrorKind::Throttled,
        500..=599 => FetchErrorKind::Unavailable,
        _ => FetchErrorKind::BadRequest,
    })
}

/// Reads `Retry-After`: seconds, or a date.
pub fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Duration::try_from(at.duration_since(jiff::Timestamp::now())).ok()
}

/// Quotes the beginning of a body.
pub fn quoted(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(QUOTED_BYTES)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Encodes a text for a path segment or a query: everything but letters, digits and `-._~`.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn url_form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_kind() {
        use FetchErrorKind::*;
        for (status, kind) in [
            (200, None),
            (206, None),
            (404, None),
            (301, Some(BadRequest)),
            (400, Some(BadRequest)),
            (403, Some(Denied)),
            (422, Some(BadRequest)),
            (429, Some(Throttled)),
            (500, Some(Unavailable)),
            (503, Some(Unavailable)),
            (504, Some(Timeout)),
        ] {
            assert_eq!(kind_of_status(status), kind, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert!(retry_after("Fri, 31 Dec 2100 23:59:59 GMT").is_some_and(|wait| wait > Duration::from_secs(3600)));
        assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(retry_after("soon"), None);
    }

    #[test]
    fn awkward_keys_are_encoded() {
        assert_eq!(encoded("SP/1'4\"×"), "SP%2F1%274%22%C3%97");
    }
}
