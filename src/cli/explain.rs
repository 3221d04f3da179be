//! `freehold explain`: how a query would be answered, without asking any system.

use std::{io::Read, path::PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::{
    contract::{AudienceLimits, PublicSchema},
    plan::{Explanation, Planned, Refusal, plan_within},
};

use super::{
    exit::{Exit, failed},
    flags::{AudienceFlag, ContractFlag, Format},
    load,
    terminal::show,
};

const AFTER_HELP: &str = "\
Examples:
  freehold explain query.graphql
  freehold explain --operation OrdersOfAccount --format json queries.graphql
  echo '{ product(sku: \"A-100\") { name } }' | freehold explain -";

/// Print the plan of a query: which system answers what, in which stage, how fresh, at what cost
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Explain {
    /// The file that holds the query; - is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    #[command(flatten)]
    contract: ContractFlag,
    #[command(flatten)]
    audience: AudienceFlag,
    /// Which of the file's operations, where it has several
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// The form of the plan
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Explain {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let query = match self.query() {
            Ok(query) => query,
            Err(error) => return failed(&format!("read {}", self.file.display()), &error),
        };
        let contract = match load::open(&self.contract.contract) {
            Ok(contract) => contract,
            Err(exit) => return exit,
        };
        let audience = match self.audience.find(&contract) {
            Ok(audience) => audience,
            Err(exit) => return exit,
        };
        let schema = match PublicSchema::new(&contract, audience) {
            Ok(schema) => schema,
            Err(error) => return failed("build the public schema", &error),
        };
        let limits = contract.limits.of(audience);
        match (plan_within(&contract, &schema, audience, &query, self.operation.as_deref()), self.format) {
            (Ok(planned), Format::Text) => {
                let (plan, taken) = (&planned.plan, taken(limits, &planned));
                let taken = taken.map(|(limit, n, allowed)| format!("{limit} {n} of {allowed}"));
                show(&format!("{}limits: {}\n", Explanation::new(&contract, plan), taken.join(", ")));
            }
            (Ok(planned), Format::Json) => {
                let (plan, taken) = (&planned.plan, taken(limits, &planned));
                let taken =
                    taken.map(|(limit, n, allowed)| (limit.to_owned(), json!({ "taken": n, "allowed": allowed })));
                let mut explained = Explanation::new(&contract, plan).to_json();
                explained["limits"] = Value::from(serde_json::Map::from_iter(taken));
                show(&format!("{explained:#}\n"));
            }
            (Err(refusal), format) => {
                self.show(&refusal, format);
                return Exit::Faults;
            }
        }
        Exit::Done
    }

    fn query(&self) -> std::io::Result<String> {
        if self.file.as_os_str() != "-" {
            return std::fs::read_to_string(&self.file);
        }
        let mut query = String::new();
        std::io::stdin().read_to_string(&mut query)?;
        Ok(query)
    }

    /// Shows every mistake of a query where editors and scripts look for it.
    fn show(&self, refusal: &Refusal, format: Format) {
        if format == Format::Json {
            let mistakes = refusal.mistakes.iter().map(|mistake| {
                let positions = mistake.positions.iter();
                let positions = positions.map(|at| json!({ "line": at.line, "column": at.column }));
                json!({ "message": mistake.message, "locations": positions.collect::<Vec<_>>() })
            });
            show(&format!("{:#}\n", json!({ "errors": mistakes.collect::<Vec<Value>>() })));
            return;
        }
        for mistake in &refusal.mistakes {
            match mistake.positions.first() {
                Some(at) => eprintln!("{}:{}:{}: {}", self.file.display(), at.line, at.column, mistake.message),
                None => eprintln!("{}: {}", self.file.display(), mistake.message),
            }
        }
    }
}

/// Says of each limit how much of it a query takes, and how much it may.
fn taken(limits: &AudienceLimits, Planned { counted, cost, .. }: &Planned) -> [(&'static str, u64, u64); 6] {
    [
        ("cost", *cost, limits.cost),
        ("depth", counted.depth, limits.depth),
        ("aliases", counted.aliases, limits.aliases),
        ("root_fields", counted.root_fields, limits.root_fields),
        ("directives", counted.directives, limits.directives),
        ("tokens", counted.tokens, limits.tokens),
    ]
}
