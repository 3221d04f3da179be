//! Northwind: a shop with customers and orders, an ERP with products and shippers.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{
    company::{Company, Databases, assert_rows},
    tables,
};
use crate::common::postgres;

const DDL: &str = include_str!("northwind.sql");

async fn open() -> Option<Company> {
    static DATABASES: OnceCell<Databases> = OnceCell::const_new();
    let folder = tables::folder("northwind")?;
    let load = || async {
        let create = || postgres::shared().create_database();
        let (erp, shop, truth) = (create(), create(), create());
        let of_erp = |table: &str| ["Products", "Shippers"].contains(&table);
        tables::load(&erp, DDL, &folder, of_erp).await;
        tables::load(&shop, DDL, &folder, |table| !of_erp(table)).await;
        tables::load(&truth, DDL, &folder, |_| true).await;
        Databases { systems: vec![("ERP_URL", erp), ("SHOP_URL", shop)], truth }
    };
    Some(Company::open("northwind", DATABASES.get_or_init(load).await))
}

/// How the truth writes an order as the graph does; the columns of `orders` are `o`.
const ORDER: &str = r#"
o.orderid as number, o.orderdate as "orderedOn", o.requireddate as "requiredOn", o.shippeddate as "shippedOn",
o.freight::text as freight,
json_build_object('name', o.shipname, 'street', o.shipaddress, 'city', o.shipcity, 'region', o.shipregion,
                  'postalCode', o.shippostalcode, 'country', o.shipcountry) as "shipTo",
(select json_build_object('code', c.customerid, 'company', c.companyname)
 from customers c where c.customerid = o.customerid) as customer,
(select json_build_object('id', s.shipperid, 'name', s.companyname, 'phone', s.phone)
 from shippers s where s.shipperid = o.shipvia) as shipper,
(select json_agg(to_json(x)) from (
   select d.productid as "productId", d.quantity, d.unitprice::text as price, d.discount::text as discount,
          json_build_object('name', p.productname, 'price', p.unitprice::text, 'inStock', p.unitsinstock) as product
   from orderdetails d join products p using (productid)
   where d.orderid = o.orderid order by d.productid) x) as lines"#;

const ORDER_FIELDS: &str = "
  number orderedOn requiredOn shippedOn freight
  shipTo { name street city region postalCode country }
  customer { code company } shipper { id name phone }
  lines { productId quantity price discount product { name price inStock } }";

#[tokio::test]
async fn every_order_has_its_lines_products_customer_and_shipper() {
    let Some(company) = open().await else { return };
    let query = format!(
        "query($n: Int, $after: String) {{ page: orders(first: $n, after: $after) {{
           nodes {{ {ORDER_FIELDS} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
    );
    let (answered, n_pages) = company.pages(&query, 100).await;
    assert_eq!(n_pages, 9);
    let sql = format!("select {ORDER} from orders o order by o.shippeddate desc nulls last, o.orderid");
    assert_rows(&answered, &company.rows(&sql).await);
}

#[tokio::test]
async fn orders_page_in_sql_order_both_ways_over_those_not_shipped() {
    let Some(company) = open().await else { return };
    let sql = "select orderid as number, shippeddate as \"shippedOn\" from orders
               order by shippeddate desc nulls last, orderid";
    let expected = company.rows(sql).await;
    for (direction, arguments) in
        [("$after: String", "first: $n, after: $after"), ("$before: String", "last: $n, before: $before")]
    {
        for n_rows in [7, 83] {
            let query = format!(
                "query($n: Int, {direction}) {{ page: orders({arguments}) {{
                   nodes {{ number shippedOn }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
            );
            let (answered, _) = company.pages(&query, n_rows).await;
            assert_rows(&answered, &expected);
        }
    }
}

#[tokio::test]
async fn every_customer_has_an_address_and_its_last_orders() {
    let Some(company) = open().await else { return };
    let query = "{ customers {
      code company contact { name title } address { name street city region postalCode country } phone fax
      orders(first: 3) { edges { node { number orderedOn } } totalCount pageInfo { hasNextPage } }
      open: orders(isOpen: true) { nodes { number } totalCount }
      first: orders(last: 2) { nodes { number } pageInfo { hasPreviousPage } }
    } }";
    let answered = company.data(query, json!({})).await;
    let expected = company
        .rows(
            r#"
select c.customerid as code, c.companyname as company,
  json_build_object('name', c.contactname, 'title', c.contacttitle) as contact,
  json_build_object('name', null, 'street', c.address, 'city', c.city, 'region', c.region,
                    'postalCode', c.postalcode, 'country', c.country) as address,
  c.phone, c.fax,
  json_build_object(
    'edges', (select coalesce(json_agg(json_build_object('node', to_json(x))), '[]') from (
       select orderid as number, orderdate as "orderedOn" from orders o where o.customerid = c.customerid
       order by orderdate desc, orderid limit 3) x),
    'totalCount', (select count(*) from orders o where o.customerid = c.customerid),
    'pageInfo', json_build_object('hasNextPage', (select count(*) > 3 from orders o where o.customerid = c.customerid))
  ) as orders,
  (select json_build_object('nodes', coalesce(json_agg(to_json(x)), '[]'), 'totalCount', count(*)) from (
     select orderid as number from orders o where o.customerid = c.customerid and shippeddate is null
     order by orderdate desc, orderid) x) as open,
  json_build_object(
    'nodes', (select coalesce(json_agg(to_json(x)), '[]') from (
       select number from (select orderid as number, orderdate from orders o where o.customerid = c.customerid
         order by orderdate, orderid desc limit 2) as earliest order by orderdate desc, number) x),
    'pageInfo', json_build_object('hasPreviousPage',
      (select count(*) > 2 from orders o where o.customerid = c.customerid))
  ) as first
from customers c order by c.companyname, c.customerid"#,
        )
        .await;
    assert_rows(&answered["customers"], &expected);
}

#[tokio::test]
async fn every_line_is_known_by_its_order_and_its_product() {
    let Some(company) = open().await else { return };
    let query = "{ products { id sales(first: 100) {
      nodes { orderNumber productId quantity net order { customer { company } } product { name } } totalCount } } }";
    let answered = company.data(query, json!({})).await;
    let expected = company
        .rows(
            r#"
select p.productid as id, json_build_object(
  'nodes', (select coalesce(json_agg(to_json(x)), '[]') from (
     select d.orderid as "orderNumber", d.productid as "productId", d.quantity,
            (d.unitprice * d.quantity * (1 - d.discount::text::numeric))::text as net,
            json_build_object('customer', json_build_object('company', c.companyname)) as order,
            json_build_object('name', p.productname) as product
     from orderdetails d join orders o using (orderid) join customers c using (customerid)
     where d.productid = p.productid order by d.quantity desc, d.orderid) x),
  'totalCount', (select count(*) from orderdetails d where d.productid = p.productid)) as sales
from products p order by p.productname, p.productid"#,
        )
        .await;
    assert_rows(&answered["products"], &expected);
    let n_lines: usize = (answered["products"].as_array().into_iter().flatten())
        .filter_map(|product| product["sales"]["nodes"].as_array())
        .map(Vec::len)
        .sum();
    assert_eq!(company.rows("select count(*) as n from orderdetails").await[0]["n"], n_lines);

    let query = "{ there: line(order: 10248, product: 11) { quantity net }
                   swapped: line(order: 11, product: 10248) { quantity }
                   other: line(order: 10248, product: 12) { quantity } }";
    let there = "select quantity, (unitprice * quantity * (1 - discount::text::numeric))::text as net
                 from orderdetails where orderid = 10248 and productid = 11";
    let expected = json!({"there": company.rows(there).await[0], "swapped": null, "other": null});
    assert_eq!(company.data(query, json!({})).await, expected);
}

#[tokio::test]
async fn every_product_is_what_the_erp_holds() {
    let Some(company) = open().await else { return };
    let query = "{ products { id name packing price isDiscontinued inStock onOrder reorderLevel } }";
    let expected = company
        .rows(
            r#"
select productid as id, productname as name, quantityperunit as packing, unitprice::text as price,
       discontinued as "isDiscontinued", unitsinstock as "inStock", unitsonorder as "onOrder",
       reorderlevel as "reorderLevel"
from products order by productname, productid"#,
        )
        .await;
    assert_rows(&company.data(query, json!({})).await["products"], &expected);
}

#[tokio::test]
async fn orders_are_filtered_by_dates_and_countries() {
    let Some(company) = open().await else { return };
    let query = "query($from: Date, $until: Date, $countries: [String!]) {
      orders(from: $from, until: $until, countries: $countries, first: 100) { nodes { number } totalCount }
    }";
    for (variables, condition) in [
        (json!({"from": "1997-01-01", "until": "1997-02-01"}), "orderdate between '1997-01-01' and '1997-01-31'"),
        (json!({"from": "1998-05-06"}), "orderdate > '1998-05-05'"),
        (json!({"countries": ["Poland", "Norway", "Atlantis"]}), "shipcountry in ('Poland', 'Norway')"),
        (
            json!({"countries": ["Mexico"], "until": "1997-01-01"}),
            "shipcountry = 'Mexico' and orderdate < '1997-01-01'",
        ),
        (json!({"countries": []}), "false"),
    ] {
        let answered = company.data(query, variables.clone()).await;
        let order = "order by shippeddate desc nulls last, orderid";
        let expected = company.rows(&format!("select orderid as number from orders where {condition} {order}")).await;
        assert_eq!(answered["orders"]["nodes"], expected, "{variables}");
        assert_eq!(answered["orders"]["totalCount"], expected.as_array().map_or(0, Vec::len), "{variables}");
    }
}

#[tokio::test]
async fn late_orders_come_the_latest_first() {
    let Some(company) = open().await else { return };
    let query = "query($n: Int, $after: String) { page: lateOrders(first: $n, after: $after) {
      nodes { number requiredOn shippedOn } pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let (answered, _) = company.pages(query, 10).await;
    let expected = company
        .rows(
            r#"
select orderid as number, requireddate as "requiredOn", shippeddate as "shippedOn"
from orders where shippeddate > requireddate order by shippeddate - requireddate desc, orderid"#,
        )
        .await;
    assert_rows(&answered, &expected);
}

#[tokio::test]
async fn customers_are_looked_for_in_one_way_at_a_time() {
    let Some(company) = open().await else { return };
    let query = "query($by: CustomerSearch) { customers(by: $by) { code company } }";
    for (by, condition) in [
        (json!({"code": "BONAP"}), "customerid = 'BONAP'"),
        (json!({"company": "'"}), "companyname like '%''%'"),
        (json!({"company": "é"}), "companyname ilike '%é%'"),
        (json!({"countries": ["UK", "Ireland"]}), "country in ('UK', 'Ireland')"),
        (json!({"code": "bonap"}), "false"),
    ] {
        let sql = "select customerid as code, companyname as company from customers";
        let expected = company.rows(&format!("{sql} where {condition} order by companyname, customerid")).await;
        assert_eq!(company.data(query, json!({"by": by})).await["customers"], expected, "{by}");
    }
    let answer = company.answer(query, json!({"by": {"code": "BONAP", "company": "x"}})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_VARIABLES");
}

#[tokio::test]
async fn orders_come_in_the_order_of_their_numbers_and_null_where_there_is_none() {
    let Some(company) = open().await else { return };
    let query = format!("query($numbers: [Int!]!) {{ ordersByNumber(numbers: $numbers) {{ {ORDER_FIELDS} }} }}");
    let answered = company.data(&query, json!({"numbers": [11077, 1, 10248, 11077, -5]})).await;
    let sql = format!("select {ORDER} from orders o where o.orderid in (10248, 11077) order by o.orderid");
    let expected = company.rows(&sql).await;
    let (first, last) = (&expected[0], &expected[1]);
    assert_eq!(answered["ordersByNumber"], json!([last, null, first, last, null]));
}

#[tokio::test]
async fn more_orders_than_one_fetch_takes_are_all_there() {
    let Some(company) = open().await else { return };
    let numbers = company.rows("select orderid as number from orders order by md5(orderid::text)").await;
    let numbers: Vec<&Value> = numbers.as_array().into_iter().flatten().map(|row| &row["number"]).collect();
    let query = "query($numbers: [Int!]!) { ordersByNumber(numbers: $numbers) { number freight } }";
    let answered = company.data(query, json!({"numbers": numbers})).await;
    let sql = "select orderid as number, freight::text as freight from orders order by md5(orderid::text)";
    assert_rows(&answered["ordersByNumber"], &company.rows(sql).await);
}

#[tokio::test]
async fn a_price_at_the_time_of_the_order_is_not_the_price_of_the_product() {
    let Some(company) = open().await else { return };
    let query = "query($number: Int!) { order(number: $number) { lines { price product { price } } } }";
    let differing = "select orderid as number, count(*) as n from orderdetails d join products p using (productid)
                     where d.unitprice <> p.unitprice group by 1 order by 2 desc, 1 limit 5";
    for row in company.rows(differing).await.as_array().into_iter().flatten() {
        let answered = company.data(query, json!({"number": row["number"]})).await;
        let lines = answered["order"]["lines"].as_array().into_iter().flatten();
        assert_eq!(row["n"], lines.filter(|line| line["price"] != line["product"]["price"]).count());
    }
}
