//! The lints of systems of files: one mistake in a small contract, one message.

use std::fmt::Write;

use freehold::contract::{Complete, Empty, Files, Form, GroupBinding, ListBinding, Loaded, load};

use super::base;

const GRAPH: &str = "
type Query {
  order(number: String!): Order @ref(key: \"number: $number\")
  orders(states: [String!], first: Int): [Order] @list(name: \"ordersOf\")
}
type Order @key(fields: \"number\") @owner(system: \"drop\") @domain(name: \"product\") {
  number: String!
  state: String
  lines: [Line!]
}
type Line { no: Int sku: String }
";

const SYSTEM: &str = "
kind = \"file\"
folder = \"${DROP}\"
zone = \"Europe/Berlin\"

[Order]
glob = \"orders-*.csv\"
delimiter = \";\"
encoding = \"latin1\"
empty = \"text\"
fields = { number = \"/Order No\", \"lines.no\" = \"/Pos\" }
as_of = { name = \"orders-%Y%m%d.csv\" }
complete = { footer = \"END {rows}\" }
parts.lines = { glob = \"lines-*.csv\", parent = \"Order No\", delimiter = \"\\t\" }

[lists.ordersOf]
glob = \"orders-*.ndjson\"
where = { state = \"states\" }
order = [\"number\"]
";

/// The code a mistake is reported by, and the change that makes it.
pub const MISTAKES: &[(&str, &str, &str)] = &[
    ("GLOB_MISSING", "glob = \"orders-*.csv\"\n", ""),
    ("GLOB", "\"orders-*.ndjson\"", "\"in/orders-*.ndjson\""),
    ("GLOB", "\"lines-*.csv\"", "\"lines-*-*.csv\""),
    ("FILE_FORMAT", "\"orders-*.ndjson\"", "\"orders-*.txt\""),
    ("FILE_FORMAT", "glob = \"orders-*.ndjson\"", "glob = \"orders-*\"\nformat = \"xml\""),
    ("FILE_FORMAT", "glob = \"orders-*.ndjson\"", "glob = \"orders-*.ndjson\"\nheader = true"),
    ("FILE_FORMAT", "delimiter = \";\"", "rows = \"/data\""),
    ("ENCODING_UNKNOWN", "latin1", "latin-nine"),
    ("CSV_CHARACTER", "delimiter = \";\"", "delimiter = \"§\""),
    ("CSV_CHARACTER", "delimiter = \";\"", "quote = \"''\""),
    ("CSV_COLUMNS", "delimiter = \";\"", "header = false"),
    ("CSV_COLUMNS", "delimiter = \";\"", "columns = [\"a\", \"b\", \"a\"]"),
    ("CSV_EMPTY", "\"text\"", "\"none\""),
    ("FILE_COMPLETE", "{ footer = \"END {rows}\" }", "\"orders.done\""),
    ("FILE_COMPLETE", "glob = \"orders-*.ndjson\"", "glob = \"o.json\"\ncomplete = { footer = \"END\" }"),
    ("FILE_TIME", "orders-%Y%m%d.csv", "orders-%Q.csv"),
    ("FILE_TIME", "orders-%Y%m%d.csv", "orders-%m.csv"),
    ("FILE_TIME", "zone = \"Europe/Berlin\"\n", ""),
    ("PART_PARENT", ", parent = \"Order No\"", ""),
    ("PART_PARENT", "parent = \"Order No\"", "parent = [\"Account\", \"Order No\"]"),
    ("PARTS_UNKNOWN", "parts.lines", "parts.line"),
    ("POINTER", "\"/Order No\"", "\"/order/no\""),
    ("POINTER", "\"/Order No\"", "\"Order No\""),
    ("POINTER", "glob = \"orders-*.ndjson\"", "glob = \"o.json\"\nrows = \"/*/orders\""),
    ("FIELDS_UNKNOWN", "\"lines.no\"", "\"lines.nr\""),
    ("FOLDER_TWICE", "folder = \"${DROP}\"", "folder = \"${DROP}\"\nurl = \"file:///drop\""),
    ("URL_MISSING", "folder = \"${DROP}\"\n", ""),
    ("KEY_UNKNOWN", "delimiter =", "delimeter ="),
    ("KEY_UNKNOWN", "{ footer =", "{ foot ="),
    ("KEY_UNKNOWN", "{ name =", "{ path ="),
    ("KEY_UNKNOWN", ", parent =", ", parents = \"a\", parent ="),
];

fn loaded(system: &str) -> Loaded {
    let files = Files::new([
        ("graph.graphql".to_owned(), GRAPH.to_owned()),
        ("freehold.toml".to_owned(), "systems = [\"drop.toml\"]\n".to_owned()),
        ("drop.toml".to_owned(), system.to_owned()),
    ]);
    load(&files, &|name| (name == "DROP").then(|| "/drop".to_owned()))
}

#[test]
fn every_lint_of_files_says_what_is_wrong_where_and_what_to_do() {
    let (mut said, mut wrong) = (String::new(), String::new());
    for (code, from, to) in MISTAKES {
        assert!(SYSTEM.contains(from), "{from}");
        let faults = base::faults(&loaded(&SYSTEM.replacen(from, to, 1)));
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_part_has_from_its_group_what_it_does_not_say() {
    let loaded = loaded(SYSTEM);
    let shown = base::shown(&loaded);
    let contract = loaded.contract.unwrap_or_else(|| panic!("{shown}"));
    let GroupBinding::File(group) = &contract.groups[0].binding else { panic!("it is asked of files") };
    let Form::Csv(own) = &group.delivery.form else { panic!("its files are csv") };
    assert_eq!((own.delimiter, own.empty, group.delivery.encoding), (b';', Empty::Text, "windows-1252"));
    assert_eq!(group.delivery.named_time.as_deref(), Some("orders-%Y%m%d.csv"));
    let (_, part) = &group.parts[0];
    let Form::Csv(of_part) = &part.delivery.form else { panic!("its files are csv") };
    assert_eq!((of_part.delimiter, of_part.empty, part.delivery.encoding), (b'\t', Empty::Text, "windows-1252"));
    assert_eq!(part.delivery.complete, Complete::Footer("END {rows}".to_owned()));
    assert_eq!(part.parents, ["Order No"]);
    let ListBinding::File(list) = &contract.lists[0].binding else { panic!("it is asked of files") };
    assert_eq!(list.conditions, [("state".to_owned(), "states".to_owned())]);
}
