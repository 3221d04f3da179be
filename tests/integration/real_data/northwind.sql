-- The tables of Northwind, as the public script has them. Its dates are month/day/year.

set datestyle to iso, mdy;

create table products (
  productid integer primary key, productname text not null, supplierid integer, categoryid integer, quantityperunit text,
  unitprice numeric(19, 4), unitsinstock smallint, unitsonorder smallint, reorderlevel smallint,
  discontinued boolean not null
);
create table shippers (shipperid integer primary key, companyname text not null, phone text);
create table customers (
  customerid char(5) primary key, companyname text not null, contactname text, contacttitle text, address text, city text,
  region text, postalcode text, country text, phone text, fax text
);
create table orders (
  orderid integer primary key, customerid char(5), employeeid integer, orderdate date, requireddate date,
  shippeddate date, shipvia integer, freight numeric(19, 4), shipname text, shipaddress text, shipcity text,
  shipregion text, shippostalcode text, shipcountry text
);
create index on orders (customerid);
create table orderdetails (
  orderid integer, productid integer, unitprice numeric(19, 4) not null, quantity smallint not null,
  discount real not null, primary key (orderid, productid)
);
create index on orderdetails (productid);
