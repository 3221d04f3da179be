//! `[access]` of `freehold.toml`: whose tokens are believed, and what their claims mean.
//!
//! In: the table as written, the names of the audiences. Out: what callers are told apart by, with audiences as numbers. A
//! secret stands here only as `${ENV}`; whether a key is one is seen where it is used, as a check has no secrets at hand.
//!
//! Reading order: this file (`[access]` itself), `issuer` (`[access.issuers.NAME]`), `claims` (`[access.issuers.NAME.claims]`).

mod claims;
mod issuer;

use std::{collections::BTreeSet, time::Duration};

use toml::de::DeTable;

pub use claims::{AccountsClaim, AudienceClaim, ClaimPath, Claims, Granted, RolesClaim};
pub use issuer::{Algorithm, Issuer, IssuerKeys};

use super::{
    http::Filling,
    nearest,
    reader::{Entry, Reader, Text},
};
use crate::{diagnostic::Place, value::AudienceId};

/// Who is let in, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The audience of whoever brings no token; none: they are refused.
    pub anonymous: Option<AudienceId>,
    /// How far the clocks of issuers may be from ours.
    pub leeway: Duration,
    /// The longest token that is read.
    pub token_bytes_max: usize,
    /// Whose tokens are believed.
    pub issuers: Vec<Issuer>,
    /// What somebody who acts as a buyer is; none: nobody does.
    pub act_as: Option<ActAs>,
}

/// What somebody who acts as a buyer is for as long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActAs {
    /// The audience whose schema answers them.
    pub audience: AudienceId,
    /// What they may do at most; they never may what they may not by themselves.
    pub permissions: BTreeSet<String>,
    /// The permissions by which a login sees what is its own: nobody has them as somebody else who does not see everything.
    pub own_permissions: BTreeSet<String>,
}

/// `[access]` as read.
#[derive(Debug, Default)]
pub(super) struct WrittenAccess {
    /// What callers are told apart by.
    pub access: Access,
    /// The permissions that it names, where they stand.
    pub permissions: Vec<Text>,
}

const KEYS: &[&str] = &["anonymous", "leeway", "token_bytes_max", "issuers", "act_as"];
const ACT_AS_KEYS: &[&str] = &["audience", "permissions"];

/// Clocks that are kept by NTP are rarely a second apart; a minute forgives a machine that is not.
const LEEWAY: Duration = Duration::from_secs(30);
/// More would let a token live on that its issuer has ended.
const LEEWAY_MAX: Duration = Duration::from_secs(300);
/// Tokens with a hundred roles have some 4 KiB; HTTP servers on the way take heads of 8 KiB.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

impl Access {
    /// Takes down the permissions by which a login sees what is its own.
    pub(super) fn with_own_permissions<'p>(mut self, words: impl Iterator<Item = &'p str>) -> Self {
        if let Some(act_as) = &mut self.act_as {
            act_as.own_permissions.extend(words.map(str::to_owned));
        }
        self
    }
}

impl Default for Access {
    fn default() -> Self {
        let (anonymous, issuers, act_as) = (None, Vec::new(), None);
        Self { anonymous, leeway: LEEWAY, token_bytes_max: TOKEN_BYTES_MAX, issuers, act_as }
    }
}

/// What reading a table needs beside the table.
struct Reading<'r, 'f, 'l> {
    audiences: &'r [String],
    reader: &'r mut Reader<'f>,
    filling: &'r mut Filling<'l>,
    /// The permissions that were named.
    permissions: Vec<Text>,
}

/// Reads `[access]`.
pub(super) fn read(
    table: &DeTable<'_>,
    audiences: &[String],
    filling: &mut Filling<'_>,
    reader: &mut Reader<'_>,
) -> WrittenAccess {
    let mut reading = Reading { audiences, reader, filling, permissions: Vec::new() };
    let mut access = Access::default();
    let mut roles_that_act = Vec::new();
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "anonymous" => access.anonymous = reading.audience(entry),
            "leeway" => access.leeway = reading.duration(entry, LEEWAY_MAX).unwrap_or(LEEWAY),
            "token_bytes_max" => {
                let n_bytes = reading.reader.number(entry, 256, 65_536).and_then(|number| usize::try_from(number).ok());
                access.token_bytes_max = n_bytes.unwrap_or(TOKEN_BYTES_MAX);
            }
            "issuers" => {
                for entry in reading.reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    let Some(issuer) = issuer::read(entry, &mut reading, &mut roles_that_act) else { continue };
                    if is_first(&issuer, &access, entry, &mut reading) {
                        access.issuers.push(issuer);
                    }
                }
            }
            "act_as" => access.act_as = act_as(entry, &mut reading),
            _ => reading.reader.unknown_key(entry.0, "[access]", KEYS),
        }
    }
    if let Some(place) = roles_that_act.first().filter(|_| !table.contains_key("act_as")) {
        reading.reader.findings.fault(
            "ACCESS_ACT_AS",
            *place,
            "roles may act as a buyer, but nothing says what a buyer is",
            "add [access.act_as] with audience = \"…\" and permissions = [\"…\"]",
        );
    }
    WrittenAccess { access, permissions: reading.permissions }
}

/// Tokens say whose they are by the issuer's word alone, so that no two may share it.
fn is_first(issuer: &Issuer, access: &Access, entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> bool {
    let Some(earlier) = access.issuers.iter().find(|earlier| earlier.issuer == issuer.issuer) else { return true };
    let message = format!("`{}` and `{}` are the same issuer", earlier.name, issuer.name);
    let place = reading.reader.place(entry.0);
    let help = "keep one of the two, or give each its own `issuer`: a token names only that";
    reading.reader.findings.fault("ACCESS_ISSUER", place, message, help);
    false
}

fn act_as(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<ActAs> {
    let (mut audience, mut permissions) = (None, None);
    let table = reading.reader.table(entry)?;
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "audience" => audience = reading.audience(entry),
            "permissions" => permissions = reading.permissions(entry),
            _ => reading.reader.unknown_key(entry.0, "[access.act_as]", ACT_AS_KEYS),
        }
    }
    for key in ACT_AS_KEYS.iter().filter(|key| !table.contains_key(**key)) {
        reading.lacks(reading.reader.place(entry.0), "[access.act_as]", key);
    }
    // What is a login's own the schema says, which is not read here.
    Some(ActAs { audience: audience?, permissions: permissions?, own_permissions: BTreeSet::new() })
}

impl Reading<'_, '_, '_> {
    /// Reads the name of an audience.
    fn audience(&mut self, entry: Entry<'_, '_>) -> Option<AudienceId> {
        let text = self.reader.text(entry)?;
        self.audience_named(&text)
    }

    fn audience_named(&mut self, text: &Text) -> Option<AudienceId> {
        let position = self.audiences.iter().position(|audience| *audience == text.text);
        if position.is_none() {
            let help = match nearest(&text.text, self.audiences.iter().map(String::as_str)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "add it to `audiences`, or name one that is there".to_owned(),
            };
            let message = format!("there is no audience \"{}\"", text.text);
            self.reader.findings.fault("ACCESS_AUDIENCE", text.place, message, help);
        }
        position.map(AudienceId::from)
    }

    /// Reads a list of permissions.
    fn permissions(&mut self, entry: Entry<'_, '_>) -> Option<BTreeSet<String>> {
        let texts = self.reader.texts(entry)?;
        let words = texts.iter().map(|text| text.text.clone()).collect();
        self.permissions.extend(texts);
        Some(words)
    }

    /// Reads a duration that may be no longer than this.
    fn duration(&mut self, entry: Entry<'_, '_>, max: Duration) -> Option<Duration> {
        let duration = self.reader.duration(entry)?;
        if duration > max {
            let message = format!("`{}` is too long", entry.0.get_ref());
            let help = format!("write at most \"{}\"", crate::value::duration_text(max));
            let place = self.reader.place(entry.1);
            self.reader.findings.fault("ACCESS_DURATION", place, message, help);
            return None;
        }
        Some(duration)
    }

    /// Reads a secret, which may only come from the environment.
    fn secret(&mut self, entry: Entry<'_, '_>) -> Option<super::Secret> {
        let is_variable = |text: &str| {
            text.strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .is_some_and(|name| !name.contains(['$', '}']))
        };
        if let toml::de::DeValue::String(text) = entry.1.get_ref()
            && !is_variable(text)
        {
            let place = self.reader.place(entry.1);
            self.filling.secrets.push(place);
            let message = format!("`{}` stands in the contract, where everyone who reads it has it", entry.0.get_ref());
            let help = "write \"${NAME}\", and set NAME where freehold runs";
            self.reader.findings.fault("ACCESS_SECRET", place, message, help);
            return None;
        }
        self.filling.secret(entry, self.reader)
    }

    /// Says that a table lacks a key.
    fn lacks(&mut self, place: Place, table: &str, key: &str) {
        let help = format!("add `{key}`; nothing is assumed of who is let in");
        self.reader.findings.fault("ACCESS_INCOMPLETE", place, format!("{table} does not say `{key}`"), help);
    }
}
