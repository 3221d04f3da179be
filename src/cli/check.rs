//! `freehold check`: every fault of a contract at once, and with `--live` whether its owners can answer what it says.

use clap::Args;
use serde_json::json;

use crate::{
    contract::{Contract, Loaded},
    diagnostic::{render_json, render_text},
};

use super::{
    exit::{Exit, failed},
    flags::{ContractFlag, Format},
    live::{self, Finding},
    load::{self, Variables},
    terminal::{show, wants_colour},
};

const AFTER_HELP: &str = "\
Examples:
  freehold check --contract schema
  freehold check --format json | jq '.findings[].code'
  ERP_URL=postgres://freehold@erp/prod freehold check --live

With --live every system is asked whether it answers, every list for its first rows, and every group
for the records of those rows. Nothing is written to any system.";

/// Find every fault of a contract
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Check {
    #[command(flatten)]
    contract: ContractFlag,
    /// Ask every owner, too: that columns are there, values fit their types and sample keys answer
    #[arg(long)]
    live: bool,
    /// The form of the findings
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Check {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let files = match load::read(&self.contract.contract) {
            Ok(files) => files,
            Err(exit) => return exit,
        };
        let loaded = load::load(&files, Variables::Environment);
        let n_faults = load::n_faults(&loaded);
        let Loaded { contract, diagnostics, sources } = loaded;
        let version = contract.as_ref().map(|contract| contract.version.clone());
        let findings = match contract.filter(|_| self.live).map(ask_owners).transpose() {
            Ok(findings) => findings,
            Err(error) => return failed("start the runtime", &error),
        };
        let n_live_faults = findings.iter().flatten().filter(|finding| finding.is_fault()).count();
        show(&match self.format {
            Format::Text => {
                let mut text = render_text(&diagnostics, &sources, wants_colour(&std::io::stdout()));
                for finding in findings.iter().flatten() {
                    text += &format!("{finding}\n");
                }
                let n_notices = counted(diagnostics.len() - n_faults, "notice");
                let version = version.as_ref().map_or_else(String::new, |version| format!("contract {version}: "));
                text += &format!("{version}{}, {n_notices}", counted(n_faults, "fault"));
                if findings.is_some() {
                    text += &format!(", {} in its owners' answers", counted(n_live_faults, "fault"));
                }
                text + "\n"
            }
            Format::Json => {
                let live = findings.as_ref().map(|findings| findings.iter().map(Finding::to_json).collect::<Vec<_>>());
                let findings = render_json(&diagnostics, &sources);
                let check = json!({ "contract": version, "faults": n_faults, "findings": findings, "live": live });
                format!("{check:#}\n")
            }
        });
        if version.is_none() || n_live_faults > 0 { Exit::Faults } else { Exit::Done }
    }
}

fn ask_owners(contract: Contract) -> std::io::Result<Vec<Finding>> {
    Ok(tokio::runtime::Runtime::new()?.block_on(live::ask(contract)))
}

/// Counts things in words: `1 fault`, `2 faults`, `no faults`.
fn counted(n: usize, thing: &str) -> String {
    match n {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        n => format!("{n} {thing}s"),
    }
}
