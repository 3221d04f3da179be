//! The dataset in files: csv with a file for each part, and one JSON document with the parts in its rows.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use super::{super::dataset::Dataset, Rig};

pub async fn file_csv(dataset: &Dataset) -> Rig {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["sku", "name", "status", "category", "price", "weight", "stock", "minor", "changedAt", "wrong"];
    write(folder.path(), "products-1.csv", &names, &dataset.products);
    let units = dataset.products.iter().flat_map(|product| {
        let units = product["units"].as_array().into_iter().flatten();
        units.map(|unit| {
            let mut row = unit.as_object().cloned().unwrap_or_default();
            row.insert("of".to_owned(), product["sku"].clone());
            row
        })
    });
    write(folder.path(), "product-units-1.csv", &["of", "unit", "factor"], &units.collect::<Vec<_>>());
    write(folder.path(), "prices-1.csv", &["book", "sku", "amount"], &dataset.prices);
    rig(include_str!("../../../contracts/kinds/file_csv.toml"), folder)
}

pub async fn file_json(dataset: &Dataset) -> Rig {
    let folder = tempfile::tempdir().expect("a folder");
    let document = json!({"made": "tonight", "data": {"products": dataset.products}});
    fs::write(folder.path().join("products.json"), document.to_string()).expect("a file");
    let lines: String = dataset.prices.iter().map(|row| format!("{}\n", Value::Object(row.clone()))).collect();
    fs::write(folder.path().join("prices.ndjson"), lines).expect("a file");
    rig(include_str!("../../../contracts/kinds/file_json.toml"), folder)
}

fn rig(system_file: &'static str, folder: tempfile::TempDir) -> Rig {
    let env = vec![("DROP", folder.path().display().to_string())];
    // What is in memory cannot be made to stall, and costs no calls.
    Rig { system_file, env, calls: None, stall: None, _alive: Box::new(folder) }
}

fn write(folder: &Path, name: &str, columns: &[&str], rows: &[Map<String, Value>]) {
    let mut writer = csv::Writer::from_path(folder.join(name)).expect("a file");
    writer.write_record(columns).expect("a header");
    for row in rows {
        let cell = |column: &&str| match &row[*column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        writer.write_record(columns.iter().map(cell)).expect("a row");
    }
    writer.flush().expect("written");
}
