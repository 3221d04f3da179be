//! The schema of each audience: what is not theirs is not there, however they look for it.

use freehold::{access::Caller, engine::AnswerStatus, settings::CacheSettings};

use super::{
    rig::{Company, Rig},
    table::{AUDIENCES, Structure, Table},
};

#[tokio::test]
async fn the_table_has_every_field_there_is_and_each_audience_has_those_that_it_says() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let table = Table::read();
    assert_eq!(Structure::of(&rig, &Caller::operator()).await.names(), table.all_fields());
    for audience in AUDIENCES {
        let nobody = rig.caller(audience, &[], &[]);
        assert_eq!(Structure::of(&rig, &nobody).await.names(), table.fields_of(audience), "{audience}");
        let sdl = rig.engine.sdl(Some(rig.audience(audience)));
        for (ty, fields) in table.all_fields() {
            let block = sdl.split(&format!("type {ty} ")).nth(1).and_then(|rest| rest.split("\n}").next());
            for field in fields {
                let is_printed = block.is_some_and(|block| {
                    let mut lines = block.lines().map(str::trim_start);
                    lines.any(|line| line.starts_with(&format!("{field}:")) || line.starts_with(&format!("{field}(")))
                });
                let is_interface = sdl.contains(&format!("interface {ty} "));
                assert_eq!(is_printed || is_interface, table.has(audience, ty, field) || is_interface, "{ty}.{field}");
            }
        }
    }
}

/// Fields that not all audiences have, and how one gets at what has them.
const HIDDEN: &[(&str, &str, &str)] = &[
    ("Order", "cost", "{ order(number: \"1\") { cost { amount } } }"),
    ("Order", "cost", "{ order(number: \"1\") { same: cost { amount } } }"),
    ("Order", "cost", "{ order(number: \"1\") { ...o } } fragment o on Order { cost { amount } }"),
    ("Order", "cost", "{ account(number: \"1\") { orders { nodes { ... on Order { cost { amount } } } } } }"),
    ("Product", "standardCost", "{ product(sku: \"1\") { standardCost { amount } } }"),
    ("Product", "openOrders", "{ product(sku: \"1\") { openOrders { totalCount } } }"),
    ("Reason", "evidence", "{ order(number: \"1\") { reasons { evidence { value } } } }"),
    ("ExplanationStep", "evidence", "{ order(number: \"1\") { statusExplanation { evidence { value } } } }"),
    ("Availability", "onHand", "{ product(sku: \"1\") { availability { onHand } } }"),
    ("Availability", "availableRaw", "{ product(sku: \"1\") { availability { availableRaw } } }"),
    ("Availability", "inboundLate", "{ product(sku: \"1\") { availability { inboundLate } } }"),
    ("CartVerdict", "creditReasons", "{ validateCart(account: \"1\", lines: []) { creditReasons { code } } }"),
    ("Query", "shortages", "{ shortages { totalCount } }"),
    ("Query", "ordersChanged", "{ ordersChanged { totalCount } }"),
    ("Query", "ordersOnHold", "{ ordersOnHold { totalCount } }"),
    ("Account", "parentNumber", "{ account(number: \"1\") { parentNumber } }"),
    ("Account", "topNumber", "{ account(number: \"1\") { topNumber } }"),
    ("Account", "credit", "{ account(number: \"1\") { credit { hold } } }"),
    ("Account", "exceptions", "{ account(number: \"1\") { exceptions { code } } }"),
    ("Order", "exceptions", "{ order(number: \"1\") { exceptions { code } } }"),
    ("PriceRecord", "party", "{ price(account: \"1\", sku: \"1\") { candidates { party } } }"),
    ("Query", "ownership", "{ ownership { totalCount } }"),
    ("Query", "systems", "{ systems { name } }"),
    ("Query", "exceptions", "{ exceptions { totalCount } }"),
    ("Query", "exception", "{ exception(id: \"1\") { code } }"),
    ("Query", "reconciliation", "{ reconciliation { totalCount } }"),
    ("Query", "findings", "{ findings { totalCount } }"),
];

#[tokio::test]
async fn a_hidden_field_is_refused_as_one_that_was_never_there_and_is_never_suggested() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let table = Table::read();
    let mut n_hidden = 0;
    for (ty, fields) in table.fields_of("storefront") {
        let tried = |field: &&str| HIDDEN.iter().any(|(known, name, _)| (*known, name) == (ty, field));
        let all = &table.all_fields()[ty];
        assert!(all.difference(&fields).all(tried), "a hidden field of {ty} is not tried");
    }
    for audience in AUDIENCES {
        let caller = rig.caller(audience, &["100042"], &[]);
        let theirs = table.fields_of(audience);
        for (ty, field, query) in HIDDEN {
            let is_theirs = table.has(audience, ty, field);
            let answer = rig.answer(&caller, query).await;
            assert_eq!(answer.get("data").is_some(), is_theirs, "{audience}: {query}: {answer}");
            let audience_id = Some(rig.audience(audience));
            assert_eq!(rig.engine.explain(audience_id, query, None).is_ok(), is_theirs, "{audience}: {query}");
            if is_theirs {
                continue;
            }
            n_hidden += 1;
            // Another name of the same length, which nothing is near to either: the refusals differ in the name alone.
            let strange = "q".repeat(field.len());
            let asked = query.replace(&format!(" {field}"), &format!(" {strange}"));
            let (hidden, unknown) = (rig.text(&caller, query).await, rig.text(&caller, &asked).await);
            let without = |text: &str| match text.split_once(" Did you mean ") {
                Some((before, after)) => format!("{before}{}", after.split_once('?').expect("a question").1),
                None => text.to_owned(),
            };
            assert_eq!(without(&hidden), without(&unknown.replace(&strange, field)), "{audience}");
            // What is suggested, for the name itself and for any misspelling of it, is theirs.
            let misspelt = (0..field.len()).map(|at| format!("{}{}", &field[..at], &field[at + 1..]));
            let misspelt = misspelt.chain([format!("{field}s"), format!("x{field}"), (*field).to_owned()]);
            for name in misspelt {
                let asked = query.replace(&format!(" {field}"), &format!(" {name}"));
                let refused = rig.text(&caller, &asked).await;
                let suggested = refused.split("Did you mean").nth(1).unwrap_or_default();
                let suggested = suggested.split("\\\"").skip(1).step_by(2);
                for suggestion in suggested {
                    let is_field = theirs[ty].contains(suggestion);
                    assert!(is_field, "{audience} is told of {ty}.{suggestion} for {asked}: {refused}");
                }
            }
        }
    }
    assert_eq!(n_hidden, HIDDEN.len());
}

#[tokio::test]
async fn a_hidden_type_is_introspected_as_one_that_was_never_there() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let table = Table::read();
    for audience in AUDIENCES {
        let caller = rig.caller(audience, &[], &[]);
        for ty in table.all_fields().keys() {
            let ask = async |name: &str| {
                rig.text(&caller, &format!("{{ __type(name: \"{name}\") {{ name fields {{ name }} }} }}")).await
            };
            let is_theirs = table.fields_of(audience).contains_key(ty);
            assert_eq!(ask(ty).await != ask("Nothing").await, is_theirs, "{audience}: {ty}");
            let spread = format!("{{ __typename ... on {ty} {{ __typename }} }}");
            let unknown = spread.replace(&format!("on {ty} "), "on Nothing ");
            let same = rig.text(&caller, &spread).await.replace(*ty, "Nothing") == rig.text(&caller, &unknown).await;
            assert_eq!(same, !is_theirs, "{audience}: {spread}");
        }
    }
}

#[tokio::test]
async fn a_plan_of_one_audience_is_never_given_to_another() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let query = "{ order(number: \"4500012345\") { cost { amount } } }";
    for _ in 0..2 {
        for (audience, is_theirs) in [("bi", true), ("storefront", false), ("service", true)] {
            let caller = rig.caller(audience, &["100042"], &["VIEW_ORDERS_ACCOUNT"]);
            let answer = rig.answer(&caller, query).await;
            assert_eq!(answer["data"]["order"]["cost"]["amount"].is_string(), is_theirs, "{audience}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_explains_an_audiences_answer_names_no_group_that_only_others_ask() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let query = "{ order(number: \"1\") { number total { amount } status reasons { code } lines { status sku } }
        product(sku: \"1\") { sku listPrice { amount } stock { available } availability { available } } }";
    for audience in AUDIENCES {
        let explained =
            rig.engine.explain(Some(rig.audience(audience)), query, None).expect("a valid query").to_string();
        for hidden in ["Order.cost", "Product.cost", "standardCost"] {
            assert!(!explained.contains(hidden), "{audience}: {explained}");
        }
        let costs =
            rig.engine.explain(Some(rig.audience(audience)), "{ order(number: \"1\") { cost { amount } } }", None);
        assert_eq!(costs.is_ok_and(|plan| plan.to_string().contains("Order.cost")), audience != "storefront");
    }
    // Nobody's refusal counts as an answer.
    let anonymous = rig.caller("storefront", &[], &[]);
    let request = freehold::engine::Request {
        query: "{ order(number: \"1\") { cost { amount } } }".to_owned(),
        caller: anonymous.into(),
        ..Default::default()
    };
    assert!(matches!(rig.engine.answer(&request).await.status, AnswerStatus::Refused(_)));
}
