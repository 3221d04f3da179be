-- Made after the tables are filled.
create index category_parent on category (parent_code, position);
create index product_category_code on product_category (code, sku);
create index product_relation_target on product_relation (target, kind, sku);
