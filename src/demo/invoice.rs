//! Invoices and credit notes: what follows from what an order has invoiced and got back.

use super::{
    line::{Line, LineKind},
    money::share,
    order::Order,
    random::Random,
    story::Story,
};

/// An invoice or a credit note. Days count from today.
#[derive(Debug)]
pub(super) struct Invoice {
    /// The ERP's billing type: F2 for an invoice, G2 for a credit note.
    pub(super) kind: &'static str,
    pub(super) day: i64,
    pub(super) due: i64,
    pub(super) total_cents: i64,
    pub(super) open_cents: i64,
    /// Line number, item, quantity.
    pub(super) lines: Vec<(i64, usize, i64)>,
}

/// Writes an order's invoices and credit notes.
pub(super) fn invoices(order: &Order, terms: &str, random: &mut Random) -> Vec<Invoice> {
    let billed: Vec<&Line> = order.lines.iter().filter(|line| line.invoiced > 0 && line.item.is_some()).collect();
    if billed.is_empty() {
        return Vec::new();
    }
    let days = match terms {
        "N60" => 60,
        "PREPAY" => 0,
        _ => 30,
    };
    let first_day = (4 - order.age).min(0);
    let n_invoices = if billed.len() > 1 && random.percent(15) { 2 } else { 1 };
    let mut invoices: Vec<Invoice> = (0..n_invoices)
        .map(|n| {
            let lines: Vec<&Line> = billed.iter().copied().skip(n).step_by(n_invoices).collect();
            let extra = if n == 0 { order.freight_cents + order.surcharge_cents } else { 0 };
            let net = lines.iter().map(|line| line.value(line.invoiced)).sum::<i64>() + extra;
            let total_cents = net + share(net, order.tax_percent);
            let day = (first_day + 3 * n as i64).min(0);
            Invoice {
                kind: "F2",
                day,
                due: day + days,
                total_cents,
                open_cents: open(order.story, total_cents, day + days, random),
                lines: lines
                    .iter()
                    .map(|line| (line.number, line.item.expect("filtered above"), line.invoiced))
                    .collect(),
            }
        })
        .collect();
    let returned: Vec<&Line> =
        order.lines.iter().filter(|line| line.returned > 0 && line.kind == LineKind::Goods).collect();
    if !returned.is_empty() {
        let net: i64 = returned.iter().map(|line| line.value(line.returned)).sum();
        let day = (25 - order.age).min(0);
        let lines = returned.iter().filter_map(|line| Some((line.number, line.item?, line.returned))).collect();
        invoices.push(Invoice {
            kind: "G2",
            day,
            due: day,
            total_cents: net + share(net, order.tax_percent),
            open_cents: 0,
            lines,
        });
    }
    invoices
}

/// What is not paid of an invoice.
fn open(story: Story, total_cents: i64, due: i64, random: &mut Random) -> i64 {
    if story.is_paid() {
        return 0;
    }
    match random.between(1, 100) {
        // Most who are past the day have paid; of the rest some have paid a part.
        1..=30 if due < 0 && story == Story::Partial => 0,
        31..=45 => total_cents * random.between(20, 70) / 100,
        _ => total_cents,
    }
}
