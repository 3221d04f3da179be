//! The ERP's item master: identity, lifecycle, units, weight, hazard, list price and cost.

use super::{
    DemoError,
    calendar::instant,
    item::{Item, Supply},
    money::{amount, thousandths},
    random::Random,
    table::{Filling, Table, row},
};

/// Writes the items that the ERP knows.
pub(super) async fn fill(erp: &mut Filling, items: &[Item]) -> Result<(), DemoError> {
    let mut random = Random::of("catalogue");
    let mut masters = Table::new("item");
    let mut units = Table::new("item_unit");
    let mut surcharges = Table::new("surcharge");
    for (n, item) in items.iter().enumerate().filter(|(_, item)| item.in_erp()) {
        let bulk = item.family.prefix == "FIT";
        let goods = item.is_goods();
        let net = item.grams - item.grams / 12;
        let side = |random: &mut Random| goods.then(|| random.between(4, 90) * 10);
        let (length, width, height) = (side(&mut random), side(&mut random), side(&mut random));
        masters.row(row![
            &item.sku,
            // The ERP's text is short and in capitals, as its mask wants it.
            item.name(0).chars().take(40).collect::<String>().to_uppercase(),
            item.family.item_type,
            format!("{:<4}", item.status),
            padded(item.family.unit),
            bulk.then(|| padded("C")),
            (goods && !n.is_multiple_of(9)).then(|| gtin(n, 0)),
            bulk.then_some(10),
            (item.family.unit == "M").then_some(5),
            goods.then(|| thousandths(item.grams)),
            goods.then(|| thousandths(net)),
            length,
            width,
            height,
            item.is_hazardous(),
            item.is_hazardous().then_some(if item.noun == 1 { "UN1133" } else { "UN1760" }),
            (item.grams > 30_000).then_some(if item.grams > 200_000 { "125" } else { "85" }),
            goods.then(|| random.pick(&["DE", "DE", "IT", "CZ", "CN", "US"])),
            goods.then_some(item.family.tariff),
            item.list_cents.map(amount),
            item.family.per,
            amount(item.cost_cents),
            lead_days(item, &mut random),
            backorder_code(item),
            random.percent(70).then(|| instant(-random_age(n), i64::try_from(n).unwrap_or(0) * 17 % 86_400)),
        ]);
        if bulk {
            units.row(row![&item.sku, padded("C"), 100, 1, gtin(n, 1)]);
            units.row(row![&item.sku, padded("BOX"), 500, 1, gtin(n, 2)]);
        } else if item.family.unit == "M" {
            units.row(row![&item.sku, padded("ROL"), 40, 1, gtin(n, 1)]);
        }
        if item.material.en == "brass" && item.list_cents.is_some() && item.family.prefix != "SP" {
            surcharges.row(row![&item.sku, "METAL", None::<i64>, None::<i64>, "3.50", "2026-04-01", "2026-06-30"]);
            surcharges.row(row![&item.sku, "METAL", None::<i64>, None::<i64>, "4.10", "2026-07-01", None::<i64>]);
        }
        if item.is_hazardous() {
            surcharges.row(row![&item.sku, "HAZMAT", "9.50", "EUR", None::<i64>, "2025-01-01", None::<i64>]);
        }
        if item.family.unit == "M" {
            surcharges.row(row![&item.sku, "CUT_CHARGE", "4.00", "EUR", None::<i64>, "2024-01-01", None::<i64>]);
        }
    }
    erp.write(masters).await?;
    erp.write(units).await?;
    erp.write(surcharges).await
}

/// How many days ago a master was last changed.
fn random_age(n: usize) -> i64 {
    i64::try_from(n * 7_919 % 900).unwrap_or(0)
}

fn padded(unit: &str) -> String {
    format!("{unit:<3}")
}

fn lead_days(item: &Item, random: &mut Random) -> Option<i64> {
    match item.family.prefix {
        "SRV" => None,
        "ETO" => Some(random.between(60, 140)),
        _ if item.supply == Supply::ShortUndated => None,
        _ => Some(random.between(3, 45)),
    }
}

fn backorder_code(item: &Item) -> &'static str {
    match (item.family.prefix, item.status) {
        ("ETO", _) => "M",
        (_, "20" | "30" | "90" | "05") => "N",
        ("CHM", _) => "D",
        ("SP", _) => "I",
        _ => "Y",
    }
}

/// A barcode number with its check digit.
fn gtin(item: usize, unit: usize) -> String {
    let digits = format!("4007123{item:04}{unit}");
    let sum: u32 =
        digits.bytes().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::gtin;

    #[test]
    fn a_barcode_number_has_thirteen_digits_and_a_valid_check_digit() {
        for number in [gtin(0, 0), gtin(4_321, 2)] {
            let sum: u32 = number
                .bytes()
                .zip([1, 3].into_iter().cycle())
                .map(|(digit, weight)| u32::from(digit - b'0') * weight)
                .sum();
            assert_eq!((number.len(), sum % 10), (13, 0), "{number}");
        }
    }
}
