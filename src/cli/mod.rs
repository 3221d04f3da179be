//! The commands: what a person or a script types.
//!
//! Reading order: `exit` (what a command's end means), `flags` (what several commands take), `terminal` (colour), `load`
//! (a folder becomes a contract, or its faults are shown), `serve`, `server` (a contract becomes a listening server)
//! with `assembled` (what answers by a contract), `reload` and `watch` (a contract that changes while it is served),
//! `check` (faults, with and without asking the systems), `diff` (what a change of a contract means), `documents`
//! (whether registered documents still run), `exceptions` (what the ledger holds), `reconcile`
//! with `progress` (owners compared with copies), `token` (API tokens), `ownership`, `explain`, `schema`, `demo`.
//!
//! What a command is asked for goes to standard output; everything else it has to say goes to standard error.

mod assembled;
mod check;
mod demo;
mod diff;
mod documents;
mod exceptions;
mod exit;
mod explain;
mod flags;
mod load;
mod ownership;
mod progress;
mod reconcile;
mod reload;
mod schema;
mod serve;
mod server;
mod terminal;
mod token;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const AFTER_HELP: &str = "\
Examples:
  freehold demo                                  start a demo company and look around
  freehold check --contract schema               find every fault of a contract
  freehold ownership --contract schema           who owns which field
  freehold explain --contract schema query.graphql
  freehold serve --contract schema --listen 0.0.0.0:4000

Exit codes:
  0  done
  1  faults: in the contract, or in the query to explain
  2  the command line is wrong
  3  something outside failed: a file, an address, a system";

/// One GraphQL read layer over ERP, PIM and shop: every field answered by the system that owns it.
#[derive(Debug, Parser)]
#[command(name = "freehold", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Freehold {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    // The flags of a server are many times those of any other command.
    Serve(Box<serve::Serve>),
    Check(check::Check),
    Diff(diff::Diff),
    Documents(documents::Documents),
    Exceptions(exceptions::Exceptions),
    Reconcile(Box<reconcile::Reconcile>),
    Token(token::Token),
    Ownership(ownership::Ownership),
    Explain(explain::Explain),
    Schema(schema::Schema),
    Demo(demo::Demo),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let exit = match Freehold::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Diff(diff) => diff.run(),
        Command::Documents(documents) => documents.run(),
        Command::Exceptions(exceptions) => exceptions.run(),
        Command::Reconcile(reconcile) => reconcile.run(),
        Command::Token(token) => token.run(),
        Command::Ownership(ownership) => ownership.run(),
        Command::Explain(explain) => explain.run(),
        Command::Schema(schema) => schema.run(),
        Command::Demo(demo) => demo.run(),
    };
    exit.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Freehold::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        for command in Freehold::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{}", command.get_name());
        }
    }
}
