//! What a change of a contract means: one edit, and what is said of it.

use freehold::contract::{Change, ChangeKind, Contract, diff};

use super::base;

fn contract(files: Vec<(String, String)>) -> Contract {
    let loaded = base::loaded(files);
    let shown = base::shown(&loaded);
    loaded.contract.unwrap_or_else(|| panic!("{shown}"))
}

/// What is said of an edit, as `kind subject message [audiences]`.
fn said(path: &str, from: &str, to: &str) -> Vec<String> {
    diff(&contract(base::files()), &contract(base::edited(path, from, to))).iter().map(line).collect()
}

fn line(Change { kind, subject, message, audiences }: &Change) -> String {
    let whom = if audiences.is_empty() { String::new() } else { format!(" [{}]", audiences.join(", ")) };
    format!("{} {subject} {message}{whom}", kind.word())
}

/// An edit of the base contract: a file, what is replaced, by what, and a line that must be said.
type Case = (&'static str, &'static str, &'static str, &'static str);

const SCHEMA: &[Case] = &[
    ("product.graphql", "  media: [Medium]\n", "", "breaking Product.media is removed"),
    ("product.graphql", "  media: [Medium]\n", "", "breaking Medium is removed"),
    (
        "product.graphql",
        "type Picture { url: String width: Int }",
        "type Picture { url: String }",
        "breaking Picture.width is removed",
    ),
    ("product.graphql", "width: Int }", "width: Int height: Int }", "safe Picture.height is added: Int"),
    ("product.graphql", "width: Int }", "width: Float }", "breaking Picture.width was Int, is Float"),
    ("product.graphql", "width: Int }", "width: [Int] }", "breaking Picture.width was Int, is [Int]"),
    ("product.graphql", "width: Int }", "width: Int! }", "safe Picture.width was Int, is Int!"),
    (
        "product.graphql",
        "value: Decimal! unit",
        "value: Decimal unit",
        "breaking Quantity.value was Decimal!, is Decimal: it may be null",
    ),
    (
        "product.graphql",
        "related: [Document!]",
        "related: [Document]",
        "breaking Document.related was [Document!], is [Document]: it may be null",
    ),
    (
        "product.graphql",
        "ACTIVE BLOCKED",
        "ACTIVE BLOCKED NEW",
        "note ProductStatus.NEW is added: a reader may not know the word",
    ),
    (
        "product.graphql",
        "  status: ProductStatus\n",
        "  status: ProductStatus @deprecated(reason: \"late\")\n",
        "note Product.status is deprecated: late",
    ),
    ("product.graphql", "= Picture | Document", "= Document", "breaking Medium can be Picture no more"),
    (
        "product.graphql",
        "status: ProductStatus }",
        "status: ProductStatus! }",
        "breaking ProductFilter.status was ProductStatus, is ProductStatus!",
    ),
    (
        "product.graphql",
        "status: ProductStatus }",
        "status: ProductStatus = ACTIVE }",
        "note ProductFilter.status had the default none, has ACTIVE",
    ),
    (
        "product.graphql",
        "filter: ProductFilter,",
        "filter: ProductFilter!,",
        "breaking Query.ofCategory(filter:) was ProductFilter, is ProductFilter!",
    ),
    (
        "product.graphql",
        "skus: [String!]!",
        "skus: [String!]",
        "safe Query.products(skus:) was [String!]!, is [String!]",
    ),
    (
        "product.graphql",
        "@visible(to: [\"service\"])",
        "@visible(to: [\"storefront\"])",
        "breaking Product.webVisible is removed [service]",
    ),
    (
        "product.graphql",
        "@visible(to: [\"service\"])",
        "@visible(to: [\"storefront\"])",
        "safe Product.webVisible is added: Boolean [storefront]",
    ),
    ("freehold.toml", "\"service\"]", "\"service\", \"bi\"]", "note audience bi is added"),
];

const OWNERS: &[Case] = &[
    (
        "product.graphql",
        "  name: String @owner(system: \"erp\") @copy(system: \"shop\")",
        "  name: String @owner(system: \"shop\")",
        "owner Product.name was owned by erp, is owned by shop",
    ),
    ("product.graphql", " @copy(system: \"shop\")", "", "note Product.name is compared with the copy of shop no more"),
    ("systems/erp.toml", "sum(qty)", "max(qty)", "note group erp Product.stock is asked, or read, differently"),
    ("systems/erp.toml", "kind = \"postgres\"", "kind = \"sqlite\"", "note system erp was postgres, is sqlite"),
];

const BOUNDS: &[Case] = &[
    (
        "freehold.toml",
        "max_age = \"1h\"",
        "max_age = \"2h\"",
        "bounds [freshness.product] max_age was 1h, is 2h: loosened",
    ),
    (
        "freehold.toml",
        "max_age = \"1h\"",
        "max_age = \"30m\"",
        "note [freshness.product] max_age was 1h, is 30m: tightened",
    ),
    ("freehold.toml", "\"24h\"", "\"25h\"", "bounds [freshness.product] on_outage was 24h, is 25h: loosened"),
    ("freehold.toml", "\"24h\"", "\"refuse\"", "note [freshness.product] on_outage was 24h, is refuse: tightened"),
    (
        "freehold.toml",
        "on_outage = \"24h\"",
        "on_outage = \"24h\"\nabsent = \"50m\"",
        "bounds [freshness.product] absent was ",
    ),
    (
        "product.graphql",
        "@domain(name: \"inventory\")",
        "@domain(name: \"product\")",
        "bounds Product.stock max_age was ",
    ),
];

const VISIBILITY: &[Case] = &[
    (
        "product.graphql",
        " @visible(to: [\"service\"])",
        "",
        "visibility Product.webVisible is visible to storefront as well",
    ),
    (
        "product.graphql",
        "  successorSku: String @internal\n",
        "  successorSku: String\n",
        "visibility Product.successorSku was input for rules alone, is in the schema",
    ),
    (
        "order.graphql",
        "@domain(name: \"order\") @scope(account: \"account\")",
        "@domain(name: \"product\")",
        "visibility @scope of Order is removed: everyone sees every account's rows",
    ),
    (
        "order.graphql",
        "@scope(account: \"id\")",
        "@scope(account: \"name\")",
        "visibility @scope of Company went by id, goes by name",
    ),
];

/// As above, of edits that are taken back.
const TAKEN_BACK: &[Case] = &[
    ("product.graphql", "ACTIVE BLOCKED", "ACTIVE BLOCKED NEW", "breaking ProductStatus.NEW is removed"),
    ("product.graphql", "width: Int }", "width: Int height: Int }", "breaking Picture.height is removed"),
    (
        "product.graphql",
        "skus: [String!]!",
        "skus: [String!]",
        "breaking Query.products(skus:) was [String!], is [String!]!",
    ),
    (
        "product.graphql",
        "  status: ProductStatus\n",
        "  status: ProductStatus @deprecated(reason: \"late\")\n",
        "note Product.status is deprecated no more",
    ),
    ("freehold.toml", "\"service\"]", "\"service\", \"bi\"]", "breaking audience bi is removed: "),
    ("freehold.toml", "\"24h\"", "\"refuse\"", "bounds [freshness.product] on_outage was refuse, is 24h: loosened"),
];

/// What `freehold.toml` says of limits before and after, and what is said of that.
const LIMITS: &[(&str, &str, &str)] = &[
    ("depth = 15", "depth = 10", "breaking [limits] depth was 15, is 10: requests may be refused"),
    ("depth = 10", "depth = 15", "note [limits] depth was 10, is 15"),
    (
        "",
        "[limits.storefront]\ncost = 5",
        "breaking [limits] cost was 200000, is 5: requests may be refused [storefront]",
    ),
    ("", "introspection = false", "breaking [limits] introspection is off: the schema is not shown"),
    ("introspection = false", "", "visibility [limits] introspection is on: the schema is shown"),
    ("", "concurrency = 2", "note [limits] concurrency was 128, is 2"),
    (
        "",
        "rate = { per_second = 2 }",
        "note [limits] rate is another: callers may be told to come back later, or sooner",
    ),
];

#[test]
fn limits_that_are_lower_break_and_those_that_are_higher_are_notes() {
    let with = |limits: &str| {
        let table = format!("[limits]\n{limits}\n[freshness.product]");
        contract(base::edited("freehold.toml", "[freshness.product]", &table))
    };
    for (was, is, expected) in LIMITS {
        let said: Vec<String> = diff(&with(was), &with(is)).iter().map(line).collect();
        assert_eq!(said, [*expected]);
    }
}

#[test]
fn a_document_that_is_lost_breaks_for_whoever_ran_it() {
    let with = |table: &str, manifest: &str| {
        let table = format!("[documents]\nmanifest = \"manifest.json\"\n{table}\n[freshness.product]");
        let mut files = base::edited("freehold.toml", "[freshness.product]", &table);
        files.push(("manifest.json".to_owned(), manifest.to_owned()));
        contract(files)
    };
    let said = |old: &Contract, new: &Contract| diff(old, new).iter().map(line).collect::<Vec<_>>();
    let (one, two) = (r#"{"a": "{ __typename }", "b": "{ a: __typename }"}"#, r#"{"a": "{ __typename }"}"#);
    let (open, held) = (with("", one), with("trusted_only = [\"storefront\"]", one));
    assert_eq!(said(&open, &with("", two)), ["breaking [documents] b is registered no more"]);
    assert_eq!(said(&with("", two), &open), Vec::<String>::new());
    let said_of_held = said(&open, &held);
    assert!(
        said_of_held.contains(&"breaking [documents] trusted_only: no other document is run [storefront]".to_owned()),
        "{said_of_held:#?}"
    );
    let opened = said(&held, &open);
    assert_eq!(opened, ["visibility [documents] trusted_only no more: any document is run [storefront]"]);
}

#[test]
fn what_costs_another_number_is_a_note() {
    let said = said("product.graphql", "width: Int }", "width: Int @cost(weight: \"2.5\") }");
    assert_eq!(said, ["note Picture.width @cost was none, is 2.5"]);
}

#[test]
fn what_is_taken_back_breaks() {
    for (path, from, to, expected) in TAKEN_BACK {
        let (old, new) = (contract(base::edited(path, from, to)), contract(base::files()));
        let said: Vec<String> = diff(&old, &new).iter().map(line).collect();
        assert!(said.iter().any(|line| line.starts_with(expected)), "{expected:?} is not among {said:#?}");
    }
}

#[test]
fn who_hands_an_entity_over_is_an_owner() {
    let mut files = base::edited("order.graphql", "  @handover(from: \"shop\")", "");
    let (_, shop) = files.iter_mut().find(|(path, _)| path == "systems/shop.toml").expect("the shop");
    let (before, after) = (shop.find("[Order]").expect("its orders"), shop.find("[Person]").expect("its persons"));
    shop.replace_range(before..after, "");
    let said: Vec<String> = diff(&contract(base::files()), &contract(files)).iter().map(line).collect();
    assert_eq!(said, ["owner Order was answered until its owner has it by shop, is by nobody"]);
}

#[test]
fn fields_that_move_to_another_domain_together_are_said_together() {
    let files = base::edited("order.graphql", "@domain(name: \"customer\")", "@domain(name: \"order\")");
    let said: Vec<String> = diff(&contract(base::files()), &contract(files)).iter().map(line).collect();
    let moved: Vec<&String> = said.iter().filter(|line| line.contains("of the domain customer, is of order")).collect();
    assert_eq!(
        moved.first().map(|line| line.as_str()),
        Some("note Company.id, Company.name was of the domain customer, is of order"),
        "{said:#?}"
    );
}

#[test]
fn one_edit_is_said_for_what_it_is() {
    let mut wrong = Vec::new();
    for (path, from, to, expected) in [SCHEMA, OWNERS, BOUNDS, VISIBILITY].concat() {
        let said = said(path, from, to);
        if !said.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("{from:?} → {to:?}: {expected:?} is not among {said:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_way_back_of_what_widens_is_a_note_or_breaks_and_widens_nothing() {
    for (path, from, to, _) in VISIBILITY.iter().filter(|(.., expected)| !expected.contains("goes by")) {
        let (narrow, wide) = (contract(base::files()), contract(base::edited(path, from, to)));
        let back = diff(&wide, &narrow);
        assert!(!back.is_empty() && back.iter().all(|one| one.kind != ChangeKind::Visibility), "{to:?}: {back:#?}");
    }
}

#[test]
fn a_contract_does_not_differ_from_itself_however_it_is_laid_out() {
    let mut renamed = base::files();
    for (path, _) in renamed.iter_mut().filter(|(path, _)| path.ends_with(".graphql")) {
        *path = format!("graph/z_{path}");
    }
    let changes = diff(&contract(base::files()), &contract(renamed));
    assert_eq!(changes.iter().map(line).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn whoever_sees_the_rows_below_and_whoever_has_a_permission_counts() {
    let scoped = |scope: &str| {
        let files = base::edited("order.graphql", "@scope(account: \"account\")", scope);
        contract(files)
    };
    let plain = "@scope(account: \"account\")";
    let permitted = "@scope(account: \"account\", permission: \"VIEW_ORDERS\")";
    let said = |old: &str, new: &str| diff(&scoped(old), &scoped(new)).iter().map(line).collect::<Vec<_>>();
    assert_eq!(said(permitted, plain), ["visibility @scope of Order needed VIEW_ORDERS, needs no permission"]);
    assert_eq!(said(plain, permitted), ["note @scope of Order needed no permission, needs VIEW_ORDERS"]);
}

#[test]
fn strangers_who_are_let_in_and_issuers_who_are_believed_are_more_than_there_were() {
    let with = |access: &str| {
        let files = base::edited("freehold.toml", "[freshness.product]", &format!("{access}\n[freshness.product]"));
        contract(files)
    };
    let said = |old: &str, new: &str| diff(&with(old), &with(new)).iter().map(line).collect::<Vec<_>>();
    let closed = "[access]\nleeway = \"30s\"";
    let open = "[access]\nanonymous = \"storefront\"";
    assert_eq!(said(closed, open), ["visibility [access] lets in whoever has no token as storefront"]);
    assert_eq!(said(open, closed), ["note [access] lets in nobody without a token"]);
    assert_eq!(said(closed, ""), ["visibility [access] is removed: nobody is told apart"]);
}
