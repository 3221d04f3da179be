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

use freehold::contract::SystemKind;

use crate::common::{engine::Freehold, system::System};

/// A Freehold whose only system is a database. `bindings` is the system file without how the system is reached.
fn over(system: &System, graph: &str, bindings: &str) -> Freehold {
    let kind = system.kind();
    let url = match &kind {
        SystemKind::Postgres { url } | SystemKind::Mysql { url } | SystemKind::Sqlite { url } => {
            url.reveal().to_owned()
        }
        other => panic!("{} is no database of these tests", other.word()),
    };
    let erp = format!("kind = \"{}\"\nurl = \"${{ERP_URL}}\"\n{bindings}", kind.word());
    let files = [("graph.graphql", graph), ("freehold.toml", "systems = [\"erp.toml\"]\n"), ("erp.toml", &erp)];
    Freehold::over(files.map(|(path, text)| (path.to_owned(), text.to_owned())), &[("ERP_URL", &url)])
}
