//! `freehold documents check`: the documents that callers have registered, replayed against a contract.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    contract::{Contract, Document, PublicSchema, read_manifest},
    diagnostic::render_text,
    plan::{Document as ReadDocument, Mistake, Refusal, plan_within},
    value::AudienceId,
};

use super::{
    exit::{Exit, failed},
    flags::{ContractFlag, Format},
    load,
    terminal::{show, wants_colour},
};

const AFTER_HELP: &str = "\
Examples:
  freehold documents check --contract schema
  freehold documents check --contract changed/schema --manifest web/persisted-query-manifest.json
  freehold documents check --format json | jq '.breaks[].document'";

const AFTER_CHECK: &str = "\
Examples:
  freehold documents check --contract schema
  freehold documents check --contract changed/schema --manifest web/persisted-query-manifest.json
  freehold documents check --format json | jq '.breaks[].document'

Every document is held against the limits, validated and planned for each audience that runs it, as when it is sent:
those that the manifest names, else those of trusted_only, else every one. No system is asked.

Exit codes:
  0  every document runs
  1  documents that break, or a contract or manifest with faults
  2  the command line is wrong
  3  the contract's folder or the manifest could not be read";

/// Check the documents that callers have registered
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Documents {
    #[command(subcommand)]
    command: DocumentsCommand,
}

#[derive(Debug, Subcommand)]
enum DocumentsCommand {
    Check(Check),
}

/// Replay every registered document against a contract, and say which break
#[derive(Debug, Args)]
#[command(after_help = AFTER_CHECK)]
struct Check {
    #[command(flatten)]
    contract: ContractFlag,
    /// The manifest to replay, instead of the one that the contract names
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The form of what breaks
    #[arg(long, default_value = "text")]
    format: Format,
}

/// A document that does not run.
struct Break<'d> {
    document: &'d Document,
    audience: Option<AudienceId>,
    mistake: Mistake,
}

impl Documents {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let DocumentsCommand::Check(check) = self.command;
        check.run().unwrap_or_else(|exit| exit)
    }
}

impl Check {
    fn run(&self) -> Result<Exit, Exit> {
        let contract = load::open(&self.contract.contract)?;
        let given = self.manifest.as_ref().map(|path| given(path, &contract)).transpose()?;
        let documents = given.as_ref().unwrap_or(&contract.documents.registered);
        if documents.is_empty() {
            eprintln!(
                "freehold: no document is registered: name a manifest in [documents] of freehold.toml, or by --manifest"
            );
            return Err(Exit::Misused);
        }
        let breaks = breaks(&contract, documents)?;
        show(&match self.format {
            Format::Text => text(&contract, documents.len(), &breaks),
            Format::Json => format!("{:#}\n", to_json(&contract, documents.len(), &breaks)),
        });
        Ok(if breaks.is_empty() { Exit::Done } else { Exit::Faults })
    }
}

/// Reads the manifest that somebody named.
fn given(path: &PathBuf, contract: &Contract) -> Result<Vec<Document>, Exit> {
    let text = std::fs::read_to_string(path).map_err(|error| failed(&format!("read {}", path.display()), &error))?;
    read_manifest(&path.display().to_string(), text, &contract.audiences).map_err(|(diagnostics, sources)| {
        eprint!("{}", render_text(&diagnostics, &sources, wants_colour(&std::io::stderr())));
        Exit::Faults
    })
}

/// Replays documents for each audience that runs them.
fn breaks<'d>(contract: &Contract, documents: &'d [Document]) -> Result<Vec<Break<'d>>, Exit> {
    let n_audiences = contract.audiences.len();
    // Without audiences there is one schema, which is everyone's.
    let everyone = if n_audiences == 0 { Some(None) } else { None };
    let audiences = everyone.into_iter().chain((0..n_audiences).map(|audience| Some(AudienceId::from(audience))));
    let mut breaks = Vec::new();
    for audience in audiences {
        let schema =
            PublicSchema::new(contract, audience).map_err(|error| failed("build the public schema", &error))?;
        for document in documents {
            let runs = |audience| contract.documents.audiences(document, n_audiences).contains(&audience);
            if audience.is_none_or(runs)
                && let Err(refusal) = replay(contract, &schema, (audience, &document.text))
            {
                let mistakes = refusal.mistakes.into_iter();
                breaks.extend(mistakes.map(|mistake| Break { document, audience, mistake }));
            }
        }
    }
    Ok(breaks)
}

/// Plans every operation of a document.
fn replay(
    contract: &Contract,
    schema: &PublicSchema,
    (audience, text): (Option<AudienceId>, &str),
) -> Result<(), Refusal> {
    for name in ReadDocument::read(contract.limits.of(audience), text)?.operation_names() {
        plan_within(contract, schema, audience, text, name.as_deref())?;
    }
    Ok(())
}

fn audience_name(contract: &Contract, audience: Option<AudienceId>) -> Option<&str> {
    audience.map(|audience| contract.audiences[audience.index()].as_str())
}

fn text(contract: &Contract, n_documents: usize, breaks: &[Break<'_>]) -> String {
    let mut text = String::new();
    for Break { document, audience, mistake } in breaks {
        let name = document.name.as_deref().unwrap_or("a document without a name");
        let whom = audience_name(contract, *audience).map_or_else(String::new, |audience| format!(" for {audience}"));
        let at = mistake.positions.first().map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
        text += &format!("{name}{at} breaks{whom}: {}\n  {}\n", mistake.message, document.id);
    }
    let n_breaking = n_documents_of(breaks);
    text + &format!("contract {}: {} of {n_documents} documents run\n", contract.version, n_documents - n_breaking)
}

fn n_documents_of(breaks: &[Break<'_>]) -> usize {
    let ids: std::collections::BTreeSet<&str> = breaks.iter().map(|one| one.document.id.as_str()).collect();
    ids.len()
}

fn to_json(contract: &Contract, n_documents: usize, breaks: &[Break<'_>]) -> Value {
    let entry = |one: &Break<'_>| {
        let positions = one.mistake.positions.iter().map(|at| json!({ "line": at.line, "column": at.column }));
        json!({
            "document": one.document.id,
            "name": one.document.name,
            "audience": audience_name(contract, one.audience),
            "message": one.mistake.message,
            "locations": positions.collect::<Vec<_>>(),
        })
    };
    let entries: Vec<Value> = breaks.iter().map(entry).collect();
    json!({
        "contract": contract.version,
        "documents": n_documents,
        "breaking": n_documents_of(breaks),
        "breaks": entries,
    })
}
