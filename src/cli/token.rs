//! `freehold token`: makes, lists and takes back API tokens.

use std::{collections::BTreeSet, future::Future, time::Duration};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    access::ApiToken,
    contract::{Contract, TypeKind},
    ledger::{KeptToken, LedgerError, Store, TokenScope},
    value::parse_duration,
};

use super::{
    exit::{Exit, failed},
    flags::{ContractFlag, LedgerFlag},
    load,
    terminal::show,
};

const AFTER_HELP: &str = "\
Examples:
  freehold token create --name 'nightly export' --audience bi --account '*' --permission '*' --expires-in 90d
  freehold token create --name portal --audience service --account 100042 --permission VIEW_ORDERS_ACCOUNT
  freehold token list
  freehold token revoke 3f9c2a7be1d04c58

A token is printed once, when it is made; what is kept is its hash. One that is taken back holds for a few seconds more.";

/// What a token grants that says everything.
const EVERY: &str = "*";

/// The longest time that a token may hold: whoever has forgotten one should not have it for ever.
const EXPIRES_IN_MAX: Duration = Duration::from_secs(730 * 86_400);

/// Make, list and take back API tokens, for BI and services
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Token {
    #[command(flatten)]
    ledger: LedgerFlag,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and print it, this once
    Create(Create),
    /// Print the tokens there are, without what proves them
    List {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Take a token back
    Revoke {
        /// The token's name: what stands between its first two underscores
        id: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    contract: ContractFlag,
    /// Who gets it and what for
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// The audience whose schema answers its bearer
    #[arg(long, value_name = "AUDIENCE")]
    audience: String,
    /// An account whose rows its bearer may see, or * for every account; may be repeated
    #[arg(long = "account", value_name = "ACCOUNT", required = true)]
    accounts: Vec<String>,
    /// What its bearer may do, or * for everything; may be repeated
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// How long it holds, as 12h or 90d
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = life)]
    expires_in: Duration,
}

fn life(text: &str) -> Result<Duration, String> {
    let life = parse_duration(text).filter(|life| !life.is_zero() && *life <= EXPIRES_IN_MAX);
    life.ok_or_else(|| "write a time such as 12h or 90d, two years at most".to_owned())
}

impl Token {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let address = match self.ledger.address() {
            Ok(Some(address)) => address,
            Ok(None) => {
                eprintln!("freehold: no ledger, where tokens are kept: name one with --ledger or FREEHOLD_LEDGER");
                return Exit::Misused;
            }
            Err(exit) => return exit,
        };
        let now_ms = jiff::Timestamp::now().as_millisecond();
        match self.action {
            Action::Create(create) => create.run(&Store::new(address), now_ms),
            Action::List { json } => match done(Store::read_only(address).tokens()) {
                Ok(tokens) => {
                    show(&if json { as_json(&tokens) } else { table(&tokens, now_ms) });
                    Exit::Done
                }
                Err(exit) => exit,
            },
            Action::Revoke { id } => match done(Store::new(address).revoke_token(&id, now_ms)) {
                Ok(true) => {
                    show("It is taken back. Processes that have seen it hold it for five seconds at most.\n");
                    Exit::Done
                }
                Ok(false) => {
                    eprintln!("freehold: there is no such token; `freehold token list` shows their names");
                    Exit::Misused
                }
                Err(exit) => exit,
            },
        }
    }
}

/// Waits for the ledger.
fn done<T>(asked: impl Future<Output = Result<T, LedgerError>>) -> Result<T, Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed("start the runtime", &error))?;
    runtime.block_on(asked).map_err(|error| failed("use the tokens", &error))
}

impl Create {
    fn run(self, store: &Store, now_ms: i64) -> Exit {
        let contract = match load::open(&self.contract.contract) {
            Ok(contract) => contract,
            Err(exit) => return exit,
        };
        if let Some(wrong) = self.wrong(&contract) {
            eprintln!("freehold: {wrong}");
            return Exit::Misused;
        }
        let made = match ApiToken::make() {
            Ok(made) => made,
            Err(error) => return failed("make a token", &error),
        };
        let life_ms = i64::try_from(self.expires_in.as_millis()).unwrap_or(i64::MAX);
        let kept = KeptToken {
            id: made.token.id,
            hash: made.token.hash,
            name: self.name,
            audience: self.audience,
            accounts: scope(self.accounts),
            permissions: scope(self.permissions),
            created_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(life_ms),
            revoked_at_ms: None,
            last_used_ms: None,
        };
        if let Err(exit) = done(store.keep_token(&kept)) {
            return exit;
        }
        // The token alone is what was asked for, so that a script can take it.
        eprintln!("freehold: token {} holds until {}; it is shown this once:", kept.id, time(kept.expires_at_ms));
        show(&format!("{}\n", made.text));
        Exit::Done
    }

    /// Says what of it the contract does not know.
    fn wrong(&self, contract: &Contract) -> Option<String> {
        if !contract.audiences.contains(&self.audience) {
            let known = contract.audiences.join(", ");
            return Some(format!("there is no audience `{}`; the contract has {known}", self.audience));
        }
        for (what, words) in [("--account", &self.accounts), ("--permission", &self.permissions)] {
            if words.iter().any(String::is_empty) || words.len() > 1 && words.iter().any(|word| word == EVERY) {
                return Some(format!("write {what} '*' alone, or one or more of them that are not empty"));
            }
        }
        let id = contract.type_names.get("Permission")?;
        let TypeKind::Enum { values, .. } = &contract.ty(*id).kind else { return None };
        let is_known = |word: &&String| *word == EVERY || values.iter().any(|value| value.name == **word);
        let word = self.permissions.iter().find(|word| !is_known(word))?;
        let known: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
        Some(format!("there is no permission `{word}`; the contract has {}", known.join(", ")))
    }
}

fn scope(words: Vec<String>) -> TokenScope {
    if words.len() == 1 && words[0] == EVERY { TokenScope::All } else { TokenScope::Of(words.into_iter().collect()) }
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map(|at| format!("{at:.0}")).unwrap_or_default()
}

fn words(scope: &TokenScope) -> Value {
    match scope {
        TokenScope::All => json!(EVERY),
        TokenScope::Of(words) => json!(words),
    }
}

fn as_json(tokens: &[KeptToken]) -> String {
    let tokens = tokens.iter().map(|token| {
        json!({
            "id": token.id, "name": token.name, "audience": token.audience,
            "accounts": words(&token.accounts), "permissions": words(&token.permissions),
            "created": time(token.created_at_ms), "expires": time(token.expires_at_ms),
            "revoked": token.revoked_at_ms.map(time), "lastUsed": token.last_used_ms.map(time),
        })
    });
    format!("{:#}\n", Value::Array(tokens.collect()))
}

fn table(tokens: &[KeptToken], now_ms: i64) -> String {
    const HEAD: [&str; 7] = ["id", "name", "audience", "accounts", "permissions", "state", "last used"];
    let count = |scope: &TokenScope| match scope {
        TokenScope::All => EVERY.to_owned(),
        TokenScope::Of(words) => shortened(words),
    };
    let row = |token: &KeptToken| {
        let state = match token.revoked_at_ms {
            Some(at_ms) => format!("revoked {}", time(at_ms)),
            None if token.expires_at_ms <= now_ms => format!("expired {}", time(token.expires_at_ms)),
            None => format!("until {}", time(token.expires_at_ms)),
        };
        let used = token.last_used_ms.map_or_else(|| "never".to_owned(), time);
        let (accounts, permissions) = (count(&token.accounts), count(&token.permissions));
        [token.id.clone(), token.name.clone(), token.audience.clone(), accounts, permissions, state, used]
    };
    let rows: Vec<[String; 7]> = std::iter::once(HEAD.map(str::to_owned)).chain(tokens.iter().map(row)).collect();
    let widths: Vec<usize> =
        (0..7).map(|n| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or_default()).collect();
    let line = |row: &[String; 7]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        // What somebody once typed must not steer a terminal.
        let line = cells.join("  ").replace(char::is_control, " ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

/// Lists a few words, and how many more there are.
fn shortened(words: &BTreeSet<String>) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = words.iter().take(SHOWN).map(String::as_str).collect();
    match words.len().saturating_sub(SHOWN) {
        0 if shown.is_empty() => "none".to_owned(),
        0 => shown.join(","),
        more => format!("{} and {more} more", shown.join(",")),
    }
}
