//! The ERP's credit accounts: what each account owes follows from its orders, its limit from how it stands.

use super::{
    DemoError,
    account::{Account, Standing},
    calendar::instant,
    money::amount,
    order::Order,
    table::{Filling, Table, row},
};

/// What an account owes, in cents.
#[derive(Debug, Default, Clone)]
struct Owed {
    receivable: i64,
    overdue: i64,
    open_orders: i64,
}

/// Writes the credit of every account.
pub(super) async fn fill(erp: &mut Filling, accounts: &[Account], orders: &[Order]) -> Result<(), DemoError> {
    let owed = owed(accounts.len(), orders);
    let mut table = Table::new("credit");
    for (n, (account, owed)) in (0_i64..).zip(accounts.iter().zip(owed)) {
        let exposure = owed.receivable + owed.open_orders;
        let limit = match account.standing {
            Standing::Unlimited => None,
            Standing::Prepaid => Some(0),
            Standing::Good => Some(round_up(exposure * 2 + 2_000_000)),
            Standing::NearLimit => Some(exposure * 100 / 93 + 50_000),
            Standing::Exceeded => Some(exposure * 80 / 100),
            Standing::Held => Some(round_up(exposure * 90 / 100)),
            Standing::Overdue => Some(round_up(exposure * 3 / 2 + 500_000)),
        };
        let held = account.standing == Standing::Held;
        let shared =
            account.parent.iter().filter(|_| n % 5 == 0).map(|parent| format!("\"{parent}\"")).collect::<Vec<_>>();
        table.row(row![
            &account.number,
            limit.map(amount),
            amount(owed.receivable),
            amount(owed.open_orders),
            amount(exposure),
            amount(owed.overdue),
            held,
            held.then_some(if n % 2 == 0 { "DUNNING" } else { "MANUAL" }),
            (account.standing != Standing::Unlimited).then_some(match account.standing {
                Standing::Good => "A",
                Standing::NearLimit | Standing::Prepaid => "B",
                _ => "D",
            }),
            (n % 11 != 0).then(|| instant(-(n % 3), 25_200 + n * 61 % 30_000)),
            format!("[{}]", shared.join(",")),
        ]);
    }
    erp.write(table).await
}

fn owed(n_accounts: usize, orders: &[Order]) -> Vec<Owed> {
    let mut owed = vec![Owed::default(); n_accounts];
    for order in orders {
        let account = &mut owed[order.account];
        for invoice in &order.invoices {
            account.receivable += invoice.open_cents;
            if invoice.due < 0 {
                account.overdue += invoice.open_cents;
            }
        }
        if order.story.status() == "OPEN" {
            let waiting = order.lines.iter().filter(|line| line.item.is_some());
            account.open_orders +=
                waiting.map(|line| line.value(line.ordered - line.cancelled - line.invoiced)).sum::<i64>();
        }
    }
    owed
}

/// Limits are set by people, in thousands.
fn round_up(cents: i64) -> i64 {
    (cents / 100_000 + 1) * 100_000
}
