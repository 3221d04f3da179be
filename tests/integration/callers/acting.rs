//! Acting as a buyer: by those who have the right, and nobody else.

use serde_json::json;

use super::echo::{Wish, World, said};

#[tokio::test]
async fn an_agent_acts_as_a_buyer_and_stays_an_agent() {
    let world = World::new(Wish::default()).await;
    let agent = format!("Bearer {}", world.token(&World::agent()));
    let acting = [("authorization", agent.as_str()), ("freehold-act-as", "account=100; login=ann@example.com")];
    let expected = json!({"subject": "agent-3", "audience": 0, "accounts": ["100"], "permissions": ["VIEW_PRICE"],
        "acting": "100", "login": "ann@example.com"});
    assert_eq!(world.ask_with(&acting).await.json()["data"], expected);
    let malformed = [("authorization", agent.as_str()), ("freehold-act-as", "100")];
    let response = world.ask_with(&malformed).await;
    assert_eq!((response.status, said(&response).as_str()), (400, "ACT_AS_MALFORMED"));
    world.server.stopped().await;
}

#[tokio::test]
async fn nobody_else_acts_as_a_buyer() {
    let world = World::new(Wish { anonymous: true, ..Wish::default() }).await;
    let buyer = format!("Bearer {}", world.token(&World::buyer()));
    let as_other = ("freehold-act-as", "account=200");
    for headers in [&[("authorization", buyer.as_str()), as_other][..], &[as_other]] {
        let response = world.ask_with(headers).await;
        assert_eq!((response.status, said(&response).as_str()), (403, "ACT_AS_FORBIDDEN"), "{headers:?}");
    }
    world.server.stopped().await;
}
