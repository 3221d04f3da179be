//! The ERP's prices: who may use whose, and every record that was ever agreed.

use super::{
    DemoError,
    account::{Account, Agreements},
    calendar::{OPEN_END, day},
    item::Item,
    money::{amount, share},
    order::currency_percent,
    random::Random,
    table::{Filling, Table, row},
};

/// A price record before it has a number. Days count from today; no last day means without end.
#[derive(Debug, Clone)]
struct Agreed<'a> {
    party: &'a str,
    item: &'a Item,
    contract: Option<String>,
    status: &'static str,
    min_qty: i64,
    cents: i64,
    currency: &'static str,
    from: i64,
    to: Option<i64>,
}

/// Writes the assignments and the records.
pub(super) async fn fill(erp: &mut Filling, items: &[Item], accounts: &[Account]) -> Result<(), DemoError> {
    let mut random = Random::of("prices");
    let priced: Vec<&Item> = items.iter().filter(|item| item.in_erp() && item.list_cents.is_some()).collect();
    let mut agreed = list_prices(&priced);
    agreed.extend(group_prices(&priced, &mut random));
    for account in accounts.iter().filter(|account| matches!(account.agreements, Agreements::Own | Agreements::Expired))
    {
        agreed.extend(contract_prices(account, &priced, &mut random));
    }
    agreed.extend(named(&priced));
    let mut records = Table::new("price_record");
    for (n, record) in (1..).zip(agreed) {
        records.row(row![
            format!("{:010}", 70_000_000 + n),
            record.party.to_owned(),
            &record.item.sku,
            record.contract,
            record.status,
            record.min_qty,
            amount(record.cents),
            record.currency,
            record.item.family.per,
            format!("{:<3}", record.item.family.unit),
            day(record.from),
            record.to.map_or(OPEN_END.to_owned(), day),
        ]);
    }
    erp.write(records).await?;
    erp.write(assignments(accounts)).await
}

fn assignments(accounts: &[Account]) -> Table {
    let mut table = Table::new("price_assignment");
    for account in accounts {
        let mut assign =
            |step: i64, source: &'static str, party: String| table.row(row![&account.number, step, source, party]);
        if matches!(account.agreements, Agreements::Own | Agreements::Expired) {
            assign(10, "CONTRACT_CUSTOMER", account.number.clone());
        }
        if let (Agreements::Parents, Some(parent)) = (account.agreements, &account.parent) {
            assign(20, "CONTRACT_PARENT", parent.clone());
        }
        if let Some(tier) = account.tier {
            assign(30, "CUSTOMER_GROUP", tier.to_owned());
        }
        assign(40, "PROMOTION", "SUMMER-2026".to_owned());
        assign(60, "LIST", format!("LIST-{}", account.currency));
    }
    table
}

/// There are lists in euros and dollars only: whoever pays in another currency has none.
fn list_prices<'a>(priced: &[&'a Item]) -> Vec<Agreed<'a>> {
    let mut agreed = Vec::new();
    for (party, currency) in [("LIST-EUR", "EUR"), ("LIST-USD", "USD")] {
        for item in priced.iter().filter(|item| currency == "EUR" || item.family.prefix != "HSE") {
            let cents = share(item.list_cents.unwrap_or(0), currency_percent(currency));
            let record =
                Agreed { party, item, contract: None, status: "B", min_qty: 1, cents, currency, from: -180, to: None };
            agreed.push(Agreed { cents: share(cents, 96), from: -545, to: Some(-181), ..record.clone() });
            agreed.push(record);
        }
    }
    agreed
}

fn group_prices<'a>(priced: &[&'a Item], random: &mut Random) -> Vec<Agreed<'a>> {
    let mut agreed = Vec::new();
    for (party, percent) in [("OEM", 78), ("GOLD", 82), ("SILVER", 88), ("BRONZE", 93)] {
        for item in priced.iter().filter(|_| random.percent(20)).collect::<Vec<_>>() {
            let cents = share(item.list_cents.unwrap_or(0), percent);
            agreed.push(Agreed {
                party,
                item,
                contract: None,
                status: "B",
                min_qty: 1,
                cents,
                currency: "EUR",
                from: -180,
                to: Some(184),
            });
        }
    }
    for item in priced.iter().filter(|_| random.percent(4)).collect::<Vec<_>>() {
        let cents = share(item.list_cents.unwrap_or(0), 75);
        let party = "SUMMER-2026";
        agreed.push(Agreed {
            party,
            item,
            contract: None,
            status: "B",
            min_qty: 1,
            cents,
            currency: "EUR",
            from: -29,
            to: Some(62),
        });
    }
    agreed
}

/// One account's contract: records in force, run out, to come, overlapping, with quantity breaks, and not released.
fn contract_prices<'a>(account: &'a Account, priced: &[&'a Item], random: &mut Random) -> Vec<Agreed<'a>> {
    let mut agreed = Vec::new();
    for n in 0..random.between(14, 34) {
        let item = random.pick(priced);
        let list = share(item.list_cents.unwrap_or(0), currency_percent(account.currency));
        let record = Agreed {
            party: &account.number,
            item,
            contract: Some(format!("C-2026-{}", account.number)),
            status: "B",
            min_qty: 1,
            cents: share(list, random.between(66, 88)),
            currency: account.currency,
            from: -180,
            to: Some(184),
        };
        let expired = Agreed { from: -545, to: Some(random.between(-180, -20)), ..record.clone() };
        if account.agreements == Agreements::Expired {
            agreed.push(expired);
            continue;
        }
        match n % 8 {
            0 => agreed.push(expired),
            1 => agreed.push(Agreed { from: 1, to: Some(365), ..record }),
            2 => {
                // Two records of equal rank for the same days.
                agreed.push(Agreed { cents: share(record.cents, 95), contract: None, ..record.clone() });
                agreed.push(record);
            }
            3 | 4 => {
                for (min_qty, percent) in [(10, 95), (50, 90), (200, 84)] {
                    agreed.push(Agreed { min_qty, cents: share(record.cents, percent), ..record.clone() });
                }
                agreed.push(record);
            }
            5 => {
                agreed.push(expired);
                agreed.push(Agreed { from: -19, to: None, ..record });
            }
            6 if random.percent(40) => {
                agreed.push(Agreed { status: if random.percent(50) { "A" } else { "C" }, ..record });
            }
            _ => agreed.push(record),
        }
    }
    agreed
}

/// The records that the documentation names.
fn named<'a>(priced: &[&'a Item]) -> Vec<Agreed<'a>> {
    let agreed = |party: &'static str, sku: &str, min_qty, cents, from, to| {
        let item = priced.iter().find(|item| item.sku == sku).expect("a named item");
        let contract = Some(format!("C-2026-{party}"));
        Agreed { party, item, contract, status: "B", min_qty, cents, currency: "EUR", from, to }
    };
    vec![
        agreed("100042", "PMP-4010", 1, 151_200, -180, Some(184)),
        agreed("100042", "PMP-4010", 5, 145_900, -180, Some(184)),
        agreed("100042", "PMP-4010", 10, 139_800, -180, Some(184)),
        agreed("100042", "PMP-4010", 1, 148_000, -545, Some(-181)),
        agreed("100042", "PMP-4010", 1, 156_500, 185, None),
        agreed("100042", "VLV-2205", 1, 24_100, -180, Some(184)),
        agreed("100042", "VLV-2205", 1, 23_900, -90, Some(184)),
        agreed("100040", "PMP-4010", 1, 158_000, -180, Some(184)),
        agreed("100120", "PMP-4010", 1, 149_900, -545, Some(-91)),
    ]
}
