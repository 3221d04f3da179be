//! Credit: a hold that the ERP stores, and one that only follows from the amounts.

use super::case::{Asked, Case, check};

#[tokio::test]
async fn a_stored_credit_hold_says_that_it_is_stored_and_who_set_it() {
    check(&[
        (
            "an order",
            Case {
                asked: Asked::Order { account: "100077", number: "4500012346" },
                told: "
ON_HOLD: delivery ON_HOLD, invoices NONE, payment NOT_DUE, returns NONE
BLOCKING CREDIT_HOLD: The order is on credit hold; credit check set it on 24 June 2026, and customer service may release it.
10 PMP-4020 ON_HOLD, open 1, promised 2026-07-03
20 SP-10000 ON_HOLD, open 6, promised 2026-07-02",
                because: "
CREDIT_HOLD by erp Order 4500012346: code CREDIT_HOLD, nativeCode CR, since 2026-06-24T08:20:01Z, setBy credit check, releasable true, holdSource STORED
STATE: It was ordered and taken.
DELIVERY: Nothing has left: everything that is open is held.
HOLDS: The order is on credit hold; credit check set it on 24 June 2026, and customer service may release it.
INVOICES: Nothing is invoiced.
STATUS: So the order is on hold.",
            },
        ),
        (
            "a cart",
            Case {
                asked: Asked::Cart { account: "100077", ship_to: Some("100077-01"), line: ("PMP-4010", "1") },
                told: "
REFUSE, net 1840.00
BLOCKING CREDIT_HOLD: The account is on credit hold: the hold is stored with the account.
1 PMP-4010 at 1840.00 LIST, IN_STOCK by 2026-06-30 STOCK",
                because: "
CREDIT_HOLD by erp Account 100077: hold true, checkedAt 2026-06-30T07:03:03Z, holdSource MANUAL
ORDER: Account and order: The account is on credit hold: the hold is stored with the account.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is not taken.",
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_credit_hold_that_nobody_stored_follows_from_the_amounts_and_says_so() {
    check(&[
        (
            "an order that is stuck as a quotation",
            Case {
                asked: Asked::Order { account: "100078", number: "4500012347" },
                told: "
QUOTATION: delivery UNFULFILLED, invoices NONE, payment NOT_DUE, returns NONE
BLOCKING CREDIT_HOLD: The order waits for credit control: no hold is stored with it, it follows from the account's credit.
10 PMP-4010 OPEN, open 6, promised null",
                because: "
CREDIT_HOLD by erp Account 100078: limit 10512.49 EUR, exposure 13140.62 EUR, overBy 13506.87 EUR; erp Order 4500012347: total 10878.74 EUR, holdSource DERIVED
STATE: It is offered; the offer holds until 30 July 2026.
DELIVERY: Nothing has left yet.
HOLDS: The order waits for credit control: no hold is stored with it, it follows from the account's credit.
INVOICES: Nothing is invoiced.
STATUS: So it is a quotation that waits for an order.",
            },
        ),
        (
            "a cart",
            Case {
                asked: Asked::Cart { account: "100078", ship_to: Some("100078-01"), line: ("PMP-4010", "1") },
                told: "
REFUSE, net 1840.00
BLOCKING CREDIT_HOLD: The account's credit does not cover the order; no hold is stored, it follows from its credit.
1 PMP-4010 at 1840.00 LIST, IN_STOCK by 2026-06-30 STOCK",
                because: "
CREDIT_HOLD by erp Account 100078: limit 10512.49 EUR, exposure 13140.62 EUR, overBy 4468.13 EUR, holdSource DERIVED
ORDER: Account and order: The account's credit does not cover the order; no hold is stored, it follows from its credit.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is not taken.",
            },
        ),
        (
            "both at once: the ERP holds it for approval, and credit would",
            Case {
                asked: Asked::Order { account: "100043", number: "4500012356" },
                told: "
PENDING_APPROVAL: delivery ON_HOLD, invoices NONE, payment NOT_DUE, returns NONE
BLOCKING APPROVAL_REQUIRED: The order is held until somebody approves it; approval rule set it on 29 June 2026, and customer service may release it.
BLOCKING CREDIT_HOLD: The order waits for credit control: no hold is stored with it, it follows from the account's credit.
10 DRV-7300 ON_HOLD, open 4, promised null",
                because: "
APPROVAL_REQUIRED by erp Order 4500012356: code APPROVAL_REQUIRED, nativeCode AP, since 2026-06-29T08:20:11Z, setBy approval rule, releasable true, holdSource STORED
CREDIT_HOLD by erp Account 100043: limit 50842.03 EUR, exposure 46818.09 EUR, overBy 839.97 EUR; erp Order 4500012356: total 4863.91 EUR, holdSource DERIVED
STATE: It waits for somebody to approve it.
DELIVERY: Nothing has left: everything that is open is held.
HOLDS: The order is held until somebody approves it; approval rule set it on 29 June 2026, and customer service may release it.
HOLDS: The order waits for credit control: no hold is stored with it, it follows from the account's credit.
INVOICES: Nothing is invoiced.
STATUS: So the order waits for approval.",
            },
        ),
        (
            "overdue without a limit warns, and only those who may see credit are told of what",
            Case {
                asked: Asked::Cart { account: "100101", ship_to: Some("100101-01"), line: ("PMP-4020", "1") },
                told: "
ACCEPT_WITH_WARNINGS, net 1975.00
WARNING CREDIT_NOTICE: Something of the account's credit is to be seen to; it does not stop the order.
1 PMP-4020 at 1975.00 LIST, IN_STOCK by 2026-06-30 STOCK",
                because: "
CREDIT_NOTICE by erp Account 100101: overdue 9531.89 EUR, oldestDueDate 2026-06-06
credit ACCOUNT_OVERDUE by erp Account 100101: overdue 9531.89 EUR, oldestDueDate 2026-06-06
ORDER: Account and order: nothing stands in the way.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is taken, with warnings.",
            },
        ),
    ])
    .await;
}
