//! One GraphQL request over HTTP, the whole way: negotiate, read, ask the engine, respond.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use futures_util::FutureExt;

use super::{
    Answers, Shared,
    bodies::Received,
    caching::Known,
    cors,
    credentials::credentials,
    demand::demand,
    error::Refusal,
    negotiate::{Media, check_body_media, response_media, wants_page},
    request::{self, Asked},
    respond,
};
use crate::{
    engine::Answer,
    telemetry::{Event, Telemetry},
};

/// Answers a GraphQL request, and lets the page read it that it came from.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let origins = &shared.settings.cors_origins;
    let origin = cors::allowed_origin(origins, request.headers());
    if let Some(response) = cors::preflight(request.method(), request.headers(), origin.as_ref()) {
        return response;
    }
    let mut response = answered(&shared, request).await;
    cors::allow(origin, !origins.is_empty(), response.headers_mut());
    response
}

async fn answered(shared: &Shared, request: Request) -> Response {
    let arrived = Instant::now();
    // Whoever opens the endpoint in a browser is shown where to write a query.
    if request.method() == Method::GET && request.uri().query().is_none() && wants_page(request.headers()) {
        return Redirect::to("/").into_response();
    }
    let media = match response_media(request.headers()) {
        Ok(media) => media,
        Err(refusal) => return refuse(&shared.telemetry, Media::Json, &refusal, arrived),
    };
    let (head, body) = request.into_parts();
    match asked(shared, &head, body).await {
        Ok(answer) => {
            let known = Known::of(&head.method, &head.headers);
            respond::answer(&head.method, media, answer, known.as_ref())
        }
        Err(refusal) => refuse(&shared.telemetry, media, &refusal, arrived),
    }
}

/// Says that there is nothing at a path.
pub(super) async fn not_found() -> Response {
    respond::refusal(Media::Json, &Refusal::NotFound)
}

/// Refuses a request, and tells.
pub(super) fn refuse(telemetry: &Telemetry, media: Media, refusal: &Refusal, arrived: Instant) -> Response {
    telemetry.emit(&Event::RequestRefused { kind: refusal.code(), duration: arrived.elapsed() });
    respond::refusal(media, refusal)
}

async fn asked(shared: &Shared, head: &Parts, body: Body) -> Result<Answer, Refusal> {
    // Before anybody is asked who it is: where nobody is let in that need not be known.
    if shared.places.is_full() {
        return Err(shed(shared, None));
    }
    // Taken once: who lets a caller in and who answers them are of one contract, whatever is served when the answer goes out.
    let Answers { answering, gate } = &*shared.standing.now();
    // This before the body is read: what is turned away costs little, and strangers are not listened to.
    let caller = gate.admit(&credentials(&head.headers)).await.map_err(Refusal::Unadmitted)?;
    let pace = answering.pace(caller.audience);
    let too_many = |wait| Refusal::TooManyRequests { seconds: seconds(wait) };
    shared.callers.count(&caller, &pace, Instant::now()).map_err(too_many)?;
    let received = match receive(head, body, shared).await {
        Err(Refusal::Overloaded) => return Err(shed(shared, pace.audience)),
        received => received?,
    };
    // And this only then: a body that never ends must take nothing from others who are the same caller, as all strangers are.
    let _under_way = shared.callers.enter(&caller, &pace, Instant::now()).map_err(too_many)?;
    let _place = shared.places.take(pace.share_percent).ok_or_else(|| shed(shared, pace.audience))?;
    let Asked { request: mut question, freshness } = match &received {
        Some(Received { bytes, .. }) => request::from_body(bytes)?,
        None => request::from_uri(&head.uri)?,
    };
    drop(received);
    question.names_owners |=
        head.headers.get(request::PROVENANCE_HEADER).is_some_and(|value| value == "true" || value == "1");
    question.caller = caller;
    question.demand = demand(&head.headers, freshness.as_ref(), &answering.domains())?;
    // One request's panic must not take down its connection, which others may share.
    AssertUnwindSafe(answering.answer(question)).catch_unwind().await.map_err(|_| Refusal::Panicked)
}

/// Turns a request away because the process is full.
fn shed(shared: &Shared, audience: Option<&str>) -> Refusal {
    shared.telemetry.emit(&Event::RequestShed { audience });
    Refusal::Overloaded
}

/// Counts seconds as `Retry-After` does: whole ones, and never none.
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Receives the body of a request that has one, with the room that it takes until it is read.
async fn receive<'s>(head: &Parts, body: Body, shared: &'s Shared) -> Result<Option<Received<'s>>, Refusal> {
    let settings = &shared.settings;
    let bytes_max = settings.uri_bytes_max;
    if head.uri.path_and_query().is_some_and(|uri| uri.as_str().len() > bytes_max) {
        return Err(Refusal::UriTooLong { bytes_max });
    }
    match head.method {
        Method::GET | Method::HEAD if settings.get_needs_preflight && !cors::is_preflighted(&head.headers) => {
            Err(Refusal::PreflightMissing)
        }
        Method::GET | Method::HEAD => Ok(None),
        Method::POST => {
            check_body_media(&head.headers)?;
            shared.bodies.read(body, settings).await.map(Some)
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}
