//! A run: what callers ask, what is recalled and what goes wrong, drawn from a seed, in simulated time.

use std::{sync::Arc, time::Duration};

use freehold::{
    cache::{Asking, Demand, Question},
    fetch::{Direction, ListFetch, Window},
    settings::CacheSettings,
    value::{Argument, DomainId, GroupId, ListId},
};
use futures_util::future::join_all;
use tokio::{task::JoinSet, time::sleep};

use super::{
    check::{COPY_OFF_MS_MAX, Promised, Put, Tally},
    feed,
    fleet::{Channel, Fleet, N_KEYS, clock_off_ms, key},
    redis::{Faults, READ_TIMEOUT_MS, Redis},
    world::{ALLOWANCE, SURE, TIMEOUT_MS, World},
};
use crate::differential::Random;

/// What a run is exposed to.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    pub name: &'static str,
    pub seconds: i64,
    pub has_redis: bool,
    /// Messages between processes are lost.
    pub loses_messages: bool,
    /// Redis restarts, fails over, is restored, loses writes, is slow or down, and holds what nobody wrote.
    pub redis_fails: bool,
    /// How often out of a hundred times it does that.
    pub fails_percent: usize,
    /// Clocks step further than they may be apart.
    pub clocks_step: bool,
    /// How many of a hundred questions are for what may be kept long.
    pub held_percent: usize,
    /// How many of a hundred questions are for what a complete feed follows.
    pub sure_percent: usize,
    pub n_questions: i64,
}

/// How much time a caller has who is patient: more than two questions that take as long as a system may.
const PATIENCE_MS: i64 = 3 * TIMEOUT_MS;

/// How much later than its deadline an answer may come: Redis is looked at once, and asked for a lease.
const SLACK_MS: i64 = 3 * READ_TIMEOUT_MS as i64;

/// How large the copy's lag may grow before it is loaded anew.
const COPY_LAG_MS_MAX: i64 = 6_000;

struct Run {
    weather: Weather,
    world: Arc<World>,
    fleet: Arc<Fleet>,
    random: Random,
    asking: JoinSet<Result<Tally, String>>,
    recalling: JoinSet<()>,
}

/// Runs a weather with a seed. Returns how much was checked, or the first thing that was wrong.
pub fn run(weather: Weather, seed: u64) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let done = runtime.expect("a runtime").block_on(async {
        let world = World::begin(seed);
        let redis = weather.has_redis.then(|| Redis::start(&world));
        let fleet = Fleet::start(&world, redis, 3, CacheSettings::default());
        let (asking, recalling) = (JoinSet::new(), JoinSet::new());
        let feed = tokio::spawn(feed::run(Arc::clone(&fleet)));
        let done = Run { weather, world, fleet, random: Random::new(seed ^ 0xA5A5), asking, recalling }.go().await;
        feed.abort();
        done
    });
    done.map_err(|wrong| format!("{wrong} (weather {}, seed {seed})", weather.name))
}

impl Run {
    async fn go(mut self) -> Result<Tally, String> {
        let gap_ms = self.weather.seconds * 1_000 / self.weather.n_questions;
        let mut tally = Tally::default();
        for n in 0..self.weather.n_questions {
            sleep(Duration::from_millis(self.random.between(0, 2 * gap_ms as usize) as u64)).await;
            self.happen(n);
            self.ask();
            while let Some(asked) = self.asking.try_join_next() {
                tally += asked.map_err(|error| format!("property C: {error}"))??;
            }
        }
        while let Some(asked) = self.asking.join_next().await {
            tally += asked.map_err(|error| format!("property C: {error}"))??;
        }
        while let Some(recalled) = self.recalling.join_next().await {
            recalled.map_err(|error| format!("property C: {error}"))?;
        }
        Ok(tally)
    }

    /// Lets the world go on: now and then something changes or breaks.
    fn happen(&mut self, n: i64) {
        let Weather { loses_messages, redis_fails, clocks_step, .. } = self.weather;
        let random = &mut self.random;
        // The copy falls behind until it is loaded anew; in some runs its clock is wrong, and what it says is no older.
        let is_ahead = self.world.truth.seed.is_multiple_of(3);
        let copy_lag_ms = if is_ahead { 0 } else { self.world.time.passed_ms() % COPY_LAG_MS_MAX };
        let copy_off_ms = match random.below(3) {
            _ if is_ahead => 30_000,
            0 => COPY_OFF_MS_MAX,
            1 => -COPY_OFF_MS_MAX,
            _ => 0,
        };
        self.world.change(|conditions| {
            (conditions.copy_lag_ms, conditions.copy_off_ms) = (copy_lag_ms, copy_off_ms);
            let drawn = random.below(100);
            conditions.is_down = if conditions.is_down { drawn > 12 } else { drawn < 2 };
        });
        if random.percent(15) {
            let channel =
                Channel { lost_percent: if loses_messages { 30 } else { 0 }, late_ms_max: random.between(1, 2_000) };
            let keys: Vec<usize> = (0..random.between(1, 20)).map(|_| random.below(N_KEYS)).collect();
            let keys = (!random.percent(15)).then_some(keys);
            let (fleet, from) = (Arc::clone(&self.fleet), random.below(self.fleet.len()));
            self.recalling.spawn(async move { fleet.recall(from, keys, channel).await });
        }
        if random.percent(4) {
            // A machine may start with a clock that is behind.
            let off_ms = match clocks_step && random.percent(50) {
                true => -(random.between(500, 20_000) as i64),
                false => clock_off_ms(&self.world),
            };
            self.fleet.restart(random.below(self.fleet.len()), off_ms);
        }
        if clocks_step && random.percent(5) {
            let by_ms = random.between(0, 20_000) as i64 - 10_000;
            self.fleet.process(random.below(self.fleet.len())).clock.set_off(by_ms);
        }
        if redis_fails && let Some(redis) = &self.fleet.redis {
            if n % 4 == 0 {
                redis.take_snapshot();
            }
            match random.below(100 * 100 / self.weather.fails_percent) {
                0 => redis.restart(),
                // A replica that lags is asked from here on.
                1 | 2 => redis.restore(random.below(3), false),
                3 => redis.restore(random.between(3, 40), random.percent(50)),
                4..=9 => redis.set_faults(Faults {
                    is_down: random.percent(20),
                    lost_writes_percent: *random.pick(&[0, 10, 50]),
                    slow_reads_percent: *random.pick(&[0, 20, 100]),
                    foreign_entries_percent: *random.pick(&[0, 2]),
                    late_hearing_percent: *random.pick(&[0, 10, 50]),
                }),
                10 => redis.trim(random.below(5)),
                11 => redis.garble(),
                _ => {}
            }
        }
    }

    /// Lets a caller ask.
    fn ask(&mut self) {
        let random = &mut self.random;
        let process = self.fleet.process(random.below(self.fleet.len()));
        let now_ms = self.world.time.now_ms();
        let has_ms = if random.percent(10) { random.between(20, 400) as i64 } else { PATIENCE_MS };
        let deadline = (tokio::time::Instant::now() + Duration::from_millis(has_ms as u64)).into_std();
        let not_before_ms = random.percent(10).then(|| now_ms - random.below(2_500) as i64);
        // By the clock of whoever wrote then.
        let not_before_off_ms = clock_off_ms(&self.world);
        let demand = Demand {
            max_age: random.percent(10).then(|| Duration::from_millis(random.below(2_500) as u64)),
            max_age_of: (0..self.world.contract.domains.len())
                .filter(|_| random.percent(2))
                .map(|domain| (DomainId::from(domain), Duration::from_millis(1_000)))
                .collect(),
            not_before_ms: not_before_ms.map(|ms| ms + not_before_off_ms),
        };
        let n_questions = random.between(1, 3);
        let wave: Vec<Question> = (0..n_questions).map(|_| self.question(deadline)).collect();
        let leaves_after_ms = self.random.percent(4).then(|| self.random.below(100) as u64);
        let allowed_off_ms = ALLOWANCE.as_millis() as i64 / 2;
        let Weather { loses_messages, redis_fails, clocks_step, .. } = self.weather;
        let recalls = !loses_messages && !redis_fails && !clocks_step;
        let (world, recalled_ms) = (Arc::clone(&self.world), Arc::new(self.fleet.recalled_ms()));
        self.asking.spawn(async move {
            let (off_ms, arrived_ms) = (process.clock.off_ms(), world.time.now_ms());
            let asking = process.cache.ask(wave.clone(), &demand);
            let answers = asking.into_iter().map(async |asking| {
                let answer = match asking {
                    Asking::Answered(answer) => answer,
                    Asking::Waiting(waiting) => waiting.await,
                };
                (answer, world.time.now_ms())
            });
            let answers = match leaves_after_ms {
                None => join_all(answers).await,
                Some(after_ms) => {
                    match tokio::time::timeout(Duration::from_millis(after_ms), join_all(answers)).await {
                        Ok(answers) => answers,
                        Err(_) => return Ok(Tally::default()),
                    }
                }
            };
            // A clock that stepped meanwhile was not right all the time.
            let clock = [off_ms, process.clock.off_ms()].iter().all(|off_ms| off_ms.abs() <= allowed_off_ms);
            let mut tally = Tally::default();
            for (question, (answer, answered_ms)) in wave.into_iter().zip(answers) {
                let put = Put {
                    question,
                    demand: demand.clone(),
                    not_before_ms,
                    arrived_ms,
                    deadline_ms: arrived_ms + has_ms + SLACK_MS,
                    recalled_ms: Arc::clone(&recalled_ms),
                    promised: Promised { recalls, clock },
                    off_ms,
                };
                tally += put.check(&world, &answer, answered_ms)?;
            }
            Ok(tally)
        });
    }

    fn question(&mut self, deadline: std::time::Instant) -> Question {
        let (contract, random) = (Arc::clone(&self.world.contract), &mut self.random);
        let is_held = random.percent(self.weather.held_percent);
        if random.percent(20) {
            let lists: Vec<usize> = (0..contract.lists.len())
                .filter(|list| !is_held || contract.domain(contract.lists[*list].domain).name == "held")
                .collect();
            let parents = 0..random.between(1, 5);
            return Question::Pages(ListFetch {
                list: ListId::from(*random.pick(&lists)),
                arguments: parents.map(|_| [Argument::One(random.below(12).to_string().into())].into()).collect(),
                window: Window { direction: Direction::Forward, n_rows: 10, after: None, before: None },
                count_up_to: random.percent(30).then_some(100),
                deadline,
            });
        }
        let groups: Vec<usize> = (0..contract.groups.len())
            .filter(|group| !is_held || contract.domain(contract.groups[*group].domain).name == "held")
            .collect();
        let few = random.percent(20);
        let group = if random.percent(self.weather.sure_percent) {
            self.world.group(SURE)
        } else {
            GroupId::from(*random.pick(&groups))
        };
        let keys = (0..N_KEYS).filter(|_| random.percent(if few { 5 } else { 90 })).map(key).collect();
        Question::Records { group, keys, deadline }
    }
}
