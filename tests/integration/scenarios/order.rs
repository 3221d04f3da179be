//! Orders under way and over: partly shipped, returned; and whose they are.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::{
    case::{Asked, Case, check},
    company::{Company, Erp, Who, own_file},
};

#[tokio::test]
async fn a_partly_shipped_order_says_of_each_line_what_it_waits_for() {
    check(&[
        (
            "one back ordered with a day, one without, a service",
            Case {
                asked: Asked::Order { account: "100042", number: "4500012345" },
                told: "
PARTIALLY_SHIPPED: delivery PARTIALLY_SHIPPED, invoices PARTIALLY_INVOICED, payment AWAITING, returns NONE
WARNING BACKORDERED: Line 20: all that is open waits for supply; it is promised for 12 July 2026.
WARNING BACKORDERED: Line 30: all that is open waits for supply; no day can be promised yet.
WARNING LEAD_TIME_EXCEEDS_REQUEST: Line 10: promised for 4 July 2026, asked for by 28 June 2026.
WARNING LEAD_TIME_EXCEEDS_REQUEST: Line 20: promised for 12 July 2026, asked for by 28 June 2026.
10 PMP-4010 PARTIALLY_SHIPPED, open 2, promised 2026-07-04
20 VLV-2205 BACKORDERED, open 10, promised 2026-07-12
30 DRV-7300 BACKORDERED, open 2, promised null
40 SRV-0001 NOT_APPLICABLE, open null, promised null",
                because: "
BACKORDERED by erp Order 4500012345: backordered 10, promisedDate 2026-07-12
BACKORDERED by erp Order 4500012345: backordered 2, promisedDate null
LEAD_TIME_EXCEEDS_REQUEST by erp Order 4500012345: requestedDate 2026-06-28, promisedDate 2026-07-04
LEAD_TIME_EXCEEDS_REQUEST by erp Order 4500012345: requestedDate 2026-06-28, promisedDate 2026-07-12
STATE: It was ordered and taken.
DELIVERY: Something has left, not everything.
LINE: Line 10: promised for 4 July 2026, asked for by 28 June 2026.
LINE: Line 20: all that is open waits for supply; it is promised for 12 July 2026.
LINE: Line 20: promised for 12 July 2026, asked for by 28 June 2026.
LINE: Line 30: all that is open waits for supply; no day can be promised yet.
HOLDS: Nothing holds the whole order.
INVOICES: A part is invoiced.
PAYMENT: Payment is awaited, and nothing is late.
STATUS: So the order has shipped in part.",
            },
        ),
        (
            "and blocked for invoicing, of which the word for people is the block",
            Case {
                asked: Asked::Order { account: "100120", number: "4500012354" },
                told: "
ON_HOLD: delivery PARTIALLY_SHIPPED, invoices NONE, payment NOT_DUE, returns NONE
BLOCKING BILLING_BLOCK: The order is blocked for invoicing; customer service set it on 15 June 2026, and customer service may release it.
WARNING LEAD_TIME_EXCEEDS_REQUEST: Line 10: promised for 1 August 2026, asked for by 25 June 2026.
WARNING LEAD_TIME_EXCEEDS_REQUEST: Line 20: promised for 6 July 2026, asked for by 25 June 2026.
WARNING PARTIAL_BACKORDER: Line 10: a part waits for supply; it is promised for 1 August 2026.
10 VLV-2205 PARTIALLY_SHIPPED, open 3, promised 2026-08-01
20 FIT-0007 PARTIALLY_SHIPPED, open 100, promised 2026-07-06",
                because: "
BILLING_BLOCK by erp Order 4500012354: code BILLING_BLOCK, nativeCode BB, since 2026-06-15T08:20:09Z, setBy customer service, releasable true, holdSource STORED
LEAD_TIME_EXCEEDS_REQUEST by erp Order 4500012354: requestedDate 2026-06-25, promisedDate 2026-08-01
LEAD_TIME_EXCEEDS_REQUEST by erp Order 4500012354: requestedDate 2026-06-25, promisedDate 2026-07-06
PARTIAL_BACKORDER by erp Order 4500012354: backordered 2, promisedDate 2026-08-01
STATE: It was ordered and taken.
DELIVERY: Something has left, not everything.
LINE: Line 10: promised for 1 August 2026, asked for by 25 June 2026.
LINE: Line 10: a part waits for supply; it is promised for 1 August 2026.
LINE: Line 20: promised for 6 July 2026, asked for by 25 June 2026.
HOLDS: The order is blocked for invoicing; customer service set it on 15 June 2026, and customer service may release it.
INVOICES: Nothing is invoiced.
STATUS: So the order is on hold.",
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_return_does_not_reopen_an_order_and_stands_on_its_own_axis() {
    let finished = "
STATE: Its owner has finished it.
DELIVERY: Everything has arrived.
HOLDS: Nothing holds the whole order.
INVOICES: Everything is invoiced.
PAYMENT: What is invoiced is paid.";
    let steps = |returned: &str| {
        format!("{finished}\nRETURNS: {returned}\nSTATUS: So the order is completed: nothing is open.")
    };
    check(&[
        (
            "a part is back, with a credit note",
            Case {
                asked: Asked::Order { account: "100042", number: "4500012348" },
                told: "
COMPLETED: delivery DELIVERED, invoices INVOICED, payment PAID, returns PARTIALLY_RETURNED
10 PMP-4010 DELIVERED, open 0, promised null
20 CHM-0100 DELIVERED, open 0, promised null",
                because: &steps("A part of what was shipped is back."),
            },
        ),
        (
            "asked for",
            Case {
                asked: Asked::Order { account: "100042", number: "4500012358" },
                told: "
COMPLETED: delivery DELIVERED, invoices INVOICED, payment PAID, returns REQUESTED
10 PMP-4010 DELIVERED, open 0, promised null
20 FIT-0007 DELIVERED, open 0, promised null",
                because: &steps("A return is asked for."),
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_status_is_the_same_word_in_the_shop_at_the_service_desk_and_in_a_report() {
    let numbers: Vec<String> =
        (4_500_012_345..=4_500_012_358).chain(4_500_019_001..=4_500_019_004).map(|n: u64| n.to_string()).collect();
    let query = "query($numbers: [String!]!) { orders(numbers: $numbers) {
      number account status fulfillmentStatus invoiceStatus paymentStatus returnStatus lines { status }
      reasons { code severity message } statusExplanation { step text }
    } }";
    for company in Company::both().await {
        let variables = json!({ "numbers": numbers });
        let agents = company.data(Who::Agent, query, variables.clone()).await.remove("orders").expect("orders");
        assert_eq!(company.data(Who::Analyst, query, variables.clone()).await["orders"], agents);
        let agents = agents.as_array().expect("orders");
        assert!(agents.iter().all(|order| order["status"].is_string()) && agents.len() == numbers.len());
        let mut n_seen = 0;
        for account in ["100042", "100043", "100077", "100078", "100090", "100101", "100120"] {
            let data = company.data(Who::Buyer(account), query, variables.clone()).await;
            for (own, of_agent) in data["orders"].as_array().expect("orders").iter().zip(agents) {
                // What is another account's does not exist for the buyer.
                let expected = if of_agent["account"] == account { of_agent } else { &serde_json::Value::Null };
                assert_eq!(own, expected, "{:?}", company.erp);
                n_seen += usize::from(!own.is_null());
            }
        }
        assert_eq!(n_seen, numbers.len());
    }
}

#[tokio::test]
async fn whoever_sees_ones_own_orders_alone_finds_those_they_placed_and_none_of_a_colleagues() {
    let list =
        "{ account(number: \"100043\") { orders(first: 100) { totalCount nodes { number placedBy customerPo } } } }";
    for company in Company::both().await {
        let truth = company.data(Who::Agent, list, json!({})).await["account"]["orders"].take();
        let truth = truth["nodes"].as_array().expect("orders").clone();
        let logins: BTreeSet<Option<&str>> = truth.iter().map(|order| order["placedBy"].as_str()).collect();
        assert_eq!(logins, [None, Some("L-5003"), Some("L-5004")].into(), "{:?}", company.erp);
        for login in ["L-5003", "L-5004"] {
            let who = Who::Placer("100043", login);
            let own: Vec<&Value> = truth.iter().filter(|order| order["placedBy"] == login).collect();
            let seen = company.data(who, list, json!({})).await["account"]["orders"].take();
            assert_eq!(seen, json!({"totalCount": own.len(), "nodes": own}), "{login}, {:?}", company.erp);
            for order in &truth {
                let query = "query($number: String!, $po: String!) { order(number: $number) { number }
                    ordersByCustomerPo(account: \"100043\", customerPo: $po) { number placedBy } }";
                let variables =
                    json!({"number": order["number"], "po": order["customerPo"].as_str().unwrap_or("none")});
                let data = company.data(who, query, variables).await;
                assert_eq!(data["order"].is_object(), order["placedBy"] == login, "{login}, {order}");
                let same = data["ordersByCustomerPo"].as_array().expect("a list");
                assert!(same.iter().all(|one| one["placedBy"] == login), "{login}: {same:?}");
            }
        }
    }
}

#[tokio::test]
async fn that_another_order_has_the_same_number_of_the_customers_is_said_without_that_orders_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = own_file(folder.path()).await;
    let mut erp = SqliteConnection::connect(&address).await.expect("the ERP's file");
    let same =
        "update sales_order set customer_po = 'PO-SAME', placed_by = case order_no when '4500012349' then 'L-5002' end
                where order_no in ('4500012345', '4500012349')";
    sqlx::raw_sql(same).execute(&mut erp).await.expect("the same number");
    erp.close().await.expect("the ERP's file");
    let company = Company::over(Erp::Sqlite, address).await;
    let query = "{ order(number: \"4500012349\") { reasons { code message # } statusExplanation { text } } }";
    let evidence = query.replace('#', "evidence { field value }");
    let agent = json!(company.data(Who::Agent, &evidence, json!({})).await).to_string();
    assert!(agent.contains("{\"field\":\"sameCustomerPo\",\"value\":\"4500012345\"}"), "{agent}");
    let placer = Who::Placer("100042", "L-5002");
    let told = json!(company.data(placer, &query.replace('#', ""), json!({})).await).to_string();
    assert!(told.contains("DUPLICATE_PO") && !told.contains("4500012345"), "a colleague's order is named: {told}");
}
