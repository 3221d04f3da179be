//! `freehold schema`: the public schema of a contract, as callers see it.

use clap::Args;

use crate::contract::PublicSchema;

use super::{
    exit::{Exit, failed},
    flags::{AudienceFlag, ContractFlag},
    load,
    terminal::show,
};

const AFTER_HELP: &str = "\
Example:
  freehold schema --contract schema > public.graphql";

/// Print the public schema in the schema definition language
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Schema {
    #[command(flatten)]
    contract: ContractFlag,
    #[command(flatten)]
    audience: AudienceFlag,
}

impl Schema {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let contract = match load::open(&self.contract.contract) {
            Ok(contract) => contract,
            Err(exit) => return exit,
        };
        let audience = match self.audience.find(&contract) {
            Ok(audience) => audience,
            Err(exit) => return exit,
        };
        match PublicSchema::new(&contract, audience) {
            Ok(schema) => {
                show(&format!("{}\n", schema.sdl().trim_end()));
                Exit::Done
            }
            Err(error) => failed("build the public schema", &error),
        }
    }
}
