//! A contract becomes a listening server, which runs until a signal stops it.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    access::Stranger,
    cache::RedisAddress,
    contract::Contract,
    http::{self, Standing},
    ledger::{Ledger, LedgerAddress, LedgerError, LedgerParts, Route},
    settings::{LedgerSettings, RedisSettings, Settings},
    telemetry::{Event, Ledger as Told, Telemetry},
};

use super::{
    assembled::Assembly,
    exit::{Exit, failed},
    reload::{Origin, Reload},
};

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
    /// Where the contract came from, if it may change there.
    pub origin: Option<Origin>,
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
    Outside { redis, ledger, stranger, origin }: Outside,
    telemetry: Telemetry,
    announce: impl FnOnce(SocketAddr),
) -> Exit {
    let ledger = match remembering(ledger, &telemetry).await {
        Ok(ledger) => ledger,
        Err(error) => return failed("open the ledger", &error),
    };
    let (http, version) = (settings.http.clone(), contract.version.clone());
    let assembly = Assembly { settings, redis, ledger: ledger.clone(), stranger, telemetry: telemetry.clone() };
    let assembly = Arc::new(assembly);
    let standing = match assembly.answers(contract, None) {
        Ok(answers) => Standing::new(answers),
        Err(error) => return failed(&error.to_string(), error.source().unwrap_or(&error)),
    };
    let listener = match TcpListener::bind(http.listen).await {
        Ok(listener) => listener,
        Err(error) => return failed(&format!("listen on {}", http.listen), &error),
    };
    let address = listener.local_addr().unwrap_or(http.listen);
    // Before anybody is told where it listens: from then on the signal must not end it.
    let reload = origin.map(|origin| Reload::new(origin, assembly, standing.clone()));
    let reloading = reload.map(|reload| tokio::spawn(reload.run()));
    telemetry.emit(&Event::ServerStarted { address, version: &version });
    announce(address);
    http::serve(listener, standing, telemetry, http, stop()).await;
    if let Some(reloading) = reloading {
        reloading.abort();
    }
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
