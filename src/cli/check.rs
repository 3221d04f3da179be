//! `freehold check`: every fault of a contract at once, and with `--live` whether its owners can answer what it says.

use std::{sync::Arc, time::Duration};

use clap::Args;
use serde_json::json;

use crate::{
    contract::{Contract, Loaded},
    diagnostic::{render_json, render_text},
    job::{LiveOptions, LiveReport, check_live, given_samples},
};

use super::{
    exit::{Exit, failed},
    flags::{ContractFlag, Format, duration},
    load::{self, Variables},
    terminal::{show, wants_colour},
};

const AFTER_HELP: &str = "\
Examples:
  freehold check --contract schema
  freehold check --format json | jq '.findings[].code'
  ERP_URL=postgres://freehold@erp/prod freehold check --live
  freehold check --live --sample Product=A-100,B-200 --sample 'Price=K1|A-100'
  freehold check --live --format json | jq '.live[] | select(.ok | not)'

With --live every system is asked whether it answers, every list for its first rows, and every group for
the records of those rows: what does not answer, which declared fields are missing, which values do not
fit, which keys one system has and another does not know. Nothing is written to any system. Each is
asked up to three times while it is quick: ms is the middle one and the longest of these calls.

A group whose keys no list gives is asked for samples: --sample, or [samples] in freehold.toml
(Product = [\"A-100\"]; the texts of a key of several fields have | between them).

Exit codes:
  0  no faults; with --live, too: every system answers, and what it answers fits
  1  faults: in the contract, or in what its systems answer; notices are none
  2  the command line is wrong
  3  the contract's folder could not be read";

/// Find every fault of a contract
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Check {
    #[command(flatten)]
    contract: ContractFlag,
    /// Ask every owner, too: that columns are there, values fit their types and sample keys answer
    #[arg(long)]
    live: bool,
    /// Keys to ask for, besides those that lists give and the contract names
    #[arg(long, value_name = "TYPE=KEY,…", requires = "live")]
    sample: Vec<String>,
    /// How long asking may take in all; what has not answered by then is a fault
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    patience: Duration,
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
        let report = match contract.filter(|_| self.live).map(|contract| self.ask_systems(contract)).transpose() {
            Ok(report) => report,
            Err(exit) => return exit,
        };
        let n_live_faults = report.as_ref().map_or(0, LiveReport::n_faults);
        show(&match self.format {
            Format::Text => {
                let is_coloured = wants_colour(&std::io::stdout());
                let mut text = render_text(&diagnostics, &sources, is_coloured);
                if let Some(report) = &report {
                    text += &format!("{}\n", report.to_text(is_coloured));
                }
                let n_notices = counted(diagnostics.len() - n_faults, "notice");
                let version = version.as_ref().map_or_else(String::new, |version| format!("contract {version}: "));
                text += &format!("{version}{}, {n_notices}\n", counted(n_faults, "fault"));
                if let Some(report) = &report {
                    let n_notices = counted(report.n_notices(), "notice");
                    let seconds = report.elapsed.as_secs_f32();
                    let n_faults = counted(n_live_faults, "fault");
                    text += &format!("its systems' answers: {n_faults}, {n_notices}, in {seconds:.1} s\n");
                }
                text
            }
            Format::Json => {
                let live = report.as_ref().map(LiveReport::to_json);
                let findings = render_json(&diagnostics, &sources);
                let check = json!({ "contract": version, "faults": n_faults, "findings": findings, "live": live });
                format!("{check:#}\n")
            }
        });
        if version.is_none() || n_live_faults > 0 { Exit::Faults } else { Exit::Done }
    }

    fn ask_systems(&self, contract: Contract) -> Result<LiveReport, Exit> {
        let samples = given_samples(&contract, &self.sample).map_err(|error| {
            failed("read --sample", &error);
            Exit::Misused
        })?;
        let options = LiveOptions { samples, patience: self.patience };
        let runtime = tokio::runtime::Runtime::new().map_err(|error| failed("start the runtime", &error))?;
        Ok(runtime.block_on(check_live(&Arc::new(contract), options)))
    }
}

/// Counts things in words: `1 fault`, `2 faults`, `no faults`.
fn counted(n: usize, thing: &str) -> String {
    match n {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        n => format!("{n} {thing}s"),
    }
}
