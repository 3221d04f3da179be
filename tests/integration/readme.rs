//! The README tells the truth: its query gives its answer on the demo company, its plan is the plan, and the queries the
//! demo prints are answered whole.

use std::{path::Path, sync::Arc};

use freehold::{
    contract::{Files, load},
    demo,
    diagnostic::render_text,
    engine::{AnswerStatus, Engine, Request},
    owner,
    settings::EngineSettings,
    telemetry::Telemetry,
};

/// The demo company as `freehold demo` serves it, and its systems.
async fn demo_engine(folder: &Path) -> (Engine, demo::DemoServers) {
    let systems = demo::fill(folder).await.expect("a filled demo company");
    let servers = demo::serve(&systems).await.expect("running systems");
    let files = demo::CONTRACT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let loaded = load(&Files::new(files), &|name| servers.url(name));
    let Some(contract) = loaded.contract else {
        panic!("{}", render_text(&loaded.diagnostics, &loaded.sources, false))
    };
    let (contract, telemetry) = (Arc::new(contract), Telemetry::new());
    let owners = owner::open(&contract, &telemetry);
    let engine = Engine::new(contract, owners, EngineSettings::default(), telemetry).expect("an engine");
    (engine, servers)
}

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README")
}

/// Returns the body of the first fence of a language behind a heading.
fn fence(readme: &str, heading: &str, language: &str) -> String {
    let section = readme.split(heading).nth(1).expect("the heading");
    let opening = format!("```{language}\n");
    let body = section.split(&opening).nth(1).expect("the fence");
    body.split("```").next().expect("the fence's body").to_owned()
}

#[tokio::test]
async fn the_readme_and_the_demo_answer_as_printed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (engine, _servers) = demo_engine(folder.path()).await;
    let readme = readme();
    let query = fence(&readme, "## A query and its answer", "graphql");

    let answer = engine.answer(&Request { query: query.clone(), ..Request::default() }).await;
    let answered: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let printed: serde_json::Value =
        serde_json::from_str(&fence(&readme, "## A query and its answer", "json")).expect("JSON");
    assert_eq!(answered, printed);

    let explained = engine.explain(&query, None).expect("a valid query").to_string();
    let explained = explained.replace(&engine.contract().version, "CONTRACT");
    assert!(readme.contains(&explained), "the README's plan is\n{explained}");

    for query in demo::QUERIES {
        let answer = engine.answer(&Request { query: query.text.to_owned(), ..Request::default() }).await;
        assert_eq!(answer.status, AnswerStatus::Complete, "{}: {}", query.title, String::from_utf8_lossy(&answer.body));
        assert!(!answer.body.starts_with(b"{\"data\":{\"product\":null") && answer.body.len() > 500, "{}", query.title);
    }
}
