//! What is noted in the ledger: what a rule judged, as an observation of its subject.

use crate::{
    execute::Judged,
    ledger::{Entity, Observation, Seen, Severity, Subject},
    rules,
};

/// Makes an observation of a judgement.
pub(super) fn observation(judged: Judged, at_ms: i64) -> Observation {
    let Judged { rule, type_name, key, account, is_complete, reasons } = judged;
    let entity = Entity::new(type_name, key);
    let seen = reasons.into_iter().map(|reason| Seen {
        code: reason.code.to_string(),
        severity: match reason.severity {
            rules::Severity::Blocking => Severity::Blocking,
            rules::Severity::Warning => Severity::Warning,
            rules::Severity::Info => Severity::Info,
        },
        domain: None,
        entity: entity.clone(),
        account: account.clone(),
        system: reason.evidence.iter().find_map(|evidence| evidence.system.clone()),
        line: None,
        message: reason.message,
        evidence: serde_json::to_string(&reason.evidence).ok(),
    });
    let seen = seen.collect();
    Observation { subject: Subject { rule: rule.to_owned(), entity, account }, at_ms, is_complete, seen }
}
