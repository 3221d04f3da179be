//! The ERP's order tables: headers, lines, holds and what happened.

use super::{
    DemoError,
    account::Account,
    calendar::{day, instant, local},
    invoice::Invoice,
    item::Item,
    line::{Line, LineKind},
    money::amount,
    order::{Hold, Order},
    story::Story,
    table::{Filling, Table, row},
};

/// Writes the orders with their lines, holds, invoices and events.
pub(super) async fn fill(
    erp: &mut Filling,
    items: &[Item],
    accounts: &[Account],
    orders: &[Order],
) -> Result<(), DemoError> {
    let mut headers = Table::new("sales_order");
    let mut lines = Table::new("sales_line");
    let mut holds = Table::new("order_hold");
    let mut events = Table::new("order_event");
    let mut invoices = Table::new("invoice");
    let mut invoice_lines = Table::new("invoice_line");
    let mut n_invoices = 9_000_000_000_i64;
    for (n, order) in (0_i64..).zip(orders) {
        let account = &accounts[order.account];
        headers.row(row![
            &order.number,
            order.web_no.as_ref(),
            order.customer_po.as_ref(),
            &account.number,
            &account.number,
            order.ship_to.as_ref(),
            local(-order.age, 420 + n * 7 % 600),
            order.requested.map(day),
            promised(order).map(day),
            valid_until(order).map(day),
            account.currency,
            amount(order.net_cents()),
            amount(order.tax_cents()),
            amount(order.freight_cents),
            amount(order.surcharge_cents),
            amount(order.total_cents()),
            cost(order, items).map(amount),
            account.terms,
            order.story.status(),
            progress(order, |line| line.kind == LineKind::Goods, |line| (line.shipped, line.ordered - line.cancelled)),
            progress(order, |line| line.item.is_some(), |line| (line.invoiced, line.ordered - line.cancelled)),
            instant(changed(order), 21_600 + n * 37 % 50_000),
            order.placed_by.as_ref(),
        ]);
        for line in &order.lines {
            lines.row(line_row(order, line, items));
        }
        if let Some(hold) = order.hold {
            holds.row(row![
                &order.number,
                1,
                hold.code,
                hold.line,
                instant(-order.age, 30_000 + n % 30_000),
                hold.code != "DB",
                set_by(hold),
                hold.released.then(|| instant(1 - order.age, 40_000)),
            ]);
        }
        for invoice in &order.invoices {
            n_invoices += 1;
            let Invoice { kind, total_cents, open_cents, .. } = invoice;
            let number = n_invoices.to_string();
            for (line, item, quantity) in &invoice.lines {
                invoice_lines.row(row![&number, *line, &items[*item].sku, *quantity]);
            }
            invoices.row(row![
                number,
                &order.number,
                *kind,
                day(invoice.day),
                day(invoice.due),
                amount(*total_cents),
                amount(*open_cents),
                account.currency,
            ]);
        }
        write_events(order, items, &mut events);
    }
    for table in [headers, lines, holds, invoices, invoice_lines, events] {
        erp.write(table).await?;
    }
    Ok(())
}

fn line_row(order: &Order, line: &Line, items: &[Item]) -> [super::table::Datum; 23] {
    let goods = matches!(line.kind, LineKind::Goods | LineKind::Return);
    let sku = |item: usize| items[item].sku.clone();
    row![
        &order.number,
        line.number,
        line.kind.code(),
        line.item.map(sku),
        line.requested.map(sku),
        &line.text,
        line.unit.map(|unit| format!("{unit:<3}")),
        line.ordered,
        line.cancelled,
        line.allocated,
        line.shipped,
        line.delivered,
        line.invoiced,
        line.returned,
        line.backordered,
        line.price_cents.map(amount),
        line.price_cents.map(|_| line.per),
        line.net_cents().map(amount),
        line.plant,
        order.requested.filter(|_| goods).map(day),
        line.promised.filter(|_| line.open() > 0).map(day),
        (line.cancelled > 0).then_some(if order.story == Story::Cancelled {
            "Order cancelled by customer"
        } else {
            "Too late"
        }),
        line.status(),
    ]
}

/// The last day promised over all open lines, where every one of them has a day.
fn promised(order: &Order) -> Option<i64> {
    if !matches!(order.story, Story::Open | Story::Partial) {
        return None;
    }
    let open: Option<Vec<i64>> = (order.lines.iter())
        .filter(|line| line.kind == LineKind::Goods && line.open() > 0)
        .map(|line| line.promised)
        .collect();
    open?.into_iter().max()
}

fn valid_until(order: &Order) -> Option<i64> {
    match order.story {
        Story::Quotation => Some(30),
        Story::ExpiredQuotation => Some(14 - order.age),
        _ => None,
    }
}

/// What the goods cost; `None` on quotations, which are not costed.
fn cost(order: &Order, items: &[Item]) -> Option<i64> {
    let costed = !matches!(order.story, Story::Quotation | Story::ExpiredQuotation | Story::Approval);
    let of_line =
        |line: &Line| line.item.map(|item| items[item].cost_cents * (line.ordered - line.cancelled) / line.per);
    costed.then(|| order.lines.iter().filter_map(of_line).sum())
}

/// The ERP's word for progress over the lines that count: A not yet, B partly, C all; empty where none counts.
fn progress(order: &Order, counts: impl Fn(&Line) -> bool, done_of: impl Fn(&Line) -> (i64, i64)) -> &'static str {
    let (mut done, mut all) = (0, 0);
    for line in order.lines.iter().filter(|line| counts(line)) {
        let (line_done, line_all) = done_of(line);
        done += line_done;
        all += line_all;
    }
    match (done, all) {
        (_, 0) => "",
        (0, _) => "A",
        _ if done < all => "B",
        _ => "C",
    }
}

/// The day of the last change.
fn changed(order: &Order) -> i64 {
    let settled = if order.story.is_over() { 40 } else { 5 };
    (settled - order.age).min(0)
}

fn set_by(hold: Hold) -> &'static str {
    match hold.code {
        "CR" | "PP" => "credit check",
        "AP" => "approval rule",
        "FC" => "dispatch",
        _ => "customer service",
    }
}

fn write_events(order: &Order, items: &[Item], events: &mut Table) {
    let mut number = 0_i64;
    let mut event = |kind: &'static str,
                     day: i64,
                     line: Option<i64>,
                     before: Option<String>,
                     after: Option<String>,
                     cause: Option<&'static str>| {
        number += 1;
        events.row(row![
            &order.number,
            number,
            kind,
            instant(day.min(0), 32_400 + number * 60),
            line,
            before,
            after,
            cause
        ]);
    };
    let status = order.story.status();
    let first = if status == "QUOT" {
        "QUOT"
    } else if status == "APPR" {
        "APPR"
    } else {
        "OPEN"
    };
    event("StateChanged", -order.age, None, None, Some(first.to_owned()), None);
    if let Some(hold) = order.hold {
        event("HoldChanged", -order.age, None, Some(hold.code.to_owned()), Some("set".to_owned()), None);
        if hold.released {
            event("HoldChanged", 1 - order.age, None, Some(hold.code.to_owned()), Some("released".to_owned()), None);
        }
    }
    for line in &order.lines {
        let at = 1 - order.age;
        if let (Some(requested), Some(item)) = (line.requested, line.item) {
            let [before, after] = [requested, item].map(|item| Some(items[item].sku.clone()));
            event("SkuSubstituted", at, Some(line.number), before, after, None);
        }
        if line.backordered > 0 {
            let first_promise = Some(day(10 - order.age));
            event(
                "PromiseMoved",
                at,
                Some(line.number),
                first_promise,
                line.promised.map(day),
                Some("Supplier is late"),
            );
        }
    }
    if status != first {
        event("StateChanged", changed(order), None, Some(first.to_owned()), Some(status.to_owned()), None);
    }
}
