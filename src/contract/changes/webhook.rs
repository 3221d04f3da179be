//! Webhooks: the system calls when something changed, `[changes.webhook]`.
//!
//! As written: what proves the call, how it is greeted, and for each entity type where a message has the keys. As used: the
//! same with types found, and with the ways in which the system spells their keys.

use toml::de::DeValue;

use super::{
    super::{
        Secret,
        binding::pointer,
        http::{Filling, header_named},
        reader::{Entry, Reader, Text},
    },
    signature::{Proof, ProofFile, header_of},
};
use crate::{
    diagnostic::Place,
    value::{Pointer, Spelling, TypeId},
};

/// How a system's messages are read.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What it shares with Freehold.
    pub secret: Secret,
    /// What proves that a message is the system's.
    pub proof: Proof,
    /// The header that names a message, so that one that comes again is known.
    pub delivery: Option<String>,
    /// What the system asks first, before it sends anything.
    pub handshake: Option<Handshake>,
    /// What is read of a message.
    pub hints: Vec<Hint>,
}

/// What a system asks to see whether there is anyone: a text that is to be said back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handshake {
    /// In a parameter of the URL.
    Parameter(String),
    /// In a member of the body.
    Member(Pointer),
}

/// What is read of a message about one entity type.
#[derive(Debug, Clone)]
pub struct Hint {
    /// The type.
    pub entity: TypeId,
    /// What must hold of a message for it to be about the type.
    pub when: Vec<When>,
    /// Where the changed entities are; by default the message is one.
    pub rows: Pointer,
    /// What must hold of a row for it to be about the type.
    pub rows_when: Vec<When>,
    /// Where a row has each field of the key, in the order of `@key`; `None` where all of the type may have changed.
    pub key: Option<Vec<Pointer>>,
    /// The ways in which the system's groups spell the key, each once, a spelling for each field.
    pub spellings: Vec<Vec<Spelling>>,
}

/// Something that must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// Of what.
    pub part: Part,
    /// What it may be.
    pub is: Vec<String>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A header.
    Header(String),
    /// A value in the body, or in a row.
    Member(Pointer),
}

/// `[changes.webhook]`
#[derive(Debug)]
pub struct WebhookFile {
    pub secret: Secret,
    pub proof: Proof,
    pub delivery: Option<String>,
    pub handshake: Option<Handshake>,
    pub hints: Vec<HintFile>,
}

/// `[changes.webhook.Product]`
#[derive(Debug)]
pub struct HintFile {
    pub entity: Text,
    pub when: Vec<When>,
    pub rows: Pointer,
    pub rows_when: Vec<When>,
    /// The key fields with their pointers.
    pub key: Vec<(Text, Pointer)>,
    /// Whether all of the type may have changed.
    pub all: bool,
}

const KEYS: &[&str] =
    &["secret", "signature", "signed", "timestamp", "token", "delivery", "handshake", "a type's name"];
const HINT_KEYS: &[&str] = &["when", "rows", "rows_when", "key", "all"];
const DELIVERY_KEYS: &[&str] = &["header"];
const HANDSHAKE_KEYS: &[&str] = &["parameter", "member"];

/// Reads `[changes.webhook]`.
pub fn read(webhook: Entry<'_, '_>, filling: &mut Filling<'_>, reader: &mut Reader<'_>) -> Option<WebhookFile> {
    let n_faults = reader.findings.n_faults();
    let (mut secret, mut proof) = (None, ProofFile::default());
    let (mut delivery, mut handshake, mut hints) = (None, None, Vec::new());
    for entry in reader.table(webhook)?.iter() {
        match entry.0.get_ref().as_ref() {
            "secret" => secret = filling.secret(entry, reader),
            "delivery" => delivery = delivery_of(entry, reader),
            "handshake" => handshake = handshake_of(entry, reader),
            _ if proof.read(entry, reader) => {}
            _ => match entry.1.get_ref() {
                DeValue::Table(_) => hints.extend(hint(entry, reader)),
                DeValue::Array(items) => hints.extend(items.iter().filter_map(|item| hint((entry.0, item), reader))),
                _ => reader.unknown_key(entry.0, "[changes.webhook]", KEYS),
            },
        }
    }
    // What was misread is not missed.
    if reader.findings.n_faults() > n_faults {
        return None;
    }
    let place = reader.place(webhook.0);
    let proof = proof.proof(secret.as_ref(), place, reader)?;
    if hints.is_empty() {
        let help = "add a table of a type, [changes.webhook.Product], that says where its keys are";
        reader.findings.fault("WEBHOOK_EMPTY", place, "nothing is read of this webhook's messages", help);
        return None;
    }
    Some(WebhookFile { secret: secret?, proof, delivery, handshake, hints })
}

fn delivery_of(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<String> {
    let mut header = None;
    for entry in reader.table(entry)?.iter() {
        match entry.0.get_ref().as_ref() {
            "header" => header = header_of(entry, reader),
            _ => reader.unknown_key(entry.0, "`delivery`", DELIVERY_KEYS),
        }
    }
    header
}

fn handshake_of(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Handshake> {
    let mut handshake = None;
    for entry in reader.table(entry)?.iter() {
        match entry.0.get_ref().as_ref() {
            "parameter" => handshake = reader.text(entry).map(|text| Handshake::Parameter(text.text)),
            "member" => handshake = pointer(entry, reader).map(Handshake::Member),
            _ => reader.unknown_key(entry.0, "`handshake`", HANDSHAKE_KEYS),
        }
    }
    handshake
}

/// Reads `[changes.webhook.Product]`.
fn hint(hint: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<HintFile> {
    let entity = Text { text: hint.0.get_ref().to_string(), place: reader.place(hint.0) };
    let title = format!("[changes.webhook.{}]", entity.text);
    let n_faults = reader.findings.n_faults();
    let mut out = HintFile {
        entity,
        when: Vec::new(),
        rows: Pointer::default(),
        rows_when: Vec::new(),
        key: Vec::new(),
        all: false,
    };
    for entry in reader.table(hint)?.iter() {
        match entry.0.get_ref().as_ref() {
            "when" => out.when = when(entry, true, reader),
            "rows" => out.rows = pointer(entry, reader)?,
            "rows_when" => out.rows_when = when(entry, false, reader),
            "key" => {
                for entry in reader.table(entry)?.iter() {
                    let field = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
                    out.key.extend(pointer(entry, reader).map(|pointer| (field, pointer)));
                }
            }
            "all" => out.all = reader.boolean(entry)?,
            _ => reader.unknown_key(entry.0, &title, HINT_KEYS),
        }
    }
    if out.all != out.key.is_empty() && reader.findings.n_faults() == n_faults {
        reader.findings.fault(
            "WEBHOOK_KEY",
            out.entity.place,
            format!("{title} does not say which entities a message is about"),
            "say where the key is, key.sku = \"/sku\", or that all of the type may have changed: all = true",
        );
    }
    Some(out)
}

/// Reads `when = { "/topic" = "product.updated", X-Event = ["a", "b"] }`.
fn when(entry: Entry<'_, '_>, has_headers: bool, reader: &mut Reader<'_>) -> Vec<When> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let is = match entry.1.get_ref() {
            DeValue::Array(_) => reader.texts(entry).unwrap_or_default(),
            _ => reader.text(entry).into_iter().collect(),
        };
        let name = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
        let part = match Pointer::parse(&name.text) {
            Ok(pointer) => Some(Part::Member(pointer)),
            Err(_) if has_headers && !name.text.starts_with('/') => header_named(name, reader).map(Part::Header),
            Err(error) => no_member(&error.to_string(), name.place, reader),
        };
        out.extend(part.map(|part| When { part, is: is.into_iter().map(|text| text.text).collect() }));
    }
    out
}

fn no_member<T>(detail: &str, place: Place, reader: &mut Reader<'_>) -> Option<T> {
    reader.findings.fault(
        "WEBHOOK_WHEN",
        place,
        format!("this names no member that could say so: {detail}"),
        "write the way to the value, \"/action\"; a header can be named in `when`, not in `rows_when`",
    );
    None
}
