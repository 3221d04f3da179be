//! Connections: accepted up to a cap, each with bounds on what it may send and how slowly, and finished before stopping.

use std::{
    future::Future,
    io::ErrorKind,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tower::ServiceExt;

use super::Routers;
use crate::{
    settings::HttpSettings,
    telemetry::{Event, Telemetry},
};

/// What a connection past the cap is told: a whole response, so that proxies pass it on as what it is.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How long to wait when the process has no more file descriptors: some connection must end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often an HTTP/2 connection is asked whether it is still there, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Serves until `stop` completes, then finishes what is in flight within the grace period.
pub(super) async fn serve(
    listener: TcpListener,
    routers: Routers,
    telemetry: &Telemetry,
    settings: &HttpSettings,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let builder = Arc::new(builder(settings));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Tasks that ended are let go, or the set would grow with every connection ever made.
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                accept_failed(&error, telemetry).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            telemetry.emit(&Event::ConnectionRefused { connections_max: settings.connections_max });
            // Best effort: what does not fit into an empty send buffer is not worth waiting for.
            let _ = stream.try_write(FULL);
            continue;
        };
        connections.spawn(connection(Connection {
            stream,
            builder: Arc::clone(&builder),
            routers: routers.clone(),
            watcher: graceful.watcher(),
            open: Open::new(telemetry, place),
            head_timeout: settings.header_read_timeout,
        }));
    }
    // New connections are refused by the operating system from here on.
    drop(listener);
    telemetry.emit(&Event::ServerStopping { n_connections: graceful.count() });
    let finished = tokio::time::timeout(settings.shutdown_grace, async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
    });
    let n_cut_off = if finished.await.is_err() { connections.len() } else { 0 };
    connections.shutdown().await;
    telemetry.emit(&Event::ServerStopped { n_cut_off });
}

async fn accept_failed(error: &std::io::Error, telemetry: &Telemetry) {
    match error.kind() {
        // The caller went away before it was accepted: its business.
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted => {}
        _ => {
            telemetry.emit(&Event::AcceptFailed { detail: &error.to_string() });
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

/// HTTP/1 or HTTP/2, whichever the caller begins to speak.
fn builder(settings: &HttpSettings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_read_timeout)
        .max_headers(settings.headers_max)
        .max_buf_size(settings.header_bytes_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .max_concurrent_streams(settings.streams_max)
        .max_header_list_size(u32::try_from(settings.header_bytes_max).unwrap_or(u32::MAX));
    builder
}

/// A connection that is open: counted from here until it is dropped, however it ends.
struct Open {
    telemetry: Telemetry,
    _place: OwnedSemaphorePermit,
}

impl Open {
    fn new(telemetry: &Telemetry, place: OwnedSemaphorePermit) -> Self {
        telemetry.emit(&Event::ConnectionOpened);
        Self { telemetry: telemetry.clone(), _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.telemetry.emit(&Event::ConnectionClosed);
    }
}

struct Connection {
    stream: TcpStream,
    builder: Arc<Builder<TokioExecutor>>,
    routers: Routers,
    watcher: Watcher,
    open: Open,
    head_timeout: Duration,
}

/// Serves one connection to its end.
async fn connection(Connection { stream, builder, routers, watcher, open, head_timeout }: Connection) {
    // Answers are written whole; waiting for more to send would only delay them. Failing that, they are merely slower.
    let _ = stream.set_nodelay(true);
    let spoken = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let spoken = Arc::clone(&spoken);
        move |request: hyper::Request<hyper::body::Incoming>| {
            spoken.store(true, Ordering::Relaxed);
            routers.of(request.headers()).clone().oneshot(request.map(axum::body::Body::new))
        }
    });
    let serving = watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
    let mut serving = pin!(serving);
    // hyper's header timeout begins once it knows the protocol; a caller that never says as much as that would stay for
    // good. So the first request has a deadline here as well. How a connection ended is the caller's business.
    if tokio::time::timeout(head_timeout, &mut serving).await.is_err() && spoken.load(Ordering::Relaxed) {
        let _ = serving.await;
    }
    drop(open);
}
