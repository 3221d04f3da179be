//! How a folder of files is watched, as its system file writes it.

use std::time::Duration;

use super::{
    Secret,
    reader::{Entry, Reader},
};
use crate::diagnostic::{Findings, Place};

/// A folder into which others put files.
#[derive(Debug, Clone)]
pub struct FileSystem {
    /// Its path, or `file://path`; a relative one starts where the program does.
    pub folder: Secret,
    /// How long a file must not have changed to be complete.
    pub settle: Duration,
    /// How often the folder is looked at where nothing tells of its changes, as of folders on other machines.
    pub poll: Duration,
    /// Larger files are refused.
    pub bytes_max: u64,
}

/// The keys of a system that only folders have.
#[derive(Debug, Default)]
pub(super) struct DropFile {
    /// Where `folder` stands.
    pub folder: Option<Place>,
    settle: Option<Duration>,
    poll: Option<Duration>,
    bytes_max: Option<u64>,
}

/// A copy over a slow network writes more often than this.
const SETTLE: Duration = Duration::from_secs(2);
/// A look costs one reading of the folder.
const POLL: Duration = Duration::from_secs(30);
/// Rows are served from memory: more than this was hardly meant to be there.
const BYTES_MAX: u64 = 4 << 30;

impl DropFile {
    /// The keys.
    pub const KEYS: &[&str] = &["folder", "settle", "poll", "bytes_max"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "settle" => self.settle = reader.duration(entry),
            "poll" => self.poll = reader.duration(entry),
            "bytes_max" => self.bytes_max = reader.number(entry, 1, 1 << 40),
            _ => return false,
        }
        true
    }

    /// Makes the system; `url` is where another key says where it is.
    pub fn system(self, folder: Secret, url: Option<Place>, findings: &mut Findings) -> FileSystem {
        if let (Some(folder), Some(_)) = (self.folder, url) {
            let message = "both `folder` and `url` say where the files are";
            findings.fault("FOLDER_TWICE", folder, message, "keep one of the two");
        }
        FileSystem {
            folder,
            settle: self.settle.unwrap_or(SETTLE),
            // A folder that is looked at without pause would cost a core.
            poll: self.poll.unwrap_or(POLL).max(Duration::from_millis(100)),
            bytes_max: self.bytes_max.unwrap_or(BYTES_MAX),
        }
    }
}
