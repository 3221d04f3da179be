//! Every answer is classified, wherever it hides its error, and one key's error is that key's.

use std::time::Duration;

use freehold::fetch::{FetchErrorKind, Owner};
use serde_json::{Value, json};

use super::bound::{bound, keys, texts};
use crate::common::rest_server::{Answer, RestServer};

const BATCH: &str = "[Product]\nget = \"/products\"\nquery = { skus = \"{keys}\" }\n";

fn rows(skus: &str) -> Value {
    skus.split(',').map(|sku| json!({"sku": sku, "name": format!("N {sku}")})).collect()
}

#[tokio::test]
async fn s6_10_errors_lie_http_200_with_an_error_inside_is_that_error() {
    let errors = "errors = { at = \"/error\", code = \"/error/code\", map = { \"-32001\" = \"denied\", busy = \"throttled\", gone = \"not_found\", \
                  down = \"unavailable\" }, words = { \"no such item\" = \"not_found\", \"Deadlock\" = \"unavailable\" } }";
    let toml = format!(
        "[Product]\npost = \"/rpc\"\nbody = {{ method = \"item.read\", params = [\"{{key}}\"] }}\nrows = \"/result\"\n{errors}"
    );
    for (error, expected) in [
        (json!({"code": -32001}), json!("SOURCE_DENIED")),
        (json!({"code": "busy"}), json!("SOURCE_THROTTLED")),
        (json!({"code": "gone"}), Value::Null),
        (json!({"code": "down"}), json!("SOURCE_UNAVAILABLE")),
        (json!({"code": 7, "message": "There is No Such Item"}), Value::Null),
        (json!({"message": "deadlock found"}), json!("SOURCE_UNAVAILABLE")),
        (json!("Internal"), json!("SOURCE_BAD_REQUEST")),
        (json!(null), json!("N")),
    ] {
        let said = error.clone();
        let server = RestServer::start(move |asked| {
            let result = json!({"sku": asked.body["params"][0], "name": "N"});
            Answer::json(json!({"id": 1, "result": if said.is_null() { result } else { Value::Null }, "error": said}))
        })
        .await;
        assert_eq!(bound(&server, &toml).names(&["A"]).await, [expected], "{error}");
    }
    let server = RestServer::start(|_| Answer::json(json!({"success": false, "data": []}))).await;
    let flagged = bound(&server, &format!("{BATCH}rows = \"/data\"\nerrors = {{ unless = \"/success\" }}"));
    assert_eq!(flagged.names(&["A"]).await, [json!("SOURCE_BAD_REQUEST")]);
}

#[tokio::test]
async fn s6_10_errors_lie_an_error_where_the_rows_should_be_is_no_empty_answer() {
    for (body, said) in [(json!({"error": "x"}), "nothing at /rows"), (json!({"rows": "none"}), "\"none\" at /rows")] {
        let server = RestServer::start(move |_| Answer::json(body.clone())).await;
        let error = bound(&server, &format!("{BATCH}rows = \"/rows\"")).error("A").await;
        assert_eq!(error.kind, FetchErrorKind::ContractViolation);
        assert!(error.detail.contains(said), "{error}");
    }
    let server = RestServer::start(|_| Answer::text("<html>Please log in</html>")).await;
    let error = bound(&server, BATCH).error("A").await;
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert!(error.detail.contains("Please log in"));
}

#[tokio::test]
async fn s6_10_errors_lie_403_for_a_missing_id_is_absent_where_the_binding_says_so_and_denied_elsewhere() {
    let server = RestServer::start(|asked| match asked.path[1].as_str() {
        "missing" => Answer::status(403),
        sku => Answer::json(json!({"sku": sku, "name": "N"})),
    })
    .await;
    let toml = "[Product]\nget = \"/products/{key}\"";
    assert_eq!(bound(&server, toml).names(&["A", "missing"]).await, [json!("N"), json!("SOURCE_DENIED")]);
    let quirk = bound(&server, &format!("{toml}\nnot_found = [403]"));
    assert_eq!(quirk.names(&["A", "missing"]).await, [json!("N"), Value::Null]);
}

#[tokio::test]
async fn s6_10_errors_lie_404_for_a_wrong_path_is_not_the_absence_of_every_key() {
    let server = RestServer::start(|_| Answer::status(404)).await;
    assert_eq!(
        bound(&server, BATCH).names(&["A", "B"]).await,
        [json!("SOURCE_BAD_REQUEST"), json!("SOURCE_BAD_REQUEST")]
    );
}

#[tokio::test]
async fn s6_10_errors_lie_200_and_an_empty_list_for_an_unknown_filter_is_seen_by_a_key_that_is_always_there() {
    let server = RestServer::start(|asked| match asked.parameter("identifiers") {
        Some(skus) => {
            Answer::json(rows(skus).as_array().unwrap().iter().filter(|row| row["sku"] != "missing").cloned().collect())
        }
        None => Answer::json(json!([])),
    })
    .await;
    let filter =
        |name: &str| format!("[Product]\nget = \"/products\"\nquery = {{ {name} = \"{{keys}}\" }}\nwitness = \"A-1\"");
    assert_eq!(bound(&server, &filter("identifiers")).names(&["missing"]).await, [Value::Null]);
    assert_eq!(bound(&server, &filter("identifers")).names(&["missing"]).await, [json!("CONTRACT_VIOLATION")]);
    assert_eq!(server.n_calls(), 4);
}

#[tokio::test]
async fn s6_10_errors_lie_a_key_with_a_quote_that_gives_500_is_isolated_and_the_others_answer() {
    let server = RestServer::start(|asked| {
        let skus = asked.parameter("skus").unwrap();
        if skus.contains('\'') { Answer::status(500) } else { Answer::json(rows(skus)) }
    })
    .await;
    let mut wanted = keys(0..100);
    wanted[37] = "SP/1'4".to_owned();
    let whole = bound(&server, BATCH).names(&texts(&wanted)).await;
    assert!(whole.iter().all(|code| code == "SOURCE_UNAVAILABLE"));
    assert_eq!(server.n_calls(), 1, "a system that is down is not asked more often than one that is not");
    let isolated = bound(&server, &format!("{BATCH}isolate = true")).names(&texts(&wanted)).await;
    assert_eq!(isolated[37], json!("SOURCE_BAD_REQUEST"));
    assert_eq!(isolated.iter().filter(|name| name.as_str().is_some_and(|name| name.starts_with('N'))).count(), 99);
    assert!(server.n_calls() < 20, "{}", server.n_calls());
}

#[tokio::test]
async fn a_system_that_is_down_is_not_split() {
    for (status, n_calls) in [(503, 1), (429, 1), (401, 1), (500, 41)] {
        let server = RestServer::start(move |_| Answer::status(status)).await;
        let wanted = keys(0..100);
        let names = bound(&server, &format!("{BATCH}isolate = true")).names(&texts(&wanted)).await;
        assert!(names.iter().all(|code| *code == names[0] && code.is_string()));
        assert_eq!(server.n_calls(), n_calls, "{status}");
    }
}

#[tokio::test]
async fn a_row_that_is_an_error_fails_its_key_alone() {
    let server = RestServer::start(|_| {
        Answer::json(json!([
            {"sku": "A", "name": "N"},
            {"sku": "B", "error": {"code": "LOCKED"}},
            {"sku": "C", "error": {"code": "UNKNOWN"}},
            {"sku": "D", "error": {"code": "ODD"}},
        ]))
    })
    .await;
    let row_errors = "row_errors = { at = \"/error\", code = \"/error/code\", map = { LOCKED = \"unavailable\", UNKNOWN = \"not_found\" } }";
    let bound = bound(&server, &format!("{BATCH}{row_errors}"));
    let expected = [json!("N"), json!("SOURCE_UNAVAILABLE"), Value::Null, json!("SOURCE_BAD_REQUEST")];
    assert_eq!(bound.names(&["A", "B", "C", "D"]).await, expected);
}

#[tokio::test]
async fn s5_business_central_throttles_with_429_and_says_for_how_long() {
    let server = RestServer::start(|_| Answer::status(429).header("retry-after", "17")).await;
    let error = bound(&server, BATCH).error("A").await;
    assert_eq!((error.kind, error.retry_after), (FetchErrorKind::Throttled, Some(Duration::from_secs(17))));
}

#[tokio::test]
async fn s5_netsuite_rejects_with_400_faults_what_is_too_much_at_once() {
    let errors =
        "errors = { code = \"/o:errorDetails/*/o:errorCode\", map = { CONCURRENCY_LIMIT_EXCEEDED = \"throttled\" } }";
    for (code, kind) in
        [("CONCURRENCY_LIMIT_EXCEEDED", FetchErrorKind::Throttled), ("INVALID_PARAMETER", FetchErrorKind::BadRequest)]
    {
        let server = RestServer::start(move |_| {
            Answer::json(json!({"status": 400, "o:errorDetails": [{"o:errorCode": code}]})).with_status(400)
        })
        .await;
        assert_eq!(bound(&server, &format!("{BATCH}{errors}")).error("A").await.kind, kind);
    }
}

#[tokio::test]
async fn a_probe_is_answered_by_anything_but_a_refusal() {
    for (status, is_there) in [(200, true), (404, true), (403, true), (401, false), (500, false)] {
        let server = RestServer::start(move |_| Answer::status(status)).await;
        assert_eq!(bound(&server, BATCH).source.probe().await.is_ok(), is_there, "{status}");
    }
    let server = RestServer::start(|_| Answer::status(200)).await;
    let gone = bound(&server, BATCH);
    drop(server);
    tokio::task::yield_now().await;
    assert!(gone.source.probe().await.is_err());
}

#[tokio::test]
async fn a_key_whose_call_hangs_times_out_alone() {
    let server = RestServer::start(|asked| match asked.path[1].as_str() {
        "hangs" => Answer::never(),
        sku => Answer::json(json!({"sku": sku, "name": "N"})),
    })
    .await;
    let bound = bound(&server, "timeout = \"500ms\"\n[Product]\nget = \"/products/{key}\"");
    assert_eq!(bound.names(&["A", "hangs", "B"]).await, [json!("N"), json!("SOURCE_TIMEOUT"), json!("N")]);
}
