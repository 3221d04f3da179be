//! Execute plus write, side by side with async-graphql's static and dynamic executors over the same rows.
//!
//! Three works: (a) 100 objects of 9 fields, (b) one product with 40 fields over three owners, (c) 10,000 objects of 10
//! fields. Every side holds its rows in memory, has parsed its document beforehand and ends with the response's bytes;
//! async-graphql validates in its fast mode, so that what is compared is executing and writing. Beside them: compiling a
//! plan, and a whole request whose plan is in the cache.
//!
//! `cargo bench --bench execute`

mod rows;

use std::{hint::black_box, sync::Arc, time::Duration};

use async_graphql::{Request as GraphqlRequest, parser::parse_query};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freehold::{
    access::Caller,
    cache::{Cache, Demand},
    contract::{AudienceLimits, Contract},
    engine::{Engine, Request},
    execute::{Execution, execute},
    fetch::Owner,
    owner::Owners,
    plan::{Document, coerce_arguments, coerce_variables, compile, parse},
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
};

use rows::{Work, memory, reference};

/// The allocator of the program, for every side.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn document(query: &str) -> Document {
    Document::read(&AudienceLimits::default(), query).expect("a query within the limits")
}

fn executors(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for work in [Work::A, Work::B, Work::C] {
        let mut group = criterion.benchmark_group(work.name());
        group.throughput(Throughput::Elements(work.n_fields() as u64));
        group.measurement_time(Duration::from_secs(5));

        let contract = Arc::new(memory::contract());
        let (kept, demand) = (cache(&contract, memory::owners(&contract, work)), Demand::default());
        let schema = freehold::contract::PublicSchema::new(&contract, None).expect("a schema");
        let operation = parse(&schema, &document(&work.query()), None).expect("a valid query");
        let plan = compile(&contract, None, &operation).expect("a plan");
        let variables = coerce_variables(&contract, &plan.variables, &serde_json::Map::new()).expect("no variables");
        let operator = Caller::operator();
        let execution = || Execution {
            contract: &contract,
            cache: &kept,
            demand: &demand,
            plan: &plan,
            variables: &variables,
            arguments: coerce_arguments(&contract, &plan.arguments, &variables),
            caller: &operator,
            sight: None,
            below_unknown: None,
            introspection: None,
            deadline: std::time::Instant::now() + Duration::from_secs(5),
            rows_max: 100_000,
            names_owners: false,
            business_time: None,
            response_bytes_max: usize::MAX,
            errors_max: 100,
        };
        let static_schema = reference::static_schema(work);
        let dynamic_schema = reference::dynamic_schema(work);
        let document = parse_query(work.query()).expect("a valid query");
        let request = || {
            let mut request = GraphqlRequest::new(String::new());
            request.set_parsed_query(document.clone());
            request
        };

        // The sides must agree before they are timed.
        let ours = runtime.block_on(execute(execution())).body;
        let theirs = serde_json::to_vec(&runtime.block_on(static_schema.execute(request()))).expect("JSON");
        let dynamics = serde_json::to_vec(&runtime.block_on(dynamic_schema.execute(request()))).expect("JSON");
        assert_eq!(json(&ours), json(&theirs), "static");
        assert_eq!(json(&ours), json(&dynamics), "dynamic");

        group.bench_function(BenchmarkId::from_parameter("freehold"), |bencher| {
            bencher.iter(|| black_box(runtime.block_on(execute(execution())).body));
        });
        group.bench_function(BenchmarkId::from_parameter("async-graphql static"), |bencher| {
            bencher.iter(|| {
                let response = runtime.block_on(static_schema.execute(request()));
                black_box(serde_json::to_vec(&response).expect("JSON"))
            });
        });
        group.bench_function(BenchmarkId::from_parameter("async-graphql dynamic"), |bencher| {
            bencher.iter(|| {
                let response = runtime.block_on(dynamic_schema.execute(request()));
                black_box(serde_json::to_vec(&response).expect("JSON"))
            });
        });
        group.finish();
    }
}

/// A cache that keeps nothing: what is measured is executing.
fn cache(contract: &Arc<Contract>, owners: Vec<Arc<dyn Owner>>) -> Cache {
    Cache::new(contract, Owners::from_vec(owners), CacheSettings::nothing(), &Telemetry::new())
}

fn planning(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let contract = Arc::new(memory::contract());
    let schema = freehold::contract::PublicSchema::new(&contract, None).expect("a schema");
    let mut group = criterion.benchmark_group("plan");
    for work in [Work::A, Work::B] {
        let query = work.query();
        group.bench_function(BenchmarkId::new("parse, validate, compile", work.name()), |bencher| {
            bencher.iter(|| {
                let operation = parse(&schema, &document(&query), None).expect("a valid query");
                black_box(compile(&contract, None, &operation).expect("a plan"))
            });
        });
        let operation = parse(&schema, &document(&query), None).expect("a valid query");
        group.bench_function(BenchmarkId::new("compile", work.name()), |bencher| {
            bencher.iter(|| black_box(compile(&contract, None, &operation).expect("a plan")));
        });
        let owners = memory::owners(&contract, work);
        let engine =
            Engine::new(contract.clone(), cache(&contract, owners), EngineSettings::default(), Telemetry::new())
                .expect("an engine");
        engine.plan(None, &query, None).expect("a plan");
        group.bench_function(BenchmarkId::new("cache hit", work.name()), |bencher| {
            bencher.iter(|| black_box(engine.plan(None, &query, None).expect("a plan")));
        });
        let request = Request { query: query.clone(), caller: Caller::operator().into(), ..Request::default() };
        group.bench_function(BenchmarkId::new("whole request, plan cached", work.name()), |bencher| {
            bencher.iter(|| black_box(runtime.block_on(engine.answer(&request)).body));
        });
    }
    group.finish();
}

fn json(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).expect("JSON")
}

criterion_group!(benches, executors, planning);
criterion_main!(benches);
