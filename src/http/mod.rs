//! HTTP: the wire between a caller and the engine, by the GraphQL over HTTP specification.
//!
//! Reading order: `answering` (what is asked of the engine), `standing` (who is asked at this moment), `graphql` (one request,
//! the whole way), `credentials` (what a request says of who asks), `bodies` (what they send), `places` and `callers` (how many of them may), `cors`
//! (browsers), `negotiate` (which
//! media type goes back, which came in), `request` (URL or body → question), `demand` (how fresh its answer must be), `error` (what is refused, and the only place
//! that knows status codes), `respond` (answer → response), `caching` (what caches on the way are told), `changes` (messages of systems), `graphiql` (the page for people), `health` (for orchestrators
//! and Prometheus), `serve` (connections, their bounds, and stopping).

mod answering;
mod bodies;
mod caching;
mod callers;
mod changes;
mod cors;
mod credentials;
mod demand;
mod error;
mod graphiql;
mod graphql;
mod health;
mod negotiate;
mod places;
mod request;
mod respond;
mod serve;
mod standing;

use std::{future::Future, sync::Arc};

use axum::{
    Router,
    http::{HeaderMap, header},
    middleware::map_response,
    routing::{any, get},
};
use tokio::net::TcpListener;
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, predicate::SizeAbove},
};

pub use answering::Answering;
pub use standing::{Answers, Standing};

use crate::{settings::HttpSettings, telemetry::Telemetry};

/// The path GraphQL requests are answered on.
pub const GRAPHQL_PATH: &str = "/graphql";

/// Below a packet's size compressing costs more than it saves.
const COMPRESSED_BYTES_MIN: u64 = 1024;

/// For so many requests under way there may be one message besides: hearing one takes back what is kept, and asks nobody.
const REQUESTS_A_MESSAGE: usize = 8;

/// What every request needs.
struct Shared {
    standing: Standing,
    telemetry: Telemetry,
    settings: HttpSettings,
    places: places::Places,
    /// The places of messages: systems are not kept out by shoppers, nor shoppers by whoever claims to be a system.
    message_places: places::Places,
    bodies: bodies::Bodies,
    callers: callers::Callers,
    readiness: health::Readiness,
}

/// Serves HTTP on a listener until `stop` completes and what was in flight is finished or out of grace.
pub async fn serve(
    listener: TcpListener,
    standing: Standing,
    telemetry: Telemetry,
    settings: HttpSettings,
    stop: impl Future<Output = ()>,
) {
    let routers = routers(standing, telemetry.clone(), settings.clone());
    serve::serve(listener, routers, &telemetry, &settings, stop).await;
}

/// Reads the question in a body, as a POST brings it; or says what is wrong with it.
pub fn read_question(body: &[u8]) -> Result<crate::engine::Request, String> {
    request::from_body(body).map(|asked| asked.request).map_err(|refusal| refusal.to_string())
}

/// The routes, for callers that take compressed answers and for those that do not.
#[derive(Clone)]
struct Routers {
    compressing: Router,
    plain: Router,
}

impl Routers {
    /// Returns the routes for a request. What compresses costs something even where nobody has asked for it.
    fn of(&self, headers: &HeaderMap) -> &Router {
        if headers.contains_key(header::ACCEPT_ENCODING) { &self.compressing } else { &self.plain }
    }
}

fn routers(standing: Standing, telemetry: Telemetry, settings: HttpSettings) -> Routers {
    let shared = Arc::new(Shared {
        standing,
        telemetry,
        places: places::Places::new(settings.requests_max),
        message_places: places::Places::new((settings.requests_max / REQUESTS_A_MESSAGE).max(1)),
        bodies: bodies::Bodies::new(&settings),
        callers: callers::Callers::default(),
        readiness: health::Readiness::new(settings.readiness_held),
        settings,
    });
    // An answer is compressed while its caller waits, so speed counts for more than the last percent.
    let compression =
        CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN));
    let plain = Router::new()
        .route(GRAPHQL_PATH, any(graphql::answer))
        .route("/changes/{system}", any(changes::hear))
        .route("/", get(graphiql::front))
        .route("/graphiql.js", get(graphiql::script))
        .route("/graphiql.css", get(graphiql::style))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(graphql::not_found)
        .with_state(shared);
    let compressing = plain.clone().layer(compression).layer(map_response(caching::weaken));
    Routers { compressing, plain }
}
