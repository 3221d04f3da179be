//! Changes: what a system says has changed at it, and what is taken back for it.
//!
//! In: messages of systems. Out: recalls of what is kept; a message can do nothing else, whoever wrote it.
//! Reading order: `message` (what came, what becomes of it), `proof` (whether it is the system's), `repeats` (whether it came
//! before), `hints` (what it is about), `webhooks` (the whole way).

mod hints;
mod message;
mod proof;
mod repeats;
mod webhooks;

pub use message::{Heard, Message, Recalled, Unheard};
pub use webhooks::Webhooks;
