//! Supply: on back order with a day and without one, what serves instead, what replaces it for good.

use super::case::{Asked, Case, check};

const fn cart(line: (&'static str, &'static str)) -> Asked {
    Asked::Cart { account: "100042", ship_to: Some("100042-01"), line }
}

const fn order(number: &'static str) -> Asked {
    Asked::Order { account: "100042", number }
}

#[tokio::test]
async fn a_back_order_says_its_day_or_that_nobody_has_named_one() {
    check(&[
        (
            "an order, with a day",
            Case {
                asked: order("4500019003"),
                told: "
BACKORDERED: delivery BACKORDERED, invoices NONE, payment NOT_DUE, returns NONE
WARNING BACKORDERED: Line 10: all that is open waits for supply; it is promised for 12 July 2026.
WARNING LEAD_TIME_EXCEEDS_REQUEST: Line 10: promised for 12 July 2026, asked for by 7 July 2026.
10 VLV-2205 BACKORDERED, open 10, promised 2026-07-12",
                because: "
BACKORDERED by erp Order 4500019003: backordered 10, promisedDate 2026-07-12
LEAD_TIME_EXCEEDS_REQUEST by erp Order 4500019003: requestedDate 2026-07-07, promisedDate 2026-07-12
STATE: It was ordered and taken.
DELIVERY: Nothing has left: everything that is open waits for supply.
LINE: Line 10: all that is open waits for supply; it is promised for 12 July 2026.
LINE: Line 10: promised for 12 July 2026, asked for by 7 July 2026.
HOLDS: Nothing holds the whole order.
INVOICES: Nothing is invoiced.
STATUS: So the order is on back order.",
            },
        ),
        (
            "an order, without one",
            Case {
                asked: order("4500019004"),
                told: "
BACKORDERED: delivery BACKORDERED, invoices NONE, payment NOT_DUE, returns NONE
WARNING BACKORDERED: Line 10: all that is open waits for supply; no day can be promised yet.
10 DRV-7300 BACKORDERED, open 2, promised null",
                because: "
BACKORDERED by erp Order 4500019004: backordered 2, promisedDate null
STATE: It was ordered and taken.
DELIVERY: Nothing has left: everything that is open waits for supply.
LINE: Line 10: all that is open waits for supply; no day can be promised yet.
HOLDS: Nothing holds the whole order.
INVOICES: Nothing is invoiced.
STATUS: So the order is on back order.",
            },
        ),
        (
            "a cart, without one",
            Case {
                asked: cart(("DRV-7300", "2")),
                told: "
ACCEPT_WITH_WARNINGS, net 2438.00
2 DRV-7300 at 1219.00 LIST, UNAVAILABLE by null
  WARNING BACKORDERED: It comes later, and nobody can say when.",
                because: "
BACKORDERED by erp Stock DRV-7300: available -8, backorderPolicy ALLOW
ORDER: Account and order: nothing stands in the way.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is taken, with warnings.",
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_serves_instead_is_offered_and_what_was_delivered_instead_is_named() {
    check(&[
        (
            "a cart of what is short: it comes by a day, and another is there",
            Case {
                asked: cart(("VLV-2205", "5")),
                told: "
ACCEPT_WITH_WARNINGS, net 1195.00
5 VLV-2205 at 239.00 CONTRACT_CUSTOMER, BACKORDER by 2026-07-12 INBOUND, or VLV-2035
  WARNING BACKORDERED: It comes later: all of it by 2026-07-12.
  INFO FREIGHT_CONSTRAINT: All of it is heavier than one parcel may be: 70 KG; and it has no freight class.
  INFO SUBSTITUTE_AVAILABLE: VLV-2035 serves instead and is in stock.",
                because: "
BACKORDERED by erp Stock VLV-2205: available -22, backorderPolicy ALLOW
FREIGHT_CONSTRAINT by erp Product VLV-2205: grossWeight 17.655 KG
SUBSTITUTE_AVAILABLE by pim Product VLV-2205: relations VLV-2035
ORDER: Account and order: nothing stands in the way.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is taken, with warnings.",
            },
        ),
        (
            "a cart of what is sold no more",
            Case {
                asked: cart(("PMP-3990", "1")),
                told: "
REFUSE, net 4782.47
1 PMP-3990 at 4782.47 CUSTOMER_GROUP, UNAVAILABLE by 2026-06-30 STOCK
  BLOCKING PRODUCT_DISCONTINUED: It is sold no more; PMP-4010 replaces it.",
                because: "
PRODUCT_DISCONTINUED by erp Product PMP-3990: lifecycle DISCONTINUED
ORDER: Account and order: nothing stands in the way.
LINES: Lines: something stands in the way of 1.
AMOUNTS: Every line has its price.
DECISION: The order is not taken.",
            },
        ),
        (
            "an order that delivers the successor",
            Case {
                asked: order("4500012349"),
                told: "
IN_PROGRESS: delivery IN_PROGRESS, invoices NONE, payment NOT_DUE, returns NONE
INFO SUBSTITUTED: Line 10: PMP-4010 is delivered instead of PMP-3990.
10 PMP-4010 for PMP-3990 ALLOCATED, open 1, promised 2026-07-03
20 SP/1'4\"× ALLOCATED, open 20, promised 2026-07-06",
                because: "
SUBSTITUTED by erp Order 4500012349: requestedSku PMP-3990, sku PMP-4010
STATE: It was ordered and taken.
DELIVERY: Nothing has left yet; something is reserved or being picked.
LINE: Line 10: PMP-4010 is delivered instead of PMP-3990.
HOLDS: Nothing holds the whole order.
INVOICES: Nothing is invoiced.
STATUS: So the order is in progress.",
            },
        ),
    ])
    .await;
}
