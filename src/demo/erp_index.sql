-- Made after the tables are filled: sorting once is cheaper than keeping order all along.
create index item_gtin on item (gtin);
create index item_unit_gtin on item_unit (gtin);
create index inbound_item on inbound (item_no, due_date);
create index account_parent on account (parent_no, account_no);
create index price_record_party on price_record (party, item_no);
create index rebate_account on rebate_agreement (account_no, valid_from, agreement_no);
create index order_account on sales_order (account_no, updated_at, order_no);
create index order_customer_po on sales_order (account_no, customer_po);
create index order_updated on sales_order (updated_at, order_no);
create index line_item on sales_line (item_no, order_no);
create index line_requested_item on sales_line (requested_item, order_no) where requested_item is not null;
create index hold_code on order_hold (code, since);
create index shipment_order on shipment (order_no);
create index invoice_order on invoice (order_no);
create index return_order_order on return_order (order_no);
