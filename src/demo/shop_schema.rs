//! The web shop as it speaks: its own GraphQL schema over its own rows, in its own words. Money is in cents, stamps are UTC
//! without a zone.
//!
//! In: a document. Out: rows of the shop's database. As real shops it has limits: so many keys at once, so deep, so complex.

use std::collections::HashMap;

use async_graphql::{
    Context, EmptyMutation, EmptySubscription, Enum, Error, ErrorExtensions, ID, Object, Result, Schema, SimpleObject,
    connection::{Connection, Edge, query},
};
use serde_json::Value;
use sqlx::{FromRow, SqlitePool};

/// The shop's schema.
pub(super) type ShopSchema = Schema<Shop, EmptyMutation, EmptySubscription>;

/// How many keys or rows one question may ask for.
const TAKE_MAX: usize = 250;
/// How deep a question may be nested: a draft's line's price, in a connection's edge.
const DEPTH_MAX: usize = 8;
/// How many fields a question may have, each counted once.
const COMPLEXITY_MAX: usize = 1_000;

/// Makes the schema over the shop's rows.
pub(super) fn schema(rows: SqlitePool) -> ShopSchema {
    Schema::build(Shop, EmptyMutation, EmptySubscription)
        .limit_depth(DEPTH_MAX)
        .limit_complexity(COMPLEXITY_MAX)
        .data(rows)
        .finish()
}

/// The query root.
pub(super) struct Shop;

/// A product as the shop lists it.
#[derive(SimpleObject, FromRow)]
#[graphql(name = "Product")]
struct Listing {
    sku: String,
    slug: String,
    visible: bool,
    list_rank: Option<i32>,
    /// A copy of what the ERP had free when the nightly job last ran.
    stock_copy: Option<i32>,
    /// The shop's own word.
    state: String,
    copied_at: String,
}

/// A company that logins may act for.
#[derive(SimpleObject)]
struct Account {
    number: String,
    buyers: Vec<Buyer>,
}

/// A login and what it may do for an account.
#[derive(SimpleObject)]
struct Buyer {
    login: Login,
    permissions: Vec<String>,
    order_limit: Option<Money>,
}

/// A login.
#[derive(SimpleObject)]
struct Login {
    id: String,
    name: String,
    email: String,
    active: bool,
    last_login: Option<String>,
}

/// An amount of money.
#[derive(SimpleObject)]
struct Money {
    cents: i64,
    currency: String,
}

/// A web order.
#[derive(SimpleObject)]
struct Order {
    number: String,
    /// Null until the ERP has it.
    erp_number: Option<String>,
    account: String,
    bill_to: String,
    ship_to: Option<String>,
    customer_po: Option<String>,
    requested: Option<String>,
    currency: String,
    net: Money,
    state: String,
    changed_at: String,
    lines: Vec<Line>,
}

/// A line of a web order. The shop ships nothing itself, so nothing of it has shipped.
#[derive(SimpleObject)]
struct Line {
    position: i32,
    kind: LineKind,
    sku: String,
    title: String,
    unit: String,
    quantity: i64,
    cancelled: i64,
    allocated: i64,
    shipped: i64,
    delivered: i64,
    invoiced: i64,
    returned: i64,
    backordered: i64,
    price: Option<LinePrice>,
    net: Option<Money>,
    state: String,
}

/// What a line is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum LineKind {
    /// Goods: nothing else can be put into a cart.
    Goods,
}

/// The price of a line, for so many units.
#[derive(SimpleObject)]
struct LinePrice {
    cents: i64,
    currency: String,
    per: i32,
    unit: String,
}

/// What a connection says beside its edges.
#[derive(SimpleObject)]
struct Counted {
    total_count: usize,
}

#[Object(name = "Query")]
impl Shop {
    /// Products by SKU, in no order; those that the shop does not list are left out.
    async fn products(&self, context: &Context<'_>, skus: Vec<ID>) -> Result<Vec<Listing>> {
        let sql = "select sku, slug, visible, list_rank, stock_copy, state_copy as state, copied_at
                   from product where sku in (select value from json_each(?))";
        Ok(sqlx::query_as(sql).bind(keys(&skus)?).fetch_all(rows(context)?).await?)
    }

    /// Accounts that have logins, by the ERP's number.
    async fn accounts(&self, context: &Context<'_>, numbers: Vec<ID>) -> Result<Vec<Account>> {
        let sql = "select a.account_no, l.login_id, l.name, l.email, l.active, l.last_login, a.permissions,
                     a.order_limit_cents, a.currency
                   from login_account a join login l on l.login_id = a.login_id
                   where a.account_no in (select value from json_each(?)) order by a.account_no, l.login_id";
        let found: Vec<BuyerRow> = sqlx::query_as(sql).bind(keys(&numbers)?).fetch_all(rows(context)?).await?;
        let mut accounts: Vec<Account> = Vec::new();
        for row in found {
            let number = row.account_no.clone();
            match accounts.last_mut().filter(|account| account.number == number) {
                Some(account) => account.buyers.push(row.buyer()?),
                None => accounts.push(Account { number, buyers: vec![row.buyer()?] }),
            }
        }
        Ok(accounts)
    }

    /// Orders that the ERP does not have yet, by the shop's own number.
    async fn drafts(&self, context: &Context<'_>, numbers: Vec<ID>) -> Result<Vec<Order>> {
        let wanted = "web_no in (select value from json_each(?)) and erp_no is null";
        orders(context, wanted, &keys(&numbers)?).await
    }

    /// Orders that the ERP has, by its number.
    async fn orders_by_erp_number(&self, context: &Context<'_>, numbers: Vec<ID>) -> Result<Vec<Order>> {
        orders(context, "erp_no in (select value from json_each(?))", &keys(&numbers)?).await
    }

    /// An account's orders that the ERP does not have yet, the last changed first.
    async fn drafts_of_account(
        &self,
        context: &Context<'_>,
        account: ID,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<String, Order, Counted>> {
        let found = orders(context, "account_no = ? and erp_no is null", &account).await?;
        query(after, before, first, last, |after: Option<String>, before: Option<String>, first, last| async move {
            let cursor = |order: &Order| blake3::hash(order.number.as_bytes()).to_hex()[..12].to_owned();
            let at = |wanted: &String| {
                let position = found.iter().position(|order| cursor(order) == *wanted);
                position.ok_or_else(|| refusal("that is no cursor of this connection"))
            };
            let start = after.as_ref().map(at).transpose()?.map_or(0, |position| position + 1);
            let end = before.as_ref().map(at).transpose()?.unwrap_or(found.len()).max(start);
            let n_rows = first.or(last).unwrap_or(TAKE_MAX);
            if n_rows > TAKE_MAX {
                return Err(refusal("at most 250 rows at once"));
            }
            let n_rows = n_rows.min(end - start);
            let (from, to) = if last.is_some() { (end - n_rows, end) } else { (start, start + n_rows) };
            let total_count = found.len();
            let counted = Counted { total_count };
            let mut connection = Connection::with_additional_fields(from > 0, to < total_count, counted);
            let cut = found.into_iter().skip(from).take(to - from);
            connection.edges.extend(cut.map(|order| Edge::new(cursor(&order), order)));
            Ok::<_, Error>(connection)
        })
        .await
    }
}

/// Refuses a question, as shops do: with a code.
fn refusal(message: &str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", "BAD_USER_INPUT"))
}

fn rows<'c>(context: &Context<'c>) -> Result<&'c SqlitePool> {
    context.data::<SqlitePool>()
}

/// Writes keys as one bound value.
fn keys(keys: &[ID]) -> Result<String> {
    if keys.len() > TAKE_MAX {
        return Err(refusal("at most 250 keys at once"));
    }
    Ok(keys.iter().map(|key| Value::from(key.as_str())).collect::<Value>().to_string())
}

#[derive(FromRow)]
struct BuyerRow {
    account_no: String,
    login_id: String,
    name: String,
    email: String,
    active: bool,
    last_login: Option<String>,
    permissions: String,
    order_limit_cents: Option<i64>,
    currency: String,
}

impl BuyerRow {
    fn buyer(self) -> Result<Buyer> {
        let permissions: Vec<String> = serde_json::from_str(&self.permissions)?;
        let currency = self.currency;
        let order_limit = self.order_limit_cents.map(|cents| Money { cents, currency });
        let login = Login {
            id: self.login_id,
            name: self.name,
            email: self.email,
            active: self.active,
            last_login: self.last_login,
        };
        Ok(Buyer { login, permissions, order_limit })
    }
}

#[derive(FromRow)]
struct OrderRow {
    web_no: String,
    erp_no: Option<String>,
    account_no: String,
    bill_to: String,
    ship_to: Option<String>,
    customer_po: Option<String>,
    requested: Option<String>,
    currency: String,
    net_cents: i64,
    state: String,
    changed_at: String,
}

#[derive(FromRow)]
struct LineRow {
    web_no: String,
    position: i32,
    sku: String,
    title: String,
    unit: String,
    qty: i64,
    price_cents: Option<i64>,
}

/// Reads the orders that a condition with one bound value picks, with their lines, the last changed first.
async fn orders(context: &Context<'_>, wanted: &'static str, bound: &str) -> Result<Vec<Order>> {
    let rows = rows(context)?;
    let sql = format!("select * from web_order where {wanted} order by changed_at desc, web_no");
    let found: Vec<OrderRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(bound).fetch_all(rows).await?;
    let sql = format!("select * from web_line where web_no in (select web_no from web_order where {wanted}) order by web_no, position");
    let lines: Vec<LineRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(bound).fetch_all(rows).await?;
    let mut of_order: HashMap<String, Vec<LineRow>> = HashMap::new();
    for line in lines {
        of_order.entry(line.web_no.clone()).or_default().push(line);
    }
    let order = |row: OrderRow| {
        let lines = of_order.remove(&row.web_no).unwrap_or_default();
        let lines = lines.into_iter().map(|line| line.line(&row)).collect();
        Order {
            number: row.web_no,
            erp_number: row.erp_no,
            account: row.account_no,
            bill_to: row.bill_to,
            ship_to: row.ship_to,
            customer_po: row.customer_po,
            requested: row.requested,
            net: Money { cents: row.net_cents, currency: row.currency.clone() },
            currency: row.currency,
            state: row.state,
            changed_at: row.changed_at,
            lines,
        }
    };
    Ok(found.into_iter().map(order).collect())
}

impl LineRow {
    fn line(self, order: &OrderRow) -> Line {
        let currency = &order.currency;
        let price = self.price_cents.map(|cents| LinePrice {
            cents,
            currency: currency.clone(),
            per: 1,
            unit: self.unit.clone(),
        });
        let net = self.price_cents.map(|cents| Money { cents: self.qty * cents, currency: currency.clone() });
        Line {
            position: self.position,
            kind: LineKind::Goods,
            sku: self.sku,
            title: self.title,
            unit: self.unit,
            quantity: self.qty,
            cancelled: 0,
            allocated: 0,
            shipped: 0,
            delivered: 0,
            invoiced: 0,
            returned: 0,
            backordered: 0,
            price,
            net,
            state: order.state.clone(),
        }
    }
}
