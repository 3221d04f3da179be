//! `freehold serve`: answers queries of a contract until it is told to stop.

use std::net::SocketAddr;

use clap::Args;

use crate::{
    contract::{Contract, Files},
    settings::{HttpSettings, Settings},
    telemetry::{Event, Telemetry},
};

use super::{
    exit::Exit,
    flags::{BoundFlags, ContractFlag, LedgerFlags, LogFlags, RedisFlags},
    load::{self, Variables},
    reload::Origin,
    server::{self, Outside},
};

const AFTER_HELP: &str = "\
Examples:
  ERP_URL=postgres://freehold@erp/prod freehold serve --contract schema
  freehold serve --listen 0.0.0.0:4000 --log-format json
  freehold serve --ledger sqlite:/var/lib/freehold/ledger.db

When files of the contract change, it is read again, and served from then on if it has no faults; if it has,
the one before is served on and the log says why. SIGHUP asks for the same at any time.

SIGINT and SIGTERM stop the server: it finishes what is in flight. A second one stops it at once.

/healthz says that the process answers. /readyz says which systems do; it is 503 only when none does.
/metrics is for Prometheus. / is a console for browsers.";

/// Answer GraphQL queries over HTTP
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Serve {
    #[command(flatten)]
    contract: ContractFlag,
    /// The address to listen on; only this machine unless it says otherwise
    #[arg(long, value_name = "ADDR", default_value_t = HttpSettings::default().listen, env = "FREEHOLD_LISTEN")]
    listen: SocketAddr,
    /// Serve a contract that marks protected data and tells no callers apart, with everything in it open to every caller
    #[arg(long)]
    serve_unprotected: bool,
    /// Take a changed contract on SIGHUP alone, and not when its folder changes
    #[arg(long, env = "FREEHOLD_NO_WATCH")]
    no_watch: bool,
    #[command(flatten)]
    log: LogFlags,
    #[command(flatten)]
    bounds: BoundFlags,
    #[command(flatten)]
    redis: RedisFlags,
    #[command(flatten)]
    ledger: LedgerFlags,
}

impl Serve {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        self.log.start();
        let outside = match (self.redis.redis(), self.ledger.ledger()) {
            (Ok(redis), Ok(ledger)) => Outside { redis, ledger, ..Outside::default() },
            (Err(exit), _) | (_, Err(exit)) => return exit,
        };
        let telemetry = Telemetry::new();
        let (contract, files) = match self.contract(&telemetry) {
            Ok(read) => read,
            Err(exit) => return exit,
        };
        let origin = Origin {
            folder: self.contract.contract.clone(),
            files: Some(files),
            serve_unprotected: self.serve_unprotected,
            is_watched: !self.no_watch,
        };
        let outside = Outside { origin: Some(origin), ..outside };
        let settings =
            Settings { http: self.bounds.http(self.listen), engine: self.bounds.engine(), cache: self.bounds.cache() };
        server::run(contract, settings, outside, telemetry, |_| {})
    }

    fn contract(&self, telemetry: &Telemetry) -> Result<(Contract, Files), Exit> {
        let files = load::read(&self.contract.contract)?;
        let loaded = load::load(&files, Variables::Environment);
        if loaded.contract.is_none() {
            telemetry.emit(&Event::ContractLoaded { version: "", n_faults: load::n_faults(&loaded) });
        }
        let contract = load::accept(loaded)?;
        telemetry.emit(&Event::ContractLoaded { version: &contract.version, n_faults: 0 });
        if !may_be_served(&contract, self.serve_unprotected) {
            eprintln!("{UNPROTECTED}");
            return Err(Exit::Faults);
        }
        if contract.marks_protected_data && contract.access.is_none() {
            telemetry.emit(&Event::ServedUnprotected);
        }
        Ok((contract, files))
    }
}

/// Whether a contract may be served: where it does not say who is let in, what it marks as protected would be open to
/// everyone, so somebody must want that.
pub(super) fn may_be_served(contract: &Contract, serve_unprotected: bool) -> bool {
    !contract.marks_protected_data || contract.access.is_some() || serve_unprotected
}

const UNPROTECTED: &str = "\
freehold: not served: this contract marks protected data (@scope, @visible), and does not say who is let in.
  Every caller would see every account's rows and every audience's fields.
  Say it by [access] in freehold.toml. Where that is wanted (test data, a closed network), say so: freehold serve --serve-unprotected";

#[cfg(test)]
mod tests {
    use crate::{
        contract::{Access, load},
        demo,
    };

    use super::*;

    #[test]
    fn protected_data_is_served_only_where_somebody_says_so() {
        let files = demo::CONTRACT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let contract =
            load(&Files::new(files), &|_| Some("http://unset".to_owned())).contract.expect("it has no faults");
        assert!(!may_be_served(&contract, false));
        assert!(may_be_served(&contract, true));
        let guarded = Contract { access: Some(Access::default()), ..contract };
        assert!(may_be_served(&guarded, false));
        let open = Contract { marks_protected_data: false, access: None, ..guarded };
        assert!(may_be_served(&open, false));
    }
}
