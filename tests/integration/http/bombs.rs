//! Documents that would cost a server more than they may, over the graph that is fuzzed.

fn nested(open: &str, n: usize, inside: &str) -> String {
    format!("{}{inside}{}", open.repeat(n), "}".repeat(n))
}

/// What somebody may send who wants to bring the server down: the code it is refused by, and of which limit it speaks.
pub fn documents() -> Vec<(&'static str, &'static str, String)> {
    let product = |inner: String| format!("{{ product(sku: \"A\") {inner} }}");
    let many = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<String>();
    let fan_out =
        many(30, &|n| format!(" fragment f{n} on Product {{ next {{ ...f{0} }} also: next {{ ...f{0} }} }}", n + 1));
    let spread = many(30, &|n| format!(" fragment f{n} on Product {{ ...f{0} ...f{0} }}", n + 1));
    let last = " fragment f30 on Product { sku }";
    let schema = "types{".to_owned() + &nested("fields{type{", 6, "name") + &"}".repeat(6) + "}";
    vec![
        ("TOO_LARGE", "aliases", product(format!("{{ {} }}", many(5_000, &|n| format!("a{n}: sku "))))),
        (
            "TOO_LARGE",
            "root_fields",
            format!("{{ {} }}", many(90, &|n| format!("a{n}: product(sku: \"A\") {{ sku }} "))),
        ),
        ("TOO_LARGE", "depth", product(nested("{ next ", 21, "{ sku }"))),
        ("TOO_LARGE", "depth", product(nested("{ next ", 2_000, "{ sku }"))),
        ("TOO_LARGE", "nested", format!("{{ products(skus: {} }}", "[".repeat(10_000))),
        ("TOO_LARGE", "depth", product("{ ...f0 }".to_owned()) + &fan_out + last),
        ("TOO_LARGE", "fragments", product("{ ...f0 }".to_owned()) + &spread + last),
        (
            "GRAPHQL_VALIDATION_FAILED",
            "spreads itself",
            "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(),
        ),
        ("TOO_LARGE", "directives", product(format!("{{ sku {} }}", "@include(if: true) ".repeat(1_000)))),
        ("TOO_LARGE", "tokens", format!("{{ {} }}", "a ".repeat(50_000))),
        ("TOO_LARGE", "document_bytes", format!("{{ {} }}", "a ".repeat(400_000))),
        ("TOO_LARGE", "the schema is asked for", format!("{{ __schema {{ {schema} }} }}")),
        ("TOO_COSTLY", "cost", product(nested("{ similar(first: 100) ", 4, "{ sku }"))),
    ]
}
