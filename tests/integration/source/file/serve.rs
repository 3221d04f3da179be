//! Which file is served: the newest complete one, whole, until the next.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use freehold::{
    contract::{Files, load},
    fetch::{Fetch, FetchErrorKind, Owner},
    job::{LiveOptions, check_live},
    source::FileSource,
    telemetry::Telemetry,
    value::{GroupId, Key, SystemId},
};
use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

use super::{Drop, contract, orders, prices};

#[tokio::test]
async fn a_half_written_file_waits_and_the_old_one_serves_until_it_is_whole() {
    let drop = Drop::new(&[]);
    drop.write("prices-1.csv", prices(&[("A", "1.00"), ("B", "2.00")]), -10_000);
    drop.look(0);
    assert_eq!(drop.price("A").await, "1.00");
    let whole = prices(&[("A", "1.50"), ("B", "2.50")]);
    drop.write("prices-2.csv", &whole[..whole.len() - 20], 0);
    assert!(drop.look(100), "it is being written, so another look is due");
    drop.write("prices-2.csv", &whole, 1_000);
    for after_ms in [1_000, 1_900, 2_900] {
        assert!(drop.look(after_ms));
        assert_eq!((drop.price("A").await, drop.price("B").await), (json!("1.00"), json!("2.00")), "{after_ms}");
    }
    assert!(!drop.look(3_000));
    assert_eq!((drop.price("A").await, drop.price("B").await), (json!("1.50"), json!("2.50")));
    assert_eq!(drop.metric(r#"freehold_files_loaded_total{system="drop",group="drop Price"}"#), 2);
    assert_eq!(drop.metric(r#"freehold_file_rows{system="drop",group="drop Price"}"#), 2);
}

#[tokio::test]
async fn a_malformed_file_keeps_the_old_one_serving_and_is_reported_once() {
    let drop = Drop::new(&[]);
    orders(&drop);
    drop.write("prices-1.csv", prices(&[("A", "1.00")]), -10_000);
    drop.look(0);
    assert!(drop.source.probe().await.is_ok());
    for (n, (text, said)) in [
        ("sku;Net Price;text;category;status\nA;2.00\n", "line 2: 2 cells where there are 5 columns"),
        ("sku;Price;text;category;status\n", "it has no column `Net Price`"),
        ("sku;Net Price;category;status\n", "it has no column for text"),
        ("", "it has no first line that names its columns"),
    ]
    .into_iter()
    .enumerate()
    {
        let (name, at) = (format!("prices-2{n}.csv"), 10_000 * (n as i64 + 1));
        drop.write(&name, text, at);
        drop.settle(at);
        drop.look(at + 5_000);
        assert_eq!(drop.price("A").await, "1.00");
        let trouble = drop.trouble().await;
        assert_eq!(trouble.kind, FetchErrorKind::ContractViolation, "the system answers, and says something wrong");
        assert!(
            trouble.detail.contains(&format!("{name}: {said}; prices-1.csv is still served")),
            "{}",
            trouble.detail
        );
        assert!(!trouble.detail.contains("2.00"), "what a file holds is not told");
        let refused = drop.metric(r#"freehold_files_refused_total{system="drop",group="drop Price"}"#);
        assert_eq!(refused, n as u64 + 1, "once for each file");
    }
    drop.write("prices-3.csv", prices(&[("A", "3.00")]), 90_000);
    drop.settle(90_000);
    assert_eq!(drop.price("A").await, "3.00");
    assert!(drop.source.probe().await.is_ok());
}

#[tokio::test]
async fn a_restart_serves_the_newest_file_that_is_good() {
    let drop = Drop::new(&[]);
    for (name, text) in [
        ("prices-1.csv", prices(&[("A", "1.00")])),
        ("prices-2.csv", prices(&[("A", "2.00")])),
        ("prices-3.csv", "A;\"".to_owned()),
    ] {
        drop.write(name, text, -100_000 + i64::from(name.as_bytes()[7]));
    }
    drop.look(0);
    assert_eq!(drop.price("A").await, "2.00");
    let drop = drop.restarted(&[]);
    drop.look(0);
    assert_eq!(drop.price("A").await, "2.00");
    let loaded = drop.source.loaded();
    assert!(loaded.iter().all(|loaded| loaded.file == "prices-2.csv"), "{loaded:?}");
}

#[tokio::test]
async fn a_file_that_disappears_goes_on_being_served_and_ages() {
    let drop = Drop::new(&[]);
    drop.write("prices-1.csv", prices(&[("A", "1.00")]), -20_000);
    drop.write("prices-2.csv", prices(&[("A", "2.00")]), -10_000);
    drop.look(0);
    let as_of = drop.as_of("A").await;
    assert_eq!(as_of.as_millisecond(), drop.start_ms - 10_000);
    fs::remove_file(drop.path("prices-2.csv")).unwrap();
    drop.settle(5_000);
    assert_eq!(drop.price("A").await, "2.00", "nothing goes back to an older night");
    assert_eq!(drop.as_of("A").await, as_of);
    let folder = drop.folder.path().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    drop.look(60_000);
    assert_eq!(drop.price("A").await, "2.00");
    assert!(drop.trouble().await.detail.contains("the folder cannot be read"));
    fs::create_dir(&folder).unwrap();
}

#[tokio::test]
async fn a_file_that_is_written_again_is_loaded_again() {
    let drop = Drop::new(&[("prices-*.csv", "prices.csv")]);
    drop.write("prices.csv", prices(&[("A", "1.00")]), -10_000);
    drop.look(0);
    drop.write("prices.csv", prices(&[("A", "2.00"), ("B", "3.00")]), 5_000);
    drop.look(5_000);
    assert_eq!((drop.price("A").await, drop.price("B").await), (json!("1.00"), Value::Null));
    drop.look(7_000);
    assert_eq!((drop.price("A").await, drop.price("B").await), (json!("2.00"), json!("3.00")));
}

#[tokio::test]
async fn a_marker_or_a_last_line_says_that_a_file_is_whole() {
    let drop = Drop::new(&[("prices-*.csv\"\n", "prices-*.csv\"\ncomplete = \"{name}.done\"\n")]);
    drop.write("prices-1.csv", prices(&[("A", "1.00")]), -10_000);
    drop.look(0);
    let error = drop.outcome("A").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unavailable);
    assert_eq!(error.detail, "drop Price: prices-1.csv waits for prices-1.csv.done");
    drop.write("prices-1.csv.done", "", 1_000);
    drop.look(1_000);
    assert_eq!(drop.price("A").await, "1.00", "a marker needs no rest");

    let drop = Drop::new(&[("prices-*.csv\"\n", "prices-*.csv\"\ncomplete = { footer = \"END;{rows};*\" }\n")]);
    drop.write("prices-1.csv", prices(&[("A", "1.00")]) + "END;1;;;\n", -20_000);
    drop.write("prices-2.csv", prices(&[("A", "2.00")]) + "END;2;;;\n", -10_000);
    drop.write("prices-3.csv", prices(&[("A", "3.00")]), -5_000);
    drop.look(0);
    assert_eq!(drop.price("A").await, "1.00");
    assert_eq!(drop.metric(r#"freehold_files_refused_total{system="drop",group="drop Price"}"#), 2);
}

#[tokio::test]
async fn an_order_and_its_lines_are_of_one_night() {
    let drop = Drop::new(&[]);
    let order = "{ order(number: \"O-1\") { account lines { no sku quantity } } }";
    let night = |account: &str, quantity: &str| {
        (
            format!("{{\"order\": {{\"no\": \"O-1\"}}, \"account\": \"{account}\"}}\n"),
            format!("order_no,pos,sku,quantity\nO-2,1,X,1\nO-1,2,B,{quantity}\nO-1,10,A,1\n"),
        )
    };
    let (orders, lines) = night("C-1", "1.50");
    drop.write("orders-1.ndjson", orders, -10_000);
    drop.write("order-lines-1.csv", lines, -10_000);
    drop.look(0);
    let first = json!({"order": {"account": "C-1", "lines": [
        {"no": 2, "sku": "B", "quantity": "1.50"}, {"no": 10, "sku": "A", "quantity": "1"},
    ]}});
    assert_eq!(drop.data(order).await, first, "lines come in the order of their file");
    let (orders, lines) = night("C-2", "2.50");
    drop.write("orders-2.ndjson", orders, 1_000);
    drop.settle(1_000);
    assert_eq!(drop.data(order).await, first, "the lines are not there yet");
    drop.write("order-lines-2.csv", "order_no,pos,sku,quantity\nO-1,1,\"", 5_000);
    drop.settle(5_000);
    assert_eq!(drop.data(order).await, first, "the lines are malformed");
    drop.write("order-lines-2.csv", lines, 9_000);
    drop.settle(9_000);
    let second = drop.data(order).await;
    assert_eq!(
        (&second["order"]["account"], &second["order"]["lines"][0]["quantity"]),
        (&json!("C-2"), &json!("2.50"))
    );
}

#[tokio::test]
async fn a_file_says_since_when_its_rows_hold_by_name_column_or_time() {
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let drop = Drop::new(&[("[Price]\n", "[Price]\nas_of = { name = \"prices-%Y%m%d.csv\" }\n")]);
    let today = Timestamp::from_millisecond(drop.start_ms).unwrap().in_tz("Europe/Berlin").unwrap();
    let named = |day: &Zoned| format!("prices-{}.csv", day.strftime("%Y%m%d"));
    drop.write(&named(&today.yesterday().unwrap()), prices(&[("A", "1.00")]), -1_000);
    drop.write(&named(&today), prices(&[("A", "2.00")]), -9_000);
    drop.write("prices-copy.csv", prices(&[("A", "3.00")]), -500);
    orders(&drop);
    drop.settle(0);
    assert_eq!(drop.price("A").await, "2.00", "the day counts, not when it was copied");
    let begin = today.start_of_day().unwrap().timestamp();
    assert_eq!(drop.as_of("A").await, begin, "a day begins in the binding's zone");
    let unread = drop.trouble().await;
    assert!(unread.detail.contains("prices-copy.csv: its name does not tell"), "{}", unread.detail);

    let drop = Drop::new(&[("[Price]\n", "[Price]\nas_of = \"made\"\n")]);
    let text = "sku;Net Price;text;category;status;made\nA;1;;P;A;2026-07-01 08:00:00\nB;1;;P;A;2026-07-02T00:00:00Z\nC;1;;P;A;\n";
    drop.write("prices-1.csv", text, -9_000);
    drop.look(0);
    assert_eq!(drop.as_of("A").await, instant("2026-07-01T06:00:00Z"));
    assert_eq!(drop.as_of("B").await, instant("2026-07-02T00:00:00Z"));
    assert_eq!(drop.outcome("C").await.unwrap_err().kind, FetchErrorKind::ContractViolation, "it says nothing");

    let drop = Drop::new(&[]);
    drop.write("prices-1.csv", prices(&[("A", "1.00")]), -9_000);
    drop.look(0);
    assert_eq!(drop.as_of("A").await.as_millisecond(), drop.start_ms - 9_000);
    assert_eq!(drop.as_of("nobody").await.as_millisecond(), drop.start_ms - 9_000, "an absence is as old as the file");
}

#[tokio::test]
async fn a_file_past_the_bound_is_refused_with_its_size() {
    let drop = Drop::new(&[("settle = \"2s\"", "settle = \"2s\"\nbytes_max = 60")]);
    drop.write("prices-1.csv", prices(&[("A", "1.00"), ("B", "1.00")]), -9_000);
    drop.look(0);
    let error = drop.outcome("A").await.unwrap_err();
    assert_eq!(error.detail, "drop Price: prices-1.csv: it has 83 bytes, and `bytes_max` allows 60");
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
}

#[tokio::test]
async fn without_a_file_the_system_is_unavailable() {
    let drop = Drop::new(&[]);
    drop.look(0);
    let error = drop.outcome("A").await.unwrap_err();
    assert_eq!(
        (error.kind, error.detail.as_str()),
        (FetchErrorKind::Unavailable, "drop Price: no file is named prices-*.csv")
    );
    assert_eq!(drop.trouble().await.kind, FetchErrorKind::Unavailable);
}

#[tokio::test]
async fn a_live_check_tells_of_the_refused_file_and_asks_what_is_served() {
    let drop = Drop::new(&[]);
    orders(&drop);
    drop.write("prices-1.csv", prices(&[("A", "1.00"), ("B", "2.00")]), -9_000);
    drop.write("prices-2.csv", "sku;Net Price;text;category;status\nA;2.00", -5_000);
    let folder = drop.folder.path().display().to_string();
    let contract = Arc::new(contract(&folder, &[("settle = \"2s\"", "settle = \"0s\"")]));
    let options = LiveOptions { samples: Default::default(), patience: Duration::from_secs(30) };
    let report = check_live(&contract, options).await;
    let failure = report.systems[0].outcome.as_ref().unwrap_err();
    assert_eq!(failure.code, "CONTRACT_VIOLATION");
    let said = "drop Price: prices-2.csv: line 2: 2 cells where there are 5 columns; prices-1.csv is still served";
    assert!(failure.detail.contains(said), "{}", failure.detail);
    assert_eq!(report.systems[0].n_unasked, 0);
    let asked = report.asks.iter().find(|ask| ask.name == "Price").unwrap();
    assert_eq!((asked.n_rows, asked.failures.len()), (2, 0), "{asked:?}");
}

/// The only test with a real clock: the thread looks by itself, and finds what is put there later.
#[tokio::test]
async fn a_watched_folder_is_served_from_the_start_and_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("prices.csv"), "sku,amount\nA,1.00\n").unwrap();
    let files = Files::new([
        (
            "graph.graphql".to_owned(),
            "type Query { price(sku: String!): Price @ref(key: \"sku: $sku\") }\n\
             type Price @key(fields: \"sku\") @owner(system: \"drop\") @domain(name: \"price\") { sku: String! amount: Decimal }"
                .to_owned(),
        ),
        ("freehold.toml".to_owned(), "systems = [\"drop.toml\"]".to_owned()),
        (
            "drop.toml".to_owned(),
            "kind = \"file\"\nurl = \"file://${DROP}\"\nsettle = \"0s\"\n[Price]\nglob = \"prices.csv\"\n".to_owned(),
        ),
    ]);
    let loaded = load(&files, &|_| Some(folder.path().display().to_string()));
    let contract = Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)));
    let source = FileSource::watched(contract, SystemId(0), Telemetry::new());
    let until = Instant::now() + Duration::from_secs(20);
    let exists = async |sku: &str| {
        let fetch = Fetch { group: GroupId(0), keys: [Key::one(sku)].into(), deadline: until };
        source.fetch(fetch).await.remove(0).unwrap().table().is_some()
    };
    assert!(exists("A").await, "the first question waits for the first look");
    fs::write(folder.path().join(".prices.new"), "sku,amount\nB,1.00\n").unwrap();
    fs::rename(folder.path().join(".prices.new"), folder.path().join("prices.csv")).unwrap();
    while !exists("B").await {
        assert!(Instant::now() < until, "the change was not noticed");
        tokio::task::yield_now().await;
    }
    assert!(!exists("A").await);
}
