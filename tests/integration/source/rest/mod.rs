//! What only REST systems do: keys in calls, pages, errors, sessions.
//!
//! Reading order: `bound` (a binding over a loopback server), `keys`, `pages`, `errors`, `values`, `sessions`, `lists`, `rate`, `worked`.

mod bound;
mod errors;
mod keys;
mod lists;
mod pages;
mod rate;
mod sessions;
mod values;
mod worked;
