//! The demo company: Aquator, a maker of pumps, valves, fittings, drives and their spare parts, with an ERP, a PIM and a
//! shop, filled into three SQLite databases. The ERP is read as one, the PIM answers REST, the shop GraphQL. The same rows on
//! every machine, every day; its today is 2026-06-30.
//!
//! In: a folder. Out: three files in it, servers over them, the shipped contract that binds them, and queries worth trying.
//! The systems disagree on purpose, as real ones do.
//!
//! | look at | because |
//! |---|---|
//! | product `PMP-4010` | everything a product page needs: content, documents, relations, stock, prices |
//! | product `PMP-3990` | withdrawn in the ERP, successor `PMP-4010`; the shop still sells it and shows 14 in stock |
//! | product `VLV-2205` | the shop shows 120 in stock, the ERP has less than nothing; more is due on 2026-07-12 |
//! | product `DRV-7300` | all promised; a purchase order is under way, and nobody has named a day |
//! | product `VLV-2300` / `VLV-2310` | sold while stock lasts / blocked while stock is there |
//! | product `CHM-0100` | dangerous goods whose safety data sheet has run out |
//! | product `ETO-0100` | engineered to order: no list price, not stocked |
//! | product `FIT-0007` | the PIM has nothing about it; its price is for 100 |
//! | product `PMP-8200` | the PIM writes about it, the ERP does not know it yet |
//! | product `SP/1'4"×` | an article number that no careless system survives |
//! | price of `PMP-4010` for `100042` | in force with breaks at 5 and 10, one run out, one to come |
//! | price of `VLV-2205` for `100042` | two records of equal rank for the same days |
//! | rebates of `100042` / `100120` | by turnover and by pumps, two run out, and no price is less for them / all run out |
//! | price of `PMP-4010` for `100043` / `100120` | the contract of the account above / a contract that ran out in March |
//! | account `100040` | a group; `100042` and `100043` stand below it |
//! | account `100077` / `100078` | credit hold by hand / above its limit, and nothing says so but the amounts |
//! | account `100090` / `100101` | limit 0, pays in advance / no limit at all |
//! | account `100200` | pays in dollars; its Texan tax certificate has run out |
//! | order `4500012345` | half shipped, backordered with and without a day, a service, a comment and a freight line |
//! | order `4500012346` / `4500012347` | stored credit hold / stuck as a quotation without one |
//! | order `4500012348` | completed with a return and a credit note; the shop says it is still processing |
//! | order `4500012349` | asked for `PMP-3990`, delivers `PMP-4010` |
//! | order `4500012350` / `4500012353` / `4500012354` / `4500012356` | held for prepayment / delivery / billing / approval |
//! | order `4500012351` / `4500012352` / `4500012355` | cancelled / closed short / a quotation past its day |
//! | orders of `100043` | placed by its logins `L-5003` and `L-5004`, or by nobody's: by telephone, mail, fax or EDI |
//! | order `W-900001` | a draft of `100042` that only the shop has |
//!
//! Reading order: `item`, `account`, `story`, `line`, `order`, `invoice`, `anchor`, `login` decide; `catalogue`, `content`, `price`,
//! `rebate`, `sales`, `dispatch`, `credit`, `stock`, `shop` write; `vocabulary`, `random`, `calendar`, `money`, `table` serve them;
//! `callers` are who may be asked as; `servers` starts what has to run: `pim_api` is what the PIM speaks, `shop_schema` what the shop speaks over its `shop_rows`; `shipped` holds the contract and the queries.

mod account;
mod anchor;
mod calendar;
mod callers;
mod catalogue;
mod content;
mod credit;
mod dispatch;
mod invoice;
mod item;
mod line;
mod login;
mod money;
mod order;
mod pim_api;
mod price;
mod random;
mod rebate;
mod sales;
mod servers;
mod shipped;
mod shop;
mod shop_rows;
mod shop_schema;
mod stock;
mod story;
mod table;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::path::{Path, PathBuf};

pub use calendar::noon;
pub use callers::{ACCESS, DemoCaller, DemoCallers};
pub use servers::{DemoServers, serve};
pub use shipped::{CONTRACT, DemoQuery, QUERIES};

/// Where the demo company's databases are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoSystems {
    /// The ERP: items, prices, stock, accounts, orders.
    pub erp: PathBuf,
    /// The PIM: content.
    pub pim: PathBuf,
    /// The shop: listings, logins, drafts.
    pub shop: PathBuf,
}

/// Why the demo company could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder does not take the files.
    #[error("make room in {path}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A database does not take its rows.
    #[error("fill or open a demo database")]
    Database(#[from] sqlx::Error),
    /// The operating system gives no random numbers for a secret.
    #[error("make a secret to sign the demo's tokens with")]
    Randomness,
    /// A token could not be signed.
    #[error("sign a token of the demo's")]
    Token,
    /// There is no port for a server.
    #[error("listen on a free port of this machine")]
    Port(#[source] std::io::Error),
}

/// Makes the demo company's three databases in a folder, anew where they exist.
///
/// *Shape*: `erp.sqlite`, `pim.sqlite`, `shop.sqlite`; the same rows every time.
/// *Errors*: the folder or a file in it cannot be written.
pub async fn fill(folder: &Path) -> Result<DemoSystems, DemoError> {
    std::fs::create_dir_all(folder).map_err(|source| DemoError::Folder { path: folder.to_owned(), source })?;
    let systems = DemoSystems {
        erp: folder.join("erp.sqlite"),
        pim: folder.join("pim.sqlite"),
        shop: folder.join("shop.sqlite"),
    };
    let items = item::items();
    let accounts = account::accounts();
    let logins = login::logins(&accounts);
    let mut orders = order::orders(&items, &accounts);
    login::sign(&mut orders, accounts.len(), &logins);

    let mut erp = table::Filling::begin(&systems.erp, include_str!("erp.sql")).await?;
    catalogue::fill(&mut erp, &items).await?;
    account::fill(&mut erp, &accounts).await?;
    price::fill(&mut erp, &items, &accounts).await?;
    rebate::fill(&mut erp, &accounts).await?;
    sales::fill(&mut erp, &items, &accounts, &orders).await?;
    dispatch::fill(&mut erp, &items, &orders).await?;
    credit::fill(&mut erp, &accounts, &orders).await?;
    let free = stock::fill(&mut erp, &items, &orders).await?;
    erp.finish(include_str!("erp_index.sql")).await?;

    let mut pim = table::Filling::begin(&systems.pim, include_str!("pim.sql")).await?;
    content::fill(&mut pim, &items).await?;
    pim.finish(include_str!("pim_index.sql")).await?;

    let mut shop = table::Filling::begin(&systems.shop, include_str!("shop.sql")).await?;
    let known = shop::Known { items: &items, accounts: &accounts, logins: &logins, orders: &orders, free: &free };
    shop::fill(&mut shop, known).await?;
    shop.finish(include_str!("shop_index.sql")).await?;
    Ok(systems)
}
