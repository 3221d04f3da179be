//! What a cart costs its owners: questions, however many lines it has.

use serde_json::{Value, json};

use super::company::{Company, Who};

const CART: &str = "query($lines: [CartLine!]!) {
  validateCart(account: \"100042\", shipTo: \"100042-01\", customerPo: \"PO-SIZE\", lines: $lines) {
    decision lines { price { unitPrice { amount } } availability { available } reasons { code } }
  }
}";

async fn lines(company: &Company, n_lines: usize) -> Value {
    let query = "query($n: Int) { productList(lifecycle: ACTIVE, first: $n) { nodes { sku } } }";
    let data = company.data(Who::Agent, query, json!({ "n": n_lines })).await;
    let skus = data["productList"]["nodes"].as_array().expect("products");
    assert_eq!(skus.len(), n_lines);
    skus.iter().map(|node| json!({"sku": node["sku"], "quantity": "2"})).collect()
}

#[tokio::test]
async fn a_cart_of_fifty_lines_puts_as_many_questions_as_a_cart_of_two_and_none_once_all_is_kept() {
    let mut n_of_two = [0; 2];
    for (n_lines, is_first) in [(2, true), (50, false)] {
        for (place, company) in Company::both().await.into_iter().enumerate() {
            let lines = json!({ "lines": lines(&company, n_lines).await });
            let before = company.n_fetches();
            let verdict = company.data(Who::Agent, CART, lines.clone()).await;
            assert_eq!(verdict["validateCart"]["lines"].as_array().map(Vec::len), Some(n_lines));
            let n_cold = company.n_fetches() - before;
            match is_first {
                true => n_of_two[place] = n_cold,
                false => assert_eq!(n_cold, n_of_two[place], "{:?}", company.erp),
            }
            assert!((5..=20).contains(&n_cold), "{n_cold} questions");
            assert_eq!(company.data(Who::Agent, CART, lines).await, verdict);
            assert_eq!(company.n_fetches() - before, n_cold, "all of it is kept");
        }
    }
}
