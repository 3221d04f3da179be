//! A portal's Freehold: the shipped contract over a ledger, its commercial systems running or not.

use std::sync::Arc;

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{Contract, Files, load},
    demo,
    engine::{Engine, Request},
    ledger::Store,
    owner::{self, Process},
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
};
use serde_json::{Value, json};

/// Where nothing listens, and nothing is a file.
const NOWHERE: &str = "http://127.0.0.1:9";

/// An engine over the shipped contract.
pub struct Portal {
    pub engine: Engine,
    pub telemetry: Telemetry,
}

impl Portal {
    /// Starts with a ledger, or none; the commercial systems are all dead.
    pub fn alone(ledger: Option<Store>) -> Self {
        Self::over(Self::contract(|_| NOWHERE.to_owned()), ledger)
    }

    /// Loads the shipped contract, its systems being there.
    pub fn contract(at: impl Fn(&str) -> String) -> Arc<Contract> {
        let files = demo::CONTRACT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let loaded = load(&Files::new(files), &|name| Some(at(name)));
        Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
    }

    pub fn over(contract: Arc<Contract>, ledger: Option<Store>) -> Self {
        let telemetry = Telemetry::new();
        let process = Process { telemetry: telemetry.clone(), ledger: ledger.map(Arc::new) };
        let owners = owner::open_in(&contract, &process);
        let cache = Cache::new(&contract, owners, CacheSettings::nothing(), &telemetry);
        let engine = Engine::new(contract, cache, EngineSettings::default(), telemetry.clone()).expect("an engine");
        Self { engine, telemetry }
    }

    /// Asks, and returns the whole answer.
    pub async fn answer(&self, query: &str, variables: Value) -> Value {
        let Value::Object(variables) = variables else { panic!("variables are an object") };
        let caller = Caller::operator().into();
        let request = Request { query: query.to_owned(), variables, caller, ..Request::default() };
        serde_json::from_slice(&self.engine.answer(&request).await.body).expect("an answer is JSON")
    }

    /// Asks, and returns the data of an answer without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.answer(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// Returns a number of the metrics by its name and labels; 0 where it was never counted.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.telemetry.metrics_text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |number| number.parse().expect("a number"))
    }

    /// Reads a connection page by page; returns the member `of` each node. Backward pages are put together in the list's order.
    pub async fn all(&self, field: &str, of: &str, (rows, is_backward): (usize, bool)) -> Vec<Value> {
        let (count, place) = if is_backward { ("last", "before") } else { ("first", "after") };
        let query = format!(
            "query($at: String) {{ page: {field}({count}: {rows}, {place}: $at) {{ edges {{ cursor node {{ {of} }} }} pageInfo {{ \
             hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let (mut pages, mut at) = (Vec::new(), Value::Null);
        loop {
            let data = self.data(&query, json!({ "at": at })).await;
            let (edges, info) = (data["page"]["edges"].as_array().expect("edges"), &data["page"]["pageInfo"]);
            assert!(edges.len() <= rows);
            assert_eq!(edges.first().map(|edge| &edge["cursor"]), Some(&info["startCursor"]).filter(|c| !c.is_null()));
            assert_eq!(edges.last().map(|edge| &edge["cursor"]), Some(&info["endCursor"]).filter(|c| !c.is_null()));
            pages.push(edges.iter().map(|edge| edge["node"][of].clone()).collect::<Vec<_>>());
            let (more, next) = if is_backward {
                (&info["hasPreviousPage"], &info["startCursor"])
            } else {
                (&info["hasNextPage"], &info["endCursor"])
            };
            if more == &Value::Bool(false) {
                break;
            }
            at = next.clone();
        }
        if is_backward {
            pages.reverse();
        }
        pages.concat()
    }
}

/// Reads the errors of an answer as `path: code`.
pub fn faults(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fault = |error: &Value| {
        let path: Vec<String> = error["path"].as_array().into_iter().flatten().map(text).collect();
        format!("{}: {}", path.join("."), text(&error["extensions"]["code"]))
    };
    errors.iter().map(fault).collect()
}
