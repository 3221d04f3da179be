//! AdventureWorks: an ERP that makes, buys and stocks, a PIM that describes only what is finished, a CRM.

mod customer;
mod product;
mod purchasing;

use tokio::sync::OnceCell;

use super::{
    company::{Company, Databases},
    tables,
};
use crate::common::postgres;

const DDL: &str = include_str!("tables.sql");

const ERP: &[&str] = &[
    "Production.BillOfMaterials",
    "Production.Location",
    "Production.Product",
    "Production.ProductCostHistory",
    "Production.ProductInventory",
    "Production.ProductListPriceHistory",
    "Production.UnitMeasure",
];

const PIM: &[&str] = &[
    "Production.Document",
    "Production.Product",
    "Production.ProductCategory",
    "Production.ProductDescription",
    "Production.ProductDocument",
    "Production.ProductModel",
    "Production.ProductModelProductDescriptionCulture",
    "Production.ProductSubcategory",
];

const UNKNOWN_TO_PIM: &str = "delete from production.product where productid not in (select productid from in_pim)";

async fn open() -> Option<Company> {
    static DATABASES: OnceCell<Databases> = OnceCell::const_new();
    let folder = tables::folder("adventureworks")?;
    let load = || async {
        let create = || postgres::shared().create_database();
        let (erp, pim, crm, truth) = (create(), create(), create(), create());
        tables::load(&erp, DDL, &folder, |table| ERP.contains(&table) || table.starts_with("Purchasing.")).await;
        tables::load(&pim, DDL, &folder, |table| PIM.contains(&table)).await;
        tables::run(&pim, UNKNOWN_TO_PIM).await;
        tables::load(&crm, DDL, &folder, |table| table.starts_with("Person.") || table.starts_with("Sales.")).await;
        tables::load(&truth, DDL, &folder, |_| true).await;
        Databases { systems: vec![("ERP_URL", erp), ("PIM_URL", pim), ("CRM_URL", crm)], truth }
    };
    Some(Company::open("adventureworks", DATABASES.get_or_init(load).await))
}
