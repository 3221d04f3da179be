//! Keys that an issuer shows: asked for rarely, kept through its outages, and not for ever.

use freehold::access::{Credentials, Refusal};
use futures_util::future::join_all;
use serde_json::json;

use super::{
    echo::{Wish, World, said},
    issuer::Signer,
};

#[tokio::test]
async fn made_up_keys_do_not_make_us_ask_the_issuer() {
    let world = World::new(Wish::default()).await;
    assert_eq!(world.ask(&world.token(&World::buyer())).await.status, 200);
    assert_eq!(world.shop.n_asked(), 1);
    let flood = |wave: usize| {
        let world = &world;
        join_all((0..100).map(move |n| async move {
            let header = json!({"alg": "RS256", "kid": format!("{wave}-{n}")});
            let response = world.ask(&world.rsa.sign(&header, &World::buyer())).await;
            (response.status, said(&response))
        }))
    };
    for (wave, n_asked) in [(0, 1), (1, 2), (2, 3)] {
        for outcome in flood(wave).await {
            assert_eq!(outcome, (401, "TOKEN_KEY".to_owned()));
        }
        assert_eq!(world.shop.n_asked(), n_asked, "wave {wave}");
        // The contract's pause, after which an unknown key may be one that the issuer has just made.
        world.clock.pass(30);
    }
    world.server.stopped().await;
}

#[tokio::test]
async fn a_key_is_believed_soon_after_it_is_shown_and_not_long_after_it_is_gone() {
    let world = World::new(Wish::default()).await;
    let old = world.token(&World::buyer());
    assert_eq!(world.ask(&old).await.status, 200);
    let next = Signer::rsa();
    let token = next.sign(&json!({"alg": "RS256", "kid": "r2"}), &World::buyer());
    world.shop.show(vec![next.shown("r2")]);
    world.refused(&token, (401, "TOKEN_KEY")).await;
    world.clock.pass(30);
    assert_eq!(world.ask(&token).await.status, 200);
    world.refused(&old, (401, "TOKEN_KEY")).await;
    // Without any unknown key a set is asked for again once it is old.
    world.shop.show(vec![world.rsa.shown("r1")]);
    world.clock.pass(540);
    let agent = next.sign(&json!({"alg": "RS256", "kid": "r2"}), &{
        let mut claims = World::agent();
        claims["exp"] = json!(super::echo::NOW + 9_000);
        claims
    });
    assert_eq!(world.ask(&agent).await.status, 200, "it is asked for behind this answer");
    world.clock.pass(600);
    let mut n_believed = 0;
    while world.ask(&agent).await.status == 200 {
        n_believed += 1;
        assert!(n_believed < 1_000, "it is believed no longer than it takes to ask the issuer");
    }
    world.refused(&agent, (401, "TOKEN_KEY")).await;
    world.server.stopped().await;
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_lets_nobody_in_and_nobody_out_for_good() {
    let world = World::new(Wish { is_down: true, ..Wish::default() }).await;
    let token = world.token(&World::buyer());
    let response = world.ask(&token).await;
    assert_eq!((response.status, said(&response).as_str()), (503, "KEYS_AWAY"), "{response:?}");
    assert_eq!((response.header("retry-after"), response.header("www-authenticate")), ("1", ""));
    for _ in 0..20 {
        world.refused(&token, (503, "KEYS_AWAY")).await;
    }
    assert_eq!(world.shop.n_asked(), 1, "one that is down is not asked by everyone");
    world.shop.go_down(false);
    world.clock.pass(5);
    assert_eq!(world.ask(&token).await.status, 200);
    world.server.stopped().await;
}

#[tokio::test]
async fn keys_outlive_an_outage_of_their_issuer_as_long_as_the_contract_says() {
    let world = World::new(Wish::default()).await;
    let mut claims = World::buyer();
    claims["exp"] = json!(super::echo::NOW + 200_000);
    let token = world.token(&claims);
    assert_eq!(world.ask(&token).await.status, 200);
    world.shop.go_down(true);
    for hours in [1, 10, 12] {
        world.clock.pass(hours * 3_600);
        assert_eq!(world.ask(&token).await.status, 200, "{hours} hours on");
    }
    world.refused(&world.rsa.sign(&json!({"alg": "RS256", "kid": "x"}), &claims), (401, "TOKEN_KEY")).await;
    world.clock.pass(3_600);
    world.refused(&token, (503, "KEYS_AWAY")).await;
    world.shop.go_down(false);
    world.clock.pass(5);
    assert_eq!(world.ask(&token).await.status, 200);
    world.server.stopped().await;
}

#[tokio::test]
async fn whoever_gives_up_takes_the_keys_from_nobody() {
    let world = World::new(Wish { is_down: true, ..Wish::default() }).await;
    let bearer = format!("Bearer {}", world.token(&World::buyer()));
    let credentials = Credentials { authorization: vec![bearer.as_bytes()], ..Credentials::default() };
    let gate = world.gate();
    assert_eq!(gate.admit(&credentials).await, Err(Refusal::KeysAway));
    world.shop.go_down(false);
    world.clock.pass(5);
    let held = world.shop.hold().await;
    {
        // The issuer has been asked, and whoever waits for its answer goes away.
        let first = gate.admit(&credentials);
        tokio::select! {
            biased;
            () = world.shop.was_asked() => {}
            admitted = first => panic!("the issuer has not answered: {admitted:?}"),
        }
    }
    let second = gate.admit(&credentials);
    let (second, ()) = tokio::join!(second, async { drop(held) });
    assert_eq!(second.map(|caller| caller.subject.to_string()), Ok("u-17".to_owned()));
    assert_eq!(world.shop.n_asked(), 2, "once while it was down, and once for both");
    world.server.stopped().await;
}

#[tokio::test]
async fn a_contract_that_changes_while_the_issuer_is_down_locks_nobody_out() {
    let world = World::new(Wish::default()).await;
    let token = world.token(&World::buyer());
    assert_eq!(world.ask(&token).await.status, 200);
    assert_eq!(world.ask_with(&[]).await.status, 401);
    world.shop.go_down(true);
    world.clock.pass(400);
    world.reload();
    assert_eq!(world.ask_with(&[]).await.status, 200, "it is another contract's gate");
    for _ in 0..3 {
        assert_eq!(world.ask(&token).await.status, 200);
    }
    world.server.stopped().await;
}

#[tokio::test]
async fn a_key_that_is_gone_is_not_believed_for_as_long_as_unknown_ones_are_not_asked_for() {
    let world = World::new(Wish { asked_every: Some("1h"), ..Wish::default() }).await;
    let token = world.token(&World::buyer());
    assert_eq!(world.ask(&token).await.status, 200);
    let next = Signer::rsa();
    world.shop.show(vec![next.shown("r2")]);
    let unknown = next.sign(&json!({"alg": "RS256", "kid": "r2"}), &World::buyer());
    world.clock.pass(30);
    world.refused(&unknown, (401, "TOKEN_KEY")).await;
    assert_eq!(world.shop.n_asked(), 1, "the contract's pause is an hour");
    world.clock.pass(570);
    world.refused(&token, (401, "TOKEN_KEY")).await;
    assert_eq!(world.ask(&unknown).await.status, 200);
    world.server.stopped().await;
}
