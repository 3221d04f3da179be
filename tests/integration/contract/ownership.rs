//! The ownership table of the base contract.

use freehold::contract::{ownership, ownership_json, ownership_markdown, ownership_text};

use super::base;

#[test]
fn the_table_says_who_owns_what_and_how_fresh_it_is() {
    let contract = base::loaded(base::files()).contract.expect("the base contract loads");
    let rows = ownership(&contract);
    insta::assert_snapshot!(ownership_text(&rows));
    let markdown = ownership_markdown(&rows);
    assert!(markdown.starts_with("| Domain | Field | Owner |"), "{markdown}");
    assert_eq!(markdown.lines().count(), rows.len() + 2);
    let json = ownership_json(&rows);
    let name = json.as_array().unwrap().iter().find(|row| row["field"] == "Product.name").unwrap();
    assert_eq!((&name["owner"], &name["copies"][0], &name["maxAge"]), (&"erp".into(), &"shop".into(), &"1h".into()));
}
