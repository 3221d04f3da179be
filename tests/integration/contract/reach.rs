//! Which types the public schema has: those that a query can meet, whoever asks for them and however.

use serde_json::{Value, json};

use crate::common::engine::Freehold;

const SCHEMA: &str = r#"
type Product implements Named @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  name: String
  medium: Medium
  secret: Secret @internal
}
"Only implemented."
interface Named { name: String }
union Medium = Picture | Film
type Picture { url: String }
type Film { url: String, codec: Codec }
enum Codec { AV1 }

"Only internal."
type Secret { kind: SecretKind }
enum SecretKind { A }
"Led to by nothing."
union Anything = Picture | Alone
type Alone implements Named { name: String, colour: Colour }
enum Colour { RED }
input Filter { colour: Colour }
scalar Token

type Query { product(sku: String!): Product @ref(key: "sku: $sku") }
"#;

fn freehold() -> Freehold {
    let files = [
        ("schema.graphql", SCHEMA),
        ("freehold.toml", "systems = [\"erp.toml\"]"),
        (
            "erp.toml",
            "kind = \"sqlite\"\nurl = \"nowhere\"\n[Product]\nquery = \"select sku from t where sku in (:keys)\"",
        ),
    ];
    Freehold::over(files.map(|(path, text)| (path.to_owned(), text.to_owned())), &[])
}

#[tokio::test]
async fn introspection_lists_the_types_that_a_query_can_meet() {
    let data = freehold().data("{ __schema { types { name } } }", json!({})).await;
    let types = data["__schema"]["types"].as_array().expect("a list").iter();
    // The scalars of GraphQL itself are always there.
    let built_in = ["Boolean", "Float", "ID", "Int", "String"];
    let names = types.filter_map(|ty| ty["name"].as_str());
    let names: Vec<&str> = names.filter(|name| !name.starts_with("__") && !built_in.contains(name)).collect();
    assert_eq!(
        names,
        ["Codec", "DateTime", "FieldProvenance", "Film", "Medium", "Named", "Picture", "Product", "Query"]
    );
}

#[tokio::test]
async fn a_type_that_no_query_can_meet_is_no_type_of_the_schema() {
    let freehold = freehold();
    for name in ["Secret", "SecretKind", "Anything", "Alone", "Colour", "Filter", "Token"] {
        let asked =
            freehold.data("query Q($name: String!) { __type(name: $name) { name } }", json!({ "name": name })).await;
        assert_eq!(asked["__type"], Value::Null, "{name}");
    }
    for query in [
        "{ product(sku: \"A\") { medium { ... on Anything { __typename } } } }",
        "{ product(sku: \"A\") { ... on Named { ... on Alone { name } } } }",
        "query Q($filter: Filter) { product(sku: \"A\") { sku } }",
    ] {
        let answer = freehold.answer(query, json!({})).await;
        assert!(answer.get("data").is_none() && answer["errors"][0]["message"].is_string(), "{query}: {answer}");
    }
}
