-- Made after the tables are filled.
create index web_order_erp on web_order (erp_no);
create index web_order_account on web_order (account_no, changed_at, web_no);
