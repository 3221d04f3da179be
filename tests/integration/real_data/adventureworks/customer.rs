//! Stores, customers, territories and rates of AdventureWorks.

use serde_json::{Value, json};

use super::open;
use crate::real_data::company::assert_rows;

#[tokio::test]
async fn every_customer_is_served_by_a_store_or_a_territory() {
    let Some(company) = open().await else { return };
    let query = "query($n: Int, $after: String) {
      page: customers(first: $n, after: $after) {
        nodes { account personId servedBy { __typename id name ... on Territory { country group salesThisYear } } }
        pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }";
    let (answered, n_pages) = company.pages(query, 1000).await;
    assert_eq!(n_pages, 20);
    let expected = company
        .rows(
            r#"
select c.accountnumber as account, c.personid as "personId",
  case when s.name is not null
    then json_build_object('__typename', 'Store', 'id', s.businessentityid, 'name', rtrim(s.name))
    else json_build_object('__typename', 'Territory', 'id', t.territoryid, 'name', t.name,
                           'country', t.countryregioncode, 'group', t."group", 'salesThisYear', t.salesytd::text)
  end as "servedBy"
from sales.customer c
left join sales.store s on s.businessentityid = c.storeid
left join sales.salesterritory t on t.territoryid = c.territoryid
order by c.accountnumber"#,
        )
        .await;
    assert_rows(&answered, &expected);
}

#[tokio::test]
async fn every_store_has_its_survey_addresses_contacts_and_customers() {
    let Some(company) = open().await else { return };
    let query = "query($n: Int, $before: String) {
      page: stores(last: $n, before: $before) {
        nodes {
          id account name salesPersonId survey { annualSales bank openedIn specialty }
          addresses { kind line1 line2 city postalCode state { code name country } }
          contacts { personId role }
          customers { account territory { name } store { id } }
        }
        pageInfo { hasNextPage hasPreviousPage startCursor }
      }
    }";
    let (answered, n_pages) = company.pages(query, 400).await;
    assert_eq!(n_pages, 2);
    let expected = company
        .rows(
            r#"
select s.businessentityid as id, rtrim(s.name) as name,
  (select min(c.accountnumber) from sales.customer c where c.storeid = s.businessentityid and c.personid is null)
    as account, s.salespersonid as "salesPersonId",
  json_build_object(
    'annualSales', substring(s.demographics from '<AnnualSales>([0-9]+)'),
    'bank', substring(s.demographics from '<BankName>([^<]+)'),
    'openedIn', substring(s.demographics from '<YearOpened>([0-9]+)')::int,
    'specialty', substring(s.demographics from '<Specialty>([^<]+)')) as survey,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select t.name as kind, rtrim(a.addressline1) as line1, a.addressline2 as line2, a.city,
            a.postalcode as "postalCode",
            json_build_object('code', rtrim(p.stateprovincecode), 'name', p.name, 'country', p.countryregioncode)
              as state
     from person.businessentityaddress b
     join person.address a using (addressid)
     join person.addresstype t using (addresstypeid)
     join person.stateprovince p using (stateprovinceid)
     where b.businessentityid = s.businessentityid order by t.name, a.addressid) x) as addresses,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select c.personid as "personId", t.name as role
     from person.businessentitycontact c join person.contacttype t using (contacttypeid)
     where c.businessentityid = s.businessentityid order by c.personid, t.name) x) as contacts,
  (select coalesce(json_agg(to_json(x)), '[]') from (
     select c.accountnumber as account, json_build_object('name', t.name) as territory,
            json_build_object('id', c.storeid) as store
     from sales.customer c join sales.salesterritory t using (territoryid)
     where c.storeid = s.businessentityid order by c.accountnumber) x) as customers
from sales.store s
order by s.name, s.businessentityid"#,
        )
        .await;
    assert_rows(&answered, &expected);
}

#[tokio::test]
async fn stores_and_territories_are_found_in_one_list() {
    let Some(company) = open().await else { return };
    let query = r#"query($n: Int, $before: String) {
      page: named(text: "South", last: $n, before: $before) {
        nodes { __typename id name ... on Store { salesPersonId } ... on Territory { salesLastYear } }
        pageInfo { hasNextPage hasPreviousPage startCursor }
      }
    }"#;
    let (answered, _) = company.pages(query, 3).await;
    let expected = company
        .rows(
            r#"
select json_build_object('__typename', 'Store', 'id', businessentityid, 'name', name, 'salesPersonId', salespersonid)
       as node, name, businessentityid as id
from sales.store where name like '%South%'
union all
select json_build_object('__typename', 'Territory', 'id', territoryid, 'name', name, 'salesLastYear', saleslastyear::text),
       name, territoryid
from sales.salesterritory where name like '%South%'
order by name, id"#,
        )
        .await;
    let expected: Vec<Value> = expected.as_array().into_iter().flatten().map(|row| row["node"].clone()).collect();
    assert_rows(&answered, &expected.into());
}

#[tokio::test]
async fn rates_are_known_by_two_currencies_and_a_day() {
    let Some(company) = open().await else { return };
    let query = r#"query($n: Int, $after: String) {
      page: rates(to: "EUR", first: $n, after: $after) {
        nodes { from to day average endOfDay } pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }"#;
    let (answered, _) = company.pages(query, 100).await;
    let expected = r#"
select fromcurrencycode as "from", tocurrencycode as "to", currencyratedate::date as day, averagerate::text as average,
       endofdayrate::text as "endOfDay"
from sales.currencyrate where tocurrencycode = 'EUR' order by currencyratedate desc"#;
    let expected = company.rows(expected).await;
    assert_rows(&answered, &expected);

    let by_key =
        "query($from: String!, $to: String!, $day: Date!) { rate(from: $from, to: $to, day: $day) { endOfDay } }";
    for rate in expected.as_array().into_iter().flatten().step_by(97) {
        let key = json!({"from": rate["from"], "to": rate["to"], "day": rate["day"]});
        assert_eq!(company.data(by_key, key).await["rate"], json!({"endOfDay": rate["endOfDay"]}));
    }
    let swapped = json!({"from": "EUR", "to": "USD", "day": expected[0]["day"]});
    assert_eq!(company.data(by_key, swapped).await["rate"], Value::Null);
}
