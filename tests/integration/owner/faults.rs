//! A network that fails between the guards and a real server: each fault is a classified failure in bounded time, and when
//! it is over the same owner answers again.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use freehold::{
    contract::{Contract, Guards, Secret, SystemKind},
    fetch::{FetchErrorKind, Outcome, Owner},
    owner,
    telemetry::Telemetry,
    value::{Adaptations, GroupId, Key, Scalar, ShapeId, SystemId},
};
use serde_json::json;

use crate::common::{
    binding::{Bindings, leaf, shown},
    fault_proxy::{Fault, FaultProxy},
    system::{System, later},
};

const TIMEOUT: Duration = Duration::from_millis(600);
/// Far longer than the timeout, and far shorter than anyone waits for a page: what a busy machine needs.
const BOUND: Duration = Duration::from_secs(4);

/// An owner over PostgreSQL behind a proxy.
struct Case {
    proxy: FaultProxy,
    owner: Arc<dyn Owner>,
    contract: Arc<Contract>,
    shape: ShapeId,
    group: GroupId,
}

impl Case {
    async fn start() -> Self {
        let system = System::postgres();
        system.load("create table item (no text, name text); insert into item values ('A', repeat('Bolt', 100))").await;
        let System::Postgres { url } = system else { panic!("it is PostgreSQL") };
        let server = url.split(['@', '/']).nth(3).expect("postgres://user@host:port/database");
        let proxy = FaultProxy::start(server.parse::<SocketAddr>().expect("an address")).await;
        let url = url.replace(server, &proxy.address().to_string());
        // Without a breaker: what is shown is each fault by itself, and that the next question after it is answered.
        let mut bindings = Bindings::new().timeout(TIMEOUT).guards(Guards { breaker: None, ..Guards::default() });
        let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
        let query = "select no as sku, name from item where no in (:keys)";
        let group = bindings.group(shape, "sku", query, &[], Adaptations::default());
        let contract = bindings.contract(SystemKind::Postgres { url: Secret::new(url) });
        let owner = owner::open(&contract, &Telemetry::new()).of(SystemId(0)).clone();
        Self { proxy, owner, contract, shape, group }
    }

    async fn ask(&self) -> Outcome {
        let keys = [Key::one("A")].into();
        self.owner.fetch(freehold::fetch::Fetch { group: self.group, keys, deadline: later() }).await.remove(0)
    }

    async fn answers(&self) {
        let outcome = self.ask().await.expect("nothing is wrong");
        assert_eq!(shown(&self.contract, self.shape, &outcome), json!({"name": "Bolt".repeat(100)}));
    }

    /// Asks over a connection that has answered before and over one that is made while the fault lasts; each time within
    /// bounds. Then the fault is over.
    async fn fails_as(&self, fault: Fault, kinds: &[FetchErrorKind]) {
        self.answers().await;
        self.proxy.set(fault);
        for _ in 0..2 {
            let begun = Instant::now();
            let error = self.ask().await.expect_err("it cannot answer");
            assert!(kinds.contains(&error.kind), "{fault:?} gave {error}");
            assert!(begun.elapsed() < BOUND, "{fault:?} took {:?}", begun.elapsed());
        }
        self.proxy.set(Fault::None);
        self.answers().await;
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_is_unavailable_and_made_again() {
    Case::start().await.fails_as(Fault::Cut, &[FetchErrorKind::Unavailable]).await;
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_times_out() {
    // A connection that is never made is given up by the source itself, which calls it unavailable.
    let kinds = [FetchErrorKind::Timeout, FetchErrorKind::Unavailable];
    Case::start().await.fails_as(Fault::HalfOpen, &kinds).await;
}

#[tokio::test]
async fn answers_later_than_the_timeout_are_not_waited_for() {
    let kinds = [FetchErrorKind::Timeout, FetchErrorKind::Unavailable];
    Case::start().await.fails_as(Fault::Latency(2 * TIMEOUT), &kinds).await;
}

#[tokio::test]
async fn answers_that_only_drip_are_not_waited_for() {
    let kinds = [FetchErrorKind::Timeout, FetchErrorKind::Unavailable];
    Case::start().await.fails_as(Fault::Drip { bytes: 2, every: Duration::from_millis(50) }, &kinds).await;
}

#[tokio::test]
async fn a_corrupt_answer_is_a_failure_and_never_a_value() {
    let kinds = [FetchErrorKind::Timeout, FetchErrorKind::Unavailable, FetchErrorKind::ContractViolation];
    Case::start().await.fails_as(Fault::Corrupt, &kinds).await;
}

#[tokio::test]
async fn a_line_that_is_only_slow_is_only_slow() {
    let case = Case::start().await;
    case.answers().await;
    case.proxy.set(Fault::Latency(Duration::from_millis(50)));
    let begun = Instant::now();
    case.answers().await;
    assert!(begun.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_connection_cut_between_two_questions_is_not_noticed() {
    let case = Case::start().await;
    for _ in 0..3 {
        case.answers().await;
        case.proxy.set(Fault::Cut);
        // The reset has arrived when the proxy refuses the next connection.
        let refused = tokio::net::TcpStream::connect(case.proxy.address()).await;
        if let Ok(refused) = refused {
            let _ = refused.readable().await;
        }
        case.proxy.set(Fault::None);
        case.answers().await;
    }
}
