//! The report for machines: one entry for each system, list, group and comparison of keys, each with `ok`.

use std::time::Duration;

use serde_json::{Value, json};

use super::report::{AskReport, Asked, Failure, KeyMatch, LiveReport, SystemReport};

impl LiveReport {
    /// Returns the report as a list of entries, in the report's order.
    pub fn to_json(&self) -> Value {
        let systems = self.systems.iter().map(system);
        systems.chain(self.asks.iter().map(ask)).chain(self.keys.iter().map(keys)).collect()
    }
}

fn system(system: &SystemReport) -> Value {
    let (name, kind) = (&system.name, system.kind);
    match &system.outcome {
        Ok(took) => json!({ "system": name, "asked": "answers", "ok": true, "kind": kind, "ms": ms(*took) }),
        Err(Failure { code, detail, .. }) => json!({
            "system": name, "asked": "answers", "ok": false, "kind": kind,
            "code": code, "detail": detail, "unasked": system.n_unasked,
        }),
    }
}

fn ask(ask: &AskReport) -> Value {
    let (word, each) = match ask.asked {
        Asked::List => ("list", "parents"),
        Asked::Group => ("group", "keys"),
    };
    let failures = ask.failures.iter().map(|one| json!({ "code": one.code, "detail": one.detail, each: one.n }));
    let misfits = ask.misfits.iter().map(|misfit| {
        let example: Vec<&str> = misfit.example.fields().collect();
        json!({ "field": misfit.field, "expected": misfit.expected, "rows": misfit.n_rows, "example": example })
    });
    let took = |took: Option<Duration>| took.map(ms);
    let mut entry = json!({
        "system": ask.system,
        "asked": format!("{word} {}", ask.name),
        "ok": ask.n_faults() == 0,
        "sampled": ask.is_sampled,
        each: ask.n_asked,
        "answered": ask.n_answered,
        "rows": ask.n_rows,
        "ms": { "calls": ask.calls.len(), "median": took(ask.median()), "longest": took(ask.longest()) },
        "failures": failures.collect::<Vec<_>>(),
        "missing": ask.missing,
        "violations": misfits.collect::<Vec<_>>(),
        "never_filled": ask.never_filled,
    });
    if ask.n_left_out > 0 {
        entry["left_out"] = json!({ "rows": ask.n_left_out, "keys": ask.left_out });
    }
    entry
}

fn keys(keys: &KeyMatch) -> Value {
    let texts = |key: &crate::value::Key| key.fields().map(str::to_owned).collect::<Vec<_>>();
    let hint = keys.hint.as_ref().map(
        |hint| json!({ "key": texts(&hint.key), "known": texts(&hint.known), "how": hint.normalisation.to_string() }),
    );
    json!({
        "system": keys.system,
        "asked": format!("keys of {} in {}", keys.of.as_deref().unwrap_or("the samples"), keys.group),
        "ok": !keys.is_fault(),
        "entity": keys.entity,
        "of": keys.of,
        "keys": keys.n_sampled,
        "known": keys.n_matched,
        "unknown": keys.unmatched.iter().map(texts).collect::<Vec<_>>(),
        "hint": hint,
    })
}

/// Milliseconds, to the tenth.
fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}
