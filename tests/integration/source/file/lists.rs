//! Lists over files: conditions, order, windows and counts.

use serde_json::{Value, json};

use super::Drop;

/// Prices of three categories and two statuses; every amount stands three times.
fn rows() -> Vec<(String, String, &'static str, &'static str)> {
    let row = |n: usize| {
        let category = ["PUMP", "VALVE", "SEAL"][n % 3];
        let amount = if n % 10 == 9 { String::new() } else { format!("{}.{}", n / 3 * 7 % 40, n % 2 * 5) };
        (format!("S{:03}", n * 37 % 100), amount, category, ["A", "B"][n / 2 % 2])
    };
    (0..100).map(row).collect()
}

fn drop() -> Drop {
    let drop = Drop::new(&[]);
    let text: String =
        rows().iter().map(|(sku, amount, category, status)| format!("{sku};{amount};;{category};{status}\n")).collect();
    drop.write("prices-1.csv", format!("sku;Net Price;text;category;status\n{text}"), -9_000);
    drop.look(0);
    drop
}

/// What the list should be: the greatest amount first, as a number, those without one last, then by key.
fn expected(category: Option<&str>, statuses: Option<&[&str]>) -> Vec<String> {
    let mut rows: Vec<_> = rows()
        .into_iter()
        .filter(|row| category.is_none_or(|category| row.2 == category))
        .filter(|row| statuses.is_none_or(|statuses| statuses.contains(&row.3)))
        .collect();
    let number = |amount: &str| amount.parse::<f64>().unwrap_or(-1.0);
    rows.sort_by(|a, b| number(&b.1).total_cmp(&number(&a.1)).then(a.0.cmp(&b.0)));
    rows.into_iter().map(|row| row.0).collect()
}

async fn page(drop: &Drop, variables: Value) -> Value {
    let query =
        "query($category: String, $status: [String!], $first: Int, $after: String, $last: Int, $before: String) {
        pricesOf(category: $category, status: $status, first: $first, after: $after, last: $last, before: $before) {
            nodes { sku } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        } }";
    let mut answer = drop.answer(query, variables).await;
    assert_eq!(answer.get("errors"), None);
    answer["data"]["pricesOf"].take()
}

fn skus(page: &Value) -> Vec<String> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["sku"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_of_any_conditions_follow_each_other_in_both_directions() {
    let drop = drop();
    let statuses: [Option<&[&str]>; 4] = [None, Some(&["A"]), Some(&["B", "A", "B"]), Some(&[])];
    for category in [None, Some("PUMP"), Some("nobody's")] {
        for statuses in statuses {
            let expected = expected(category, statuses);
            for (size, from, to, end) in
                [("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage")]
            {
                let (mut seen, mut cursor) = (Vec::new(), Value::Null);
                loop {
                    let page =
                        page(&drop, json!({"category": category, "status": statuses, size: 7, from: cursor})).await;
                    assert_eq!(page["totalCount"], expected.len());
                    let found = skus(&page);
                    match size {
                        "first" => seen.extend(found),
                        _ => drop_in_front(&mut seen, found),
                    }
                    if page["pageInfo"][end] == json!(false) {
                        break;
                    }
                    cursor = page["pageInfo"][to].clone();
                }
                assert_eq!(seen, expected, "{category:?} {statuses:?} {size}");
            }
        }
    }
}

fn drop_in_front(seen: &mut Vec<String>, found: Vec<String>) {
    seen.splice(0..0, found);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_the_callers_mistake() {
    let drop = drop();
    let answer = drop.answer("{ pricesOf(first: 2, after: \"abc\") { nodes { sku } } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_ARGUMENT", "{answer}");
}

#[tokio::test]
async fn a_cursor_still_stands_where_it_stood_when_the_next_night_has_come() {
    let drop = drop();
    let first = page(&drop, json!({"category": "PUMP", "first": 5})).await;
    let text: String = rows()
        .iter()
        .filter(|row| !skus(&first).contains(&row.0))
        .map(|(sku, amount, category, status)| format!("{sku};{amount};;{category};{status}\n"))
        .collect();
    drop.write("prices-2.csv", format!("sku;Net Price;text;category;status\n{text}"), 5_000);
    drop.settle(5_000);
    let second = page(&drop, json!({"category": "PUMP", "first": 50, "after": first["pageInfo"]["endCursor"]})).await;
    assert_eq!(skus(&second), expected(Some("PUMP"), None)[5..]);
}
