//! What a page of products over five domains and four kinds of system costs, in calls counted by the servers: one for each
//! group of a system and stage, whatever the number of products.

use std::collections::{BTreeMap, BTreeSet};

use freehold::settings::EngineSettings;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::common::{
    engine::Freehold,
    graphql_server::GraphQlServer,
    odata_server::OdataServer,
    postgres,
    rest_server::{PimQuirks, RestServer, pim},
};

/// As many products as the ERP has; a call to the PIM or the warehouse takes a hundred.
const N_PRODUCTS: usize = 120;

/// What the PIM has no content for, and what the shop does not show.
const WITHOUT_CONTENT: usize = 13;
const NOT_SHOWN: usize = 17;

/// Each order is of a product and of the next, so that each product but the first has two.
const ERP: &str = "
create table item (sku text primary key, status text);
insert into item select 'P' || to_char(n, 'FM000'), case n % 2 when 0 then 'ACTIVE' else 'PHASE_OUT' end
  from generate_series(1, 120) n;
create table customer (account text primary key, name text);
insert into customer select 'C' || n, 'Customer ' || n from generate_series(1, 7) n;
create table price (account text, sku text, net numeric(12, 2));
insert into price select account, sku, right(account, 1)::integer * 100 + right(sku, 3)::integer + 0.95
  from customer cross join item;
create table orders (number integer primary key, account text, total numeric(12, 2));
insert into orders select n, 'C' || 1 + n % 7, n * 10 from generate_series(1, 120) n;
create table order_line (number integer, sku text);
insert into order_line select n, 'P' || to_char(n + next, 'FM000') from generate_series(1, 120) n, generate_series(0, 1) next;";

/// Calls by system.
type Calls = BTreeMap<&'static str, usize>;

/// The four systems and an engine over them.
struct Landscape {
    freehold: Freehold,
    erp: String,
    pim: RestServer,
    shop: GraphQlServer,
    wms: OdataServer,
}

fn sku(n: usize) -> String {
    format!("P{n:03}")
}

impl Landscape {
    async fn open() -> Self {
        let erp = postgres::shared().create_database();
        let mut connection = PgConnection::connect(&erp).await.expect("a private database");
        sqlx::raw_sql(AssertSqlSafe(ERP.to_owned())).execute(&mut connection).await.expect("the rows");
        let all = || 1..=N_PRODUCTS;
        let content = all().filter(|n| *n != WITHOUT_CONTENT).map(|n| {
            let names = json!([
                {"locale": "en_GB", "data": format!("Valve {n}")}, {"locale": "de_DE", "data": format!("Ventil {n}")},
            ]);
            json!({"identifier": sku(n), "values": {"name": names}})
        });
        let pim = RestServer::start(pim(content.collect(), PimQuirks::default())).await;
        let shown = all().filter(|n| *n != NOT_SHOWN).map(|n| json!({"sku": sku(n), "page": format!("/p/{n}")}));
        let shop = GraphQlServer::start(shown.collect(), Vec::new()).await;
        let stock: Value = all().map(|n| json!({"ItemNo": sku(n), "Available": n as i64 - 10})).collect();
        let wms = OdataServer::start("v4", &[("Stock", stock)]).await;
        let pim_url = pim.url();
        let urls = [("ERP_URL", &erp), ("PIM_URL", &pim_url), ("SHOP_URL", &shop.url), ("WMS_URL", &wms.url)];
        let urls = urls.map(|(name, url)| (name, url.as_str()));
        let freehold = Freehold::start("landscape", &urls, EngineSettings::default());
        Self { freehold, erp, pim, shop, wms }
    }

    fn calls(&self) -> Calls {
        Calls::from([
            ("erp", postgres::shared().statements_logged(&self.erp)),
            ("pim", self.pim.n_calls()),
            ("shop", self.shop.calls() as usize),
            ("wms", self.wms.n_calls()),
        ])
    }

    /// Asks, and returns the data and the calls that each system has got for it.
    async fn counted(&self, query: &str, variables: Value) -> (Value, Calls) {
        let before = self.calls();
        let data = self.freehold.data(query, variables).await;
        let mut calls = self.calls();
        for (system, n_calls) in &mut calls {
            *n_calls -= before[system];
        }
        (data, calls)
    }
}

const FIELDS: &str = r#"
  sku status name page available price(account: "C3") { net }
  orders(first: 5) { nodes { number total customer { account name } } }"#;

/// What all systems together know of a product.
fn product(n: usize) -> Value {
    let order = |number: usize| {
        let customer = 1 + number % 7;
        json!({
            "number": number, "total": format!("{}.00", number * 10),
            "customer": {"account": format!("C{customer}"), "name": format!("Customer {customer}")},
        })
    };
    let orders: Vec<Value> = [n, n - 1].into_iter().filter(|number| *number > 0).map(order).collect();
    json!({
        "sku": sku(n),
        "status": if n.is_multiple_of(2) { "ACTIVE" } else { "PHASE_OUT" },
        "name": (n != WITHOUT_CONTENT).then(|| format!("Ventil {n}")),
        "page": (n != NOT_SHOWN).then(|| format!("/p/{n}")),
        "available": (n as i64 - 10).to_string(),
        "price": {"net": format!("{}.95", 300 + n)},
        "orders": {"nodes": orders},
    })
}

#[tokio::test]
async fn fifty_products_over_five_domains_and_four_kinds_of_system_cost_one_call_a_group_and_stage() {
    let landscape = Landscape::open().await;
    let query = format!("query($n: Int!) {{ products(first: $n) {{ nodes {{ {FIELDS} }} }} }}");
    let explanation = landscape.freehold.explain(&query);
    let steps = || explanation.stages.iter().flatten();
    let domains: BTreeSet<&str> = steps().filter_map(|step| step.freshness.split(' ').next()).collect();
    assert_eq!(domains, BTreeSet::from(["customer", "inventory", "order", "price", "product"]), "{explanation}");
    // The ERP: its two lists, and its products, prices, orders and customers.
    let expected = Calls::from([("erp", 6), ("pim", 1), ("shop", 1), ("wms", 1)]);
    let mut promised = Calls::new();
    for step in steps() {
        let system = expected.keys().find(|system| **system == step.system).expect("one of the four");
        *promised.entry(system).or_default() += 1;
    }
    assert_eq!(promised, expected, "{explanation}");
    for n_products in [1, 50, 2, 50] {
        let (data, calls) = landscape.counted(&query, json!({"n": n_products})).await;
        let products: Value = (1..=n_products).map(product).collect();
        assert_eq!(data["products"]["nodes"], products);
        assert_eq!(calls, expected, "{n_products} products");
    }
}

#[tokio::test]
async fn fifty_keys_cost_no_more_and_a_system_of_which_no_field_is_asked_costs_nothing() {
    let landscape = Landscape::open().await;
    let query = |fields: &str| format!("query($skus: [String!]!) {{ productsBySku(skus: $skus) {{ {fields} }} }}");
    // From the last to the first, every one twice, and one that nobody has.
    let wanted: Vec<usize> = (1..=49).rev().chain(1..=49).collect();
    let mut skus: Vec<String> = wanted.iter().map(|n| sku(*n)).collect();
    skus.push("P999".to_owned());
    let (data, calls) = landscape.counted(&query(FIELDS), json!({"skus": skus})).await;
    let products: Value = wanted.iter().map(|n| product(*n)).chain([Value::Null]).collect();
    assert_eq!(data["productsBySku"], products);
    assert_eq!(calls, Calls::from([("erp", 5), ("pim", 1), ("shop", 1), ("wms", 1)]));
    let (_, calls) = landscape.counted(&query("status available"), json!({"skus": skus})).await;
    assert_eq!(calls, Calls::from([("erp", 1), ("pim", 0), ("shop", 0), ("wms", 1)]));
}

#[tokio::test]
async fn more_products_than_a_call_takes_are_asked_in_pieces_of_that_system_alone() {
    let landscape = Landscape::open().await;
    let query = format!("{{ products(first: {N_PRODUCTS}) {{ nodes {{ {FIELDS} }} }} }}");
    let (data, calls) = landscape.counted(&query, json!({})).await;
    assert_eq!(data["products"]["nodes"], (1..=N_PRODUCTS).map(product).collect::<Value>());
    assert_eq!(calls, Calls::from([("erp", 6), ("pim", 2), ("shop", 1), ("wms", 2)]));
}
