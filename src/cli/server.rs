//! A contract becomes a listening server, which runs until a signal stops it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    access::{Caller, Gate, GateParts, Stranger},
    cache::{Cache, CacheParts, Redis, RedisAddress, RedisParts, Shared},
    changes,
    contract::Contract,
    engine::Engine,
    fetch::{Clock, SystemClock},
    http,
    ledger::{Ledger, LedgerAddress, LedgerError, LedgerParts, Route},
    owner::{self, Process},
    settings::{LedgerSettings, RedisSettings, Settings},
    telemetry::{Event, Ledger as Told, Telemetry},
};

use super::exit::{Exit, failed};

/// What a process ends with that is stopped by a second signal: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// How long a stopping server waits for what is noted to be written.
const LEDGER_GRACE: Duration = Duration::from_secs(3);

/// What a process keeps outside itself.
#[derive(Default)]
pub(super) struct Outside {
    /// What it shares with others.
    pub redis: Option<(RedisAddress, RedisSettings)>,
    /// What it remembers.
    pub ledger: Option<LedgerChoice>,
    /// Who comes without a token, where callers are told apart.
    pub stranger: Stranger,
}

/// The ledger somebody chose.
pub(super) struct LedgerChoice {
    /// Where it is.
    pub address: LedgerAddress,
    /// Where news of exceptions goes.
    pub route: Option<Route>,
    /// Its bounds.
    pub settings: LedgerSettings,
}

/// Serves a contract until the process is told to stop. `announce` is told the address once it is listened on.
pub(super) fn run(
    contract: Contract,
    settings: Settings,
    outside: Outside,
    telemetry: Telemetry,
    announce: impl FnOnce(SocketAddr),
) -> Exit {
    match Runtime::new() {
        Ok(runtime) => runtime.block_on(serve(contract, settings, outside, telemetry, announce)),
        Err(error) => failed("start the runtime", &error),
    }
}

async fn serve(
    contract: Contract,
    settings: Settings,
    Outside { redis, ledger, stranger }: Outside,
    telemetry: Telemetry,
    announce: impl FnOnce(SocketAddr),
) -> Exit {
    let contract = Arc::new(contract);
    let ledger = match remembering(ledger, &telemetry).await {
        Ok(ledger) => ledger,
        Err(error) => return failed("open the ledger", &error),
    };
    let process =
        Process { telemetry: telemetry.clone(), ledger: ledger.as_ref().map(|ledger| Arc::clone(ledger.store())) };
    let owners = owner::open_in(&contract, &process);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let gate = match &contract.access {
        None => Gate::open(Caller::operator()),
        Some(_) => {
            let (ledger, clock) = (ledger.as_ref().map(|ledger| Arc::clone(ledger.store())), Arc::clone(&clock));
            let parts = GateParts { contract: &contract, ledger, stranger, clock, telemetry: telemetry.clone() };
            match Gate::new(parts) {
                Ok(gate) => gate,
                Err(error) => return failed("let anybody in", &error),
            }
        }
    };
    let shared = redis.map(|(address, own)| {
        let (contract, clock) = (Arc::clone(&contract), Arc::clone(&clock));
        let parts = RedisParts { address, contract, clock, telemetry: telemetry.clone() };
        Arc::new(Redis::new(parts, own, &settings.cache)) as Arc<dyn Shared>
    });
    let parts = CacheParts { contract: Arc::clone(&contract), owners, shared, clock, telemetry: telemetry.clone() };
    let cache = Cache::of(parts, settings.cache);
    let feeds = changes::start(&contract, &cache, &telemetry);
    let engine = match Engine::new(Arc::clone(&contract), cache, settings.engine, telemetry.clone()) {
        Ok(engine) => engine.with_ledger(ledger.clone()),
        Err(error) => return failed("start the engine", &error),
    };
    let listener = match TcpListener::bind(settings.http.listen).await {
        Ok(listener) => listener,
        Err(error) => return failed(&format!("listen on {}", settings.http.listen), &error),
    };
    let address = listener.local_addr().unwrap_or(settings.http.listen);
    telemetry.emit(&Event::ServerStarted { address, version: &contract.version });
    announce(address);
    http::serve(listener, Arc::new(engine), Arc::new(gate), telemetry, settings.http, stop()).await;
    // Until here: what is still being answered is answered with what is true.
    drop(feeds);
    if let Some(ledger) = ledger {
        ledger.close(LEDGER_GRACE).await;
    }
    Exit::Done
}

async fn remembering(choice: Option<LedgerChoice>, telemetry: &Telemetry) -> Result<Option<Ledger>, LedgerError> {
    let Some(LedgerChoice { address, route, settings }) = choice else {
        telemetry.emit(&Event::Ledger(Told::None));
        return Ok(None);
    };
    Ledger::open(LedgerParts { address, route, telemetry: telemetry.clone() }, &settings).await.map(Some)
}

/// Completes at the first signal. From then on a second one ends the process: whoever asks twice does not want to wait.
async fn stop() {
    signal().await;
    tokio::spawn(async {
        signal().await;
        std::process::exit(INTERRUPTED);
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        // Without a handler SIGTERM ends the process by itself.
        Err(_) => interrupt().await,
    }
}

#[cfg(not(unix))]
async fn signal() {
    interrupt().await;
}

async fn interrupt() {
    // Without a handler the signal ends the process by itself; waiting is then all there is to do.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
