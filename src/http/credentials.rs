//! What a request says of who asks: the values of two headers, as they were sent. Pure.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::access::Credentials;

/// As which buyer somebody acts.
pub(super) const ACT_AS: HeaderName = HeaderName::from_static("freehold-act-as");

/// Takes what proves who asks.
pub(super) fn credentials(headers: &HeaderMap) -> Credentials<'_> {
    let all = |name: &HeaderName| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    Credentials { authorization: all(&header::AUTHORIZATION), act_as: all(&ACT_AS) }
}
