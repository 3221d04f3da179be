//! The web shop as it speaks: its own GraphQL schema over its own rows, in its own words. Money is in cents, stamps are UTC
//! without a zone.
//!
//! In: a document. Out: rows of the shop's database. As real shops it has limits: so many keys at once, so deep, so complex.

use async_graphql::{
    Context, EmptyMutation, EmptySubscription, Enum, Error, ErrorExtensions, ID, Object, Result, Schema, SimpleObject,
    connection::{Connection, Edge, query},
};
use serde_json::Value;
use sqlx::SqlitePool;

use super::shop_rows::{self, Wanted};

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
#[derive(SimpleObject)]
#[graphql(name = "Product")]
pub(super) struct Listing {
    pub(super) sku: String,
    pub(super) slug: String,
    pub(super) visible: bool,
    pub(super) list_rank: Option<i32>,
    /// A copy of what the ERP had free when the nightly job last ran.
    pub(super) stock_copy: Option<i32>,
    /// The shop's own word.
    pub(super) state: String,
    pub(super) copied_at: String,
}

/// A company that logins may act for.
#[derive(SimpleObject)]
pub(super) struct Account {
    pub(super) number: String,
    pub(super) buyers: Vec<Buyer>,
}

/// A login and what it may do for an account.
#[derive(SimpleObject)]
pub(super) struct Buyer {
    pub(super) login: Login,
    pub(super) permissions: Vec<String>,
    pub(super) order_limit: Option<Money>,
}

/// A login.
#[derive(SimpleObject)]
pub(super) struct Login {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) active: bool,
    pub(super) last_login: Option<String>,
}

/// An amount of money.
#[derive(SimpleObject)]
pub(super) struct Money {
    pub(super) cents: i64,
    pub(super) currency: String,
}

/// A web order.
#[derive(SimpleObject)]
pub(super) struct Order {
    pub(super) number: String,
    /// Null until the ERP has it.
    pub(super) erp_number: Option<String>,
    /// Who placed it, or is still writing it.
    pub(super) login_id: Option<String>,
    pub(super) account: String,
    pub(super) bill_to: String,
    pub(super) ship_to: Option<String>,
    pub(super) customer_po: Option<String>,
    pub(super) requested: Option<String>,
    pub(super) currency: String,
    pub(super) net: Money,
    pub(super) state: String,
    pub(super) changed_at: String,
    pub(super) lines: Vec<Line>,
}

/// A line of a web order. The shop ships nothing itself, so nothing of it has shipped.
#[derive(SimpleObject)]
pub(super) struct Line {
    pub(super) position: i32,
    pub(super) kind: LineKind,
    pub(super) sku: String,
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) quantity: i64,
    pub(super) cancelled: i64,
    pub(super) allocated: i64,
    pub(super) shipped: i64,
    pub(super) delivered: i64,
    pub(super) invoiced: i64,
    pub(super) returned: i64,
    pub(super) backordered: i64,
    pub(super) price: Option<LinePrice>,
    pub(super) net: Option<Money>,
    pub(super) state: String,
}

/// What a line is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Goods: nothing else can be put into a cart.
    Goods,
}

/// The price of a line, for so many units.
#[derive(SimpleObject)]
pub(super) struct LinePrice {
    pub(super) cents: i64,
    pub(super) currency: String,
    pub(super) per: i32,
    pub(super) unit: String,
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
        Ok(shop_rows::listings(rows(context)?, &keys(&skus)?).await?)
    }

    /// Accounts that have logins, by the ERP's number.
    async fn accounts(&self, context: &Context<'_>, numbers: Vec<ID>) -> Result<Vec<Account>> {
        Ok(shop_rows::accounts(rows(context)?, &keys(&numbers)?).await?)
    }

    /// Orders that the ERP does not have yet, by the shop's own number.
    async fn drafts(&self, context: &Context<'_>, numbers: Vec<ID>) -> Result<Vec<Order>> {
        Ok(shop_rows::orders(rows(context)?, Wanted::Drafts(&keys(&numbers)?)).await?)
    }

    /// Orders that the ERP has, by its number.
    async fn orders_by_erp_number(&self, context: &Context<'_>, numbers: Vec<ID>) -> Result<Vec<Order>> {
        Ok(shop_rows::orders(rows(context)?, Wanted::OfErp(&keys(&numbers)?)).await?)
    }

    /// An account's orders that the ERP does not have yet, the last changed first; where a login is named, its own alone.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn drafts_of_account(
        &self,
        context: &Context<'_>,
        account: ID,
        login: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<String, Order, Counted>> {
        let found = shop_rows::orders(
            rows(context)?,
            Wanted::DraftsOfAccount(&account, login.as_ref().map(|login| login.as_str())),
        )
        .await?;
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
