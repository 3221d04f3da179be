//! Files: a folder into which others put csv, json or ndjson files, of which the newest complete ones are served.
//!
//! Reading order: this file (who asks), `look` (what a look at the folder does), `watch` (when it is looked at), `sets` (which
//! files belong together and are complete), `glob`; then how a file becomes rows: `table`, `csv`, `documents`; and how rows
//! are found: `serving`, `columns`, `index`, `sorted`. A file is kept as its characters and read row by row as it is asked
//! for. Nothing is read from the folder to answer: what is loaded goes on being served whatever happens there, and its
//! as-of says how old it is.

mod columns;
mod csv;
mod documents;
mod glob;
mod index;
mod look;
mod serving;
mod sets;
mod sorted;
mod table;
mod watch;

use std::{
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::Sender,
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::{sync::watch as signal, task::spawn_blocking, time::timeout_at};

use self::{
    look::{Asked, Folder, Serving, State, Trouble, Unit},
    serving::{GroupServing, ListServing},
    watch::{Nudge, watch},
};
use super::system_name::SystemName;
use crate::{
    contract::{Contract, FileSystem, GroupBinding, ListBinding, SystemKind},
    fetch::{Clock, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, SystemClock},
    telemetry::Telemetry,
    value::{GroupId, ListId, SystemId},
};

/// A system of files.
pub struct FileSource {
    contract: Arc<Contract>,
    name: SystemName,
    timeout: Duration,
    folder: Folder,
    has_looked: signal::Sender<bool>,
    calls: AtomicU64,
    nudge: OnceLock<Sender<Nudge>>,
}

/// What a group or list serves and what that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The group's or list's name.
    pub of: String,
    /// The name of its file.
    pub file: String,
    /// Its rows.
    pub n_rows: usize,
    /// The bytes of its characters.
    pub n_bytes_text: usize,
    /// The bytes that finding its rows takes beside them.
    pub n_bytes_index: usize,
}

impl FileSource {
    /// Makes the source of a system of this kind, which is looked at by whoever calls [`FileSource::look`].
    pub fn new(contract: Arc<Contract>, system: SystemId, telemetry: Telemetry) -> Self {
        let described = contract.system(system);
        let nowhere;
        let file = match &described.kind {
            SystemKind::File(file) => file,
            // A folder that is not there says so whenever it is looked at.
            _ => {
                nowhere = FileSystem {
                    folder: crate::contract::Secret::new(String::new()),
                    settle: Duration::ZERO,
                    poll: Duration::ZERO,
                    bytes_max: 0,
                };
                &nowhere
            }
        };
        let folder =
            Folder::new(Arc::clone(&contract), described.name.clone(), file, units(&contract, system), telemetry);
        let name = SystemName::new(&contract, system);
        let (has_looked, timeout) = (signal::Sender::new(false), described.timeout);
        Self { contract, name, timeout, folder, has_looked, calls: AtomicU64::new(0), nudge: OnceLock::new() }
    }

    /// Makes the source and a thread that looks: at once, when the folder changes, and every now and then.
    pub fn watched(contract: Arc<Contract>, system: SystemId, telemetry: Telemetry) -> Arc<Self> {
        let (settle, poll) = match &contract.system(system).kind {
            SystemKind::File(file) => (file.settle, file.poll),
            _ => (Duration::ZERO, Duration::MAX),
        };
        let source = Arc::new(Self::new(contract, system, telemetry));
        // Nobody else sets it.
        let _ = source.nudge.set(watch(&source, settle, poll));
        source
    }

    /// Looks at the folder: loads what is complete and new, reports what is malformed.
    ///
    /// *Shape*: returns whether something is being written, so that another look is due when it may have settled.
    pub fn look(&self, now_ms: i64) -> bool {
        let is_settling = self.folder.look(now_ms);
        self.has_looked.send_replace(true);
        is_settling
    }

    /// Returns how many questions have been answered so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns what is served and what it takes in memory.
    pub fn loaded(&self) -> Vec<Loaded> {
        let loaded = self.folder.units.iter().filter_map(|unit| {
            let state = unit.state();
            let serving = state.serving?;
            let (tables, n_bytes_index) = match &serving {
                Serving::Group(group) => group.weight(),
                Serving::List(list) => list.weight(),
            };
            let weights = || tables.iter().map(|table| table.weight());
            Some(Loaded {
                of: unit.name.clone(),
                file: state.file?,
                n_rows: tables.iter().map(|table| table.n_rows() as usize).sum(),
                n_bytes_text: weights().map(|weight| weight.0).sum(),
                n_bytes_index: n_bytes_index + weights().map(|weight| weight.1).sum::<usize>(),
            })
        });
        loaded.collect()
    }

    fn folder_path(&self) -> &Path {
        self.folder.path()
    }

    /// Waits for the first look, which loads the files.
    async fn first_look(&self, deadline: Instant) -> Result<(), FetchError> {
        let mut looked = self.has_looked.subscribe();
        let looked = looked.wait_for(|has_looked| *has_looked);
        // The sender lives as long as this source, so only time can fail.
        match timeout_at(deadline.into(), looked).await {
            Ok(_) => Ok(()),
            Err(_) => Err(self.name.error(FetchErrorKind::Timeout, "the files are still being loaded")),
        }
    }

    fn error(&self, unit: &str, state: &State) -> FetchError {
        let (kind, detail) = match &state.trouble {
            Some(Trouble::Malformed(detail)) => (FetchErrorKind::ContractViolation, detail.as_str()),
            Some(trouble) => (FetchErrorKind::Unavailable, trouble.text()),
            None => (FetchErrorKind::Unavailable, "it is not asked of files"),
        };
        self.name.error(kind, format!("{unit}: {detail}"))
    }

    fn group(&self, id: GroupId) -> Result<Arc<GroupServing>, FetchError> {
        let unit = self.folder.units.iter().find(|unit| matches!(unit.asked, Asked::Group(of, _) if of == id));
        let state = unit.map(Unit::state).unwrap_or_default();
        match &state.serving {
            Some(Serving::Group(serving)) => Ok(Arc::clone(serving)),
            _ => Err(self.error(&self.contract.group(id).name, &state)),
        }
    }

    fn listing(&self, id: ListId) -> Result<Arc<ListServing>, FetchError> {
        let unit = self.folder.units.iter().find(|unit| matches!(unit.asked, Asked::List(of, _) if of == id));
        let state = unit.map(Unit::state).unwrap_or_default();
        match &state.serving {
            Some(Serving::List(serving)) => Ok(Arc::clone(serving)),
            _ => Err(self.error(&self.contract.list(id).name, &state)),
        }
    }

    async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        self.first_look(fetch.deadline).await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let serving = self.group(fetch.group)?;
        let group = self.contract.group(fetch.group);
        Ok(serving.outcomes(&self.contract, group, &self.name, &fetch.keys, SystemClock.now_ms()))
    }

    async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        self.first_look(fetch.deadline).await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let serving = self.listing(fetch.list)?;
        if !serving.is_prepared(&fetch.arguments) {
            let (sorting, arguments) = (Arc::clone(&serving), fetch.arguments.clone());
            let sorted = spawn_blocking(move || sorting.prepare(&arguments)).await;
            sorted.map_err(|error| self.name.error(FetchErrorKind::Unavailable, error.to_string()))?;
        }
        let list = self.contract.list(fetch.list);
        let (is_counted, now_ms) = (fetch.count_up_to.is_some(), SystemClock.now_ms());
        let page = |arguments| serving.page(list, &self.name, arguments, &fetch.window, is_counted, now_ms);
        Ok(fetch.arguments.iter().map(|arguments| page(arguments)).collect())
    }

    async fn ask(&self) -> Result<(), FetchError> {
        self.first_look(Instant::now() + self.timeout).await?;
        let (mut troubles, mut any_serves) = (Vec::new(), false);
        for unit in &self.folder.units {
            let state = unit.state();
            match (&state.serving, &state.trouble) {
                (None, _) => troubles.push(self.error(&unit.name, &state).detail.clone()),
                (Some(_), None) => any_serves = true,
                (Some(_), Some(trouble)) => {
                    any_serves = true;
                    let file = state.file.as_deref().unwrap_or_default();
                    troubles.push(format!("{}: {}; {file} is still served", unit.name, trouble.text()));
                }
            }
        }
        if troubles.is_empty() {
            return Ok(());
        }
        // A folder of which something is served answers, and says something wrong.
        let kind = if any_serves { FetchErrorKind::ContractViolation } else { FetchErrorKind::Unavailable };
        Err(self.name.error(kind, troubles.join("; ")))
    }
}

/// Makes the units of a system: each of its groups and lists.
fn units(contract: &Contract, system: SystemId) -> Vec<Unit> {
    let groups = contract.groups.iter().enumerate().filter(|(_, group)| group.system == system);
    let groups = groups.filter_map(|(number, group)| match &group.binding {
        GroupBinding::File(asked) => {
            let asked = Asked::Group(GroupId::from(number), asked.clone());
            Some(Unit::new(group.name.clone(), asked, group.adaptations.zone.clone()))
        }
        _ => None,
    });
    let lists = contract.lists.iter().enumerate().filter(|(_, list)| list.system == system);
    let lists = lists.filter_map(|(number, list)| match &list.binding {
        ListBinding::File(asked) => {
            let asked = Asked::List(ListId::from(number), asked.clone());
            Some(Unit::new(list.name.clone(), asked, list.adaptations.zone.clone()))
        }
        _ => None,
    });
    groups.chain(lists).collect()
}

impl Drop for FileSource {
    fn drop(&mut self) {
        if let Some(nudge) = self.nudge.get() {
            // The thread may have ended by itself.
            let _ = nudge.send(Nudge::Stop);
        }
    }
}

impl Owner for FileSource {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            if fetch.keys.is_empty() {
                return Vec::new();
            }
            match self.fetch_group(&fetch).await {
                Ok(outcomes) => outcomes,
                Err(error) => fetch.keys.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            if fetch.arguments.is_empty() {
                return Vec::new();
            }
            match self.fetch_pages(&fetch).await {
                Ok(pages) => pages,
                Err(error) => fetch.arguments.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.ask().boxed()
    }
}
