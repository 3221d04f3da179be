//! What only OData systems have: versions, literals, addresses, batches, pages and the failures of single keys.

use std::{sync::Arc, time::Duration};

use freehold::{
    contract::{Contract, Files, load},
    fetch::{Count, Cursor, Fetch, FetchErrorKind, ListFetch, Outcome, Owner, Page, Window},
    source::{OdataSource, Pace},
    telemetry::Telemetry,
    value::{Argument, GroupId, Key, ListId, SystemId},
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::common::{
    binding::shown,
    odata_server::{Filter, Literal, NextLink, OdataServer, Quirks, parsed_filter},
    system::{first, keys, last, later},
};

/// A service and the source that reads it.
struct Erp {
    server: OdataServer,
    contract: Arc<Contract>,
    source: OdataSource,
}

impl Erp {
    /// Starts a service; `fields` are those of the type `Product` beside its key, `binding` is the rest of the system file.
    async fn start(version: &str, fields: &str, binding: &str, sets: &[(&str, Value)]) -> Self {
        let server = OdataServer::start(version, sets).await;
        let query = "product(sku: String!): Product @ref(key: \"sku: $sku\")
          products(category: String, states: [String!], since: DateTime, limit: Int, first: Int, after: String, last: Int, before: String): ProductConnection @list(name: \"products\")";
        let types = format!(
            "type Query {{ {query} }}
             type Product @key(fields: \"sku\") @owner(system: \"erp\") @domain(name: \"product\") {{ sku: String! {fields} }}
             type ProductConnection {{ nodes: [Product] pageInfo: PageInfo! totalCount: Int }}
             type PageInfo {{ hasNextPage: Boolean! hasPreviousPage: Boolean! }}"
        );
        let list = if binding.contains("[lists.products]") { "" } else { ANY_LIST };
        Self::of(server, version, &types, &format!("{binding}\n{list}"))
    }

    /// Binds a graph to a service.
    fn of(server: OdataServer, version: &str, types: &str, binding: &str) -> Self {
        let system = format!("kind = \"odata\"\nversion = \"{version}\"\nurl = \"{}\"\n{binding}", server.url);
        let files = [
            ("graph.graphql", types.to_owned()),
            ("freehold.toml", "systems = [\"systems/erp.toml\"]\n[freshness.product]\nmax_age = \"1h\"".to_owned()),
            ("systems/erp.toml", system),
        ];
        let files: Vec<_> = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
        let loaded = load(&Files::new(files), &|_| None);
        let Some(contract) = loaded.contract else { panic!("{:#?}", loaded.diagnostics) };
        let contract = Arc::new(contract);
        let pace = Pace::new(&contract, SystemId(0), &Telemetry::new());
        let source = OdataSource::new(Arc::clone(&contract), SystemId(0), pace);
        Self { server, contract, source }
    }

    fn group(&self, name: &str) -> GroupId {
        GroupId::from(self.contract.groups.iter().position(|group| group.name == format!("erp {name}")).unwrap())
    }

    async fn outcomes(&self, keys: &[&str]) -> Vec<Outcome> {
        self.outcomes_of("Product", keys).await
    }

    async fn outcomes_of(&self, group: &str, keys: &[&str]) -> Vec<Outcome> {
        let keys = keys.iter().map(|key| Key::of(key.split('|')).unwrap()).collect();
        self.source.fetch(Fetch { group: self.group(group), keys, deadline: later() }).await
    }

    async fn shown(&self, keys: &[&str]) -> Vec<Value> {
        self.shown_of("Product", keys).await
    }

    async fn shown_of(&self, group: &str, keys: &[&str]) -> Vec<Value> {
        let shape = self.contract.group(self.group(group)).shape;
        let outcomes = self.outcomes_of(group, keys).await;
        outcomes.iter().map(|outcome| shown(&self.contract, shape, outcome.as_ref().unwrap())).collect()
    }

    /// Asks the list for parents; the arguments are those of its parameters by name, null where not given.
    async fn pages(
        &self,
        parents: &[&[(&str, Argument)]],
        window: Window,
        count_up_to: Option<u64>,
    ) -> Vec<Result<Page, freehold::fetch::FetchError>> {
        let list = &self.contract.lists[0];
        let arguments = parents.iter().map(|given| {
            let of =
                |name: &String| given.iter().find(|(known, _)| known == name).map(|(_, argument)| argument.clone());
            list.parameters.iter().map(|name| of(name).unwrap_or(Argument::Null)).collect()
        });
        let arguments = arguments.collect();
        self.source.list(ListFetch { list: ListId(0), arguments, window, count_up_to, deadline: later() }).await
    }

    async fn page(&self, window: Window) -> Page {
        self.pages(&[&[]], window, None).await.remove(0).unwrap()
    }
}

const ANY_LIST: &str = r#"
[lists.products]
entity = "Products"
fields = { sku = "/No" }
filter = "A eq {category} and A in {states} and A gt {since} and A lt {limit}"
order = ["sku"]
"#;

const PLAIN: &str = r#"
[Product]
entity = "Products"
fields = { sku = "/No", name = "/Name" }
"#;

fn products(n: usize) -> Value {
    (0..n).map(|n| json!({"No": format!("P{n:04}"), "Name": format!("Part {n}"), "Secret": "x"})).collect()
}

fn numbers(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("P{n:04}")).collect()
}

fn one(text: &str) -> Argument {
    Argument::One(text.into())
}

fn many(texts: &[&str]) -> Argument {
    Argument::Many(texts.iter().map(|text| (*text).into()).collect())
}

fn n_rows(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.as_ref().is_ok_and(|record| record.table().is_some())).count()
}

#[tokio::test]
async fn every_page_is_a_call_and_takes_a_turn_of_the_rate() {
    let sets = [("Products", products(40))];
    let erp = Erp::start("v4", "name: String", &format!("rate = {{ calls = 5, per = \"10m\" }}\n{PLAIN}"), &sets).await;
    erp.server.quirks(|quirks| (quirks.page_rows, quirks.next_link) = (Some(7), NextLink::Absolute));
    let numbers = numbers(40);
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    assert_eq!((n_rows(&erp.outcomes(&numbers[..35]).await), erp.server.n_calls()), (35, 5));
    let error = erp.outcomes(&numbers[39..]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Throttled);
    assert!(error.retry_after.is_some_and(|wait| wait <= Duration::from_secs(600)), "{error:?}");
    assert_eq!(erp.server.n_calls(), 5);
}

#[tokio::test]
async fn a_batch_of_keys_is_one_call_that_asks_for_the_bound_properties_alone() {
    for (version, condition) in
        [("v4", "No in ('P0001','P''9','P0000')"), ("v2", "No eq 'P0001' or No eq 'P''9' or No eq 'P0000'")]
    {
        let erp = Erp::start(version, "name: String", PLAIN, &[("Products", products(3))]).await;
        let shown = erp.shown(&["P0001", "P'9", "P0000"]).await;
        assert_eq!(shown, [json!({"name": "Part 1"}), json!(null), json!({"name": "Part 0"})]);
        assert_eq!(erp.server.take_questions(), [format!("Products?$select=No,Name&$filter={condition}")]);
        assert_eq!(erp.source.calls(), 1);
        assert!(erp.source.fetch(Fetch { group: GroupId(0), keys: [].into(), deadline: later() }).await.is_empty());
    }
}

const S4: &str = r#"
options = { sap-client = "100" }

[Product]
service = "API_PRODUCT_SRV"
entity = "A_Product"
filter = "IsMarkedForDeletion eq false"
expand = ["to_Unit", "to_Text"]
fields = { sku = "/Product", weight = "/GrossWeight", changedAt = "/LastChange", validTo = "/ValidTo", units = "/to_Unit", "units.unit" = "/Unit", "units.factor" = "/Numerator", name = "/to_Text/[Language=EN]/Name" }
"#;

fn s4_rows() -> Value {
    json!([{
        "Product": "TG11", "GrossWeight": "0.500", "LastChange": "/Date(1782892800000+0000)/",
        "ValidTo": "/Date(253402214400000)/", "IsMarkedForDeletion": false,
        "to_Unit": [{"Unit": "EA", "Numerator": "1", "Ean": "4711"}, {"Unit": "BOX", "Numerator": "12", "Ean": ""}],
        "to_Text": [{"Language": "DE", "Name": "Schraube"}, {"Language": "EN", "Name": "Bolt"}],
    }, {
        "Product": "GONE", "GrossWeight": "1", "LastChange": null, "ValidTo": null, "IsMarkedForDeletion": true,
        "to_Unit": [], "to_Text": [],
    }])
}

#[tokio::test]
async fn s5_sap_s4_answers_in_the_shapes_of_version_2() {
    let fields = "weight: Decimal changedAt: DateTime validTo: Date name: String units: [Unit!]";
    let types = |fields: &str| format!("{fields} }} type Unit {{ unit: String factor: Decimal");
    let erp = Erp::start("v2", &types(fields), S4, &[("A_Product", s4_rows()), ("Products", json!([]))]).await;
    let shown = erp.shown(&["TG11", "GONE"]).await;
    let units = json!([{"unit": "EA", "factor": "1"}, {"unit": "BOX", "factor": "12"}]);
    let bolt = json!({"weight": "0.500", "changedAt": "2026-07-01T08:00:00Z", "validTo": "9999-12-31", "name": "Bolt", "units": units});
    assert_eq!(shown, [bolt, json!(null)]);
    let call = erp.server.take_log().remove(0);
    assert_eq!(
        call.target,
        "/srv/API_PRODUCT_SRV/A_Product?$select=Product,GrossWeight,LastChange,ValidTo,to_Unit/Unit,to_Unit/Numerator,to_Text\
         &$expand=to_Unit,to_Text&sap-client=100\
         &$filter=(IsMarkedForDeletion%20eq%20false)%20and%20(Product%20eq%20%27TG11%27%20or%20Product%20eq%20%27GONE%27)"
    );
    assert_eq!(call.headers["maxdataserviceversion"], "2.0");
    assert_eq!(call.headers["accept"], "application/json");
}

#[tokio::test]
async fn version_4_selects_inside_what_it_expands() {
    let rows =
        json!([{"No": "A", "Header": {"City": "Ulm", "Zip": "89073"}, "Lines": [{"N": 1, "Sku": "x", "Junk": 7}]}]);
    let binding = r#"
      [Product]
      entity = "Products"
      expand = ["Lines", "Header"]
      fields = { sku = "/No", city = "/Header/City", lines = "/Lines", "lines.number" = "/N", "lines.sku" = "/Sku" }
    "#;
    let fields = "city: String lines: [Line!] } type Line { number: Int sku: String";
    let erp = Erp::start("v4", fields, binding, &[("Products", rows)]).await;
    assert_eq!(erp.shown(&["A"]).await, [json!({"city": "Ulm", "lines": [{"number": 1, "sku": "x"}]})]);
    let question = erp.server.take_questions().remove(0);
    assert_eq!(question, "Products?$select=No&$expand=Lines($select=N,Sku),Header($select=City)&$filter=No in ('A')");
}

#[tokio::test]
async fn zoneless_times_of_version_2_are_utc_unless_the_file_says_whose_clock_they_show() {
    let rows = json!([{"No": "A", "At": "/Date(1782892800000)/"}]);
    for (zone, expected) in [("", "2026-07-01T08:00:00Z"), ("zone = \"Europe/Berlin\"", "2026-07-01T06:00:00Z")] {
        let binding = format!(
            "{zone}\n[Product]\nentity = \"Products\"\nfields = {{ sku = \"/No\", at = \"/At\", day = \"/At\" }}"
        );
        let erp = Erp::start("v2", "at: DateTime day: Date", &binding, &[("Products", rows.clone())]).await;
        assert_eq!(erp.shown(&["A"]).await, [json!({"at": expected, "day": "2026-07-01"})]);
    }
}

#[tokio::test]
async fn exact_numbers_stay_exact_whether_they_come_as_numbers_or_texts() {
    let text = r#"[{"No": "A", "Price": 123456789012345678901234567890.1200, "Stock": "9007199254740993"}]"#;
    let rows: Value = serde_json::from_str(text).unwrap();
    let binding = "ieee754_compatible = true\n[Product]\nentity = \"Products\"\nfields = { sku = \"/No\", price = \"/Price\", stock = \"/Stock\" }";
    let erp = Erp::start("v4", "price: Decimal stock: Decimal", binding, &[("Products", rows)]).await;
    let shown = erp.shown(&["A"]).await;
    assert_eq!(shown, [json!({"price": "123456789012345678901234567890.1200", "stock": "9007199254740993"})]);
    assert_eq!(erp.server.take_log()[0].headers["accept"], "application/json;IEEE754Compatible=true");
}

#[tokio::test]
async fn keys_of_several_fields_and_types_are_matched_together() {
    let guid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    let types = "type Query { price(plant: String!, line: Int!, id: ID!): Price @ref(key: \"plant: $plant, line: $line, id: $id\") }
      type Price @key(fields: \"plant line id\") @owner(system: \"erp\") @domain(name: \"product\") { plant: String! line: Int! id: ID! amount: Decimal }";
    let binding = r#"
      [Price]
      entity = "Prices"
      fields = { plant = "/Plant", line = "/Line", id = "/Id", amount = "/Amount" }
      types = { line = "int64", id = "guid" }
    "#;
    for (version, literals) in [
        ("v2", format!("(Plant eq 'K''1' and Line eq 7L and Id eq guid'{guid}')")),
        ("v4", format!("(Plant eq 'K''1' and Line eq 7 and Id eq {guid})")),
    ] {
        let line = if version == "v2" { json!("7") } else { json!(7) };
        let rows = json!([{"Plant": "K'1", "Line": line, "Id": guid, "Amount": "1.50"}, {"Plant": "K'1", "Line": 8, "Id": guid, "Amount": "9"}]);
        let server = OdataServer::start(version, &[("Prices", rows)]).await;
        server.quirks(|quirks| quirks.shouts = true);
        let erp = Erp::of(server, version, types, binding);
        let keys = [format!("K'1|7|{guid}"), format!("K'1|x|{guid}"), "K'1|7|no guid".to_owned()];
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(erp.shown_of("Price", &keys).await, [json!({"amount": "1.50"}), json!(null), json!(null)]);
        let question = erp.server.take_questions().remove(0);
        assert!(question.ends_with(&format!("$filter={literals}")), "{question}");
    }
}

#[tokio::test]
async fn s5_odata_next_link_is_opaque_may_be_relative_and_is_followed_as_it_is() {
    for version in ["v2", "v4"] {
        for next_link in [NextLink::Absolute, NextLink::Relative] {
            for service in ["", "service = \"SALES\"\n"] {
                let binding = PLAIN.replace("entity", &format!("{service}entity"));
                let erp = Erp::start(version, "name: String", &binding, &[("Products", products(20))]).await;
                erp.server.quirks(|quirks| (quirks.page_rows, quirks.next_link) = (Some(7), next_link));
                let wanted = numbers(20);
                let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
                if service.is_empty() || next_link == NextLink::Absolute || version == "v2" {
                    assert_eq!(n_rows(&erp.outcomes(&wanted).await), 20, "{version} {next_link:?} {service}");
                    let log = erp.server.take_log();
                    assert_eq!(log.len(), 3);
                    assert!(log[1].target.ends_with("$skiptoken=%27p%2B1%27/7"), "{}", log[1].target);
                    assert!(log[1].target.contains(&service.replace("service = ", "").replace(['"', '\n'], "")));
                }
                let page = erp.page(first(12, None)).await;
                assert_eq!((page.items.len(), page.has_next), (12, true));
            }
        }
    }
}

#[tokio::test]
async fn s5_odata_in_may_be_absent_and_or_chains_are_cut_to_the_length_of_an_address() {
    let erp = Erp::start("v4", "name: String", PLAIN, &[("Products", products(300))]).await;
    erp.server.quirks(|quirks| quirks.no_in = Some(500));
    let error = erp.outcomes(&["P0001"]).await.remove(0).unwrap_err();
    assert!(
        error.kind == FetchErrorKind::Unavailable && error.detail.contains("in_operator = false"),
        "{}",
        error.detail
    );
    let binding = format!("in_operator = false\nurl_bytes_max = 1000\n{PLAIN}");
    let erp = Erp::start("v4", "name: String", &binding, &[("Products", products(300))]).await;
    erp.server.quirks(|quirks| (quirks.no_in, quirks.url_bytes_max) = (Some(500), Some(1000)));
    let wanted = numbers(300);
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    assert_eq!(n_rows(&erp.outcomes(&wanted).await), 300);
    let lengths: Vec<usize> = erp.server.take_log().iter().map(|call| call.target.len()).collect();
    assert!(lengths.len() < 16 && lengths.iter().all(|length| *length <= 1000), "{lengths:?}");
}

#[tokio::test]
async fn s5_odata_a_key_with_an_apostrophe_is_isolated_and_the_others_answer() {
    let mut rows = products(60);
    rows.as_array_mut().unwrap().push(json!({"No": "SP/1'4\"×", "Name": "Elbow"}));
    for version in ["v2", "v4"] {
        for batch in [false, true] {
            let binding = format!("isolate = true\nbatch = {batch}\n{PLAIN}");
            let erp = Erp::start(version, "name: String", &binding, &[("Products", rows.clone())]).await;
            erp.server.quirks(|quirks| quirks.apostrophe = Some(500));
            let mut wanted = numbers(61);
            wanted.insert(30, "SP/1'4\"×".to_owned());
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let outcomes = erp.outcomes(&wanted).await;
            assert_eq!(n_rows(&outcomes), 60, "{version} {batch}");
            let error = outcomes[30].as_ref().unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::Unavailable);
            assert!(error.detail.starts_with("HTTP 500: 500: the filter is not understood"), "{}", error.detail);
            assert!(outcomes[61].as_ref().unwrap().table().is_none(), "a key without a row is absent");
            assert!(erp.source.calls() <= 4, "{}", erp.source.calls());
        }
        let erp = Erp::start(version, "name: String", PLAIN, &[("Products", rows.clone())]).await;
        erp.server.quirks(|quirks| quirks.apostrophe = Some(400));
        let outcomes = erp.outcomes(&["P0001", "SP/1'4\"×"]).await;
        assert!(outcomes.iter().all(|one| one.as_ref().is_err_and(|error| error.kind == FetchErrorKind::BadRequest)));
    }
}

#[tokio::test]
async fn a_server_that_fails_at_everything_is_not_asked_key_by_key() {
    let erp =
        Erp::start("v4", "name: String", &format!("isolate = true\n{PLAIN}"), &[("Products", products(90))]).await;
    erp.server.quirks(|quirks| quirks.fails = Some((500, "{}".to_owned())));
    let wanted = numbers(90);
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let outcomes = erp.outcomes(&wanted).await;
    assert!(outcomes.iter().all(Result::is_err));
    assert_eq!(erp.source.calls(), 7);
    erp.server.quirks(|quirks| quirks.fails = Some((503, "{}".to_owned())));
    assert!(erp.outcomes(&wanted).await.iter().all(Result::is_err));
    assert_eq!(erp.source.calls(), 8);
}

#[test]
fn s5_odata_any_key_survives_quote_doubling_and_percent_encoding() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for version in ["v2", "v4"] {
        let erp = runtime.block_on(Erp::start(version, "name: String", PLAIN, &[("Products", json!([]))]));
        let key = prop_oneof!["[A-Z0-9/' +&%#;=?,()\"×\\\\-]{0,12}", "\\PC{0,8}"];
        let mut runner =
            TestRunner::new(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() });
        runner
            .run(&proptest::collection::btree_set(key, 1..5), |wanted| {
                let texts: Vec<&str> = wanted.iter().map(String::as_str).collect();
                let keys = texts.iter().map(|key| Key::one(key)).collect();
                let fetch = Fetch { group: GroupId(0), keys, deadline: later() };
                let outcomes = runtime.block_on(erp.source.fetch(fetch));
                prop_assert!(outcomes.iter().all(|one| one.as_ref().is_ok_and(|record| record.table().is_none())));
                let mut met = Vec::new();
                for question in erp.server.take_questions() {
                    let filter = question.split_once("$filter=").unwrap().1.to_owned();
                    literals(&parsed_filter(&filter, version == "v2").unwrap(), &mut met);
                }
                prop_assert_eq!(met, texts);
                Ok(())
            })
            .unwrap();
    }
}

fn literals(filter: &Filter, met: &mut Vec<String>) {
    match filter {
        Filter::And(inner) | Filter::Or(inner) => inner.iter().for_each(|one| literals(one, met)),
        Filter::In(_, values) => {
            values.iter().for_each(|value| literals(&Filter::Contains(String::new(), value.clone()), met))
        }
        Filter::Compare(_, _, Literal::Text(text)) | Filter::Contains(_, Literal::Text(text)) => met.push(text.clone()),
        other => panic!("{other:?}"),
    }
}

const BUSINESS_CENTRAL: &str = r#"
headers = { Data-Access-Intent = "ReadOnly" }
batch = true
page_rows = 20000
keys_per_filter = 1
options = { company = "CRONUS & Co" }
"#;

#[tokio::test]
async fn s5_business_central_is_asked_on_its_replica_in_batches_of_a_hundred() {
    let erp =
        Erp::start("v4", "name: String", &format!("{BUSINESS_CENTRAL}{PLAIN}"), &[("Products", products(250))]).await;
    let wanted = numbers(251);
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let outcomes = erp.outcomes(&wanted).await;
    assert_eq!(n_rows(&outcomes), 250);
    let log = erp.server.take_log();
    let sizes: Vec<usize> = log.iter().map(|call| call.questions.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 251);
    assert!(log.len() == 3 && sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    for call in &log {
        assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/srv/$batch"));
        assert_eq!(call.headers["data-access-intent"], "ReadOnly");
        assert!(call.questions[0].contains("company=CRONUS%20%26%20Co"), "{}", call.questions[0]);
    }
    assert_eq!(n_rows(&erp.outcomes(&["P0001"]).await), 1);
    let call = erp.server.take_log().remove(0);
    assert_eq!((call.method.as_str(), call.headers["prefer"].to_str().unwrap()), ("GET", "odata.maxpagesize=20000"));
}

#[tokio::test]
async fn s5_business_central_says_when_to_come_back() {
    let body = json!({"error": {"code": "Application_TooManyRequests", "message": "too many requests"}}).to_string();
    for batch in [false, true] {
        let erp = Erp::start(
            "v4",
            "name: String",
            &format!("batch = {batch}\nkeys_per_filter = 1\n{PLAIN}"),
            &[("Products", products(3))],
        )
        .await;
        erp.server.quirks(|quirks| (quirks.fails, quirks.retry_after) = (Some((429, body.clone())), Some(7)));
        for outcome in erp.outcomes(&["P0001", "P0002"]).await {
            let error = outcome.unwrap_err();
            assert_eq!((error.kind, error.retry_after), (FetchErrorKind::Throttled, Some(Duration::from_secs(7))));
            assert!(error.detail.contains("too many requests"), "{}", error.detail);
        }
    }
}

#[tokio::test]
async fn s6_09_paging_is_silent_so_a_full_page_without_a_link_is_followed() {
    for version in ["v2", "v4"] {
        for (stated, n_page) in [("", 50), ("page_rows = 37\n", 37), ("page_rows = 200\n", 50)] {
            let erp =
                Erp::start(version, "name: String", &format!("{stated}{PLAIN}"), &[("Products", products(180))]).await;
            erp.server.quirks(|quirks| (quirks.page_rows, quirks.next_link) = (Some(n_page), NextLink::None));
            let wanted = numbers(190);
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            assert_eq!(n_rows(&erp.outcomes(&wanted).await), 180, "{version} {stated}");
            let page = erp.page(first(160, None)).await;
            assert_eq!((page.items.len(), page.has_next), (160, true), "{version} {stated}");
            let page = erp.page(first(1000, None)).await;
            assert_eq!((page.items.len(), page.has_next), (180, false), "{version} {stated}");
        }
    }
}

#[tokio::test]
async fn a_server_that_gives_the_same_page_again_is_not_believed() {
    let erp = Erp::start("v4", "name: String", PLAIN, &[("Products", products(180))]).await;
    erp.server
        .quirks(|quirks| (quirks.page_rows, quirks.next_link, quirks.ignores_skip) = (Some(50), NextLink::None, true));
    let error = erp.pages(&[&[]], first(160, None), None).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert!(error.detail.contains("the same rows"), "{}", error.detail);
}

#[tokio::test]
async fn lists_inside_rows_that_go_on_elsewhere_are_followed() {
    let lines: Vec<Value> = (0..7).map(|n| json!({"N": n})).collect();
    let binding = "[Product]\nentity = \"Products\"\nexpand = [\"Lines\"]\nfields = { sku = \"/No\", lines = \"/Lines\", \"lines.number\" = \"/N\" }";
    for version in ["v2", "v4"] {
        let rows = json!([{"No": "A", "Lines": lines}, {"No": "B", "Lines": [{"N": 1}]}]);
        let erp = Erp::start(version, "lines: [Line!] } type Line { number: Int", binding, &[("Products", rows)]).await;
        erp.server.quirks(|quirks| quirks.part_rows = Some(3));
        let shown = erp.shown(&["A", "B"]).await;
        let seven: Vec<Value> = (0..7).map(|n| json!({"number": n})).collect();
        assert_eq!(shown, [json!({"lines": seven}), json!({"lines": [{"number": 1}]})]);
    }
}

#[tokio::test]
async fn s6_10_errors_lie_and_each_is_classified_by_what_it_says() {
    use FetchErrorKind::{BadRequest, ContractViolation, Denied, Throttled, Unavailable};
    let v2 = r#"{"error":{"code":"SY/530","message":{"lang":"en","value":"no right to read"}}}"#;
    let v4 = |code: &str| json!({"error": {"code": code, "message": "it went wrong"}}).to_string();
    let erp = Erp::start("v2", "name: String", PLAIN, &[("Products", products(3))]).await;
    for (status, body, kind, detail) in [
        (403, v2.to_owned(), Denied, "HTTP 403: SY/530: no right to read"),
        (404, v4("NotFound"), BadRequest, "HTTP 404: NotFound: it went wrong"),
        (400, v4("BadFilter"), BadRequest, "HTTP 400: BadFilter: it went wrong"),
        (500, "<error>dump</error>".to_owned(), Unavailable, "HTTP 500: the answer is not JSON"),
        (200, v4("503"), Unavailable, "HTTP 200 with an error inside: 503: it went wrong"),
        (200, v4("429"), Throttled, "HTTP 200 with an error inside: 429: it went wrong"),
        (200, v4("Sorry"), BadRequest, "HTTP 200 with an error inside: Sorry: it went wrong"),
        (200, "{\"d\":{\"results\":[{".to_owned(), ContractViolation, "the answer is not JSON"),
        (200, "{\"d\":7}".to_owned(), ContractViolation, "the answer holds no rows: 7"),
    ] {
        erp.server.quirks(|quirks| quirks.fails = Some((status, body.clone())));
        let error = erp.outcomes(&["P0001"]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, kind, "{}", error.detail);
        assert!(error.detail.starts_with(detail), "{} is not {detail}", error.detail);
        let error = erp.pages(&[&[]], first(3, None), None).await.remove(0).unwrap_err();
        assert_eq!(error.kind, kind, "{}", error.detail);
        assert!(erp.source.probe().await.is_err());
    }
    erp.server.quirks(|quirks| *quirks = Quirks::default());
    erp.source.probe().await.unwrap();
}

#[tokio::test]
async fn a_slow_server_is_not_waited_for() {
    let erp =
        Erp::start("v4", "name: String", &format!("timeout = \"200ms\"\n{PLAIN}"), &[("Products", products(3))]).await;
    erp.server.quirks(|quirks| quirks.delay = Some(Duration::from_secs(30)));
    let error = erp.outcomes(&["P0001"]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout);
}

#[tokio::test]
async fn s6_03_holds_may_be_stored_in_a_flag_or_derived_from_a_state_and_the_graph_says_which() {
    let fields = "hold: Hold } enum Hold { NONE STORED DERIVED";
    let stored = r#"
      [Product]
      entity = "Products"
      fields = { sku = "/No", hold = "/CreditBlocked" }
      values.hold = { map = { true = "STORED", false = "NONE" } }
    "#;
    let rows = json!([{"No": "O1", "CreditBlocked": true}, {"No": "O2", "CreditBlocked": false}]);
    let erp = Erp::start("v4", fields, stored, &[("Products", rows)]).await;
    assert_eq!(erp.shown(&["O1", "O2"]).await, [json!({"hold": "STORED"}), json!({"hold": "NONE"})]);
    // Here nothing says "hold": an order over its limit just stays a quotation.
    let derived = r#"
      [Product]
      entity = "Products"
      fields = { sku = "/No", hold = "/State" }
      values.hold = { map = { quotation = "DERIVED", order = "NONE" } }
    "#;
    let rows =
        json!([{"No": "O1", "State": "quotation"}, {"No": "O2", "State": "order"}, {"No": "O3", "State": "frozen"}]);
    let erp = Erp::start("v2", fields, derived, &[("Products", rows)]).await;
    let shown = erp.shown(&["O1", "O2", "O3"]).await;
    assert_eq!(shown[..2], [json!({"hold": "DERIVED"}), json!({"hold": "NONE"})]);
    assert!(shown[2]["hold"]["expected"].is_string(), "an unknown state is never a default");
}

#[tokio::test]
async fn s6_13_returns_come_three_ways_and_arrive_with_their_sign() {
    let types = "type Query { order(number: String!): Order @ref(key: \"number: $number\") }
      type Order @key(fields: \"number\") @owner(system: \"erp\") @domain(name: \"product\") {
        number: String!
        origin: String
        lines: [Line!]
        returns: [Line!] @owner(system: \"erp\", as: \"returns\")
        credited: [Credit!] @owner(system: \"erp\", as: \"credits\")
      }
      type Line { sku: String quantity: Decimal }
      type Credit { amount: Decimal }";
    let binding = r#"
      [Order]
      entity = "A_SalesOrder"
      expand = ["to_Item"]
      fields = { number = "/SalesOrder", origin = "/ReferenceSDDocument", lines = "/to_Item", "lines.sku" = "/Material", "lines.quantity" = "/RequestedQuantity" }
      [Order.returns]
      entity = "A_CustomerReturn"
      expand = ["to_Item"]
      fields = { number = "/SalesOrder", returns = "/to_Item", "returns.sku" = "/Material", "returns.quantity" = "/ReturnQuantity" }
      [Order.credits]
      entity = "A_CreditMemo"
      expand = ["to_Amount"]
      fields = { number = "/SalesOrder", credited = "/to_Amount", "credited.amount" = "/Amount" }
    "#;
    let sets = [
        // A negative order that names its origin, and mixes both signs.
        (
            "A_SalesOrder",
            json!([{"SalesOrder": "O1", "ReferenceSDDocument": "O0", "to_Item": [
            {"Material": "A", "RequestedQuantity": "-3.000"}, {"Material": "B", "RequestedQuantity": "5.000"}]}]),
        ),
        ("A_CustomerReturn", json!([{"SalesOrder": "O1", "to_Item": [{"Material": "A", "ReturnQuantity": "2"}]}])),
        ("A_CreditMemo", json!([{"SalesOrder": "O1", "to_Amount": [{"Amount": "-12.50"}]}])),
    ];
    let erp = Erp::of(OdataServer::start("v2", &sets).await, "v2", types, binding);
    let lines = json!([{"sku": "A", "quantity": "-3.000"}, {"sku": "B", "quantity": "5.000"}]);
    assert_eq!(erp.shown_of("Order", &["O1"]).await, [json!({"origin": "O0", "lines": lines})]);
    assert_eq!(erp.shown_of("Order.returns", &["O1"]).await, [json!({"returns": [{"sku": "A", "quantity": "2"}]})]);
    assert_eq!(erp.shown_of("Order.credits", &["O1"]).await, [json!({"credited": [{"amount": "-12.50"}]})]);
}

#[tokio::test]
async fn s6_15_char_padded_codes_and_keys_are_cut_where_the_file_says_so() {
    let rows = json!([{"No": "A", "Name": "LB"}]);
    let erp = Erp::start("v2", "name: String", &format!("trim = true\n{PLAIN}"), &[("Products", rows.clone())]).await;
    erp.server.quirks(|quirks| quirks.padded = true);
    assert_eq!(erp.shown(&["A", "B"]).await, [json!({"name": "LB"}), json!(null)]);
    let erp = Erp::start("v2", "name: String", PLAIN, &[("Products", rows)]).await;
    erp.server.quirks(|quirks| quirks.padded = true);
    let outcomes = erp.outcomes(&["A", "B"]).await;
    assert!(outcomes[0].as_ref().unwrap_err().detail.contains("padding"));
    assert!(outcomes[1].as_ref().unwrap().table().is_none());
}

/// A list by name and number of parts of which some share a name and some have none.
fn by_name(nullable: &str, order: &str) -> String {
    format!(
        r#"{PLAIN}
[lists.products]
entity = "Products"
fields = {{ sku = "/No", name = "/Name", at = "/At" }}
filter = "Category eq {{category}} and State in {{states}} and At gt {{since}} and Rank lt {{limit}}"
types = {{ since = "datetime", limit = "int", at = "datetime" }}
order = [{order}]
{nullable}
page_rows_max = 1000
"#
    )
}

fn named_rows(is_v2: bool) -> Value {
    let names = [Some("Nut"), Some("Bolt"), None, Some("Nut"), None, Some("Cap"), Some("Axle"), Some("O'Ring"), None];
    let row = |(n, name): (usize, &Option<&str>)| {
        let ms = 1_782_892_800_000_i64 + n as i64 / 2 * 3_600_000;
        let at = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
        let at = if is_v2 { format!("/Date({ms})/") } else { at };
        let (category, state) = (if n < 6 { "1" } else { "2" }, if n % 2 == 0 { "x" } else { "y" });
        json!({"No": format!("K{n}"), "Name": name, "Category": category, "State": state, "At": at, "Rank": n})
    };
    names.iter().enumerate().map(row).collect()
}

async fn walk(erp: &Erp, n: u32, backward: bool) -> Vec<String> {
    let (mut found, mut cursor): (Vec<String>, Option<Cursor>) = (Vec::new(), None);
    for _ in 0..20 {
        let window = if backward { last(n, cursor.take()) } else { first(n, cursor.take()) };
        let page = erp.page(window).await;
        let texts = keys(&page).into_iter().map(str::to_owned);
        if backward {
            found = texts.chain(found).collect();
        } else {
            found.extend(texts);
        }
        let more = if backward { page.has_previous } else { page.has_next };
        let edge = if backward { page.items.first() } else { page.items.last() };
        match edge {
            Some(item) if more => cursor = Some(item.cursor.clone()),
            _ => return found,
        }
    }
    panic!("pages without end: {found:?}");
}

#[tokio::test]
async fn walking_pages_either_way_gives_the_whole_list_with_nulls_last_wherever_the_server_has_them() {
    let whole = ["K6", "K1", "K5", "K0", "K3", "K7", "K2", "K4", "K8"];
    let descending = ["K7", "K0", "K3", "K5", "K1", "K6", "K2", "K4", "K8"];
    for version in ["v2", "v4"] {
        for (order, expected) in [("\"name\", \"sku\"", whole), ("\"name desc\", \"sku\"", descending)] {
            let erp =
                Erp::start(version, "name: String", &by_name("", order), &[("Products", named_rows(version == "v2"))])
                    .await;
            for nulls_last in [false, true] {
                for (page_rows, next_link) in [(None, NextLink::Absolute), (Some(2), NextLink::Relative)] {
                    erp.server.quirks(|quirks| {
                        (quirks.nulls_last, quirks.page_rows, quirks.next_link) = (nulls_last, page_rows, next_link);
                    });
                    for n in [1, 2, 3, 8, 9, 20] {
                        for backward in [false, true] {
                            let found = walk(&erp, n, backward).await;
                            assert_eq!(found, expected, "{version} {order} {nulls_last} {page_rows:?} {n} {backward}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_list_whose_later_columns_may_be_null_is_read_whole() {
    let erp = Erp::start(
        "v4",
        "name: String",
        &by_name("", "\"at desc\", \"name\", \"sku\""),
        &[("Products", named_rows(false))],
    )
    .await;
    let expected = ["K8", "K6", "K7", "K5", "K4", "K3", "K2", "K1", "K0"];
    assert_eq!(walk(&erp, 2, false).await, expected);
    assert_eq!(walk(&erp, 2, true).await, expected);
    let order = "\"at desc\", \"sku\"";
    for version in ["v2", "v4"] {
        let rows = named_rows(version == "v2");
        let erp = Erp::start(version, "name: String", &by_name("nullable = []", order), &[("Products", rows)]).await;
        let expected = ["K8", "K6", "K7", "K4", "K5", "K2", "K3", "K0", "K1"];
        assert_eq!(walk(&erp, 2, false).await, expected, "{version}");
        assert_eq!(walk(&erp, 2, true).await, expected, "{version}");
        assert_eq!(erp.page(first(2, None)).await.items.len(), 2);
        let question = erp.server.take_questions().pop().unwrap();
        assert!(question.ends_with("&$orderby=At desc,No&$top=3"), "{question}");
    }
}

#[tokio::test]
async fn a_null_where_the_binding_says_there_is_none_is_a_violation() {
    let erp = Erp::start(
        "v4",
        "name: String",
        &by_name("nullable = []", "\"name\", \"sku\""),
        &[("Products", named_rows(false))],
    )
    .await;
    let error = erp.pages(&[&[]], first(3, None), None).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert!(error.detail.contains("nullable"), "{}", error.detail);
}

#[tokio::test]
async fn arguments_are_literals_of_their_type_and_null_ones_are_left_out() {
    for version in ["v2", "v4"] {
        let rows = named_rows(version == "v2");
        let erp =
            Erp::start(version, "name: String", &by_name("nullable = []", "\"sku\""), &[("Products", rows)]).await;
        let ask = async |given: &[(&str, Argument)]| {
            let page = erp.pages(&[given], first(100, None), Some(100)).await.remove(0).unwrap();
            assert_eq!(page.count, Some(Count::Exactly(page.items.len() as u64)));
            keys(&page).join(" ")
        };
        assert_eq!(ask(&[]).await, "K0 K1 K2 K3 K4 K5 K6 K7 K8");
        assert_eq!(ask(&[("category", one("2")), ("states", many(&["x"]))]).await, "K6 K8");
        assert_eq!(
            ask(&[("category", one("1")), ("states", many(&["x", "y"])), ("limit", one("3"))]).await,
            "K0 K1 K2"
        );
        assert_eq!(ask(&[("since", one("2026-07-01T10:00:00Z"))]).await, "K6 K7 K8");
        assert_eq!(ask(&[("category", one("' or 1 eq 1 or '"))]).await, "");
        assert!(!erp.server.take_log().is_empty());
        assert_eq!(ask(&[("states", many(&[]))]).await, "");
        assert!(erp.server.take_log().is_empty(), "what no row fulfils is not asked");
        let parents: [&[(&str, Argument)]; 2] = [&[("limit", one("few"))], &[("limit", one("1"))]];
        let pages = erp.pages(&parents, first(10, None), None).await;
        assert_eq!(pages[0].as_ref().unwrap_err().kind, FetchErrorKind::BadRequest);
        assert_eq!(keys(pages[1].as_ref().unwrap()), ["K0"]);
    }
}

#[tokio::test]
async fn the_count_is_of_all_rows_and_bounded() {
    for version in ["v2", "v4"] {
        for (nullable, order) in
            [("nullable = []", "\"sku\""), ("", "\"name\", \"sku\""), ("", "\"name\", \"at\", \"sku\"")]
        {
            let rows = named_rows(version == "v2");
            let erp = Erp::start(version, "name: String", &by_name(nullable, order), &[("Products", rows)]).await;
            let page = erp.pages(&[&[]], first(2, None), Some(100)).await.remove(0).unwrap();
            assert_eq!((page.items.len(), page.count), (2, Some(Count::Exactly(9))));
            let after = first(2, Some(page.items[1].cursor.clone()));
            let page = erp.pages(&[&[]], after, Some(5)).await.remove(0).unwrap();
            assert_eq!((page.items.len(), page.count), (2, Some(Count::MoreThan(5))));
        }
        let rows = named_rows(version == "v2");
        let erp =
            Erp::start(version, "name: String", &by_name("nullable = []", "\"sku\""), &[("Products", rows)]).await;
        erp.server.quirks(|quirks| quirks.no_count = true);
        let error = erp.pages(&[&[]], first(2, None), Some(100)).await.remove(0).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    }
}

#[tokio::test]
async fn both_cursors_bound_a_window_and_a_foreign_one_is_refused() {
    let erp =
        Erp::start("v4", "name: String", &by_name("", "\"name\", \"sku\""), &[("Products", named_rows(false))]).await;
    let all = erp.page(first(100, None)).await;
    for (from, to) in [(0, 4), (2, 8), (5, 7), (6, 8), (1, 2)] {
        let (after, before) = (Some(all.items[from].cursor.clone()), Some(all.items[to].cursor.clone()));
        for window in [first(100, None), last(100, None)] {
            let page = erp.page(Window { after: after.clone(), before: before.clone(), ..window }).await;
            assert_eq!(keys(&page), keys(&all)[from + 1..to], "{from} {to}");
        }
    }
    for cursor in [vec![], vec![Some("'Nut".to_owned())], vec![Some("1 or true".to_owned()), Some("'K1".to_owned())]] {
        let error = erp.pages(&[&[]], first(2, Some(Cursor(cursor))), None).await.remove(0).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::ForeignCursor);
    }
}

#[tokio::test]
async fn many_parents_are_one_batch_where_the_server_takes_batches() {
    for version in ["v2", "v4"] {
        let binding = format!("batch = true\n{}", by_name("nullable = []", "\"sku\""));
        let erp = Erp::start(version, "name: String", &binding, &[("Products", named_rows(version == "v2"))]).await;
        let categories = ["2", "3", "1", "2"].map(one);
        let parents: Vec<[(&str, Argument); 1]> = categories.map(|category| [("category", category)]).to_vec();
        let parents: Vec<&[(&str, Argument)]> = parents.iter().map(|parent| parent.as_slice()).collect();
        let pages = erp.pages(&parents, first(2, None), None).await;
        let pages: Vec<Page> = pages.into_iter().map(Result::unwrap).collect();
        assert_eq!(erp.source.calls(), 1, "{version}");
        assert_eq!(keys(&pages[0]), ["K6", "K7"]);
        assert_eq!(keys(&pages[1]), [""; 0]);
        assert_eq!(keys(&pages[2]), ["K0", "K1"]);
        assert_eq!(pages[3].items, pages[0].items);
    }
}
