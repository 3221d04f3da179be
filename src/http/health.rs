//! For orchestrators and Prometheus: `/healthz`, `/readyz`, `/metrics`.
//!
//! `/healthz` says that the process answers and asks no one. `/readyz` asks every system: it is 200 while any of them
//! answers, with each one's state, and 503 when none does.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{Answering, Shared, error::readiness_status, respond};
use crate::{engine::Probe, fetch::FetchErrorKind};

const JSON: &str = "application/json; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the systems said last, so that many probes cost them little. The lock also makes concurrent probes one.
pub(super) struct Readiness {
    held: Duration,
    last: Mutex<Option<(Instant, StatusCode, String)>>,
}

impl Readiness {
    pub(super) fn new(held: Duration) -> Self {
        Self { held, last: Mutex::new(None) }
    }

    async fn state(&self, answering: &dyn Answering) -> (StatusCode, String) {
        let mut last = self.last.lock().await;
        if let Some((at, status, body)) = &*last
            && at.elapsed() < self.held
        {
            return (*status, body.clone());
        }
        let probes = answering.probe().await;
        // A contract without systems has nothing that could fail.
        let any_system_answers = probes.is_empty() || probes.iter().any(answers);
        let status = readiness_status(any_system_answers);
        let body = json!({
            "ready": any_system_answers,
            "contract": answering.contract_version(),
            "systems": probes.iter().map(system).collect::<Vec<_>>(),
        });
        let state = (status, body.to_string());
        *last = Some((Instant::now(), state.0, state.1.clone()));
        state
    }
}

/// Whether a system answers: one that says something wrong does.
fn answers(probe: &Probe) -> bool {
    probe.outcome.as_ref().map_or_else(|error| error.kind == FetchErrorKind::ContractViolation, |_| true)
}

/// What a caller may read of a probe: not the system's own words, which may name hosts and users.
fn system(probe: &Probe) -> Value {
    match &probe.outcome {
        Ok(took) => json!({ "system": probe.system, "ok": true, "ms": took.as_millis() as u64 }),
        Err(error) => json!({
            "system": probe.system,
            "ok": false,
            "code": error.kind.code(),
            "reason": error.kind.reason(),
        }),
    }
}

/// Says that the process answers.
pub(super) async fn alive(State(shared): State<Arc<Shared>>) -> Response {
    let body = json!({
        "ok": true,
        "version": env!("CARGO_PKG_VERSION"),
        "contract": shared.standing.now().answering.contract_version(),
    });
    respond::bytes(StatusCode::OK, JSON, body.to_string())
}

/// Says which systems answer.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let (status, body) = shared.readiness.state(&*shared.standing.now().answering).await;
    respond::bytes(status, JSON, body)
}

/// Writes the metrics for Prometheus.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    respond::bytes(StatusCode::OK, OPEN_METRICS, shared.telemetry.metrics_text())
}
