//! What is asked and what is made of the answer, for bindings as a contract writes them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    decode::{self, AnswerError, Answered, Owned, Step},
    encode::{self, KeyForm},
    failure,
    selection::Selection,
};
use crate::{
    contract::{Contract, Files, GraphQlGroup, GraphQlList, GraphQlMeaning, GroupBinding, ListBinding, load},
    source::json::JsonColumns,
    value::{Argument, Key, Pointer},
};

const GRAPH: &str = r#"
type Query {
  products(skus: [String!]!): [Product] @ref(key: "sku: $skus")
  orders(account: ID!, states: [String!], first: Int, after: String): OrderConnection @list(name: "orders")
  price(book: ID!, sku: String!): Price @ref(key: "book: $book, sku: $sku")
}
type Product @key(fields: "sku") @owner(system: "shop") @domain(name: "shop") {
  sku: String!
  name: String
  title: String
  weight: Weight
  media: [Medium!]
}
type Weight { value: Decimal unit: String }
union Medium = Picture | Movie
type Picture { url: String size: Size }
type Movie { url: String seconds: Int }
type Size { width: Int }
type Price @key(fields: "book sku") @owner(system: "shop") @domain(name: "shop") {
  book: ID!
  sku: String!
  amount: Decimal
}
type Order @key(fields: "number") @owner(system: "shop") @domain(name: "shop") { number: ID! total: Decimal }
type OrderConnection { nodes: [Order] pageInfo: PageInfo! totalCount: Int }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
"#;

/// Loads a contract over a shop whose groups and lists are written so.
fn contract(product: &str, price: &str, orders: &str) -> Arc<Contract> {
    let shop = format!(
        "kind = \"graphql\"\nurl = \"https://shop.example/graphql\"\n[Product]\n{product}\n[Price]\n{price}\n[Order]\n\
         query = \"orders\"\nargument = \"ids\"\n[lists.orders]\n{orders}\n"
    );
    let files = [
        ("graph.graphql", GRAPH),
        ("freehold.toml", "systems = [\"systems/shop.toml\"]\n[freshness.shop]\n"),
        ("systems/shop.toml", &shop),
    ];
    let loaded = load(&Files::new(files.map(|(path, text)| (path.to_owned(), text.to_owned()))), &|_| None);
    Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
}

const PRODUCT: &str = "query = \"products\"\nargument = \"skus\"";
const PRICE: &str = "document = \"query($keys: [PriceKey!]!) { prices(keys: $keys) }\"";
const ORDERS: &str =
    "query = \"orders\"\narguments = { account = \"ID!\", \"filter.states\" = \"[State!]\" }\nconnection = \"/orders\"";

fn group<'c>(contract: &'c Contract, name: &str) -> (&'c crate::contract::Group, &'c GraphQlGroup, String) {
    let group = contract.groups.iter().find(|group| group.name == format!("shop {name}")).unwrap();
    let GroupBinding::GraphQl(asked) = &group.binding else { panic!("{:?}", group.binding) };
    let columns = JsonColumns::of_group(contract, group);
    let fields = Selection::of_group(&contract.shapes, group, &columns).to_string();
    (group, asked, fields)
}

fn list(contract: &Contract) -> (&GraphQlList, String) {
    let list = &contract.lists[0];
    let ListBinding::GraphQl(asked) = &list.binding else { panic!("{:?}", list.binding) };
    (asked, Selection::of_list(&JsonColumns::of_list(list)).to_string())
}

fn product(written: &str) -> String {
    let contract = contract(written, PRICE, ORDERS);
    let (_, asked, fields) = group(&contract, "Product");
    encode::print(&asked.document, &fields)
}

#[test]
fn a_root_field_is_enough_to_ask_a_group() {
    assert_eq!(
        product(PRODUCT),
        "query($keys: [String!]!) { products(skus: $keys) { sku name title weight { value unit } media { __typename ... on \
         Picture { url size { width } } ... on Movie { url seconds } } } }"
    );
    assert_eq!(
        product("query = \"products(channel: \\\"b2b\\\")\"\nargument = \"filter.sku.in\"\nkey_type = \"ID!\"\nrows = \"/products/edges/*/node\"\nmore = \"/products/pageInfo/hasNextPage\"")
            .split(" title").next().unwrap(),
        "query($keys: [ID!]!) { products(channel: \"b2b\", filter: {sku: {in: $keys}}) { edges { node { sku name"
    );
}

#[test]
fn fields_are_selected_where_the_binding_points() {
    let fields = "\nfields = { sku = \"/code\", name = \"/names/[language=de]/text\", \"weight.value\" = \"/gross/amount\", \
                  media = \"/gallery/items\", \"media.size.width\" = \"/widthPx\" }\nvalues.title = { language = [\"de\", \"en\"] }";
    assert_eq!(
        product(&format!("{PRODUCT}{fields}")),
        "query($keys: [String!]!) { products(skus: $keys) { code names { language text } title { de en } gross { amount } \
         gallery { items { __typename ... on Picture { url widthPx } ... on Movie { url seconds } } } } }"
    );
}

#[test]
fn a_document_is_asked_as_it_is_written() {
    let written = "document = \"\"\"\n# why\nquery Names($keys: [String!]!, $locale: Locale = DE) {\n  found: products(skus: $keys) { \
                   ...row }\n}\nfragment row on Product { sku name(in: $locale) @include(if: true) }\"\"\"";
    assert_eq!(
        product(written),
        "query($keys: [String!]!, $locale: Locale = DE) { found: products(skus: $keys) { ...row } } fragment row on \
         Product { sku name(in: $locale) @include(if: true) }"
    );
}

#[test]
fn one_root_field_for_each_key_where_the_system_has_no_other() {
    let contract = contract("by_key = \"product(sku: $key, channel: WEB)\"\nkey_type = \"ID!\"", PRICE, ORDERS);
    let (_, asked, _) = group(&contract, "Product");
    assert_eq!(
        encode::print_copies(&asked.document, "sku name", 2, &[]),
        "query($key_0: ID!, $key_1: ID!) { k0: product(sku: $key_0, channel: WEB) { sku name } k1: product(sku: $key_1, \
         channel: WEB) { sku name } }"
    );
}

#[test]
fn representations_are_nested_as_the_subgraphs_key_is() {
    let contract = contract(
        "entities = \"Item\"\nfields = { sku = \"/code\" }",
        "entities = \"Price\"\nfields = { book = \"/buyer/id\" }",
        ORDERS,
    );
    let (_, asked, fields) = group(&contract, "Price");
    assert_eq!(
        encode::print(&asked.document, &fields),
        "query($keys: [_Any!]!) { _entities(representations: $keys) { ... on Price { buyer { id } sku amount } } }"
    );
    let columns = ["book".to_owned(), "sku".to_owned()];
    let pointers = vec![Pointer::parse("/buyer/id").unwrap(), Pointer::member("sku")];
    let form = KeyForm { columns: &columns, pointers };
    assert_eq!(
        encode::representation(&form, "Price", &Key::of(["100042", "SP/1'4\"×"]).unwrap()),
        json!({"__typename": "Price", "buyer": {"id": "100042"}, "sku": "SP/1'4\"×"})
    );
}

#[test]
fn keys_are_what_their_variable_takes() {
    let contract = contract(PRODUCT, PRICE, ORDERS);
    let (price, asked, _) = group(&contract, "Price");
    let pointers = vec![Pointer::member("buyer"), Pointer::member("sku")];
    let form = KeyForm { columns: &price.key_columns, pointers };
    let keys = asked.document.variable("keys").unwrap();
    let key = encode::key(&form, keys, &Key::of(["100042", "A"]).unwrap());
    assert_eq!(key, Some(json!({"buyer": "100042", "sku": "A"})));
    let one = ["id".to_owned()];
    let form = KeyForm { columns: &one, pointers: vec![Pointer::member("id")] };
    let numbers = crate::contract::GraphQlVariable { named: "Int".to_owned(), ..keys.clone() };
    assert_eq!(encode::key(&form, &numbers, &Key::one("7")), Some(json!(7)));
    assert_eq!(encode::key(&form, &numbers, &Key::one("seven")), None);
}

#[test]
fn many_parents_are_asked_in_one_document() {
    let contract = contract(PRODUCT, PRICE, ORDERS);
    let (asked, fields) = list(&contract);
    assert_eq!(
        encode::print(&asked.document, &fields),
        "query($account: ID!, $states: [State!], $first: Int, $after: String, $last: Int, $before: String) { orders(account: \
         $account, filter: {states: $states}, first: $first, after: $after, last: $last, before: $before) { edges { cursor \
         node { number } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    );
    let plain = "document = \"query($account: ID!, $states: [State!]) { account(id: $account) { orders(in: $states) { number total } } }\"\n\
                 rows = \"/account/orders\"\norder = [\"number\"]";
    let contract = self::contract(PRODUCT, PRICE, plain);
    let (asked, fields) = list(&contract);
    assert_eq!(
        encode::print_copies(&asked.document, &fields, 2, &[]),
        "query($account_0: ID!, $states_0: [State!], $account_1: ID!, $states_1: [State!]) { k0: account(id: $account_0) { \
         orders(in: $states_0) { number total } } k1: account(id: $account_1) { orders(in: $states_1) { number total } } }"
    );
}

#[test]
fn an_argument_that_is_not_given_is_left_out() {
    let contract = contract(PRODUCT, PRICE, ORDERS);
    let (asked, _) = list(&contract);
    let (account, states) = (asked.document.variable("account").unwrap(), asked.document.variable("states").unwrap());
    assert_eq!(encode::argument(states, &Argument::Null), Ok(None));
    assert_eq!(encode::argument(states, &Argument::One("OPEN".into())), Ok(Some(json!(["OPEN"]))));
    assert!(encode::argument(account, &Argument::Null).is_err());
    assert!(encode::argument(account, &Argument::Many(vec!["1".into()])).is_err());
}

fn answered(status: u16, body: Value) -> Answered {
    decode::read(status, None, body.to_string().as_bytes()).unwrap()
}

fn way(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

#[test]
fn an_error_belongs_to_the_row_that_its_path_leads_to() {
    let data = json!({"products": {"edges": [{"node": {"sku": "A"}}, {"node": null}, {"node": {"sku": "C"}}]}});
    let way = way("products/edges/*/node");
    let rows = decode::rows(data, &way).unwrap();
    assert_eq!(rows.len(), 3);
    let error = |path: Value| {
        let answered = answered(200, json!({"data": null, "errors": [{"message": "no", "path": path}]}));
        decode::owner_of(&answered.errors[0], &rows, &way)
    };
    assert_eq!(error(json!(["products", "edges", 2, "node", "price", 0])), Owned::Row(2));
    assert_eq!(error(json!(["products", "edges", 1, "node", "sku"])), Owned::Row(1));
    assert_eq!(error(json!(["products", "edges", 7, "node"])), Owned::Rows);
    assert_eq!(error(json!(["products"])), Owned::Rows);
    assert_eq!(error(json!(["shop", "name"])), Owned::Answer);
    assert_eq!(error(json!(null)), Owned::Answer);
}

#[test]
fn null_is_no_row_and_what_is_not_there_is_no_answer() {
    assert_eq!(decode::rows(json!({"product": null}), &way("product")), Some(Vec::new()));
    assert_eq!(decode::rows(json!({"products": null}), &way("products/items")), Some(Vec::new()));
    assert_eq!(decode::rows(json!({"product": {"sku": "A"}}), &way("product")).map(|rows| rows.len()), Some(1));
    assert_eq!(decode::rows(json!({"products": [null, {}]}), &way("products")).map(|rows| rows.len()), Some(2));
    assert_eq!(decode::rows(json!({"others": []}), &way("products")), None);
    assert_eq!(decode::rows(json!({"products": 7}), &way("products/items")), None);
}

#[test]
fn every_code_has_its_kind() {
    use GraphQlMeaning::*;
    let own = BTreeMap::from([("E42".to_owned(), Denied), ("NOT_FOUND".to_owned(), BadRequest)]);
    for (status, has_data, code, expected) in [
        (200, false, Some("UNAUTHENTICATED"), Denied),
        (200, true, Some("FORBIDDEN"), Denied),
        (200, false, Some("THROTTLED"), Throttled),
        (400, false, Some("GRAPHQL_VALIDATION_FAILED"), BadRequest),
        (200, false, Some("graphql-input"), BadRequest),
        (200, true, Some("graphql-no-such-entity"), Absent),
        (200, true, Some("NOT_FOUND"), BadRequest),
        (200, true, Some("E42"), Denied),
        (200, true, Some("INTERNAL_SERVER_ERROR"), Unavailable),
        (200, true, Some("SOMETHING"), Unavailable),
        (200, false, Some("SOMETHING"), BadRequest),
        (200, false, None, BadRequest),
        (422, false, None, BadRequest),
        (401, false, None, Denied),
        (503, false, None, Unavailable),
        (504, false, None, Timeout),
    ] {
        let data = has_data.then(|| json!({}));
        let answered = Answered { status, data, errors: Vec::new(), retry_after: None };
        let error = AnswerError { message: String::new(), path: Vec::new(), code: code.map(str::to_owned) };
        assert_eq!(failure::meaning(&error, &answered, &own), expected, "{status} {code:?}");
    }
}

#[test]
fn a_cost_says_when_it_is_granted() {
    let cost = |requested: Value, available: Value, rate: Value| {
        let status = json!({"currentlyAvailable": available, "restoreRate": rate});
        failure::wait_for_cost(&json!({"cost": {"requestedQueryCost": requested, "throttleStatus": status}}))
    };
    assert_eq!(cost(json!(752), json!(2), json!(100.0)), Some(Duration::from_secs(8)));
    assert_eq!(cost(json!(10), json!(90), json!(50)), Some(Duration::from_secs(1)));
    assert_eq!(cost(json!(10), json!(0), json!(0)), None);
    assert_eq!(cost(json!("much"), json!(0), json!(1)), None);
}

/// JSON of any form, with the members that are looked for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let member = prop_oneof![
            Just("data"),
            Just("errors"),
            Just("path"),
            Just("message"),
            Just("extensions"),
            Just("code"),
            Just("cost"),
            Just("products"),
            Just("throttleStatus"),
            Just("*"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(member, inner, 0..4)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_body_is_read_without_harm(body in any_json(), way in proptest::collection::vec("products|errors|\\*", 0..3)) {
        if let Some(answered) = decode::read(200, None, body.to_string().as_bytes()) {
            let rows = answered.data.clone().and_then(|data| decode::rows(data, &way)).unwrap_or_default();
            for error in &answered.errors {
                if let Owned::Row(row) = decode::owner_of(error, &rows, &way) {
                    prop_assert!(row < rows.len());
                }
                failure::meaning(error, &answered, &BTreeMap::new());
            }
        }
    }

    #[test]
    fn every_row_stands_where_its_place_says(data in any_json(), way in proptest::collection::vec("products|data|\\*", 0..3)) {
        for (place, row) in decode::rows(data.clone(), &way).unwrap_or_default() {
            let found = place.iter().try_fold(&data, |value, step| match step {
                Step::Member(name) => value.get(name),
                Step::Element(n) => value.get(usize::try_from(*n).unwrap()),
            });
            prop_assert_eq!(found, Some(&row));
        }
    }
}
