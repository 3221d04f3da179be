//! The guards under an engine: many requests, few calls; one slow or broken system, and the others unharmed.

use std::{sync::Arc, time::Duration};

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{Contract, Files, load},
    engine::{Engine, Request},
    fetch::{Cell, Clock, FetchErrorKind, Layout, Owner, Stamp, SystemClock},
    owner::{Owners, guard},
    settings::{CacheSettings, EngineSettings},
    source::SystemName,
    telemetry::Telemetry,
    value::SystemId,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::scripted::{Asked, Said, Scripted, failing, ms, well};

const SDL: &str = r#"
type Query {
  products(skus: [String!]!): [Product] @ref(key: "sku: $skus")
  articles(skus: [String!]!): [Article] @ref(key: "sku: $skus")
}
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  status: String
  name: String @owner(system: "pim") @domain(name: "content")
}
type Article @key(fields: "sku") @owner(system: "pim") @domain(name: "content") { sku: String! name: String }
"#;

/// The ERP owns products, the PIM their names and the articles; content may be an hour old.
pub(super) fn contract() -> Arc<Contract> {
    let system = |types: &[&str]| {
        let groups = types.iter().map(|ty| format!("[{ty}]\nquery = \"select 1 where sku in (:keys)\"\n"));
        format!("kind = \"sqlite\"\nurl = \"unused\"\ntimeout = \"2s\"\n{}", groups.collect::<String>())
    };
    let files = Files::new([
        ("schema.graphql".to_owned(), SDL.to_owned()),
        (
            "freehold.toml".to_owned(),
            "systems = [\"erp.toml\", \"pim.toml\"]\n[freshness.content]\nmax_age = \"1h\"\n".to_owned(),
        ),
        ("erp.toml".to_owned(), system(&["Product"])),
        ("pim.toml".to_owned(), system(&["Product", "Article"])),
    ]);
    let loaded = load(&files, &|_| None);
    Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
}

struct Case {
    engine: Engine,
    erp: Arc<Scripted>,
    telemetry: Telemetry,
}

fn source(contract: &Arc<Contract>, script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Arc<Scripted> {
    let contract = contract.clone();
    let rows = move |group, key: &freehold::value::Key, stamp| {
        let group = contract.group(group);
        let columns: Vec<String> =
            contract.shapes[group.shape.index()].slots.iter().map(|slot| slot.name.clone()).collect();
        let layout = Layout::new(group.shape, &contract.shapes, &columns, &[], &group.adaptations);
        let cells: Vec<Cell<'_>> =
            columns.iter().map(|column| Cell::Text(format!("{column} of {key}").into())).collect();
        layout.record(&contract.shapes, &cells, &[], Stamp { started_ms: SystemClock.now_ms(), ..stamp })
    };
    Scripted::with_rows(rows, script)
}

fn case(
    erp: impl Fn(&Asked) -> Said + Send + Sync + 'static,
    pim: impl Fn(&SystemName, &Asked) -> Said + Send + Sync + 'static,
) -> Case {
    let (contract, telemetry) = (contract(), Telemetry::new());
    let pim_name = SystemName::new(&contract, SystemId(1));
    let (erp, pim) = (source(&contract, erp), source(&contract, move |asked| pim(&pim_name, asked)));
    let stack = |source: Arc<Scripted>, id| -> Arc<dyn Owner> { guard(source, &contract, SystemId(id), &telemetry) };
    let owners = Owners::from_vec(vec![stack(erp.clone(), 0), stack(pim.clone(), 1)]);
    let cache = Cache::new(&contract, owners, CacheSettings::nothing(), &telemetry);
    let engine = Engine::new(contract.clone(), cache, EngineSettings::default(), telemetry.clone()).unwrap();
    Case { engine, erp, telemetry }
}

impl Case {
    async fn ask(&self, query: &str, skus: &[String]) -> Value {
        let Value::Object(variables) = json!({"skus": skus}) else { unreachable!("it is an object") };
        let request =
            Request { query: query.to_owned(), variables, caller: Caller::operator().into(), ..Request::default() };
        serde_json::from_slice(&self.engine.answer(&request).await.body).unwrap()
    }
}

const STATUS: &str = "query($skus: [String!]!) { products(skus: $skus) { sku status } }";
const NAMES: &str = "query($skus: [String!]!) { products(skus: $skus) { sku status name } }";

fn skus(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("P{number}")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_concurrent_requests_for_the_same_fifty_keys_are_one_call() {
    let case = case(|asked| well(asked, ms(20)), |_, asked| well(asked, ms(20)));
    let skus = skus(0..50);
    let answers = join_all((0..1_000).map(|_| case.ask(STATUS, &skus))).await;
    assert!(answers.iter().all(|answer| answer == &answers[0]));
    assert_eq!(answers[0]["data"]["products"][49], json!({"sku": "P49", "status": "status of P49"}));
    assert_eq!(case.erp.n_asked(), 1);
    let coalesced = r#"freehold_keys_coalesced_total{system="erp",group="erp Product"} 49950"#;
    assert!(case.telemetry.metrics_text().contains(coalesced));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_concurrent_requests_for_any_of_the_same_fifty_keys_are_a_handful_of_calls() {
    let case = case(|asked| well(asked, ms(20)), |_, asked| well(asked, ms(20)));
    let requests = (0..1_000_usize).map(|n| {
        let some: Vec<String> = (0..50).filter(|key| (key + n) % (1 + n % 7) == 0).map(|n| format!("P{n}")).collect();
        let case = &case;
        async move { (case.ask(STATUS, &some).await, some) }
    });
    for (answer, some) in join_all(requests).await {
        let products = answer["data"]["products"].as_array().unwrap();
        assert!(products.iter().zip(&some).all(|(product, sku)| product["sku"] == sku.as_str()));
        assert_eq!(products.len(), some.len());
    }
    assert!(case.erp.n_asked() <= 5, "{} calls", case.erp.n_asked());
}

#[tokio::test(start_paused = true)]
async fn a_slow_system_nulls_its_fields_with_a_reason_and_holds_nobody_else() {
    let case = case(|asked| well(asked, ms(5)), |_, asked| well(asked, Duration::from_secs(10)));
    let sku = |n: usize| skus(n..n + 1);
    let slow = (0..200).map(|n| {
        let case = &case;
        async move {
            let begun = Instant::now();
            (case.ask(NAMES, &sku(n)).await, begun.elapsed())
        }
    });
    let fast = (0..200).map(|n| {
        let case = &case;
        async move {
            let begun = Instant::now();
            (case.ask(STATUS, &sku(n)).await, begun.elapsed())
        }
    });
    let (slow, fast) = tokio::join!(join_all(slow), join_all(fast));
    for (answer, took) in fast {
        assert_eq!(answer.get("errors"), None);
        assert!(took <= ms(20), "a query that does not touch the slow system took {took:?}");
    }
    for (n, (answer, took)) in slow.into_iter().enumerate() {
        assert!(took <= ms(2_100), "its own timeout bounds it: {took:?}");
        let expected = json!({"sku": format!("P{n}"), "status": format!("status of P{n}"), "name": null});
        assert_eq!(answer["data"]["products"][0], expected);
        assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_TIMEOUT");
        assert_eq!(answer["errors"][0]["extensions"]["system"], "pim");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_says_when_to_ask_again_where_the_system_or_a_guard_said_it() {
    let throttled = |name: &SystemName, asked: &Asked| {
        let error = name.error(FetchErrorKind::Throttled, "429").with_retry_after(Duration::from_secs(30));
        failing(asked, ms(1), &error)
    };
    let case = case(|asked| well(asked, ms(1)), throttled);
    let answer = case.ask(NAMES, &skus(0..1)).await;
    let expected = json!({
        "code": "SOURCE_THROTTLED", "system": "pim", "group": "pim Product", "domain": "content",
        "retryAfterMs": 30_000, "reason": "the system asked to be asked less often",
    });
    assert_eq!(answer["errors"][0]["extensions"], expected);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let answer = case.ask(NAMES, &skus(1..2)).await;
    assert_eq!(answer["errors"][0]["extensions"]["retryAfterMs"], 20_000);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_seen_in_the_fault_and_in_the_metrics() {
    let down = |name: &SystemName, asked: &Asked| {
        failing(asked, ms(1), &name.error(FetchErrorKind::Unavailable, "connection refused"))
    };
    let case = case(|asked| well(asked, ms(1)), down);
    for n in 0..20 {
        case.ask(NAMES, &skus(n..n + 1)).await;
    }
    let extensions = &case.ask(NAMES, &skus(0..1)).await["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "SOURCE_UNAVAILABLE");
    assert!(extensions["retryAfterMs"].as_u64().is_some_and(|wait| wait <= 1_000), "{extensions}");
    let metrics = case.telemetry.metrics_text();
    for line in [
        r#"freehold_breaker_state{system="pim"} 2"#,
        r#"freehold_breaker_changes_total{system="pim",state="open"} 1"#,
        r#"freehold_fetches_total{system="pim",group="pim Product",code="SOURCE_UNAVAILABLE"} 21"#,
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
}
