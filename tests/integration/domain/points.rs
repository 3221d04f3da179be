//! Every point of the domain has a test or a scenario that is named for it, and nothing is named for a point that is none.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// How the names of a point's tests begin, and the point.
const POINTS: &[(&str, &str)] = &[
    ("s5_business_central_takes", "Business Central takes so many calls in five minutes"),
    ("s5_business_central_throttles_with_429", "it throttles with 429"),
    ("s5_business_central_gives_20_000_rows_a_page", "its pages end at 20,000 rows"),
    ("s5_business_central_is_asked_on_its_replica_in_batches", "its replica answers, in batches of a hundred"),
    ("s5_netsuite_counts_what_all_queries_ask_at_once", "NetSuite bounds what an account asks at once"),
    ("s5_netsuite_rejects", "it rejects with 400 what is too much"),
    ("s5_netsuite_gives_at_most_1_000_rows", "its pages end at 1,000 rows"),
    ("s5_akeneo_pages_hold_at_most_100_rows", "Akeneo's pages end at 100 rows"),
    ("s5_akeneo_lists_are_sought_by_key", "its lists are sought by key"),
    ("s5_shopify_throttles_by_cost", "Shopify throttles by cost"),
    ("s5_sap_s4_answers_in_the_shapes_of_version_2", "SAP S/4 speaks OData version 2"),
    ("s5_odata_next_link", "OData's next link is opaque"),
    ("s5_odata_any_key", "OData's keys are quoted, then encoded"),
    ("s5_odata_in_may_be_absent", "OData's `in` may be absent, and an address has a length"),
    ("s5_odata_a_key_with_an_apostrophe", "a key may be unaddressable"),
    ("s5_sql_a_role_that_may_only_select", "a role that only reads is enough"),
    ("s5_sql_a_statement_past_its_time", "a statement ends in time"),
    ("s5_sql_sessions_only_read", "a session only reads, whatever its role may"),
    ("s5_sql_connections_stay_within_their_cap", "connections are few, and transactions short"),
    ("s5_sql_only_the_bindings_statements_are_run", "only what a binding says is run, and values are bound"),
    ("s5_rpc_sessions_expire", "sessions of RPC expire"),
    ("s5_the_context_of_an_rpc_call", "the context of a call is a part of the question"),
    ("s5_graphql_upstreams_have_complexity_limits", "GraphQL systems bound the depth and the size of a question"),
    ("s5_graphql_upstreams_have_take_limits", "and the rows of an answer"),
    ("s5_graphql_upstreams_answer_user_errors_with_200_or_400", "they refuse with 200 as with 400"),
    ("s6_01_price_is_code", "price is often code"),
    ("s6_01_a_computed_price", "or a computed table that is refused when too old"),
    ("s6_02_", "there may be no quantity table"),
    ("s6_03_", "holds may be derived or stored"),
    ("s6_04_", "status vocabularies have different axes"),
    ("s6_05_", "a payment's word may hide an amount"),
    ("s6_06_", "null carries meaning"),
    ("s6_07_", "identity is not equality"),
    ("s6_08_", "numbers arrive five ways"),
    ("s6_09_", "paging is silent"),
    ("s6_10_", "errors lie"),
    ("s6_11_", "disagreement is normal"),
    ("s6_12_", "services, comments and freight are lines"),
    ("s6_13_", "returns come three ways"),
    ("s6_14_", "ownership may depend on state"),
    ("s6_15_char_padded_codes", "codes are padded"),
    ("s6_15_texts_in_several_languages", "texts come in several languages"),
    ("s6_15_padding_languages_zoneless_times_and_null_stamps", "times lack a zone, and stamps are null"),
    ("s6_15_a_price_change_that_touches_only_the_price_table", "a price changes without its product"),
];

/// Business Central says the same in two kinds of source.
const AGAIN: &[&str] = &["s5_business_central_says_when_to_come_back"];

#[test]
fn every_point_of_the_domain_has_a_test() {
    let names = names();
    let has_test = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    let untested: Vec<_> = POINTS.iter().filter(|(prefix, _)| !has_test(prefix)).collect();
    assert!(untested.is_empty(), "without a test: {untested:#?}");
    let is_point = |name: &str| POINTS.iter().any(|(prefix, _)| name.starts_with(prefix)) || AGAIN.contains(&name);
    let pointless: Vec<_> = names.iter().filter(|name| !is_point(name)).collect();
    assert!(pointless.is_empty(), "named for no point: {pointless:#?}");
}

/// Reads the names of tests and scenarios that begin as a point does.
fn names() -> BTreeSet<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut names = BTreeSet::new();
    for path in files(&tests.join("integration")) {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("the sources are text");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let is_test = pair[0].starts_with("#[test]") || pair[0].starts_with("#[tokio::test");
            let signature = pair[1].strip_prefix("async ").unwrap_or(pair[1]);
            let name = signature.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            names.extend(name.filter(|_| is_test).map(str::to_owned));
        }
    }
    let scenarios = files(&tests.join("scenarios"));
    names.extend(scenarios.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.replace('-', "_"))));
    names.retain(|name| name.starts_with("s5_") || name.starts_with("s6_"));
    names
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("the sources are there").path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out
}
