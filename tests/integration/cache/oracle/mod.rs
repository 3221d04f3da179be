//! The oracle: a simulated fleet under everything that goes wrong, and every one of its answers checked.
//!
//! - **Property A**: each value was true at some instant between its bound before the arrival and the response. The bound is
//!   that of its domain, the demand's where that is tighter, the absence's for what is absent, and the outage's for what is
//!   marked stale; and nothing is from before the instant that was demanded.
//! - **Property B**, where no message is lost and Redis forgets nothing: once a recall has reached all processes, nothing is
//!   served that was over before it.
//! - **Property C**: every answer comes by its deadline, nothing panics, and everything is answered while the owner is up.
//!
//! Reading order: `time` (the true time and clocks that are off), `truth` (what was true when), `world` (the contract, and
//! how its systems do), `source` (a system as a process reaches it), `redis` (what processes share), `fleet` (the
//! processes), `feed` (what tells every change), `check` (the properties), `schedule` (one run).

mod check;
mod feed;
mod fleet;
mod redis;
mod schedule;
mod source;
mod time;
mod truth;
mod world;

pub use fleet::{Fleet, key};
pub use redis::Redis;
pub use world::{ALLOWANCE, SURE, World, is_always_there};

use check::Tally;
use schedule::{Weather, run};

/// Messages arrive and Redis is well; processes end, owners fail, fetches are slow.
const QUIET: Weather = Weather {
    name: "quiet",
    seconds: 20,
    has_redis: true,
    loses_messages: false,
    redis_fails: false,
    fails_percent: 100,
    clocks_step: false,
    held_percent: 40,
    sure_percent: 15,
    n_questions: 250,
};

/// Runs every seed of a weather, until something is wrong.
fn run_all(weather: Weather, seeds: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        match run(weather, seed) {
            Ok(of_run) => tally += of_run,
            Err(wrong) => panic!("{wrong}"),
        }
    }
    println!("{}: {tally:?}", weather.name);
    tally
}

#[test]
fn messages_arrive_and_nothing_recalled_is_served() {
    let tally = run_all(QUIET, 0..20);
    assert!(
        tally.answers >= 250_000 && tally.recalled >= 50_000 && tally.stale >= 100 && tally.confirmed >= 1_000,
        "{tally:?}"
    );
}

/// Everything goes wrong but clocks.
#[test]
fn whatever_is_lost_nothing_is_served_past_its_bound() {
    let storm = Weather { name: "storm", loses_messages: true, redis_fails: true, held_percent: 10, ..QUIET };
    let tally = run_all(storm, 0..40);
    assert!(tally.answers >= 500_000 && tally.kept >= 50_000 && tally.stale >= 1_000, "{tally:?}");
}

/// What one process hears reaches others, or does not; and what a complete feed confirms is true all the same.
#[test]
fn whatever_goes_unheard_nothing_is_confirmed_that_is_not_so() {
    let told =
        Weather { name: "told", redis_fails: true, fails_percent: 20, sure_percent: 90, held_percent: 5, ..QUIET };
    let tally = run_all(told, 4_000..4_030);
    assert!(tally.answers >= 250_000 && tally.confirmed >= 5_000, "{tally:?}");
}

/// Clocks step beyond the allowance: what a process that is off shares is refused, and its own time never goes back.
#[test]
fn whatever_clocks_do_nothing_is_served_past_its_bound() {
    let weather = Weather { name: "clocks", clocks_step: true, loses_messages: true, redis_fails: true, ..QUIET };
    let tally = run_all(Weather { held_percent: 10, ..weather }, 1_000..1_020);
    assert!(tally.answers >= 250_000 && tally.kept >= 25_000, "{tally:?}");
}

/// A recall is forgotten once nothing older can be on its way: what it took back does not come again.
#[test]
fn what_was_recalled_long_ago_does_not_come_again() {
    let weather = Weather { name: "long", seconds: 240, has_redis: false, held_percent: 80, n_questions: 600, ..QUIET };
    let alone = run_all(weather, 2_000..2_004);
    let sharing = run_all(Weather { has_redis: true, ..weather }, 3_000..3_004);
    assert!(alone.recalled >= 20_000 && sharing.recalled >= 20_000, "{alone:?} {sharing:?}");
}
