//! A server on a free port, stopped when the test ends.

use std::{net::SocketAddr, sync::Arc};

use freehold::{
    access::{Caller, Gate},
    http::{self, Answering, Answers, Standing},
    settings::HttpSettings,
    telemetry::Telemetry,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub telemetry: Telemetry,
    stop: Option<oneshot::Sender<()>>,
    stopped: JoinHandle<()>,
}

impl Server {
    /// Starts a server that everyone is the operator of.
    pub async fn start(answering: impl Answering, settings: HttpSettings) -> Self {
        Self::start_behind(Gate::open(Caller::operator()), answering, settings).await
    }

    /// Starts a server behind a gate.
    pub async fn start_behind(gate: Gate, answering: impl Answering, settings: HttpSettings) -> Self {
        Self::start_standing(Standing::new(Answers { answering: Arc::new(answering), gate: Arc::new(gate) }), settings)
            .await
    }

    /// Starts a server of what stands at each moment.
    pub async fn start_standing(standing: Standing, settings: HttpSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let telemetry = Telemetry::new();
        let (stop, stopping) = oneshot::channel();
        let serving = http::serve(listener, standing, telemetry.clone(), settings, async {
            let _ = stopping.await;
        });
        Self { address, telemetry, stop: Some(stop), stopped: tokio::spawn(serving) }
    }

    /// Asks the server to stop.
    pub fn stop(&mut self) {
        self.stop.take();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(self) {
        drop(self.stop);
        self.stopped.await.expect("serving does not panic");
    }
}
