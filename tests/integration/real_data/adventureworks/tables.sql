-- The tables of AdventureWorks that the files hold, with PostgreSQL's word for each type of the public script.

create schema production;
create schema purchasing;
create schema person;
create schema sales;

create table production.product (
  productid integer primary key, name text not null, productnumber text not null unique, makeflag boolean not null,
  finishedgoodsflag boolean not null, color text, safetystocklevel smallint not null, reorderpoint smallint not null,
  standardcost numeric(19, 4) not null, listprice numeric(19, 4) not null, size text, sizeunitmeasurecode char(3),
  weightunitmeasurecode char(3), weight numeric(8, 2), daystomanufacture integer not null, productline char(2),
  class char(2), style char(2), productsubcategoryid integer, productmodelid integer, sellstartdate timestamp not null,
  sellenddate timestamp, discontinueddate timestamp, modifieddate timestamp not null
);
create table production.productmodel (productmodelid integer primary key, name text not null, modifieddate timestamp);
create table production.productsubcategory (
  productsubcategoryid integer primary key, productcategoryid integer not null, name text not null,
  modifieddate timestamp
);
create table production.productcategory (
  productcategoryid integer primary key, name text not null, modifieddate timestamp
);
create table production.productdescription (
  productdescriptionid integer primary key, description text not null, modifieddate timestamp
);
create table production.productmodelproductdescriptionculture (
  productmodelid integer, productdescriptionid integer, cultureid char(6), modifieddate timestamp,
  primary key (productmodelid, productdescriptionid, cultureid)
);
create table production.document (
  documentnode text primary key, documentlevel smallint, title text not null, owner integer not null,
  folderflag boolean not null, filename text not null, fileextension text not null, revision char(5) not null,
  changenumber integer not null, status smallint not null, documentsummary text, modifieddate timestamp
);
create table production.productdocument (
  productid integer, documentnode text, modifieddate timestamp, primary key (productid, documentnode)
);
create table production.productinventory (
  productid integer, locationid smallint, shelf text not null, bin smallint not null, quantity smallint not null,
  modifieddate timestamp, primary key (productid, locationid)
);
create table production.location (
  locationid smallint primary key, name text not null, costrate numeric(10, 4) not null,
  availability numeric(8, 2) not null, modifieddate timestamp
);
create table production.productlistpricehistory (
  productid integer, startdate timestamp, enddate timestamp, listprice numeric(19, 4) not null, modifieddate timestamp,
  primary key (productid, startdate)
);
create table production.productcosthistory (
  productid integer, startdate timestamp, enddate timestamp, standardcost numeric(19, 4) not null,
  modifieddate timestamp, primary key (productid, startdate)
);
create table production.billofmaterials (
  billofmaterialsid integer primary key, productassemblyid integer, componentid integer not null,
  startdate timestamp not null, enddate timestamp, unitmeasurecode char(3) not null, bomlevel smallint not null,
  perassemblyqty numeric(8, 2) not null, modifieddate timestamp
);
create index on production.billofmaterials (productassemblyid);
create index on production.billofmaterials (componentid);
create table production.unitmeasure (unitmeasurecode char(3) primary key, name text not null, modifieddate timestamp);

create table purchasing.vendor (
  businessentityid integer primary key, accountnumber text not null, name text not null, creditrating smallint not null,
  preferredvendorstatus boolean not null, activeflag boolean not null, purchasingwebserviceurl text,
  modifieddate timestamp
);
create table purchasing.productvendor (
  productid integer, businessentityid integer, averageleadtime integer not null, standardprice numeric(19, 4) not null,
  lastreceiptcost numeric(19, 4), lastreceiptdate timestamp, minorderqty integer not null, maxorderqty integer not null,
  onorderqty integer, unitmeasurecode char(3) not null, modifieddate timestamp,
  primary key (productid, businessentityid)
);
create table purchasing.shipmethod (
  shipmethodid integer primary key, name text not null, shipbase numeric(19, 4), shiprate numeric(19, 4),
  modifieddate timestamp
);
create table purchasing.purchaseorderheader (
  purchaseorderid integer primary key, revisionnumber smallint not null, status smallint not null,
  employeeid integer not null, vendorid integer not null, shipmethodid integer not null, orderdate timestamp not null,
  shipdate timestamp, subtotal numeric(19, 4) not null, taxamt numeric(19, 4) not null, freight numeric(19, 4) not null,
  totaldue numeric(19, 4) not null, modifieddate timestamp not null
);
create table purchasing.purchaseorderdetail (
  purchaseorderid integer, purchaseorderdetailid integer primary key, duedate timestamp not null,
  orderqty smallint not null, productid integer not null, unitprice numeric(19, 4) not null,
  linetotal numeric(19, 4) not null, receivedqty numeric(8, 2) not null, rejectedqty numeric(8, 2) not null,
  stockedqty numeric(9, 2) not null, modifieddate timestamp
);
create index on purchasing.purchaseorderdetail (purchaseorderid);
create index on purchasing.purchaseorderdetail (productid);

create table person.address (
  addressid integer primary key, addressline1 text not null, addressline2 text, city text not null,
  stateprovinceid integer not null, postalcode text not null, modifieddate timestamp
);
create table person.addresstype (addresstypeid integer primary key, name text not null, modifieddate timestamp);
create table person.businessentityaddress (
  businessentityid integer, addressid integer, addresstypeid integer, modifieddate timestamp,
  primary key (businessentityid, addressid, addresstypeid)
);
create table person.businessentitycontact (
  businessentityid integer, personid integer, contacttypeid integer, modifieddate timestamp,
  primary key (businessentityid, personid, contacttypeid)
);
create table person.contacttype (contacttypeid integer primary key, name text not null, modifieddate timestamp);
create table person.stateprovince (
  stateprovinceid integer primary key, stateprovincecode char(3) not null, countryregioncode text not null,
  isonlystateprovinceflag boolean not null, name text not null, territoryid integer not null, modifieddate timestamp
);

create table sales.store (
  businessentityid integer primary key, name text not null, salespersonid integer, demographics text,
  modifieddate timestamp
);
create table sales.customer (
  customerid integer primary key, personid integer, storeid integer, territoryid integer, accountnumber text not null,
  modifieddate timestamp
);
create index on sales.customer (accountnumber);
create index on sales.customer (storeid);
create table sales.salesterritory (
  territoryid integer primary key, name text not null, countryregioncode text not null, "group" text not null,
  salesytd numeric(19, 4) not null, saleslastyear numeric(19, 4) not null, costytd numeric(19, 4),
  costlastyear numeric(19, 4), modifieddate timestamp
);
create table sales.currencyrate (
  currencyrateid integer primary key, currencyratedate timestamp not null, fromcurrencycode char(3) not null,
  tocurrencycode char(3) not null, averagerate numeric(19, 4) not null, endofdayrate numeric(19, 4) not null,
  modifieddate timestamp
);

-- An instant as the graph writes it, from a time without a zone.
create function instant(local timestamp, zone text) returns text language sql as $$
  select to_char(local at time zone zone at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || coalesce('.' || nullif(rtrim(to_char(local, 'US'), '0'), ''), '') || 'Z'
$$;

-- What the PIM knows: finished products, and components that have a document.
create view in_pim as
  select p.* from production.product p
  where finishedgoodsflag or exists (select from production.productdocument d where d.productid = p.productid);
