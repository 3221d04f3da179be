//! A contract that changes while it is served: looked at when its folder is at rest, and served from then on if nothing is
//! wrong with it. Otherwise what was served before is served on.
//!
//! In: the folder, a signal. Out: what stands is replaced as one, and an event for each contract that was looked at. A
//! request finishes on what it began with.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Notify, task::spawn_blocking, time::sleep};

use crate::{
    access::Gate,
    contract::{Contract, Files, read_folder},
    http::{Answers, Standing},
    telemetry::{Event, Reloaded, Telemetry},
};

use super::{
    assembled::Assembly,
    load::{self, Variables},
    serve::may_be_served,
    watch::watch,
};

/// How long a folder has to stay as it is: more than between the files of a copy or a checkout.
const SETTLE: Duration = Duration::from_millis(400);
/// How often it is looked at for that; a folder that is never at rest is not a contract.
const LOOKS_MAX: usize = 50;
/// How long the rest of what changes at once is waited for: what is written below the folder all the time, and is none of the
/// contract's, must not keep a processor busy with looking.
const GATHER: Duration = Duration::from_millis(100);
/// How often the folder is looked at though nobody tells of a change: folders on other machines tell of none.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Where a served contract came from.
pub(super) struct Origin {
    /// Its folder.
    pub folder: PathBuf,
    /// What stood there when it was looked at last, if it could be read.
    pub files: Option<Files>,
    /// Whether it may be served though it marks protected data and does not say who is let in.
    pub serve_unprotected: bool,
    /// Whether it is looked at without being told to.
    pub is_watched: bool,
}

/// Why a contract is not taken.
#[derive(Debug)]
struct Untaken {
    n_faults: usize,
    detail: String,
}

impl Untaken {
    fn for_reason(detail: impl Into<String>) -> Self {
        Self { n_faults: 0, detail: detail.into() }
    }
}

/// What makes one look.
pub(super) struct Reload {
    origin: Origin,
    assembly: Arc<Assembly>,
    standing: Standing,
    signal: Hangup,
}

impl Reload {
    /// Begins to heed the signal.
    pub(super) fn new(origin: Origin, assembly: Arc<Assembly>, standing: Standing) -> Self {
        Self { origin, assembly, standing, signal: Hangup::new() }
    }

    /// Follows the folder until it is dropped.
    pub(super) async fn run(mut self) {
        let changed = Arc::new(Notify::new());
        // What changed between the first reading and the watch is looked for once.
        changed.notify_one();
        let mut watcher = None;
        loop {
            if self.origin.is_watched && watcher.is_none() {
                watcher = watch(&self.origin.folder, Arc::clone(&changed));
            }
            let is_told = tokio::select! {
                () = self.signal.received() => true,
                () = changed.notified() => {
                    sleep(GATHER).await;
                    false
                }
                () = sleep(LOOK_EVERY), if self.origin.is_watched => false,
            };
            if !is_told && !self.has_changed().await {
                continue;
            }
            // A folder may have been put in the place of another, of which the watch knows nothing. Before it is read, so that
            // nothing is missed in between.
            if self.origin.is_watched {
                watcher = watch(&self.origin.folder, Arc::clone(&changed));
            }
            let taken = self.take().await;
            tell(&self.assembly.telemetry, &taken);
        }
    }

    /// Whether the folder holds anything but what was looked at last. What cannot be read is told of once.
    async fn has_changed(&self) -> bool {
        read(&self.origin.folder).await != self.origin.files
    }

    /// Looks at the folder when it is at rest, and takes what is there. Returns the versions before and after.
    async fn take(&mut self) -> Result<(String, String), Untaken> {
        let looked = at_rest(&self.origin.folder).await;
        self.origin.files = looked.as_ref().ok().cloned();
        let files = looked?;
        let (assembly, serve_unprotected) = (Arc::clone(&self.assembly), self.origin.serve_unprotected);
        let gate = Arc::clone(&self.standing.now().gate);
        // Reading and planning a contract takes long enough to hold up answers.
        let made = spawn_blocking(move || made(&files, &assembly, &gate, serve_unprotected));
        let answers =
            made.await.map_err(|_| Untaken::for_reason("it could not be read because of a fault in the server"))??;
        let after = answers.answering.contract_version().to_owned();
        let before = self.standing.now().answering.contract_version().to_owned();
        self.standing.replace(answers);
        Ok((before, after))
    }
}

fn made(files: &Files, assembly: &Assembly, before: &Gate, serve_unprotected: bool) -> Result<Answers, Untaken> {
    let loaded = load::load(files, Variables::Environment);
    let (n_faults, detail) = (load::n_faults(&loaded), load::first_fault(&loaded));
    let contract: Contract = loaded.contract.ok_or(Untaken { n_faults, detail })?;
    if !may_be_served(&contract, serve_unprotected) {
        return Err(Untaken::for_reason(
            "it marks protected data, and does not say who is let in: [access], or --serve-unprotected",
        ));
    }
    let is_open = contract.marks_protected_data && contract.access.is_none();
    let answers = assembly.answers(contract, Some(before));
    let answers = answers.map_err(|error| Untaken::for_reason(format!("failed to {}", error.chain())))?;
    if is_open {
        assembly.telemetry.emit(&Event::ServedUnprotected);
    }
    Ok(answers)
}

fn tell(telemetry: &Telemetry, taken: &Result<(String, String), Untaken>) {
    telemetry.emit(&Event::ContractReloaded(match taken {
        Ok((before, version)) => Reloaded::Taken { version, before },
        Err(Untaken { n_faults, detail }) => Reloaded::Refused { n_faults: *n_faults, detail },
    }));
}

async fn read(folder: &Path) -> Option<Files> {
    let folder = folder.to_owned();
    spawn_blocking(move || read_folder(&folder).ok()).await.ok().flatten()
}

/// Reads a folder that stays as it is: whoever copies files into it is let finish.
async fn at_rest(folder: &Path) -> Result<Files, Untaken> {
    let mut last = read(folder).await;
    for _ in 0..LOOKS_MAX {
        sleep(SETTLE).await;
        let now = read(folder).await;
        match (&last, now) {
            (Some(before), Some(now)) if *before == now => return Ok(now),
            (_, now) => last = now,
        }
    }
    Err(Untaken::for_reason(match last {
        Some(_) => "its folder keeps changing; copy the contract elsewhere and move it into place".to_owned(),
        None => format!("{} could not be read", folder.display()),
    }))
}

/// The signal that asks for another look.
struct Hangup {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangup {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { signal: signal(SignalKind::hangup()).ok() }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self {}
    }

    #[cfg(unix)]
    async fn received(&mut self) {
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }

    #[cfg(not(unix))]
    async fn received(&mut self) {
        std::future::pending().await
    }
}
