//! What is kept, over the wire: callers tighten it, caches on the way are told of it, and a system's message takes it back.

use std::sync::Arc;

use freehold::{
    cache::Cache,
    contract::{Files, load},
    engine::Engine,
    owner,
    settings::{CacheSettings, EngineSettings, HttpSettings},
    telemetry::Telemetry,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::{
    client::{Response, send},
    server::Server,
};

const GRAPH: &str = r#"
type Query { product(sku: ID!): Product @ref(key: "sku: $sku") }
type Product @key(fields: "sku") @owner(system: "pim") @domain(name: "product") { sku: ID! name: String }
"#;

const SETTINGS: &str = "systems = [\"pim.toml\"]\n[freshness.product]\nmax_age = \"1h\"";

const PIM: &str = r#"
kind = "sqlite"
url = "${PIM}"
[Product]
query = "select sku, name from product where sku in (:keys)"
key = { case = "lower", graph_case = "upper" }
[changes.webhook]
secret = "hush"
signature = { header = "X-Signature", encoding = "hex", prefix = "sha256=" }
delivery = { header = "X-Delivery" }
handshake = { parameter = "validationToken" }
[changes.webhook.Product]
when = { "/topic" = "product.updated" }
rows = "/data/*"
key.sku = "/sku"
"#;

const QUERY: &str = "/graphql?query={product(sku:\"A-1\"){name}}";

struct Shop {
    server: Server,
    database: SqliteConnection,
    _folder: tempfile::TempDir,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pim.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut database = SqliteConnection::connect(&url).await.expect("a database");
        let rows = "pragma journal_mode = wal; create table product (sku text primary key, name text);
            insert into product values ('a-1', 'one')";
        sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut database).await.expect("the rows");
        let files = [("graph.graphql", GRAPH), ("freehold.toml", SETTINGS), ("pim.toml", PIM)];
        let files = Files::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        let loaded = load(&files, &|_| Some(path.display().to_string()));
        let Some(contract) = loaded.contract else { panic!("{:#?}", loaded.diagnostics) };
        let (contract, telemetry) = (Arc::new(contract), Telemetry::new());
        let owners = owner::open(&contract, &telemetry);
        let cache = Cache::new(&contract, owners, CacheSettings::default(), &telemetry);
        let engine = Engine::new(contract, cache, EngineSettings::default(), telemetry).expect("an engine");
        let server = Server::start(engine, HttpSettings::default()).await;
        Self { server, database, _folder: folder }
    }

    async fn rename(&mut self, name: &str) {
        let update = format!("update product set name = '{name}'");
        sqlx::raw_sql(AssertSqlSafe(update)).execute(&mut self.database).await.expect("an update");
    }

    async fn ask(&self, headers: &[(&str, &str)]) -> Response {
        send(self.server.address, "GET", &QUERY.replace('"', "%22"), headers, "").await
    }

    async fn name(&self, headers: &[(&str, &str)]) -> String {
        let response = self.ask(headers).await;
        response.json()["data"]["product"]["name"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
    }

    async fn tell(&self, delivery: &str, body: &str) -> Response {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").expect("any key");
        mac.update(body.as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [("x-signature", &*format!("sha256={hex}")), ("x-delivery", delivery)];
        send(self.server.address, "POST", "/changes/pim", &headers, body).await
    }
}

#[tokio::test]
async fn a_caller_gets_something_fresher_for_the_asking_and_in_every_way_of_asking() {
    let mut shop = Shop::open().await;
    let first = shop.ask(&[]).await;
    shop.rename("two").await;
    assert_eq!(shop.name(&[]).await, "one", "it is kept");
    assert_eq!(shop.name(&[("freehold-max-age", "30m, product=20m")]).await, "one", "and young enough");
    assert_eq!(shop.name(&[("freehold-max-age", "product=0s")]).await, "two");
    assert_eq!(shop.name(&[]).await, "two", "what came for one is there for all");
    shop.rename("three").await;
    assert_eq!(shop.name(&[("cache-control", "no-cache")]).await, "three");
    shop.rename("four").await;
    let as_of = shop.ask(&[]).await.header("freehold-as-of").to_owned();
    assert_ne!(as_of, first.header("freehold-as-of"));
    assert_eq!(shop.name(&[("freehold-not-before", "2026-01-01T00:00:00Z")]).await, "three", "it is younger");
    assert_eq!(shop.name(&[("freehold-not-before", &as_of)]).await, "four");
    shop.rename("five").await;
    let body = r#"{"query":"{product(sku:\"A-1\"){name}}","extensions":{"freshness":{"maxAgeOf":{"product":"0s"}}}}"#;
    let posted = send(shop.server.address, "POST", "/graphql", &[("content-type", "application/json")], body).await;
    assert_eq!(posted.json()["data"]["product"]["name"], "five");
    let refused = shop.ask(&[("freehold-max-age", "prodct=0s")]).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["extensions"]["code"]),
        (400, &"INVALID_FRESHNESS".into())
    );
}

#[tokio::test]
async fn an_answer_says_who_answered_it_where_it_is_asked_to() {
    let shop = Shop::open().await;
    assert!(shop.ask(&[]).await.json()["extensions"].is_null(), "nothing where it is not asked to");
    let said = shop.ask(&[("freehold-provenance", "true")]).await.json();
    let answered = &said["extensions"]["freehold"]["answeredBy"][0];
    assert_eq!(
        (&answered["system"], &answered["path"], &answered["type"]),
        (&"pim".into(), &"product".into(), &"Product".into())
    );
    assert_eq!((&answered["domain"], &answered["maxAgeMs"]), (&"product".into(), &3_600_000.into()));
    assert_eq!(answered["from"], serde_json::json!({ "memory": 1, "redis": 0, "owner": 0 }));
    assert_eq!(answered["fields"], serde_json::json!(["name"]));
    assert!(answered["asOf"].is_string() && answered["ageMs"].is_number(), "{answered}");
    let body = r#"{"query":"{product(sku:\"A-1\"){name}}","extensions":{"provenance":true}}"#;
    let posted = send(shop.server.address, "POST", "/graphql", &[("content-type", "application/json")], body).await;
    assert_eq!(posted.json()["extensions"]["freehold"]["answeredBy"][0]["records"], 1);
    let wrong = body.replace("true", "7");
    let refused = send(shop.server.address, "POST", "/graphql", &[("content-type", "application/json")], &wrong).await;
    assert_eq!(refused.status, 400, "{refused:?}");
}

#[tokio::test]
async fn caches_on_the_way_are_told_how_old_an_answer_is_and_whether_they_have_it() {
    let shop = Shop::open().await;
    let first = shop.ask(&[]).await;
    let (age, control) = (first.header("age"), first.header("cache-control"));
    assert!(age == "0" || age == "1", "{first:?}");
    let max_age = control.strip_prefix("private, max-age=").and_then(|rest| rest.strip_suffix(", must-revalidate"));
    let max_age: u64 = max_age.and_then(|seconds| seconds.parse().ok()).unwrap_or_else(|| panic!("{control}"));
    let left = max_age - age.parse::<u64>().expect("checked above");
    assert!((3_590..3_600).contains(&left), "{left}");
    let tag = first.header("etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = shop.ask(&[("if-none-match", &known)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
        assert!(!again.header("vary").is_empty() && again.header("etag").contains(&tag));
    }
    assert_eq!(shop.ask(&[("if-none-match", "\"x\"")]).await.status, 200);
    let own = send(shop.server.address, "GET", "/graphql?query={__typename}", &[], "").await;
    assert_eq!(own.header("cache-control"), "private, no-cache");
    let wrong = send(shop.server.address, "GET", "/graphql?query={nothing}", &[], "").await;
    assert_eq!((wrong.header("cache-control"), wrong.header("etag")), ("no-store", ""));
    // A long answer is compressed, and then no longer the bytes that its tag names.
    let long = "/graphql?query={__schema{types{name%20description%20fields{name%20description}}}}";
    let plain = send(shop.server.address, "GET", long, &[], "").await.header("etag").to_owned();
    let packed = send(shop.server.address, "GET", long, &[("accept-encoding", "gzip")], "").await;
    assert_eq!((packed.header("content-encoding"), packed.header("etag")), ("gzip", &*format!("W/{plain}")));
}

#[tokio::test]
async fn a_message_takes_back_what_it_names_and_nothing_else_does() {
    let mut shop = Shop::open().await;
    assert_eq!(shop.name(&[]).await, "one");
    shop.rename("two").await;
    let about = |sku: &str| format!(r#"{{"topic":"product.updated","data":[{{"sku":"{sku}"}}]}}"#);
    for (signature, status) in [("sha256=00", 401), ("", 401)] {
        let headers = [("x-signature", signature)];
        let forged = send(shop.server.address, "POST", "/changes/pim", &headers, &about("a-1")).await;
        assert_eq!(forged.status, status);
    }
    assert_eq!(shop.name(&[]).await, "one", "a forged message does nothing");
    let other = shop.tell("1", &about("b-2")).await;
    assert_eq!((other.status, other.json()), (202, serde_json::json!({ "recalled": 1 })));
    assert_eq!(shop.name(&[]).await, "one");
    assert_eq!(shop.tell("2", &about("a-1")).await.json(), serde_json::json!({ "recalled": 1 }));
    assert_eq!(shop.name(&[]).await, "two", "the system writes its keys in another case");
    let again = shop.tell("2", &about("a-1")).await;
    assert_eq!((again.status, again.json()), (202, serde_json::json!({ "recalled": 0, "repeated": true })));
    let unread = serde_json::json!({ "recalled": 0, "recalledWhole": ["Product"], "unread": 1 });
    assert_eq!(shop.tell("3", r#"{"topic":"product.updated","data":[{"no":7}]}"#).await.json(), unread);
    assert_eq!(shop.tell("4", "<product/>").await.json(), unread);
    let unmatched = shop.tell("5", r#"{"topic":"order.created"}"#).await;
    assert_eq!(unmatched.json(), serde_json::json!({ "recalled": 0, "unmatched": true }));
    let metrics = shop.server.address;
    assert_eq!(send(metrics, "POST", "/changes/erp", &[], "{}").await.status, 404);
    for method in ["GET", "PUT"] {
        let refused = send(metrics, method, "/changes/pim", &[], "").await;
        assert_eq!((refused.status, refused.header("allow")), (405, "POST"));
    }
    let greeted = send(metrics, "POST", "/changes/pim?validationToken=a%20b", &[], "").await;
    assert_eq!(
        (greeted.status, &*greeted.body, greeted.header("content-type")),
        (200, &b"a b"[..], "text/plain; charset=utf-8")
    );
}
