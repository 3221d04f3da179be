//! What the end of a command means to the script that ran it.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Done = 0,
    /// There are faults: in the contract, or in the query.
    Faults = 1,
    /// The command line is wrong. Most of this clap sees to, with the same code.
    Misused = 2,
    /// Something outside failed: a file, an address, a system.
    Failed = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Says on standard error what could not be done, with everything that led to it.
pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> Exit {
    eprint!("freehold: failed to {what}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprint!(": {error}");
        cause = error.source();
    }
    eprintln!();
    Exit::Failed
}
