//! Products of AdventureWorks, their parts, their words and their categories.

use serde_json::{Value, json};

use super::open;
use crate::real_data::company::assert_rows;

const PRODUCTS: &str = "query($n: Int, $after: String) {
  page: products(first: $n, after: $after) {
    nodes {
      sku text isMade isFinished size sizeUnit { code name } weight { value unit } line class style safetyStock
      reorderPoint daysToManufacture sellsFrom sellsUntil changedAt listPrice standardCost onHand
      name color model category { id name department }
    }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}";

#[tokio::test]
async fn every_product_is_what_its_owners_hold() {
    let Some(company) = open().await else { return };
    let (answered, n_pages) = company.pages(PRODUCTS, 100).await;
    assert_eq!(n_pages, 6);
    let expected = company
        .rows(
            r#"
select p.productnumber as sku, p.name as text, p.makeflag as "isMade", p.finishedgoodsflag as "isFinished", p.size,
       (select json_build_object('code', rtrim(u.unitmeasurecode), 'name', u.name)
        from production.unitmeasure u where u.unitmeasurecode = p.sizeunitmeasurecode) as "sizeUnit",
       case when p.weight is not null
         then json_build_object('value', p.weight::text, 'unit', rtrim(p.weightunitmeasurecode)) end as weight,
       case p.productline when 'R ' then 'ROAD' when 'M ' then 'MOUNTAIN' when 'T ' then 'TOURING'
         when 'S ' then 'STANDARD' end as line,
       case p.class when 'H ' then 'HIGH' when 'M ' then 'MEDIUM' when 'L ' then 'LOW' end as class,
       rtrim(p.style) as style, p.safetystocklevel as "safetyStock", p.reorderpoint as "reorderPoint",
       p.daystomanufacture as "daysToManufacture", p.sellstartdate::date as "sellsFrom",
       p.sellenddate::date as "sellsUntil", instant(p.modifieddate, 'America/Los_Angeles') as "changedAt",
       case when p.listprice <> 0 then p.listprice::text end as "listPrice", p.standardcost::text as "standardCost",
       (select sum(i.quantity) from production.productinventory i where i.productid = p.productid) as "onHand",
       c.name, c.color, m.name as model,
       case when s.name is not null
         then json_build_object('id', s.productsubcategoryid, 'name', s.name, 'department', g.name) end as category
from production.product p
left join in_pim c on c.productid = p.productid
left join production.productmodel m on m.productmodelid = c.productmodelid
left join production.productsubcategory s on s.productsubcategoryid = c.productsubcategoryid
left join production.productcategory g on g.productcategoryid = s.productcategoryid
order by p.name desc, p.productnumber"#,
        )
        .await;
    assert_rows(&answered, &expected);
}

#[tokio::test]
async fn every_part_of_every_product_is_there_in_its_order() {
    let Some(company) = open().await else { return };
    let query = "{
      products(first: 600) {
        nodes {
          sku
          components { sku quantity unit level from until product { text } }
          prices { from until price }
          costs { from until cost }
          bins { locationId shelf bin quantity location { name costRate availability } }
          suppliers { leadTimeDays price lastCost quantityMin quantityMax onOrder unit vendor { id name account } }
          descriptions { language text }
          documents { node title fileName extension revision status summary }
          usedIn { sku }
        }
      }
    }";
    let answered = company.data(query, json!({})).await;
    let expected = company
        .rows(
            r#"
select p.productnumber as sku,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select c.productnumber as sku, b.perassemblyqty::text as quantity, rtrim(b.unitmeasurecode) as unit,
            b.bomlevel as level, b.startdate::date as "from", b.enddate::date as until,
            json_build_object('text', c.name) as product
     from production.billofmaterials b join production.product c on c.productid = b.componentid
     where b.productassemblyid = p.productid order by c.productnumber, b.startdate, b.billofmaterialsid) x) as components,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select startdate::date as "from", enddate::date as until, listprice::text as price
     from production.productlistpricehistory h where h.productid = p.productid order by startdate) x) as prices,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select startdate::date as "from", enddate::date as until, standardcost::text as cost
     from production.productcosthistory h where h.productid = p.productid order by startdate) x) as costs,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select i.locationid as "locationId", i.shelf, i.bin, i.quantity,
            json_build_object('name', l.name, 'costRate', l.costrate::text, 'availability', l.availability::text)
              as location
     from production.productinventory i join production.location l using (locationid)
     where i.productid = p.productid order by i.locationid, i.shelf, i.bin) x) as bins,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select s.averageleadtime as "leadTimeDays", s.standardprice::text as price, s.lastreceiptcost::text as "lastCost",
            s.minorderqty as "quantityMin", s.maxorderqty as "quantityMax", s.onorderqty as "onOrder",
            rtrim(s.unitmeasurecode) as unit,
            json_build_object('id', v.businessentityid, 'name', v.name, 'account', v.accountnumber) as vendor
     from purchasing.productvendor s join purchasing.vendor v using (businessentityid)
     where s.productid = p.productid order by s.businessentityid) x) as suppliers,
  case when exists (select from in_pim c where c.productid = p.productid) then
    (select coalesce(json_agg(to_json(x)), '[]') from (
       select rtrim(c.cultureid) as language, d.description as text
       from production.productmodelproductdescriptionculture c
       join production.productdescription d using (productdescriptionid)
       where c.productmodelid = p.productmodelid order by c.cultureid) x) end as descriptions,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select d.documentnode as node, d.title, d.filename as "fileName", d.fileextension as extension,
            rtrim(d.revision) as revision, d.status, d.documentsummary as summary
     from production.productdocument u join production.document d using (documentnode)
     where u.productid = p.productid order by d.documentnode) x) as documents,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select distinct a.productnumber as sku
     from production.billofmaterials b join production.product a on a.productid = b.productassemblyid
     where b.componentid = p.productid order by 1) x) as "usedIn"
from production.product p
order by p.name desc, p.productnumber"#,
        )
        .await;
    assert_rows(&answered["products"]["nodes"], &expected);
}

#[tokio::test]
async fn categories_list_their_products_and_count_no_further_than_bound() {
    let Some(company) = open().await else { return };
    let query = "{ categories { id name department products(first: 5) { nodes { sku name listPrice } totalCount } } }";
    let answer = company.answer(query, json!({})).await;
    let expected = company
        .rows(
            r#"
select s.productsubcategoryid as id, s.name, g.name as department, json_build_object(
  'nodes', (select coalesce(json_agg(to_json(x)), '[]') from (
     select c.productnumber as sku, c.name, case when c.listprice <> 0 then c.listprice::text end as "listPrice"
     from in_pim c where c.productsubcategoryid = s.productsubcategoryid
     order by c.name, c.productnumber limit 5) x),
  'totalCount', (select case when count(*) <= 40 then count(*) end
                 from in_pim c where c.productsubcategoryid = s.productsubcategoryid)
) as products
from production.productsubcategory s join production.productcategory g using (productcategoryid)
order by s.productsubcategoryid"#,
        )
        .await;
    assert_rows(&answer["data"]["categories"], &expected);
    let uncounted: Vec<Value> = (answer["errors"].as_array().into_iter().flatten())
        .map(|error| {
            assert_eq!(error["extensions"]["code"], "COUNT_OVER_BOUND");
            error["path"].clone()
        })
        .collect();
    let expected: Vec<Value> = (expected.as_array().into_iter().flatten().enumerate())
        .filter(|(_, category)| category["products"]["totalCount"].is_null())
        .map(|(n, _)| json!(["categories", n, "products", "totalCount"]))
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(uncounted, expected);
}

#[tokio::test]
async fn codes_come_without_their_padding_and_are_known_by_what_is_left() {
    let Some(company) = open().await else { return };
    let answered = company.data("{ units { code name } }", json!({})).await;
    let expected = "select rtrim(unitmeasurecode) as code, name from production.unitmeasure order by unitmeasurecode";
    assert_rows(&answered["units"], &company.rows(expected).await);
    let query = r#"{ a: unit(code: "CM") { name } b: unit(code: "CM ") { name } c: unit(code: "cm") { name } }"#;
    let expected = json!({"a": {"name": "Centimeter"}, "b": null, "c": null});
    assert_eq!(company.data(query, json!({})).await, expected);
}

#[tokio::test]
async fn names_with_slashes_quotes_and_percent_signs_are_found_as_they_are() {
    let Some(company) = open().await else { return };
    let query = "query($text: String!) { products(text: $text, first: 600) { nodes { sku text } } }";
    for text in ["/", "'", "%", "Fork", "8 patches", "_", ""] {
        let answered = company.data(query, json!({"text": text})).await;
        let quoted = text.replace('\'', "''");
        let expected = company
            .rows(&format!(
                "select productnumber as sku, name as text from production.product
                 where strpos(lower(name), lower('{quoted}')) > 0 or '{quoted}' = '' order by name desc, productnumber"
            ))
            .await;
        assert_eq!(answered["products"]["nodes"], expected, "{text}");
    }
}

#[tokio::test]
async fn products_come_in_the_order_of_their_numbers_and_null_where_there_is_none() {
    let Some(company) = open().await else { return };
    let skus = ["PK-7098", "NO SUCH", "' or '1'='1", "pk-7098", "BK-R93R-62", "PK-7098", ""];
    let query = "query($skus: [String!]!) { productsBySku(skus: $skus) { sku text } }";
    let answered = company.data(query, json!({"skus": skus})).await;
    let expected = company
        .rows("select productnumber as sku, name as text from production.product where productid in (749, 873) order by 1")
        .await;
    let (bike, kit) = (&expected[0], &expected[1]);
    assert_eq!(answered["productsBySku"], json!([kit, null, null, null, bike, kit, null]));
}
