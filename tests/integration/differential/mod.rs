//! The differential test: random valid queries over random contracts and random rows; Freehold against a naive
//! interpreter of the specification, and that one against async-graphql's executor.
//!
//! Reading order: `random`, `model` (a world), `invent` (its types), `rows`, `render` (its contract), `document` and `query`
//! (what is asked), `coerce`, `resolve`, `interpreter` (what the specification says), `reference` (what async-graphql says).
//!
//! `FREEHOLD_CASES` says how many cases run, `FREEHOLD_SEED` from which world on.

mod coerce;
mod compare;
mod compiled;
mod document;
mod interpreter;
mod invent;
mod memory;
mod model;
mod query;
mod random;
mod reference;
mod render;
mod resolve;
mod rows;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use freehold::engine::{Engine, Request};
use freehold::owner::Owners;
use freehold::settings::EngineSettings;
use freehold::telemetry::Telemetry;

use self::document::Document;
use self::memory::{MemoryOwner, Questions};
use self::model::World;
use self::reference::Reference;
use self::resolve::Resolver;

/// How many documents are asked of one world: loading a contract costs as much as many queries.
const DOCUMENTS_PER_WORLD: u64 = 50;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn world(seed: u64) -> World {
    let mut world = invent::invent(seed);
    rows::fill(&mut world);
    world
}

/// A cursor anyone can read, for the references alone.
fn plain_cursor(_: &World, _: usize, place: &[Option<String>]) -> String {
    serde_json::to_string(place).expect("texts are JSON")
}

fn read_plain_cursor(_: &World, _: usize, text: &str) -> Option<Vec<Option<String>>> {
    serde_json::from_str(text).ok()
}

/// A cursor as Freehold writes it.
fn cursor(world: &World, list: usize, place: &[Option<String>]) -> String {
    let mut values = vec![Some(world.lists[list].name.clone())];
    values.extend(place.iter().cloned());
    URL_SAFE_NO_PAD.encode(serde_json::to_string(&values).expect("texts are JSON"))
}

fn read_cursor(_: &World, _: usize, text: &str) -> Option<Vec<Option<String>>> {
    let values: Vec<Option<String>> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    values.get(1..).map(<[_]>::to_vec)
}

/// Everything needed to see a failed case: the contract, the query and how it was asked.
fn shown(world: &World, number: u64, document: &Document) -> String {
    let files: Vec<String> = render::files(world).into_iter().map(|(path, text)| format!("# {path}\n{text}")).collect();
    let failing: Vec<&str> = (world.groups.iter().filter(|group| group.fails).map(|group| group.name.as_str()))
        .chain(world.lists.iter().filter(|list| list.fails).map(|list| list.name.as_str()))
        .collect();
    format!(
        "world {}, document {number}\n{}\n{document}\noperation {:?}, variables {}\nfailing {failing:?}\n",
        world.seed,
        files.join("\n"),
        document.operation_name,
        serde_json::Value::Object(document.variables.clone())
    )
}

#[tokio::test]
async fn freehold_answers_as_the_specification_says() {
    let mut n_faulty = 0;
    let first = setting("FREEHOLD_SEED", 0);
    let n_cases = setting("FREEHOLD_CASES", 2_000);
    for seed in first..first + n_cases / DOCUMENTS_PER_WORLD {
        let world = Arc::new(world(seed));
        let contract = Arc::new(compiled::contract(&world));
        let questions = Arc::new(Questions::default());
        let owners = MemoryOwner::all(&world, &contract, &questions);
        let settings = EngineSettings { errors_max: 100_000, ..EngineSettings::default() };
        let engine = Engine::new(Arc::clone(&contract), Owners::from_vec(owners), settings, Telemetry::new()).expect("the contract is sound");
        let resolver = Resolver { world: &world, encode: cursor, decode: read_cursor };
        for number in 0..DOCUMENTS_PER_WORLD {
            let encode = |list: usize, place: &[Option<String>]| cursor(&world, list, place);
            let document = query::document(&world, seed * DOCUMENTS_PER_WORLD + number, &encode);
            let expected = interpreter::execute(&resolver, &document).expect("the generator makes valid documents");
            n_faulty += usize::from(!expected.errors.is_empty());
            let request = Request {
                query: document.to_string(),
                operation_name: document.operation_name.clone(),
                variables: document.variables.clone(),
            };
            let answer = engine.answer(&request).await;
            let asked = questions.take();
            let answer: serde_json::Value = match serde_json::from_slice(&answer.body) {
                Ok(answer) => answer,
                Err(error) => panic!("{}no JSON: {error}", shown(&world, number, &document)),
            };
            if let Some(difference) = compare::difference(&expected, &answer) {
                panic!("{}answer {answer}\n{difference}", shown(&world, number, &document));
            }
            if let Some(excess) = compare::asked_too_often(&world, &expected, &asked) {
                panic!("{}{excess}", shown(&world, number, &document));
            }
        }
    }
    eprintln!("worlds {first} to {}: {n_cases} documents, {n_faulty} with errors", first + n_cases / DOCUMENTS_PER_WORLD - 1);
}

#[tokio::test]
async fn the_interpreter_and_async_graphql_agree_where_every_owner_answers() {
    let (mut n_asked, mut n_compared) = (0, 0);
    let first = setting("FREEHOLD_SEED", 0);
    for seed in first..first + setting("FREEHOLD_CASES", 2_000) / DOCUMENTS_PER_WORLD {
        let mut world = world(seed);
        for group in &mut world.groups {
            group.fails = false;
        }
        for list in &mut world.lists {
            list.fails = false;
        }
        if world.violates {
            continue;
        }
        let world = Arc::new(world);
        let reference = Reference::new(&world, plain_cursor, read_plain_cursor);
        let resolver = Resolver { world: &world, encode: plain_cursor, decode: read_plain_cursor };
        for number in 0..DOCUMENTS_PER_WORLD {
            let encode = |list: usize, place: &[Option<String>]| plain_cursor(&world, list, place);
            let document = query::document(&world, seed * DOCUMENTS_PER_WORLD + number, &encode);
            let executed = interpreter::execute(&resolver, &document).expect("the generator makes valid documents");
            n_asked += 1;
            if document.meets_known_fault || executed.selects_nothing || !executed.errors.is_empty() {
                // A list that is never null may be without the sibling it is asked by; async-graphql takes the error
                // further up than it goes.
                continue;
            }
            n_compared += 1;
            let expected = reference.execute(&document).await;
            let context = || shown(&world, number, &document);
            let expected = match expected {
                Ok(expected) => expected,
                Err(error) => panic!("{}async-graphql refuses: {error}", context()),
            };
            let (ours, theirs) = (executed.data.to_string(), expected.to_string());
            assert!(ours == theirs, "{}interpreter:   {ours}\nasync-graphql: {theirs}", context());
        }
    }
    eprintln!("{n_asked} documents, {n_compared} compared");
}
