//! What a child process serves: one variant, on a port of its own, until the bench is gone.

use std::{env, fs, io::Read, path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::post,
    serve::ListenerExt,
};
use freehold::{
    access::{Caller, Gate},
    cache::{Cache, CacheParts, Redis, RedisAddress, RedisParts, Shared},
    contract::{Contract, load, read_folder},
    engine::Engine,
    fetch::{Clock, SystemClock},
    http::{self, Answers, Standing},
    owner,
    settings::{CacheSettings, EngineSettings, HttpSettings, RedisSettings},
    telemetry::Telemetry,
};
use tokio::{net::TcpListener, runtime::Runtime};

use super::{by_hand, variant::Variant, work::Work};

/// Serves until standard input ends, which it does with the bench.
pub fn serve(variant: Variant) {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    Runtime::new().expect("a runtime").block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        match variant {
            Variant::FreeholdMemory | Variant::FreeholdRedis | Variant::FreeholdCold => {
                let (engine, telemetry) = engine(variant).await;
                println!("{address}");
                let gate = Arc::new(Gate::open(Caller::operator()));
                let standing = Standing::new(Answers { answering: Arc::new(engine), gate });
                http::serve(listener, standing, telemetry, HttpSettings::default(), std::future::pending()).await;
            }
            Variant::Limit | Variant::ByHand | Variant::ByHandCold => {
                let router = match variant {
                    Variant::ByHand => by_hand::router(Some(&address_of("REDIS_URL"))).await,
                    Variant::ByHandCold => by_hand::router(None).await,
                    _ => limit(),
                };
                println!("{address}");
                let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
                axum::serve(listener, router).await.expect("a server");
            }
        }
    });
}

fn address_of(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is an address"))
}

/// Reads a request and returns finished bytes: what no server over HTTP can be faster than.
fn limit() -> Router {
    let route = |work: Work| {
        let body = fs::read(address_of(work.limit_path())).expect("the bytes of an answer");
        let body = Bytes::from(body);
        post(move |request: Bytes| async move {
            drop(request);
            response(StatusCode::OK, body)
        })
    };
    Work::ALL.into_iter().fold(Router::new(), |router, work| router.route(work.limit_path(), route(work)))
}

/// Makes a response with the headers that Freehold's have.
pub fn response(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

async fn engine(variant: Variant) -> (Engine, Telemetry) {
    let (contract, telemetry) = (Arc::new(contract()), Telemetry::new());
    let owners = owner::open(&contract, &telemetry);
    let settings = match variant {
        Variant::FreeholdMemory => CacheSettings::default(),
        _ => CacheSettings::nothing(),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let shared = match variant {
        Variant::FreeholdRedis => Some(redis(&contract, &clock, &settings, &telemetry).await),
        _ => None,
    };
    let parts = CacheParts { contract: Arc::clone(&contract), owners, shared, clock, telemetry: telemetry.clone() };
    let cache = Cache::of(parts, settings);
    let engine = Engine::new(contract, cache, EngineSettings::default(), telemetry.clone()).expect("an engine");
    (engine, telemetry)
}

async fn redis(
    contract: &Arc<Contract>,
    clock: &Arc<dyn Clock>,
    settings: &CacheSettings,
    telemetry: &Telemetry,
) -> Arc<dyn Shared> {
    let parts = RedisParts {
        address: RedisAddress::parse(&address_of("REDIS_URL")).expect("an address of Redis"),
        contract: Arc::clone(contract),
        clock: Arc::clone(clock),
        telemetry: telemetry.clone(),
    };
    let redis = Redis::new(parts, RedisSettings::default(), settings);
    while !redis.is_in_use() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Arc::new(redis)
}

fn contract() -> Contract {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/load/contract");
    let loaded = load(&read_folder(&folder).expect("a readable contract"), &|name| env::var(name).ok());
    loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}
