//! HTTP: a message posted to an address that the operator names, and that is no system's.
//!
//! In: headers and a body. Out: the status, or why there is none. The body of the answer is not read, and a redirect is not
//! followed: what is posted goes where the operator said and nowhere else.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect,
};

use super::http::{chain, retry_after};

/// Posts to one address.
pub struct HttpPost {
    url: Url,
    client: Client,
    within: Duration,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why an address cannot be posted to. Never quotes it: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HttpPostError {
    /// It is none.
    #[error("read it: write http://host/path or https://host/path")]
    Address,
    /// There is no client.
    #[error("start an HTTP client: {0}")]
    Client(String),
}

impl HttpPost {
    /// Makes what posts to an address, and waits so long for each answer. Nothing is connected yet.
    pub fn new(url: &str, within: Duration) -> Result<Self, HttpPostError> {
        let url = Url::parse(url.trim()).map_err(|_| HttpPostError::Address)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(HttpPostError::Address);
        }
        // Somebody else may have installed it, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(within)
            .user_agent(concat!("freehold/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| HttpPostError::Client(chain(&error)))?;
        Ok(Self { url, client, within })
    }

    /// Posts JSON, once.
    ///
    /// *Errors*: there is no answer; the text says why, without the address.
    pub async fn post_json(&self, headers: &[(&'static str, String)], body: Bytes) -> Result<Posted, String> {
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match request.send().await {
            Ok(response) => {
                let asked = response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?));
                Ok(Posted { status: response.status().as_u16(), retry_after: asked })
            }
            Err(error) if error.is_timeout() => Err(format!("no answer within {:?}", self.within)),
            Err(error) => Err(chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_with_a_host() {
        for url in ["http://127.0.0.1:9/x", "https://u:p@host/hook?x=1"] {
            assert!(HttpPost::new(url, Duration::from_secs(1)).is_ok(), "{url}");
        }
        for url in ["", "host/hook", "ftp://host", "unix:/socket", "https://"] {
            let error = HttpPost::new(url, Duration::from_secs(1)).err();
            assert_eq!(error, Some(HttpPostError::Address), "{url}");
        }
    }
}
