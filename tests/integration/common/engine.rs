//! A whole Freehold in the process: a contract folder of these tests, an engine over its real systems.

use std::{path::Path, sync::Arc};

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{Files, load, read_folder},
    engine::{Engine, Request},
    owner,
    plan::Explanation,
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
};
use serde_json::Value;

/// An engine over the systems of a contract.
pub struct Freehold {
    engine: Engine,
    telemetry: Telemetry,
}

impl Freehold {
    /// Starts over `tests/contracts/{contract}`; `urls` are the environment that its system files name.
    pub fn start(contract: &str, urls: &[(&str, &str)], settings: EngineSettings) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts").join(contract);
        let files = read_folder(&folder).expect("a readable contract");
        Self::of(&files, urls, settings)
    }

    /// Starts over the files of a contract; `env` is what its system files name.
    pub fn over(files: impl IntoIterator<Item = (String, String)>, env: &[(&str, &str)]) -> Self {
        Self::of(&Files::new(files), env, EngineSettings::default())
    }

    fn of(files: &Files, env: &[(&str, &str)], settings: EngineSettings) -> Self {
        let value = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let loaded = load(files, &value);
        let Some(contract) = loaded.contract else { panic!("{:#?}", loaded.diagnostics) };
        let (contract, telemetry) = (Arc::new(contract), Telemetry::new());
        let owners = owner::open(&contract, &telemetry);
        let cache = Cache::new(&contract, owners, CacheSettings::nothing(), &telemetry);
        let engine = Engine::new(contract, cache, settings, telemetry.clone()).expect("an engine");
        Self { engine, telemetry }
    }

    /// Asks, and returns the whole answer.
    pub async fn answer(&self, query: &str, variables: Value) -> Value {
        let Value::Object(variables) = variables else { panic!("variables are an object") };
        let request =
            Request { query: query.to_owned(), variables, caller: Caller::operator().into(), ..Request::default() };
        serde_json::from_slice(&self.engine.answer(&request).await.body).expect("an answer is JSON")
    }

    /// Asks, and returns the data of an answer without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.answer(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// Returns a number of the metrics by its name and labels, as they are written; 0 where it was never counted.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.telemetry.metrics_text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |number| number.parse().expect("a number"))
    }

    /// Explains the plan of a query.
    pub fn explain(&self, query: &str) -> Explanation {
        self.engine.explain(None, query, None).expect("a valid query")
    }
}
