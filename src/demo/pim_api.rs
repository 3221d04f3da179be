//! The PIM's REST API, as a PIM offers one: products by search, categories, associations; pages by offset and limit, listings also from a row on.
//!
//! In: the PIM's database. Out: routes. Each answer is JSON that the database itself puts together, with the PIM's own
//! names: `identifier` for the article number, one member for each language, `associations` for relations.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, SqlitePool, query_scalar};

/// The most rows of one answer, whatever is asked for.
const ROWS_MAX: i64 = 100;

/// One product as the PIM shows it.
const PRODUCT: &str = "
json_object(
  'identifier', p.sku, 'uuid', p.uuid, 'brand', p.brand, 'family', p.family, 'enabled', json(iif(p.enabled, 'true', 'false')),
  'updated', p.updated_at,
  'name', (select json_group_object(t.locale, t.name) from product_text t where t.sku = p.sku and t.channel = 'web'),
  'texts', (select json_group_array(json_object('locale', t.locale, 'channel', t.channel, 'name', t.name, 'body', t.body)
                                    order by t.locale, t.channel) from product_text t where t.sku = p.sku),
  'attributes', (select json_group_array(json_object('code', a.code, 'label', a.label, 'value', a.value, 'unit', a.unit)
                                         order by a.position) from product_attribute a where a.sku = p.sku),
  'categories', (select json_group_array(json_object('code', c.code, 'main', json(iif(c.position = 1, 'true', 'false')))
                                         order by c.position) from product_category c where c.sku = p.sku),
  'associations', (select json_group_array(json_object('type', r.kind, 'product', r.target, 'quantity', r.quantity)
                                           order by r.position) from product_relation r where r.sku = p.sku),
  'assets', (select json_group_array(json_object('kind', d.kind, 'title', d.title, 'url', d.url, 'locale', d.locale,
                                                 'format', d.format, 'revision', d.revision, 'issuer', d.issuer,
                                                 'valid_until', d.valid_until)
                                     order by d.position) from product_document d where d.sku = p.sku),
  'external', (select json_group_array(json_object('system', e.system, 'id', e.external_id) order by e.system)
               from product_external e where e.sku = p.sku))";

/// Products that a listing shows, from a row on: those with a name on the web, which it is sorted by.
const LISTED: &str = "
from product p join product_text n on n.sku = p.sku and n.locale = 'en' and n.channel = 'web'
where (?1 is null or p.sku in (select c.sku from category_path a join product_category c on c.code = a.code where a.above = ?1))
  and (?2 is null or (p.enabled = 1 and lower(n.name) like '%' || lower(?2) || '%'))
  and (?3 is null or p.brand = ?3) and (?4 is null or p.family = ?4)
  and (?5 is null or (n.name, p.sku) > (?5, ?6))";

/// Relations that lead to a product.
const RELATED: &str = "from product_relation where target = ?1 and (?2 is null or kind = ?2)";

const CATEGORY: &str = "json_object('code', code, 'label', name, 'parent', parent_code, 'position', position)";

/// The API's routes over the PIM's database.
pub(super) fn routes(database: SqlitePool) -> Router {
    Router::new()
        .route("/products/search", post(products_by_identifier))
        .route("/products", get(products))
        .route("/associations", get(associations))
        .route("/categories", get(categories))
        .route("/categories/children", get(children))
        .with_state(Arc::new(database))
}

type Database = State<Arc<SqlitePool>>;
type Parameters = Query<BTreeMap<String, String>>;

/// Why a call has no answer.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

/// `{"identifiers": ["A-100"]}` → `{"items": […]}`
async fn products_by_identifier(State(database): Database, Json(asked): Json<Value>) -> Result<Json<Value>, Refused> {
    let identifiers = asked["identifiers"].as_array().map_or(0, Vec::len);
    if identifiers > usize::try_from(ROWS_MAX).unwrap_or_default() {
        return Err(Refused(StatusCode::UNPROCESSABLE_ENTITY, format!("ask for at most {ROWS_MAX} products at once")));
    }
    let sql = format!("select {PRODUCT} from product p where p.sku in (select value from json_each(?1))");
    Ok(Json(json!({ "items": items(&database, sql, &[Some(asked["identifiers"].to_string())]).await? })))
}

/// `?category=&text=&brand=&family=&after_label=&after_identifier=&offset=&limit=` → `{"items": […], "total": n}`
async fn products(State(database): Database, Query(asked): Parameters) -> Result<Json<Value>, Refused> {
    let names = ["category", "text", "brand", "family", "after_label", "after_identifier"];
    let given = names.map(|name| asked.get(name).cloned());
    let row = "json_object('identifier', p.sku, 'label', n.name)";
    page(&database, row, LISTED, "n.name, p.sku", &given, &asked).await
}

/// `?target=&type=&offset=&limit=` → `{"items": […], "total": n}`
async fn associations(State(database): Database, Query(asked): Parameters) -> Result<Json<Value>, Refused> {
    let given = ["target", "type"].map(|name| asked.get(name).cloned());
    page(&database, "json_object('identifier', sku)", &format!("{RELATED} group by sku"), "sku", &given, &asked).await
}

/// `?codes=A,B` → `{"items": […]}`
async fn categories(State(database): Database, Query(asked): Parameters) -> Result<Json<Value>, Refused> {
    let codes: Vec<&str> = asked.get("codes").map_or(Vec::new(), |codes| codes.split(',').collect());
    let sql = format!("select {CATEGORY} from category where code in (select value from json_each(?1))");
    Ok(Json(json!({ "items": items(&database, sql, &[Some(json!(codes).to_string())]).await? })))
}

/// `?parent=` → `{"items": […]}`: a category's own, or the topmost where no parent is given.
async fn children(State(database): Database, Query(asked): Parameters) -> Result<Json<Value>, Refused> {
    let sql = format!("select {CATEGORY} from category where parent_code is ?1 order by position, code");
    Ok(Json(json!({ "items": items(&database, sql, &[asked.get("parent").cloned()]).await? })))
}

/// Answers with the rows from `offset` on, and how many there are in all.
async fn page(
    database: &SqlitePool,
    row: &str,
    from: &str,
    order: &str,
    given: &[Option<String>],
    asked: &BTreeMap<String, String>,
) -> Result<Json<Value>, Refused> {
    let number = |name: &str, default: i64| match asked.get(name).map(|text| text.parse::<i64>()) {
        None => Ok(default),
        Some(Ok(number)) if number >= 0 => Ok(number),
        Some(_) => Err(Refused(StatusCode::BAD_REQUEST, format!("`{name}` is a whole number"))),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", ROWS_MAX)?.min(ROWS_MAX));
    let sql = format!("select {row} {from} order by {order} limit {limit} offset {offset}");
    let items = items(database, sql, given).await?;
    let mut count = query_scalar::<_, i64>(AssertSqlSafe(format!("select count(*) from (select 1 {from})")));
    for value in given {
        count = count.bind(value);
    }
    Ok(Json(json!({ "items": items, "total": count.fetch_one(database).await? })))
}

/// Runs a query whose rows are JSON.
async fn items(database: &SqlitePool, sql: String, given: &[Option<String>]) -> Result<Vec<Value>, Refused> {
    // The text is this file's own; what is asked for is bound.
    let mut query = query_scalar::<_, String>(AssertSqlSafe(sql));
    for value in given {
        query = query.bind(value);
    }
    let rows = query.fetch_all(database).await?;
    let read = |row: String| {
        let broken = |error| Refused(StatusCode::INTERNAL_SERVER_ERROR, format!("a row is no JSON: {error}"));
        serde_json::from_str(&row).map_err(broken)
    };
    rows.into_iter().map(read).collect()
}
