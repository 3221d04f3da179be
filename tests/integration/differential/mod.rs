//! The differential test: random valid queries over random contracts and random rows; Freehold against a naive
//! interpreter of the specification, and that one against async-graphql's executor.
//!
//! Reading order: `random`, `model` (a world), `invent` (its types), `rows`, `render` (its contract), `document` and `query`
//! (what is asked), `coerce`, `resolve`, `interpreter` (what the specification says), `reference` (what async-graphql says).
//!
//! `FREEHOLD_CASES` says how many cases run, `FREEHOLD_SEED` from which world on.

mod coerce;
mod compare;
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
use freehold::access::Caller;
use freehold::cache::Cache;
use freehold::contract::{Contract, Files};
use freehold::engine::{Engine, Request};
use freehold::owner::Owners;
use freehold::settings::{CacheSettings, EngineSettings};
use freehold::telemetry::Telemetry;
use serde_json::Value;

use self::document::Document;
use self::memory::{MemoryOwner, Questions};
use self::model::World;
pub use self::random::Random;
use self::reference::Reference;
use self::resolve::Resolver;

/// How many documents are asked of one world: loading a contract costs as much as many queries.
const DOCUMENTS_PER_WORLD: u64 = 25;

/// How often a document is asked, each time with other variables: its plan is compiled once for all.
const TIMES_PER_DOCUMENT: u64 = 2;

/// How many entries `errors` may have where that is bounded.
const ERRORS_FEW: usize = 3;

/// Reads a number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn world(seed: u64) -> World {
    let mut world = invent::invent(seed);
    rows::fill(&mut world);
    world
}

/// Loads a world's contract as Freehold does.
fn load(world: &World) -> Contract {
    let loaded = freehold::contract::load(&Files::new(render::files(world)), &|_| None);
    loaded.contract.unwrap_or_else(|| {
        let shown: Vec<String> =
            render::files(world).into_iter().map(|(path, text)| format!("# {path}\n{text}")).collect();
        let messages: Vec<String> = loaded.diagnostics.iter().map(|found| format!("{found:?}")).collect();
        panic!("world {}\n{}\nis no contract:\n{}", world.seed, shown.join("\n"), messages.join("\n"))
    })
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
        Value::Object(document.variables.clone())
    )
}

/// One world with Freehold over it.
struct Subject {
    world: Arc<World>,
    engine: Engine,
    /// The same with few entries in `errors`.
    terse: Engine,
    questions: Arc<Questions>,
}

impl Subject {
    fn new(world: World) -> Self {
        let contract = Arc::new(load(&world));
        let world = Arc::new(world);
        let questions = Arc::new(Questions::default());
        let engine = |errors_max| {
            let owners = Owners::from_vec(MemoryOwner::all(&world, &contract, &questions));
            let settings = EngineSettings { errors_max, ..EngineSettings::default() };
            let cache = Cache::new(&contract, owners, CacheSettings::nothing(), &Telemetry::new());
            Engine::new(Arc::clone(&contract), cache, settings, Telemetry::new()).expect("the contract is sound")
        };
        let (engine, terse) = (engine(100_000), engine(ERRORS_FEW));
        Self { world, engine, terse, questions }
    }

    /// Asks a document and finds what is wrong with the answer. Returns how many errors it rightly had.
    async fn ask(&self, document: &Document) -> Result<usize, String> {
        let resolver = Resolver { world: &self.world, encode: cursor, decode: read_cursor };
        let expected = interpreter::execute(&resolver, document).expect("the generator makes valid documents");
        let request = Request {
            query: document.to_string(),
            operation_name: document.operation_name.clone(),
            variables: document.variables.clone(),
            caller: Caller::operator().into(),
            ..Request::default()
        };
        let answer = self.engine.answer(&request).await;
        let asked = self.questions.take();
        let answer: Value = serde_json::from_slice(&answer.body).map_err(|error| format!("no JSON: {error}"))?;
        let wrong = compare::difference(&expected, &answer)
            .or_else(|| compare::asked_too_often(&self.world, &expected, &asked));
        if let Some(wrong) = wrong {
            return Err(format!("answer {answer}\n{wrong}"));
        }
        if expected.errors.len() > ERRORS_FEW {
            let terse = self.terse.answer(&request).await;
            self.questions.take();
            let terse: Value = serde_json::from_slice(&terse.body).map_err(|error| format!("no JSON: {error}"))?;
            if let Some(wrong) = compare::shortened(&answer, &terse, ERRORS_FEW) {
                return Err(format!("answer {answer}\nbounded {terse}\n{wrong}"));
            }
        }
        Ok(expected.errors.len())
    }
}

#[tokio::test]
async fn freehold_answers_as_the_specification_says() {
    let started = std::time::Instant::now();
    let (mut n_faulty, mut n_asked) = (0, 0);
    let first = setting("FREEHOLD_SEED", 0);
    let n_worlds = setting("FREEHOLD_CASES", 2_000).div_ceil(DOCUMENTS_PER_WORLD * TIMES_PER_DOCUMENT);
    for seed in first..first + n_worlds {
        let subject = Subject::new(world(seed));
        let world = &subject.world;
        for number in 0..DOCUMENTS_PER_WORLD {
            let encode = |list: usize, place: &[Option<String>]| cursor(world, list, place);
            let mut document = query::document(world, seed * DOCUMENTS_PER_WORLD + number, &encode);
            for time in 0..TIMES_PER_DOCUMENT {
                if time > 0 {
                    query::ask_otherwise(&mut document, seed + number + time);
                }
                match subject.ask(&document).await {
                    Ok(n_errors) => n_faulty += u64::from(n_errors > 0),
                    Err(wrong) => panic!("{}time {time}\n{wrong}", shown(world, number, &document)),
                }
                n_asked += 1;
            }
        }
    }
    let last = first + n_worlds - 1;
    eprintln!("worlds {first} to {last}: {n_asked} cases, {n_faulty} with errors, in {:?}", started.elapsed());
}

#[tokio::test]
async fn the_interpreter_and_async_graphql_agree_where_every_owner_answers() {
    let (mut n_asked, mut n_compared) = (0, 0);
    let first = setting("FREEHOLD_SEED", 0);
    for seed in first..first + setting("FREEHOLD_CASES", 2_000).div_ceil(DOCUMENTS_PER_WORLD) {
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
