//! Several addresses of one account: which may be chosen, and what cannot be shipped there.

use super::case::{Asked, Case, check};

const fn to(ship_to: Option<&'static str>, sku: &'static str) -> Asked {
    Asked::Cart { account: "100042", ship_to, line: (sku, "1") }
}

const TAKEN: &str = "
PRICE_NOT_YET_VALID by erp Price 100042 / PMP-4010: record 0070032722, validFrom 2027-01-01, validTo null
ORDER: Account and order: nothing stands in the way.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is taken.";

#[tokio::test]
async fn goods_go_to_any_open_address_of_the_account_and_to_no_other() {
    let open = "
ACCEPT, net 1512.00
1 PMP-4010 at 1512.00 CONTRACT_CUSTOMER, IN_STOCK by 2026-06-30 STOCK
  INFO PRICE_NOT_YET_VALID: An agreed price begins on 2027-01-01.";
    check(&[
        ("the works", Case { asked: to(Some("100042-01"), "PMP-4010"), told: open, because: TAKEN }),
        ("the warehouse", Case { asked: to(Some("100042-02"), "PMP-4010"), told: open, because: TAKEN }),
        ("not chosen yet", Case { asked: to(None, "PMP-4010"), told: open, because: TAKEN }),
        (
            "a site that is closed",
            Case {
                asked: to(Some("100042-03"), "PMP-4010"),
                told: "
REFUSE, net 1512.00
BLOCKING SHIP_TO_INACTIVE: The address is closed.
1 PMP-4010 at 1512.00 CONTRACT_CUSTOMER, IN_STOCK by 2026-06-30 STOCK
  INFO PRICE_NOT_YET_VALID: An agreed price begins on 2027-01-01.",
                because: "
SHIP_TO_INACTIVE by erp Account 100042: id 100042-03, active false
PRICE_NOT_YET_VALID by erp Price 100042 / PMP-4010: record 0070032722, validFrom 2027-01-01, validTo null
ORDER: Account and order: The address is closed.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is not taken.",
            },
        ),
        (
            "another account's",
            Case {
                asked: to(Some("100043-01"), "PMP-4010"),
                told: "
REFUSE, net 1512.00
BLOCKING SHIP_TO_NOT_ALLOWED: The address is none of the account's.
1 PMP-4010 at 1512.00 CONTRACT_CUSTOMER, IN_STOCK by 2026-06-30 STOCK
  INFO PRICE_NOT_YET_VALID: An agreed price begins on 2027-01-01.",
                because: "
SHIP_TO_NOT_ALLOWED by the question: shipTo 100043-01
PRICE_NOT_YET_VALID by erp Price 100042 / PMP-4010: record 0070032722, validFrom 2027-01-01, validTo null
ORDER: Account and order: The address is none of the account's.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is not taken.",
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_cannot_be_shipped_to_an_address_says_why_and_goes_to_another() {
    check(&[
        (
            "dangerous goods to the works",
            Case {
                asked: to(Some("100042-01"), "CHM-0100"),
                told: "
ACCEPT_WITH_WARNINGS, net 201.40
1 CHM-0100 at 201.40 LIST, IN_STOCK by 2026-06-30 STOCK
  WARNING HAZMAT_DOCUMENT_EXPIRED: The safety data sheet has expired.",
                because: "
HAZMAT_DOCUMENT_EXPIRED by pim Product CHM-0100: validUntil 2026-05-16
ORDER: Account and order: nothing stands in the way.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is taken, with warnings.",
            },
        ),
        (
            "dangerous goods to the warehouse, which takes none",
            Case {
                asked: to(Some("100042-02"), "CHM-0100"),
                told: "
REFUSE, net 201.40
1 CHM-0100 at 201.40 LIST, IN_STOCK by 2026-06-30 STOCK
  BLOCKING FREIGHT_CONSTRAINT: It is dangerous goods, and the address takes none.
  WARNING HAZMAT_DOCUMENT_EXPIRED: The safety data sheet has expired.",
                because: "
FREIGHT_CONSTRAINT by erp Product CHM-0100: hazardous true; erp Account 100042: deliveryRestrictions NO_HAZMAT
HAZMAT_DOCUMENT_EXPIRED by pim Product CHM-0100: validUntil 2026-05-16
ORDER: Account and order: nothing stands in the way.
LINES: Lines: something stands in the way of 1.
AMOUNTS: Every line has its price.
DECISION: The order is not taken.",
            },
        ),
        (
            "freight to an address without a ramp",
            Case {
                asked: Asked::Cart { account: "100120", ship_to: Some("100120-01"), line: ("PMP-4020", "1") },
                told: "
ACCEPT_WITH_WARNINGS, net 1975.00
1 PMP-4020 at 1975.00 LIST, IN_STOCK by 2026-06-30 STOCK
  WARNING FREIGHT_CONSTRAINT: It goes as freight, and the address needs a lift gate.",
                because: "
FREIGHT_CONSTRAINT by erp Product PMP-4020: freightClass 85; erp Account 100120: deliveryRestrictions LIFTGATE
ORDER: Account and order: nothing stands in the way.
LINES: Lines: nothing stands in the way.
AMOUNTS: Every line has its price.
DECISION: The order is taken, with warnings.",
            },
        ),
        (
            "an order of which the ERP holds a line",
            Case {
                asked: Asked::Order { account: "100042", number: "4500019002" },
                told: "
IN_PROGRESS: delivery IN_PROGRESS, invoices NONE, payment NOT_DUE, returns NONE
BLOCKING FREIGHT_CONSTRAINT: Line 10 is held because it cannot be shipped there as it is; dispatch set it on 28 June 2026, and customer service may release it.
10 PMP-4010 ON_HOLD, open 1, promised 2026-07-03
20 SP/1'4\"× ALLOCATED, open 20, promised 2026-07-06",
                because: "
FREIGHT_CONSTRAINT by erp Order 4500019002: code FREIGHT_CONSTRAINT, nativeCode FC, since 2026-06-28T08:00:00Z, setBy dispatch, releasable true, holdSource STORED
STATE: It was ordered and taken.
DELIVERY: Nothing has left yet; something is reserved or being picked.
LINE: Line 10 is held because it cannot be shipped there as it is; dispatch set it on 28 June 2026, and customer service may release it.
HOLDS: Nothing holds the whole order.
INVOICES: Nothing is invoiced.
STATUS: So the order is in progress.",
            },
        ),
    ])
    .await;
}
