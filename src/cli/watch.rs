//! The watch: says that a contract's folder may have changed.
//!
//! It may say so too often, and where the operating system tells of no changes it says nothing; whoever is told looks for
//! themselves.

use std::{path::Path, sync::Arc};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;

/// Asks the operating system to tell of changes below a folder for as long as what is returned is kept.
pub(super) fn watch(folder: &Path, changed: Arc<Notify>) -> Option<RecommendedWatcher> {
    let tell = move |event: notify::Result<notify::Event>| {
        // Our own reading of the folder must not make us read it again.
        let is_read = event.is_ok_and(|event| match event.kind {
            EventKind::Access(access) => access != AccessKind::Close(AccessMode::Write),
            _ => false,
        });
        if !is_read {
            changed.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(tell).ok()?;
    watcher.watch(folder, RecursiveMode::Recursive).ok()?;
    Some(watcher)
}
