//! A small contract over one REST system: a product, a price of two keys, and a list of products.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use freehold::{
    contract::{Contract, Files, SystemKind, load},
    fetch::{Fetch, FetchError, ListFetch, Outcome, Owner, Page, Window},
    source::{Pace, RestSource},
    telemetry::Telemetry,
    value::{Argument, GroupId, Key, ListId, SystemId},
};
use serde_json::{Value, json};

use crate::common::{binding::shown, rest_server::RestServer, system::first};

const GRAPH: &str = r#"
type Query {
  product(sku: String!): Product @ref(key: "sku: $sku")
  price(account: String!, sku: String!): Price @ref(key: "account: $account, sku: $sku")
  products(category: String, states: [String!], first: Int): [Product] @list(name: "products")
}
type Product @key(fields: "sku") @owner(system: "pim") @domain(name: "product") {
  sku: String! name: String price: Decimal minor: Decimal number: Decimal wrapped: Decimal hundred: Decimal
  planned: Date limit: Decimal tags: [String] lines: [Line!] paid: Decimal state: String
}
type Line { sku: String quantity: Decimal }
type Price @key(fields: "account sku") @owner(system: "pim") @domain(name: "product") @scope(account: "account") {
  account: String! sku: String! amount: Decimal
}
"#;

/// A source over a server.
pub struct Bound {
    contract: Arc<Contract>,
    pub source: RestSource,
}

/// Binds with this text after the system's address.
pub fn bound(server: &RestServer, toml: &str) -> Bound {
    whole(server, &format!("kind = \"rest\"\nurl = \"${{PIM_URL}}\"\n{toml}"))
}

/// Binds with a whole system file; what it does not bind has a binding that nobody asks.
pub fn whole(server: &RestServer, toml: &str) -> Bound {
    let mut system = format!("{toml}\n");
    for (table, text) in [
        ("[Product]", "get = \"/unused/{key}\""),
        ("[Price]", "get = \"/unused/{key.account}/{key.sku}\""),
        ("[lists.products]", "get = \"/unused?{category}{states}\"\norder = [\"sku\"]"),
    ] {
        if !toml.contains(table) {
            system += &format!("{table}\n{text}\n");
        }
    }
    if toml.contains("[lists.products]") && !toml.contains("{states}") {
        system = system.replace("[lists.products]", "[lists.products]\nheaders = { x-states = \"{states}\" }");
    }
    let files = [
        ("graph.graphql", GRAPH),
        ("freehold.toml", "systems = [\"systems/pim.toml\"]\n[freshness.product]\nmax_age = \"1m\""),
        ("systems/pim.toml", &system),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let url = server.url();
    let loaded =
        load(&Files::new(files), &|name| Some(if name.ends_with("_URL") { url.clone() } else { "secret".to_owned() }));
    let Some(contract) = loaded.contract else { panic!("{:#?}\n{system}", loaded.diagnostics) };
    let contract = Arc::new(contract);
    let SystemKind::Rest { http } = contract.system(SystemId(0)).kind.clone() else { panic!("a REST system") };
    let pace = Pace::new(&contract, SystemId(0), &Telemetry::new());
    let source = RestSource::new(Arc::clone(&contract), SystemId(0), http, pace);
    Bound { contract, source }
}

impl Bound {
    fn group(&self, name: &str) -> GroupId {
        let position = self.contract.groups.iter().position(|group| group.name == format!("pim {name}"));
        GroupId::from(position.expect("a group"))
    }

    pub async fn outcomes(&self, group: &str, keys: &[&str]) -> Vec<Outcome> {
        let keys = keys.iter().map(|key| Key::of(key.split('|')).expect("a key")).collect();
        self.source.fetch(Fetch { group: self.group(group), keys, deadline: later() }).await
    }

    /// Fetches and shows: a record, null for an absence, the code of an error.
    pub async fn shown(&self, group: &str, keys: &[&str]) -> Vec<Value> {
        let shape = self.contract.group(self.group(group)).shape;
        let outcomes = self.outcomes(group, keys).await;
        let show = |outcome: &Outcome| match outcome {
            Ok(record) => shown(&self.contract, shape, record),
            Err(error) => json!(error.kind.code()),
        };
        outcomes.iter().map(show).collect()
    }

    /// Fetches and shows one member of each record.
    pub async fn names(&self, keys: &[&str]) -> Vec<Value> {
        let shown = self.shown("Product", keys).await;
        shown.into_iter().map(|mut value| if value.is_object() { value["name"].take() } else { value }).collect()
    }

    /// Fetches one key that fails.
    pub async fn error(&self, key: &str) -> FetchError {
        self.outcomes("Product", &[key]).await.remove(0).expect_err("a failure")
    }

    pub async fn page(&self, category: Option<&str>, window: Window, count: bool) -> Result<Page, FetchError> {
        self.pages(&[category], window, count).await.remove(0)
    }

    /// Asks for the pages of several parents at once.
    pub async fn pages(
        &self,
        categories: &[Option<&str>],
        window: Window,
        count: bool,
    ) -> Vec<Result<Page, FetchError>> {
        let parameters = &self.contract.lists[0].parameters;
        let arguments = categories.iter().map(|category| {
            let of = |name: &String| match (name.as_str(), category) {
                ("category", Some(text)) => Argument::One((*text).into()),
                _ => Argument::Null,
            };
            parameters.iter().map(of).collect()
        });
        let fetch = ListFetch {
            list: ListId::from(0),
            arguments: arguments.collect(),
            window,
            count_up_to: count.then_some(1_000),
            deadline: later(),
        };
        self.source.list(fetch).await
    }

    /// Reads the list page by page, forward.
    pub async fn all(&self, category: Option<&str>, rows: u32) -> Result<Vec<String>, FetchError> {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(category, first(rows, after), false).await?;
            seen.extend(skus(&page));
            if !page.has_next {
                return Ok(seen);
            }
            after = page.items.last().map(|item| item.cursor.clone());
        }
    }
}

/// The keys of a page.
pub fn skus(page: &Page) -> Vec<String> {
    page.items.iter().map(|item| item.key.as_str().to_owned()).collect()
}

/// Rows of products named after their number.
pub fn items(n: std::ops::Range<usize>) -> Vec<Value> {
    n.map(|n| json!({"sku": format!("P{n:03}"), "name": format!("N{n}")})).collect()
}

/// Keys of such rows.
pub fn keys(n: std::ops::Range<usize>) -> Vec<String> {
    n.map(|n| format!("P{n:03}")).collect()
}

pub fn texts(keys: &[String]) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(30)
}
