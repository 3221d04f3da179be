//! Tokens that must not be believed, and those that must.

use serde_json::{Value, json};

use super::{
    echo::{NOW, SECRET, Wish, World, said},
    issuer::{Signer, b64, sign_by_secret},
};

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().expect("claims").remove(name);
    claims
}

#[tokio::test]
async fn a_token_of_its_issuer_says_who_asks() {
    let world = World::new(Wish::default()).await;
    let answer = world.ask(&world.token(&World::buyer())).await;
    let expected = json!({"subject": "u-17", "audience": 0, "accounts": ["100"], "permissions": ["VIEW_PRICE"],
        "acting": null, "login": "ann@example.com"});
    assert_eq!((answer.status, &answer.json()["data"]), (200, &expected), "{answer:?}");
    let by_curve = world.ec.sign(&json!({"alg": "ES256", "kid": "e1"}), &World::agent());
    let answer = world.ask(&by_curve).await.json();
    assert_eq!((&answer["data"]["accounts"], &answer["data"]["permissions"]), (&json!("*"), &json!("*")));
    let portal = json!({"iss": "portal", "aud": "freehold", "sub": "p", "exp": NOW + 1});
    let answer = world.ask(&sign_by_secret(SECRET.as_bytes(), &json!({"alg": "HS256"}), &portal)).await.json();
    assert_eq!((&answer["data"]["subject"], &answer["data"]["accounts"]), (&json!("p"), &json!([])));
    world.server.stopped().await;
}

#[tokio::test]
async fn a_token_is_believed_within_its_time_and_the_leeway() {
    let world = World::new(Wish::default()).await;
    for (name, seconds, refusal) in [
        ("exp", 1, None),
        ("exp", -29, None),
        ("exp", -30, Some("TOKEN_EXPIRED")),
        ("exp", -3_600, Some("TOKEN_EXPIRED")),
        ("nbf", 0, None),
        ("nbf", 30, None),
        ("nbf", 31, Some("TOKEN_NOT_YET_VALID")),
    ] {
        let token = world.token(&with(World::buyer(), name, json!(NOW + seconds)));
        match refusal {
            Some(code) => world.refused(&token, (401, code)).await,
            None => assert_eq!(world.ask(&token).await.status, 200, "{name} {seconds}"),
        }
    }
    world.server.stopped().await;
}

#[tokio::test]
async fn nobody_is_let_in_by_a_forged_token() {
    let world = World::new(Wish::default()).await;
    let (claims, stranger) = (World::buyer(), Signer::rsa());
    let rs256 = json!({"alg": "RS256", "kid": "r1"});
    let good = world.token(&claims);
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let header = good.split('.').next().expect("three parts");
    let public = world.rsa.public();
    let shown = world.rsa.shown("r1");
    let modulus = shown["n"].as_str().expect("a modulus");
    let hs = |kid: &str| json!({"alg": "HS256", "kid": kid});
    let unsigned = |alg: &str| format!("{}.{}.", b64(json!({"alg": alg}).to_string()), b64(claims.to_string()));
    let portal = json!({"iss": "portal", "aud": "freehold", "sub": "p", "exp": NOW + 600});
    let embedded = json!({"alg": "RS256", "jwk": stranger.shown("r1"), "jku": "https://evil.example/jwks"});
    let attacks = [
        // No signature, by any spelling of none.
        (unsigned("none"), "TOKEN_ALGORITHM"),
        (unsigned("None"), "TOKEN_ALGORITHM"),
        (unsigned("nOnE"), "TOKEN_ALGORITHM"),
        (unsigned(""), "TOKEN_ALGORITHM"),
        (unsigned("RS256"), "TOKEN_SIGNATURE"),
        (format!("{signed}."), "TOKEN_SIGNATURE"),
        // The public key taken for a secret.
        (sign_by_secret(&public, &hs("r1"), &claims), "TOKEN_ALGORITHM"),
        (sign_by_secret(modulus.as_bytes(), &hs("r1"), &claims), "TOKEN_ALGORITHM"),
        (sign_by_secret(b"", &hs("r1"), &claims), "TOKEN_ALGORITHM"),
        (sign_by_secret(&public, &rs256, &claims), "TOKEN_SIGNATURE"),
        // Another key, by the right name, by its own, and brought along.
        (stranger.sign(&rs256, &claims), "TOKEN_SIGNATURE"),
        (stranger.sign(&json!({"alg": "RS256", "kid": "x"}), &claims), "TOKEN_KEY"),
        (stranger.sign(&embedded, &claims), "TOKEN_SIGNATURE"),
        // A key of another kind than the algorithm's.
        (world.ec.sign(&json!({"alg": "ES256", "kid": "r1"}), &claims), "TOKEN_KEY"),
        (world.rsa.sign(&json!({"alg": "RS256", "kid": "e1"}), &claims), "TOKEN_KEY"),
        (world.rsa.sign(&json!({"alg": "RS384", "kid": "r1"}), &claims), "TOKEN_ALGORITHM"),
        // One issuer's key for another's token.
        (world.rsa.sign(&rs256, &portal), "TOKEN_ALGORITHM"),
        (sign_by_secret(b"what the portal and freehold know?", &json!({"alg": "HS256"}), &portal), "TOKEN_SIGNATURE"),
        (sign_by_secret(SECRET.as_bytes(), &json!({"alg": "HS256"}), &claims), "TOKEN_ALGORITHM"),
        // What was signed is not what is sent.
        (format!("{header}.{}.{signature}", b64(World::agent().to_string())), "TOKEN_SIGNATURE"),
        (format!("{signed}.{}", b64([0; 256])), "TOKEN_SIGNATURE"),
        (format!("{good}A"), "TOKEN_SIGNATURE"),
        // Whose it is, and for whom.
        (world.token(&with(claims.clone(), "iss", json!("https://id.example.com"))), "TOKEN_ISSUER"),
        (world.token(&with(claims.clone(), "iss", json!(["https://id.example.com/"]))), "TOKEN_ISSUER"),
        (world.token(&without(claims.clone(), "iss")), "TOKEN_ISSUER"),
        (world.token(&with(claims.clone(), "aud", json!("another"))), "TOKEN_AUDIENCE"),
        (world.token(&with(claims.clone(), "aud", json!(["freehold2"]))), "TOKEN_AUDIENCE"),
        (world.token(&without(claims.clone(), "aud")), "TOKEN_AUDIENCE"),
        (world.token(&without(claims.clone(), "exp")), "TOKEN_CLAIMS"),
        (world.token(&with(claims.clone(), "exp", json!("4102444800"))), "TOKEN_CLAIMS"),
        // What it says of its bearer.
        (world.token(&with(claims.clone(), "kind", json!("operator"))), "TOKEN_CLAIMS"),
        (world.token(&without(claims.clone(), "accounts")), "TOKEN_CLAIMS"),
        (world.token(&with(claims.clone(), "accounts", json!([]))), "TOKEN_CLAIMS"),
        (world.token(&without(claims.clone(), "sub")), "TOKEN_CLAIMS"),
        // What is no token.
        ("a.b".to_owned(), "TOKEN_MALFORMED"),
        ("a.b.c".to_owned(), "TOKEN_MALFORMED"),
        (format!("{good}.{good}"), "TOKEN_MALFORMED"),
        (world.rsa.sign(&json!({"alg": "RS256", "kid": "r1", "crit": ["x"]}), &claims), "TOKEN_MALFORMED"),
        (world.rsa.sign(&json!({"alg": "RS256", "kid": ["r1"]}), &claims), "TOKEN_MALFORMED"),
        (world.rsa.sign(&rs256, &json!([claims])), "TOKEN_MALFORMED"),
        ("x".repeat(8_193), "TOKEN_TOO_LONG"),
    ];
    for (token, code) in attacks {
        world.refused(&token, (401, code)).await;
    }
    assert_eq!(world.ask(&good).await.status, 200, "and the token itself still is good");
    world.server.stopped().await;
}

#[tokio::test]
async fn one_header_brings_one_token() {
    let world = World::new(Wish::default()).await;
    let (good, agent) = (world.token(&World::buyer()), world.token(&World::agent()));
    let (good, agent) = (format!("Bearer {good}"), format!("Bearer {agent}"));
    let twice = world.ask_with(&[("authorization", &good), ("authorization", &agent)]).await;
    assert_eq!((twice.status, said(&twice).as_str()), (401, "TOKEN_SCHEME"));
    for header in ["Basic dTpw", "Bearer", "Token abc", "DPoP abc"] {
        let response = world.ask_with(&[("authorization", header)]).await;
        assert_eq!((response.status, said(&response).as_str()), (401, "TOKEN_SCHEME"), "{header}");
    }
    let both = world.ask_with(&[("authorization", &format!("{good}, {agent}"))]).await;
    assert_eq!((both.status, said(&both).as_str()), (401, "TOKEN_MALFORMED"));
    assert_eq!(world.ask_with(&[("authorization", &good.replace("Bearer", "bearer"))]).await.status, 200);
    world.server.stopped().await;
}

#[tokio::test]
async fn whoever_brings_no_token_is_let_in_where_the_contract_says_so() {
    let world = World::new(Wish::default()).await;
    let none = world.ask_with(&[]).await;
    let challenge = none.header("www-authenticate").to_owned();
    assert_eq!((none.status, said(&none).as_str(), challenge.as_str()), (401, "TOKEN_MISSING", "Bearer"));
    world.server.stopped().await;
    let world = World::new(Wish { anonymous: true, ..Wish::default() }).await;
    let anonymous = world.ask_with(&[]).await.json();
    let expected = json!({"subject": "anonymous", "audience": 0, "accounts": [], "permissions": [], "acting": null,
        "login": null});
    assert_eq!(anonymous["data"], expected);
    // A token that proves nothing is no token: it is refused, not forgotten.
    world.refused("a.b.c", (401, "TOKEN_MALFORMED")).await;
    world.server.stopped().await;
}
