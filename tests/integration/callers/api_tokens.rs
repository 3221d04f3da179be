//! API tokens: believed as they were made, until they end or are taken back.

use std::sync::Arc;

use freehold::{
    access::ApiToken,
    ledger::{KeptToken, TokenScope},
};
use serde_json::json;

use super::echo::{NOW, Wish, World};
use crate::ledger::place::Place;

/// Makes a token of BI that holds for an hour.
fn made(audience: &str) -> (KeptToken, String) {
    let made = ApiToken::make().expect("randomness");
    let kept = KeptToken {
        id: made.token.id,
        hash: made.token.hash,
        name: "nightly export".to_owned(),
        audience: audience.to_owned(),
        accounts: TokenScope::All,
        permissions: TokenScope::Of(["VIEW_PRICE".to_owned()].into()),
        created_at_ms: NOW * 1_000,
        expires_at_ms: (NOW + 3_600) * 1_000,
        revoked_at_ms: None,
        last_used_ms: None,
    };
    (kept, made.text)
}

#[tokio::test]
async fn a_token_holds_until_it_ends_or_is_taken_back() {
    for place in Place::both() {
        let store = Arc::new(place.store());
        let world = World::new(Wish { ledger: Some(Arc::clone(&store)), ..Wish::default() }).await;
        let ((kept, text), (other, other_text)) = (made("bi"), made("bi"));
        store.keep_token(&kept).await.expect("it is kept");
        store.keep_token(&other).await.expect("it is kept");
        let expected = json!({"subject": kept.id, "audience": 2, "accounts": "*", "permissions": ["VIEW_PRICE"],
            "acting": null, "login": null});
        assert_eq!(world.ask(&text).await.json()["data"], expected);
        assert_eq!(world.ask(&other_text).await.status, 200);

        // Another's secret, a changed one, one of nobody, one without.
        let (_, secret) = other_text.rsplit_once('_').expect("a token");
        world.refused(&format!("fh_{}_{secret}", kept.id), (401, "TOKEN_UNKNOWN")).await;
        let last = if text.ends_with('0') { "1" } else { "0" };
        world.refused(&format!("{}{last}", &text[..text.len() - 1]), (401, "TOKEN_UNKNOWN")).await;
        world.refused(&made("bi").1, (401, "TOKEN_UNKNOWN")).await;
        world.refused(&text[..text.len() - 1], (401, "TOKEN_MALFORMED")).await;

        assert_eq!(store.revoke_token(&kept.id, NOW * 1_000).await, Ok(true));
        world.clock.pass(5);
        world.refused(&text, (401, "TOKEN_REVOKED")).await;
        world.clock.pass(3_594);
        assert_eq!(world.ask(&other_text).await.status, 200);
        world.clock.pass(1);
        world.refused(&other_text, (401, "TOKEN_EXPIRED")).await;

        let listed = store.tokens().await.expect("they are listed");
        assert_eq!(listed.len(), 2);
        assert!(listed.iter().all(|token| (token.revoked_at_ms.is_some()) == (token.id == kept.id)), "{listed:?}");
        assert_eq!(store.revoke_token("0000000000000000", 1).await, Ok(false));
        world.server.stopped().await;
    }
}

#[tokio::test]
async fn while_the_ledger_is_down_a_token_holds_for_seconds() {
    let place = Place::sqlite();
    let store = Arc::new(place.store());
    let world = World::new(Wish { ledger: Some(Arc::clone(&store)), ..Wish::default() }).await;
    let (kept, text) = made("bi");
    store.keep_token(&kept).await.expect("it is kept");
    assert_eq!(world.ask(&text).await.status, 200);
    place.run("drop table api_token").await;
    world.clock.pass(4);
    assert_eq!(world.ask(&text).await.status, 200);
    world.clock.pass(1);
    world.refused(&text, (503, "TOKENS_AWAY")).await;
    world.server.stopped().await;
}

#[tokio::test]
async fn a_contract_that_changes_while_the_ledger_is_down_takes_no_token_back() {
    let place = Place::sqlite();
    let store = Arc::new(place.store());
    let world = World::new(Wish { ledger: Some(Arc::clone(&store)), ..Wish::default() }).await;
    let (kept, text) = made("bi");
    store.keep_token(&kept).await.expect("it is kept");
    assert_eq!(world.ask(&text).await.status, 200);
    place.run("drop table api_token").await;
    world.reload();
    assert_eq!(world.ask(&text).await.status, 200);
    world.clock.pass(5);
    world.refused(&text, (503, "TOKENS_AWAY")).await;
    world.server.stopped().await;
}

#[tokio::test]
async fn a_token_of_an_audience_that_is_no_more_lets_nobody_in() {
    let place = Place::sqlite();
    let store = Arc::new(place.store());
    let world = World::new(Wish { ledger: Some(Arc::clone(&store)), ..Wish::default() }).await;
    let (kept, text) = made("partners");
    store.keep_token(&kept).await.expect("it is kept");
    world.refused(&text, (401, "TOKEN_CLAIMS")).await;
    world.server.stopped().await;
    let world = World::new(Wish::default()).await;
    world.refused(&text, (401, "TOKEN_UNKNOWN")).await;
    world.server.stopped().await;
}
