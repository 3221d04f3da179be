//! `[rules]` of `freehold.toml`: how the seller's commercial rules are set.
//!
//! In: the table as written, the names of the systems. Out: what the rules run on. A segment's table says only what differs
//! from `[rules.cart]`, a system's only what differs from `[rules.price]`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use toml::de::{DeTable, DeValue};

use super::{
    nearest,
    reader::{Entry, Reader},
};
use crate::rules::{
    Checkout, Fallback, Measure, Measured, Parcel, Pricing, REASONS, ReasonCode, Settings, Strategy, Treatment, UNCLEAR,
};

const KEYS: &[&str] = &["zone", "digits", "price", "availability", "freight", "cart", "credit", "tax", "status"];
const PRICE_KEYS: &[&str] = &["strategy", "fallback_to_list", "list_from_product"];
const AVAILABILITY_KEYS: &[&str] = &["plants", "limited_below", "stale_after"];
const FREIGHT_KEYS: &[&str] = &["forbidden_countries", "hazmat_carriers", "parcel"];
const PARCEL_KEYS: &[&str] = &["length_max", "length_and_girth_max", "weight_max"];
const CREDIT_KEYS: &[&str] = &["near_limit_percent", "overdue_ignored", "overdue_days_blocking"];
const STATUS_KEYS: &[&str] = &["invoiced_tolerance_percent", "amount_tolerance", "return_days"];
const CART_KEYS: &[&str] = &["minimum_order_value", "review_above", "review_first_order"];

/// The most digits that amounts of a currency are rounded to.
const DIGITS_MAX: u64 = 8;
/// The most days that a setting counts: a century.
const DAYS_MAX: u64 = 36_500;
/// The most percent of an order that may differ and count as nothing: a tenth is no rounding any more, and from the half on
/// nothing and all would be the same.
const TOLERANCE_PERCENT_MAX: u32 = 10;

/// Reads `[rules]`.
pub(super) fn read(table: &DeTable<'_>, systems: &[&str], reader: &mut Reader<'_>) -> Settings {
    let mut settings = Settings::default();
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "zone" => settings.zone = zone(entry, reader).unwrap_or(TimeZone::UTC),
            "digits" => {
                for entry in entries(entry, reader) {
                    if let Some(digits) = reader.number(entry, 0, DIGITS_MAX) {
                        settings.digits.insert(name(entry), u32::try_from(digits).unwrap_or_default());
                    }
                }
            }
            "price" => prices(entry, systems, reader, &mut settings),
            "availability" => availability(entry, reader, &mut settings),
            "freight" => freight(entry, reader, &mut settings),
            "cart" => carts(entry, reader, &mut settings),
            "credit" => credit(entry, reader, &mut settings),
            "tax" => {
                for entry in entries(entry, reader) {
                    match name(entry).as_str() {
                        "expiring_days" => set(&mut settings.tax.expiring_days, days(entry, reader)),
                        _ => reader.unknown_key(entry.0, "[rules.tax]", &["expiring_days"]),
                    }
                }
            }
            "status" => status(entry, reader, &mut settings),
            _ => reader.unknown_key(entry.0, "[rules]", KEYS),
        }
    }
    settings
}

/// Writes what is set as lines of the contract's meaning; what is as it is without any table is no line.
pub(super) fn lines(settings: &Settings) -> Vec<String> {
    let said = |settings: &Settings| {
        let Settings {
            zone,
            digits,
            price,
            price_of,
            availability,
            credit,
            tax,
            status,
            export_forbidden,
            hazmat_carriers,
            parcel,
            cart,
            cart_of,
        } = settings;
        [
            format!("rules zone {:?}", zone.iana_name()),
            format!("rules digits {digits:?}"),
            format!("rules price {price:?} {price_of:?}"),
            format!("rules availability {availability:?}"),
            format!("rules credit {credit:?}"),
            format!("rules tax {tax:?}"),
            format!("rules status {status:?}"),
            format!("rules freight {export_forbidden:?} {hazmat_carriers:?}"),
            format!("rules parcel {}", parcel_said(parcel)),
            format!("rules cart {cart:?} {cart_of:?}"),
        ]
    };
    let usual = said(&Settings::default());
    said(settings).into_iter().filter(|line| !usual.contains(line)).collect()
}

fn name(entry: Entry<'_, '_>) -> String {
    entry.0.get_ref().to_string()
}

/// Returns the entries of a table; none, with a fault, where it is none.
fn entries<'a, 'i>(entry: Entry<'a, 'i>, reader: &mut Reader<'_>) -> Vec<Entry<'a, 'i>> {
    reader.table(entry).into_iter().flat_map(|table| table.iter()).collect()
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn zone(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<TimeZone> {
    let text = reader.text(entry)?;
    let zone = TimeZone::get(&text.text).ok();
    if zone.is_none() {
        let message = format!("there is no time zone \"{}\"", text.text);
        let help = "write the zone's IANA name, such as \"Europe/Berlin\" or \"UTC\"";
        reader.findings.fault("RULES_ZONE", text.place, message, help);
    }
    zone
}

/// Reads one word of a few.
fn word<T: Copy>(entry: Entry<'_, '_>, words: &[(&str, T)], reader: &mut Reader<'_>) -> Option<T> {
    let text = reader.text(entry)?;
    let known = words.iter().find(|(word, _)| *word == text.text).map(|(_, value)| *value);
    if known.is_none() {
        let message = format!("`{}` is not \"{}\"", entry.0.get_ref(), text.text);
        let help = match nearest(&text.text, words.iter().map(|(word, _)| *word)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => {
                let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                format!("write one of {}", words.join(", "))
            }
        };
        reader.findings.fault("RULES_WORD", text.place, message, help);
    }
    known
}

/// Reads a decimal that is not negative, as a text or a number.
fn decimal(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Decimal> {
    let read = match entry.1.get_ref() {
        DeValue::String(text) => text.parse().ok(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', "").parse().ok(),
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        _ => None,
    };
    let read = read.filter(|number: &Decimal| !number.is_sign_negative() || number.is_zero());
    if read.is_none() {
        let place = reader.place(entry.1);
        let message = format!("`{}` is not a number of 0 or more", entry.0.get_ref());
        reader.findings.fault("RULES_NUMBER", place, message, "write a decimal number, such as \"12.50\"");
    }
    read
}

/// Reads a percentage that has a most.
fn percent(entry: Entry<'_, '_>, most: u32, reader: &mut Reader<'_>) -> Option<Decimal> {
    let percent = decimal(entry, reader)?;
    if percent <= Decimal::from(most) {
        return Some(percent);
    }
    let message = format!("`{}` is {percent}, more than {most} percent", entry.0.get_ref());
    reader.findings.fault("RULES_NUMBER", reader.place(entry.1), message, format!("write a number from 0 to {most}"));
    None
}

fn days(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<u32> {
    reader.number(entry, 0, DAYS_MAX).and_then(|days| u32::try_from(days).ok())
}

/// Reads days, or that it is never.
fn days_or_never(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Option<u32>> {
    match entry.1.get_ref() {
        DeValue::String(text) if text == "never" => Some(None),
        _ => days(entry, reader).map(Some),
    }
}

fn words(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<BTreeSet<String>> {
    Some(reader.texts(entry)?.into_iter().map(|text| text.text).collect())
}

fn prices(entry: Entry<'_, '_>, systems: &[&str], reader: &mut Reader<'_>, settings: &mut Settings) {
    let (tables, own): (Vec<_>, Vec<_>) =
        entries(entry, reader).into_iter().partition(|(_, value)| matches!(value.get_ref(), DeValue::Table(_)));
    own.into_iter().for_each(|entry| pricing(entry, "[rules.price]", reader, &mut settings.price));
    for entry in tables {
        let system = name(entry);
        if !systems.contains(&system.as_str()) {
            let place = reader.place(entry.0);
            let help = match nearest(&system, systems.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the systems are {}", systems.join(", ")),
            };
            reader.findings.fault("RULES_SYSTEM", place, format!("there is no system `{system}`"), help);
        }
        let mut of_system = settings.price;
        for entry in entries(entry, reader) {
            pricing(entry, &format!("[rules.price.{system}]"), reader, &mut of_system);
        }
        settings.price_of.insert(system, of_system);
    }
}

fn pricing(entry: Entry<'_, '_>, table: &str, reader: &mut Reader<'_>, pricing: &mut Pricing) {
    match name(entry).as_str() {
        "strategy" => {
            let words =
                [("most_specific_wins", Strategy::MostSpecificWins), ("best_price_wins", Strategy::BestPriceWins)];
            set(&mut pricing.strategy, word(entry, &words, reader));
        }
        "fallback_to_list" => {
            let words =
                [("allowed", Fallback::Allowed), ("flagged", Fallback::Flagged), ("forbidden", Fallback::Forbidden)];
            set(&mut pricing.fallback_to_list, word(entry, &words, reader));
        }
        "list_from_product" => set(&mut pricing.list_from_product, reader.boolean(entry)),
        _ => reader.unknown_key(entry.0, table, PRICE_KEYS),
    }
}

fn availability(entry: Entry<'_, '_>, reader: &mut Reader<'_>, settings: &mut Settings) {
    let stocking = &mut settings.availability;
    for entry in entries(entry, reader) {
        match name(entry).as_str() {
            "plants" => set(&mut stocking.plants, words(entry, reader).map(Some)),
            "limited_below" => set(&mut stocking.limited_below, decimal(entry, reader)),
            "stale_after" => {
                let seconds = reader.duration(entry).map(|age| u32::try_from(age.as_secs()).unwrap_or(u32::MAX));
                set(&mut stocking.stale_after_seconds, seconds.map(Some));
            }
            _ => reader.unknown_key(entry.0, "[rules.availability]", AVAILABILITY_KEYS),
        }
    }
}

fn freight(entry: Entry<'_, '_>, reader: &mut Reader<'_>, settings: &mut Settings) {
    for entry in entries(entry, reader) {
        match name(entry).as_str() {
            "forbidden_countries" => set(&mut settings.export_forbidden, words(entry, reader)),
            "hazmat_carriers" => set(&mut settings.hazmat_carriers, words(entry, reader)),
            "parcel" => {
                entries(entry, reader).into_iter().for_each(|entry| parcel(entry, reader, &mut settings.parcel))
            }
            _ => reader.unknown_key(entry.0, "[rules.freight]", FREIGHT_KEYS),
        }
    }
}

fn parcel(entry: Entry<'_, '_>, reader: &mut Reader<'_>, parcel: &mut Parcel) {
    match name(entry).as_str() {
        "length_max" => parcel.length_max = measure(entry, Measured::Length, reader),
        "length_and_girth_max" => parcel.length_and_girth_max = measure(entry, Measured::Length, reader),
        "weight_max" => parcel.weight_max = measure(entry, Measured::Weight, reader),
        _ => reader.unknown_key(entry.0, "[rules.freight.parcel]", PARCEL_KEYS),
    }
}

fn parcel_said(parcel: &Parcel) -> String {
    let Parcel { length_max, length_and_girth_max, weight_max } = parcel;
    let said = |measure: &Option<Measure>| measure.as_ref().map_or_else(|| "any".to_owned(), Measure::to_string);
    [length_max, length_and_girth_max, weight_max].map(said).join(", ")
}

/// Reads a measure of more than nothing, as `31.5 KG`.
fn measure(entry: Entry<'_, '_>, of: Measured, reader: &mut Reader<'_>) -> Option<Measure> {
    let text = reader.text(entry)?;
    let (number, unit) = text.text.split_once(' ').unwrap_or((&text.text, ""));
    let number = number.parse().ok().filter(|number: &Decimal| *number > Decimal::ZERO);
    let measure = number.and_then(|number| Measure::new(of, number, unit.trim()));
    if measure.is_none() {
        let (what, example) = match of {
            Measured::Length => ("length", "120 CM"),
            Measured::Weight => ("weight", "31.5 KG"),
        };
        let units: Vec<&str> = of.units().collect();
        let message = format!("`{}` is no {what}: \"{}\"", entry.0.get_ref(), text.text);
        let help = format!("write a number above 0 and one of {}, such as \"{example}\"", units.join(", "));
        reader.findings.fault("RULES_MEASURE", text.place, message, help);
    }
    measure
}

fn credit(entry: Entry<'_, '_>, reader: &mut Reader<'_>, settings: &mut Settings) {
    let credit = &mut settings.credit;
    for entry in entries(entry, reader) {
        match name(entry).as_str() {
            "near_limit_percent" => set(&mut credit.near_limit_percent, percent(entry, 100, reader)),
            "overdue_ignored" => set(&mut credit.overdue_ignored, decimal(entry, reader)),
            "overdue_days_blocking" => set(&mut credit.overdue_days_blocking, days_or_never(entry, reader)),
            _ => reader.unknown_key(entry.0, "[rules.credit]", CREDIT_KEYS),
        }
    }
}

fn status(entry: Entry<'_, '_>, reader: &mut Reader<'_>, settings: &mut Settings) {
    let status = &mut settings.status;
    for entry in entries(entry, reader) {
        match name(entry).as_str() {
            "invoiced_tolerance_percent" => {
                set(&mut status.invoiced_tolerance_percent, percent(entry, TOLERANCE_PERCENT_MAX, reader));
            }
            "amount_tolerance" => set(&mut status.amount_tolerance, decimal(entry, reader)),
            "return_days" => set(&mut status.return_days, days_or_never(entry, reader)),
            _ => reader.unknown_key(entry.0, "[rules.status]", STATUS_KEYS),
        }
    }
}

fn carts(entry: Entry<'_, '_>, reader: &mut Reader<'_>, settings: &mut Settings) {
    let is_segment = |(key, value): &Entry<'_, '_>| {
        matches!(value.get_ref(), DeValue::Table(_)) && !CART_KEYS.contains(&key.get_ref().as_ref())
    };
    let (segments, own): (Vec<_>, Vec<_>) = entries(entry, reader).into_iter().partition(is_segment);
    own.into_iter().for_each(|entry| checkout(entry, "[rules.cart]", reader, &mut settings.cart));
    for entry in segments {
        let segment = name(entry);
        let mut of_segment = settings.cart.clone();
        for entry in entries(entry, reader) {
            checkout(entry, &format!("[rules.cart.{segment}]"), reader, &mut of_segment);
        }
        settings.cart_of.insert(segment, of_segment);
    }
}

fn checkout(entry: Entry<'_, '_>, table: &str, reader: &mut Reader<'_>, checkout: &mut Checkout) {
    match name(entry).as_str() {
        "minimum_order_value" => set(&mut checkout.minimum_order_value, by_currency(entry, reader)),
        "review_above" => set(&mut checkout.review_above, by_currency(entry, reader)),
        "review_first_order" => set(&mut checkout.review_first_order, reader.boolean(entry)),
        written => match REASONS.iter().find(|meaning| meaning.code.to_string() == written) {
            Some(meaning) => {
                if let Some(treatment) = treatment(entry, meaning.code, reader) {
                    checkout.treatments.insert(meaning.code, treatment);
                }
            }
            None => {
                let codes: Vec<String> = REASONS.iter().map(|meaning| meaning.code.to_string()).collect();
                let known: Vec<&str> = CART_KEYS.iter().copied().chain(codes.iter().map(String::as_str)).collect();
                if nearest(written, known.iter().copied()).is_some() {
                    reader.unknown_key(entry.0, table, &known);
                } else {
                    let place = reader.place(entry.0);
                    let help = format!("write the code of a reason, or one of {}", CART_KEYS.join(", "));
                    reader.findings.fault("KEY_UNKNOWN", place, format!("{table} has no key `{written}`"), help);
                }
            }
        },
    }
}

/// Reads what becomes of a cart for a reason.
fn treatment(entry: Entry<'_, '_>, code: ReasonCode, reader: &mut Reader<'_>) -> Option<Treatment> {
    let words = [
        ("block", Treatment::Block),
        ("review", Treatment::Review),
        ("warn", Treatment::Warn),
        ("info", Treatment::Info),
    ];
    let treatment = word(entry, &words, reader)?;
    if UNCLEAR.contains(&code) && treatment > Treatment::Review {
        let place = reader.place(entry.1);
        let message = format!("{code} says that something could not be found out, which is never fine");
        reader.findings.fault("RULES_UNCLEAR", place, message, "write \"block\" or \"review\"");
        return None;
    }
    Some(treatment)
}

fn by_currency(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<BTreeMap<String, Decimal>> {
    let table = reader.table(entry)?;
    Some(table.iter().filter_map(|entry| Some((name(entry), decimal(entry, reader)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::reader::parse,
        diagnostic::{Findings, Sources},
    };

    fn settings(text: &str) -> (Settings, Vec<String>) {
        let (mut findings, mut sources) = (Findings::default(), Sources::default());
        let file = sources.add("freehold.toml", text.to_owned());
        let table = parse(file, text, &mut findings).expect("TOML");
        let settings = {
            let mut reader = Reader { file, findings: &mut findings };
            read(&table, &["erp", "pim"], &mut reader)
        };
        let found = findings.in_order(&sources).into_iter();
        (settings, found.map(|one| format!("{}: {} ({})", one.code, one.message, one.help)).collect())
    }

    #[test]
    fn every_key_is_read_and_tables_inherit() {
        let (settings, faults) = settings(
            r#"
            zone = "Europe/Berlin"
            digits = { XTS = 4 }
            price = { strategy = "best_price_wins", erp = { fallback_to_list = "flagged" }, list_from_product = false }
            availability = { plants = ["1000", "2000"], limited_below = 2.5, stale_after = "90s" }
            freight = { forbidden_countries = ["XX"], hazmat_carriers = ["FAST"], parcel = { length_max = "2 M", length_and_girth_max = "300 cm", weight_max = "31.50 KG" } }
            credit = { near_limit_percent = 20, overdue_ignored = "9.99", overdue_days_blocking = "never" }
            tax = { expiring_days = 60 }
            status = { invoiced_tolerance_percent = "0.001", amount_tolerance = "0.01", return_days = 14 }
            [cart]
            BACKORDERED = "review"
            minimum_order_value = { EUR = "50.00" }
            review_above = { EUR = 100_000 }
            [cart.GOLD]
            BACKORDERED = "info"
            CREDIT_NOT_CHECKED = "block"
            review_first_order = true
            "#,
        );
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!((settings.zone.iana_name(), settings.digits("XTS")), (Some("Europe/Berlin"), 4));
        let of_erp = settings.pricing(Some("erp"));
        assert_eq!((of_erp.strategy, of_erp.fallback_to_list), (Strategy::BestPriceWins, Fallback::Flagged));
        assert_eq!((of_erp.list_from_product, settings.price.fallback_to_list), (false, Fallback::Forbidden));
        assert_eq!(settings.availability.stale_after_seconds, Some(90));
        assert_eq!(settings.availability.limited_below, Decimal::new(25, 1));
        assert_eq!((settings.credit.overdue_days_blocking, settings.status.return_days), (None, Some(14)));
        assert_eq!(parcel_said(&settings.parcel), "2 M, 300 cm, 31.5 KG");
        let gold = settings.checkout(Some("GOLD"), None);
        assert_eq!(gold.treatments[&ReasonCode::Backordered], Treatment::Info);
        assert_eq!(gold.minimum_order_value["EUR"], Decimal::new(5_000, 2));
        assert_eq!(settings.cart.treatments[&ReasonCode::Backordered], Treatment::Review);
        assert_eq!(lines(&settings).len(), 10);
        assert_eq!(lines(&Settings::default()), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        for (text, expected) in [
            ("zones = 1", "KEY_UNKNOWN: [rules] has no key `zones` (did you mean `zone`?)"),
            (
                "zone = \"Europe/Berlinn\"",
                "RULES_ZONE: there is no time zone \"Europe/Berlinn\" (write the zone's IANA name, such as \"Europe/Berlin\" or \"UTC\")",
            ),
            (
                "price.strategy = \"best_price_win\"",
                "RULES_WORD: `strategy` is not \"best_price_win\" (did you mean \"best_price_wins\"?)",
            ),
            (
                "price.erb.strategy = \"best_price_wins\"",
                "RULES_SYSTEM: there is no system `erb` (did you mean `erp`?)",
            ),
            (
                "cart.PRICE_UNCLEAR = \"warn\"",
                "RULES_UNCLEAR: PRICE_UNCLEAR says that something could not be found out, which is never fine (write \"block\" or \"review\")",
            ),
            (
                "cart.BACKORDRED = \"warn\"",
                "KEY_UNKNOWN: [rules.cart] has no key `BACKORDRED` (did you mean `BACKORDERED`?)",
            ),
            (
                "cart.GOLD.nothing_like_it = true",
                "KEY_UNKNOWN: [rules.cart.GOLD] has no key `nothing_like_it` (write the code of a reason, or one of minimum_order_value, review_above, review_first_order)",
            ),
            (
                "cart.minimum_order_value.EUR = \"-1\"",
                "RULES_NUMBER: `EUR` is not a number of 0 or more (write a decimal number, such as \"12.50\")",
            ),
            (
                "status.invoiced_tolerance_percent = 10.01",
                "RULES_NUMBER: `invoiced_tolerance_percent` is 10.01, more than 10 percent (write a number from 0 to 10)",
            ),
            (
                "credit.near_limit_percent = 101",
                "RULES_NUMBER: `near_limit_percent` is 101, more than 100 percent (write a number from 0 to 100)",
            ),
            (
                "freight.parcel.weight_max = \"30 CM\"",
                "RULES_MEASURE: `weight_max` is no weight: \"30 CM\" (write a number above 0 and one of G, KG, T, OZ, LB, such as \"31.5 KG\")",
            ),
            (
                "freight.parcel.length_max = \"0 CM\"",
                "RULES_MEASURE: `length_max` is no length: \"0 CM\" (write a number above 0 and one of MM, CM, M, IN, FT, such as \"120 CM\")",
            ),
            (
                "freight.parcel.lenght_max = \"1 M\"",
                "KEY_UNKNOWN: [rules.freight.parcel] has no key `lenght_max` (did you mean `length_max`?)",
            ),
            (
                "tax.expiring_days = \"soon\"",
                "VALUE_TYPE: `expiring_days` is not a whole number from 0 to 36500 (write a whole number from 0 to 36500)",
            ),
        ] {
            assert_eq!(settings(text).1, [expected], "{text}");
        }
    }
}
