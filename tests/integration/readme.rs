//! The README tells the truth: its query gives its answer on the demo company, its plan is the plan, the queries the demo
//! prints are answered whole, its worked bindings load, and its tables have every key there is.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{AudienceLimits, Files, Loaded, load},
    demo,
    diagnostic::{Severity, render_text},
    engine::{AnswerStatus, Engine, Request},
    owner,
    rules::REASONS,
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
};

use crate::common::readme;

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
    let cache = Cache::new(&contract, owners, CacheSettings::default(), &telemetry);
    let settings = EngineSettings { business_time: Some(demo::noon()), ..EngineSettings::default() };
    let engine = Engine::new(contract, cache, settings, telemetry).expect("an engine");
    (engine, servers)
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
    let readme = readme::text();
    let query = fence(&readme, "## A query and its answer", "graphql");

    let answer =
        engine.answer(&Request { query: query.clone(), caller: Caller::operator().into(), ..Request::default() }).await;
    let answered: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let printed: serde_json::Value =
        serde_json::from_str(&fence(&readme, "## A query and its answer", "json")).expect("JSON");
    assert_eq!(answered, printed);

    let explained = engine.explain(None, &query, None).expect("a valid query").to_string();
    let explained = explained.replace(&engine.contract().version, "CONTRACT");
    assert!(readme.contains(&explained), "the README's plan is\n{explained}");

    for query in demo::QUERIES {
        let answer = engine
            .answer(&Request { query: query.text.to_owned(), caller: Caller::operator().into(), ..Request::default() })
            .await;
        assert_eq!(answer.status, AnswerStatus::Complete, "{}: {}", query.title, String::from_utf8_lossy(&answer.body));
        assert!(!answer.body.starts_with(b"{\"data\":{\"product\":null") && answer.body.len() > 500, "{}", query.title);
    }
}

#[tokio::test]
async fn a_service_agents_question_is_answered_as_printed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (engine, _servers) = demo_engine(folder.path()).await;
    let readme = readme::text();
    let heading = "## What a service agent asks";
    let query = fence(&readme, heading, "graphql").trim_end().to_owned();
    assert!(demo::QUERIES.iter().any(|shown| shown.text == query), "the demo does not print it");
    let service = engine.contract().audiences.iter().position(|audience| audience == "service").expect("an audience");
    let caller = Caller { audience: Some(service.into()), ..Caller::operator() };
    let answer = engine.answer(&Request { query, caller: caller.into(), ..Request::default() }).await;
    assert_eq!(undated(&String::from_utf8(answer.body).expect("text")), undated(&fence(&readme, heading, "json")));
}

/// Reads an answer but for the moments at which its owners were asked, which are other ones every time.
fn undated(answer: &str) -> serde_json::Value {
    let mut pieces = answer.split("\"asOf\":");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let after = piece.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')).expect("a moment").1;
        text += &format!("\"asOf\":\"then\"{after}");
    }
    serde_json::from_str(&text).expect("JSON")
}

/// Loads the contract that the README works out, with changes made to its files.
fn worked(changed: impl Fn(&str, &str) -> Option<String>) -> Loaded {
    let files = readme::files().into_iter().map(|(path, text)| {
        let text = changed(&path, &text).unwrap_or(text);
        (path, text)
    });
    load(&Files::new(files), &|name| Some(if name.ends_with("_URL") { "https://x" } else { "x" }.to_owned()))
}

#[test]
fn the_worked_bindings_load() {
    let loaded = worked(|_, _| None);
    let shown = render_text(&loaded.diagnostics, &loaded.sources, false);
    let contract = loaded.contract.unwrap_or_else(|| panic!("{shown}"));
    let kinds: BTreeSet<&str> = contract.systems.iter().map(|system| system.kind.word()).collect();
    let all = ["file", "graphql", "mysql", "odata", "odbc", "postgres", "rest", "sqlite"];
    assert_eq!(kinds, BTreeSet::from(all), "one worked binding for each kind");
    let said = loaded.diagnostics.iter().map(|one| one.code).filter(|code| *code != "ODBC_FEATURE");
    assert_eq!(said.collect::<Vec<_>>(), Vec::<&str>::new(), "{shown}");
}

#[test]
fn the_guards_are_written_so() {
    let guards = fence(&readme::text(), "### Guards", "toml");
    let loaded = worked(|path, text| (path == "systems/drawings.toml").then(|| format!("{guards}{text}")));
    assert!(loaded.contract.is_some(), "{}", render_text(&loaded.diagnostics, &loaded.sources, false));
}

#[test]
fn who_is_let_in_is_written_so_and_every_refusal_is_named() {
    let access = fence(&readme::text(), "## Who asks", "toml");
    let with = |access: &str| {
        worked(|path, text| {
            let audiences =
                if text.contains("audiences =") { "" } else { "audiences = [\"storefront\", \"service\"]\n" };
            (path == "freehold.toml").then(|| format!("{audiences}{text}\n{access}"))
        })
    };
    let loaded = with(&access);
    let shown = render_text(&loaded.diagnostics, &loaded.sources, false);
    assert!(loaded.contract.is_some_and(|contract| contract.access.is_some()), "{shown}");
    let stranger = "qqqqqqqqqqqq = 1";
    let tables: Vec<&str> = access.lines().filter(|line| line.starts_with('[')).collect();
    for table in &tables {
        let head = format!("{}]", table.split(']').next().expect("a table"));
        let loaded = with(&access.replacen(&head, &format!("{head}\n{stranger}"), 1));
        let known = loaded.diagnostics.iter().find_map(|one| one.help.strip_prefix("known here: ")).expect("a fault");
        let unsaid: Vec<&str> = known.split(", ").filter(|key| !access.contains(*key)).collect();
        assert!(unsaid.is_empty(), "the README says nothing of {unsaid:?} in {head}");
    }
    assert_eq!(tables.len(), 4);
    let refusals = include_str!("../../src/access/refusal.rs");
    let is_code =
        |word: &&str| word.contains('_') && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase());
    let codes: Vec<&str> = refusals.split('"').filter(is_code).collect();
    let unsaid: Vec<&&str> = codes.iter().filter(|code| !readme::text().contains(&format!("`{code}`"))).collect();
    assert!(unsaid.is_empty() && codes.len() == 18, "{unsaid:?} of {codes:?}");
}

#[test]
fn documents_are_registered_so_and_every_refusal_is_named() {
    let text = readme::text();
    let documents = fence(&text, "## Which documents are run", "toml");
    let files = readme::files().into_iter().map(|(path, text)| match path.as_str() {
        "freehold.toml" => (path, format!("audiences = [\"storefront\"]\n{text}\n{documents}")),
        _ => (path, text),
    });
    let manifest = ("documents.json".to_owned(), "{}".to_owned());
    let value = |name: &str| Some(if name.ends_with("_URL") { "https://x" } else { "x" }.to_owned());
    let loaded = load(&Files::new(files.chain([manifest])), &value);
    let shown = render_text(&loaded.diagnostics, &loaded.sources, false);
    let documents = loaded.contract.unwrap_or_else(|| panic!("{shown}")).documents;
    assert_eq!(documents.trusted_only.len(), 1);
    let codes = include_str!("../../src/engine/request.rs");
    let codes = codes.split('"').filter(|word| word.starts_with("DOCUMENT_") || word.starts_with("PERSISTED_QUERY_"));
    let unsaid: Vec<&str> = codes.clone().filter(|code| !text.contains(&format!("| `{code}` |"))).collect();
    assert!(unsaid.is_empty() && codes.count() == 4, "{unsaid:?}");
}

#[test]
fn the_tables_have_every_key_there_is() {
    let text = readme::text();
    let section = text.split("## The systems it reads").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("the section");
    let quoted: BTreeSet<&str> = section.split('`').skip(1).step_by(2).flat_map(words).collect();
    let stranger = "qqqqqqqqqqqq = 1";
    let mut missing = Vec::new();
    for (path, text) in readme::files().iter().filter(|(path, _)| path.starts_with("systems/")) {
        let tables =
            text.lines().filter(|line| line.starts_with('[')).map(|line| line.split(']').next().unwrap_or(line));
        let tables: Vec<String> = tables.map(|table| format!("{table}]")).collect();
        let inside = tables.iter().map(|table| text.replacen(table.as_str(), &format!("{table}\n{stranger}"), 1));
        for changed in inside.chain([format!("{stranger}\n{text}"), nested(text, stranger)]) {
            let loaded = worked(|known, _| (known == path).then(|| changed.clone()));
            let faults = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Fault);
            let known =
                faults.filter_map(|one| one.help.strip_prefix("known here: ")).flat_map(|keys| keys.split(", "));
            let unsaid = known.filter(|key| *key != "a type's name" && !quoted.contains(key));
            missing.extend(unsaid.map(|key| format!("{path}: {key}")));
        }
    }
    assert!(missing.is_empty(), "the README says nothing of {missing:#?}");
    assert!(quoted.len() > 100);
}

/// Puts a strange key into every table that is written in one line, and makes a table of a dialect that is a word.
fn nested(text: &str, stranger: &str) -> String {
    let text = text.replace("dialect = \"sqlserver\"", "dialect = { preset = \"sqlserver\" }");
    let lines = text.lines().map(|line| match line.find(" = { ") {
        Some(at) => format!("{} = {{ {stranger}, {}\n", &line[..at], &line[at + " = { ".len()..]),
        None => format!("{line}\n"),
    });
    lines.collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

#[test]
fn the_live_check_prints_what_the_readme_shows() {
    let printed = include_str!("snapshots/integration__live__every_defect_is_found_and_said_where_it_is.snap");
    let shown = fence(&readme::text(), "**A binding is wrong.**", "text");
    let strange: Vec<&str> = shown.lines().filter(|line| !printed.lines().any(|known| known == *line)).collect();
    assert!(strange.is_empty() && shown.lines().count() > 10, "{strange:#?}");
}

#[test]
fn the_limits_are_listed_as_they_are() {
    let text = readme::text();
    let section = text.split("\n## Limits\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the section");
    let row = |key: &str| {
        let line = section.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
        line.and_then(|line| line.split(" | ").nth(1)).map(str::to_owned)
    };
    let AudienceLimits {
        document_bytes,
        tokens,
        depth,
        aliases,
        root_fields,
        directives,
        variables_bytes,
        cost,
        introspection,
        rate,
        concurrency,
        priority,
        response_bytes,
    } = AudienceLimits::default();
    for (key, default) in [
        ("document_bytes", document_bytes.to_string()),
        ("tokens", tokens.to_string()),
        ("depth", depth.to_string()),
        ("aliases", aliases.to_string()),
        ("root_fields", root_fields.to_string()),
        ("directives", directives.to_string()),
        ("variables_bytes", variables_bytes.to_string()),
        ("cost", cost.to_string()),
        ("introspection", introspection.to_string()),
        ("rate", rate.map_or("none".to_owned(), |rate| format!("{rate:?}"))),
        ("concurrency", concurrency.to_string()),
        ("priority", format!("\"{}\"", format!("{priority:?}").to_lowercase())),
        ("response_bytes", response_bytes.to_string()),
    ] {
        assert_eq!(row(key), Some(default), "{key}");
    }
    let toml = fence(&text, "\n## Limits\n", "toml");
    let files = demo::CONTRACT.iter().map(|(path, text)| {
        let added = if *path == "freehold.toml" { toml.as_str() } else { "" };
        ((*path).to_owned(), format!("{text}\n{added}"))
    });
    let loaded = load(&Files::new(files), &|_| Some("http://unset".to_owned()));
    assert!(loaded.contract.is_some(), "{}", render_text(&loaded.diagnostics, &loaded.sources, false));
}

#[test]
fn the_reasons_are_listed_as_they_are() {
    let word = |shown: &dyn std::fmt::Debug| format!("{shown:?}").to_uppercase();
    let row = |one: &freehold::rules::Meaning| {
        let (severity, scope) = (word(&one.severity), word(&one.scope));
        format!("| `{}` | {severity} | {scope} | {} | {} |\n", one.code, one.means.trim_end_matches('.'), one.acts)
    };
    let rows: String = REASONS.iter().map(row).collect();
    let table = format!("| code | severity | about | what it means | who acts |\n|---|---|---|---|---|\n{rows}");
    let text = readme::text();
    let section = text.split("\n## Reasons\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    assert!(section.expect("the section").contains(&table), "the README's table of reasons is\n{table}");
}
