//! What means the same is the same, however a system writes it.

use super::company::{Company, said};

const ERP: &str = "insert into product values
  ('A-1', 'Pump', 'ACTIVE', '10.0', '1.5', 'KG', '12.505', 'EUR', '2026-07-01 10:00:00', 'A-2'),
  ('A-2', null, 'BLOCKED', null, null, null, '1200', 'JPY', null, null);";

#[tokio::test]
async fn what_means_the_same_is_no_drift() {
    let shop = "insert into product values
      ('a-1', 'Pump', 'live', '1e1', '1500', 'g', '12.51', 'EUR', '2026-07-01 08:00:00', 'a-2'),
      ('a-2', null, 'hidden', null, null, null, '1200.4', 'JPY', null, null);";
    let company = Company::with(ERP, shop).await;
    let (summary, open) = company.found().await;
    assert_eq!(said(&open), Vec::<String>::new());
    assert!(!summary.has_findings(), "{}", summary.to_text());
    assert_eq!(summary.fields.iter().map(|field| field.n_checked).collect::<Vec<_>>(), [2; 7]);
    assert_eq!(summary.gaps[0].missing_in_copy.list.as_deref(), Some("products"));
    assert_eq!(summary.gaps[0].missing_in_owner.list.as_deref(), Some("shopProducts"));
}

#[tokio::test]
async fn what_does_not_mean_the_same_is_told_with_both_values() {
    let shop = "insert into product values
      ('a-1', 'pump', 'hidden', '10.01', '1500', 'KG', '12.52', 'EUR', '2026-07-01 10:00:00', 'A-3'),
      ('a-2', '', 'unheard', '0', '0', 'KG', '1200', 'KRW', null, null);";
    let company = Company::with(ERP, shop).await;
    let (summary, open) = company.found().await;
    assert_eq!(
        said(&open),
        [
            "DRIFT A-1.baseSku A-2 | A-3",
            "DRIFT A-1.changedAt 2026-07-01T08:00:00Z | 2026-07-01T10:00:00Z",
            "DRIFT A-1.factor 10.0 | 10.01",
            "DRIFT A-1.name Pump | pump",
            r#"DRIFT A-1.price {"amount":"12.505","currency":"EUR"} | {"amount":"12.52","currency":"EUR"}"#,
            "DRIFT A-1.status ACTIVE | BLOCKED",
            r#"DRIFT A-1.weight {"value":"1.5","unit":"KG"} | {"value":"1500","unit":"KG"}"#,
            "DRIFT A-2.factor null | 0",
            "DRIFT A-2.name null | ",
            r#"DRIFT A-2.price {"amount":"1200","currency":"JPY"} | {"amount":"1200","currency":"KRW"}"#,
            "UNREADABLE A-2.status BLOCKED | (not a word of the binding's map)",
            r#"DRIFT A-2.weight null | {"value":"0","unit":"KG"}"#,
        ]
    );
    let status = summary.fields.iter().find(|field| field.field == "status").expect("the field");
    assert_eq!((status.n_checked, status.n_drifted, status.n_unreadable), (1, 1, 1));
    let text = summary.to_text();
    let drifted =
        "  DRIFT OWNER_CONFLICT  A-1  erp Pump, shop pump\n  DRIFT OWNER_CONFLICT  A-2  erp null, shop \"\"\n";
    assert!(text.contains(drifted), "{text}");
    assert!(text.contains("  UNREADABLE SOURCE_UNAVAILABLE  A-2  erp BLOCKED, shop (not a word"), "{text}");
    assert!(text.contains("Product.status     erp    shop        1        1  100.0           1"), "{text}");
}

#[tokio::test]
async fn who_lacks_what_the_other_has_is_told_once_for_the_whole_entity() {
    let erp = "insert into product (sku, name) values ('A-1', 'Pump'), ('A-2', 'Valve');";
    // Of B-2 the shop says nothing: that is no copy of anything.
    let shop =
        "insert into product (sku, name) values ('a-1', 'Pump'), ('b-1', 'Hose'), ('b-2', null), ('B-3', 'Seal');";
    let company = Company::with(erp, shop).await;
    let (summary, open) = company.found().await;
    assert_eq!(said(&open), ["MISSING_IN_COPY A-2", "MISSING_IN_OWNER B-1"]);
    let gap = &summary.gaps[0];
    assert_eq!((gap.missing_in_copy.n, gap.missing_in_owner.n, gap.missing_in_owner.n_unmatched), (1, 1, 1));
    let text = summary.to_text();
    assert!(
        text.contains("in erp, not in shop: 1 MISSING_IN_COPY IDENTITY_UNMATCHED (by products)\n    A-2"),
        "{text}"
    );
    assert!(text.contains("in shop, not in erp: 1 MISSING_IN_OWNER IDENTITY_UNMATCHED (by shopProducts)\n"), "{text}");
}

#[tokio::test]
async fn a_side_without_a_list_is_said_to_hide_its_gaps_and_the_other_leads_to_all_there_is_to_compare() {
    let erp = "insert into product (sku, name) values ('A-1', 'Pump'), ('A-2', 'Valve');";
    let shop = "insert into product (sku, name) values ('a-1', 'pump'), ('b-1', 'Hose');";
    let no_list = [("products(status: Status): [Product]", "products(status: Status!): [Product]")];
    let company = Company::of(erp, shop, &no_list).await;
    let (summary, open) = company.found().await;
    assert_eq!(said(&open), ["DRIFT A-1.name Pump | pump", "MISSING_IN_OWNER B-1"]);
    let text = summary.to_text();
    assert!(
        text.contains("erp binds no list of every Product, so it is not known what erp has and shop has not"),
        "{text}"
    );
}
