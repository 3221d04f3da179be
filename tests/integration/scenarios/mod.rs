//! Commercial scenarios: what a storefront, a service agent and BI are told of the same price, cart and order, word by word,
//! over the demo company's own systems and over its ERP in a real PostgreSQL.
//!
//! A case says what is asked, what whoever asks is told, and what an agent is told besides: the evidence of each reason and
//! the steps of the explanation. The words, the status among them, are the same for everyone.
//!
//! Reading order: `company` (the systems, and who asks), `told` (an answer as text), `case` (what is asked and checked); then
//! the cases: `price`, `rebate`, `address`, `credit`, `supply`, `order`, `review`, `size`, and `outage`, in which the owner
//! of prices is down.

mod address;
mod case;
mod company;
mod credit;
mod order;
mod outage;
mod price;
mod rebate;
mod review;
mod size;
mod supply;
mod told;
