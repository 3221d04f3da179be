//! Keys that an issuer shows: asked for rarely, kept through its outages, and not for ever.

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
