//! News of exceptions: told in order, at least once, signed, by one process of several; a receiver that fails holds up nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State as Extracted, http::HeaderMap, http::StatusCode, routing::post};
use freehold::{
    job,
    ledger::{Ledger, LedgerParts, Route},
    settings::LedgerSettings,
    telemetry::Telemetry,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::task::JoinHandle;

use super::place::{Place, metric, observed, until};

const SECRET: &str = "It's a Secret to Everybody";

/// A receiver that answers as it is told, and 200 behind that.
#[derive(Clone, Default)]
struct Receiver {
    answers: Arc<Mutex<VecDeque<u16>>>,
    received: Arc<Mutex<Vec<(u16, HeaderMap, Bytes)>>>,
}

impl Receiver {
    async fn start(answers: &[u16]) -> (Self, String, JoinHandle<()>) {
        let receiver = Self { answers: Arc::new(Mutex::new(answers.iter().copied().collect())), ..Self::default() };
        let router = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        (receiver, url, serving)
    }

    /// Returns what was taken, as change, entity key and number, in the order in which it came.
    fn told(&self) -> Vec<(String, String, i64)> {
        let received = self.received.lock().unwrap();
        let taken = received.iter().filter(|(status, ..)| *status == 200);
        let mut told = Vec::new();
        for (_, _, body) in taken {
            let body: Value = serde_json::from_slice(body).expect("JSON");
            for change in body["changes"].as_array().expect("a list") {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                let number = change["id"].to_string().parse().expect("a number");
                told.push((text(&change["change"]), text(&change["exception"]["entity"]["key"]), number));
            }
        }
        told
    }
}

async fn take(Extracted(receiver): Extracted<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    receiver.received.lock().unwrap().push((status, headers, body));
    StatusCode::from_u16(status).expect("a status")
}

async fn open(place: &Place, url: &str, changed: impl Fn(Route) -> Route) -> (Ledger, Telemetry) {
    let telemetry = Telemetry::new();
    let route = changed(job::route_to(url, SECRET.to_owned()).expect("a route"));
    let settings = LedgerSettings { written_every: Duration::from_millis(5), ..LedgerSettings::default() };
    let parts = LedgerParts { address: place.address(), route: Some(route), telemetry: telemetry.clone() };
    let ledger = Ledger::open(parts, &settings).await.expect("a ledger");
    // Who tells has to have begun: what was there before is the past.
    let begun = || async {
        let mut rows = place.webhooks().await;
        rows.pop().is_some()
    };
    until("it tells", begun).await;
    (ledger, telemetry)
}

fn words(told: &[(String, String, i64)]) -> Vec<(&str, &str)> {
    told.iter().map(|(change, key, _)| (change.as_str(), key.as_str())).collect()
}

#[tokio::test]
async fn news_is_told_in_order_and_again_until_it_is_taken() {
    for place in Place::both() {
        place.after([observed("K0", 1, &["HOLD"])]).await;
        let (receiver, url, _serving) = Receiver::start(&[503, 500]).await;
        let (ledger, telemetry) = open(&place, &url, |route| route).await;
        for (at_ms, codes) in [(10, &["HOLD"][..]), (20, &[]), (30, &["HOLD"])] {
            ledger.note(observed("K1", at_ms, codes));
            ledger.note(observed("K2", at_ms, &["LATE"]));
        }
        until("all is told", || async { receiver.told().len() >= 4 }).await;
        let told = receiver.told();
        let of_k1: Vec<_> = words(&told).into_iter().filter(|(_, key)| *key == "K1").collect();
        assert_eq!(of_k1, [("NEW", "K1"), ("RESOLVED", "K1"), ("REOPENED", "K1")]);
        assert_eq!(told.len(), 4, "the past, and what holds on, is no news: {told:?}");
        assert!(told.is_sorted_by_key(|(.., id)| *id));
        assert_eq!(metric(&telemetry, "freehold_ledger_webhook_total{outcome=\"refused\"}"), 2);
        let received = receiver.received.lock().unwrap();
        // What is sent again is the same, byte for byte, and has the same name.
        assert_eq!(received[0].2, received[1].2);
        assert_eq!(received[0].1["freehold-delivery"], received[2].1["freehold-delivery"]);
        // Limits and prices are for those who may ask for them.
        assert!(received.iter().all(|(.., body)| !String::from_utf8_lossy(body).contains("limit")));
    }
}

#[tokio::test]
async fn a_message_is_signed_with_its_time() {
    let place = Place::sqlite();
    let (receiver, url, _serving) = Receiver::start(&[]).await;
    let (ledger, _) = open(&place, &url, |route| route).await;
    ledger.note(observed("K1", 10, &["HOLD"]));
    until("it is told", || async { !receiver.told().is_empty() }).await;
    let received = receiver.received.lock().unwrap();
    let (_, headers, body) = &received[0];
    let header = |name: &str| headers[name].to_str().expect("a text");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(header("freehold-timestamp").as_bytes());
    mac.update(b".");
    mac.update(body);
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header("freehold-signature"), format!("sha256={expected}"));
    let age = jiff::Timestamp::now().as_second() - header("freehold-timestamp").parse::<i64>().expect("seconds");
    assert!((0..30).contains(&age));
    assert_eq!(header("content-type"), "application/json");
}

#[tokio::test]
async fn of_two_processes_one_tells_and_the_next_goes_on_where_it_ended() {
    for place in Place::both() {
        let (receiver, url, _serving) = Receiver::start(&[]).await;
        let (first, _) = open(&place, &url, |route| route).await;
        let (second, _) = open(&place, &url, |route| route).await;
        for n in 0..20 {
            first.note(observed(&format!("A{n}"), n, &["HOLD"]));
            second.note(observed(&format!("B{n}"), n, &["HOLD"]));
        }
        until("all is told", || async { receiver.told().len() >= 40 }).await;
        // Whoever ends between a message and writing down that it was taken leaves it to be told again.
        let last = receiver.told().last().expect("news").2;
        until("it is written down", || async { place.webhooks().await == [last] }).await;
        first.close(Duration::from_secs(5)).await;
        second.close(Duration::from_secs(5)).await;
        let told = receiver.told();
        assert_eq!(told.len(), 40, "{told:?}");
        assert!(told.is_sorted_by_key(|(.., id)| *id));
        // Nobody tells; then somebody does again.
        place.after([observed("C", 100, &["HOLD"])]).await;
        place.run("update webhook set held_until_ms = 0").await;
        let (_third, _) = open(&place, &url, |route| route).await;
        until("it is told", || async { receiver.told().len() > 40 }).await;
        assert_eq!(words(&receiver.told()[40..]), [("NEW", "C")]);
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_holds_up_nothing_and_is_given_up() {
    let place = Place::sqlite();
    let (receiver, url, _serving) = Receiver::start(&[500; 3]).await;
    let (ledger, telemetry) =
        open(&place, &url, |route| Route { given_up_after: Duration::from_millis(600), changes_max: 1, ..route }).await;
    ledger.note(observed("K1", 10, &["HOLD"]));
    ledger.note(observed("K2", 10, &["HOLD"]));
    until("the second is told", || async { !receiver.told().is_empty() }).await;
    assert_eq!(words(&receiver.told()), [("NEW", "K2")]);
    assert_eq!(metric(&telemetry, "freehold_ledger_webhook_total{outcome=\"given_up\"}"), 1);
    assert_eq!(metric(&telemetry, "freehold_ledger_observations_total{outcome=\"recorded\"}"), 2);
}
