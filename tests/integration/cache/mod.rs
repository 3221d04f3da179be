//! The cache, proven: a simulated fleet whose every answer is checked, and each of its behaviours by itself.
//!
//! Reading order: `oracle` (the simulated fleet and the properties of its answers), `case` (a fleet that a test asks),
//! `serve` (what is served without asking, and until when), `refresh` (what is asked for behind the answer, and how often),
//! `outage` (what is served while an owner is down), `copies` (what a copy may still say), `recall` (what a change takes
//! back), `following` (what other processes tell), `memory` (how much is kept), `redis` (what processes
//! share, over servers of its own).

mod case;
mod copies;
mod following;
mod memory;
mod oracle;
mod outage;
mod recall;
mod redis;
mod refresh;
mod serve;
