//! What a person has to decide: payment in advance, prices on request, a review that the ERP asks for.

use super::case::{Asked, Case, check};

#[tokio::test]
async fn an_account_that_pays_in_advance_is_told_so_and_goes_to_a_person() {
    check(&[
        (
            "a cart",
            Case {
                asked: Asked::Cart { account: "100090", ship_to: Some("100090-02"), line: ("PMP-4020", "1") },
                told: "
MANUAL_REVIEW, net 1975.00
BLOCKING PREPAYMENT_REQUIRED: The account pays in advance, by its payment terms.
1 PMP-4020 at 1975.00 LIST, IN_STOCK by 2026-06-30 STOCK",
                because: "
PREPAYMENT_REQUIRED by erp Account 100090: code PREPAY, prepay true
ORDER: Account and order: The account pays in advance, by its payment terms.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: A person has to look at the order.",
            },
        ),
        (
            "an order",
            Case {
                asked: Asked::Order { account: "100090", number: "4500012350" },
                told: "
ON_HOLD: delivery ON_HOLD, invoices NONE, payment NOT_DUE, returns NONE
BLOCKING PREPAYMENT_REQUIRED: The order is held until it is paid; credit check set it on 28 June 2026, and customer service may release it.
10 PMP-4020 ON_HOLD, open 1, promised 2026-07-05",
                because: "
PREPAYMENT_REQUIRED by erp Order 4500012350: code PREPAYMENT_REQUIRED, nativeCode PP, since 2026-06-28T08:20:05Z, setBy credit check, releasable true, holdSource STORED
STATE: It was ordered and taken.
DELIVERY: Nothing has left: everything that is open is held.
HOLDS: The order is held until it is paid; credit check set it on 28 June 2026, and customer service may release it.
INVOICES: Nothing is invoiced.
STATUS: So the order is on hold.",
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_has_to_be_looked_at_is_neither_taken_nor_refused() {
    check(&[
        (
            "a cart of what is engineered to order",
            Case {
                asked: Asked::Cart { account: "100042", ship_to: Some("100042-01"), line: ("ETO-0100", "1") },
                told: "
MANUAL_REVIEW, net null
1 ETO-0100 at null null, MADE_TO_ORDER by null
  BLOCKING PRICE_ON_REQUEST: It is engineered to order: a person has to quote for it.",
                because: "
PRICE_ON_REQUEST by erp Product ETO-0100: listPrice null
ORDER: Account and order: nothing stands in the way.
LINES: Lines: something stands in the way of 1.
AMOUNTS: Not every line has its price, so there is no total.
DECISION: A person has to look at the order.",
            },
        ),
        (
            "an order that the ERP holds for it",
            Case {
                asked: Asked::Order { account: "100042", number: "4500019001" },
                told: "
ON_HOLD: delivery ON_HOLD, invoices NONE, payment NOT_DUE, returns NONE
BLOCKING MANUAL_REVIEW: The order is held until a person has looked at it; fraud check set it on 29 June 2026, and customer service may release it.
10 PMP-4010 ON_HOLD, open 1, promised 2026-07-03
20 SP/1'4\"× ON_HOLD, open 20, promised 2026-07-06",
                because: "
MANUAL_REVIEW by erp Order 4500019001: code MANUAL_REVIEW, nativeCode MR, since 2026-06-29T08:00:00Z, setBy fraud check, releasable true, holdSource STORED
STATE: It was ordered and taken.
DELIVERY: Nothing has left: everything that is open is held.
HOLDS: The order is held until a person has looked at it; fraud check set it on 29 June 2026, and customer service may release it.
INVOICES: Nothing is invoiced.
STATUS: So the order is on hold.",
            },
        ),
    ])
    .await;
}
