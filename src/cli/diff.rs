//! `freehold diff`: what a change of a contract means, for a pipeline that lets it through or not.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::contract::{Change, ChangeKind, Contract, diff, diff_json, diff_text};

use super::{exit::Exit, flags::Format, load, terminal::show};

const AFTER_HELP: &str = "\
Examples:
  freehold diff served/schema schema
  git worktree add /tmp/main main && freehold diff /tmp/main/schema schema --allow owner
  freehold diff OLD NEW --format json | jq '.changes[] | select(.fails)'

Kinds of changes:
  breaking    a document that was valid is refused, or its reader may not expect its answer
  owner       another system answers
  bounds      answers may be older than they might have been: max_age, on_outage, absent
  visibility  somebody sees what they did not: @visible, @needs, @scope, a list's scope, [access]
  note, safe  worth knowing, and additions; these never fail

No system is asked, and no variable is needed.

Exit codes:
  0  nothing that fails, or all of it allowed
  1  something breaking, or an owner, bound or visibility that nobody allowed; or a contract with faults
  2  the command line is wrong
  3  a contract's folder could not be read";

/// Say what is different between two contracts, and whether that breaks, loosens or opens anything
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Diff {
    /// The folder of the contract that is served
    old: PathBuf,
    /// The folder of the contract that is to be
    new: PathBuf,
    /// Kinds of changes that somebody has agreed to
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    allow: Vec<Allowed>,
    /// The form of the changes
    #[arg(long, default_value = "text")]
    format: Format,
}

/// A kind of change that may be let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Allowed {
    /// Documents that break
    Breaking,
    /// Fields that another system answers
    Owner,
    /// Bounds that are looser
    Bounds,
    /// What more is seen
    Visibility,
}

impl From<Allowed> for ChangeKind {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Breaking => Self::Breaking,
            Allowed::Owner => Self::Owner,
            Allowed::Bounds => Self::Bounds,
            Allowed::Visibility => Self::Visibility,
        }
    }
}

impl Diff {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let [old, new] = match [&self.old, &self.new].map(|folder| open(folder)) {
            [Ok(old), Ok(new)] => [old, new],
            [Err(exit), _] | [_, Err(exit)] => return exit,
        };
        let changes = diff(&old, &new);
        let is_allowed = |kind| self.allow.iter().any(|allowed| ChangeKind::from(*allowed) == kind);
        let n_failing = changes.iter().filter(|change| change.kind.is_grave() && !is_allowed(change.kind)).count();
        show(&match self.format {
            Format::Text => format!("{}{}\n", diff_text(&changes), summary(&old, &new, &changes, n_failing)),
            Format::Json => {
                let changes = diff_json(&changes, is_allowed);
                let diff = json!({ "old": old.version, "new": new.version, "fails": n_failing, "changes": changes });
                format!("{diff:#}\n")
            }
        });
        if n_failing > 0 { Exit::Faults } else { Exit::Done }
    }
}

fn open(folder: &std::path::Path) -> Result<Contract, Exit> {
    load::open(folder).inspect_err(|exit| {
        if *exit == Exit::Faults {
            eprintln!("freehold: that is the contract in {}", folder.display());
        }
    })
}

fn summary(old: &Contract, new: &Contract, changes: &[Change], n_failing: usize) -> String {
    let counts = ChangeKind::ALL.map(|kind| (kind.word(), changes.iter().filter(|one| one.kind == kind).count()));
    let counts: Vec<String> = counts.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
    let counts = if counts.is_empty() { "no difference".to_owned() } else { counts.join(", ") };
    let verdict = match n_failing {
        0 => "nothing to agree to".to_owned(),
        n => format!("{n} to agree to (--allow), or to take back"),
    };
    format!("contract {} → {}: {counts}; {verdict}", old.version, new.version)
}
