//! What the ledger answers, as cells by the columns of its tables. In: exceptions, runs and findings. Out: rows. Pure.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Value, json};

use crate::{
    fetch::Cell,
    ledger::{Exception, Finding, Found, Run},
    source::share::share,
};

type Row = Vec<Cell<'static>>;

/// Returns the row of an exception.
pub(super) fn exception(exception: Exception) -> Row {
    let Exception { id, rule, code, severity, domain, entity, account, system, line, message, evidence, .. } =
        exception;
    let evidence = evidence.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    vec![
        text(id),
        text(code),
        text(severity.word().to_owned()),
        text(rule),
        text_or_null(domain),
        text(entity.type_name),
        text(entity.key),
        text_or_null(line),
        text_or_null(account),
        text_or_null(system),
        text(message),
        evidence.map_or(Cell::Null, |evidence| Cell::Json(Cow::Owned(evidence))),
        instant(exception.first_seen_ms),
        instant(exception.last_seen_ms),
        Cell::Int(int(exception.n_seen)),
        Cell::Int(int(exception.n_reopened)),
        exception.resolved_at_ms.map_or(Cell::Null, instant),
    ]
}

/// Returns the row of a finding.
pub(super) fn finding(finding: Finding) -> Row {
    let Found { kind, entity, field, owner_system, owner_value, copy_system, copy_value } = finding.found;
    vec![
        text(finding.id),
        text(finding.run.0.to_string()),
        text(kind.word().to_owned()),
        text(entity.type_name),
        text(entity.key),
        text_or_null(field),
        text(owner_system),
        text_or_null(owner_value),
        text(copy_system),
        text_or_null(copy_value),
        instant(finding.first_seen_ms),
        instant(finding.last_seen_ms),
        Cell::Int(int(finding.n_seen)),
        Cell::Int(int(finding.n_reopened)),
        finding.resolved_at_ms.map_or(Cell::Null, instant),
    ]
}

/// Returns the row of a run: what it came to is in the totals that the job wrote.
pub(super) fn run(run: Run) -> Row {
    let totals: Value = run.totals.as_deref().and_then(|totals| serde_json::from_str(totals).ok()).unwrap_or_default();
    let all = |name: &str| totals[name].as_array().cloned().unwrap_or_default();
    let (fields, gaps, stopped) = (all("fields"), all("gaps"), all("stopped"));
    let sum = |name: &str| fields.iter().map(|field| number(&field[name])).sum::<u64>();
    let names = |name: &str| {
        let names: BTreeSet<&str> = fields.iter().chain(&gaps).filter_map(|one| one[name].as_str()).collect();
        Cell::List(names.into_iter().map(|name| text(name.to_owned())).collect())
    };
    vec![
        text(run.id.0.to_string()),
        names("entity_type"),
        names("copy_system"),
        instant(run.started_at_ms),
        run.finished_at_ms.map_or(Cell::Null, instant),
        Cell::Int(counted(sum("n_checked"))),
        Cell::Int(counted(sum("n_drifted"))),
        list(fields.iter().map(field)),
        list(gaps.iter().map(gap)),
        list(stopped.iter().map(|one| json!({ "what": one["what"], "system": one["system"], "code": one["code"] }))),
    ]
}

fn field(field: &Value) -> Value {
    let (checked, drifted) = (number(&field["n_checked"]), number(&field["n_drifted"]));
    json!({
        "type": field["entity_type"],
        "field": field["field"],
        "owner": field["owner_system"],
        "copy": field["copy_system"],
        "compared": counted(checked),
        "drifted": counted(drifted),
        "unreadable": counted(number(&field["n_unreadable"])),
        "share": share(drifted, checked),
    })
}

fn gap(gap: &Value) -> Value {
    let missing = |direction: &str| {
        let gap = &gap[direction];
        // Without a list of all keys nobody can know what is missing.
        gap["list"].is_string().then(|| counted(number(&gap["n"])))
    };
    json!({
        "type": gap["entity_type"],
        "owner": gap["owner_system"],
        "copy": gap["copy_system"],
        "entities": counted(number(&gap["n_entities"])),
        "missingInCopy": missing("missing_in_copy"),
        "missingInOwner": missing("missing_in_owner"),
        "unmatchedInOwner": counted(number(&gap["missing_in_copy"]["n_unmatched"])),
        "unmatchedInCopy": counted(number(&gap["missing_in_owner"]["n_unmatched"])),
    })
}

fn list(items: impl Iterator<Item = Value>) -> Cell<'static> {
    Cell::Json(Cow::Owned(Value::Array(items.collect())))
}

fn text(text: String) -> Cell<'static> {
    Cell::Text(text.into())
}

fn text_or_null(text: Option<String>) -> Cell<'static> {
    text.map_or(Cell::Null, |text| Cell::Text(text.into()))
}

fn instant(at_ms: i64) -> Cell<'static> {
    jiff::Timestamp::from_millisecond(at_ms).map_or(Cell::Null, Cell::Instant)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn counted(n: u64) -> i64 {
    int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// What is more than GraphQL's integers hold is as many as they do.
fn int(n: i64) -> i64 {
    n.min(i64::from(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::InsideTable,
        ledger::{Entity, FindingKind, RunId, Severity},
    };

    #[test]
    fn every_row_has_the_columns_of_its_table() {
        let entity = || Entity::new("Order", "1");
        let exception = exception(Exception {
            id: "a".to_owned(),
            rule: "order.status".to_owned(),
            code: "HOLD".to_owned(),
            severity: Severity::Blocking,
            domain: None,
            entity: entity(),
            account: None,
            system: None,
            line: None,
            message: String::new(),
            evidence: Some("no JSON".to_owned()),
            first_seen_ms: 0,
            last_seen_ms: 0,
            n_seen: i64::MAX,
            n_reopened: 0,
            resolved_at_ms: None,
        });
        assert_eq!(exception.len(), InsideTable::Exceptions.columns().len());
        assert_eq!(exception[14], Cell::Int(i64::from(i32::MAX)));
        let found = Found {
            kind: FindingKind::Drift,
            entity: entity(),
            field: None,
            owner_system: "erp".to_owned(),
            owner_value: None,
            copy_system: "shop".to_owned(),
            copy_value: None,
        };
        let finding = finding(Finding {
            id: "a".to_owned(),
            found,
            run: RunId(3),
            first_seen_ms: 0,
            last_seen_ms: 0,
            n_seen: 1,
            n_reopened: 0,
            resolved_at_ms: Some(1),
        });
        assert_eq!(finding.len(), InsideTable::Findings.columns().len());
        let begun = Run {
            id: RunId(3),
            options: String::new(),
            position: None,
            totals: None,
            started_at_ms: 0,
            finished_at_ms: None,
        };
        let run = run(begun);
        assert_eq!(run.len(), InsideTable::Runs.columns().len());
        assert_eq!((&run[1], &run[5]), (&Cell::List(Vec::new()), &Cell::Int(0)));
    }
}
