//! The demo company: everything that its systems disagree in is found, and nothing else. What they disagree in is asked of
//! their databases side by side, in SQL that knows nothing of contracts.

use std::{collections::BTreeSet, sync::Arc};

use freehold::{
    contract::{Files, load},
    demo,
    job::{Reconciling, reconcile},
    ledger::{FindingFilter, LedgerAddress, Page, State, Store},
    owner,
    telemetry::Telemetry,
};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::company::all;

/// Kind, type, key, field, owner's value, copy's value.
type Line = (String, String, String, Option<String>, Option<String>, Option<String>);

const LIFECYCLE: &str = "case trim(i.status) when '05' then 'PRE_LAUNCH' when '10' then 'ACTIVE' when '20' then 'PHASE_OUT' \
                         when '30' then 'DISCONTINUED' when '90' then 'BLOCKED' end";
const SHOP_LIFECYCLE: &str = "case p.state_copy when 'live' then 'ACTIVE' when 'clearance' then 'PHASE_OUT' \
                              when 'archived' then 'DISCONTINUED' when 'hidden' then 'BLOCKED' end";
const STATE: &str = "case o.status when 'QUOT' then 'QUOTATION' when 'APPR' then 'PENDING_APPROVAL' when 'OPEN' then \
                     'CONFIRMED' when 'COMP' then 'COMPLETED' when 'CLSD' then 'CLOSED' when 'CANC' then 'CANCELLED' end";
const SHOP_STATE: &str = "case w.state when 'received' then 'CONFIRMED' when 'processing' then 'CONFIRMED' when 'shipped' \
                          then 'CONFIRMED' when 'completed' then 'COMPLETED' when 'cancelled' then 'CANCELLED' when \
                          'quotation' then 'QUOTATION' when 'awaiting-approval' then 'PENDING_APPROVAL' end";
const FREE: &str = "(select item_no, sum(on_hand - allocated - quality - safety) as free from stock group by item_no)";

/// What the databases disagree in.
async fn planted(systems: &demo::DemoSystems) -> BTreeSet<Line> {
    let mut erp = SqliteConnection::connect(&systems.erp.display().to_string()).await.expect("the ERP");
    let shop = format!("attach database '{}' as shop", systems.shop.display());
    sqlx::raw_sql(AssertSqlSafe(shop)).execute(&mut erp).await.expect("the shop beside it");
    let sql = format!(
        "select 'DRIFT', 'Product', i.item_no, 'lifecycle', {LIFECYCLE}, {SHOP_LIFECYCLE} \
         from item i join shop.product p on p.sku = i.item_no where {LIFECYCLE} <> {SHOP_LIFECYCLE} \
         union all select 'MISSING_IN_COPY', 'Product', item_no, null, null, null from item \
         where item_no not in (select sku from shop.product) \
         union all select 'MISSING_IN_OWNER', 'Product', sku, null, null, null from shop.product \
         where sku not in (select item_no from item) \
         union all select 'DRIFT', 'Stock', s.item_no, 'available', cast(s.free as text), cast(p.stock_copy as text) \
         from {FREE} s join shop.product p on p.sku = s.item_no where s.free is not p.stock_copy \
         union all select 'MISSING_IN_COPY', 'Stock', item_no, null, null, null from {FREE} \
         where item_no not in (select sku from shop.product) \
         union all select 'MISSING_IN_OWNER', 'Stock', sku, null, null, null from shop.product \
         where stock_copy is not null and sku not in (select item_no from stock) \
         union all select 'DRIFT', 'Order', o.order_no, 'state', {STATE}, {SHOP_STATE} \
         from sales_order o join shop.web_order w on w.erp_no = o.order_no where {STATE} <> {SHOP_STATE} \
         union all select 'MISSING_IN_COPY', 'Order', order_no, null, null, null from sales_order \
         where order_no not in (select erp_no from shop.web_order where erp_no is not null)"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut erp).await.expect("rows");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_planted_in_the_demo_company_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let systems = demo::fill(folder.path()).await.expect("the demo company");
    let servers = demo::serve(&systems).await.expect("its servers");
    let files = demo::CONTRACT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let contract =
        Arc::new(load(&Files::new(files), &|name| servers.url(name)).contract.expect("the shipped contract"));
    let owners = owner::open(&contract, &Telemetry::new());
    let store = Store::new(LedgerAddress::file(folder.path().join("ledger.db")));
    let asked = Reconciling { contract: &contract, owners: &owners, store: Some(&store) };
    let summary = reconcile(asked, &all(), &mut |_| {}).await.expect("a summary");
    let text = summary.to_text();
    assert_eq!(summary.stopped, [], "{text}");

    let mut found: BTreeSet<Line> = BTreeSet::new();
    let filter = FindingFilter { state: State::Open, ..FindingFilter::default() };
    let mut page = Page::first(1_000);
    loop {
        let paged = store.findings(&filter, &page).await.expect("findings");
        found.extend(paged.rows.into_iter().map(|row| {
            let found = row.found;
            let kind = found.kind.word().to_owned();
            (kind, found.entity.type_name, found.entity.key, found.field, found.owner_value, found.copy_value)
        }));
        page.after = paged.next;
        if page.after.is_none() {
            break;
        }
    }
    let planted = planted(&systems).await;
    let (missed, invented): (Vec<_>, Vec<_>) =
        (planted.difference(&found).take(5).collect(), found.difference(&planted).take(5).collect());
    assert_eq!((missed, invented), (vec![], vec![]), "{text}");

    for (entity_type, key, field, copy_value) in [
        ("Product", "PMP-3990", "lifecycle", "ACTIVE"),
        ("Stock", "PMP-3990", "available", "14"),
        ("Stock", "VLV-2205", "available", "120"),
        ("Order", "4500012348", "state", "CONFIRMED"),
    ] {
        let is_named = |line: &&Line| line.1 == entity_type && line.2 == key && line.3.as_deref() == Some(field);
        let line = found.iter().find(is_named).expect("the demo names it");
        assert_eq!(line.5.as_deref(), Some(copy_value), "{line:?}");
    }
    let n_drifted: u64 = summary.fields.iter().map(|field| field.n_drifted).sum();
    assert_eq!(n_drifted, found.iter().filter(|line| line.0 == "DRIFT").count() as u64);
    for unknown in ["Product", "Stock", "Order"] {
        let said = format!("shop binds no list of every {unknown}, so it is not known what shop has and erp has not");
        assert!(text.contains(&said), "{text}");
    }
}
