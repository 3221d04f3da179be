//! The owner of prices is down: no price, a reason, and a person looks at the cart. Nowhere the list price, which is at hand,
//! and nowhere zero.

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};

use super::{
    case::each_object,
    company::{Company, Erp, Who, copy_to, own_file},
};
use crate::common::{postgres, process};

const PRICE: &str = "{
  price(account: \"100042\", sku: \"PMP-4010\") { resolved(quantity: 7) { unitPrice { amount } source reasons { code } } }
}";

const PRODUCT: &str = "{
  product(sku: \"PMP-4010\") {
    listPrice { amount }
    price(account: \"100042\") { resolved(quantity: 7) { unitPrice { amount } } }
    sale(account: \"100042\") { orderable reasons { code } }
  }
}";

const CART: &str = "query($lines: [CartLine!]!) {
  validateCart(account: \"100042\", shipTo: \"100042-01\", lines: $lines) {
    decision net { amount } surcharges { amount } total { amount } reasons { code severity message }
    lines {
      price {
        unitPrice { amount } source record contract net { amount } listPrice { amount } tiers { unitPrice { amount } }
        surcharges { amount { amount } } computedBy reasons { code severity message }
      }
      reasons { code severity message }
    }
  }
}";

/// The buyer and the agent, who must be told the same.
const BOTH: [Who; 2] = [Who::Buyer("100042"), Who::Agent];

async fn cart(company: &Company, who: Who) -> Value {
    let lines = json!({"lines": [{"sku": "PMP-4010", "quantity": "7"}]});
    company.data(who, CART, lines).await.remove("validateCart").expect("a verdict")
}

fn codes(reasons: &Value) -> Vec<&str> {
    reasons.as_array().into_iter().flatten().filter_map(|reason| reason["code"].as_str()).collect()
}

/// Every amount that stands somewhere in an answer, whatever it is of.
fn amounts(answer: &Value) -> Vec<String> {
    let mut amounts = Vec::new();
    each_object(answer, &mut |members| {
        amounts.extend(
            members.get("amount").filter(|amount| !amount.is_null() && !amount.is_object()).map(Value::to_string),
        );
    });
    amounts
}

/// A cart that nobody can price goes to a person, with the reason and without any amount.
async fn nobody_prices_the_cart(company: &Company) {
    for who in BOTH {
        let cart = cart(company, who).await;
        let context = format!("{:?}, {who:?}: {cart}", company.erp);
        assert_eq!(cart["decision"], "MANUAL_REVIEW", "{context}");
        assert_eq!(amounts(&cart), Vec::<String>::new(), "{context}");
        for none in ["unitPrice", "source", "record", "contract", "net", "listPrice", "surcharges", "computedBy"] {
            assert!(cart["lines"][0]["price"][none].is_null(), "{none}: {context}");
        }
        assert!(codes(&cart["lines"][0]["reasons"]).contains(&"PRICE_UNCLEAR"), "{context}");
        assert_eq!(codes(&cart["lines"][0]["price"]["reasons"]), ["PRICE_UNCLEAR"], "{context}");
        assert!(!cart.to_string().contains("1840"), "the list price: {context}");
    }
}

/// The price itself is null, and the fault says whose it is and of which domain. Returns the fault's code.
async fn the_price_is_null(company: &Company, who: Who) -> String {
    let answer = company.answer(who, PRICE, json!({})).await;
    assert!(answer["data"]["price"].is_null(), "{:?}: {answer}", company.erp);
    let [fault] = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        panic!("one fault: {answer}")
    };
    assert_eq!((&fault["path"], &fault["extensions"]["system"]), (&json!(["price"]), &json!("erp")), "{answer}");
    assert_eq!(fault["extensions"]["domain"], "price", "{answer}");
    fault["extensions"]["code"].as_str().expect("a code").to_owned()
}

/// The list price is at hand, and still is nobody's price.
async fn the_list_price_stays_what_it_is(company: &Company) {
    for who in BOTH {
        let product = company.answer(who, PRODUCT, json!({})).await["data"]["product"].take();
        assert_eq!(product["listPrice"], json!({"amount": "1840.00"}), "{:?}", company.erp);
        assert!(product["price"].is_null(), "{product}");
        assert!(product["sale"]["orderable"].is_null(), "neither yes nor no: {product}");
        assert_eq!(codes(&product["sale"]["reasons"]), ["PRICE_UNCLEAR"], "{product}");
    }
}

#[tokio::test]
async fn while_only_price_records_cannot_be_read_the_list_price_is_shown_as_such_and_never_as_the_price() {
    const BREAK: &str = "alter table price_record rename to price_record_away";
    let folder = tempfile::tempdir().expect("a folder");
    let file = own_file(folder.path()).await;
    let mut sqlite = SqliteConnection::connect(&file).await.expect("the ERP's file");
    sqlx::raw_sql(BREAK).execute(&mut sqlite).await.expect("a broken ERP");
    let url = copy_to(postgres::shared()).await;
    let mut postgres = PgConnection::connect(&url).await.expect("the ERP's database");
    sqlx::raw_sql(BREAK).execute(&mut postgres).await.expect("a broken ERP");
    for company in [Company::over(Erp::Sqlite, file).await, Company::over(Erp::Postgres, url).await] {
        for who in BOTH {
            assert_eq!(the_price_is_null(&company, who).await, "SOURCE_BAD_REQUEST");
        }
        the_list_price_stays_what_it_is(&company).await;
        nobody_prices_the_cart(&company).await;
        // Nothing else is in the way, and an agent is told whose silence it is.
        let verdict = cart(&company, Who::Agent).await;
        assert_eq!(codes(&verdict["reasons"]), Vec::<&str>::new());
        assert_eq!(codes(&verdict["lines"][0]["reasons"]), ["PRICE_UNCLEAR"]);
        let query = CART.replace("message }\n    }", "message evidence { field value system entity } }\n    }");
        let lines = json!({"lines": [{"sku": "PMP-4010", "quantity": "7"}]});
        let data = company.data(Who::Agent, &query, lines).await;
        let evidence = &data["validateCart"]["lines"][0]["reasons"][0]["evidence"];
        let expected = json!([{
            "field": "price", "value": "SOURCE_BAD_REQUEST", "system": "erp", "entity": "Price 100042 / PMP-4010",
        }]);
        assert_eq!(*evidence, expected, "{:?}", company.erp);
    }
}

#[tokio::test]
async fn while_the_erp_never_answered_there_is_no_price_and_a_person_looks_at_the_cart() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("erp.sqlite").display().to_string();
    let closed = format!("postgres://freehold@127.0.0.1:{}/erp", process::free_port());
    for company in [Company::over(Erp::Sqlite, nowhere).await, Company::over(Erp::Postgres, closed).await] {
        for who in BOTH {
            assert_eq!(the_price_is_null(&company, who).await, "SOURCE_UNAVAILABLE");
        }
        nobody_prices_the_cart(&company).await;
    }
}

#[tokio::test]
async fn a_kept_price_outlives_a_killed_erp_within_its_bound_and_past_it_there_is_none() {
    let server = postgres::Server::start();
    let url = copy_to(&server).await;
    let company = Company::over(Erp::Postgres, url).await;
    for who in BOTH {
        company.data(who, PRICE, json!({})).await;
        company.data(who, PRODUCT, json!({})).await;
        let verdict = cart(&company, who).await;
        assert_eq!((&verdict["decision"], &verdict["net"]), (&json!("ACCEPT"), &json!({"amount": "10213.00"})));
    }
    server.kill();

    // Older than five minutes it would be asked again; while nobody answers it holds for fifteen. Credit does not.
    company.wait_minutes(6);
    for who in BOTH {
        let price = company.data(who, PRICE, json!({})).await;
        let resolved = &price["price"]["resolved"];
        assert_eq!(
            (&resolved["unitPrice"], &resolved["source"]),
            (&json!({"amount": "1459.00"}), &json!("CONTRACT_CUSTOMER"))
        );
        let verdict = cart(&company, who).await;
        assert_eq!((&verdict["decision"], &verdict["net"]), (&json!("MANUAL_REVIEW"), &json!({"amount": "10213.00"})));
        assert_eq!(codes(&verdict["reasons"]), ["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"], "{verdict}");
    }

    // Past it there is no price, though the list price holds for an hour.
    company.wait_minutes(10);
    for who in BOTH {
        assert_eq!(the_price_is_null(&company, who).await, "STALE_REFUSED");
    }
    the_list_price_stays_what_it_is(&company).await;
    nobody_prices_the_cart(&company).await;

    company.wait_minutes(24 * 60);
    nobody_prices_the_cart(&company).await;
}
