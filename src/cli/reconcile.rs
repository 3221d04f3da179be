//! `freehold reconcile`: owners are compared with the copies that other systems hold.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use clap::Args;

use crate::{
    contract::{Contract, Role},
    job::{ReconcileError, ReconcileOptions, Reconciling, Summary, reconcile},
    ledger::Store,
    owner,
    telemetry::Telemetry,
    value::{SystemId, TypeId},
};

use super::{
    exit::{Exit, failed},
    flags::{ContractFlag, LedgerFlag, duration},
    load::{self, Variables},
    progress::Progress,
    terminal::show,
};

const AFTER_HELP: &str = "\
Examples:
  freehold reconcile --ledger sqlite:ledger.db
  freehold reconcile --all --rate 50 --resume
  freehold reconcile --type Stock --system shop --sample 200
  freehold reconcile --all --json | jq '.fields[] | select(.n_drifted > 0)'

Every field with @copy is compared with its owner. What differs is asked for again after --settle, on both
sides: a change under way is no finding. Findings go to the ledger; what no longer differs is resolved there.

Exit codes:
  0  nothing differs, nothing is missing
  1  something does
  2  the command line is wrong, or nothing has a copy
  3  a system did not answer, or the ledger took nothing: --resume goes on there";

/// Compare owners with the copies that other systems hold
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Reconcile {
    #[command(flatten)]
    contract: ContractFlag,
    #[command(flatten)]
    ledger: LedgerFlag,
    /// Only copies that this system holds
    #[arg(long, value_name = "SYSTEM")]
    system: Option<String>,
    /// Only this type
    #[arg(long = "type", value_name = "TYPE")]
    entity_type: Option<String>,
    /// Keys of each list at most, spread over all of it and others in the next run
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    sample: u64,
    /// All keys there are
    #[arg(long, conflicts_with = "sample")]
    all: bool,
    /// Keys a second that any one query of a system is asked for
    #[arg(long, value_name = "KEYS", default_value = "200")]
    rate: NonZeroU32,
    /// How long to wait before what differs is asked for again
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    settle: Duration,
    /// Go on where the last run of the same ended early
    #[arg(long)]
    resume: bool,
    /// For machines
    #[arg(long)]
    json: bool,
}

impl Reconcile {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        self.reconciled().unwrap_or_else(|exit| exit)
    }

    fn reconciled(&self) -> Result<Exit, Exit> {
        let contract = load::accept(load::load(&load::read(&self.contract.contract)?, Variables::Environment))?;
        let options = self.options(&contract)?;
        let store = self.ledger.address()?.map(Store::new);
        if store.is_none() {
            if self.resume {
                eprintln!("freehold: without a ledger nobody knows where to go on: name one with --ledger");
                return Err(Exit::Misused);
            }
            eprintln!("freehold: no ledger is named, so what is found is only printed");
        }
        let runtime = tokio::runtime::Runtime::new().map_err(|error| failed("start the runtime", &error))?;
        let contract = Arc::new(contract);
        let mut progress = Progress::begin(self.json);
        let done = runtime.block_on(async {
            let owners = owner::open(&contract, &Telemetry::new());
            let asked = Reconciling { contract: &contract, owners: &owners, store: store.as_ref() };
            reconcile(asked, &options, &mut |advance| progress.show(advance)).await
        });
        progress.end();
        match done {
            Ok(summary) => Ok(self.told(&summary)),
            Err(error @ ReconcileError::NothingCopied) => {
                failed("reconcile", &error);
                Err(Exit::Misused)
            }
            Err(error) => Err(failed("reconcile", &error)),
        }
    }

    fn told(&self, summary: &Summary) -> Exit {
        show(&match self.json {
            true => serde_json::to_string_pretty(summary).map_or_else(|_| String::new(), |text| text + "\n"),
            false => summary.to_text(),
        });
        match summary {
            Summary { stopped, .. } if !stopped.is_empty() => Exit::Failed,
            summary if summary.has_findings() => Exit::Faults,
            _ => Exit::Done,
        }
    }

    fn options(&self, contract: &Contract) -> Result<ReconcileOptions, Exit> {
        let system = self.system.as_ref().map(|name| {
            let system = contract.systems.iter().position(|system| system.name == *name).map(SystemId::from);
            system.ok_or_else(|| unknown("system", name))
        });
        let entity = self.entity_type.as_ref().map(|name| {
            let ty: Option<TypeId> = contract.type_names.get(name).copied();
            let is_entity = |ty: &TypeId| contract.object(*ty).is_some_and(|ty| matches!(ty.role, Role::Entity(_)));
            ty.filter(is_entity).ok_or_else(|| unknown("entity", name))
        });
        Ok(ReconcileOptions {
            system: system.transpose()?,
            entity: entity.transpose()?,
            sample: (!self.all).then_some(self.sample),
            rate: self.rate,
            settle: self.settle,
            resumes: self.resume,
        })
    }
}

fn unknown(what: &str, name: &str) -> Exit {
    eprintln!("freehold: the contract has no {what} `{name}`");
    Exit::Misused
}
