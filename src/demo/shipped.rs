//! What the demo company is shown with: the contract that Freehold ships, and queries worth trying.

/// A query worth trying on the demo company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoQuery {
    /// What it is.
    pub title: &'static str,
    /// Who asks it, and what to look for in the answer.
    pub sentence: &'static str,
    /// The GraphQL text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/", $path)))),+]
    };
}

/// The files of the shipped contract: path within its folder, and text. Bound to `${ERP_URL}`, `${PIM_URL}` and `${SHOP_URL}`.
pub const CONTRACT: &[(&str, &str)] = shipped![
    "cart.graphql",
    "customer.graphql",
    "freehold.toml",
    "inventory.graphql",
    "operations.graphql",
    "order.graphql",
    "paging.graphql",
    "price.graphql",
    "product.graphql",
    "reason.graphql",
    "scalars.graphql",
    "systems/erp.toml",
    "systems/freehold.toml",
    "systems/ledger.toml",
    "systems/pim.toml",
    "systems/shop.toml",
];

/// Queries worth trying: for a storefront, a service portal and BI.
pub const QUERIES: &[DemoQuery] = &[
    DemoQuery {
        title: "Product page",
        sentence: "A storefront shows a pump to account 100042: words from the PIM, stock and prices from the ERP, the page from the shop.",
        text: r#"query ProductPage {
  product(sku: "PMP-4010") {
    sku lifecycle name brand
    web { visible slug }
    listPrice { amount currency per unit }
    price(account: "100042") {
      candidates { source contract minimumQuantity unitPrice { amount currency } validFrom validTo }
    }
    stock { available unit plants { plant available location { name } } inbound { date quantity confirmed } leadTimeDays }
    relations { kind sku quantity product { name lifecycle stock { available } } }
    documents { __typename kind title ... on RegulatoryDocument { validUntil } }
  }
}"#,
    },
    DemoQuery {
        title: "Where is my order?",
        sentence: "Customer service explains an order that is half shipped: what has left, what waits for which day, what is paid.",
        text: r#"query WhereIsMyOrder {
  order(number: "4500012345") {
    number customerPo state nativeStatus promisedDate total { amount currency }
    buyer { name terms { code netDays } parent { name } }
    holds { code level since setBy }
    lines {
      lineNumber type sku ordered shipped allocated backordered promisedDate
      product { name stock { available inbound { date quantity confirmed } } }
    }
    shipments { number state shippedAt carrier tracking lines { lineNumber quantity } }
    invoices { number kind dueDate total { amount } open { amount } }
    history { __typename ... on PromiseMoved { lineNumber from to cause } }
  }
}"#,
    },
    DemoQuery {
        title: "Why is it stuck?",
        sentence: "A service agent asks of an order how it stands on every axis, what holds it, why, by whose word and since when.",
        text: r#"query WhyIsItStuck {
  order(number: "4500012356") {
    status fulfillmentStatus invoiceStatus paymentStatus returnStatus nativeStatus
    holds { code level since setBy releasable }
    reasons { code severity message evidence { entity field value system asOf } }
    statusExplanation { step text }
    lines { lineNumber sku status open promisedDate }
    buyer { name credit { status } }
    _provenance { field system asOf }
  }
}"#,
    },
    DemoQuery {
        title: "Orders changed since",
        sentence: "BI pulls whole orders, page after page by the last cursor; an order never disagrees with itself.",
        text: r#"query OrdersChanged {
  ordersChanged(since: "2026-06-29T00:00:00Z", first: 50) {
    pageInfo { hasNextPage endCursor }
    nodes {
      number account state updatedAt net { amount currency } cost { amount }
      lines { lineNumber sku ordered cancelled shipped invoiced backordered }
    }
  }
}"#,
    },
];
