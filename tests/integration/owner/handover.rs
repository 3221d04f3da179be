//! Two systems that answer for one type in turn, and a rule over what they say: what moves between two questions is found,
//! whoever answers is named, and what rests on something unknown says so.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use freehold::{
    access::Caller,
    cache::{Cache, CacheParts},
    contract::{Contract, Files, load},
    engine::{Answer, AnswerStatus, Engine, Request},
    fetch::{Cell, Clock, FetchErrorKind, Layout, Owner, Record},
    owner::Owners,
    settings::{CacheSettings, EngineSettings},
    source::SystemName,
    telemetry::Telemetry,
    value::{GroupId, SystemId},
};
use serde_json::{Value, json};

use super::scripted::{Asked, Scripted, failing, ms, well};

const SDL: &str = r#"
type Query { products(skus: [String!]!): [Product] @ref(key: "sku: $skus") }
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") @handover(from: "pim") {
  sku: String!
  status: String
  name: String @owner(system: "pim", as: "content")
  contentMissing: Boolean @rule(name: "product.content")
}
"#;

/// A clock that goes on by ten milliseconds whenever it is looked at.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_ms(&self) -> i64 {
        self.0.fetch_add(10, Ordering::Relaxed)
    }
}

/// What a system does when it is asked for the n-th time, counted from 0.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// It has a row.
    Has,
    /// It has none.
    Lacks,
    /// It has none the first time, and then it has.
    Gets,
    /// It does not answer.
    Fails,
}

struct Case {
    engine: Engine,
    erp: Arc<Scripted>,
}

/// The ERP owns products, the PIM answers for them until then and owns their names. Each does what is said of it; keys that
/// begin with an `S` are the PIM's alone.
fn case(erp: Does, pim: Does, erp_lag: &str) -> Case {
    let system =
        |groups: &str, lag: &str| format!("kind = \"sqlite\"\nurl = \"unused\"\ntimeout = \"2s\"\n{lag}\n{groups}");
    let query = "query = \"select 1 where sku in (:keys)\"\n";
    let files = Files::new([
        ("schema.graphql".to_owned(), SDL.to_owned()),
        ("freehold.toml".to_owned(), "systems = [\"erp.toml\", \"pim.toml\"]\n".to_owned()),
        ("erp.toml".to_owned(), system(&format!("[Product]\n{query}"), erp_lag)),
        ("pim.toml".to_owned(), system(&format!("[Product]\n{query}[Product.content]\n{query}"), "")),
    ]);
    let loaded = load(&files, &|_| None);
    let contract = Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)));
    let (telemetry, clock) = (Telemetry::new(), Arc::new(Ticking(AtomicI64::new(1_000_000))));
    let source = |number: u32, does: Does| source(&contract, &clock, SystemId(number), does);
    let (erp, pim) = (source(0, erp), source(1, pim));
    let owners = Owners::from_vec(vec![erp.clone() as Arc<dyn Owner>, pim as Arc<dyn Owner>]);
    let parts = CacheParts {
        contract: contract.clone(),
        owners,
        shared: None,
        clock: clock.clone(),
        telemetry: telemetry.clone(),
    };
    let settings = CacheSettings { clock_allowance: Duration::ZERO, ..CacheSettings::default() };
    let cache = Cache::of(parts, settings);
    Case { engine: Engine::new(contract, cache, EngineSettings::default(), telemetry).unwrap(), erp }
}

fn source(contract: &Arc<Contract>, clock: &Arc<Ticking>, system: SystemId, does: Does) -> Arc<Scripted> {
    let (name, described, clock) = (SystemName::new(contract, system), contract.clone(), clock.clone());
    let rows = move |group: GroupId, key: &freehold::value::Key, stamp: freehold::fetch::Stamp| {
        let n_before = stamp.started_ms;
        let started_ms = clock.now_ms();
        let stamp = freehold::fetch::Stamp { system, started_ms, ended_ms: clock.now_ms(), ..stamp };
        let is_there = match does {
            Does::Has => system == SystemId(1) || !key.as_str().starts_with('S'),
            Does::Gets => n_before > 0,
            Does::Lacks | Does::Fails => false,
        };
        if !is_there {
            return Record::absent(stamp);
        }
        let group = described.group(group);
        let columns: Vec<String> =
            described.shapes[group.shape.index()].slots.iter().map(|slot| slot.name.clone()).collect();
        let layout = Layout::new(group.shape, &described.shapes, &columns, &[], &group.adaptations);
        let said = format!("{} of {key}", group.name);
        let cells: Vec<Cell<'_>> = columns.iter().map(|_| Cell::Text(said.as_str().into())).collect();
        layout.record(&described.shapes, &cells, &[], stamp)
    };
    let script = move |asked: &Asked| match does {
        Does::Fails => failing(asked, ms(0), &name.error(FetchErrorKind::Unavailable, "connection refused")),
        _ => well(asked, ms(0)),
    };
    Scripted::with_rows(rows, script)
}

impl Case {
    async fn answer(&self, members: &str, skus: &[&str]) -> (Answer, Value) {
        let query = format!("query($skus: [String!]!) {{ products(skus: $skus) {{ {members} }} }}");
        let Value::Object(variables) = json!({ "skus": skus }) else { unreachable!("it is an object") };
        let caller = Caller::operator().into();
        let request = Request { query, variables, caller, names_owners: true, ..Request::default() };
        let answer = self.engine.answer(&request).await;
        let body = serde_json::from_slice(&answer.body).unwrap();
        (answer, body)
    }
}

#[tokio::test(start_paused = true)]
async fn what_moves_to_its_owner_between_two_questions_is_found() {
    let case = case(Does::Gets, Does::Lacks, "");
    let (_, answer) = case.answer("status", &["A"]).await;
    assert_eq!(answer["data"]["products"], json!([{"status": "erp Product of A"}]), "{answer}");
    assert_eq!(case.erp.n_asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_behind_is_not_asked_again_and_what_it_lacks_is_null() {
    let case = case(Does::Gets, Does::Lacks, "lag = \"5s\"");
    let (answer, body) = case.answer("status", &["A"]).await;
    assert_eq!((&body["data"]["products"], &body["errors"]), (&json!([null]), &Value::Null), "{body}");
    assert_eq!((case.erp.n_asked(), answer.status), (1, AnswerStatus::Complete));
}

#[tokio::test(start_paused = true)]
async fn who_answers_until_the_owner_does_is_named_beside_it() {
    let case = case(Does::Has, Does::Has, "");
    let (_, answer) = case.answer("sku status", &["A", "S1", "S2"]).await;
    let answered = answer["extensions"]["freehold"]["answeredBy"].as_array().unwrap();
    let said = answered.iter().map(|one| json!([one["system"], one["group"], one["records"], one["absent"]]));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [json!(["erp", "erp Product", 1, 0]), json!(["pim", "pim Product", 2, 0])],
        "{answer}"
    );
    assert_eq!(answered[0]["from"], json!({"memory": 0, "redis": 0, "owner": 5}), "both together");
    assert_eq!(answered[1]["from"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_system_that_fails_while_it_hands_over_is_named_with_its_group() {
    let case = case(Does::Lacks, Does::Fails, "");
    let (_, answer) = case.answer("status", &["A"]).await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!((&extensions["system"], &extensions["group"]), (&json!("pim"), &json!("pim Product")), "{answer}");
    let answered = &answer["extensions"]["freehold"]["answeredBy"];
    assert_eq!((&answered[1]["system"], &answered[1]["failed"]), (&json!("pim"), &json!(1)), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn age_counts_the_lag_of_who_said_it_in_the_graph_and_beside_it() {
    let case = case(Does::Has, Does::Has, "lag = \"5s\"");
    let (_, answer) = case.answer("status _provenance { system ageMs freshForMs }", &["A", "S1"]).await;
    let answered = &answer["extensions"]["freehold"]["answeredBy"];
    let age = |value: &Value| value["ageMs"].as_i64().unwrap();
    assert!((4_900..5_500).contains(&age(&answered[0])) && (0..500).contains(&age(&answered[1])), "{answer}");
    for (product, system, least) in [(0, "erp", 4_900), (1, "pim", 0)] {
        let entry = &answer["data"]["products"][product]["_provenance"][0];
        assert_eq!(entry["system"], system);
        assert!((least..least + 500).contains(&age(entry)), "{answer}");
        // The clock goes on while the systems are asked.
        let bound = age(entry) + entry["freshForMs"].as_i64().unwrap();
        assert!((3_600_000..3_600_500).contains(&bound), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_rests_on_something_unknown_says_so() {
    let known = case(Does::Has, Does::Has, "");
    let (answer, body) = known.answer("contentMissing", &["A"]).await;
    assert_eq!((answer.n_unknown, &body["data"]["products"]), (0, &json!([{"contentMissing": false}])));
    let unknown = case(Does::Has, Does::Fails, "");
    let (answer, body) = unknown.answer("contentMissing", &["A", "B"]).await;
    assert_eq!((answer.n_unknown, answer.status), (2, AnswerStatus::Complete), "{body}");
    assert_eq!(body["data"]["products"], json!([{"contentMissing": null}, {"contentMissing": null}]));
}
