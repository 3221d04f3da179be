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
        system: reason.evidence.iter().find_map(|evidence| evidence.system.clone()).or(reason.system),
        line: reason.line,
        message: reason.message,
        evidence: serde_json::to_string(&reason.evidence).ok(),
    });
    let seen = seen.collect();
    Observation { subject: Subject { rule: rule.to_owned(), entity, account }, at_ms, is_complete, seen }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Reason, ReasonCode, Unknown};

    #[test]
    fn a_reason_is_noted_with_its_line_and_the_system_that_did_not_answer() {
        let unknown = Unknown { code: "SOURCE_TIMEOUT".to_owned(), system: "erp".to_owned() };
        let reasons = vec![
            Reason::new(ReasonCode::FreightConstraint, "so", Vec::new()).of_line(&20),
            Reason::of_unknown("The credit", &unknown),
            Reason::new(ReasonCode::DeliveryBlock, "so", Vec::new()),
        ];
        let judged = Judged {
            rule: "order.status",
            type_name: "Order".to_owned(),
            key: "1".to_owned(),
            account: None,
            is_complete: true,
            reasons,
        };
        let seen = observation(judged, 0).seen;
        let noted: Vec<_> = seen.iter().map(|one| (one.line.as_deref(), one.system.as_deref())).collect();
        assert_eq!(noted, [(Some("20"), None), (None, Some("erp")), (None, None)]);
    }
}
