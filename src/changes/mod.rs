//! Changes: what is heard of them at the systems, and what is taken back for it.
//!
//! In: messages of systems, and what is heard over connections of our own. Out: recalls of what is kept; nothing that is
//! heard can do anything else, whoever said it. So a feed that is wrong, late or forged costs questions to owners and never
//! makes an answer wrong, and one that is silent leaves every answer within the bounds of its domain. One feed is complete:
//! `replication` also knows what did not change, and confirms it where the contract lets it.
//!
//! Reading order: of messages, `message` (what came, what becomes of it), `proof` (whether it is the system's), `repeats`
//! (whether it came before), `hints` (what it is about), `webhooks` (the whole way); of connections of our own, `feeds` (all
//! of them), `ear` (what a feed may do), `gathered` (changes that are told at once), `spelled` (keys as a system writes
//! them), `pauses` (between attempts), `listen` with `notice` (the system notifies), `watermark` with `seen`, `earlier` and
//! `key_set` (its rows say when they changed), `replication` (it sends every change).

mod ear;
mod earlier;
mod feeds;
mod gathered;
mod hints;
mod key_set;
mod listen;
mod message;
mod notice;
mod pauses;
mod proof;
mod repeats;
mod replication;
mod seen;
mod spelled;
mod watermark;
mod webhooks;

pub use feeds::{Feeds, start};
pub use message::{Heard, Message, Recalled, Unheard};
pub use webhooks::Webhooks;
