//! Telling: what follows a request that has been executed.
//!
//! In: the request, its plan and what executing it came to. Out: the answer; the ledger, the telemetry and the audit trail have
//! been told of it.

use std::time::Instant;

use super::{
    Engine, audited, noted,
    request::{Answer, AnswerStatus, Request},
};
use crate::{
    execute::{Executed, Unreadable},
    plan::Plan,
    telemetry::Event,
};

impl Engine {
    /// Tells of what a request came to, and makes the answer of it.
    pub(super) fn told(&self, request: &Request, plan: &Plan, executed: Executed, arrived: Instant) -> Answer {
        let at_ms = self.cache.now_ms();
        for Unreadable { rule, n, detail } in &executed.unreadable {
            self.telemetry.emit(&Event::RuleFailed { rule, n: *n, detail });
        }
        if let Some(ledger) = &self.ledger {
            executed
                .judged
                .into_iter()
                .for_each(|judged| ledger.note(noted::observation(&self.contract, judged, at_ms)));
        }
        let status = match (executed.data_is_null, executed.n_faults) {
            (true, _) => AnswerStatus::NullData,
            (false, 0) => AnswerStatus::Complete,
            (false, _) => AnswerStatus::Partial,
        };
        let word = if executed.is_cut_off { "too_large" } else { status.word() };
        self.telemetry.emit(&Event::RequestAnswered {
            operation: plan.operation.as_deref(),
            status: word,
            duration: arrived.elapsed(),
            n_errors: executed.n_faults,
            n_fetches: executed.n_fetches,
            n_bytes: executed.body.len(),
        });
        audited::tell(&self.telemetry, &self.contract, request, Some(plan), word);
        let Executed { body, freshness, n_unknown, .. } = executed;
        Answer { body, status, n_unknown, freshness, at_ms }
    }
}
