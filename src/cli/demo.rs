//! `freehold demo`: a demo company, filled and served, to look around in.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    access::{Caller, Stranger},
    contract::{self, Contract, Files},
    demo::{self, DemoCallers, DemoServers},
    ledger::LedgerAddress,
    settings::{EngineSettings, HttpSettings, LedgerSettings, Settings},
    telemetry::Telemetry,
};

use super::{
    exit::{Exit, failed},
    flags::LogFlags,
    load,
    server::{self, LedgerChoice, Outside},
    terminal::show,
};

const AFTER_HELP: &str = "\
Examples:
  freehold demo
  freehold demo --listen 127.0.0.1:8080 --data ./demo

An ERP as an SQLite file, a PIM that speaks REST and a shop that speaks GraphQL, of an invented manufacturer, and the
contract that Freehold ships over them. The rows are the same each time. Whoever sends no token is the operator, whom
nothing is kept from: the rows are nobody's. Four tokens to send are printed.";

/// The ledger's file, beside those of the systems.
const LEDGER: &str = "ledger.db";

/// Fill and serve a demo company
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Demo {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value_t = HttpSettings::default().listen, env = "FREEHOLD_LISTEN")]
    listen: SocketAddr,
    /// The folder for the systems' three files, which are written anew, and the ledger; without it one that is deleted in
    /// the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    log: LogFlags,
}

impl Demo {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        self.log.start();
        let passing = std::env::temp_dir().join(format!("freehold-demo-{}", std::process::id()));
        let exit = self.serve(self.data.as_deref().unwrap_or(&passing));
        if self.data.is_none() {
            // What cannot be deleted is left to whoever empties the temporary folder.
            let _ = std::fs::remove_dir_all(&passing);
        }
        exit
    }

    fn serve(&self, folder: &Path) -> Exit {
        // The demo's own systems run apart from what asks them, as they would.
        let runtime = match tokio::runtime::Runtime::new() {
            Ok(runtime) => runtime,
            Err(error) => return failed("start the runtime", &error),
        };
        let started = runtime.block_on(async { demo::serve(&demo::fill(folder).await?).await });
        let servers = match started {
            Ok(servers) => servers,
            Err(error) => return failed("set up the demo company", &error),
        };
        let callers = match DemoCallers::new(jiff::Timestamp::now().as_second()) {
            Ok(callers) => callers,
            Err(error) => return failed("set up the demo company", &error),
        };
        let contract = match contract(&servers, &callers) {
            Ok(contract) => contract,
            Err(exit) => return exit,
        };
        let http = HttpSettings { listen: self.listen, ..HttpSettings::default() };
        let engine = EngineSettings { business_time: Some(demo::noon()), ..EngineSettings::default() };
        let settings = Settings { http, engine, ..Settings::default() };
        let address = LedgerAddress::file(folder.join(LEDGER));
        let ledger = Some(LedgerChoice { address, route: None, settings: LedgerSettings::default() });
        let stranger = Stranger::Known(Caller::operator().into());
        let outside = Outside { ledger, stranger, ..Outside::default() };
        server::run(contract, settings, outside, Telemetry::new(), |address| announce(address, folder, &callers))
    }
}

/// Loads the contract that Freehold ships, bound to the demo company's systems.
fn contract(servers: &DemoServers, callers: &DemoCallers) -> Result<Contract, Exit> {
    let files = demo::CONTRACT.iter().map(|(path, text)| {
        let access = if *path == "freehold.toml" { demo::ACCESS } else { "" };
        ((*path).to_owned(), format!("{text}{access}"))
    });
    let loaded = contract::load(&Files::new(files), &|name| servers.url(name).or_else(|| callers.variable(name)));
    load::accept(loaded)
}

/// Says where to look, and what is worth asking.
fn announce(address: SocketAddr, folder: &Path, callers: &DemoCallers) {
    let folder = folder.display();
    let mut text = format!(
        "\nAquator makes pumps, valves and fittings. It has an ERP, a PIM and a shop, and they disagree on purpose.\n\n  \
         Console   http://{address}/\n  \
         GraphQL   http://{address}/graphql\n  \
         Systems   http://{address}/readyz\n  \
         Files     {folder}\n  \
         Ledger    freehold exceptions --ledger sqlite:{folder}/{LEDGER}\n\n\
         Worth trying in the console:\n"
    );
    for query in demo::QUERIES {
        text += &format!("\n# {}\n# {}\n{}\n", query.title, query.sentence, query.text);
    }
    text += "\nWithout a token you are the operator, whom nothing is kept from. To be somebody else, send a header:\n";
    for caller in &callers.callers {
        text += &format!("\n# {}\nAuthorization: Bearer {}\n", caller.who, caller.token);
    }
    show(&(text + "\nCtrl+C stops it, and the tokens with it. Its data is nobody's.\n"));
}
