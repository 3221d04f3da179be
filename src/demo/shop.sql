-- The web shop of the demo company. Money is in cents; stamps are UTC without a zone; stock, lifecycle and order state are
-- copies that a nightly job brings, when it runs.
create table product (
  sku text primary key, slug text not null, visible integer not null, list_rank integer, stock_copy integer, state_copy text not null,
  copied_at text not null
) without rowid;
create table login (
  login_id text primary key, name text not null, email text not null, active integer not null, last_login text
) without rowid;
create table login_account (
  account_no text not null, login_id text not null, permissions text not null, order_limit_cents integer, currency text not null,
  primary key (account_no, login_id)
) without rowid;
create table web_order (
  web_no text primary key, erp_no text, account_no text not null, bill_to text not null, ship_to text, customer_po text, requested text,
  currency text not null, net_cents integer not null, state text not null, changed_at text not null,
  login_id text
) without rowid;
create table web_line (
  web_no text not null, position integer not null, sku text not null, title text not null, unit text not null, qty integer not null,
  price_cents integer, primary key (web_no, position)
) without rowid;
