//! Feeds of changes: what changes at an owner is seen by the next question, although its domain would let it be an hour old.

pub mod contract;
mod listen;
mod replication;
mod rig;
mod watermark;
