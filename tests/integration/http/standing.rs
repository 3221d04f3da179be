//! What answers may be replaced: requests finish on what they began with, and what nobody uses any more ends.

use std::sync::Arc;

use freehold::{
    access::{Caller, Gate},
    changes::{Heard, Message, Unheard},
    engine::{Answer, Pace, Probe, Request},
    http::{Answering, Answers, Standing},
    settings::HttpSettings,
    value::AudienceId,
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::Notify;

use super::{client::send, schema::Greeter, server::Server};

/// Answers when it is let.
struct Held {
    greeter: Greeter,
    asked: Arc<Notify>,
    let_go: Arc<Notify>,
}

impl Answering for Held {
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer> {
        async move {
            self.asked.notify_one();
            self.let_go.notified().await;
            self.greeter.answer(request).await
        }
        .boxed()
    }

    fn pace(&self, audience: Option<AudienceId>) -> Pace<'_> {
        self.greeter.pace(audience)
    }

    fn hears_of(&self, system: &str) -> bool {
        self.greeter.hears_of(system)
    }

    fn hear<'a>(&'a self, system: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>> {
        self.greeter.hear(system, message)
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        self.greeter.probe()
    }

    fn domains(&self) -> Vec<&str> {
        self.greeter.domains()
    }

    fn contract_version(&self) -> &str {
        "held"
    }
}

#[tokio::test]
async fn a_request_finishes_on_what_it_began_with_and_what_is_done_with_ends() {
    let gate = || Arc::new(Gate::open(Caller::operator()));
    let (asked, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held: Arc<dyn Answering> =
        Arc::new(Held { greeter: Greeter::new(), asked: Arc::clone(&asked), let_go: Arc::clone(&let_go) });
    let watched = Arc::downgrade(&held);
    let standing = Standing::new(Answers { answering: held, gate: gate() });
    let server = Server::start_standing(standing.clone(), HttpSettings::default()).await;
    let address = server.address;
    let ask = move || {
        send(address, "GET", "/graphql?query={greeting(name:%22Ann%22)}", &[("accept", "application/json")], "")
    };
    let first = tokio::spawn(ask());
    asked.notified().await;
    standing.replace(Answers { answering: Arc::new(Greeter::new()), gate: gate() });
    assert_eq!(ask().await.status, 200, "the next request is not held up");
    assert_eq!(send(address, "GET", "/healthz", &[], "").await.json()["contract"], "c0ffee");
    assert!(watched.upgrade().is_some(), "it still answers");
    let_go.notify_one();
    let response = first.await.expect("it is answered");
    assert_eq!((response.status, &response.json()["data"]["greeting"]), (200, &"Ann".into()));
    server.stopped().await;
    assert!(watched.upgrade().is_none(), "nobody uses it");
}
