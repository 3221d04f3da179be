//! Messages of systems over HTTP, `POST /changes/{system}`: read as they come, heard, and answered with what they did.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    extract::{Path, Query, Request, State},
    http::{Method, StatusCode, Uri},
    response::Response,
};
use futures_util::FutureExt;
use serde_json::json;

use super::{
    Shared,
    bodies::Received,
    error::{Refusal, heard_status},
    graphql::refuse,
    negotiate::Media,
    respond,
};
use crate::changes::{Heard, Message, Recalled, Unheard};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// Hears a message of a system.
pub(super) async fn hear(State(shared): State<Arc<Shared>>, Path(system): Path<String>, request: Request) -> Response {
    let arrived = Instant::now();
    match heard(&shared, &system, request).await {
        Ok(heard) => {
            let status = heard_status(&heard);
            match heard {
                Heard::Greeting(text) => respond::bytes(status, TEXT, text),
                Heard::Recalled(recalled) => done(status, &recalled, false),
                Heard::Repeated => done(status, &Recalled::default(), true),
            }
        }
        Err(refusal) => refuse(&shared.telemetry, Media::Json, &refusal, arrived),
    }
}

async fn heard(shared: &Shared, system: &str, request: Request) -> Result<Heard, Refusal> {
    // Some systems greet with a GET; whoever is not greeted has nothing to say without a body.
    if !matches!(*request.method(), Method::GET | Method::POST) {
        return Err(Refusal::MessageMethod);
    }
    let parameters = parameters(request.uri());
    if *request.method() == Method::GET && parameters.is_empty() {
        return Err(Refusal::MessageMethod);
    }
    let standing = shared.standing.now();
    if !standing.answering.hears_of(system) {
        return Err(Refusal::Unheard(Unheard::NoWebhook));
    }
    let (head, body) = request.into_parts();
    let Received { bytes, room: _room } = shared.bodies.read(body, &shared.settings).await?;
    // Taken when all of it is there: whoever sends slowly, and has proven nothing, keeps no system from being heard.
    let _place = shared.message_places.take(100).ok_or(Refusal::Overloaded)?;
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let message = Message { parameters, headers: headers.collect(), body: bytes.into() };
    let hearing = AssertUnwindSafe(standing.answering.hear(system, &message)).catch_unwind();
    hearing.await.map_err(|_| Refusal::Panicked)?.map_err(Refusal::Unheard)
}

fn parameters(uri: &Uri) -> Vec<(String, String)> {
    // Text that is no form at all has no parameters.
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default()
}

/// Says what a message did; what there is nothing of is left out, but for the keys.
fn done(status: StatusCode, recalled: &Recalled, is_repeated: bool) -> Response {
    let mut said = json!({ "recalled": recalled.n_keys });
    if !recalled.whole.is_empty() {
        said["recalledWhole"] = json!(recalled.whole);
    }
    if recalled.n_unread > 0 {
        said["unread"] = json!(recalled.n_unread);
    }
    if recalled.is_unmatched {
        said["unmatched"] = json!(true);
    }
    if is_repeated {
        said["repeated"] = json!(true);
    }
    respond::bytes(status, JSON, said.to_string())
}
