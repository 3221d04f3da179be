//! Prices: agreed, agreed with the account above, run out, on request.

use super::{
    case::{Asked, Case, check},
    company::{Company, Who},
};

const fn price(account: &'static str, (sku, quantity): (&'static str, &'static str)) -> Asked {
    Asked::Price { account, sku, quantity }
}

#[tokio::test]
async fn an_agreed_price_is_the_accounts_own_by_its_breaks() {
    let one_to_come = "
PRICE_NOT_YET_VALID by erp Price 100042 / PMP-4010: record 0070032722, validFrom 2027-01-01, validTo null
CANDIDATES: Of 7 prices that could apply: 4 in force in EUR, 2 expired, 1 not yet valid.
STRATEGY: Of the prices in force the most specific source wins: the account's own contract.";
    check(&[
        (
            "one",
            Case {
                asked: price("100042", ("PMP-4010", "1")),
                told: "
1512.00 CONTRACT_CUSTOMER C-2026-100042, net 1512.00, list 1840.00
INFO PRICE_NOT_YET_VALID: An agreed price begins on 2027-01-01.",
                because: one_to_come,
            },
        ),
        (
            "seven, past the break at five",
            Case {
                asked: price("100042", ("PMP-4010", "7")),
                told: "
1459.00 CONTRACT_CUSTOMER C-2026-100042, net 10213.00, list 1840.00
INFO PRICE_NOT_YET_VALID: An agreed price begins on 2027-01-01.",
                because: one_to_come,
            },
        ),
        (
            "the contract of the account above, which was assigned",
            Case {
                asked: price("100043", ("PMP-4010", "7")),
                told: "1580.00 CONTRACT_PARENT C-2026-100040, net 11060.00, list 1840.00",
                because: "
CANDIDATES: Of 3 prices that could apply: 2 in force in EUR, 1 expired.
STRATEGY: Of the prices in force the most specific source wins: the contract of the account above.",
            },
        ),
        (
            "in a cart",
            Case {
                asked: Asked::Cart { account: "100042", ship_to: Some("100042-01"), line: ("PMP-4010", "7") },
                told: "
ACCEPT, net 10213.00
7 PMP-4010 at 1459.00 CONTRACT_CUSTOMER, IN_STOCK by 2026-06-30 STOCK
  INFO PRICE_NOT_YET_VALID: An agreed price begins on 2027-01-01.",
                because: "
PRICE_NOT_YET_VALID by erp Price 100042 / PMP-4010: record 0070032722, validFrom 2027-01-01, validTo null
ORDER: Account and order: nothing stands in the way.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is taken.",
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn after_a_contract_has_ended_there_is_no_price_and_not_the_list_price() {
    check(&[
        (
            "the price",
            Case {
                asked: price("100120", ("PMP-4010", "1")),
                told: "
null null null, net null, list 1840.00
BLOCKING PRICE_EXPIRED: The agreed price ended on 2026-03-31. The list price does not apply instead.",
                because: "
PRICE_EXPIRED by erp Price 100120 / PMP-4010: record 0070032726, validFrom 2025-01-01, validTo 2026-03-31
CANDIDATES: Of 2 prices that could apply: 0 in force in EUR, 2 expired.
STRATEGY: No price applies; none is guessed.",
            },
        ),
        (
            "in a cart",
            Case {
                asked: Asked::Cart { account: "100120", ship_to: Some("100120-02"), line: ("PMP-4010", "1") },
                told: "
REFUSE, net null
1 PMP-4010 at null null, IN_STOCK by 2026-06-30 STOCK
  BLOCKING PRICE_EXPIRED: The agreed price ended on 2026-03-31. The list price does not apply instead.",
                because: "
PRICE_EXPIRED by erp Price 100120 / PMP-4010: record 0070032726, validFrom 2025-01-01, validTo 2026-03-31
ORDER: Account and order: nothing stands in the way.
LINES: Lines: something stands in the way of 1.
AMOUNTS: Not every line has its price, so there is no total.
DECISION: The order is not taken.",
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn nobody_sees_the_price_of_another_account_nor_in_the_shop_what_a_reason_rests_on() {
    let query =
        "{ price(account: \"100042\", sku: \"PMP-4010\") { resolved { unitPrice { amount } reasons { code } } } }";
    for company in Company::both().await {
        assert!(company.data(Who::Buyer("100042"), query, serde_json::json!({})).await["price"].is_object());
        // The account that is assigned the prices of the one above sees them as its own, and not those of its sister.
        for other in ["100043", "100077"] {
            let data = company.data(Who::Buyer(other), query, serde_json::json!({})).await;
            assert!(data["price"].is_null(), "{other}: {data:?}");
        }
        let evidence = query.replace("code", "code evidence { value }");
        let answer = company.answer(Who::Buyer("100042"), &evidence, serde_json::json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
        assert_eq!(answer.get("data"), None);
    }
}
