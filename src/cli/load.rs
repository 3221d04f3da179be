//! A folder becomes a contract, or its faults are shown.

use std::path::Path;

use crate::{
    contract::{self, Contract, Files, Loaded},
    diagnostic::{Severity, render_text},
};

use super::{
    exit::{Exit, failed},
    terminal::wants_colour,
};

/// What the variables of a contract are filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    /// The process's environment; a missing variable is a fault.
    Environment,
    /// The environment, and a word where a variable is missing: for commands that ask no system.
    EnvironmentOrBlank,
}

/// What stands for a variable that is missing: an address as well as a word, as a contract is refused whose systems have none.
const BLANK: &str = "http://unset";

/// Reads the files of a contract's folder.
pub(super) fn read(folder: &Path) -> Result<Files, Exit> {
    contract::read_folder(folder).map_err(|error| failed("load the contract", &error))
}

/// Loads a contract from its files, collecting every fault.
pub(super) fn load(files: &Files, variables: Variables) -> Loaded {
    contract::load(files, &|name| match std::env::var(name) {
        Ok(value) => Some(value),
        Err(_) if variables == Variables::EnvironmentOrBlank => Some(BLANK.to_owned()),
        Err(_) => None,
    })
}

/// Returns a contract, or shows all of its faults on standard error.
pub(super) fn accept(loaded: Loaded) -> Result<Contract, Exit> {
    let Loaded { contract, diagnostics, sources } = loaded;
    contract.ok_or_else(|| {
        eprint!("{}", render_text(&diagnostics, &sources, wants_colour(&std::io::stderr())));
        eprintln!("freehold: the contract has faults; `freehold check` shows them, too");
        Exit::Faults
    })
}

/// Reads and loads a contract for a command that asks no system.
pub(super) fn open(folder: &Path) -> Result<Contract, Exit> {
    accept(load(&read(folder)?, Variables::EnvironmentOrBlank))
}

/// How many faults there are.
pub(super) fn n_faults(loaded: &Loaded) -> usize {
    loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Fault).count()
}

/// Says the first fault there is in one line: its code, where it stands, and what is wrong.
pub(super) fn first_fault(loaded: &Loaded) -> String {
    let mut faults = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Fault);
    let Some(fault) = faults.next() else { return String::new() };
    let place = fault.place.map_or_else(String::new, |place| {
        let (line, _) = loaded.sources.line_column(place);
        format!("{}:{line} ", loaded.sources.name(place.file))
    });
    format!("{} {place}{}", fault.code, fault.message)
}
