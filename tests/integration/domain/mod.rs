//! What real systems do, where no kind of system has it for itself: each test is named for the point it keeps.
//!
//! `s5_…` are the limits and traps of protocols, `s6_NN_…` what running systems were seen to do.

mod computed;
mod disagreement;
mod limits;
mod movements;
mod points;
mod sql_role;
mod stamps;
mod statuses;

use std::sync::Arc;

use freehold::contract::{Contract, Files, SystemKind, load};

use crate::common::{engine::Freehold, system::System};

/// A Freehold whose only system is a database. `bindings` is the system file without how the system is reached.
fn over(system: &System, graph: &str, bindings: &str) -> Freehold {
    let (files, url) = files_over(system, graph, bindings);
    Freehold::over(files, &[("ERP_URL", &url)])
}

/// The contract of such a Freehold.
fn contract_over(system: &System, graph: &str, bindings: &str) -> Arc<Contract> {
    let (files, url) = files_over(system, graph, bindings);
    let loaded = load(&Files::new(files), &|_| Some(url.clone()));
    Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
}

fn files_over(system: &System, graph: &str, bindings: &str) -> ([(String, String); 3], String) {
    let kind = system.kind();
    let url = match &kind {
        SystemKind::Postgres { url } | SystemKind::Mysql { url } | SystemKind::Sqlite { url } => {
            url.reveal().to_owned()
        }
        other => panic!("{} is no database of these tests", other.word()),
    };
    let erp = format!("kind = \"{}\"\nurl = \"${{ERP_URL}}\"\n{bindings}", kind.word());
    let files = [("graph.graphql", graph), ("freehold.toml", "systems = [\"erp.toml\"]\n"), ("erp.toml", &erp)];
    (files.map(|(path, text)| (path.to_owned(), text.to_owned())), url)
}
