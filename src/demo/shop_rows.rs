//! The web shop's rows as its schema shows them.
//!
//! In: the shop's database and keys, many at once. Out: listings, accounts with their logins, orders with their lines; two
//! statements at most, however many keys.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Error, Row, SqlitePool, sqlite::SqliteRow};

use super::shop_schema::{Account, Buyer, Line, LineKind, LinePrice, Listing, Login, Money, Order};

/// Reads listings; `keys` is a JSON list of SKUs.
pub(super) async fn listings(rows: &SqlitePool, keys: &str) -> Result<Vec<Listing>, Error> {
    let sql = "select * from product where sku in (select value from json_each(?))";
    let found = sqlx::query(sql).bind(keys).fetch_all(rows).await?;
    let listing = |row: &SqliteRow| {
        Ok(Listing {
            sku: row.try_get("sku")?,
            slug: row.try_get("slug")?,
            visible: row.try_get("visible")?,
            list_rank: row.try_get("list_rank")?,
            stock_copy: row.try_get("stock_copy")?,
            state: row.try_get("state_copy")?,
            copied_at: row.try_get("copied_at")?,
        })
    };
    found.iter().map(listing).collect()
}

/// Reads accounts that have logins; `keys` is a JSON list of their numbers.
pub(super) async fn accounts(rows: &SqlitePool, keys: &str) -> Result<Vec<Account>, Error> {
    let sql = "select a.*, l.* from login_account a join login l on l.login_id = a.login_id
               where a.account_no in (select value from json_each(?)) order by a.account_no, l.login_id";
    let mut accounts: Vec<Account> = Vec::new();
    for row in sqlx::query(sql).bind(keys).fetch_all(rows).await? {
        let number: String = row.try_get("account_no")?;
        let buyer = buyer(&row)?;
        match accounts.last_mut().filter(|account| account.number == number) {
            Some(account) => account.buyers.push(buyer),
            None => accounts.push(Account { number, buyers: vec![buyer] }),
        }
    }
    Ok(accounts)
}

fn buyer(row: &SqliteRow) -> Result<Buyer, Error> {
    let permissions: String = row.try_get("permissions")?;
    let permissions = serde_json::from_str(&permissions).map_err(|error| Error::Decode(error.into()))?;
    let (limit, currency): (Option<i64>, String) = (row.try_get("order_limit_cents")?, row.try_get("currency")?);
    let login = Login {
        id: row.try_get("login_id")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        active: row.try_get("active")?,
        last_login: row.try_get("last_login")?,
    };
    Ok(Buyer { login, permissions, order_limit: limit.map(|cents| Money { cents, currency }) })
}

/// Which orders are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// Those of a JSON list of the shop's numbers that the ERP does not have.
    Drafts(&'a str),
    /// Those of a JSON list of the ERP's numbers.
    OfErp(&'a str),
    /// An account's that the ERP does not have; where a login is named, those of this login.
    DraftsOfAccount(&'a str, Option<&'a str>),
}

/// Reads orders, the last changed first, each with its lines.
pub(super) async fn orders(rows: &SqlitePool, wanted: Wanted<'_>) -> Result<Vec<Order>, Error> {
    let (condition, bound, login) = match wanted {
        Wanted::Drafts(keys) => ("web_no in (select value from json_each(?1)) and erp_no is null", keys, None),
        Wanted::OfErp(keys) => ("erp_no in (select value from json_each(?1))", keys, None),
        Wanted::DraftsOfAccount(account, login) => ("account_no = ?1 and erp_no is null", account, login),
    };
    let condition = format!("{condition} and (?2 is null or login_id = ?2)");
    let sql = format!("select * from web_order where {condition} order by changed_at desc, web_no");
    let found = sqlx::query(AssertSqlSafe(sql)).bind(bound).bind(login).fetch_all(rows).await?;
    let sql = format!(
        "select l.*, o.currency, o.state from web_line l join web_order o on o.web_no = l.web_no
         where l.web_no in (select web_no from web_order where {condition}) order by l.web_no, l.position"
    );
    let mut lines: HashMap<String, Vec<Line>> = HashMap::new();
    for row in sqlx::query(AssertSqlSafe(sql)).bind(bound).bind(login).fetch_all(rows).await? {
        lines.entry(row.try_get("web_no")?).or_default().push(line(&row)?);
    }
    let order = |row: &SqliteRow| {
        let (number, currency): (String, String) = (row.try_get("web_no")?, row.try_get("currency")?);
        Ok(Order {
            lines: lines.remove(&number).unwrap_or_default(),
            number,
            erp_number: row.try_get("erp_no")?,
            login_id: row.try_get("login_id")?,
            account: row.try_get("account_no")?,
            bill_to: row.try_get("bill_to")?,
            ship_to: row.try_get("ship_to")?,
            customer_po: row.try_get("customer_po")?,
            requested: row.try_get("requested")?,
            net: Money { cents: row.try_get("net_cents")?, currency: currency.clone() },
            currency,
            state: row.try_get("state")?,
            changed_at: row.try_get("changed_at")?,
        })
    };
    found.iter().map(order).collect()
}

fn line(row: &SqliteRow) -> Result<Line, Error> {
    let (unit, currency): (String, String) = (row.try_get("unit")?, row.try_get("currency")?);
    let (quantity, cents): (i64, Option<i64>) = (row.try_get("qty")?, row.try_get("price_cents")?);
    let price = cents.map(|cents| LinePrice { cents, currency: currency.clone(), per: 1, unit: unit.clone() });
    Ok(Line {
        position: row.try_get("position")?,
        kind: LineKind::Goods,
        sku: row.try_get("sku")?,
        title: row.try_get("title")?,
        unit,
        quantity,
        cancelled: 0,
        allocated: 0,
        shipped: 0,
        delivered: 0,
        invoiced: 0,
        returned: 0,
        backordered: 0,
        price,
        net: cents.map(|cents| Money { cents: quantity * cents, currency }),
        state: row.try_get("state")?,
    })
}
