//! The guards around an owner, each by itself over a scripted source and all together under an engine. Time is paused:
//! waits take no time, and happen in the order they would.

mod breaker;
mod coalesced;
mod engine;
mod faults;
mod handover;
mod rate;
mod retried;
mod scripted;
mod simulation;
