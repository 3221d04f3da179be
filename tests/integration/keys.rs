//! Identity is not equality: systems with keys of their own, asked and listed through the whole engine.
//!
//! The ERP decides which products there are, the PIM and the shop have keys of their own, and a hub knows which is which.

use std::{sync::Arc, time::Duration};

use freehold::{
    contract::{Files, load},
    job::{LiveOptions, check_live},
    plan::Explanation,
};
use serde_json::{Value, json};

use crate::common::{engine::Freehold, system::System};

const GRAPH: &str = r#"
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  status: String
  slug: String @owner(system: "shop")
  name: String @owner(system: "pim")
  bins(first: Int): [Bin] @list(name: "binsOfProduct", args: "sku: sku")
}
type Bin @key(fields: "id") @owner(system: "shop") @domain(name: "product") { id: ID! place: String }
type Query {
  product(sku: String!): Product @ref(key: "sku: $sku")
  products(skus: [String!]!): [Product] @ref(key: "sku: $skus")
  bins(skus: [String!]): [Bin] @list(name: "binsOfSkus", args: "skus: $skus")
}"#;

/// Lists of the systems that have keys of their own; apart, because not every mapping can be read back.
const LISTS: &str = r#"
extend type Query {
  inShop(first: Int, after: String, last: Int, before: String): ProductConnection @list(name: "productsOfShop")
  inPim(first: Int, after: String, last: Int, before: String): ProductConnection @list(name: "productsOfPim")
  allInShop: [Product] @list(name: "productsOfShop")
}
type ProductConnection { edges: [ProductEdge] nodes: [Product] pageInfo: PageInfo! totalCount: Int }
type ProductEdge { cursor: String! node: Product }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }"#;

const ERP: &str = r#"
[Product]
query = "select item_no as sku, status from item where item_no in (:keys)""#;

const PIM: &str = r#"
[Product]
query = "select id, erp_sku, name from content where erp_sku in (:keys)"
key = { field = "erp_sku" }
"#;

const PIM_LIST: &str = r#"
[lists.productsOfPim]
query = "select id, erp_sku from content"
order = ["id", "erp_sku"]"#;

const SHOP: &str = r#"
[Product]
query = "select code as sku, slug from product where code in (:keys)"
key = KEY
[Bin]
query = "select id, place from bin where id in (:keys)"
[lists.binsOfProduct]
query = "select id from bin where code = :sku"
order = ["id"]
keys = { sku = "Product" }
[lists.binsOfSkus]
query = "select id from bin where :skus is null or code in (:skus)"
order = ["id"]
keys = { skus = "Product" }
"#;

const SHOP_LIST: &str = r#"
[lists.productsOfShop]
query = "select code as sku from product"
order = ["sku"]"#;

const HUB: &str = r#"
[crossrefs.skus]
to_own.query = "select item_no as key, shop_code as own from xref where item_no in (:keys)"
to_graph.query = "select shop_code as own, item_no as key from xref where shop_code in (:keys)""#;

const BY_HUB: &str = r#"{ crossref = "skus", case = "lower", graph_case = "upper" }"#;
const LOWER: &str = r#"{ case = "lower", graph_case = "upper", prefix = "gid://shop/" }"#;

/// A system's rows: a table's name, its columns, and what it holds.
type Rows<'r> = &'r [&'r [Option<&'r str>]];

/// Texts by name.
type Texts = Vec<(String, String)>;

/// The four systems and an engine over them.
struct Keys {
    freehold: Freehold,
    #[expect(dead_code, reason = "the databases live as long as they are asked")]
    systems: Vec<System>,
}

fn insert(table: &str, rows: Rows<'_>) -> String {
    let literal = |text: &Option<&str>| match text {
        None => "null".to_owned(),
        Some(text) => format!("'{}'", text.replace('\'', "''")),
    };
    let row = |row: &&[Option<&str>]| {
        let values: Vec<String> = row.iter().map(literal).collect();
        format!("insert into {table} values ({});\n", values.join(", "))
    };
    rows.iter().map(row).collect()
}

/// A contract's text with a table of the key mapping of the shop's products; `lists` where the mapping can be read back.
struct Case<'c> {
    shop_key: &'c str,
    lists: bool,
    system: fn() -> System,
    rows: [(&'c str, &'c str, Rows<'c>); 5],
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            shop_key: LOWER,
            lists: true,
            system: System::sqlite,
            rows: [
                ("erp", "item", &[]),
                ("pim", "content", &[]),
                ("shop", "product", &[]),
                ("shop", "bin", &[]),
                ("hub", "xref", &[]),
            ],
        }
    }
}

impl<'c> Case<'c> {
    fn of(mut self, table: &str, rows: Rows<'c>) -> Self {
        self.rows.iter_mut().find(|(_, name, _)| *name == table).expect("a table").2 = rows;
        self
    }

    async fn start(self) -> Keys {
        self.start_without("").await
    }

    /// Starts with the tables of one system missing.
    async fn start_without(self, missing: &str) -> Keys {
        let (files, env, systems) = self.contract(missing).await;
        let env: Vec<(&str, &str)> = env.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
        Keys { freehold: Freehold::over(files, &env), systems }
    }

    /// Fills the systems; returns the contract's files, what they name of the environment, and the systems.
    async fn contract(self, missing: &str) -> (Texts, Texts, Vec<System>) {
        let tables = [
            ("erp", "create table item (item_no varchar(60), status varchar(10));"),
            ("pim", "create table content (id varchar(60), erp_sku varchar(60), name varchar(60));"),
            (
                "shop",
                "create table product (code varchar(60), slug varchar(60)); create table bin (id varchar(9), code varchar(60), place varchar(9));",
            ),
            ("hub", "create table xref (item_no varchar(60), shop_code varchar(60));"),
        ];
        let lists = |text| if self.lists { text } else { "" };
        let mut files = vec![
            ("graph.graphql".to_owned(), GRAPH.to_owned()),
            (
                "freehold.toml".to_owned(),
                "systems = [\"erp.toml\", \"pim.toml\", \"shop.toml\", \"hub.toml\"]".to_owned(),
            ),
        ];
        if self.lists {
            files.push(("lists.graphql".to_owned(), LISTS.to_owned()));
        }
        let hub = if self.shop_key.contains("crossref") { HUB } else { "" };
        let bindings = [
            ERP.to_owned(),
            format!("{PIM}{}", lists(PIM_LIST)),
            format!("{}{}", SHOP.replace("KEY", self.shop_key), lists(SHOP_LIST)),
            hub.to_owned(),
        ];
        let (mut env, mut systems) = (Vec::new(), Vec::new());
        for ((name, create), binding) in tables.into_iter().zip(bindings) {
            let system = (self.system)();
            let rows = self.rows.iter().filter(|(of, ..)| *of == name).map(|(_, table, rows)| insert(table, rows));
            let rows: String = rows.collect();
            system.load(&if name == missing { String::new() } else { format!("{create}\n{rows}") }).await;
            let head = format!("kind = \"{}\"\nurl = \"${{{name}_url}}\"\n", system.kind().word());
            files.push((format!("{name}.toml"), head + &binding));
            env.push((format!("{name}_url"), system.address()));
            systems.push(system);
        }
        (files, env, systems)
    }
}

impl Keys {
    async fn products(&self, skus: &[&str], fields: &str) -> Value {
        let query = format!("query($skus: [String!]!) {{ products(skus: $skus) {{ {fields} }} }}");
        self.freehold.answer(&query, json!({ "skus": skus })).await
    }

    fn fetches(&self, system: &str, asked: &str) -> f64 {
        self.freehold
            .metric(&format!("freehold_fetches_total{{system=\"{system}\",group=\"{system} {asked}\",code=\"OK\"}}"))
    }
}

/// Each error as `path CODE system count`, in order.
fn errors(answer: &Value) -> Vec<String> {
    let error = |error: &Value| {
        let path: Vec<String> = error["path"].as_array().into_iter().flatten().map(Value::to_string).collect();
        let said = |name: &str| error["extensions"][name].to_string();
        let line = format!("{} {} {} {}", path.join("."), said("code"), said("system"), said("count"));
        line.replace('"', "")
    };
    answer["errors"].as_array().map_or(Vec::new(), |errors| errors.iter().map(error).collect())
}

fn skus(page: &Value) -> Vec<&str> {
    page["nodes"].as_array().expect("nodes").iter().map(|node| node["sku"].as_str().expect("a sku")).collect()
}

#[tokio::test]
async fn s6_07_a_shop_that_lower_cases_is_asked_in_its_spelling_and_answers_in_the_graphs() {
    let all = ["AB-1", "SP/1'4\"×", "A B", "N-2"];
    let item = all.map(|sku| [Some(sku), Some("A")]);
    let item: Vec<&[Option<&str>]> = item.iter().map(|row| row.as_slice()).collect();
    let case = Case::default().of("item", &item).of(
        "product",
        &[
            &[Some("gid://shop/ab-1"), Some("one")],
            &[Some("gid://shop/sp/1'4\"×"), Some("tile")],
            &[Some("gid://shop/a b"), Some("blank")],
            &[Some("gid://shop/Ab-1"), Some("not its spelling")],
            &[Some("elsewhere"), Some("no prefix")],
        ],
    );
    let keys = case.start().await;
    let answer = keys.products(&["SP/1'4\"×", "N-2", "AB-1", "ab-1", "A B", "AB-1"], "sku slug").await;
    let expected = json!([
        {"sku": "SP/1'4\"×", "slug": "tile"}, {"sku": "N-2", "slug": null}, {"sku": "AB-1", "slug": "one"}, null,
        {"sku": "A B", "slug": "blank"}, {"sku": "AB-1", "slug": "one"},
    ]);
    assert_eq!(answer, json!({"data": {"products": expected}}));
    let answer =
        keys.freehold.answer("{ inShop { nodes { sku slug } totalCount } allInShop { sku } }", json!({})).await;
    let nodes = json!([
        {"sku": "A B", "slug": "blank"}, {"sku": "AB-1", "slug": "one"}, {"sku": "SP/1'4\"×", "slug": "tile"},
    ]);
    assert_eq!(answer["data"]["inShop"], json!({"nodes": nodes, "totalCount": 5}));
    assert_eq!(answer["data"]["allInShop"].as_array().map(Vec::len), Some(3));
    assert_eq!(errors(&answer), ["inShop KEY_UNMATCHED shop 2", "allInShop KEY_UNMATCHED shop 2"]);
    assert_eq!(answer["errors"][0]["message"], "shop: 2 rows are left out: nothing in the graph has their keys");
    assert!(!answer.to_string().contains("elsewhere"), "the samples are the operator's");
}

#[tokio::test]
async fn s6_07_the_pim_has_its_own_key_plus_the_erps_and_pages_go_on_past_rows_that_lack_it() {
    let texts: Vec<[String; 3]> =
        (10..40).map(|n| [format!("M{n}"), format!("P-{n}"), format!("Product {n}")]).collect();
    let lacks = |n: usize| (4..8).contains(&n) || n == 20;
    let content: Vec<[Option<&str>; 3]> = (texts.iter().enumerate())
        .map(|(n, [id, sku, name])| {
            let sku = if n == 20 { Some("") } else { Some(sku.as_str()).filter(|_| !lacks(n)) };
            [Some(id.as_str()), sku, Some(name.as_str())]
        })
        .collect();
    let content: Vec<&[Option<&str>]> = content.iter().map(|row| row.as_slice()).collect();
    let item: Vec<[Option<&str>; 2]> = texts.iter().map(|[_, sku, _]| [Some(sku.as_str()), Some("A")]).collect();
    let item: Vec<&[Option<&str>]> = item.iter().map(|row| row.as_slice()).collect();
    let keys = Case::default().of("content", &content).of("item", &item).start().await;
    let answer = keys.products(&["P-12", "P-15"], "name").await;
    assert_eq!(answer, json!({"data": {"products": [{"name": "Product 12"}, {"name": null}]}}));

    let (mut seen, mut n_left_out, mut after) = (Vec::new(), 0, Value::Null);
    for _ in 0..20 {
        let query = "query($after: String) { inPim(first: 2, after: $after) {
            nodes { sku name } pageInfo { hasNextPage endCursor } totalCount } }";
        let answer = keys.freehold.answer(query, json!({"after": after})).await;
        let page = &answer["data"]["inPim"];
        seen.extend(skus(page).into_iter().map(str::to_owned));
        n_left_out += answer["errors"][0]["extensions"]["count"].as_u64().unwrap_or(0);
        assert_eq!(page["totalCount"], 30, "the rows of the system are counted, not those that match");
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    let expected: Vec<String> =
        texts.iter().enumerate().filter(|(n, _)| !lacks(*n)).map(|(_, [_, sku, _])| sku.clone()).collect();
    assert_eq!((seen, n_left_out), (expected, 5));
    assert_eq!(keys.freehold.metric(r#"freehold_rows_left_out_total{system="pim",group="productsOfPim"}"#), 5.0);
}

async fn by_hub(system: fn() -> System) {
    let texts: Vec<[String; 2]> = (100..160).map(|n| [format!("P-{n}"), format!("S{n}")]).collect();
    let item: Vec<[Option<&str>; 2]> = texts.iter().map(|[sku, _]| [Some(sku.as_str()), Some("A")]).collect();
    let item: Vec<&[Option<&str>]> = item.iter().map(|row| row.as_slice()).collect();
    // The hub keeps the shop's codes in capitals and knows one product without a code.
    let xref: Vec<[Option<&str>; 2]> = (texts.iter().enumerate())
        .map(|(n, [sku, code])| [Some(sku.as_str()), Some(code.as_str()).filter(|_| n != 7)])
        .filter(|row| row[0] != Some("P-110"))
        .collect();
    let xref: Vec<&[Option<&str>]> = xref.iter().map(|row| row.as_slice()).collect();
    let codes: Vec<String> = texts.iter().map(|[_, code]| code.to_lowercase()).collect();
    let product: Vec<[Option<&str>; 2]> = codes.iter().map(|code| [Some(code.as_str()), Some(code.as_str())]).collect();
    let product: Vec<&[Option<&str>]> = product.iter().map(|row| row.as_slice()).collect();
    let case = Case { shop_key: BY_HUB, system, ..Case::default() };
    let keys = case.of("item", &item).of("xref", &xref).of("product", &product).start().await;

    let all: Vec<&str> = texts.iter().map(|[sku, _]| sku.as_str()).collect();
    let answer = keys.products(&all, "sku slug").await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let products = answer["data"]["products"].as_array().expect("products");
    for (n, product) in products.iter().enumerate() {
        let slug = if n == 7 || n == 10 { Value::Null } else { json!(codes[n]) };
        assert_eq!(*product, json!({"sku": all[n], "slug": slug}));
    }
    let crossed = |direction: &str| keys.fetches("hub", &format!("crossrefs.skus.{direction}"));
    assert_eq!((crossed("to_own"), keys.fetches("shop", "Product")), (1.0, 1.0), "one more for sixty keys");
    assert_eq!(keys.freehold.metric(r#"freehold_keys_unmatched_total{system="shop",group="shop Product"}"#), 2.0);

    let query = "{ inShop(first: 60) { nodes { sku slug } } }";
    let answer = keys.freehold.answer(query, json!({})).await;
    let page = &answer["data"]["inShop"];
    let expected: Vec<&str> =
        all.iter().enumerate().filter(|(n, _)| *n != 7 && *n != 10).map(|(_, sku)| *sku).collect();
    assert_eq!(skus(page), expected);
    assert_eq!(errors(&answer), ["inShop KEY_UNMATCHED shop 2"]);
    assert_eq!((crossed("to_graph"), crossed("to_own")), (1.0, 2.0), "one for all rows, and one for all their fields");

    let explained = keys.freehold.explain(query);
    assert_eq!(explained.n_fetches(), 5, "{explained}");
    assert_eq!(keys.freehold.metric("freehold_request_fetches_sum"), 3.0 + 5.0);
    assert_eq!(plan(&explained), PLAN);
    let steps = &explained.to_json()["stages"];
    assert_eq!(steps[0][0]["crossrefs"], json!(["hub crossrefs.skus.to_graph"]));
}

const PLAN: &str = "cost: 5 fetches in 2 stages, at most 60 objects
stage 1
  list shop productsOfShop  [product ≤ 1h]  at most 1 keys
    keys mapped: of rows by cross-reference skus, lower case
    with hub crossrefs.skus.to_graph
    (root) by no parameters
stage 2
  erp Product  [product ≤ 1h]  at most 60 keys
    inShop.nodes by sku ← rows of productsOfShop
  shop Product  [product ≤ 1h]  at most 60 keys
    keys mapped: cross-reference skus, lower case
    with hub crossrefs.skus.to_own
    inShop.nodes by sku ← rows of productsOfShop: slug
";

/// A plan without its head, which names the contract's version.
fn plan(explained: &Explanation) -> String {
    explained.to_string().split_once('\n').expect("a head").1.to_owned()
}

#[tokio::test]
async fn s6_07_a_cross_reference_in_another_system_costs_one_fetch_whatever_the_rows_on_sqlite() {
    by_hub(System::sqlite).await;
}

#[tokio::test]
async fn s6_07_a_cross_reference_in_another_system_costs_one_fetch_whatever_the_rows_on_postgres() {
    by_hub(System::postgres).await;
}

#[tokio::test]
async fn s6_07_a_cross_reference_that_is_down_costs_the_mapped_fields_alone() {
    let case = Case { shop_key: BY_HUB, ..Case::default() };
    let case = case.of("item", &[&[Some("P-1"), Some("A")]]).of("product", &[&[Some("s1"), Some("one")]]);
    let keys = case.of("content", &[&[Some("M1"), Some("P-1"), Some("Pump")]]).start_without("hub").await;
    let answer = keys.products(&["P-1"], "sku status name slug").await;
    let expected = json!([{"sku": "P-1", "status": "A", "name": "Pump", "slug": null}]);
    assert_eq!(answer["data"]["products"], expected);
    let error = &answer["errors"][0];
    assert_eq!((&error["path"], &error["extensions"]["system"]), (&json!(["products", 0, "slug"]), &json!("hub")));
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1));
    let answer = keys
        .freehold
        .answer("{ inShop { nodes { sku } } product(sku: \"P-1\") { bins { id } status } }", json!({}))
        .await;
    assert_eq!(answer["data"], json!({"inShop": null, "product": {"bins": null, "status": "A"}}));
    let systems = answer["errors"].as_array().into_iter().flatten().map(|error| &error["extensions"]["system"]);
    assert_eq!(systems.collect::<Vec<_>>(), ["hub", "hub"]);
}

#[tokio::test]
async fn s6_07_an_ambiguous_key_is_a_violation_of_that_key_alone_in_either_direction() {
    let case = Case { shop_key: BY_HUB, ..Case::default() };
    let item = ["A", "B", "C", "D"].map(|sku| [Some(sku), Some("A")]);
    let item: Vec<&[Option<&str>]> = item.iter().map(|row| row.as_slice()).collect();
    let xref: Rows<'_> = &[
        &[Some("A"), Some("S1")],
        &[Some("B"), Some("S2")],
        &[Some("B"), Some("S3")],
        &[Some("C"), Some("S4")],
        &[Some("D"), Some("S4")],
    ];
    let product = ["s1", "s2", "s3", "s4"].map(|code| [Some(code), Some(code)]);
    let product: Vec<&[Option<&str>]> = product.iter().map(|row| row.as_slice()).collect();
    let keys = case.of("item", &item).of("xref", xref).of("product", &product).start().await;
    let answer = keys.products(&["A", "B", "C", "D"], "sku slug").await;
    let slugs = [("A", json!("s1")), ("B", Value::Null), ("C", Value::Null), ("D", Value::Null)];
    assert_eq!(answer["data"]["products"], json!(slugs.map(|(sku, slug)| json!({"sku": sku, "slug": slug}))));
    let lines = errors(&answer);
    assert_eq!(lines[0], "products.1.slug CONTRACT_VIOLATION hub null");
    assert_eq!(lines[1], "products.2.slug CONTRACT_VIOLATION shop null");
    assert_eq!(lines[2], "products.3.slug CONTRACT_VIOLATION shop null");
    // Both of B's codes are B, and the shop's s4 is C and D.
    let answer = keys.freehold.answer("{ inShop { nodes { sku } pageInfo { hasNextPage } } }", json!({})).await;
    assert_eq!(skus(&answer["data"]["inShop"]), ["A"]);
    assert_eq!(errors(&answer), ["inShop CONTRACT_VIOLATION shop 3"]);
}

#[tokio::test]
async fn s6_07_two_asked_keys_that_are_one_for_the_system_are_both_refused() {
    let case = Case { shop_key: "{ case = \"lower\" }", lists: false, ..Case::default() };
    let item = ["Ab", "aB", "C"].map(|sku| [Some(sku), Some("A")]);
    let item: Vec<&[Option<&str>]> = item.iter().map(|row| row.as_slice()).collect();
    let case = case.of("item", &item).of("product", &[&[Some("ab"), Some("which")], &[Some("c"), Some("see")]]);
    let keys = case.start().await;
    let answer = keys.products(&["Ab", "C", "aB"], "slug").await;
    assert_eq!(answer["data"]["products"], json!([{"slug": null}, {"slug": "see"}, {"slug": null}]));
    let refused = ["products.0.slug CONTRACT_VIOLATION shop null", "products.2.slug CONTRACT_VIOLATION shop null"];
    assert_eq!(errors(&answer), refused);
}

#[tokio::test]
async fn s6_07_a_list_is_asked_with_the_systems_own_key_and_knows_nothing_of_what_has_none() {
    let case = Case { shop_key: BY_HUB, ..Case::default() };
    let item = ["A", "B", "N"].map(|sku| [Some(sku), Some("A")]);
    let item: Vec<&[Option<&str>]> = item.iter().map(|row| row.as_slice()).collect();
    let bin: Rows<'_> = &[
        &[Some("1"), Some("s1"), Some("left")],
        &[Some("2"), Some("s1"), Some("right")],
        &[Some("3"), Some("N"), Some("stray")],
    ];
    let xref: Rows<'_> = &[&[Some("A"), Some("S1")], &[Some("B"), Some("S2")]];
    let keys = case.of("item", &item).of("bin", bin).of("xref", xref).start().await;
    let query = "{ products(skus: [\"B\", \"N\", \"A\"]) { bins { id place } } }";
    let bins = json!([{"id": "1", "place": "left"}, {"id": "2", "place": "right"}]);
    let expected = json!({"products": [{"bins": []}, {"bins": []}, {"bins": bins}]});
    assert_eq!(keys.freehold.data(query, json!({})).await, expected);
    assert_eq!(keys.fetches("hub", "crossrefs.skus.to_own"), 1.0, "one for all parents");
    let explained = keys.freehold.explain(query);
    assert_eq!(explained.n_fetches(), 4, "{explained}");
    assert!(explained.to_string().contains("keys mapped: sku by cross-reference skus, lower case"), "{explained}");
    let query = "query($skus: [String!]) { bins(skus: $skus) { id } }";
    for (skus, ids) in [(json!(["A", "N"]), vec!["1", "2"]), (json!(["N"]), vec![]), (Value::Null, vec!["1", "2", "3"])]
    {
        let expected: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        let said = keys.freehold.data(query, json!({ "skus": skus })).await;
        assert_eq!(said["bins"], json!(expected), "{skus}");
    }
}

#[tokio::test]
async fn s6_07_a_key_of_the_systems_own_may_be_a_number() {
    let graph = r#"
        type Product @key(fields: "sku") @owner(system: "shop") @domain(name: "product") { sku: String! slug: String }
        type Query {
          products(skus: [String!]!): [Product] @ref(key: "sku: $skus")
          all: [Product] @list(name: "all")
        }"#;
    let shop = r#"
        kind = "postgres"
        url = "${SHOP}"
        [Product]
        query = "select id, slug from product where id in (:keys)"
        key = { field = "id", crossref = "skus" }
        [lists.all]
        query = "select id from product"
        order = ["id"]
        [crossrefs.skus]
        to_own.query = "select sku as key, product as own from xref where sku in (:keys)"
        to_graph.query = "select product as own, sku as key from xref where product in (:keys)""#;
    let system = System::postgres();
    system
        .load(
            "create table product (id bigint, slug text); create table xref (sku text, product bigint);
             insert into product values (7, 'pump'), (8, 'unknown'), (9, 'bolt');
             insert into xref values ('P/1', 7), ('B 2', 9), ('GONE', 99), ('OPEN', null);",
        )
        .await;
    let settings = "systems = [\"shop.toml\"]";
    let files = [("g.graphql", graph), ("freehold.toml", settings), ("shop.toml", shop)];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let freehold = Freehold::over(files, &[("SHOP", &system.address())]);
    let query = "{ products(skus: [\"B 2\", \"GONE\", \"OPEN\", \"NONE\", \"P/1\"]) { sku slug } }";
    let (bolt, pump) = (json!({"sku": "B 2", "slug": "bolt"}), json!({"sku": "P/1", "slug": "pump"}));
    assert_eq!(freehold.data(query, json!({})).await, json!({"products": [bolt, null, null, null, pump]}));
    let answer = freehold.answer("{ all { sku slug } }", json!({})).await;
    assert_eq!(answer["data"]["all"], json!([pump, bolt]));
    assert_eq!(errors(&answer), ["all KEY_UNMATCHED shop 1"]);
}

#[tokio::test]
async fn s6_07_a_key_of_several_fields_is_spelled_field_by_field() {
    let graph = r#"
        type Price @key(fields: "account sku") @owner(system: "sap") @domain(name: "price")
          @scope(account: "account") {
          account: String!
          sku: String!
          net: Decimal
          steps: [Step!]
        }
        type Step { number: Int }
        scalar Decimal
        type Query {
          price(account: String!, sku: String!): Price @ref(key: "account: $account, sku: $sku")
          prices: [Price] @list(name: "prices")
        }"#;
    let sap = r#"
        kind = "sqlite"
        url = "${SAP}"
        [Price]
        query = "select kunnr, matnr, net from a305 where (kunnr, matnr) in (:keys)"
        parts.steps = "select kunnr as parent_kunnr, matnr as parent_matnr, n as number from step where (kunnr, matnr) in (:keys)"
        key.fields = { account = { field = "kunnr", pad = 6 }, sku = { field = "matnr", pad = 8 } }
        [lists.prices]
        query = "select kunnr, matnr from a305"
        order = ["kunnr", "matnr"]"#;
    let system = System::sqlite();
    system
        .load(
            "create table a305 (kunnr text, matnr text, net text); create table step (kunnr text, matnr text, n int);
             insert into a305 values ('004711', '00000042', '9.90'), ('004711', 'AB-1', '8.80'), ('4711', '00000042', '1');
             insert into step values ('004711', '00000042', 1);",
        )
        .await;
    let settings = "systems = [\"sap.toml\"]";
    let files = [("g.graphql", graph), ("freehold.toml", settings), ("sap.toml", sap)];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let freehold = Freehold::over(files, &[("SAP", &system.address())]);
    let query = r#"{
        a: price(account: "4711", sku: "42") { account sku net steps { number } }
        b: price(account: "4711", sku: "AB-1") { net }
        padded: price(account: "004711", sku: "42") { net }
    }"#;
    let a = json!({"account": "4711", "sku": "42", "net": "9.90", "steps": [{"number": 1}]});
    let expected = json!({"a": a, "b": {"net": "8.80"}, "padded": null});
    assert_eq!(freehold.data(query, json!({})).await, expected);
    let answer = freehold.answer("{ prices { account sku net } }", json!({})).await;
    let rows =
        json!([{"account": "4711", "sku": "42", "net": "9.90"}, {"account": "4711", "sku": "AB-1", "net": "8.80"}]);
    assert_eq!(answer["data"]["prices"], rows);
    assert_eq!(errors(&answer), ["prices KEY_UNMATCHED sap 1"], "4711 is none that the system fills up");
}

#[tokio::test]
async fn s6_07_a_live_check_counts_the_keys_and_rows_that_have_no_match() {
    let case = Case { shop_key: BY_HUB, ..Case::default() };
    let item = ["A", "B", "C", "D", "E", "F"].map(|sku| [Some(sku), Some("A")]);
    let item: Vec<&[Option<&str>]> = item.iter().map(|row| row.as_slice()).collect();
    let content = ["A", "B", "C", "D", "E", "F"].map(|sku| [Some(sku), Some(sku), Some("name")]);
    let content: Vec<&[Option<&str>]> = content.iter().map(|row| row.as_slice()).collect();
    let xref = [("A", "S1"), ("B", "S2"), ("C", "S3"), ("D", "S4"), ("E", "S5")].map(|(a, b)| [Some(a), Some(b)]);
    let xref: Vec<&[Option<&str>]> = xref.iter().map(|row| row.as_slice()).collect();
    let product = ["s1", "s2", "s3", "s4", "s5", "stray"].map(|code| [Some(code), Some(code)]);
    let product: Vec<&[Option<&str>]> = product.iter().map(|row| row.as_slice()).collect();
    let case = case.of("item", &item).of("content", &content).of("xref", &xref).of("product", &product);
    let (files, env, _systems) = case.contract("").await;
    let value = |name: &str| env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let contract = Arc::new(load(&Files::new(files), &value).contract.expect("the contract loads"));
    let options = LiveOptions { samples: Default::default(), patience: Duration::from_secs(60) };
    let report = check_live(&contract, options).await;
    let text = report.to_text(false);
    assert_eq!(report.n_faults(), 0, "{text}");
    let ask = |name: &str| report.asks.iter().find(|ask| ask.name == name).expect("it was asked");
    let rows = |name: &str| (ask(name).n_asked, ask(name).n_rows);
    assert_eq!(rows("crossrefs.skus.to_own"), (6, 5), "{text}");
    assert_eq!(rows("crossrefs.skus.to_graph"), (5, 5), "{text}");
    let list = ask("productsOfShop");
    assert_eq!((list.n_left_out, &list.left_out), (1, &vec!["stray".to_owned()]), "{text}");
    assert!(text.contains("1 row is left out, whose key nothing in the graph has: stray"), "{text}");
    let of_shop = report
        .keys
        .iter()
        .find(|keys| keys.group == "Product" && keys.system == "shop" && keys.of.as_deref() == Some("pim"));
    assert_eq!(of_shop.map(|keys| (keys.n_sampled, keys.n_matched)), Some((6, 5)), "{text}");
}

#[test]
fn s6_07_a_key_of_several_fields_is_not_mapped_as_one() {
    let graph = r#"
        type Price @key(fields: "book sku") @owner(system: "sap") @domain(name: "price") { book: String! sku: String! net: Int }
        type Query { price(book: String!, sku: String!): Price @ref(key: "book: $book, sku: $sku") }"#;
    for (key, expected) in [
        ("{ pad = 8 }", "[Price]: a key of 2 fields is mapped as one"),
        ("{ crossref = \"skus\" }", "[Price]: a key of 2 fields is cross-referenced as one"),
        ("{ fields = { sku = { pad = 8 } } }", ""),
    ] {
        let sap = format!(
            "kind = \"sqlite\"\nurl = \"sap.db\"\n[Price]\nquery = \"select 1 where (a, b) in (:keys)\"\nkey = {key}
             [crossrefs.skus]\nto_own.query = \"select 1 where a in (:keys)\""
        );
        let files = [("g.graphql", graph), ("freehold.toml", "systems = [\"sap.toml\"]"), ("sap.toml", &sap)];
        let loaded = load(&Files::new(files.map(|(name, text)| (name.to_owned(), text.to_owned()))), &|_| None);
        let said: Vec<&str> =
            loaded.diagnostics.iter().filter(|one| one.code == "KEY_FIELDS").map(|one| one.message.as_str()).collect();
        assert_eq!(said.join(" "), expected);
    }
}
