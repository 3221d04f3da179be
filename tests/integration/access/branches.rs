//! The contract of companies in a hierarchy, over real databases.

use std::{path::Path, sync::Arc};

use freehold::{
    contract::{Contract, Files},
    settings::CacheSettings,
};

use super::rig::{Rig, loaded};
use crate::common::system::System;

/// The tables, with what each test needs in them put in by itself.
pub const TABLES: &str = "
    create table account (number {key} primary key, name {key}, parent_number {key}, credit_limit {decimal});
    create table sales_order (number {key} primary key, account {key}, placed_by {key}, total {decimal}, margin {decimal}, sku {key});
    create table invoice (number {key} primary key, account {key}, total {decimal});
    create table product (sku {key} primary key, made_for {key});";

const NOTES: &str = "
    create table order_note (number text primary key, note text);
    create table content (sku text primary key, name text);";

/// Loads the contract with the ERP of a kind at an address.
pub fn contract(erp: (&str, &str), crm: &str) -> Arc<Contract> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/branches");
    let files = ["schema.graphql", "freehold.toml", "systems/erp.toml", "systems/crm.toml"].map(|path| {
        let text = std::fs::read_to_string(folder.join(path)).expect("a readable contract");
        let text = if path == "systems/erp.toml" { text.replace("\"sqlite\"", &format!("{:?}", erp.0)) } else { text };
        (path.to_owned(), text)
    });
    loaded(&Files::new(files), &|name| {
        let value = match name {
            "ERP_URL" => erp.1,
            "CRM_URL" => crm,
            _ => return None,
        };
        Some(value.to_owned())
    })
}

/// Companies over an ERP of a kind, with rows in it.
pub struct Branches {
    pub rig: Rig,
    pub erp: System,
    _crm: System,
}

impl Branches {
    pub async fn start(kind: &str, rows: &str, settings: CacheSettings) -> Self {
        let erp = if kind == "postgres" { System::postgres() } else { System::sqlite() };
        erp.load(&format!("{TABLES}{rows}")).await;
        let crm = System::sqlite();
        crm.load(NOTES).await;
        let rig = Rig::start(&contract((kind, &erp.address()), &crm.address()), settings);
        Self { rig, erp, _crm: crm }
    }
}
