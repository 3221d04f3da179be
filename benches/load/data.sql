-- The systems of the load bench: an ERP and a PIM, as two schemas of one database.

create schema erp;
create schema pim;

create table erp.item (
    item_no text primary key, category text not null, life_cycle text not null, base_unit text not null, gtin text,
    min_qty numeric(10,0), pack_qty numeric(10,0), origin text, gross_kg numeric(10,3)
);
insert into erp.item
select 'PMP-' || lpad(n::text, 5, '0'), 'C' || lpad((n % 100)::text, 3, '0'),
       case n % 17 when 0 then '05' when 1 then '20' else '10' end, 'EA', '40' || lpad(n::text, 11, '0'),
       1 + n % 3, 10, (array['DE','IT','US','CN'])[1 + n % 4], round((n % 900) * 0.137 + 0.25, 3)
from generate_series(1, 3000) n;
create index on erp.item (category, item_no);

create table erp.account (
    account_no text primary key, name text not null, status text not null, currency text not null, price_group text,
    terms text not null, net_days int not null
);
insert into erp.account
select 'A' || lpad(n::text, 4, '0'), 'Pumpenhandel ' || n || ' GmbH', 'ACTIVE', 'EUR', 'G' || n % 5, 'N30', 30
from generate_series(0, 31) n;

create table erp.price (
    account_no text, item_no text, currency text not null, unit_price numeric(12,2) not null, per int not null, unit text not null,
    valid_to date, primary key (account_no, item_no)
);
insert into erp.price
select account_no, item_no, 'EUR', round(50 + (hashtext(account_no || item_no) & 65535) / 100.0, 2), 1, 'EA', date '2031-12-31'
from erp.account cross join erp.item;

create table erp.price_break (
    account_no text, item_no text, min_qty numeric(10,0), unit_price numeric(12,2) not null,
    primary key (account_no, item_no, min_qty)
);
insert into erp.price_break
select account_no, item_no, qty, round(unit_price * (100 - least(qty, 20)) / 100, 2)
from erp.price cross join unnest(array[5, 10, 50]) qty;

create table erp.stock (
    item_no text, plant text, on_hand numeric(12,0) not null, allocated numeric(12,0) not null, primary key (item_no, plant)
);
insert into erp.stock
select item_no, plant, (hashtext(item_no || plant) & 1023), (hashtext(plant || item_no) & 127)
from erp.item cross join unnest(array['HAM', 'MUC', 'ROT']) plant;

create table erp.inbound (
    document text primary key, item_no text not null, plant text not null, qty numeric(12,0) not null, due_date date not null
);
insert into erp.inbound
select 'PO' || substr(item_no, 5) || n, item_no, 'HAM', 50 * n, date '2031-01-10' + n * 14
from erp.item cross join generate_series(1, 2) n;
create index on erp.inbound (item_no);

create table erp.sales_order (
    order_no text primary key, account_no text not null, ordered_at timestamptz not null, status text not null,
    total numeric(14,2) not null
);
insert into erp.sales_order
select 'SO' || substr(account_no, 2) || lpad(n::text, 3, '0'), account_no, timestamptz '2030-01-01 08:00:00Z' + n * interval '1 day',
       case when n > 37 then 'OPEN' else 'SHIPPED' end, 100 + n * 12.5
from erp.account cross join generate_series(1, 40) n;
create index on erp.sales_order (account_no, ordered_at, order_no);

create table erp.order_line (
    order_no text, position int, item_no text not null, qty numeric(10,0) not null, net_amount numeric(14,2) not null,
    primary key (order_no, position)
);
insert into erp.order_line
select order_no, n, 'PMP-' || lpad((1 + (hashtext(order_no || n) & 2047))::text, 5, '0'), n * 2, n * 31.25
from erp.sales_order cross join generate_series(1, 3) n;

create table pim.content (
    item_no text primary key, name text not null, brand text not null, teaser text not null, description text not null,
    image_url text not null
);
insert into pim.content
select item_no, 'Kreiselpumpe ' || substr(item_no, 5), (array['Norden','Aquila','Ferrum'])[1 + (hashtext(item_no) & 1)],
       'Normally primed, close coupled, for clean water up to 90 °C.',
       repeat('A centrifugal pump for process and utility water; casing of cast iron, impeller of "stainless" steel. ', 4),
       'https://media.example.com/products/' || lower(item_no) || '/main.webp'
from erp.item;

create table pim.attribute (
    item_no text, position int, name text not null, value text not null, unit text, primary key (item_no, position)
);
insert into pim.attribute
select item_no, n, (array['Flow','Head','Power','Voltage','Speed','Connection'])[n], (n * 7 + (hashtext(item_no) & 63))::text,
       (array['m³/h','m','kW','V','1/min',null])[n]
from erp.item cross join generate_series(1, 6) n;

create table pim.document (
    item_no text, position int, title text not null, kind text not null, url text not null, language text not null,
    primary key (item_no, position)
);
insert into pim.document
select item_no, n, (array['Data sheet','Manual','Declaration'])[n], (array['DATASHEET','MANUAL','CERTIFICATE'])[n],
       'https://media.example.com/documents/' || lower(item_no) || '-' || n || '.pdf', 'en'
from erp.item cross join generate_series(1, 3) n;

analyze;
