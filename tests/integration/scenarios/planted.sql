-- What the scenarios need of the demo company's ERP beside what is there. It runs on the SQLite file; PostgreSQL gets the result.

-- Debts are paid, but where the scenario is the debt: one thing at a time stands in the way of a cart.
update invoice set open = '0.00'
where due_date < '2026-06-30'
  and order_no in (select order_no from sales_order where account_no in ('100042', '100077', '100090', '100120'));
update credit
set receivable = printf('%.2f', receivable - overdue), exposure = printf('%.2f', exposure - overdue), overdue = '0.00'
where account_no in ('100042', '100077', '100090', '100120');

-- Two orders that ask for a pump and spare parts: a person has to look at one, a line of the other cannot be shipped as it is.
-- Two more of which nothing can be reserved: what is missing of one has a day, of the other it has none.
insert into sales_order
select number, null, 'PO-100042-' || substr(number, 7), account_no, bill_to, ship_to, ordered_at, requested,
       case number when '4500019003' then '2026-07-12' when '4500019004' then null else promised end, valid_until, currency, net, tax,
       freight, surcharges, total, cost, terms, status, 'A', 'A', updated_at, null
from sales_order,
     (select '4500019001' as number union all select '4500019002' union all select '4500019003' union all select '4500019004')
where order_no = '4500012349';
insert into sales_line
select number, line_no, line_type, item_no, null, line_text, unit, ordered, cancelled, allocated, shipped, delivered, invoiced, returned,
       backordered, price, per, net, plant, requested, promised, rejection, status
from sales_line, (select '4500019001' as number union all select '4500019002')
where order_no = '4500012349';
insert into sales_line
select case line_no when 20 then '4500019003' else '4500019004' end, 10, line_type, item_no, null, line_text, unit, ordered, cancelled,
       allocated, shipped, delivered, invoiced, returned, backordered, price, per, net, plant, null, promised, rejection, status
from sales_line
where order_no = '4500012345' and line_no in (20, 30);
insert into order_hold values ('4500019001', 1, 'MR', null, '2026-06-29T08:00:00Z', 1, 'fraud check', null);
insert into order_hold values ('4500019002', 1, 'FC', 10, '2026-06-28T08:00:00Z', 1, 'dispatch', null);

-- A return that was asked for, of an order that was finished long ago.
insert into return_order values ('6000009001', '4500012358', 'REQ', '2026-06-29', 'Wrong size');
insert into return_line values ('6000009001', 10, 'PMP-4010', 1);
