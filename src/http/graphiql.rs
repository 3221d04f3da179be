//! The page for people at `/`.
//!
//! GraphiQL comes from a content network, pinned to a version and to the hash of every file. Where those files cannot be
//! loaded, the page says so and is a plain console that needs nothing but this server. The policy below lets the page load
//! exactly these files and talk to this server only.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{negotiate::wants_page, respond};

const PAGE: &str = include_str!("graphiql.html");
const SCRIPT: &str = include_str!("graphiql.js");
const STYLE: &str = include_str!("graphiql.css");

/// What a caller that is no browser is told at `/`.
const SIGNPOST: &str = "\
Freehold: one GraphQL read layer over ERP, PIM and shop.

  POST /graphql   GraphQL requests (also GET)
  GET  /          the console, for browsers
  GET  /healthz   whether the process answers
  GET  /readyz    whether each system answers
  GET  /metrics   numbers for Prometheus
";

/// GraphiQL writes style elements as it runs, so styles may be inline; scripts may not.
const POLICY: &str = "default-src 'none'; \
    script-src 'self' \
    https://cdn.jsdelivr.net/npm/react@18.3.1/umd/react.production.min.js \
    https://cdn.jsdelivr.net/npm/react-dom@18.3.1/umd/react-dom.production.min.js \
    https://cdn.jsdelivr.net/npm/graphiql@3.9.0/graphiql.min.js; \
    style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net/npm/graphiql@3.9.0/graphiql.min.css; \
    img-src 'self' data:; font-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Shows browsers the page and everyone else where things are.
pub(super) async fn front(headers: HeaderMap) -> Response {
    let mut response = if wants_page(&headers) {
        let mut page = respond::bytes(StatusCode::OK, "text/html; charset=utf-8", PAGE);
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        page.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        page
    } else {
        respond::bytes(StatusCode::OK, "text/plain; charset=utf-8", SIGNPOST)
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The page's script.
pub(super) async fn script() -> Response {
    respond::bytes(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT)
}

/// The page's style.
pub(super) async fn style() -> Response {
    respond::bytes(StatusCode::OK, "text/css; charset=utf-8", STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_every_file_the_script_loads() {
        let urls: Vec<_> = SCRIPT.split('"').filter(|text| text.starts_with("https://")).collect();
        assert_eq!(urls.len(), 4);
        for url in urls {
            assert!(POLICY.contains(url), "{url}");
        }
        assert_eq!(SCRIPT.matches("sha384-").count(), 4, "every file has its hash");
    }

    #[test]
    fn nothing_in_the_page_is_inline() {
        assert!(!PAGE.contains("<style") && !PAGE.contains(" style=") && !PAGE.contains("onclick"));
        assert_eq!(PAGE.matches("<script").count(), PAGE.matches("<script src=").count());
    }
}
