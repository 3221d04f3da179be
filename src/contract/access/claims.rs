//! `[access.issuers.NAME.claims]`: what the claims of an issuer's tokens mean.
//!
//! What is not said here is not granted: without `accounts` no account's rows are seen, without permissions nothing is done.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use super::{super::reader::Entry, Reading};
use crate::{diagnostic::Place, value::AudienceId};

/// What the claims of an issuer's tokens mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Which audience's schema answers its bearer.
    pub audience: AudienceClaim,
    /// Whose rows they may see; none: no account's.
    pub accounts: Option<AccountsClaim>,
    /// Their login.
    pub login: Option<ClaimPath>,
    /// What they may do, by the contract's own words.
    pub permissions: Option<ClaimPath>,
    /// What they may do, by the issuer's words.
    pub roles: Option<RolesClaim>,
    /// The greatest order that they may place without approval.
    pub order_limit: Option<ClaimPath>,
    /// The roles that may act as a buyer.
    pub act_as: BTreeSet<String>,
}

/// Where a claim stands: a member's name, or a JSON pointer where it begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(pub String);

/// Which audience a token's bearer is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudienceClaim {
    /// All of the issuer's are of this one.
    Always(AudienceId),
    /// A claim says it.
    Claim {
        /// The claim.
        at: ClaimPath,
        /// What its words mean; any other is refused.
        map: BTreeMap<String, AudienceId>,
    },
}

/// Whose rows a token's bearer may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsClaim {
    /// The claim: a text, or a list of them.
    pub at: ClaimPath,
    /// Whether `*` means every account; elsewhere it is refused.
    pub all: bool,
}

/// What a token's bearer may do by their roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolesClaim {
    /// The claim: a text, or a list of them.
    pub at: ClaimPath,
    /// What they mean; a role that is not here grants nothing.
    pub map: BTreeMap<String, Granted>,
}

/// What a role grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// Everything: `["*"]`.
    All,
    /// These permissions.
    Of(BTreeSet<String>),
}

const KEYS: &[&str] = &["audience", "accounts", "login", "permissions", "roles", "order_limit", "act_as"];
const AUDIENCE_KEYS: &[&str] = &["value", "claim", "map"];
const ACCOUNTS_KEYS: &[&str] = &["claim", "all_accounts"];
const ROLES_KEYS: &[&str] = &["claim", "map"];

/// Reads `[access.issuers.NAME.claims]`; `acting` gets the place of roles that may act as a buyer.
pub(super) fn read(
    entry: Entry<'_, '_>,
    issuer: &str,
    reading: &mut Reading<'_, '_, '_>,
    acting: &mut Vec<Place>,
) -> Option<Claims> {
    let (name, table) = (format!("[access.issuers.{issuer}.claims]"), reading.reader.table(entry)?);
    let (mut audience, mut act_as) = (None, BTreeSet::new());
    let (mut accounts, mut login, mut permissions, mut roles, mut order_limit) = (None, None, None, None, None);
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "audience" => audience = audience_of(entry, reading),
            "accounts" => accounts = accounts_of(entry, reading),
            "login" => login = claim_alone(entry, reading),
            "permissions" => permissions = claim_alone(entry, reading),
            "roles" => roles = roles_of(entry, reading),
            "order_limit" => order_limit = claim_alone(entry, reading),
            "act_as" => {
                let texts = reading.reader.texts(entry).unwrap_or_default();
                acting.extend(texts.first().map(|text| text.place));
                act_as = texts.into_iter().map(|text| text.text).collect();
            }
            _ => reading.reader.unknown_key(entry.0, &name, KEYS),
        }
    }
    if !table.contains_key("audience") {
        reading.lacks(reading.reader.place(entry.0), &name, "audience");
    }
    if !act_as.is_empty() && !table.contains_key("roles") {
        let message = format!("{name} lets roles act as a buyer, and does not say who has them");
        let place = reading.reader.place(entry.0);
        reading.reader.findings.fault("ACCESS_ACT_AS", place, message, "add roles = { claim = \"…\", map = { … } }");
    }
    Some(Claims { audience: audience?, accounts, login, permissions, roles, order_limit, act_as })
}

/// Says that a table means nothing, and how it would.
fn unread<T>(entry: Entry<'_, '_>, help: &str, reading: &mut Reading<'_, '_, '_>) -> Option<T> {
    let place = reading.reader.place(entry.1);
    let message = format!("`{}` does not say where it stands in a token", entry.0.get_ref());
    reading.reader.findings.fault("ACCESS_CLAIM", place, message, help);
    None
}

fn path(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<ClaimPath> {
    let text = reading.reader.text(entry)?;
    if text.text.is_empty() || text.text == "/" {
        return unread(entry, "write a claim's name, \"accounts\", or a JSON pointer, \"/shop/accounts\"", reading);
    }
    Some(ClaimPath(text.text))
}

/// Reads `{ claim = "…" }`.
fn claim_alone(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<ClaimPath> {
    let mut at = None;
    let table = reading.reader.table(entry)?;
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "claim" => at = path(entry, reading),
            _ => reading.reader.unknown_key(entry.0, "`{ claim }`", &["claim"]),
        }
    }
    if !table.contains_key("claim") {
        return unread(entry, "write { claim = \"…\" }", reading);
    }
    at
}

fn audience_of(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<AudienceClaim> {
    let (mut value, mut at, mut map) = (None, None, None);
    let table = reading.reader.table(entry)?;
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "value" => value = reading.audience(entry),
            "claim" => at = path(entry, reading),
            "map" => {
                let words = reading.reader.words(entry)?;
                let read = words.iter().map(|(word, text)| Some((word.clone(), reading.audience_named(text)?)));
                let read: Vec<_> = read.collect();
                map = read.into_iter().collect::<Option<BTreeMap<_, _>>>();
            }
            _ => reading.reader.unknown_key(entry.0, "`audience`", AUDIENCE_KEYS),
        }
    }
    let has = |key| table.contains_key(key);
    match (has("value"), has("claim"), has("map")) {
        (true, false, false) => value.map(AudienceClaim::Always),
        (false, true, true) => Some(AudienceClaim::Claim { at: at?, map: map? }),
        _ => unread(entry, "write { value = \"…\" }, or { claim = \"…\", map = { word = \"…\" } }", reading),
    }
}

fn accounts_of(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<AccountsClaim> {
    let (mut at, mut all) = (None, false);
    let table = reading.reader.table(entry)?;
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "claim" => at = path(entry, reading),
            "all_accounts" => all = reading.reader.boolean(entry)?,
            _ => reading.reader.unknown_key(entry.0, "`accounts`", ACCOUNTS_KEYS),
        }
    }
    if !table.contains_key("claim") {
        return unread(entry, "write { claim = \"…\" }", reading);
    }
    Some(AccountsClaim { at: at?, all })
}

fn roles_of(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<RolesClaim> {
    let (mut at, mut map) = (None, None);
    let table = reading.reader.table(entry)?;
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "claim" => at = path(entry, reading),
            "map" => {
                let roles = reading.reader.table(entry)?;
                let read = roles.iter().map(|entry| Some((entry.0.get_ref().to_string(), granted(entry, reading)?)));
                let read: Vec<_> = read.collect();
                map = read.into_iter().collect::<Option<BTreeMap<_, _>>>();
            }
            _ => reading.reader.unknown_key(entry.0, "`roles`", ROLES_KEYS),
        }
    }
    if !table.contains_key("claim") || !table.contains_key("map") {
        return unread(entry, "write { claim = \"…\", map = { role = [\"PERMISSION\"] } }", reading);
    }
    Some(RolesClaim { at: at?, map: map? })
}

/// Reads what a role grants; `*` stands alone.
fn granted(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<Granted> {
    let is_all = |value: &DeValue<'_>| matches!(value, DeValue::String(text) if text == "*");
    match entry.1.get_ref() {
        DeValue::Array(items) if items.len() == 1 && items.iter().all(|item| is_all(item.get_ref())) => {
            Some(Granted::All)
        }
        _ => reading.permissions(entry).map(Granted::Of),
    }
}
