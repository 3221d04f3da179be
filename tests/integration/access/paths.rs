//! The paths by which somebody might see what is not theirs, or that it is there: by each of them, what is another's is answered
//! byte for byte as what does not exist, who answered and how old that is included.

use freehold::{access::Caller, settings::CacheSettings};

use super::{
    rig::{Company, Rig},
    table::{AUDIENCES, PERMISSIONS},
};

/// Questions about an account `{A}`, an order `{O}` and a draft `{D}`.
const PATHS: &[&str] = &[
    // By key.
    "{ account(number: \"{A}\") { number name buyers { id } reasons { code } _provenance { field asOf ageMs } } }",
    "{ order(number: \"{O}\") { number account total { amount } status reasons { code } lines { sku } _provenance { field } } }",
    "{ order(number: \"{O}\") { __typename } }",
    "{ order(number: \"{O}\") { history { __typename } invoices { number } } }",
    "{ order(number: \"{D}\") { number status lines { sku } } }",
    "{ price(account: \"{A}\", sku: \"PMP-4010\") { currency candidates { record } resolved { unitPrice { amount } } } }",
    // By alias and by fragment.
    "{ mine: account(number: \"100042\") { number } theirs: account(number: \"{A}\") { n: number } }",
    "{ a: order(number: \"{O}\") { ...o } b: order(number: \"4500012345\") { ...o } } fragment o on Order { number status }",
    "{ ... on Query { order(number: \"{O}\") { ... on Order { ... { number } } } } }",
    // By a list of keys, where some are theirs.
    "{ orders(numbers: [\"{O}\", \"4500012345\", \"{D}\", \"{O}\"]) { number status buyer { name } } }",
    "{ prices(account: \"{A}\", skus: [\"PMP-4010\", \"VLV-2205\"]) { sku candidates { record } } }",
    // By reference and from a part.
    "{ product(sku: \"PMP-4010\") { price(account: \"{A}\") { candidates { record } buyer { name } product { name } } } }",
    "{ order(number: \"4500012345\") { lines { product { price(account: \"{A}\") { currency } } } } }",
    "{ order(number: \"{O}\") { buyer { name parent { name } } lines { product { name } } } }",
    // By interface and by union.
    "{ account(number: \"{A}\") { billingAddress { ... on PostalAddress { city } } shipTos { ... on PostalAddress { city } } } }",
    "{ order(number: \"{O}\") { shipTo { ... on PostalAddress { city } } history { ... on StateChanged { at } } } }",
    // By list.
    "{ account(number: \"{A}\") { orders(first: 3) { totalCount nodes { number } pageInfo { hasNextPage endCursor } } } }",
    "{ account(number: \"{A}\") { children { totalCount nodes { number } } drafts { nodes { number } } } }",
    "{ account(number: \"{A}\") { agreedPrices(first: 2) { totalCount edges { cursor node { sku } } } } }",
    "{ account(number: \"{A}\") { rebateAgreements(first: 3) { id name tiers { percent } _provenance { field } } } }",
    "{ ordersByCustomerPo(account: \"{A}\", customerPo: \"PO-100077-0046\") { number } }",
    "{ accounts(filter: { parent: \"{A}\" }) { totalCount nodes { number } pageInfo { startCursor endCursor hasNextPage } } }",
    // By a rule that is told an account.
    "{ product(sku: \"PMP-4010\") { orderable(account: \"{A}\") sale(account: \"{A}\") { orderable reasons { code message } } } }",
    "{ product(sku: \"PMP-4020\") { availability(account: \"{A}\", quantity: \"9999\") { word substitutes { sku } reasons { code } } } }",
    "{ validateCart(account: \"{A}\", lines: [{ sku: \"PMP-4010\", quantity: \"1\" }]) { decision currency total { amount }
        reasons { code severity message } lines { reasons { code message } price { unitPrice { amount } } } } }",
    "{ validateCart(account: \"{A}\", shipTo: \"{A}-01\", buyer: \"1\", customerPo: \"PO-100077-0046\",
        lines: [{ sku: \"PMP-4010\", quantity: \"1\" }]) { decision reasons { code message } explanation { step text } } }",
    // What only some audiences have: the others are refused alike.
    "{ account(number: \"{A}\") { parentNumber credit { status limit { amount } } } }",
    "{ product(sku: \"PMP-4010\") { openOrders(account: \"{A}\") { totalCount nodes { number } pageInfo { endCursor } } } }",
    "{ validateCart(account: \"{A}\", lines: []) { creditReasons { code evidence { value entity } } reasons { evidence { value } } } }",
];

const FOREIGN: [&str; 2] = ["100077", "4500012346"];
const MISSING: [&str; 3] = ["999977", "4599912346", "W-999999"];

/// Puts keys into a question.
fn about(path: &str, [account, order, draft]: [&str; 3]) -> String {
    path.replace("{A}", account).replace("{O}", order).replace("{D}", draft)
}

/// Finds a draft of an account that is none of those asked for.
async fn foreign_draft(rig: &Rig) -> String {
    let query = "{ accounts(first: 100) { nodes { number drafts(first: 1) { nodes { number } } } } }";
    let data = rig.data(&Caller::operator(), query).await;
    let accounts = data["accounts"]["nodes"].as_array().unwrap().iter();
    let foreign = accounts.filter(|one| !["100040", "100042", "100043"].contains(&one["number"].as_str().unwrap()));
    let drafts = foreign.filter_map(|one| one["drafts"]["nodes"][0]["number"].as_str());
    let same_length = drafts.filter(|number| number.len() == MISSING[2].len()).map(str::to_owned).next();
    same_length.expect("somebody else has a draft")
}

fn callers(rig: &Rig) -> Vec<Caller> {
    let mut callers = Vec::new();
    for audience in AUDIENCES {
        callers.extend([
            rig.caller(audience, &["100042"], &PERMISSIONS),
            rig.caller(audience, &["100040"], &PERMISSIONS),
            rig.caller(audience, &["100042"], &[]),
            rig.caller(audience, &[], &PERMISSIONS),
        ]);
    }
    callers
}

/// What of an answer may differ from one moment to the next, made the same: instants, and ages of what was just asked.
fn timeless(text: &str) -> String {
    let mut out = text.to_owned();
    for (name, end) in [("\"asOf\":\"", '"'), ("\"ageMs\":", ','), ("\"retryAfterMs\":", ',')] {
        let mut pieces = out.split(name);
        let mut made = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (value, rest) = piece.split_at(piece.find([end, '}']).expect("it ends"));
            let is_new = value.parse::<i64>().is_ok_and(|ms| ms < 5_000) || name.contains("asOf");
            made.push_str(name);
            made.push_str(if is_new { "0" } else { value });
            made.push_str(rest);
        }
        out = made;
    }
    out
}

async fn assert_as_if_missing(rig: &Rig, caller: &Caller, path: &str, draft: &str, when: &str) {
    let foreign = about(path, [FOREIGN[0], FOREIGN[1], draft]);
    let missing = about(path, MISSING);
    let mut answered = timeless(&rig.named(caller, &foreign).await);
    for (foreign, missing) in [(FOREIGN[0], MISSING[0]), (FOREIGN[1], MISSING[1]), (draft, MISSING[2])] {
        answered = answered.replace(foreign, missing);
    }
    let expected = timeless(&rig.named(caller, &missing).await.replace("PO-100077-", "PO-999977-"));
    assert_eq!(answered, expected, "{when}, {caller:?}: {foreign}");
}

#[tokio::test]
async fn what_is_anothers_is_answered_byte_for_byte_as_what_does_not_exist() {
    let company = Company::filled().await;
    let finding = Rig::demo(company, CacheSettings::default()).await;
    let draft = foreign_draft(&finding).await;
    let rig = Rig::demo(company, CacheSettings::nothing()).await;
    for caller in callers(&rig) {
        for path in PATHS {
            assert_as_if_missing(&rig, &caller, path, &draft, "everything is up").await;
        }
    }
}

#[tokio::test]
async fn while_an_owner_is_down_what_is_anothers_fails_as_what_does_not_exist() {
    let company = Company::filled().await;
    let draft = foreign_draft(&Rig::demo(company, CacheSettings::default()).await).await;
    let rig = Rig::demo(company, CacheSettings::nothing()).await;
    for system in ["erp", "pim", "shop"] {
        rig.owner(system).set_down(true);
        for caller in callers(&rig).into_iter().step_by(3) {
            for path in PATHS {
                assert_as_if_missing(&rig, &caller, path, &draft, &format!("{system} is down")).await;
            }
        }
        rig.owner(system).set_down(false);
    }
}

#[tokio::test]
async fn what_others_have_asked_for_before_is_not_told_by_its_age() {
    let company = Company::filled().await;
    let rig = Rig::demo(company, CacheSettings::default()).await;
    let draft = foreign_draft(&rig).await;
    for path in PATHS {
        rig.text(&Caller::operator(), &about(path, [FOREIGN[0], FOREIGN[1], &draft])).await;
    }
    // An order is kept for 45 seconds, what is not there for 5.
    rig.watch.forward(20_000);
    let caller = rig.caller("storefront", &["100042"], &PERMISSIONS);
    for path in
        ["{ order(number: \"{O}\") { number total { amount } } }", "{ orders(numbers: [\"{O}\", \"{D}\"]) { number } }"]
    {
        assert_as_if_missing(&rig, &caller, path, &draft, "others have asked").await;
        let age = async |keys| rig.age_ms(&caller, &about(path, keys)).await;
        let (foreign, missing) = (age([FOREIGN[0], FOREIGN[1], &draft]).await, age(MISSING).await);
        assert!(foreign < 10_000 && missing < 10_000, "{path}: {foreign} ms and {missing} ms");
    }
}

#[tokio::test]
async fn a_child_never_meets_its_parent() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    for audience in AUDIENCES {
        let child = rig.caller(audience, &["100042"], &PERMISSIONS);
        let query = "{ account(number: \"100042\") { parent { name } } group: account(number: \"100040\") { name }
            order(number: \"4500012345\") { buyer { parent { number } } }
            price(account: \"100042\", sku: \"PMP-4010\") { buyer { parent { children { nodes { number } } } } }
            accounts { totalCount nodes { number parent { number } children { nodes { number } } } } }";
        let data = rig.data(&child, query).await;
        assert_eq!(data["account"]["parent"], serde_json::Value::Null);
        assert_eq!(data["group"], serde_json::Value::Null);
        assert_eq!(data["order"]["buyer"]["parent"], serde_json::Value::Null);
        assert_eq!(data["price"]["buyer"]["parent"], serde_json::Value::Null);
        let mine = serde_json::json!({"number": "100042", "parent": null, "children": {"nodes": []}});
        assert_eq!(data["accounts"], serde_json::json!({"totalCount": 1, "nodes": [mine]}));
    }
}
