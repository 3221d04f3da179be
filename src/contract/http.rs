//! How a system that speaks HTTP is reached: address, headers and credentials, as its file writes them.

use super::{
    Secret,
    env::EnvFault,
    reader::{Entry, Reader, Text},
};
use crate::diagnostic::Place;

/// How a system that speaks HTTP is reached.
#[derive(Debug, Clone)]
pub struct HttpSystem {
    /// The address that every path is appended to, without a slash at its end.
    pub url: Secret,
    /// Headers sent with every call.
    pub headers: Vec<(String, Secret)>,
    /// Who asks.
    pub auth: Auth,
}

/// The credentials sent with every call.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// None.
    #[default]
    None,
    /// `Authorization: Bearer …`
    Bearer {
        /// The token.
        token: Secret,
    },
    /// `Authorization: Basic …`
    Basic {
        /// The user's name.
        user: Secret,
        /// The password.
        password: Secret,
    },
    /// A key in a query parameter; one in a header is a header like any other.
    ApiKey {
        /// The parameter.
        parameter: String,
        /// The key.
        key: Secret,
    },
    /// OAuth 2 client credentials: a token is fetched, kept while it holds, and fetched again.
    OAuth2 {
        /// Where tokens are fetched.
        token_url: Secret,
        /// Who asks for one.
        client_id: Secret,
        /// What proves it.
        client_secret: Secret,
        /// What it should permit.
        scope: Option<String>,
    },
}

/// Fills `${ENV}` in a text and keeps its place from being shown.
pub(super) struct Filling<'l> {
    /// Looks up a variable.
    pub lookup: &'l dyn Fn(&str) -> Option<String>,
    /// The places of texts that must never be shown.
    pub secrets: &'l mut Vec<Place>,
}

impl Filling<'_> {
    /// Reads a text that is never printed.
    pub fn secret(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Secret> {
        self.secrets.push(reader.place(entry.1));
        let text = reader.text(entry)?;
        self.filled(&text, reader).map(Secret::new)
    }

    /// Fills `${ENV}` in a text.
    pub fn filled(&self, text: &Text, reader: &mut Reader<'_>) -> Option<String> {
        let faults = match super::env::fill(&text.text, self.lookup) {
            Ok(filled) => return Some(filled),
            Err(faults) => faults,
        };
        for fault in faults {
            match fault {
                EnvFault::Missing(name) => reader.findings.fault(
                    "ENV_MISSING",
                    text.place,
                    format!("the environment variable `{name}` is not set"),
                    format!("set {name} where freehold runs"),
                ),
                EnvFault::Stray => reader.findings.fault(
                    "ENV_SYNTAX",
                    text.place,
                    "a `$` here begins no variable",
                    "write ${NAME} for a variable, or $$ for the character itself",
                ),
            }
        }
        None
    }
}

/// The keys of the tables that `auth` may be.
const AUTH_KEYS: &[&str] =
    &["bearer", "user", "password", "parameter", "key", "token_url", "client_id", "client_secret", "scope"];

/// Reads `headers = { X-Tenant = "…" }`.
pub(super) fn headers(
    entry: Entry<'_, '_>,
    filling: &mut Filling<'_>,
    reader: &mut Reader<'_>,
) -> Vec<(String, Secret)> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let Some(name) = header_name(entry, reader) else { continue };
        out.extend(filling.secret(entry, reader).map(|value| (name, value)));
    }
    out
}

/// Reads the name of a header.
pub(super) fn header_name(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<String> {
    let place = reader.place(entry.0);
    header_named(Text { text: entry.0.get_ref().to_string(), place }, reader)
}

/// Takes a text as the name of a header.
pub(super) fn header_named(Text { text: name, place }: Text, reader: &mut Reader<'_>) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_token) {
        return Some(name);
    }
    reader.findings.fault(
        "HEADER_NAME",
        place,
        format!("`{name}` is no name of an HTTP header"),
        "write letters, digits and dashes: \"X-Tenant\"",
    );
    None
}

/// Reads `auth = { bearer = "${TOKEN}" }` and its like.
pub(super) fn auth(entry: Entry<'_, '_>, filling: &mut Filling<'_>, reader: &mut Reader<'_>) -> Auth {
    let place = reader.place(entry.0);
    let Some(table) = reader.table(entry) else { return Auth::None };
    let (mut bearer, mut user, mut password, mut key) = (None, None, None, None);
    let (mut token_url, mut client_id, mut client_secret) = (None, None, None);
    let (mut parameter, mut scope) = (None, None);
    let n_faults = reader.findings.n_faults();
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "bearer" => bearer = filling.secret(entry, reader),
            "user" => user = filling.secret(entry, reader),
            "password" => password = filling.secret(entry, reader),
            "key" => key = filling.secret(entry, reader),
            "token_url" => token_url = filling.secret(entry, reader),
            "client_id" => client_id = filling.secret(entry, reader),
            "client_secret" => client_secret = filling.secret(entry, reader),
            "parameter" => parameter = reader.text(entry).map(|text| text.text),
            "scope" => scope = reader.text(entry).map(|text| text.text),
            _ => reader.unknown_key(entry.0, "auth", AUTH_KEYS),
        }
    }
    let has = |name: &str| table.contains_key(name);
    let is_only = |names: &[&str]| table.iter().all(|(name, _)| names.contains(&name.get_ref().as_ref()));
    let read = match () {
        () if has("bearer") && is_only(&["bearer"]) => bearer.map(|token| Auth::Bearer { token }),
        () if has("user") && is_only(&["user", "password"]) => {
            user.zip(password).map(|(user, password)| Auth::Basic { user, password })
        }
        () if has("parameter") && is_only(&["parameter", "key"]) => {
            parameter.zip(key).map(|(parameter, key)| Auth::ApiKey { parameter, key })
        }
        () if has("token_url") && is_only(&["token_url", "client_id", "client_secret", "scope"]) => (token_url
            .zip(client_id)
            .zip(client_secret))
        .map(|((token_url, client_id), client_secret)| Auth::OAuth2 { token_url, client_id, client_secret, scope }),
        () => None,
    };
    if read.is_none() && reader.findings.n_faults() == n_faults {
        reader.findings.fault(
            "AUTH",
            place,
            "this says no one way to prove who asks",
            "write { bearer }, { user, password }, { parameter, key } or { token_url, client_id, client_secret, scope }; a \
             key in a header goes to `headers`",
        );
    }
    read.unwrap_or(Auth::None)
}

/// Whether a value is an address that HTTP can be spoken to.
pub(super) fn is_http(url: &Secret) -> bool {
    let url = url.reveal();
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}
