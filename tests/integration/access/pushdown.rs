//! Pushing the scope down: of a million orders the owner reads those of the caller's account, by its own account of what it did.

use freehold::settings::CacheSettings;
use serde_json::json;

use super::{branches::Branches, rig::caller};
use crate::common::postgres;

const N_ORDERS: usize = 1_000_000;
const N_THEIRS: usize = 10;

#[tokio::test]
async fn of_a_million_orders_an_account_with_ten_reads_ten() {
    let rows = format!(
        "insert into account values ('A', 'Ten', null, '1'), ('A1', 'None', 'A', '1');
        insert into sales_order select 'O' || lpad(n::text, 7, '0'), case when n % {} = 5 then 'A' else 'X' || n % 5000 end,
          'p' || n % 100, n, n, null from generate_series(1, {N_ORDERS}) n;
        create index on sales_order (account, number);
        analyze sales_order;",
        N_ORDERS / N_THEIRS
    );
    let branches = Branches::start("postgres", &rows, CacheSettings::nothing()).await;
    let (url, server) = (branches.erp.address(), postgres::shared());
    let database = url.rsplit('/').next().expect("a URL of ours").to_owned();
    branches
        .erp
        .load(&format!(
            "alter database {database} set session_preload_libraries = 'auto_explain';
            alter database {database} set auto_explain.log_min_duration = 0;
            alter database {database} set auto_explain.log_analyze = on;
            alter database {database} set auto_explain.log_format = 'json';"
        ))
        .await;
    let buyer = caller(&["A"], &["VIEW_ALL", "VIEW_BELOW"]);
    let own = freehold::access::Caller { login: Some("p5".into()), ..caller(&["A"], &["VIEW_OWN"]) };
    let asked = [
        // The account is an argument; it is not; and it is neither, and a login narrows it further.
        ("account(number: \"A\") { orders(first: 100) { nodes { number } } }", "/account/orders/nodes", &buyer),
        ("allOrders(first: 100) { nodes { number } }", "/allOrders/nodes", &buyer),
        ("allOrders { nodes { number } }", "/allOrders/nodes", &buyer),
        ("someOrders(first: 100) { number }", "/someOrders", &buyer),
        ("allOrders(first: 100) { nodes { number } }", "/allOrders/nodes", &own),
    ];
    let mut n_known = 0;
    for (field, path, caller) in asked {
        // A statement that was prepared once may be planned for any argument after some runs.
        for _ in 0..12 {
            let data = branches.rig.data(caller, &format!("{{ {field} }}")).await;
            assert_eq!(data.pointer(path).and_then(|rows| rows.as_array()).map(Vec::len), Some(N_THEIRS), "{field}");
        }
        server.end_connections(&url);
        let plans = server.plans_logged(&url).split_off(n_known);
        let lists: Vec<_> = plans.iter().filter(|plan| n_read(&plan["Plan"]) > 0).collect();
        assert!(lists.len() >= 12, "{field}: {} plans", plans.len());
        for plan in &lists {
            let n_read = n_read(&plan["Plan"]);
            assert!(n_read <= 2 * N_THEIRS, "{n_read} rows are read for {field}: {plan:#}");
            assert!(!plan.to_string().contains("Seq Scan on sales_order"), "{plan:#}");
        }
        assert!(plans.iter().any(|plan| plan.to_string().contains("sales_order_account_number_idx")), "{plans:#?}");
        n_known += plans.len();
    }
    // Counted, it is the same.
    let counted = branches.rig.data(&buyer, "{ allOrders { totalCount } }").await;
    assert_eq!(counted, json!({"allOrders": {"totalCount": N_THEIRS}}));
    server.end_connections(&url);
    for plan in server.plans_logged(&url).split_off(n_known) {
        assert!(n_read(&plan["Plan"]) <= 2 * N_THEIRS, "{plan:#}");
    }
}

/// How many rows of orders a plan read: what its scans gave and what they threw away.
fn n_read(plan: &serde_json::Value) -> usize {
    let count = |name: &str| plan[name].as_f64().unwrap_or(0.0);
    let is_scan = plan["Relation Name"] == "sales_order";
    let here = (count("Actual Rows") + count("Rows Removed by Filter")) * count("Actual Loops");
    let below = plan["Plans"].as_array().map_or(0, |plans| plans.iter().map(n_read).sum());
    below + if is_scan { here as usize } else { 0 }
}
