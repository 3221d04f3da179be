//! The ERP's rebate agreements: what an account is paid back after a period. No price is made of them.

use super::{
    DemoError,
    account::{Account, Agreements},
    calendar::{OPEN_END, day},
    money::amount,
    random::Random,
    table::{Filling, Table, row},
};

/// From what on how much is paid back, in tenths of a percent.
#[derive(Debug, Clone, Copy)]
enum Tiers {
    /// From turnovers, in cents.
    Turnover(&'static [(i64, i64)]),
    /// From quantities, in pieces.
    Quantity(&'static [(i64, i64)]),
}

/// An agreement before it has a number. Days count from today; no end means without one.
#[derive(Debug, Clone, Copy)]
struct Agreed {
    title: &'static str,
    /// The ERP's code of the settlement period.
    period: &'static str,
    tiers: Tiers,
    from: i64,
    /// The first day it holds no more.
    before: Option<i64>,
}

const BONUS: Agreed = Agreed {
    title: "Annual bonus",
    period: "J",
    tiers: Tiers::Turnover(&[(5_000_000, 10), (15_000_000, 20), (40_000_000, 35)]),
    from: -180,
    before: Some(185),
};
const PUMPS: Agreed = Agreed {
    title: "Pump volume rebate",
    period: "Q",
    tiers: Tiers::Quantity(&[(50, 15), (200, 30)]),
    from: -90,
    before: None,
};
/// Run out, and so is the next.
const LAUNCH: Agreed = Agreed {
    title: "Launch campaign",
    period: "E",
    tiers: Tiers::Turnover(&[(1_000_000, 25)]),
    from: -300,
    before: Some(-90),
};
const MONTHLY: Agreed = Agreed {
    title: "Monthly logistics rebate",
    period: "M",
    tiers: Tiers::Turnover(&[(200_000, 5)]),
    from: -545,
    before: Some(-180),
};
const TO_COME: Agreed = Agreed {
    title: "Half-year bonus",
    period: "H",
    tiers: Tiers::Turnover(&[(0, 5), (10_000_000, 15)]),
    from: 185,
    before: Some(550),
};

/// Writes the agreements and their tiers.
pub(super) async fn fill(erp: &mut Filling, accounts: &[Account]) -> Result<(), DemoError> {
    let mut random = Random::of("rebates");
    let mut agreements = Table::new("rebate_agreement");
    let mut tiers = Table::new("rebate_tier");
    let mut number = 80_000;
    for account in accounts {
        for agreed in agreed(account, &mut random) {
            number += 1;
            let number = format!("R-{number}");
            agreements.row(row![
                &number,
                &account.number,
                agreed.title,
                match agreed.tiers {
                    Tiers::Turnover(_) => "U",
                    Tiers::Quantity(_) => "M",
                },
                agreed.period,
                account.currency,
                day(agreed.from),
                agreed.before.map_or(OPEN_END.to_owned(), day),
            ]);
            let (Tiers::Turnover(steps) | Tiers::Quantity(steps)) = agreed.tiers;
            for (step, (from, tenths)) in (1_i64..).zip(steps) {
                let percent = format!("{}.{}", tenths / 10, tenths % 10);
                match agreed.tiers {
                    Tiers::Turnover(_) => {
                        tiers.row(row![&number, step, amount(*from), None::<i64>, None::<i64>, percent]);
                    }
                    Tiers::Quantity(_) => tiers.row(row![&number, step, None::<i64>, *from, "EA", percent]),
                }
            }
        }
    }
    erp.write(agreements).await?;
    erp.write(tiers).await
}

/// What is agreed with an account: with those that the documentation names what it says, with every fifth other something.
fn agreed(account: &Account, random: &mut Random) -> Vec<Agreed> {
    match account.number.as_str() {
        "100040" => vec![BONUS],
        "100042" => vec![BONUS, PUMPS, Agreed { from: -545, before: Some(-180), ..BONUS }, LAUNCH],
        "100120" => vec![LAUNCH],
        _ if account.agreements != Agreements::Own || !random.percent(20) => Vec::new(),
        _ => vec![random.pick(&[BONUS, PUMPS, TO_COME]), random.pick(&[MONTHLY, LAUNCH])],
    }
}
