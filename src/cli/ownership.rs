//! `freehold ownership`: who owns which field, how fresh it is, and what happens when its owner is down.

use clap::{Args, ValueEnum};

use crate::contract::{ownership, ownership_json, ownership_markdown, ownership_text};

use super::{exit::Exit, flags::ContractFlag, load, terminal::show};

const AFTER_HELP: &str = "\
Examples:
  freehold ownership
  freehold ownership --format markdown > OWNERSHIP.md
  freehold ownership --format json | jq '.[] | select(.owner == \"pim\")'";

/// Print the ownership table: domain, field, owner, freshness, and what is served during an outage
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Ownership {
    #[command(flatten)]
    contract: ContractFlag,
    /// The form of the table
    #[arg(long, default_value = "text")]
    format: TableFormat,
}

/// For whom a table is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// For people at a terminal
    Text,
    /// For a page that people read
    Markdown,
    /// For machines
    Json,
}

impl Ownership {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let contract = match load::open(&self.contract.contract) {
            Ok(contract) => contract,
            Err(exit) => return exit,
        };
        let rows = ownership(&contract);
        show(&match self.format {
            TableFormat::Text => ownership_text(&rows),
            TableFormat::Markdown => ownership_markdown(&rows),
            TableFormat::Json => format!("{:#}\n", ownership_json(&rows)),
        });
        Exit::Done
    }
}
