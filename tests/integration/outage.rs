//! One of two databases is killed under a running engine: what the other owns still answers, what is lost says why, and
//! nothing has to be restarted but the database.

use freehold::settings::EngineSettings;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::common::{engine::Freehold, postgres::Server};

const ERP: &str = "
create table item (sku text primary key, status text, on_hand integer);
insert into item select 'P' || n, 'ACTIVE', n * 10 from generate_series(1, 5) n;
create table bin (sku text, name text, quantity integer);
insert into bin select sku, 'A-1', on_hand from item;";

const PIM: &str = "
create table content (sku text primary key, name text, brand text);
insert into content select 'P' || n, 'Product ' || n, 'ACME' from generate_series(1, 5) n;
create table text (sku text, language text, text text);
insert into text select sku, 'en', 'The ' || name from content;
create table brand (code text primary key, name text);
insert into brand values ('ACME', 'Acme');";

/// Two private servers, and an engine over both.
struct Owners {
    erp: Server,
    pim: Server,
    pim_url: String,
    freehold: Freehold,
}

impl Owners {
    async fn start(settings: EngineSettings) -> Self {
        let (erp, pim) = (Server::start(), Server::start());
        let (erp_url, pim_url) = (erp.create_database(), pim.create_database());
        for (url, rows) in [(&erp_url, ERP), (&pim_url, PIM)] {
            let mut connection = PgConnection::connect(url).await.expect("a private database");
            sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut connection).await.expect("the rows");
        }
        let urls = [("ERP_URL", erp_url.as_str()), ("PIM_URL", pim_url.as_str())];
        let freehold = Freehold::start("two-owners", &urls, settings);
        Self { erp, pim, pim_url, freehold }
    }
}

const PRODUCTS: &str = "{
  products(first: 2) {
    nodes { sku status onHand bins { name quantity } name texts { language text } brand { name } similar { sku } }
    totalCount
  }
  byName: productsByName(first: 2) { nodes { sku status name } }
  product(sku: \"P3\") { sku status onHand name }
}";

fn whole() -> Value {
    let product = |n: u32, others: [&str; 4]| {
        json!({
            "sku": format!("P{n}"), "status": "ACTIVE", "onHand": n * 10, "bins": [{"name": "A-1", "quantity": n * 10}],
            "name": format!("Product {n}"), "texts": [{"language": "en", "text": format!("The Product {n}")}],
            "brand": {"name": "Acme"}, "similar": others.map(|sku| json!({"sku": sku})),
        })
    };
    json!({
        "products": {
            "nodes": [product(1, ["P2", "P3", "P4", "P5"]), product(2, ["P1", "P3", "P4", "P5"])],
            "totalCount": 5,
        },
        "byName": {"nodes": [
            {"sku": "P1", "status": "ACTIVE", "name": "Product 1"}, {"sku": "P2", "status": "ACTIVE", "name": "Product 2"},
        ]},
        "product": {"sku": "P3", "status": "ACTIVE", "onHand": 30, "name": "Product 3"},
    })
}

/// Asks as a polite client does: again after as long as the errors say, a few times at most. A breaker that met the outage
/// lets nobody through for about a second.
async fn once_told(freehold: &Freehold, query: &str) -> Value {
    for _ in 0..10 {
        let mut answer = freehold.answer(query, json!({})).await;
        let Some(errors) = answer["errors"].as_array() else { return answer["data"].take() };
        let told = errors.iter().filter_map(|error| error["extensions"]["retryAfterMs"].as_u64()).max();
        let told = told.expect("only a breaker keeps a system that is back from answering, and says how long");
        tokio::time::sleep(std::time::Duration::from_millis(told)).await;
    }
    panic!("the system is back and is not asked");
}

const UNREACHED: &str = "the system could not be reached";

/// Reads the errors as `path: code, system, group or list, domain`, sorted; each must give this reason.
fn faults(answer: &Value, reason: &str) -> Vec<String> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut faults: Vec<String> = (errors.iter())
        .map(|error| {
            let extensions = &error["extensions"];
            assert_eq!(extensions["reason"], reason, "{error}");
            assert!(
                !error.to_string().contains("127.0.0.1"),
                "where a system is reached is nobody's business: {error}"
            );
            let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
            let path: Vec<String> = error["path"].as_array().into_iter().flatten().map(text).collect();
            let asked = if extensions["group"].is_null() { &extensions["list"] } else { &extensions["group"] };
            let words = [&extensions["code"], &extensions["system"], asked, &extensions["domain"]].map(text);
            format!("{}: {}", path.join("."), words.join(", "))
        })
        .collect();
    faults.sort();
    faults
}

#[tokio::test]
async fn without_the_pim_the_erp_still_answers_and_with_it_again_everything_does() {
    let owners = Owners::start(EngineSettings::default()).await;
    assert_eq!(owners.freehold.data(PRODUCTS, json!({})).await, whole());
    for _ in 0..2 {
        owners.pim.kill();
        let mut expected = whole();
        for node in expected["products"]["nodes"].as_array_mut().expect("nodes") {
            for field in ["name", "texts", "brand", "similar"] {
                node[field] = Value::Null;
            }
        }
        expected["byName"] = Value::Null;
        expected["product"]["name"] = Value::Null;
        let answer = owners.freehold.answer(PRODUCTS, json!({})).await;
        assert_eq!(answer["data"], expected);
        let group = "SOURCE_UNAVAILABLE, pim, pim Product, content";
        let mut lost = vec![
            "byName: SOURCE_UNAVAILABLE, pim, productsByName, content".to_owned(),
            format!("product.name: {group}"),
        ];
        for node in 0..2 {
            for field in ["brand", "name", "texts"] {
                lost.push(format!("products.nodes.{node}.{field}: {group}"));
            }
            lost.push(format!("products.nodes.{node}.similar: SOURCE_UNAVAILABLE, pim, similarProducts, content"));
        }
        lost.sort();
        assert_eq!(faults(&answer, UNREACHED), lost);

        owners.pim.restart();
        assert_eq!(once_told(&owners.freehold, PRODUCTS).await, whole());
    }
}

#[tokio::test]
async fn without_the_erp_the_pim_still_answers_though_it_does_not_decide_what_exists() {
    let owners = Owners::start(EngineSettings::default()).await;
    assert_eq!(owners.freehold.data(PRODUCTS, json!({})).await, whole());
    owners.erp.kill();
    let answer = owners.freehold.answer(PRODUCTS, json!({})).await;
    let mut expected = whole();
    expected["products"] = Value::Null;
    for node in expected["byName"]["nodes"].as_array_mut().expect("nodes") {
        node["status"] = Value::Null;
    }
    for field in ["status", "onHand"] {
        expected["product"][field] = Value::Null;
    }
    assert_eq!(answer["data"], expected);
    let identity = "SOURCE_UNAVAILABLE, erp, erp Product, product";
    let lost = [
        format!("byName.nodes.0.status: {identity}"),
        format!("byName.nodes.1.status: {identity}"),
        "product.onHand: SOURCE_UNAVAILABLE, erp, erp Product.stock, inventory".to_owned(),
        format!("product.status: {identity}"),
        "products: SOURCE_UNAVAILABLE, erp, products, product".to_owned(),
    ];
    assert_eq!(faults(&answer, UNREACHED), lost);

    // Where nobody is asked who might know it, an entity that may or may not exist is not made up.
    let query = "{ productsByName(first: 1) { nodes { sku status } } product(sku: \"P3\") { sku } }";
    let answer = owners.freehold.answer(query, json!({})).await;
    assert_eq!(answer["data"], json!({"productsByName": {"nodes": [null]}, "product": null}));
    assert_eq!(
        faults(&answer, UNREACHED),
        [format!("product: {identity}"), format!("productsByName.nodes.0: {identity}")]
    );

    owners.erp.restart();
    assert_eq!(once_told(&owners.freehold, PRODUCTS).await, whole());
}

#[tokio::test]
async fn an_engine_that_starts_before_a_system_answers_once_it_is_there() {
    let owners = Owners::start(EngineSettings::default()).await;
    owners.pim.kill();
    let query = "{ product(sku: \"P1\") { status name } }";
    let answer = owners.freehold.answer(query, json!({})).await;
    assert_eq!(answer["data"], json!({"product": {"status": "ACTIVE", "name": null}}));
    owners.pim.restart();
    let expected = json!({"product": {"status": "ACTIVE", "name": "Product 1"}});
    assert_eq!(once_told(&owners.freehold, query).await, expected);
}

#[tokio::test]
async fn the_entries_of_a_dead_owner_are_bounded_and_say_how_many_more_there_were() {
    let owners = Owners::start(EngineSettings { errors_max: 3, ..EngineSettings::default() }).await;
    owners.pim.kill();
    let query = "{ products { nodes { sku name texts { text } } } }";
    let answer = owners.freehold.answer(query, json!({})).await;
    assert!(answer["data"]["products"]["nodes"].as_array().is_some_and(|nodes| nodes.len() == 5));
    let errors = answer["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 4);
    assert!(errors[..3].iter().all(|error| error["extensions"]["system"] == "pim"));
    assert_eq!(errors[3]["extensions"], json!({"code": "MORE_ERRORS", "more": 7}));
}

#[tokio::test]
async fn a_system_that_hangs_is_given_up_and_the_other_still_answers() {
    let owners = Owners::start(EngineSettings::default()).await;
    let mut holder = PgConnection::connect(&owners.pim_url).await.expect("the PIM is up");
    let mut lock = holder.begin().await.expect("a transaction");
    sqlx::query("lock table content in access exclusive mode").execute(&mut *lock).await.expect("the lock is free");
    let query = "{ product(sku: \"P1\") { status name } }";
    let answer = owners.freehold.answer(query, json!({})).await;
    assert_eq!(answer["data"], json!({"product": {"status": "ACTIVE", "name": null}}));
    let late = faults(&answer, "the system did not answer in time");
    assert_eq!(late, ["product.name: SOURCE_TIMEOUT, pim, pim Product, content"]);

    lock.rollback().await.expect("the lock is given up");
    let expected = json!({"product": {"status": "ACTIVE", "name": "Product 1"}});
    assert_eq!(owners.freehold.data(query, json!({})).await, expected);
}
