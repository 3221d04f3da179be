-- The PIM of the demo company: what is said and shown about a product, by language and channel.
create table product (
  sku text primary key, uuid text not null, brand text not null, family text not null, enabled integer not null, updated_at text
) without rowid;
create table product_text (
  sku text not null, locale text not null, channel text not null, name text not null, body text, primary key (sku, locale, channel)
) without rowid;
create table product_attribute (
  sku text not null, position integer not null, code text not null, label text not null, value text, unit text,
  primary key (sku, position)
) without rowid;
create table category (
  code text primary key, parent_code text, name text not null, position integer not null
) without rowid;
-- Every category with every category above it, and itself.
create table category_path (
  above text not null, code text not null, primary key (above, code)
) without rowid;
create table product_category (
  sku text not null, code text not null, position integer not null, primary key (sku, code)
) without rowid;
create table product_relation (
  sku text not null, position integer not null, kind text not null, target text not null, quantity integer,
  primary key (sku, position)
) without rowid;
create table product_document (
  sku text not null, position integer not null, kind text not null, title text not null, url text not null, locale text,
  format text, revision text, issuer text, valid_until text, primary key (sku, position)
) without rowid;
create table product_external (
  sku text not null, system text not null, external_id text not null, primary key (sku, system)
) without rowid;
