-- The ERP of the demo company. Codes are padded to their column's width, as its screens want them; money is decimal text;
-- stamps that end in Z are UTC, all others are local time of the company.
create table item (
  item_no text primary key, item_text text not null, item_type text not null, status text not null,
  base_unit text not null, sales_unit text, gtin text, pack_qty integer, min_qty integer,
  gross_kg text, net_kg text, length_mm integer, width_mm integer, height_mm integer,
  hazardous integer not null, un_no text, freight_class text, origin text, tariff_no text,
  list_price text, price_per integer not null, standard_cost text not null,
  lead_days integer, backorder_code text not null, changed_at text
) without rowid;
create table item_unit (
  item_no text not null, unit text not null, numerator integer not null, denominator integer not null, gtin text,
  primary key (item_no, unit)
) without rowid;
create table plant (
  plant text primary key, plant_name text not null, city text not null, country text not null
) without rowid;
create table stock (
  item_no text not null, plant text not null, on_hand integer not null, allocated integer not null, committed integer not null,
  quality integer not null, safety integer not null, booked_at text, primary key (item_no, plant)
) without rowid;
create table inbound (
  document text primary key, item_no text not null, plant text not null, kind text not null, qty integer not null,
  due_date text, confirmed integer not null
) without rowid;
create table surcharge (
  item_no text not null, kind text not null, amount text, currency text, percent text, valid_from text not null, valid_to text,
  primary key (item_no, kind, valid_from)
) without rowid;

create table payment_terms (
  terms text primary key, net_days integer not null, discount_pct text, discount_days integer, prepay integer not null
) without rowid;
create table account (
  account_no text primary key, name text not null, block_code text not null, roles text not null, parent_no text, top_no text not null,
  tier text, price_group text, currency text not null, lang text not null,
  street text not null, postal_code text not null, city text not null, region text, country text not null,
  terms text not null, incoterms text, carrier text, sales_rep text, changed_at text
) without rowid;
create table ship_to (
  account_no text not null, address_no text not null, name text not null, street text not null, postal_code text not null,
  city text not null, region text, country text not null, active integer not null, valid_from text not null, valid_to text not null,
  restrictions text not null, primary key (account_no, address_no)
) without rowid;
create table contact (
  account_no text not null, contact_no integer not null, name text not null, function text not null, email text, phone text,
  primary key (account_no, contact_no)
) without rowid;
create table tax_certificate (
  account_no text not null, jurisdiction text not null, certificate text not null, valid_from text not null, valid_to text,
  revoked integer not null, primary key (account_no, certificate)
) without rowid;
create table credit (
  account_no text primary key, credit_limit text, receivable text not null, open_orders text not null, exposure text not null,
  overdue text not null, hold integer not null, hold_source text, risk_class text, checked_at text, shared_with text not null
) without rowid;

-- Who may use whose prices: assigned, not implied by the hierarchy. `party` is an account, a price group, a promotion or a list.
create table price_assignment (
  account_no text not null, step integer not null, source text not null, party text not null, primary key (account_no, step)
) without rowid;
create table price_record (
  record_no text primary key, party text not null, item_no text not null, contract_no text, status text not null,
  min_qty integer not null, price text not null, currency text not null, per integer not null, unit text not null,
  valid_from text not null, valid_to text not null
) without rowid;

-- What is paid back after a period; `valid_before` is the first day that an agreement holds no more.
create table rebate_agreement (
  agreement_no text primary key, account_no text not null, title text not null, basis text not null, period text not null,
  currency text not null, valid_from text not null, valid_before text not null
) without rowid;
create table rebate_tier (
  agreement_no text not null, step integer not null, from_amount text, from_qty integer, unit text, percent text not null,
  primary key (agreement_no, step)
) without rowid;

-- `placed_by` is the shop's login that an order came from.
create table sales_order (
  order_no text primary key, web_no text, customer_po text, account_no text not null, bill_to text not null, ship_to text,
  ordered_at text not null, requested text, promised text, valid_until text, currency text not null,
  net text not null, tax text not null, freight text not null, surcharges text not null, total text not null, cost text,
  terms text, status text not null, delivery_status text not null, billing_status text not null, updated_at text not null,
  placed_by text
) without rowid;
create table sales_line (
  order_no text not null, line_no integer not null, line_type text not null, item_no text, requested_item text, line_text text not null,
  unit text, ordered integer not null, cancelled integer not null, allocated integer not null, shipped integer not null,
  delivered integer not null, invoiced integer not null, returned integer not null, backordered integer not null,
  price text, per integer, net text, plant text, requested text, promised text, rejection text, status text not null,
  primary key (order_no, line_no)
) without rowid;
create table order_hold (
  order_no text not null, hold_no integer not null, code text not null, line_no integer, since text not null,
  releasable integer not null, set_by text not null, released_at text, primary key (order_no, hold_no)
) without rowid;
create table shipment (
  shipment_no text primary key, order_no text not null, status text not null, plant text not null, shipped_at text, delivered_at text,
  carrier text, tracking text not null
) without rowid;
create table shipment_line (
  shipment_no text not null, line_no integer not null, item_no text not null, qty integer not null, primary key (shipment_no, line_no)
) without rowid;
create table invoice (
  invoice_no text primary key, order_no text not null, kind text not null, invoice_date text not null, due_date text not null,
  total text not null, open text not null, currency text not null
) without rowid;
create table invoice_line (
  invoice_no text not null, line_no integer not null, item_no text not null, qty integer not null, primary key (invoice_no, line_no)
) without rowid;
create table return_order (
  return_no text primary key, order_no text not null, status text not null, return_date text not null, reason text not null
) without rowid;
create table return_line (
  return_no text not null, line_no integer not null, item_no text not null, qty integer not null, primary key (return_no, line_no)
) without rowid;
create table order_event (
  order_no text not null, event_no integer not null, kind text not null, at text not null, line_no integer,
  before_value text, after_value text, cause text, primary key (order_no, event_no)
) without rowid;
