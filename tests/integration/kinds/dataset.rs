//! The rows that every kind of system serves, as an owner holds them: minor units, words of its own, times without a zone.

use serde_json::{Map, Value, json};

/// The rows.
pub struct Dataset {
    /// `sku name status category price weight stock minor changedAt wrong`, and `units` of `unit factor`.
    ///
    /// `price` is a text of exact digits, `weight` a double, `stock` and `minor` whole numbers.
    pub products: Vec<Map<String, Value>>,
    /// `book sku amount`
    pub prices: Vec<Map<String, Value>>,
}

/// Keys that break what pastes, splits, encodes or folds them.
pub const AWKWARD: [&str; 11] = [
    "SP/1'4\"×",
    "a b",
    "100%",
    "a&b=c+d",
    "x,y;z",
    "{key}",
    "$sku",
    "back\\slash",
    "Straße",
    "'); drop table product; --",
    "#?[0]",
];

/// The key that two rows have.
pub const TWICE: &str = "TWICE";

/// How many products the large category has: more than one page of any system.
pub const N_BULK: usize = 220;

/// More digits than a double, a 64-bit or a 96-bit number has.
pub const EXACT: &str = "123456789012345678901234567890.123456789012345678901234567891";

impl Dataset {
    pub fn new() -> Self {
        let mut products = Vec::new();
        for n in 0..N_BULK {
            products.push(product(&format!("B-{n:04}"), "BULK", if n % 3 == 0 { "D" } else { "A" }));
        }
        for sku in AWKWARD {
            products.push(product(sku, "ODD", "A"));
        }
        for sku in [TWICE, TWICE] {
            products.push(product(sku, "DOUBLE", "A"));
        }
        let mut full = product("FULL", "FEW", "A");
        full.insert(
            "units".to_owned(),
            json!([
                {"unit": "EA", "factor": "1"},
                {"unit": "BOX", "factor": "12.500000000000000000000000000001"},
                {"unit": "PAL", "factor": null},
            ]),
        );
        products.push(full);
        let mut empty = product("EMPTY", "FEW", "D");
        for name in ["name", "price", "weight", "stock", "minor", "changedAt", "wrong"] {
            empty.insert(name.to_owned(), Value::Null);
        }
        products.push(empty);
        let price = |book: &str, sku: &str, amount: &str| {
            let row = json!({"book": book, "sku": sku, "amount": amount});
            row.as_object().cloned().unwrap_or_default()
        };
        let prices = vec![price("B1", "A", "1.10"), price("B1", "B", "2.20"), price("B'2", "A", "3.30")];
        Self { products, prices }
    }

    /// Returns the keys of a category, in order.
    pub fn skus_of(&self, category: &str, status: Option<&str>) -> Vec<String> {
        let wanted = |row: &&Map<String, Value>| {
            row["category"] == category && status.is_none_or(|status| row["status"] == status)
        };
        let mut skus: Vec<String> =
            self.products.iter().filter(wanted).filter_map(|row| Some(row["sku"].as_str()?.to_owned())).collect();
        skus.sort();
        skus
    }
}

fn product(sku: &str, category: &str, status: &str) -> Map<String, Value> {
    let row = json!({
        "sku": sku,
        "name": format!("Product {sku}"),
        "status": status,
        "category": category,
        "price": EXACT,
        "weight": 0.1,
        "stock": 9_007_199_254_740_993_i64,
        "minor": 41_200,
        "changedAt": "2026-07-01 08:00:00",
        "wrong": "many",
        "units": [],
    });
    row.as_object().cloned().unwrap_or_default()
}
