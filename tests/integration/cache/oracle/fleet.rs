//! The fleet: several processes, each a real cache over owners of its own, with one Redis and a channel between them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use freehold::{
    cache::{Cache, CacheParts, Change},
    fetch::{Clock, Owner},
    owner::{Coalesced, GuardedSystem, Owners},
    settings::CacheSettings,
    telemetry::Telemetry,
    value::{Key, SystemId, TypeId},
};
use tokio::{task::JoinSet, time::sleep};

use super::{
    redis::Redis,
    source::Source,
    time::OffClock,
    world::{ALLOWANCE, World},
};

/// Enough calls at once that no question waits for another.
const CALLS_MAX: usize = 64;

/// How soon all processes hear what is told, where nothing goes wrong.
const HEARD_WITHIN: Duration = Duration::from_millis(100);

/// The keys that are asked for.
pub const N_KEYS: usize = 70;

/// One process.
pub struct Process {
    pub cache: Cache,
    pub clock: Arc<OffClock>,
}

/// What the channel between processes does to messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Channel {
    pub lost_percent: usize,
    pub late_ms_max: usize,
}

/// All processes.
pub struct Fleet {
    pub world: Arc<World>,
    pub redis: Option<Arc<Redis>>,
    pub settings: CacheSettings,
    processes: Vec<Mutex<Arc<Process>>>,
    /// For each key, and behind them for lists: when the latest recall that all have heard of was begun.
    recalled_ms: Mutex<Vec<i64>>,
}

impl Fleet {
    pub fn start(world: &Arc<World>, redis: Option<Arc<Redis>>, n: usize, settings: CacheSettings) -> Arc<Self> {
        let settings = CacheSettings { clock_allowance: ALLOWANCE, ..settings };
        let process = |_| Mutex::new(start(world, &redis, &settings, clock_off_ms(world)));
        let processes = (0..n).map(process).collect();
        let recalled_ms = Mutex::new(vec![i64::MIN; N_KEYS + 1]);
        Arc::new(Self {
            world: Arc::clone(world),
            redis: redis.clone(),
            settings: settings.clone(),
            processes,
            recalled_ms,
        })
    }

    pub fn len(&self) -> usize {
        self.processes.len()
    }

    pub fn process(&self, n: usize) -> Arc<Process> {
        self.processes[n].lock().unwrap().clone()
    }

    /// Ends a process, and starts another one in its place, with a clock that is off by so much.
    pub fn restart(&self, n: usize, off_ms: i64) {
        *self.processes[n].lock().unwrap() = start(&self.world, &self.redis, &self.settings, off_ms);
    }

    /// Recalls keys of products, or all products, from one process. Those that share are told by it; where nothing is
    /// shared, the channel is how each hears for itself.
    pub async fn recall(self: &Arc<Self>, n: usize, numbers: Option<Vec<usize>>, channel: Channel) {
        let begun_ms = self.world.time.now_ms();
        let keys = numbers.as_ref().map(|numbers| numbers.iter().map(|number| key(*number)).collect());
        let change = Change { system: SystemId(0), entity: self.product(), keys };
        let process = self.process(n);
        let at_ms = process.clock.now_ms() + ALLOWANCE.as_millis() as i64;
        let mut told = JoinSet::new();
        let mut all_hear = true;
        let alone = self.redis.is_none();
        for other in (0..self.len()).filter(|other| *other != n && alone) {
            // Once, twice, or not at all; and each after a time of its own, so that recalls overtake one another.
            let n_copies = match self.world.random().below(100) {
                drawn if drawn < channel.lost_percent => 0,
                drawn if drawn > 90 => 2,
                _ => 1,
            };
            all_hear &= n_copies > 0;
            for _ in 0..n_copies {
                let late_ms = self.world.random().below(channel.late_ms_max) as u64;
                let (fleet, change) = (Arc::clone(self), change.clone());
                told.spawn(async move {
                    sleep(Duration::from_millis(late_ms)).await;
                    fleet.process(other).cache.recall_until(&change, at_ms);
                });
            }
        }
        let is_shared = process.cache.recall(&change).await;
        if alone {
            // The process may end meanwhile: whoever takes its place hears of it as the others do.
            self.process(n).cache.recall_until(&change, at_ms);
        } else {
            sleep(HEARD_WITHIN).await;
            all_hear &= is_shared;
        }
        told.join_all().await;
        if all_hear {
            let mut recalled_ms = self.recalled_ms.lock().unwrap();
            let lists = recalled_ms.len() - 1;
            let all: Vec<usize> = numbers.unwrap_or_else(|| (0..lists).collect());
            all.into_iter().chain([lists]).for_each(|at| recalled_ms[at] = recalled_ms[at].max(begun_ms));
        }
    }

    pub fn recalled_ms(&self) -> Vec<i64> {
        self.recalled_ms.lock().unwrap().clone()
    }

    fn product(&self) -> TypeId {
        self.world.contract.type_names["Product"]
    }
}

/// Returns one of the keys that are asked for.
pub fn key(number: usize) -> Key {
    Key::one(&number.to_string())
}

/// Draws how far a clock is off: any two are within the allowance of one another, and often at its ends.
pub fn clock_off_ms(world: &World) -> i64 {
    let half = ALLOWANCE.as_millis() as i64 / 2;
    let mut random = world.random();
    match random.below(3) {
        0 => -half,
        1 => half,
        _ => random.between(0, 2 * half as usize) as i64 - half,
    }
}

fn start(world: &Arc<World>, redis: &Option<Arc<Redis>>, settings: &CacheSettings, off_ms: i64) -> Arc<Process> {
    let (clock, telemetry) = (OffClock::new(world.time, off_ms), Telemetry::new());
    let contract = &world.contract;
    let owner = |number: usize| -> Arc<dyn Owner> {
        let system = SystemId::from(number);
        let source = Source { world: Arc::clone(world), clock: clock.clone(), system, is_copy: number == 1 };
        let guarded = GuardedSystem::new(contract, system, &telemetry);
        Arc::new(Coalesced::new(Arc::new(source), guarded, CALLS_MAX))
    };
    let owners = Owners::from_vec((0..contract.systems.len()).map(owner).collect());
    let shared = redis.as_ref().map(|redis| redis.connect(clock.clone()));
    let parts = CacheParts {
        contract: Arc::clone(contract),
        owners,
        shared,
        clock: clock.clone(),
        telemetry: telemetry.clone(),
    };
    Arc::new(Process { cache: Cache::of(parts, settings.clone()), clock })
}
