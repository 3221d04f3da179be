//! Rebates: shown to the account they are agreed with, settled after a period, and no part of any price.

use freehold::settings::CacheSettings;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::company::{Company, Erp, Who, own_file, servers};

const REBATES: &str = "query($account: String!) { account(number: $account) { number rebateAgreements {
    id account name basis settlement currency validFrom validUntil
    tiers { fromAmount { amount currency } fromQuantity { value unit } percent } } } }";

async fn rebates(company: &Company, who: Who, account: &str) -> Value {
    let mut data = company.data(who, REBATES, json!({ "account": account })).await;
    data["account"]["rebateAgreements"].take()
}

fn turnover(from: &str, percent: &str) -> Value {
    json!({"fromAmount": {"amount": from, "currency": "EUR"}, "fromQuantity": null, "percent": percent})
}

#[tokio::test]
async fn an_account_sees_what_it_is_paid_back_run_out_or_not_by_whom_it_is_settled_and_from_what_on() {
    let bonus = [turnover("50000.00", "1.0"), turnover("150000.00", "2.0"), turnover("400000.00", "3.5")];
    let pieces = |from: &str, percent: &str| json!({"fromAmount": null, "fromQuantity": {"value": from, "unit": "EA"}, "percent": percent});
    let agreed = |id: &str, [name, basis, settlement]: [&str; 3], [from, until]: [Option<&str>; 2], tiers: &[Value]| {
        json!({"id": id, "account": "100042", "name": name, "basis": basis, "settlement": settlement, "currency": "EUR",
            "validFrom": from, "validUntil": until, "tiers": tiers})
    };
    let annual = ["Annual bonus", "TURNOVER", "YEAR"];
    let of_2025 = [Some("2025-01-01"), Some("2026-01-01")];
    let expected = json!([
        agreed(
            "R-80003",
            ["Pump volume rebate", "QUANTITY", "QUARTER"],
            [Some("2026-04-01"), None],
            &[pieces("50", "1.5"), pieces("200", "3.0")]
        ),
        agreed("R-80002", annual, [Some("2026-01-01"), Some("2027-01-01")], &bonus),
        agreed(
            "R-80005",
            ["Launch campaign", "TURNOVER", "TERM"],
            [Some("2025-09-03"), Some("2026-04-01")],
            &[turnover("10000.00", "2.5")]
        ),
        agreed("R-80004", annual, of_2025, &bonus),
    ]);
    for company in Company::both().await {
        for who in [Who::Buyer("100042"), Who::Agent, Who::Analyst] {
            assert_eq!(rebates(&company, who, "100042").await, expected, "{who:?}, {:?}", company.erp);
        }
        // Of an account with none there are none, and of another's account there is nothing at all.
        assert_eq!(rebates(&company, Who::Agent, "100077").await, json!([]));
        for other in ["100040", "100043", "100077"] {
            let data = company.data(Who::Buyer(other), REBATES, json!({ "account": "100042" })).await;
            assert_eq!(data["account"], Value::Null, "{other}, {:?}", company.erp);
        }
    }
}

#[tokio::test]
async fn the_rebates_of_fifty_accounts_are_as_many_questions_as_those_of_two() {
    let query = "query($n: Int) { accounts(first: $n) { nodes { number rebateAgreements { id tiers { percent } } } } }";
    let mut n_questions = [[0; 2]; 2];
    for (at, n_accounts) in [2, 50].into_iter().enumerate() {
        for (kind, company) in Company::both().await.into_iter().enumerate() {
            let before = company.n_fetches();
            let data = company.data(Who::Agent, query, json!({ "n": n_accounts })).await;
            let nodes = data["accounts"]["nodes"].as_array().expect("accounts");
            assert_eq!(nodes.len(), n_accounts);
            assert!(nodes.iter().any(|node| node["rebateAgreements"][0]["tiers"][0]["percent"].is_string()));
            n_questions[kind][at] = company.n_fetches() - before;
        }
    }
    for [of_two, of_fifty] in n_questions {
        assert_eq!(of_two, of_fifty);
    }
}

const PRICES: &str = "{
  pump: price(account: \"100042\", sku: \"PMP-4010\") { ...p }
  valve: price(account: \"100042\", sku: \"VLV-2205\") { ...p }
  acid: price(account: \"100042\", sku: \"CHM-0100\") { ...p }
  validateCart(account: \"100042\", shipTo: \"100042-01\", lines: [{ sku: \"PMP-4010\", quantity: \"60\" }]) {
    decision net { amount } surcharges { amount } total { amount } reasons { code message } explanation { step text }
    lines { price { unitPrice { amount } net { amount } } }
  }
}
fragment p on Price {
  one: resolved { ...r } many: resolved(quantity: \"60\") { ...r }
  candidates { record source unitPrice { amount } }
}
fragment r on ResolvedPrice {
  unitPrice { amount per } net { amount } source record contract surcharges { kind amount { amount } percent }
  tiers { minimumQuantity unitPrice { amount } } reasons { code message } explanation { step text }
}";

#[tokio::test]
async fn a_price_and_a_cart_are_the_same_with_a_rebate_and_without() {
    let mut answers = Vec::new();
    for change in [
        "delete from rebate_agreement; delete from rebate_tier;",
        "update rebate_agreement set valid_from = '2020-01-01', valid_before = '9999-12-31';
         update rebate_tier set percent = '50.0', from_qty = 0 * from_qty,
           from_amount = case when from_amount is not null then '0.00' end;",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let address = own_file(folder.path()).await;
        let mut erp = SqliteConnection::connect(&address).await.expect("the ERP's file");
        sqlx::raw_sql(change).execute(&mut erp).await.expect("other rebates");
        erp.close().await.expect("the ERP's file");
        let company = Company::of((Erp::Sqlite, address), servers().await, CacheSettings::default());
        let n_rebates = rebates(&company, Who::Agent, "100042").await.as_array().map(Vec::len);
        let buyer = company.data(Who::Buyer("100042"), PRICES, json!({})).await;
        answers.push((n_rebates, buyer, company.data(Who::Agent, PRICES, json!({})).await));
    }
    let [(none, ..), (some, ..)] = &answers[..] else { panic!("two companies") };
    assert_eq!((*none, *some), (Some(0), Some(4)), "what differs is the rebates");
    let [(_, buyer, agent), (_, buyer_with, agent_with)] = &answers[..] else { panic!("two companies") };
    assert!(buyer["pump"]["one"]["unitPrice"]["amount"].is_string(), "{buyer:?}");
    assert_eq!((buyer, agent), (buyer_with, agent_with));
}

#[tokio::test]
async fn no_price_and_no_cart_asks_for_rebates() {
    let [company, _] = Company::both().await;
    let explained = company.engine.explain(None, PRICES, None).expect("a valid query").to_string();
    assert!(explained.contains("erp Price "), "{explained}");
    assert!(!explained.to_lowercase().contains("rebate"), "{explained}");
}
