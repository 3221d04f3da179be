//! What is noted in the ledger: what a rule judged, as an observation of its subject.

use crate::{
    contract::Contract,
    execute::Judged,
    ledger::{Entity, Observation, Seen, Severity, Subject},
    rules,
};

/// Makes an observation of a judgement.
pub(super) fn observation(contract: &Contract, judged: Judged, at_ms: i64) -> Observation {
    let Judged { rule, type_name, key, account, is_complete, reasons } = judged;
    let entity = Entity::new(type_name, key);
    let seen = reasons.into_iter().map(|reason| Seen {
        code: reason.code.to_string(),
        severity: match reason.severity {
            rules::Severity::Blocking => Severity::Blocking,
            rules::Severity::Warning => Severity::Warning,
            rules::Severity::Info => Severity::Info,
        },
        domain: reason.domain().and_then(|domain| domain_of(contract, domain)),
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

/// Returns the contract's own domain of a name, or the wider one that it has instead: `product` for `product.content`.
fn domain_of(contract: &Contract, name: &str) -> Option<String> {
    let wider = std::iter::successors(Some(name), |name| name.rsplit_once('.').map(|(wider, _)| wider));
    let mut has = wider.filter(|name| contract.domains.iter().any(|domain| domain.name == *name));
    has.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Files, load},
        rules::{Reason, ReasonCode, Unknown},
    };

    #[test]
    fn a_reason_is_noted_with_its_line_and_the_system_that_did_not_answer() {
        let unknown = Unknown { code: "SOURCE_TIMEOUT".to_owned(), system: "erp".to_owned() };
        let reasons = vec![
            Reason::new(ReasonCode::FreightConstraint, "so", Vec::new()).of_line(&20),
            Reason::of_unknown("The credit", &unknown),
            Reason::new(ReasonCode::DeliveryBlock, "so", Vec::new()),
            Reason::new(ReasonCode::HazmatDocumentExpired, "so", Vec::new()),
            Reason::new(ReasonCode::CreditHold, "so", Vec::new()),
        ];
        let judged = Judged {
            rule: "order.status",
            type_name: "Order".to_owned(),
            key: "1".to_owned(),
            account: None,
            is_complete: true,
            reasons,
        };
        let seen = observation(&contract(), judged, 0).seen;
        let noted: Vec<_> =
            seen.iter().map(|one| [&one.line, &one.system, &one.domain].map(|word| word.as_deref())).collect();
        let expected = [
            [Some("20"), None, Some("product")],
            [None, Some("erp"), None],
            [None, None, Some("order")],
            [None, None, Some("product")],
            [None, None, Some("customer.credit")],
        ];
        assert_eq!(noted, expected, "the contract has no domain `product.content`");
    }

    /// A contract that names no domain of its own: it has those that every contract has.
    fn contract() -> Contract {
        let graph = "type Query { product(no: ID!): Product @ref(key: \"no: $no\") }
            type Product @key(fields: \"no\") @owner(system: \"erp\") @domain(name: \"product\") { no: ID! }";
        let system = "kind = \"sqlite\"\nurl = \"unused\"\n[Product]\nquery = \"select no from p where no in (:keys)\"";
        let files = [("graph.graphql", graph), ("freehold.toml", "systems = [\"erp.toml\"]"), ("erp.toml", system)];
        let files = Files::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        let loaded = load(&files, &|_| None);
        loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }
}
