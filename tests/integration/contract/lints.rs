//! Lints: one mistake in the base contract, one message.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use freehold::{
    contract::{AudienceLimits, CallerRate, Priority},
    diagnostic::Severity,
};

use super::base;

const PRODUCT: &str = "product.graphql";
const ORDER: &str = "order.graphql";
const FREEHOLD: &str = "freehold.toml";
const ERP: &str = "systems/erp.toml";
const SHOP: &str = "systems/shop.toml";

/// The code a mistake is reported by, its file, and the change that makes it.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

/// GraphQL's own rules.
const GRAPHQL: &[Mistake] = &[
    ("SDL_SYNTAX", ORDER, "type Person @key", "type Person @@key"),
    ("TYPE_DUPLICATE", ORDER, "enum PartyKind", "type Line { number: Int! }\nenum PartyKind"),
    ("TYPE_DUPLICATE", ORDER, "enum PartyKind", "scalar String\nenum PartyKind"),
    ("EXTEND_UNKNOWN", ORDER, "extend type Product", "extend type Produkt"),
    ("EXTEND_KIND", ORDER, "enum PartyKind", "extend input Product { a: Int }\nenum PartyKind"),
    ("DIRECTIVE_DEFINED", ORDER, "enum PartyKind", "directive @key(fields: String!) on OBJECT\nenum PartyKind"),
    ("DIRECTIVE_DEFINED", ORDER, "enum PartyKind", "directive @mine on OBJECT\nenum PartyKind"),
    ("SCHEMA_DUPLICATE", ORDER, "enum PartyKind", "schema { query: Query }\nschema { query: Query }\nenum PartyKind"),
    (
        "READS_ONLY",
        ORDER,
        "enum PartyKind",
        "type Mutation { product(sku: String!): Product @ref(key: \"sku: $sku\") }\nenum PartyKind",
    ),
    ("READS_ONLY", ORDER, "enum PartyKind", "schema { query: Query subscription: Line }\nenum PartyKind"),
    ("QUERY_ROOT", ORDER, "enum PartyKind", "schema { query: Root }\nenum PartyKind"),
    ("QUERY_KIND", ORDER, "enum PartyKind", "schema { query: Named }\nenum PartyKind"),
    ("DIRECTIVE_UNKNOWN", ORDER, "@handover(", "@handovr("),
    ("DIRECTIVE_LOCATION", ORDER, "number: ID!", "number: ID! @key(fields: \"number\")"),
    ("DIRECTIVE_LOCATION", PRODUCT, "{ name: String }", "{ name: String @owner(system: \"erp\") }"),
    ("DIRECTIVE_REPEATED", PRODUCT, "@internal", "@internal @internal"),
    ("DIRECTIVE_ARGUMENT", PRODUCT, "@visible(to: [\"service\"])", "@visible"),
    ("DIRECTIVE_ARGUMENT", PRODUCT, "units: [Unit!]", "units: [Unit!] @listSize(assumedSize: \"10\")"),
    ("DIRECTIVE_ARGUMENT", PRODUCT, "units: [Unit!]", "units: [Unit!] @listSize(assumedSize: -1)"),
    ("LIST_SIZE", PRODUCT, "units: [Unit!]", "units: [Unit!] @listSize"),
    ("LIST_SIZE", PRODUCT, "units: [Unit!]", "units: [Unit!] @listSize(slicingArguments: [\"first\"])"),
    ("COST_WEIGHT", PRODUCT, "units: [Unit!]", "units: [Unit!] @cost(weight: \"-1\")"),
    ("DIRECTIVE_ARGUMENT", PRODUCT, "@visible(to: [\"service\"])", "@visible(to: [\"service\"], from: 1)"),
    ("DIRECTIVE_ARGUMENT", PRODUCT, "@visible(to: [\"service\"])", "@visible(to: [])"),
    ("DIRECTIVE_ARGUMENT", PRODUCT, "@visible(to: [\"service\"])", "@visible(to: [\"service\"], to: [\"service\"])"),
    (
        "DIRECTIVE_ARGUMENT",
        ORDER,
        "@list(name: \"ordersOf\", args: \"account: id\")",
        "@list(name: \"ordersOf\", args: 7)",
    ),
    ("NAME_RESERVED", PRODUCT, "pages: Int", "__pages: Int"),
    ("NAME_DUPLICATE", PRODUCT, "width: Int", "width: Int width: String"),
    ("NAME_DUPLICATE", PRODUCT, "ACTIVE BLOCKED", "ACTIVE BLOCKED ACTIVE"),
    ("NAME_DUPLICATE", PRODUCT, "Picture | Document", "Picture | Document | Picture"),
    ("NAME_DUPLICATE", PRODUCT, "product(sku: String!)", "product(sku: String!, sku: Int)"),
    ("TYPE_EMPTY", PRODUCT, "input ProductFilter", "enum Nothing\ninput ProductFilter"),
    ("TYPE_UNKNOWN", PRODUCT, "width: Int", "width: Itn"),
    ("TYPE_POSITION", PRODUCT, "width: Int", "width: ProductFilter"),
    ("TYPE_POSITION", PRODUCT, "{ status: ProductStatus }", "{ status: ProductStatus unit: Unit }"),
    ("TYPE_DEPTH", PRODUCT, "width: Int", "width: [[[[Int]]]]"),
    ("UNION_MEMBER", PRODUCT, "Picture | Document", "Picture | Document | Named"),
    ("INTERFACE_KIND", PRODUCT, "type Unit {", "type Unit implements Quantity {"),
    ("INTERFACE_CYCLE", PRODUCT, "interface Named {", "interface Named implements Named {"),
    (
        "INTERFACE_TRANSITIVE",
        PRODUCT,
        "interface Named {",
        "interface Root { name: String } interface Named implements Root {",
    ),
    ("INTERFACE_FIELD_MISSING", PRODUCT, "{ name: String }", "{ name: String label: String }"),
    ("INTERFACE_FIELD_TYPE", PRODUCT, "{ name: String }", "{ name: ID! }"),
    (
        "INTERFACE_ARGUMENT",
        PRODUCT,
        "media: [Medium]\n}\n\ninterface Named { name: String",
        "media: [Medium]\n  other(sku: String): Product @ref(key: \"sku: $sku\")\n}\n\ninterface Named { name: String other(sku: ID): Product",
    ),
    (
        "INTERFACE_ARGUMENT",
        PRODUCT,
        "media: [Medium]\n}\n\ninterface Named { name: String",
        "media: [Medium]\n  other(sku: String): Product @ref(key: \"sku: $sku\")\n}\n\ninterface Named { name: String other(sku: String, b: Int): Product",
    ),
    (
        "INTERFACE_ARGUMENT",
        PRODUCT,
        "media: [Medium]\n}\n\ninterface Named { name: String",
        "media: [Medium]\n  other(sku: String!): Product @ref(key: \"sku: $sku\")\n}\n\ninterface Named { name: String other: Product",
    ),
    ("DEFAULT_TYPE", PRODUCT, "first: Int,", "first: Int = \"ten\","),
    ("DEFAULT_TYPE", PRODUCT, "{ status: ProductStatus }", "{ status: ProductStatus = GONE }"),
    ("DEFAULT_TYPE", PRODUCT, "filter: ProductFilter,", "filter: ProductFilter = {stat: 1},"),
    ("DEFAULT_TYPE", PRODUCT, "{ status: ProductStatus }", "{ status: ProductStatus since: Date = \"soon\" }"),
    ("DEPRECATED_REQUIRED", PRODUCT, "category: String!,", "category: String! @deprecated,"),
    (
        "ONE_OF_FIELD",
        PRODUCT,
        "input ProductFilter { status: ProductStatus }",
        "input ProductFilter @oneOf { status: ProductStatus! }",
    ),
    ("INPUT_ENDLESS", PRODUCT, "{ status: ProductStatus }", "{ status: ProductStatus again: ProductFilter! }"),
];

/// Who owns what.
const OWNERSHIP: &[Mistake] = &[
    (
        "OWNER_MISSING",
        ORDER,
        "type Person @key(fields: \"id\") @owner(system: \"shop\")",
        "type Person @key(fields: \"id\")",
    ),
    ("SYSTEM_UNKNOWN", PRODUCT, "@owner(system: \"shop\") @visible", "@owner(system: \"shp\") @visible"),
    ("SYSTEM_UNKNOWN", ORDER, "@handover(from: \"shop\")", "@handover(from: \"wms\")"),
    ("DOMAIN_UNKNOWN", PRODUCT, "@domain(name: \"inventory\")", "@domain(name: \"inventry\")"),
    ("DOMAIN_MISSING", ORDER, "@owner(system: \"shop\") @domain(name: \"product\")", "@owner(system: \"shop\")"),
    ("GROUP_UNBOUND", PRODUCT, "as: \"stock\")", "as: \"stok\")"),
    ("GROUP_UNUSED", SHOP, "[Person]", "[Persn]\nquery = \"select 1 where id in (:keys)\"\n[Person]"),
    ("GROUP_UNUSED", SHOP, "[Person]", "[Person.more]\nquery = \"select 1 where id in (:keys)\"\n[Person]"),
    ("GROUP_UNUSED", SHOP, "[Person]", "[Line]\nquery = \"select 1 where id in (:keys)\"\n[Person]"),
    ("OWNER_CROSSED", PRODUCT, "webVisible: Boolean", "webVisible: Boolean!"),
    ("OWNER_CROSSED", PRODUCT, "stock: Int", "stock: Int!"),
    ("ENTITY_ONLY", PRODUCT, "type Quantity {", "type Quantity @owner(system: \"erp\") {"),
    ("ENTITY_ONLY", PRODUCT, "unit: String }", "unit: String @owner(system: \"erp\") }"),
    ("KEY_FIELD_UNKNOWN", ORDER, "@key(fields: \"number\")", "@key(fields: \"number nmber\")"),
    ("KEY_FIELD_DUPLICATE", ORDER, "@key(fields: \"number\")", "@key(fields: \"number number\")"),
    ("KEY_FIELD_NULLABLE", ORDER, "number: ID!", "number: ID"),
    ("KEY_FIELD_TYPE", ORDER, "number: ID!", "number: Float!"),
    ("KEY_FIELD_ANSWER", ORDER, "number: ID!", "number: ID! @owner(system: \"erp\")"),
    ("ROOT_FIELD", PRODUCT, "type Query {", "type Query {\n  best: Product"),
    (
        "ANSWER_TWICE",
        PRODUCT,
        "@ref(key: \"sku: successorSku\")",
        "@ref(key: \"sku: successorSku\") @owner(system: \"erp\")",
    ),
    (
        "ANSWER_TWICE",
        PRODUCT,
        "@ref(key: \"sku: successorSku\")",
        "@ref(key: \"sku: successorSku\") @rule(name: \"price\")",
    ),
    ("RULE_UNKNOWN", PRODUCT, "media: [Medium]", "media: [Medium]\n  orderable: Boolean @rule(name: \"prodct\")"),
    (
        "RULE_TYPE",
        ORDER,
        "lines: [Line!]!",
        "lines: [Line!]!\n  contentMissing: Boolean @rule(name: \"product.content\")",
    ),
    (
        "RULE_FIELD",
        PRODUCT,
        "media: [Medium]",
        "media: [Medium]\n  contentMising: Boolean @rule(name: \"product.content\")",
    ),
    (
        "RULE_NON_NULL",
        PRODUCT,
        "media: [Medium]",
        "media: [Medium]\n  contentMissing: Boolean! @rule(name: \"product.content\")",
    ),
    ("RULE_INPUT", ORDER, "lines: [Line!]!", "lines: [Line!]!\n  status: String @rule(name: \"order.status\")"),
    (
        "RULE_INPUT",
        ORDER,
        "number: ID!\n  account: String!",
        "number: ID!\n  account: String!\n  status: String @rule(name: \"order.status\")\n  buyer(in: String!): Company @ref(key: \"id: $in\")",
    ),
    (
        "HANDOVER_SHARED",
        ORDER,
        "account: String!\n  lines: [Line!]!",
        "account: String\n  lines: [Line!]\n  note: String @owner(system: \"shop\")",
    ),
    ("ENTITY_NESTED", PRODUCT, "successor: Product @ref(key: \"sku: successorSku\")", "successor: Product"),
    ("CONNECTION_WITHOUT_LIST", PRODUCT, "media: [Medium]", "media: [Medium]\n  more: ProductConnection"),
    ("TYPE_MISPLACED", PRODUCT, "media: [Medium]", "media: [Medium]\n  more: PageInfo"),
    ("ABSTRACT_MIXED", PRODUCT, "Picture | Document", "Picture | Document | Product"),
    ("ABSTRACT_EMPTY", PRODUCT, "media: [Medium]", "media: [Medium]\n  more: Lonely\n}\ninterface Lonely { a: Int"),
    ("ARGUMENT_UNUSED", PRODUCT, "status: ProductStatus\n  weight", "status(at: String): ProductStatus\n  weight"),
    ("ARGUMENT_UNUSED", PRODUCT, "product(sku: String!)", "product(sku: String!, locale: String)"),
    ("FIELD_CASE", PRODUCT, "media: [Medium]", "media: [Medium]\n  STATUS: String"),
    (
        "COPY_POINTLESS",
        PRODUCT,
        "@ref(key: \"sku: successorSku\")",
        "@ref(key: \"sku: successorSku\") @copy(system: \"shop\")",
    ),
    ("COPY_POINTLESS", PRODUCT, "  sku: String!", "  sku: String! @copy(system: \"shop\")"),
    ("COPY_OF_ITSELF", PRODUCT, "@copy(system: \"shop\")", "@copy(system: \"erp\")"),
    ("GROUP_UNBOUND", PRODUCT, "@copy(system: \"shop\")", "@copy(system: \"shop\", as: \"old\")"),
    (
        "HANDOVER_TO_ITSELF",
        ORDER,
        "@handover(from: \"shop\") {\n  number: ID!\n  account: String!\n  lines: [Line!]!\n  orderer: Company @ref(key: \"id: account\")\n}",
        "@handover(from: \"erp\") {\n  number: ID!\n  account: String! @copy(system: \"shop\")\n  lines: [Line!]!\n  orderer: Company @ref(key: \"id: account\")\n}",
    ),
    ("SCOPE_MISSING", ORDER, " @scope(account: \"id\")", ""),
    (
        "SCOPE_MISSING",
        PRODUCT,
        "as: \"stock\") @domain(name: \"inventory\")",
        "as: \"stock\") @domain(name: \"customer.credit\")",
    ),
    ("SCOPE_FIELD", ORDER, "@scope(account: \"account\")", "@scope(account: \"acount\")"),
    ("SCOPE_FIELD", ORDER, "@scope(account: \"account\")", "@scope(account: \"lines\")"),
    (
        "SCOPE_OWN",
        ORDER,
        "@scope(account: \"account\")",
        "@scope(account: \"account\", permission: \"ALL\", login: \"number\")",
    ),
    (
        "SCOPE_OWN",
        ORDER,
        "@scope(account: \"account\")",
        "@scope(account: \"account\", permission: \"ALL\", own: \"OWN\")",
    ),
    (
        "SCOPE_OWN",
        ORDER,
        "@scope(account: \"account\")",
        "@scope(account: \"account\", login: \"number\", own: \"OWN\")",
    ),
    ("HIERARCHY_MISSING", ORDER, "@scope(account: \"id\")", "@scope(account: \"id\", children: \"BELOW\")"),
    ("HIERARCHY_LIST", FREEHOLD, "[freshness.product]", "[hierarchy]\nparameter = \"account\"\n[freshness.product]"),
    (
        "HIERARCHY_LIST",
        FREEHOLD,
        "[freshness.product]",
        "[hierarchy]\nlist = \"orderOf\"\nparameter = \"account\"\n[freshness.product]",
    ),
    (
        "HIERARCHY_LIST",
        FREEHOLD,
        "[freshness.product]",
        "[hierarchy]\nlist = \"ordersOf\"\nparameter = \"acount\"\n[freshness.product]",
    ),
    (
        "HIERARCHY_LIST",
        FREEHOLD,
        "[freshness.product]",
        "[hierarchy]\nlist = \"ordersOf\"\nparameter = \"account\"\n[freshness.product]",
    ),
    ("LIST_SCOPE", ERP, "domain = \"order\"", "domain = \"order\"\nscope = \"acount\""),
    ("LIST_SCOPE", ERP, "order = [\"name\", \"sku desc\"]", "order = [\"name\", \"sku desc\"]\nscope = \"category\""),
    ("LIST_OWN_FED", ERP, "domain = \"order\"", "domain = \"order\"\nscope = \"states\"\nown = \"account\""),
    ("NEEDS_NON_NULL", ORDER, "account: String!", "account: String! @needs(permission: \"SEE\")"),
    ("ARGUMENT_HIDDEN", PRODUCT, "product(sku: String!)", "product(sku: String! @visible(to: [\"service\"]))"),
    (
        "VISIBLE_NONE",
        PRODUCT,
        "type Quantity { value: Decimal! unit: String }",
        "type Quantity { value: Decimal! @visible(to: [\"service\"]) unit: String @visible(to: [\"service\"]) }",
    ),
    ("VISIBLE_PART", PRODUCT, "type Picture {", "type Picture @visible(to: [\"service\"]) {"),
    ("AUDIENCE_UNKNOWN", PRODUCT, "@visible(to: [\"service\"])", "@visible(to: [\"service\", \"storfront\"])"),
    ("INTERFACE_HIDDEN", PRODUCT, "@copy(system: \"shop\")", "@copy(system: \"shop\") @internal"),
    ("INTERFACE_HIDDEN", PRODUCT, "@copy(system: \"shop\")", "@copy(system: \"shop\") @visible(to: [\"service\"])"),
    (
        "INTERNAL_ALL",
        PRODUCT,
        "type Quantity { value: Decimal! unit: String }",
        "type Quantity { value: Decimal! @internal unit: String @internal }",
    ),
];

/// References and lists.
const LEADS: &[Mistake] = &[
    ("ENTITY_NON_NULL", PRODUCT, "successor: Product @ref", "successor: Product! @ref"),
    ("ENTITY_NON_NULL", PRODUCT, "products(skus: [String!]!): [Product]", "products(skus: [String!]!): [Product!]"),
    ("ENTITY_NON_NULL", ORDER, "): [Order] @list", "): [Order!] @list"),
    ("REF_TARGET", PRODUCT, "media: [Medium]", "media: [Medium]\n  size: Quantity @ref(key: \"value: sku\")"),
    ("TEMPLATE_SYNTAX", PRODUCT, "@ref(key: \"sku: successorSku\")", "@ref(key: \"sku successorSku\")"),
    ("REF_KEY", PRODUCT, "@ref(key: \"sku: successorSku\")", "@ref(key: \"skuu: successorSku\")"),
    ("REF_KEY", PRODUCT, "@ref(key: \"sku: successorSku\")", "@ref(key: \"sku: successorSku, sku: name\")"),
    ("REF_KEY", PRODUCT, "__typename: $kind, id: $id", "__typename: $kind"),
    (
        "REF_KEY",
        PRODUCT,
        "party(kind: PartyKind!, id: ID!): Party @ref(key: \"__typename: $kind, id: $id\")",
        "party(id: ID!): Party @ref(key: \"id: $id\")",
    ),
    ("REF_KEY_TYPE", PRODUCT, "@ref(key: \"sku: successorSku\")", "@ref(key: \"sku: webVisible\")"),
    ("REF_LIST", PRODUCT, "products(skus: [String!]!): [Product]", "products(skus: [String!]!): Product"),
    ("REF_LIST", PRODUCT, "product(sku: String!): Product", "product(sku: String!): [Product]"),
    ("FEED_UNKNOWN", PRODUCT, "@ref(key: \"sku: successorSku\")", "@ref(key: \"sku: sucessorSku\")"),
    ("FEED_UNKNOWN", PRODUCT, "@ref(key: \"sku: $sku\")", "@ref(key: \"sku: $sk\")"),
    (
        "FEED_UNKNOWN",
        PRODUCT,
        "product(sku: String!): Product @ref(key: \"sku: $sku\")",
        "product(sku: String!): Product @ref(key: \"sku: sku\")",
    ),
    ("FEED_UNKNOWN", PRODUCT, "status: $filter.status", "status: $filter.stat"),
    ("FEED_NOT_LEAF", PRODUCT, "@ref(key: \"sku: successorSku\")", "@ref(key: \"sku: weight\")"),
    ("FEED_NOT_LEAF", PRODUCT, "status: $filter.status", "status: $filter"),
    (
        "ABSTRACT_KEYS",
        ORDER,
        "type Person @key(fields: \"id\") @owner(system: \"shop\") @domain(name: \"product\") { id: ID! name: String }",
        "type Person @key(fields: \"name\") @owner(system: \"shop\") @domain(name: \"product\") { id: ID! name: String! }",
    ),
    ("LIST_UNKNOWN", ORDER, "@list(name: \"ordersOf\",", "@list(name: \"orderOf\","),
    ("LIST_DUPLICATE", SHOP, "[Person]", "[lists.ordersOf]\nquery = \"select 1\"\n[Person]"),
    (
        "LIST_TARGET",
        PRODUCT,
        "type Query {",
        "type Query {\n  mixed(account: String, states: String): [Product] @list(name: \"ordersOf\")",
    ),
    ("LIST_OF", ORDER, "first: Int): [Order] @list", "first: Int): [Line] @list"),
    ("LIST_OF", ORDER, "first: Int): [Order] @list", "first: Int): Order @list"),
    ("LIST_NON_NULL", PRODUCT, "after: String): ProductConnection\n", "after: String): ProductConnection!\n"),
    ("PAGING_ARGUMENT", PRODUCT, "after: String)", "after: Int)"),
    ("LIST_ARGUMENT", ORDER, "args: \"account: id\"", "args: \"account: id, stat: id\""),
    ("LIST_PARAMETER_UNFED", ORDER, "@list(name: \"ordersOf\", args: \"account: id\")", "@list(name: \"ordersOf\")"),
    ("LIST_PARAMETER_MANY", ERP, "state in (:states)", "state = :states"),
    ("ARGUMENT_UNUSED", ORDER, "orders(states: [String!],", "orders(states: [String!], year: Int,"),
    ("LIST_ORDER", ERP, "order = [\"number\"]\n", ""),
    ("LIST_ORDER", ERP, "order = [\"number\"]", "order = []"),
    ("LIST_ORDER", ERP, "order = [\"name\", \"sku desc\"]", "order = [\"name\"]"),
    ("LIST_ORDER", ERP, "\"sku desc\"", "\"sku down\""),
    ("CONNECTION_SHAPE", PRODUCT, "totalCount: Int }", "totalCount: Int total: Int }"),
    ("CONNECTION_SHAPE", PRODUCT, "totalCount: Int }", "totalCount: String }"),
    ("CONNECTION_SHAPE", PRODUCT, "nodes: [Product] pageInfo", "nodes: [Product!] pageInfo"),
    ("CONNECTION_SHAPE", PRODUCT, "{ edges: [ProductEdge] nodes: [Product] pageInfo", "{ pageInfo"),
    ("CONNECTION_SHAPE", PRODUCT, "node: Product }", "node: Person }"),
];

/// Settings and system files.
const FILES: &[Mistake] = &[
    ("TOML_SYNTAX", SHOP, "kind = \"sqlite\"", "kind = sqlite"),
    ("TOML_DUPLICATE", SHOP, "kind = \"sqlite\"", "kind = \"sqlite\"\nkind = \"sqlite\""),
    ("KEY_UNKNOWN", FREEHOLD, "audiences =", "audience ="),
    ("KEY_UNKNOWN", FREEHOLD, "max_age =", "max_aeg ="),
    ("KEY_UNKNOWN", SHOP, "kind =", "flavour = 1\nkind ="),
    ("KEY_UNKNOWN", ERP, "parts.units =", "part.units ="),
    ("KEY_UNKNOWN", ERP, "domain = \"order\"", "domain = \"order\"\npage_size = 1"),
    ("KEY_UNKNOWN", ERP, "trim = true, map", "trimm = true, map"),
    ("VALUE_TYPE", ERP, "timeout =", "trim = \"yes\"\ntimeout ="),
    ("VALUE_TYPE", ERP, "timeout =", "connections_max = 0\ntimeout ="),
    ("VALUE_TYPE", FREEHOLD, "[\"storefront\", \"service\"]", "[\"storefront\", \"service\", 3]"),
    ("DURATION_INVALID", ERP, "timeout = \"2s\"", "timeout = \"2 seconds\""),
    ("RULES_ZONE", FREEHOLD, "[freshness.product]", "[rules]\nzone = \"Berlin\"\n[freshness.product]"),
    ("RULES_WORD", FREEHOLD, "[freshness.product]", "[rules.price]\nstrategy = \"lowest\"\n[freshness.product]"),
    ("RULES_NUMBER", FREEHOLD, "[freshness.product]", "[rules.credit]\noverdue_ignored = -1\n[freshness.product]"),
    (
        "RULES_NUMBER",
        FREEHOLD,
        "[freshness.product]",
        "[rules.status]\ninvoiced_tolerance_percent = 50\n[freshness.product]",
    ),
    (
        "RULES_MEASURE",
        FREEHOLD,
        "[freshness.product]",
        "[rules.freight.parcel]\nweight_max = \"30 CM\"\n[freshness.product]",
    ),
    ("RULES_SYSTEM", FREEHOLD, "[freshness.product]", "[rules.price.epr]\n[freshness.product]"),
    ("RULES_UNCLEAR", FREEHOLD, "[freshness.product]", "[rules.cart]\nPRICE_UNCLEAR = \"warn\"\n[freshness.product]"),
    ("KEY_UNKNOWN", FREEHOLD, "[freshness.product]", "[rules.cart]\nBACKORDRED = \"warn\"\n[freshness.product]"),
    ("RATE_INCOMPLETE", ERP, "timeout =", "rate = { calls = 10 }\ntimeout ="),
    ("RATE_INCOMPLETE", ERP, "timeout =", "rate = {}\ntimeout ="),
    ("KEY_UNKNOWN", ERP, "timeout =", "rate = { calls = 10, per = \"1s\", burst = 3 }\ntimeout ="),
    ("VALUE_TYPE", ERP, "timeout =", "rate = { calls = 0, per = \"1s\" }\ntimeout ="),
    ("VALUE_TYPE", ERP, "timeout =", "rate = 6000\ntimeout ="),
    ("DURATION_INVALID", ERP, "timeout =", "rate = { calls = 10, per = \"minute\" }\ntimeout ="),
    ("WINDOW_BOUNDS", ERP, "timeout =", "rate = { calls = 10, per = \"0s\" }\ntimeout ="),
    ("WINDOW_BOUNDS", ERP, "timeout =", "breaker = { within = \"7d\" }\ntimeout ="),
    ("VALUE_TYPE", ERP, "timeout =", "retries = 50\ntimeout ="),
    ("VALUE_TYPE", ERP, "timeout =", "breaker = \"off\"\ntimeout ="),
    ("VALUE_TYPE", ERP, "timeout =", "breaker = { failed_percent = 101 }\ntimeout ="),
    ("KEY_UNKNOWN", ERP, "timeout =", "breaker = { share = 50 }\ntimeout ="),
    ("SYSTEM_FILE", FREEHOLD, "\"systems/shop.toml\"]", "\"systems/shop.toml\", \"systems/pim.toml\"]"),
    ("SYSTEM_DUPLICATE", FREEHOLD, "\"systems/shop.toml\"]", "\"systems/shop.toml\", \"other/shop.toml\"]"),
    ("MAX_AGE_ZERO", FREEHOLD, "[freshness.product]", "[freshness.price]\nmax_age = \"0s\"\n[freshness.product]"),
    ("FRESHNESS_ORDER", FREEHOLD, "max_age = \"1h\"", "max_age = \"1h\"\nrefresh_after = \"2h\""),
    ("SAMPLE_TYPE", FREEHOLD, "[freshness.product]", "[samples]\nProdukt = [\"A-100\"]\n[freshness.product]"),
    ("SAMPLE_TYPE", FREEHOLD, "[freshness.product]", "[samples]\nQuantity = [\"A-100\"]\n[freshness.product]"),
    ("SAMPLE_KEY", FREEHOLD, "[freshness.product]", "[samples]\nProduct = [\"A-100\", \"\"]\n[freshness.product]"),
    ("FRESHNESS_ORDER", FREEHOLD, "on_outage = \"24h\"", "on_outage = \"5m\""),
    ("KIND_MISSING", SHOP, "kind = \"sqlite\"\n", ""),
    ("KIND_UNKNOWN", SHOP, "kind = \"sqlite\"", "kind = \"mongo\""),
    ("DIALECT_MISSING", SHOP, "kind = \"sqlite\"", "kind = \"odbc\""),
    ("DIALECT_UNKNOWN", SHOP, "kind = \"sqlite\"", "kind = \"odbc\"\ndialect = \"sqlserver2000\""),
    ("DIALECT_UNKNOWN", SHOP, "kind = \"sqlite\"", "kind = \"odbc\"\ndialect = { paging = \"offset\" }"),
    ("DIALECT_UNKNOWN", SHOP, "kind = \"sqlite\"", "kind = \"odbc\"\ndialect = { quotes = \"'\" }"),
    ("KEY_UNKNOWN", SHOP, "kind = \"sqlite\"", "kind = \"odbc\"\ndialect = { null_last = true }"),
    ("DIALECT_POINTLESS", SHOP, "kind = \"sqlite\"", "kind = \"sqlite\"\ndialect = \"sqlite\""),
    ("URL_MISSING", SHOP, "url = \"shop.db\"\n", ""),
    ("ENV_MISSING", SHOP, "shop.db", "${SHOP_DB}"),
    ("ENV_SYNTAX", SHOP, "shop.db", "shop$.db"),
    ("ZONE_UNKNOWN", ERP, "Europe/Berlin", "Europe/Berlim"),
    ("QUERY_MISSING", SHOP, "[Person]\nquery = \"select id, name from person where id in (:keys)\"", "[Person]"),
    (
        "QUERY_MISSING",
        ERP,
        "query = \"select no as number from sales_order where account = :account and (:states is null or state in (:states))\"\norder",
        "order",
    ),
    ("PAGE_ROWS_ORDER", ERP, "domain = \"order\"", "domain = \"order\"\npage_rows_max = 10\npage_rows_default = 50"),
    ("KEYS_MISSING", SHOP, "from person where id in (:keys)", "from person where id = 1"),
    ("KEYS_TWICE", SHOP, "from person where id in (:keys)", "from person where id in (:keys) or old in (:keys)"),
    ("KEYS_NOT_IN", SHOP, "from person where id in (:keys)", "from person where id = :keys"),
    ("KEYS_ROW", SHOP, "from person where id in (:keys)", "from person where (id, name) in (:keys)"),
    ("KEYS_MISSING", ERP, "from item_uom where item_no in (:keys)", "from item_uom where item_no in (':keys')"),
    ("PLACEHOLDER_UNKNOWN", SHOP, "from person where id in (:keys)", "from person where id in (:keys) and a = :locale"),
    ("SQL_UNCLOSED", SHOP, "from person where", "from 'person where"),
    (
        "SQL_SECOND_STATEMENT",
        SHOP,
        "from person where id in (:keys)",
        "from person where id in (:keys); delete from person",
    ),
    ("KEYS_NOT_IN", SHOP, "from person where id in (:keys)", "from person where id not in (:keys)"),
    ("OWNER_SHARED", PRODUCT, "status: ProductStatus", "status: ProductStatus!"),
    ("PARTS_UNKNOWN", ERP, "parts.units", "parts.unts"),
    ("PARTS_UNKNOWN", ERP, "parts.units", "parts.status"),
    ("PARTS_UNKNOWN", ERP, "parts.units", "parts.webVisible"),
    ("VALUES_UNKNOWN", ERP, "values.status", "values.state"),
    ("VALUES_UNKNOWN", ERP, "\"weight.value\" = {", "\"weight.vale\" = {"),
    ("SCALE_POINTLESS", ERP, "values.status = { trim = true,", "values.status = { scale = 2,"),
    ("SCALE_POINTLESS", ERP, "\"weight.value\" =", "name ="),
    ("MAP_WORD", ERP, "B = \"BLOCKED\"", "B = \"BLOKED\""),
];

/// The shop as a system that speaks HTTP.
const REST_SHOP: &str = r#"kind = "rest"
url = "https://shop.example/api"
headers = { X-Tenant = "t" }
auth = { bearer = "s3cr3t" }

[Product]
get = "/products"
query = { skus = "{keys}" }
rows = "/items/*"
fields = { webVisible = "/flags/visible" }
paging = { next = "/next", rows = 50 }
errors = { at = "/error", code = "/error/code", map = { busy = "throttled" } }

[Order]
post = "/orders"
body = { numbers = ["{key}"] }
not_found = [403]

[Person]
get = "/persons/{key}"
"#;

/// Systems that speak HTTP: the code, and the change to the shop that makes the mistake.
const HTTP: &[(&str, &str, &str)] = &[
    ("URL_HTTP", "https://shop.example/api", "shop.example"),
    ("URL_HTTP", "https://shop.example/api", "https:///api"),
    ("HEADER_NAME", "{ X-Tenant = \"t\" }", "{ \"X Tenant\" = \"t\" }"),
    ("ENV_MISSING", "s3cr3t", "${SHOP_TOKEN}"),
    ("AUTH", "{ bearer = \"s3cr3t\" }", "{ bearer = \"s3cr3t\", user = \"u\" }"),
    ("AUTH", "{ bearer = \"s3cr3t\" }", "{ user = \"u\" }"),
    ("AUTH", "{ bearer = \"s3cr3t\" }", "{ token_url = \"https://a/token\", client_id = \"id\" }"),
    ("AUTH", "{ bearer = \"s3cr3t\" }", "{ key = \"s3cr3t\" }"),
    ("KEY_UNKNOWN", "{ bearer = \"s3cr3t\" }", "{ beerer = \"s3cr3t\" }"),
    ("FIELDS_UNKNOWN", "webVisible =", "webVisble ="),
    ("POINTER", "\"/flags/visible\"", "\"flags/visible\""),
    ("POINTER", "\"/flags/visible\"", "\"/flags/[de]\""),
    ("POINTER", "rows = \"/items/*\"", "rows = \"items/*\""),
    ("CALL_MISSING", "get = \"/persons/{key}\"", ""),
    ("CALL_TWICE", "get = \"/persons/{key}\"", "get = \"/persons/{key}\"\npost = \"/persons/{key}\""),
    ("BODY_UNSENT", "post = \"/orders\"", "get = \"/orders\""),
    ("BODY_UNSENT", "{ next = \"/next\", rows = 50 }", "{ offset = \"/page/offset\", rows = 50 }"),
    ("TEMPLATE", "/persons/{key}", "persons/{key}"),
    ("TEMPLATE", "/persons/{key}", "/persons/{key"),
    ("TEMPLATE", "/persons/{key}", "/persons/{key:int}"),
    ("TEMPLATE", "[\"{key}\"]", "[\"{key}\", 2026-01-01]"),
    ("PLACEHOLDER_UNKNOWN", "/persons/{key}", "/persons/{key}?locale={locale}"),
    ("PLACEHOLDER_UNKNOWN", "/persons/{key}", "/persons/{key.ids}"),
    ("PLACEHOLDER_UNKNOWN", "/persons/{key}", "/persons/{key.customer_number}"),
    ("KEYS_MISSING", "/persons/{key}", "/persons"),
    ("PAGING", "{ next = \"/next\", rows = 50 }", "{ cursor = \"/end\" }"),
    ("PAGING", "{ next = \"/next\", rows = 50 }", "{ offset = \"skip\" }"),
    ("PAGING", "{ next = \"/next\", rows = 50 }", "{ offset = \"skip\", page = \"page\", rows = 50 }"),
    ("PAGING", "{ next = \"/next\", rows = 50 }", "{ next = \"/next\", limit = \"limit\" }"),
    ("PAGING", "{ next = \"/next\", rows = 50 }", "{ next = \"/next\", more = \"/more\" }"),
    ("PAGING", "{ next = \"/next\", rows = 50 }", "{ next = \"/next\", first = 0 }"),
    ("ERROR_KIND", "\"throttled\"", "\"busy\""),
    ("VALUE_TYPE", "not_found = [403]", "not_found = [200]"),
];

#[test]
fn a_hierarchy_that_has_a_key_too_many_says_which_there_are() {
    let table = "[hierarchy]\ndepth = 3\nlist = \"ordersOf\"\nparameter = \"account\"\n[freshness.product]";
    let faults = base::faults(&base::loaded(base::edited(FREEHOLD, "[freshness.product]", table)));
    let said = "KEY_UNKNOWN freehold.toml:5:1 [hierarchy] has no key `depth` | known here: list, parameter, max_age,";
    assert!(faults[0].starts_with(said), "{faults:#?}");
}

#[test]
fn every_lint_of_a_system_that_speaks_http_says_so_too() {
    let (mut said, mut wrong) = (String::new(), String::new());
    let files = |text: &str| {
        let mut files = base::files();
        files.iter_mut().filter(|(path, _)| path == SHOP).for_each(|(_, shop)| text.clone_into(shop));
        files
    };
    let loaded = base::loaded(files(REST_SHOP));
    assert!(loaded.contract.is_some(), "{}", base::shown(&loaded));
    for (code, from, to) in HTTP {
        assert!(REST_SHOP.contains(from), "{from}");
        let faults = base::faults(&base::loaded(files(&REST_SHOP.replacen(from, to, 1))));
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        assert!(faults.iter().all(|fault| !fault.contains("s3cr3t")), "{faults:#?}");
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

/// The shop as a GraphQL system.
const GRAPHQL_SHOP: &str = include_str!("base/systems/graphql_shop.toml");

/// Bindings of a GraphQL system: the code, and the change to the shop's file.
const GRAPHQL_BINDINGS: &[(&str, &str, &str)] = &[
    ("KEY_UNKNOWN", "ordered = true", "orderd = true"),
    ("KEY_UNKNOWN", "errors = { map", "errors = { mapp"),
    ("ERROR_MEANING", "\"denied\"", "\"refused\""),
    ("GRAPHQL_SYNTAX", "items { sku webVisible } }", "items { sku webVisible }"),
    ("GRAPHQL_SYNTAX", "key_type = \"ID!\"", "key_type = \"ID!)\""),
    ("GRAPHQL_SYNTAX", "account = \"ID!\"", "account = \"[ID!\""),
    ("GRAPHQL_OPERATION", "\"query($keys: [String!]!, $channel", "\"mutation($keys: [String!]!, $channel"),
    ("GRAPHQL_OPERATION", "{ products(", "{ ...all } fragment all on Query { products("),
    ("GRAPHQL_VARIABLE", "channel: $channel)", "channel: $chanel)"),
    ("GRAPHQL_VARIABLE", ", channel: $channel)", ")"),
    ("GRAPHQL_VARIABLE", "offset = \"skip\"", "offset = \"skip\"\norder = [\"id\"]\n[lists.b]\nquery = \"b(a: $a)\""),
    ("GRAPHQL_ROWS", "rows = \"/products/items\"", "rows = \"/products/nodes\""),
    ("GRAPHQL_ROWS", "rows = \"/products/items\"", "rows = \"/products/0\""),
    (
        "GRAPHQL_ROWS",
        "rows = \"/open\"\nlimit = \"take\"\noffset = \"skip\"\norder = [\"number\"]",
        "connection = \"/open\"",
    ),
    ("ORDER_POINTLESS", "connection = \"/drafts\"", "connection = \"/drafts\"\norder = [\"number\"]"),
    (
        "KEYS_MISSING",
        "query($keys: [String!]!, $channel: String!) { products(skus: $keys, ",
        "query($channel: String!) { products(",
    ),
    ("KEYS_MISSING", "[String!]!", "String!"),
    ("KEYS_MISSING", "argument = \"filter.number.in\"\n", ""),
    ("KEYS_MISSING", "(id: $key)", ""),
    ("KEYS_ROW", "(id: $key)", "(id: $number)"),
    ("VARIABLE_UNFED", "variables = { channel = \"b2b\" }\n", ""),
    ("VARIABLE_UNKNOWN", "variables = { channel = \"b2b\" }", "variables = { channel = \"b2b\", locale = \"de\" }"),
    ("VARIABLE_UNKNOWN", "limit = \"take\"", "limit = \"first\""),
    ("ASKING_MIXED", "query = \"orders\"", "query = \"orders\"\nentities = \"Order\""),
    ("ASKING_MIXED", "aliases_max = 10", "aliases_max = 10\nordered = true"),
    ("ASKING_MIXED", "page_rows = 100", "page_rows = 100\nargument = \"skus\""),
    ("ASKING_MIXED", "limit = \"take\"\n", ""),
    ("ASKING_MIXED", "query = \"drafts\"", "query = \"drafts\"\ndocument = \"{ drafts }\""),
    ("QUERY_MISSING", "by_key = \"person(id: $key)\"\nkey_type = \"ID!\"\naliases_max = 10", ""),
    ("QUERY_MISSING", "query = \"drafts\"\n", ""),
];

#[test]
fn a_graphql_binding_is_checked_as_far_as_can_be() {
    let shop = |from: &str, to: &str| {
        assert!(GRAPHQL_SHOP.contains(from), "{from}");
        let mut files = base::files();
        let (_, text) = files.iter_mut().find(|(path, _)| path == SHOP).expect("the shop");
        *text = GRAPHQL_SHOP.replacen(from, to, 1);
        base::loaded(files)
    };
    assert!(shop("", "").contract.is_some(), "{}", base::shown(&shop("", "")));
    let (mut said, mut wrong) = (String::new(), String::new());
    for (code, from, to) in GRAPHQL_BINDINGS {
        let faults = base::faults(&shop(from, to));
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

/// How much requests may take: with a change made to this, put before the freshness of the base contract.
const LIMITS_TABLES: &str = r#"
[limits]
document_bytes = 65536
tokens = 5_000
depth = 15
aliases = 0
root_fields = 20
directives = 50
variables_bytes = 1000
cost = 10_000
introspection = false
rate = { per_second = 50, burst = 100 }
concurrency = 32
priority = "normal"
response_bytes = 1_000_000

[limits.service]
depth = 20
priority = "high"
rate = { per_second = 5 }
"#;

const LIMITS: &[(&str, &str, &str)] = &[
    ("KEY_UNKNOWN", "tokens =", "token ="),
    ("KEY_UNKNOWN", "\nrate = { per_second = 5 }", "\nrates = 5"),
    ("KEY_UNKNOWN", "burst =", "bursts ="),
    ("VALUE_TYPE", "depth = 15", "depth = 61"),
    ("VALUE_TYPE", "aliases = 0", "aliases = -1"),
    ("VALUE_TYPE", "introspection = false", "introspection = \"off\""),
    ("VALUE_TYPE", "cost = 10_000", "cost = 0"),
    ("VALUE_TYPE", "{ per_second = 50, burst = 100 }", "50"),
    ("VALUE_TYPE", "per_second = 50", "per_second = 0"),
    ("LIMITS_RATE", "per_second = 50, ", ""),
    ("LIMITS_PRIORITY", "\"normal\"", "\"middle\""),
    ("LIMITS_AUDIENCE", "[limits.service]", "[limits.servce]"),
    ("LIMITS_AUDIENCE", "[limits.service]", "[limits.everyone]"),
];

#[test]
fn limits_are_checked_word_by_word_and_an_audience_has_those_of_all_but_its_own() {
    let with = |from: &str, to: &str| {
        assert!(LIMITS_TABLES.contains(from), "{from}");
        let tables = LIMITS_TABLES.replacen(from, to, 1);
        base::loaded(base::edited(FREEHOLD, "\n[freshness.product]", &format!("{tables}\n[freshness.product]")))
    };
    let sound = with("", "");
    let contract = sound.contract.as_ref().unwrap_or_else(|| panic!("{}", base::shown(&sound)));
    let of = |audience: Option<usize>| contract.limits.of(audience.map(freehold::value::AudienceId::from));
    assert_eq!(of(None), of(Some(0)));
    assert_eq!((of(Some(0)).depth, of(Some(1)).depth, of(Some(1)).aliases), (15, 20, 0));
    assert_eq!((of(Some(0)).priority, of(Some(1)).priority), (Priority::Normal, Priority::High));
    assert_eq!(of(Some(0)).rate, Some(CallerRate { per_second: 50, burst: 100 }));
    assert_eq!(of(Some(1)).rate, Some(CallerRate { per_second: 5, burst: 10 }));
    let plain = base::loaded(base::files()).contract.expect("it loads");
    assert_eq!((plain.limits.of(None), &plain.version), (&AudienceLimits::default(), &contract.version));
    let (mut said, mut wrong) = (String::new(), String::new());
    for (code, from, to) in LIMITS {
        let faults = base::faults(&with(from, to));
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

/// Who is let in: with a change made to this, put before the freshness of the base contract.
const ACCESS_TABLES: &str = r#"
[access]
anonymous = "storefront"
leeway = "30s"
token_bytes_max = 8192

[access.act_as]
audience = "storefront"
permissions = ["VIEW_PRICE"]

[access.issuers.shop]
issuer = "https://id.example.com/"
audience = "freehold"
algorithms = ["RS256", "ES256"]
jwks = "https://id.example.com/.well-known/jwks.json"
keys_kept = "24h"
keys_asked_every_min = "30s"

[access.issuers.shop.claims]
audience = { claim = "kind", map = { buyer = "storefront", agent = "service" } }
accounts = { claim = "/shop/accounts", all_accounts = true }
login = { claim = "email" }
permissions = { claim = "permissions" }
roles = { claim = "roles", map = { buyer = ["VIEW_PRICE"], agent = ["*"] } }
order_limit = { claim = "order_limit" }
act_as = ["agent"]

[access.issuers.portal]
issuer = "portal"
audience = "freehold"
algorithms = ["HS256"]
secret = "${ERP_HOST}"
claims = { audience = { value = "service" } }
"#;

const ACCESS: &[(&str, &str, &str)] = &[
    ("KEY_UNKNOWN", "leeway =", "leway ="),
    ("KEY_UNKNOWN", "jwks =", "kid = \"1\"\njwks ="),
    ("KEY_UNKNOWN", "login =", "logins ="),
    ("KEY_UNKNOWN", "all_accounts", "all"),
    ("KEY_UNKNOWN", "[access.act_as]", "[access.act_as]\nlogin = \"x\""),
    ("VALUE_TYPE", "8192", "99999"),
    ("DURATION_INVALID", "\"30s\"\ntoken", "\"half a minute\"\ntoken"),
    ("ACCESS_DURATION", "leeway = \"30s\"", "leeway = \"1h\""),
    ("ACCESS_DURATION", "keys_kept = \"24h\"", "keys_kept = \"30d\""),
    ("ACCESS_AUDIENCE", "anonymous = \"storefront\"", "anonymous = \"storefrnt\""),
    ("ACCESS_AUDIENCE", "agent = \"service\"", "agent = \"everyone\""),
    ("ACCESS_INCOMPLETE", "audience = \"freehold\"\nalgorithms = [\"RS", "algorithms = [\"RS"),
    ("ACCESS_INCOMPLETE", "algorithms = [\"HS256\"]\n", ""),
    (
        "ACCESS_INCOMPLETE",
        "claims = { audience = { value = \"service\" } }",
        "claims = { login = { claim = \"sub\" } }",
    ),
    ("ACCESS_INCOMPLETE", "permissions = [\"VIEW_PRICE\"]\n\n", ""),
    ("ACCESS_ISSUER", "issuer = \"portal\"", "issuer = \"https://id.example.com/\""),
    ("ACCESS_ALGORITHM", "\"RS256\", ", "\"none\", "),
    ("ACCESS_ALGORITHM", "\"RS256\", ", "\"RS265\", "),
    ("ACCESS_ALGORITHM", "[\"HS256\"]", "[]"),
    ("ACCESS_ALGORITHM_KEYS", "\"RS256\", ", "\"HS256\", "),
    ("ACCESS_ALGORITHM_KEYS", "[\"HS256\"]", "[\"RS256\"]"),
    ("ACCESS_KEYS", "secret = \"${ERP_HOST}\"\n", ""),
    ("ACCESS_KEYS", "jwks =", "key = \"${ERP_HOST}\"\njwks ="),
    ("ACCESS_SECRET", "\"${ERP_HOST}\"", "\"s3cr3t\""),
    ("ACCESS_SECRET", "\"${ERP_HOST}\"", "\"s3cr3t${ERP_HOST}\""),
    ("ENV_MISSING", "${ERP_HOST}", "${PORTAL_SECRET}"),
    ("ACCESS_JWKS", "jwks = \"https", "jwks = \"http"),
    ("ACCESS_CLAIM", "{ claim = \"email\" }", "{ }"),
    ("ACCESS_CLAIM", "{ claim = \"email\" }", "{ claim = \"\" }"),
    ("ACCESS_CLAIM", "{ value = \"service\" }", "{ value = \"service\", claim = \"kind\" }"),
    ("ACCESS_CLAIM", "claim = \"kind\", map", "map"),
    (
        "ACCESS_CLAIM",
        "{ claim = \"roles\", map = { buyer = [\"VIEW_PRICE\"], agent = [\"*\"] } }",
        "{ claim = \"roles\" }",
    ),
    ("ACCESS_PERMISSION", "agent = [\"*\"]", "agent = [\"*\", \"VIEW_PRICE\"]"),
    ("ACCESS_PERMISSION", "buyer = [\"VIEW_PRICE\"]", "buyer = [\"VIEW_PRICES\"]"),
    ("ACCESS_PERMISSION", "permissions = [\"VIEW_PRICE\"]", "permissions = [\"FLY\"]"),
    ("ACCESS_ACT_AS", "[access.act_as]\naudience = \"storefront\"\npermissions = [\"VIEW_PRICE\"]\n", ""),
    ("ACCESS_ACT_AS", "roles = { claim = \"roles\", map = { buyer = [\"VIEW_PRICE\"], agent = [\"*\"] } }\n", ""),
];

#[test]
fn who_is_let_in_is_checked_word_by_word() {
    let with = |from: &str, to: &str| {
        assert!(ACCESS_TABLES.contains(from), "{from}");
        let tables = ACCESS_TABLES.replacen(from, to, 1);
        let mut files = base::edited(FREEHOLD, "\n[freshness.product]", &format!("{tables}\n[freshness.product]"));
        let (_, order) = files.iter_mut().find(|(path, _)| path == ORDER).expect("the orders");
        order.push_str("\nenum Permission { VIEW_PRICE VIEW_STOCK }\n");
        base::loaded(files)
    };
    let sound = with("", "");
    let access = sound.contract.as_ref().unwrap_or_else(|| panic!("{}", base::shown(&sound))).access.as_ref();
    assert_eq!(access.map(|access| access.issuers.len()), Some(2));
    let (mut said, mut wrong) = (String::new(), String::new());
    for (code, from, to) in ACCESS {
        let loaded = with(from, to);
        let faults = base::faults(&loaded);
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        assert!(!base::shown(&loaded).contains("s3cr3t"), "{}", base::shown(&loaded));
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

#[test]
fn every_lint_says_what_is_wrong_where_and_what_to_do() {
    let mut said = String::new();
    let mut wrong = String::new();
    for (code, path, from, to) in GRAPHQL.iter().chain(OWNERSHIP).chain(LEADS).chain(FILES) {
        let loaded = base::loaded(base::edited(path, from, to));
        let faults = base::faults(&loaded);
        // A rule may miss several inputs at once, each said for itself.
        let mut codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        codes.dedup();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {path}: {from:?} -> {to:?} gave {faults:#?}");
        }
        let in_place = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Fault);
        assert!(in_place.clone().all(|one| !one.help.is_empty() && !one.message.contains('\n')), "{faults:#?}");
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

#[test]
fn the_settings_file_may_not_be_missing() {
    let files = base::files().into_iter().filter(|(path, _)| path != FREEHOLD).collect();
    assert_eq!(
        base::faults(&base::loaded(files)),
        ["SETTINGS_MISSING the contract has no freehold.toml | add freehold.toml with systems = [\"systems/….toml\"]"]
    );
}

#[test]
fn what_nobody_uses_is_a_notice() {
    let mut files = base::edited(ERP, "[lists.ordersOf]", "[lists.idle]\nquery = \"select 1\"\n[lists.ordersOf]");
    files.push(("systems/wms.toml".to_owned(), "kind = 1".to_owned()));
    let loaded = base::loaded(files);
    assert!(loaded.contract.is_some(), "{}", base::shown(&loaded));
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
    assert!(codes.contains(&"LIST_UNUSED") && codes.contains(&"SYSTEM_FILE_UNLISTED"), "{codes:?}");
}

#[test]
fn a_contract_with_an_odbc_system_loads_and_says_when_the_build_cannot_speak_to_it() {
    let dialect = "kind = \"odbc\"\ndialect = { preset = \"oracle\", paging = \"rownum\", parameters_max = 500 }";
    let loaded = base::loaded(base::edited(SHOP, "kind = \"sqlite\"", dialect));
    assert!(loaded.contract.is_some(), "{}", base::shown(&loaded));
    let said = loaded.diagnostics.iter().any(|one| one.code == "ODBC_FEATURE");
    assert_eq!(said, cfg!(not(feature = "odbc")));
}

/// A code that no test shows could be wrong in its words for years.
#[test]
fn every_code_is_shown_by_a_test() {
    let mut codes = BTreeSet::new();
    codes_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contract"), &mut codes);
    for (code, ..) in GRAPHQL.iter().chain(OWNERSHIP).chain(LEADS).chain(FILES) {
        codes.remove(*code);
    }
    for (code, ..) in super::documents::MISTAKES {
        codes.remove(*code);
    }
    for (code, ..) in super::odata::MISTAKES {
        codes.remove(*code);
    }
    for (code, ..) in super::files::MISTAKES {
        codes.remove(*code);
    }
    for (code, ..) in super::inside::MISTAKES {
        codes.remove(*code);
    }
    codes.remove("WEBHOOK_EMPTY");
    for (code, ..) in super::changes::MISTAKES.iter().chain(crate::changes::contract::FEEDS) {
        codes.remove(*code);
    }
    for (code, ..) in super::keys::KEYS {
        codes.remove(*code);
    }
    for (code, ..) in LIMITS.iter().chain(ACCESS) {
        codes.remove(*code);
    }
    for (code, ..) in HTTP.iter().chain(GRAPHQL_BINDINGS) {
        codes.remove(*code);
    }
    // The last one is never met: it guards against a check that forgot to speak.
    for elsewhere in [
        "SETTINGS_MISSING",
        "LIST_UNUSED",
        "LIST_UNSCOPED",
        "SYSTEM_FILE_UNLISTED",
        "CONTRACT_INCOMPLETE",
        "ODBC_FEATURE",
    ] {
        codes.remove(elsewhere);
    }
    assert!(codes.is_empty(), "{codes:?}");
}

fn codes_in(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("the sources are there").path();
        if path.is_dir() {
            codes_in(&path, codes);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the sources are text");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in text.split('"').skip(1).step_by(1) {
            let shouted = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            if shouted && word.contains('_') && word.len() > 5 {
                codes.insert(word.to_owned());
            }
        }
    }
}
