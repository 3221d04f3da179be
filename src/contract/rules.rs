//! The names of the commercial rules that a contract may call by `@rule`.

/// The rules, by name.
pub(super) const RULES: &[&str] = &[
    "account",
    "availability",
    "cart",
    "credit",
    "order.line",
    "order.status",
    "price",
    "product.content",
    "product.sale",
    "tax",
];
