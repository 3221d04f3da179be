//! What stands in the ledger after any observations is what a naive reading of them says, however they were gathered.

use std::{collections::BTreeMap, time::Duration};

use freehold::ledger::{Entity, Observation, Seen, Severity, Subject};
use proptest::{prelude::*, test_runner::TestRunner};

use super::place::Place;

/// What is noted: a subject, the exceptions that hold, whether all was known, and how much later.
#[derive(Debug, Clone)]
struct Step {
    subject: u8,
    codes: Vec<(u8, u8)>,
    is_complete: bool,
    later_ms: i64,
    /// The process ends behind it, and another one goes on.
    restarts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    subject: u8,
    first_ms: i64,
    last_ms: i64,
    n_seen: i64,
    n_reopened: i64,
    resolved_ms: Option<i64>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..3_u8,
        proptest::collection::vec((0..3_u8, 0..2_u8), 0..4),
        proptest::bool::weighted(0.7),
        0..3_i64,
        proptest::bool::weighted(0.1),
    );
    let step = step.prop_map(|(subject, codes, is_complete, later_ms, restarts)| Step {
        subject,
        codes,
        is_complete,
        later_ms,
        restarts,
    });
    proptest::collection::vec(step, 1..40)
}

/// One observation after the other, each exception by itself.
fn model(steps: &[Step]) -> BTreeMap<(u8, u8), Standing> {
    let mut standing: BTreeMap<(u8, u8), Standing> = BTreeMap::new();
    let mut at_ms = 0;
    for step in steps {
        at_ms += step.later_ms;
        let mut codes = step.codes.clone();
        codes.sort_unstable();
        codes.dedup();
        for code in &codes {
            let row = standing.entry(*code).or_insert(Standing {
                subject: step.subject,
                first_ms: at_ms,
                last_ms: at_ms,
                n_seen: 0,
                n_reopened: 0,
                resolved_ms: None,
            });
            row.subject = step.subject;
            row.last_ms = at_ms;
            row.n_seen += 1;
            row.n_reopened += i64::from(row.resolved_ms.take().is_some());
        }
        for (code, row) in &mut standing {
            if step.is_complete && row.subject == step.subject && row.resolved_ms.is_none() && !codes.contains(code) {
                row.resolved_ms = Some(at_ms);
            }
        }
    }
    standing
}

fn observation(step: &Step, at_ms: i64) -> Observation {
    let seen = step.codes.iter().map(|(code, entity)| Seen {
        code: code.to_string(),
        severity: Severity::Info,
        domain: None,
        entity: Entity::new("Product", entity.to_string()),
        account: None,
        system: None,
        line: None,
        message: String::new(),
        evidence: None,
    });
    let entity = Entity::new("Order", step.subject.to_string());
    let subject = Subject { rule: "order.status".to_owned(), entity, account: None };
    Observation { subject, at_ms, is_complete: step.is_complete, seen: seen.collect() }
}

async fn written(place: &Place, steps: &[Step]) -> BTreeMap<(u8, u8), Standing> {
    let (mut ledger, mut at_ms) = (place.open().await.0, 0);
    for step in steps {
        at_ms += step.later_ms;
        ledger.note(observation(step, at_ms));
        if step.restarts {
            ledger.close(Duration::from_secs(20)).await;
            ledger = place.open().await.0;
        }
    }
    ledger.close(Duration::from_secs(20)).await;
    let expected = model(steps);
    let number = |text: &str| text.parse::<u8>().expect("a number");
    let rows = super::place::all(ledger.store()).await;
    let standing = rows.into_iter().map(|row| {
        let place = (number(&row.code), number(&row.entity.key));
        let standing = Standing {
            // Whom it belongs to shows in what is resolved.
            subject: expected.get(&place).map_or(u8::MAX, |row| row.subject),
            first_ms: row.first_seen_ms,
            last_ms: row.last_seen_ms,
            n_seen: row.n_seen,
            n_reopened: row.n_reopened,
            resolved_ms: row.resolved_at_ms,
        };
        (place, standing)
    });
    standing.collect()
}

fn holds(cases: u32, place: impl Fn() -> Place) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&steps(), |steps| {
            let written = runtime.block_on(written(&place(), &steps));
            prop_assert_eq!(written, model(&steps));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_ledger_is_what_a_naive_reading_says_on_sqlite() {
    holds(100, Place::sqlite);
}

#[test]
fn the_ledger_is_what_a_naive_reading_says_on_postgres() {
    holds(15, Place::postgres);
}
