//! The two works: a product page and a listing, each as many requests that differ in what they ask for.

use serde_json::{Value, json};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One product over five domains, some 40 fields.
    Page,
    /// 24 products of a category.
    Listing,
}

const PAGE: &str = "query ProductPage($sku: String!, $account: String!) {
  product(sku: $sku) {
    sku lifecycle baseUnit gtin minimumQuantity packQuantity originCountry
    weight { value unit }
    name brand teaser description imageUrl
    attributes { name value unit }
    documents { title kind url language }
    price(account: $account) { currency unitPrice per unit validTo breaks { minimumQuantity unitPrice } }
    stock {
      unit onHand available
      plants { plant onHand available }
      inbound { document plant quantity date }
    }
  }
  account(number: $account) {
    number name status currency priceGroup
    terms { code netDays }
    orders(first: 3) {
      nodes { number orderedAt status total lines { position sku quantity netAmount } }
      pageInfo { hasNextPage }
    }
  }
}";

const LISTING: &str = "query Listing($category: String!, $account: String!) {
  productsOfCategory(category: $category, first: 24) {
    nodes {
      sku lifecycle baseUnit minimumQuantity name brand teaser imageUrl
      price(account: $account) { currency unitPrice per unit breaks { minimumQuantity unitPrice } }
      stock { unit available }
    }
    pageInfo { hasNextPage }
  }
}";

/// As many accounts as the ERP has; each request of one moment asks for another.
const N_ACCOUNTS: usize = 32;

impl Work {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Page, Self::Listing];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "product page",
            Self::Listing => "listing of 24",
        }
    }

    /// Returns the path at which `limit` answers it.
    pub fn limit_path(self) -> &'static str {
        match self {
            Self::Page => "/page",
            Self::Listing => "/listing",
        }
    }

    /// Returns the bodies of its requests.
    pub fn bodies(self) -> Vec<String> {
        let body = |query: &str, variables: Value| json!({"query": query, "variables": variables}).to_string();
        let account = |n: usize| format!("A{:04}", n % N_ACCOUNTS);
        match self {
            Self::Page => (0..640)
                .map(|n| body(PAGE, json!({"sku": format!("PMP-{:05}", 1 + n * 4), "account": account(n)})))
                .collect(),
            Self::Listing => (0..100)
                .map(|n| body(LISTING, json!({"category": format!("C{n:03}"), "account": account(n)})))
                .collect(),
        }
    }
}
