//! What a query costs in SQL statements, counted by the servers: what `explain` says, whatever the number of rows.

use std::collections::{BTreeMap, BTreeSet};

use freehold::{plan::Explanation, settings::EngineSettings};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::common::{engine::Freehold, postgres};

const ERP: &str = "
create table item (sku text primary key, status text, price numeric(12, 2), on_hand integer, allocated integer);
insert into item select 'P' || to_char(n, 'FM0000'), 'ACTIVE', n + 0.99, n, n / 2 from generate_series(1, 2500) n;
create table customer (account text primary key, name text, discount numeric(4, 2));
insert into customer select 'C' || n, 'Customer ' || n, n / 100.0 from generate_series(1, 40) n;
create table address (account text, city text);
insert into address select account, unnest(array['Bern', 'Wien']) from customer;
create table contact (account text, name text);
insert into contact select account, 'Buyer of ' || name from customer;";

const PIM: &str = "
create table content (sku text primary key, name text);
insert into content select 'P' || to_char(n, 'FM0000'), 'Product ' || n from generate_series(1, 2500) n;";

/// Two orders for each pair of products, so that 1,000 products lead to 1,000 orders: as many as one fetch takes.
const SHOP: &str = "
create table orders (number integer primary key, account text, total numeric(12, 2));
insert into orders select n, 'C' || 1 + n % 40, n * 10 from generate_series(1, 2500) n;
create table order_line (number integer, sku text);
insert into order_line select n, 'P' || to_char(n, 'FM0000') from generate_series(1, 2500) n;
insert into order_line select n, 'P' || to_char(n + n % 2 * 2 - 1, 'FM0000') from generate_series(1, 2500) n;
create index on order_line (sku);";

/// The three systems and an engine over them.
struct Wholesale {
    freehold: Freehold,
    urls: [(&'static str, String); 3],
}

/// Statements by system.
type Statements = BTreeMap<String, usize>;

impl Wholesale {
    async fn open() -> Self {
        let mut urls = [("erp", ERP), ("pim", PIM), ("shop", SHOP)].map(|(system, rows)| (system, rows.to_owned()));
        for (_, rows) in &mut urls {
            let url = postgres::shared().create_database();
            let mut connection = PgConnection::connect(&url).await.expect("a private database");
            let rows = std::mem::replace(rows, url);
            sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut connection).await.expect("the rows");
        }
        let [erp, pim, shop] = &urls;
        let named = [("ERP_URL", erp.1.as_str()), ("PIM_URL", pim.1.as_str()), ("SHOP_URL", shop.1.as_str())];
        Self { freehold: Freehold::start("wholesale", &named, EngineSettings::default()), urls }
    }

    fn logged(&self) -> Statements {
        let count = |(system, url): &(&str, String)| ((*system).to_owned(), postgres::shared().statements_logged(url));
        self.urls.iter().map(count).collect()
    }

    /// Asks, and returns the data and how many statements each system's server has run for it.
    async fn counted(&self, query: &str, variables: Value) -> (Value, Statements) {
        let before = self.logged();
        let data = self.freehold.data(query, variables).await;
        let mut counted = self.logged();
        for (system, n_statements) in &mut counted {
            *n_statements -= before[system];
        }
        (data, counted)
    }
}

/// The fetches that an explanation promises, by system.
fn fetches(explanation: &Explanation) -> Statements {
    let mut fetches = Statements::new();
    for step in explanation.stages.iter().flatten() {
        *fetches.entry(step.system.clone()).or_default() += 1;
    }
    fetches
}

const PRODUCT_LIST: &str = r#"query($n: Int!) {
  products(first: $n) {
    nodes {
      sku status name available price(account: "C7") { net }
      orders(first: 3) { nodes { number total customer { account name } } }
    }
  }
}"#;

#[tokio::test]
async fn a_list_over_five_domains_costs_the_statements_it_promises_for_one_row_and_for_a_thousand() {
    let wholesale = Wholesale::open().await;
    let explanation = wholesale.freehold.explain(PRODUCT_LIST);
    let domains = (explanation.stages.iter().flatten()).filter_map(|step| step.freshness.split(' ').next());
    assert_eq!(BTreeSet::from_iter(domains).len(), 5, "{explanation}");
    let promised = fetches(&explanation);
    assert_eq!(promised, Statements::from([("erp".into(), 5), ("pim".into(), 1), ("shop".into(), 2)]), "{explanation}");
    for n_rows in [1, 1000, 2, 1] {
        let (data, counted) = wholesale.counted(PRODUCT_LIST, json!({"n": n_rows})).await;
        let nodes = data["products"]["nodes"].as_array().expect("nodes");
        assert_eq!(nodes.len(), n_rows);
        let orders = json!({"nodes": [
            {"number": 2, "total": "20.00", "customer": {"account": "C3", "name": "Customer 3"}},
            {"number": 1, "total": "10.00", "customer": {"account": "C2", "name": "Customer 2"}},
        ]});
        let first = json!({"sku": "P0001", "status": "ACTIVE", "name": "Product 1", "available": 1,
                           "price": {"net": "1.85"}, "orders": orders});
        assert_eq!(nodes[0], first);
        assert!(nodes.iter().all(|node| node["orders"]["nodes"].as_array().is_some_and(|orders| orders.len() == 2)));
        assert_eq!(counted, promised, "{n_rows} rows");
    }
}

#[tokio::test]
async fn parts_come_with_their_groups_statement_and_are_explained_with_it() {
    let wholesale = Wholesale::open().await;
    let query = "query($n: Int!) { products(first: $n) { nodes {
      orders(first: 3) { nodes { customer { name addresses { city } contacts { name } } } } } } }";
    let explanation = wholesale.freehold.explain(query);
    let mut promised = Statements::new();
    for step in explanation.stages.iter().flatten() {
        *promised.entry(step.system.clone()).or_default() += step.statements.expect("they all speak SQL");
    }
    assert_eq!(promised.values().sum::<usize>(), explanation.n_statements());
    assert_eq!(promised["erp"], fetches(&explanation)["erp"], "{explanation}");
    promised.insert("pim".to_owned(), 0);
    for n_rows in [1, 1000] {
        let (data, counted) = wholesale.counted(query, json!({"n": n_rows})).await;
        let customer = &data["products"]["nodes"][n_rows - 1]["orders"]["nodes"][0]["customer"];
        assert_eq!(customer["addresses"], json!([{"city": "Bern"}, {"city": "Wien"}]));
        assert_eq!(customer["contacts"], json!([{"name": format!("Buyer of {}", customer["name"].as_str().unwrap())}]));
        assert_eq!(counted, promised, "{n_rows} rows");
    }
}

#[tokio::test]
async fn a_count_costs_one_statement_and_only_where_it_is_selected() {
    let wholesale = Wholesale::open().await;
    let query = "query($count: Boolean!) { products(first: 7) { nodes { sku } totalCount @include(if: $count) } }";
    for (count, n_statements) in [(false, 2), (true, 3)] {
        let (data, counted) = wholesale.counted(query, json!({"count": count})).await;
        assert_eq!(data["products"].get("totalCount"), count.then(|| json!(2500)).as_ref());
        assert_eq!(counted["erp"], n_statements);
    }
}

#[tokio::test]
async fn more_keys_than_a_fetch_takes_are_asked_in_pieces() {
    let wholesale = Wholesale::open().await;
    let skus: Vec<String> = (1..=2500).map(|n| format!("P{n:04}")).collect();
    let query = "query($skus: [String!]!) { productsBySku(skus: $skus) { sku name } }";
    let (data, counted) = wholesale.counted(query, json!({"skus": skus})).await;
    assert_eq!(data["productsBySku"][2499], json!({"sku": "P2500", "name": "Product 2500"}));
    // 2,500 keys, 1,000 to a fetch.
    assert_eq!(counted, Statements::from([("erp".into(), 3), ("pim".into(), 3), ("shop".into(), 0)]));
}
