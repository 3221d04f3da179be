//! A shop that speaks GraphQL on loopback: a small interpreter over rows that a test gives, with the manners of real ones on
//! demand.
//!
//! Root fields: `products(skus take)`, `productsInOrder(skus)`, `product(sku)`, `prices(keys)`, `productList(category status
//! take skip)`, `productsOfCategory(category status first after last before)` and `_entities(representations)`. It validates
//! little and what it does strictly: unknown root fields, unknown arguments, undeclared variables and missing ones.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_graphql::{
    Positioned,
    parser::{
        parse_query,
        types::{Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet},
    },
};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

/// What the shop does beside answering.
#[derive(Debug, Clone)]
pub struct Manners {
    /// The bearer token that is wanted.
    pub token: Option<String>,
    /// The status of an answer that has errors and no data.
    pub refusal_status: u16,
    /// Products whose name cannot be resolved, and the code of the error.
    pub broken: BTreeMap<String, &'static str>,
    /// Whether such a product is null as a whole, and not its name alone.
    pub broken_is_null: bool,
    /// The code of an error without a path that comes with every answer.
    pub pathless: Option<&'static str>,
    /// Answers nobody but with `THROTTLED`: the cost asked for, what is there, and what comes back a second.
    pub throttled: Option<[u32; 3]>,
    /// The most rows of a list.
    pub rows_max: usize,
    /// Whether more than that is refused, and not just left out.
    pub refuses_more: bool,
    /// The most root fields.
    pub fields_max: usize,
    /// The deepest selection.
    pub depth_max: usize,
    /// Answers with this instead.
    pub instead: Option<(u16, &'static str)>,
    /// `Retry-After`
    pub retry_after: Option<&'static str>,
    /// Waits before it answers.
    pub delay: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            token: None,
            refusal_status: 400,
            broken: BTreeMap::new(),
            broken_is_null: false,
            pathless: None,
            throttled: None,
            rows_max: 1_000,
            refuses_more: false,
            fields_max: 1_000,
            depth_max: 100,
            instead: None,
            retry_after: None,
            delay: Duration::ZERO,
        }
    }
}

/// The shop.
#[derive(Clone)]
pub struct GraphQlServer {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    products: Vec<Value>,
    prices: Vec<Value>,
    manners: Mutex<Manners>,
    asked: Mutex<Vec<Value>>,
    gate: Arc<RwLock<()>>,
}

impl GraphQlServer {
    /// Starts on a free port; it ends with the test's runtime.
    pub async fn start(products: Vec<Value>, prices: Vec<Value>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/graphql", listener.local_addr().expect("an address"));
        let (manners, asked, gate) = Default::default();
        let inner = Arc::new(Inner { products, prices, manners, asked, gate });
        let shop = Arc::clone(&inner);
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let shop = Arc::clone(&shop);
            async move { shop.respond(&headers, &body).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// Changes its manners.
    pub fn set(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.inner.manners.lock().expect("no panic"));
    }

    /// Returns every question it got: `query` and `variables`.
    pub fn asked(&self) -> Vec<Value> {
        self.inner.asked.lock().expect("no panic").clone()
    }

    /// Returns how many questions it got.
    pub fn calls(&self) -> u64 {
        self.inner.asked.lock().expect("no panic").len() as u64
    }

    /// Makes it answer nobody until the guard is dropped.
    pub async fn stall(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.inner.gate).write_owned().await
    }
}

/// Why nothing is executed.
struct Refusal(&'static str, String);

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(code, message.into()))
}

impl Inner {
    async fn respond(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let question: Value = serde_json::from_slice(body).unwrap_or_default();
        self.asked.lock().expect("no panic").push(question.clone());
        let manners = self.manners.lock().expect("no panic").clone();
        drop(self.gate.read().await);
        tokio::time::sleep(manners.delay).await;
        let (status, body) = match manners.instead {
            Some((status, text)) => (status, text.to_owned()),
            None => {
                let (status, answer) = self.answer(&manners, headers, &question);
                (status, answer.to_string())
            }
        };
        let status = StatusCode::from_u16(status).expect("a status");
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if let Some(wait) = manners.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, wait.parse().expect("a header"));
        }
        response
    }

    fn answer(&self, manners: &Manners, headers: &HeaderMap, question: &Value) -> (u16, Value) {
        let bearer = manners.token.as_ref().map(|token| format!("Bearer {token}"));
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let executed = match bearer {
            Some(bearer) if given != Some(&bearer) => refuse("UNAUTHENTICATED", "who are you"),
            _ => self.execute(manners, question),
        };
        match executed {
            Ok(answer) => (200, answer),
            Err(Refusal("THROTTLED", message)) => {
                let [requested, available, rate] = manners.throttled.unwrap_or_default();
                let status = json!({"maximumAvailable": 1000, "currentlyAvailable": available, "restoreRate": rate});
                let cost = json!({"requestedQueryCost": requested, "actualQueryCost": null, "throttleStatus": status});
                let error = json!({"message": message, "extensions": {"code": "THROTTLED"}});
                (200, json!({"errors": [error], "extensions": {"cost": cost}}))
            }
            Err(Refusal(code, message)) => {
                let error = json!({"message": message, "extensions": {"code": code}});
                (manners.refusal_status, json!({ "errors": [error] }))
            }
        }
    }

    fn execute(&self, manners: &Manners, question: &Value) -> Result<Value, Refusal> {
        if manners.throttled.is_some() {
            return refuse("THROTTLED", "Throttled");
        }
        let text = question["query"].as_str().unwrap_or_default();
        let parsed = match parse_query(text) {
            Ok(parsed) => parsed,
            Err(error) => return refuse("GRAPHQL_PARSE_FAILED", error.to_string()),
        };
        let Some((_, operation)) = parsed.operations.iter().next() else {
            return refuse("GRAPHQL_PARSE_FAILED", "no operation");
        };
        let fragments: HashMap<String, Positioned<FragmentDefinition>> =
            parsed.fragments.iter().map(|(name, one)| (name.to_string(), one.clone())).collect();
        let mut run = Run { shop: self, manners, fragments, variables: Map::new(), errors: Vec::new() };
        run.variables = variables(&operation.node, &question["variables"])?;
        let roots = &operation.node.selection_set.node;
        if roots.items.len() > manners.fields_max {
            return refuse("QUERY_TOO_COMPLEX", format!("more than {} fields", manners.fields_max));
        }
        if depth(roots) > manners.depth_max {
            return refuse("QUERY_TOO_DEEP", format!("deeper than {}", manners.depth_max));
        }
        let mut data = Map::new();
        for item in &roots.items {
            let Selection::Field(field) = &item.node else { return refuse("BAD_REQUEST", "fields alone") };
            let key = field.node.response_key().node.to_string();
            let value = run.root(&field.node, &key)?;
            data.insert(key, value);
        }
        let mut answer = json!({ "data": data });
        if let Some(code) = manners.pathless {
            run.errors.push(json!({"message": "something is wrong", "extensions": {"code": code}}));
        }
        if !run.errors.is_empty() {
            answer["errors"] = run.errors.into();
        }
        Ok(answer)
    }
}

fn depth(set: &SelectionSet) -> usize {
    let below = set.items.iter().map(|item| match &item.node {
        Selection::Field(field) => depth(&field.node.selection_set.node),
        Selection::InlineFragment(fragment) => depth(&fragment.node.selection_set.node).saturating_sub(1),
        Selection::FragmentSpread(_) => 0,
    });
    below.max().map_or(0, |below| below + 1)
}

/// Coerces the variables, as far as anybody needs it.
fn variables(operation: &OperationDefinition, given: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut out = Map::new();
    let declared = &operation.variable_definitions;
    for one in declared {
        let (name, ty) = (one.node.name.node.to_string(), &one.node.var_type.node);
        let default = one.node.default_value.as_ref().and_then(|value| value.node.clone().into_json().ok());
        match given.get(&name).cloned().or(default) {
            Some(value) if !value.is_null() || ty.nullable => {
                let fits = match ty.to_string().trim_end_matches('!') {
                    "String" | "ID" => value.is_string() || value.is_null(),
                    "Int" => value.is_i64() || value.is_null(),
                    _ => true,
                };
                if !fits {
                    return refuse("BAD_USER_INPUT", format!("${name} is no {ty}"));
                }
                out.insert(name, value);
            }
            None if ty.nullable => {}
            _ => return refuse("BAD_USER_INPUT", format!("${name} is missing")),
        }
    }
    for name in given.as_object().into_iter().flat_map(|given| given.keys()) {
        if !declared.iter().any(|one| one.node.name.node == name.as_str()) {
            return refuse("BAD_USER_INPUT", format!("nobody declares ${name}"));
        }
    }
    Ok(out)
}

/// One execution.
struct Run<'a> {
    shop: &'a Inner,
    manners: &'a Manners,
    fragments: HashMap<String, Positioned<FragmentDefinition>>,
    variables: Map<String, Value>,
    errors: Vec<Value>,
}

impl Run<'_> {
    fn root(&mut self, field: &Field, key: &str) -> Result<Value, Refusal> {
        let name = field.name.node.as_str();
        let known: &[&str] = match name {
            "__typename" => return Ok("Query".into()),
            "products" => &["skus", "take"],
            "productsInOrder" => &["skus"],
            "product" => &["sku"],
            "prices" => &["keys"],
            "productList" => &["category", "status", "take", "skip"],
            "productsOfCategory" => &["category", "status", "first", "after", "last", "before"],
            "_entities" => &["representations"],
            _ => return refuse("GRAPHQL_VALIDATION_FAILED", format!("Query has no field {name}")),
        };
        let arguments = self.arguments(field, known)?;
        let path = vec![Value::from(key)];
        let rows = self.rows_of(name, &arguments)?;
        let set = &field.selection_set.node;
        match name {
            "product" => Ok(rows.first().map_or(Value::Null, |row| self.shown(row, set, &path))),
            "productsOfCategory" => self.connection(rows, &arguments, set, &path),
            _ => Ok(self.shown(&Value::Array(rows), set, &path)),
        }
    }

    fn rows_of(&self, name: &str, arguments: &Map<String, Value>) -> Result<Vec<Value>, Refusal> {
        let argument = |name: &str| arguments.get(name).cloned().unwrap_or_default();
        let products = &self.shop.products;
        let find = |sku: &Value| products.iter().find(|row| row["sku"] == *sku).cloned().unwrap_or_default();
        let listed = |name: &str| argument(name).as_array().cloned().unwrap_or_default();
        let mut rows: Vec<Value> = match name {
            "products" => {
                let skus = listed("skus");
                products.iter().filter(|row| skus.contains(&row["sku"])).cloned().collect()
            }
            "productsInOrder" => listed("skus").iter().map(find).collect(),
            "_entities" => listed("representations").iter().map(|one| find(&one["sku"])).collect(),
            "product" => vec![find(&argument("sku"))],
            "prices" => {
                let keys = listed("keys");
                let is_asked =
                    |row: &&Value| keys.iter().any(|key| key["book"] == row["book"] && key["sku"] == row["sku"]);
                self.shop.prices.iter().filter(is_asked).cloned().collect()
            }
            _ => {
                let (category, status) = (argument("category"), argument("status"));
                let fits = |row: &&Value| row["category"] == category && (status.is_null() || row["status"] == status);
                products.iter().filter(fits).cloned().collect()
            }
        };
        if name == "productList" {
            let skip = argument("skip").as_u64().unwrap_or(0) as usize;
            rows = rows.into_iter().skip(skip).collect();
        }
        let most = self.manners.rows_max;
        let take = argument("take").as_u64().map_or(most, |take| take as usize);
        if self.manners.refuses_more && (take > most || name == "products" && listed("skus").len() > most) {
            return refuse("BAD_USER_INPUT", format!("take at most {most}"));
        }
        if name != "productsOfCategory" {
            rows.truncate(take.min(most));
        }
        Ok(rows)
    }

    fn arguments(&self, field: &Field, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
        let mut out = Map::new();
        for (name, value) in &field.arguments {
            if !known.contains(&name.node.as_str()) {
                return refuse(
                    "GRAPHQL_VALIDATION_FAILED",
                    format!("{} has no argument {}", field.name.node, name.node),
                );
            }
            let mut missing = None;
            let value = value.node.clone().into_const_with(|variable| match self.variables.get(variable.as_str()) {
                Some(value) => async_graphql::Value::from_json(value.clone()).map_err(|_| ()),
                None => {
                    missing = Some(variable);
                    Ok(async_graphql::Value::Null)
                }
            });
            match value.map(|value| value.into_json()) {
                Ok(Ok(_)) if missing.is_some() => {}
                Ok(Ok(value)) => {
                    out.insert(name.node.to_string(), value);
                }
                _ => return refuse("BAD_USER_INPUT", "an argument is no JSON"),
            }
        }
        Ok(out)
    }

    /// Cuts a connection; a cursor is opaque, and not the row's own anything.
    fn connection(
        &mut self,
        mut rows: Vec<Value>,
        arguments: &Map<String, Value>,
        set: &SelectionSet,
        path: &[Value],
    ) -> Result<Value, Refusal> {
        rows.sort_by(|a, b| a["sku"].as_str().cmp(&b["sku"].as_str()));
        let cursor = |n: usize| format!("opaque:{:05}", n * 7 + 3);
        let position = |name: &str| match arguments.get(name).and_then(Value::as_str) {
            None => Ok(None),
            Some(text) => match (0..rows.len()).find(|n| cursor(*n) == text) {
                Some(n) => Ok(Some(n)),
                None => refuse("BAD_USER_INPUT", format!("{name} is no cursor")),
            },
        };
        let start = position("after")?.map_or(0, |n| n + 1);
        let end = position("before")?.unwrap_or(rows.len()).max(start);
        let size = |name: &str| arguments.get(name).and_then(Value::as_u64).map(|n| n as usize);
        let most = self.manners.rows_max;
        let wanted = size("first").or(size("last")).unwrap_or(most);
        if self.manners.refuses_more && wanted > most {
            return refuse("BAD_USER_INPUT", format!("take at most {most}"));
        }
        let n_rows = wanted.min(most).min(end - start);
        let (from, to) = if size("last").is_some() { (end - n_rows, end) } else { (start, start + n_rows) };
        let edges: Vec<Value> = (from..to).map(|n| json!({"cursor": cursor(n), "node": rows[n]})).collect();
        let info = json!({
            "hasNextPage": to < rows.len(), "hasPreviousPage": from > 0,
            "startCursor": (from < to).then(|| cursor(from)), "endCursor": (from < to).then(|| cursor(to - 1)),
        });
        let whole = json!({"edges": edges, "pageInfo": info, "totalCount": rows.len()});
        Ok(self.shown(&whole, set, path))
    }

    /// Shows what is selected of a value.
    fn shown(&mut self, value: &Value, set: &SelectionSet, path: &[Value]) -> Value {
        let below = |step: Value| path.iter().cloned().chain([step]).collect::<Vec<_>>();
        match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(n, item)| self.shown(item, set, &below(n.into()))).collect()
            }
            Value::Object(row) if !set.items.is_empty() => {
                let broken = row.get("sku").and_then(Value::as_str).and_then(|sku| self.manners.broken.get(sku));
                if let Some(code) = broken {
                    let path = below("name".into());
                    self.errors.push(json!({"message": "no name", "path": path, "extensions": {"code": code}}));
                    if self.manners.broken_is_null {
                        return Value::Null;
                    }
                }
                let is_broken = broken.is_some();
                let mut out = Map::new();
                self.fields(row, set, path, is_broken, &mut out);
                out.into()
            }
            other => other.clone(),
        }
    }

    fn fields(
        &mut self,
        row: &Map<String, Value>,
        set: &SelectionSet,
        path: &[Value],
        is_broken: bool,
        out: &mut Map<String, Value>,
    ) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.to_string();
                    let name = field.node.name.node.as_str();
                    let value = row.get(name).filter(|_| !(is_broken && name == "name")).cloned().unwrap_or_default();
                    let path: Vec<Value> = path.iter().cloned().chain([key.as_str().into()]).collect();
                    let shown = self.shown(&value, &field.node.selection_set.node, &path);
                    out.insert(key, shown);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.to_string());
                    let own = row.get("__typename").and_then(Value::as_str);
                    if on.is_none() || own.is_none() || on.as_deref() == own {
                        self.fields(row, &fragment.node.selection_set.node, path, is_broken, out);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(spread.node.fragment_name.node.as_str()).cloned() {
                        self.fields(row, &fragment.node.selection_set.node, path, is_broken, out);
                    }
                }
            }
        }
    }
}
