//! The watch: a thread that looks at a folder when it changes, and now and then anyway.
//!
//! Folders on other machines tell nobody of their changes, so the slow look is what finds them.

use std::{
    path::Path,
    sync::{
        Arc, Weak,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};

use super::FileSource;
use crate::fetch::{Clock, SystemClock};

/// Why the thread wakes.
#[derive(Debug)]
pub enum Nudge {
    /// The folder has changed.
    Changed,
    /// Nobody asks any more.
    Stop,
}

/// One write changes a folder several times, and a copy thousands of times: so long is waited for the rest.
const GATHER: Duration = Duration::from_millis(50);

/// Starts the thread; it ends when it is told to or the source is gone.
pub fn watch(source: &Arc<FileSource>, settle: Duration, poll: Duration) -> Sender<Nudge> {
    let (nudge, nudged) = channel();
    let (weak, of_thread) = (Arc::downgrade(source), nudge.clone());
    let thread = std::thread::Builder::new().name("freehold-files".to_owned());
    if thread.spawn(move || run(&weak, &of_thread, &nudged, settle, poll)).is_err() {
        // Without a thread the files are those of the start.
        source.look(SystemClock.now_ms());
    }
    nudge
}

fn run(source: &Weak<FileSource>, nudge: &Sender<Nudge>, nudged: &Receiver<Nudge>, settle: Duration, poll: Duration) {
    let mut watcher: Option<RecommendedWatcher> = None;
    loop {
        let Some(strong) = source.upgrade() else { return };
        if watcher.is_none() {
            // Before the look, so that nothing is missed between the two; a folder that is not there is tried again.
            watcher = notified(strong.folder_path(), nudge.clone());
        }
        let is_settling = strong.look(SystemClock.now_ms());
        drop(strong);
        match nudged.recv_timeout(if is_settling { settle.max(GATHER) } else { poll }) {
            Ok(Nudge::Changed) => std::thread::sleep(GATHER),
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Nudge::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
        if nudged.try_iter().any(|nudge| matches!(nudge, Nudge::Stop)) {
            return;
        }
    }
}

/// Asks the operating system to tell of changes; where it cannot, the slow look is all there is.
fn notified(folder: &Path, nudge: Sender<Nudge>) -> Option<RecommendedWatcher> {
    let tell = move |event: notify::Result<notify::Event>| {
        // Our own reading of the folder must not make us read it again.
        let is_read = event.is_ok_and(|event| match event.kind {
            EventKind::Access(access) => access != AccessKind::Close(AccessMode::Write),
            _ => false,
        });
        if !is_read {
            // Nobody listens any more when the thread has ended.
            let _ = nudge.send(Nudge::Changed);
        }
    };
    let mut watcher = notify::recommended_watcher(tell).ok()?;
    watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}
