//! The orders that the documentation names, each with one thing to show.

use super::{
    account::Account,
    item::Item,
    line::{Line, LineKind},
    order::{Hold, Order, price},
    random::Random,
    story::Story,
};

/// A named order: its number's last two digits after 45000123, its account, age, story, hold and goods.
struct Anchor {
    number: i64,
    account: &'static str,
    age: i64,
    story: Story,
    hold: Option<Hold>,
    goods: &'static [(&'static str, i64)],
}

const fn anchor(
    number: i64,
    account: &'static str,
    age: i64,
    story: Story,
    goods: &'static [(&'static str, i64)],
) -> Anchor {
    Anchor { number, account, age, story, hold: None, goods }
}

const fn held(code: &'static str, anchor: Anchor) -> Anchor {
    Anchor { hold: Some(Hold { code, line: None, released: false }), ..anchor }
}

const ANCHORS: &[Anchor] = &[
    anchor(45, "100042", 12, Story::Partial, &[("PMP-4010", 4), ("VLV-2205", 10), ("DRV-7300", 2), ("SRV-0001", 8)]),
    held("CR", anchor(46, "100077", 6, Story::Open, &[("PMP-4020", 1), ("SP-10000", 6)])),
    anchor(47, "100078", 9, Story::Quotation, &[("PMP-4010", 6)]),
    anchor(48, "100042", 140, Story::Returned, &[("PMP-4010", 3), ("CHM-0100", 4)]),
    anchor(49, "100042", 3, Story::Open, &[("PMP-4010", 1), ("SP/1'4\"×", 20)]),
    held("PP", anchor(50, "100090", 2, Story::Open, &[("PMP-4020", 1)])),
    anchor(51, "100042", 60, Story::Cancelled, &[("VLV-2300", 5)]),
    anchor(52, "100042", 95, Story::ClosedShort, &[("VLV-2300", 40)]),
    held("DB", anchor(53, "100101", 8, Story::Open, &[("PMP-4010", 2)])),
    held("BB", anchor(54, "100120", 15, Story::Partial, &[("VLV-2205", 6), ("FIT-0007", 200)])),
    anchor(55, "100042", 75, Story::ExpiredQuotation, &[("ETO-0100", 1)]),
    held("AP", anchor(56, "100043", 1, Story::Approval, &[("DRV-7300", 4)])),
    anchor(57, "100120", 96, Story::Shipped, &[("VLV-2205", 12)]),
    anchor(58, "100042", 200, Story::Completed, &[("PMP-4010", 2), ("FIT-0007", 500)]),
];

/// Decides the named orders.
pub(super) fn orders(items: &[Item], accounts: &[Account]) -> Vec<Order> {
    let mut random = Random::of("named orders");
    let item_at = |sku: &str| items.iter().position(|item| item.sku == sku).expect("a named item");
    (ANCHORS.iter())
        .map(|anchor| {
            let position =
                accounts.iter().position(|account| account.number == anchor.account).expect("a named account");
            let account = &accounts[position];
            let lines = (1..).zip(anchor.goods).map(|(n, (sku, ordered))| {
                let item = item_at(sku);
                Line::of_item(10 * n, item, &items[item], *ordered, price(&items[item], account))
            });
            let mut order = Order {
                number: (4_500_012_300 + anchor.number).to_string(),
                web_no: (anchor.number % 3 == 0).then(|| format!("W-{}", 300_000 + anchor.number)),
                placed_by: None,
                customer_po: Some(format!("PO-{}-{:04}", anchor.account, anchor.number)),
                account: position,
                ship_to: Some(account.ship_tos[0].clone()),
                age: anchor.age,
                requested: Some(10 - anchor.age),
                story: anchor.story,
                hold: anchor.hold,
                lines: lines.collect(),
                freight_cents: 8_900,
                surcharge_cents: 0,
                tax_percent: if account.town.country == "DE" { 19 } else { 0 },
                invoices: Vec::new(),
            };
            order.settle(items, account.terms, &mut random);
            retell(&mut order, &item_at);
            order.finish(account.terms, &mut random);
            order
        })
        .collect()
}

/// Says exactly what chance would only have made likely.
fn retell(order: &mut Order, item_at: &impl Fn(&str) -> usize) {
    match order.number.as_str() {
        "4500012345" => {
            let [pump, valve, drive, ..] = order.lines.as_mut_slice() else { return };
            (pump.shipped, pump.delivered, pump.invoiced, pump.allocated) = (2, 2, 2, 2);
            pump.promised = Some(4);
            for short in [valve, drive] {
                (short.shipped, short.delivered, short.invoiced, short.allocated) = (0, 0, 0, 0);
                short.backordered = short.ordered;
            }
            order.lines[1].promised = Some(12);
            order.lines[2].promised = None;
            order.lines.push(Line::of_text(50, LineKind::Comment, "Deliver before noon, gate 3"));
            let freight = Line::of_text(60, LineKind::Freight, "Freight and packaging");
            order.lines.push(Line { ordered: 1, unit: Some("EA"), price_cents: Some(order.freight_cents), ..freight });
        }
        "4500012348" => {
            order.lines[0].returned = 1;
            order.lines[1].returned = 0;
        }
        "4500012349" => {
            let line = &mut order.lines[0];
            line.requested = Some(item_at("PMP-3990"));
            (line.allocated, line.promised) = (1, Some(3));
        }
        "4500012352" => {
            let line = &mut order.lines[0];
            (line.shipped, line.delivered, line.invoiced) = (25, 25, 25);
        }
        "4500012354" => {
            for line in &mut order.lines {
                (line.shipped, line.delivered) = (line.ordered / 2, line.ordered / 2);
                line.allocated = line.allocated.min(line.open());
                line.backordered = line.backordered.min(line.open() - line.allocated);
            }
        }
        _ => {}
    }
}
