//! The version is a hash of what a contract means, and of nothing else.

use super::base;

fn version(files: Vec<(String, String)>) -> String {
    let loaded = base::loaded(files);
    let shown = base::shown(&loaded);
    loaded.contract.unwrap_or_else(|| panic!("{shown}")).version
}

#[test]
fn layout_comments_descriptions_and_file_order_do_not_change_it() {
    let before = version(base::files());
    assert!(before.len() == 16 && before.bytes().all(|byte| byte.is_ascii_hexdigit()), "{before}");
    let mut renamed = base::files();
    renamed.reverse();
    for (path, _) in renamed.iter_mut().filter(|(path, _)| path.ends_with(".graphql")) {
        *path = format!("graph/z_{path}");
    }
    assert_eq!(version(renamed), before);
    let extended = base::edited(
        "product.graphql",
        "  stock: Int @owner(system: \"erp\", as: \"stock\") @domain(name: \"inventory\")\n",
        "",
    );
    let mut moved = extended;
    let stock =
        "extend type Product { stock: Int @domain(name: \"inventory\") @owner(as: \"stock\", system: \"erp\") }";
    moved.push(("a.graphql".to_owned(), stock.to_owned()));
    assert_eq!(version(moved), before);
    for (path, from, to) in [
        ("product.graphql", "What the company sells.", "What we sell."),
        ("product.graphql", "  status: ProductStatus\n", "\n\n # a comment\n  status : ProductStatus,\n"),
        ("product.graphql", "enum ProductStatus { ACTIVE BLOCKED }", "enum ProductStatus { BLOCKED ACTIVE }"),
        (
            "systems/erp.toml",
            "from item where item_no in (:keys) -- :not_me",
            "from   item\n  where item_no in (:keys)",
        ),
        ("systems/erp.toml", "timeout = \"2s\"", "timeout = \"3s\""),
        ("systems/erp.toml", "timeout = \"2s\"", "rate = { calls = 10, per = \"1s\" }\nretries = 1\nbreaker = false"),
        ("systems/erp.toml", "s3cr3t", "other"),
        ("freehold.toml", "[freshness.product]", "[samples]\nProduct = [\"A-100\"]\n[freshness.product]"),
        ("freehold.toml", "max_age = \"1h\"\n", "max_age = '60m' # the same\n"),
    ] {
        assert_eq!(version(base::edited(path, from, to)), before, "{to}");
    }
}

#[test]
fn every_change_of_meaning_changes_it() {
    let mut versions = vec![version(base::files())];
    for (path, from, to) in [
        ("product.graphql", "  status: ProductStatus\n", "  status: ProductStatus @deprecated\n"),
        ("product.graphql", "type Picture { url: String width", "type Picture { url: String! width"),
        ("product.graphql", "webVisible: Boolean", "webVisible: Int"),
        ("product.graphql", "@visible(to: [\"service\"])", ""),
        ("product.graphql", "@internal", ""),
        ("product.graphql", "@copy(system: \"shop\")", ""),
        ("product.graphql", "as: \"stock\") @domain(name: \"inventory\")", "as: \"stock\") @domain(name: \"price\")"),
        ("product.graphql", "sku: successorSku", "sku: name"),
        ("product.graphql", "union Medium = Picture | Document", "union Medium = Picture"),
        ("order.graphql", "@scope(account: \"id\")", "@scope(account: \"name\")"),
        ("order.graphql", "@handover(from: \"shop\")", "@handover(from: \"shop\") @internal"),
        ("order.graphql", "states: [String!]", "states: [String!] = [\"OPEN\"]"),
        ("systems/erp.toml", "trim = true", "trim = false"),
        ("systems/erp.toml", "B = \"BLOCKED\"", "C = \"BLOCKED\""),
        ("systems/erp.toml", "sum(qty)", "max(qty)"),
        ("systems/erp.toml", "order by 1, 2\"\nvalues", "order by 2, 1\"\nvalues"),
        ("systems/erp.toml", "\"sku desc\"", "\"sku\""),
        ("systems/erp.toml", "zone = \"Europe/Berlin\"", "zone = \"UTC\""),
        ("systems/erp.toml", "kind = \"postgres\"", "kind = \"sqlite\""),
        ("freehold.toml", "1h", "2h"),
        ("freehold.toml", "24h", "25h"),
    ] {
        versions.push(version(base::edited(path, from, to)));
    }
    let n = versions.len();
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), n);
}

#[test]
fn how_a_copy_is_read_is_no_part_of_it_and_no_group_before_it_changes_its_number() {
    let with = |query: &str| {
        let mut files =
            base::edited("product.graphql", "@copy(system: \"shop\")", "@copy(system: \"shop\", as: \"copy\")");
        let shop = files.iter_mut().find(|(path, _)| path == "systems/shop.toml").expect("the shop");
        shop.1 += &format!("\n[Product.copy]\nquery = \"{query}\"\n");
        files
    };
    let one = with("select sku, name from listing where sku in (:keys)");
    assert_eq!(version(one.clone()), version(with("select sku, title as name from listing where sku in (:keys)")));
    let groups = |files| {
        let contract = base::loaded(files).contract.expect("sound");
        contract.groups.iter().map(|group| (group.name.clone(), group.holds_copies)).collect::<Vec<_>>()
    };
    let (plain, named) = (groups(base::files()), groups(one));
    let is_last = |groups: &[(String, bool)]| groups.iter().position(|(_, copies)| *copies) == Some(groups.len() - 1);
    assert!(is_last(&plain) && is_last(&named), "{plain:?} {named:?}");
    assert_eq!(plain.last().map(|(name, _)| name.as_str()), Some("shop Product (copies)"));
    assert_eq!(named.last().map(|(name, _)| name.as_str()), Some("shop Product.copy"));
    assert_eq!(plain[..plain.len() - 1], named[..named.len() - 1]);
}
