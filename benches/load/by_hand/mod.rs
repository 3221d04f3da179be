//! The same graph as a good engineer would write it by hand: async-graphql's derive, a `DataLoader` for each kind of record,
//! serde records as JSON in Redis in front of the database.
//!
//! It is meant to be hard to beat: one MGET for each loader's batch over one multiplexed connection, fills pipelined behind
//! the answer, one prepared `= any($1)` for each table, parsed documents kept, validation in the fast mode, content looked
//! up once for all fields of a product. It keeps nothing of what Freehold promises: an entry is as old as its time to live
//! allows.
//!
//! Reading order: `graph` (the types and their resolvers), `cached` (a loader's batch: Redis, then the database), `record`
//! (what is cached), `select` (the statements).

mod cached;
mod graph;
mod record;
mod select;

use std::{env, sync::Arc};

use async_graphql::{
    EmptyMutation, EmptySubscription, Request, Schema, ValidationMode, dataloader::DataLoader, parser::parse_query,
    parser::types::ExecutableDocument,
};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, response::Response, routing::post};
use quick_cache::sync::Cache;
use redis::{IntoConnectionInfo, aio::MultiplexedConnection, io::tcp::TcpSettings};
use sqlx::postgres::{PgPool, PgPoolOptions};

use super::serve::response;
use cached::Cached;
use graph::Query;

/// As many as Freehold has for its two systems.
const CONNECTIONS_MAX: u32 = 16;

/// Applications hold hundreds of operations.
const DOCUMENTS_MAX: usize = 1024;

struct Server {
    schema: Schema<Query, EmptyMutation, EmptySubscription>,
    documents: Cache<String, Arc<ExecutableDocument>>,
}

/// Makes the server; `redis` is its address, or `None` to ask the database for everything.
pub async fn router(redis: Option<&str>) -> Router {
    let database = env::var("DATABASE_URL").expect("the address of the database");
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).connect(&database).await.expect("a database");
    let redis = match redis {
        Some(url) => Some(connect(url).await),
        None => None,
    };
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
        .data(loader::<record::Item>(&pool, &redis))
        .data(loader::<record::Content>(&pool, &redis))
        .data(loader::<record::Price>(&pool, &redis))
        .data(loader::<record::Stock>(&pool, &redis))
        .data(loader::<record::Account>(&pool, &redis))
        .data(loader::<record::LastOrders>(&pool, &redis))
        .data(loader::<record::CategoryPage>(&pool, &redis))
        .validation_mode(ValidationMode::Fast)
        .finish();
    let server = Arc::new(Server { schema, documents: Cache::new(DOCUMENTS_MAX) });
    Router::new().route("/graphql", post(answer)).with_state(server)
}

async fn connect(url: &str) -> MultiplexedConnection {
    let address = url.into_connection_info().expect("an address of Redis");
    let address = address.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    let client = redis::Client::open(address).expect("an address of Redis");
    client.get_multiplexed_async_connection().await.expect("a Redis")
}

fn loader<R: cached::Record>(pool: &PgPool, redis: &Option<MultiplexedConnection>) -> DataLoader<Cached<R>> {
    DataLoader::new(Cached::new(pool.clone(), redis.clone()), tokio::spawn)
}

async fn answer(State(server): State<Arc<Server>>, body: Bytes) -> Response {
    let Ok(mut request) = serde_json::from_slice::<Request>(&body) else {
        return response(StatusCode::BAD_REQUEST, "not a request");
    };
    let document = match server.documents.get(&request.query) {
        Some(document) => Some(document),
        None => parse_query(&request.query).ok().map(|document| {
            let document = Arc::new(document);
            server.documents.insert(request.query.clone(), Arc::clone(&document));
            document
        }),
    };
    if let Some(document) = document {
        request.set_parsed_query(ExecutableDocument::clone(&document));
    }
    let answer = server.schema.execute(request).await;
    match serde_json::to_vec(&answer) {
        Ok(body) => response(StatusCode::OK, body),
        Err(_) => response(StatusCode::INTERNAL_SERVER_ERROR, "no JSON"),
    }
}
