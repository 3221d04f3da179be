//! Scenarios: a Markdown file each, with a contract, the systems' rows, a query, the plan it must have and the answer it
//! must give. The systems are real SQLite databases.
//!
//! A fence's first word is its language, the rest names it: `graphql schema.graphql` and `toml systems/erp.toml` are files
//! of the contract, `sql erp` fills the system `erp` (its URL is `${ERP_URL}`), `graphql query`, `json variables`,
//! `text plan` and `json answer` are the case; `text now` is the instant that rules are asked at. A file may have several cases: each begins with its query.
//! `FREEHOLD_UPDATE=1` writes the plans and answers that are; read the difference before you keep it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{Files, load},
    diagnostic::render_text,
    engine::{Engine, Request},
    owner,
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
};
use sqlx::{Connection, SqliteConnection};

struct Fence {
    language: String,
    name: String,
    body: String,
    lines: std::ops::Range<usize>,
}

fn fences(text: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<Fence> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(label)) => {
                let (language, name) = label.split_once(' ').unwrap_or((label, ""));
                let (language, name) = (language.to_owned(), name.to_owned());
                open = Some(Fence { language, name, body: String::new(), lines: number + 1..number + 1 });
            }
            (Some(_), Some(_)) => {
                let mut fence = open.take().expect("a fence is open");
                fence.lines.end = number;
                fences.push(fence);
            }
            (Some(fence), None) => {
                fence.body.push_str(line);
                fence.body.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    fences
}

async fn engine(fences: &[Fence], folder: &Path) -> Engine {
    let mut urls = BTreeMap::new();
    for fence in fences.iter().filter(|fence| fence.language == "sql") {
        let file = folder.join(format!("{}.sqlite", fence.name));
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let mut connection = SqliteConnection::connect(&url).await.expect("a database file");
        sqlx::raw_sql(sqlx::AssertSqlSafe(fence.body.clone())).execute(&mut connection).await.expect("the rows' SQL");
        connection.close().await.expect("a written file");
        urls.insert(format!("{}_URL", fence.name.to_uppercase()), file.display().to_string());
    }
    let is_contract = |fence: &&Fence| fence.name.ends_with(".graphql") || fence.name.ends_with(".toml");
    let files = fences.iter().filter(is_contract).map(|fence| (fence.name.clone(), fence.body.clone()));
    let loaded = load(&Files::new(files), &|name| urls.get(name).cloned());
    let Some(contract) = loaded.contract else {
        panic!("{}", render_text(&loaded.diagnostics, &loaded.sources, false))
    };
    let (contract, telemetry) = (Arc::new(contract), Telemetry::new());
    let owners = owner::open(&contract, &telemetry);
    let cache = Cache::new(&contract, owners, CacheSettings::default(), &telemetry);
    let now = fences.iter().find(|fence| fence.name == "now");
    let business_time = now.map(|fence| fence.body.trim().parse().expect("an instant"));
    let settings = EngineSettings { business_time, ..EngineSettings::default() };
    Engine::new(contract, cache, settings, telemetry).expect("an engine")
}

/// One query of a file, with what must come of it.
struct Case<'f> {
    query: &'f Fence,
    variables: Option<&'f Fence>,
    plan: Option<&'f Fence>,
    answer: Option<&'f Fence>,
}

fn cases(fences: &[Fence]) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for fence in fences {
        match (fence.name.as_str(), cases.last_mut()) {
            ("query", _) => cases.push(Case { query: fence, variables: None, plan: None, answer: None }),
            ("variables", Some(case)) => case.variables = Some(fence),
            ("plan", Some(case)) => case.plan = Some(fence),
            ("answer", Some(case)) => case.answer = Some(fence),
            _ => {}
        }
    }
    cases
}

/// Runs a scenario. Returns what is wrong, and the file's text as it would be right.
async fn run(path: &Path) -> (Vec<String>, String) {
    let text = fs::read_to_string(path).expect("a readable scenario");
    let fences = fences(&text);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(&fences, folder.path()).await;
    let mut wrong = Vec::new();
    let mut mended: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    for case in cases(&fences) {
        let variables = case.variables.map(|fence| serde_json::from_str(&fence.body).expect("JSON variables"));
        let request = Request {
            query: case.query.body.clone(),
            variables: variables.unwrap_or_default(),
            caller: Caller::operator().into(),
            ..Request::default()
        };
        if let Some(plan) = case.plan {
            let explained = match engine.explain(None, &request.query, None) {
                Ok(explanation) => explanation.to_string(),
                Err(refusal) => format!("{refusal:#?}\n"),
            };
            // The version is a hash of the contract; it says nothing about the plan.
            let explained = explained.replace(&engine.contract().version, "VERSION");
            if explained != plan.body {
                wrong.push(format!("{}: the plan is\n{explained}", path.display()));
                mended.insert(plan.lines.start, (plan.lines.end, explained));
            }
        }
        let answer = engine.answer(&request).await;
        let answered: serde_json::Value = serde_json::from_slice(&answer.body).expect("an answer in JSON");
        let expected = case.answer.expect("every query has its answer");
        let fits = serde_json::from_str::<serde_json::Value>(&expected.body).is_ok_and(|json| json == answered);
        if !fits {
            let pretty = serde_json::to_string_pretty(&answered).expect("JSON") + "\n";
            wrong.push(format!("{}: the answer is\n{pretty}", path.display()));
            mended.insert(expected.lines.start, (expected.lines.end, pretty));
        }
    }
    let mut lines = Vec::new();
    let mut skip_to = 0;
    for (number, line) in text.lines().enumerate() {
        if let Some((end, body)) = mended.get(&number) {
            lines.extend(body.lines().map(str::to_owned));
            skip_to = *end;
        }
        if number >= skip_to {
            lines.push(line.to_owned());
        }
    }
    (wrong, lines.join("\n") + "\n")
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = fs::read_dir(folder).expect("the folder of scenarios");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_scenario_has_its_plan_and_gives_its_answer() {
    let files = scenarios();
    assert!(!files.is_empty());
    let mut all_wrong = Vec::new();
    for path in files {
        let (wrong, mended) = run(&path).await;
        if !wrong.is_empty() && std::env::var_os("FREEHOLD_UPDATE").is_some() {
            fs::write(&path, mended).expect("a writable scenario");
        }
        all_wrong.extend(wrong);
    }
    assert!(all_wrong.is_empty(), "{}", all_wrong.join("\n"));
}
