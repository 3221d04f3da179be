//! Purchase orders of AdventureWorks, and what they still bring.

use serde_json::json;

use super::open;
use crate::real_data::company::assert_rows;

const ORDER: &str = r#"
select h.purchaseorderid as number from purchasing.purchaseorderheader h
order by h.shipdate desc nulls last, h.orderdate, h.purchaseorderid desc"#;

#[tokio::test]
async fn purchase_orders_page_in_sql_order_forward_and_backward() {
    let Some(company) = open().await else { return };
    let expected = company.rows(ORDER).await;
    for (direction, arguments) in
        [("$after: String", "first: $n, after: $after"), ("$before: String", "last: $n, before: $before")]
    {
        for n_rows in [37, 500] {
            let query = format!(
                "query($n: Int, {direction}) {{ page: purchaseOrders({arguments}) {{
                   nodes {{ number }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
            );
            let (answered, n_pages) = company.pages(&query, n_rows).await;
            assert_rows(&answered, &expected);
            assert_eq!(n_pages, expected.as_array().map_or(0, Vec::len).div_ceil(n_rows));
        }
    }
}

#[tokio::test]
async fn every_purchase_order_has_its_lines() {
    let Some(company) = open().await else { return };
    let query = "query($n: Int, $after: String) {
      page: purchaseOrders(first: $n, after: $after) {
        nodes {
          number revision status shipMethod orderedOn shippedOn net tax freight total changedAt vendor { id name }
          lines { number dueOn ordered received rejected stocked price net product { sku text name } }
        }
        pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }";
    let (answered, _) = company.pages(query, 500).await;
    let expected = company
        .rows(
            r#"
select h.purchaseorderid as number, h.revisionnumber as revision,
  (array['PENDING', 'APPROVED', 'REJECTED', 'COMPLETE'])[h.status] as status, m.name as "shipMethod",
  h.orderdate::date as "orderedOn", h.shipdate::date as "shippedOn", h.subtotal::text as net, h.taxamt::text as tax,
  h.freight::text as freight, h.totaldue::text as total, instant(h.modifieddate, 'America/Los_Angeles') as "changedAt",
  json_build_object('id', v.businessentityid, 'name', v.name) as vendor,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select d.purchaseorderdetailid as number, d.duedate::date as "dueOn", d.orderqty as ordered,
            d.receivedqty::text as received, d.rejectedqty::text as rejected, d.stockedqty::text as stocked,
            d.unitprice::text as price, d.linetotal::text as net,
            json_build_object('sku', p.productnumber, 'text', p.name, 'name', c.name) as product
     from purchasing.purchaseorderdetail d
     join production.product p using (productid)
     left join in_pim c using (productid)
     where d.purchaseorderid = h.purchaseorderid order by d.purchaseorderdetailid) x) as lines
from purchasing.purchaseorderheader h
join purchasing.shipmethod m using (shipmethodid)
join purchasing.vendor v on v.businessentityid = h.vendorid
order by h.shipdate desc nulls last, h.orderdate, h.purchaseorderid desc"#,
        )
        .await;
    assert_rows(&answered, &expected);
}

#[tokio::test]
async fn purchase_orders_are_filtered_and_counted() {
    let Some(company) = open().await else { return };
    let query = "query($filter: PurchaseOrderFilter) { purchaseOrders(filter: $filter, first: 1) { totalCount } }";
    let statuses = [("PENDING", 1), ("APPROVED", 2), ("REJECTED", 3), ("COMPLETE", 4)];
    for (word, status) in statuses {
        for vendors in [None, Some([1496, 1580, 9])] {
            let mut sql = format!("select count(*) as n from purchasing.purchaseorderheader where status = {status}");
            let mut filter = json!({"status": word});
            if let Some(vendors) = vendors {
                sql.push_str(&format!(" and vendorid = any(array{vendors:?})"));
                filter["vendors"] = vendors.into();
            }
            let answered = company.data(query, json!({"filter": filter})).await;
            assert_eq!(answered["purchaseOrders"]["totalCount"], company.rows(&sql).await[0]["n"], "{filter}");
        }
    }
    let none = company.data(query, json!({"filter": {"vendors": []}})).await;
    assert_eq!(none["purchaseOrders"]["totalCount"], 0);
    let all = company.data(query, json!({})).await;
    let n_all = company.rows("select count(*) as n from purchasing.purchaseorderheader").await;
    assert_eq!(all["purchaseOrders"]["totalCount"], n_all[0]["n"]);
}

#[tokio::test]
async fn every_product_says_what_is_on_its_way() {
    let Some(company) = open().await else { return };
    let query = "{ products(first: 600) { nodes {
      sku inbound(first: 3) { nodes { number status } totalCount pageInfo { hasNextPage } } } } }";
    let answered = company.data(query, json!({})).await;
    let expected = company
        .rows(
            r#"
with open as (
  select d.productid, d.purchaseorderid, h.status, min(d.duedate) as due
  from purchasing.purchaseorderdetail d join purchasing.purchaseorderheader h using (purchaseorderid)
  where h.status < 3 group by 1, 2, 3 having sum(d.orderqty) > sum(d.receivedqty)
)
select p.productnumber as sku, json_build_object(
  'nodes', (select coalesce(json_agg(to_json(x)), '[]') from (
     select o.purchaseorderid as number, case o.status when 1 then 'PENDING' else 'APPROVED' end as status
     from open o where o.productid = p.productid order by o.due, o.purchaseorderid limit 3) x),
  'totalCount', (select count(*) from open o where o.productid = p.productid),
  'pageInfo', json_build_object('hasNextPage', (select count(*) > 3 from open o where o.productid = p.productid))
) as inbound
from production.product p order by p.name desc, p.productnumber"#,
        )
        .await;
    assert_rows(&answered["products"]["nodes"], &expected);
}
