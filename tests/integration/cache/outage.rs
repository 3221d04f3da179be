//! What is served while an owner is down.

use freehold::{
    access::Caller,
    cache::Brought,
    engine::{Engine, Request},
    fetch::FetchErrorKind,
    settings::EngineSettings,
};
use serde_json::{Value, json};

use super::case::{Case, TAKES_MS, kinds, pass};

/// Keys that are always there in the group that outlasts an outage.
fn there(case: &Case) -> Vec<usize> {
    let is_there = |number: &usize| super::oracle::is_always_there(&case.world, "lasting", &number.to_string());
    (0..40).filter(is_there).collect()
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_bridged_up_to_its_bound_marked_stale_and_refused_after() {
    let case = Case::alone();
    let keys = there(&case);
    let first = case.ask("lasting", keys.clone()).await;
    case.world.change(|conditions| conditions.is_down = true);
    pass(1_000).await;
    let kept = case.ask("lasting", keys.clone()).await;
    assert!(kept.freshness.stale.is_empty(), "it is fresh: nobody notices that the owner is down");
    pass(1_000).await;
    let bridged = case.ask("lasting", keys.clone()).await;
    assert!(kinds(&bridged).iter().all(Option::is_none));
    let [stale] = &bridged.freshness.stale[..] else { panic!("{:?}", bridged.freshness) };
    assert_eq!((stale.n, stale.code), (keys.len(), "SOURCE_UNAVAILABLE"));
    assert_eq!(
        (Some(stale.since_ms), case.world.contract.domain(stale.domain).name.as_str()),
        (first.freshness.since_ms, "lasting")
    );
    pass(3_600 - 50 - TAKES_MS).await;
    assert_eq!(case.ask("lasting", keys.clone()).await.freshness.stale.len(), 1);
    pass(100).await;
    let refused = case.ask("lasting", keys.clone()).await;
    assert!(kinds(&refused).iter().all(|kind| *kind == Some(FetchErrorKind::Stale)));
    let Brought::Records(outcomes) = &refused.brought else { panic!("records were asked for") };
    let too_old = outcomes[0].as_ref().expect_err("it is refused").too_old.expect("its age is why");
    assert_eq!((too_old.bound_ms, too_old.because), (6_000, Some(FetchErrorKind::Unavailable)));
    assert!((too_old.bound_ms + 1..too_old.bound_ms + 1_000).contains(&too_old.age_ms), "{too_old:?}");
    assert!(refused.freshness.stale.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_refuses_serves_nothing_past_its_bound() {
    let case = Case::alone();
    case.ask("quick", 0..5).await;
    case.world.change(|conditions| conditions.is_down = true);
    pass(2_700).await;
    // Of what is not there nothing is kept whose age could be told.
    for kind in kinds(&case.ask("quick", 0..5).await) {
        assert!(matches!(kind, Some(FetchErrorKind::Stale | FetchErrorKind::Unavailable)), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_what_of_it_is_stale() {
    let case = Case::alone();
    let contract = case.world.contract.clone();
    let telemetry = freehold::telemetry::Telemetry::new();
    let engine = Engine::new(contract, case.cache(), EngineSettings::default(), telemetry).expect("an engine");
    // The group that says whether a product exists is asked for as well; it may be as old.
    let query = r#"{ products(skus: ["0", "1", "2", "3", "4", "5", "6", "7", "8"]) { sku stock } }"#;
    let ask = async || -> Value {
        let request = Request { query: query.to_owned(), caller: Caller::operator().into(), ..Request::default() };
        serde_json::from_slice(&engine.answer(&request).await.body).expect("an answer is JSON")
    };
    assert_eq!(ask().await.get("extensions"), None);
    case.world.change(|conditions| conditions.is_down = true);
    pass(2_000).await;
    let answer = ask().await;
    let stale = &answer["extensions"]["stale"][0];
    assert_eq!(
        (&stale["code"], &stale["domain"], &stale["because"]),
        (&json!("STALE_SERVED"), &json!("lasting"), &json!("SOURCE_UNAVAILABLE"))
    );
    assert!(stale["records"].as_u64() > Some(0) && stale["asOf"].is_string(), "{answer}");
    pass(10_000).await;
    let answer = ask().await;
    let said = answer["errors"].as_array().expect("errors").iter().map(|error| &error["extensions"]);
    let refused = said.clone().find(|said| said["code"] == "STALE_REFUSED").unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(refused["because"], "SOURCE_UNAVAILABLE");
    assert!(refused["ageMs"].as_u64() > refused["boundMs"].as_u64(), "{refused}");
}
