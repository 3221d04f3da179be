//! Proof: how a message shows that it comes from the system, as `[changes.webhook]` writes it.

use std::time::Duration;

use super::super::{
    Secret,
    binding::pointer,
    http::header_named,
    reader::{Entry, Reader},
};
use crate::{diagnostic::Place, value::Pointer};

/// What proves that a message comes from the system.
#[derive(Debug, Clone)]
pub enum Proof {
    /// It is signed with a secret.
    Signature(Signature),
    /// It brings the secret along, in a header.
    Header(String),
    /// It brings the secret along, in its body: wherever this points.
    Member(Pointer),
}

/// How a message is signed: HMAC-SHA256 over what is `signed`.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The header that carries the signature.
    pub header: String,
    /// How it is written.
    pub encoding: Encoding,
    /// What stands before it.
    pub prefix: String,
    /// What is signed.
    pub signed: Vec<SignedPiece>,
    /// When it was signed, where the system says so.
    pub time: Option<SignedTime>,
}

/// How bytes are written as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Base 64, with or without `=` at its end.
    Base64,
    /// Hexadecimal, in either case.
    Hex,
}

/// A piece of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedPiece {
    /// This text.
    Text(String),
    /// What the header of the time says, as it stands there.
    Time,
    /// The body, byte for byte.
    Body,
}

/// When a message was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTime {
    /// The header that says it, in seconds or milliseconds since 1970.
    pub header: String,
    /// How far from now it may be.
    pub window: Duration,
}

/// The keys of `[changes.webhook]` that say what proves a message.
#[derive(Debug, Default)]
pub struct ProofFile {
    signature: Option<(String, Encoding, String)>,
    token: Option<Proof>,
    signed: Option<Vec<SignedPiece>>,
    time: Option<SignedTime>,
}

const SIGNATURE_KEYS: &[&str] = &["header", "encoding", "prefix"];
const TIME_KEYS: &[&str] = &["header", "window"];
const TOKEN_KEYS: &[&str] = &["header", "member"];
/// How far the time of a message may be from now where the file does not say: vendors advise five minutes.
const WINDOW: Duration = Duration::from_secs(300);
const WINDOW_MAX: Duration = Duration::from_secs(86_400);

impl ProofFile {
    /// Reads one of its keys; says whether it was one.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "signature" => self.signature = signature(entry, reader),
            "signed" => self.signed = signed(entry, reader),
            "timestamp" => self.time = time(entry, reader),
            "token" => self.token = token(entry, reader),
            _ => return false,
        }
        true
    }

    /// Puts together what was read without a fault.
    pub fn proof(self, secret: Option<&Secret>, place: Place, reader: &mut Reader<'_>) -> Option<Proof> {
        let (signed, time) = (self.signed, self.time);
        let said = match (self.signature, self.token) {
            (Some((header, encoding, prefix)), None) => {
                let signed = signed.unwrap_or_else(|| vec![SignedPiece::Body]);
                if !signed.contains(&SignedPiece::Body) || signed.contains(&SignedPiece::Time) != time.is_some() {
                    reader.findings.fault(
                        "WEBHOOK_SIGNED",
                        place,
                        "what is signed leaves out the body, or the time that `timestamp` reads",
                        "write signed = \"{timestamp}.{body}\" with a `timestamp`, or neither of the two",
                    );
                    return None;
                }
                Some(Proof::Signature(Signature { header, encoding, prefix, signed, time }))
            }
            (None, Some(token)) if signed.is_none() && time.is_none() => Some(token),
            _ => None,
        };
        if said.is_none() || secret.is_none_or(|secret| secret.reveal().is_empty()) {
            reader.findings.fault(
                "WEBHOOK_PROOF",
                place,
                "nothing proves that a message comes from the system: anyone could empty the cache",
                "add secret = \"${SECRET}\" and signature = { header = \"…\", encoding = \"base64\" }, or token = { header = \
                 \"…\" } where the system signs nothing",
            );
            return None;
        }
        said
    }
}

fn signature(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<(String, Encoding, String)> {
    let (mut header, mut encoding, mut prefix) = (None, None, String::new());
    for entry in reader.table(entry)?.iter() {
        match entry.0.get_ref().as_ref() {
            "header" => header = header_of(entry, reader),
            "encoding" => {
                let text = reader.text(entry)?;
                encoding = match text.text.as_str() {
                    "base64" => Some(Encoding::Base64),
                    "hex" => Some(Encoding::Hex),
                    other => {
                        let message = format!("a signature is not written in `{other}`");
                        let help = "write \"base64\" or \"hex\"";
                        reader.findings.fault("WEBHOOK_ENCODING", text.place, message, help);
                        None
                    }
                };
            }
            "prefix" => prefix = reader.text(entry)?.text,
            _ => reader.unknown_key(entry.0, "`signature`", SIGNATURE_KEYS),
        }
    }
    Some((header?, encoding?, prefix))
}

/// Reads `"{timestamp}.{body}"`.
fn signed(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Vec<SignedPiece>> {
    let text = reader.text(entry)?;
    let mut pieces = Vec::new();
    let mut rest = text.text.as_str();
    while !rest.is_empty() {
        let literal = rest.find('{').unwrap_or(rest.len());
        if literal > 0 {
            pieces.push(SignedPiece::Text(rest[..literal].to_owned()));
            rest = &rest[literal..];
        } else if let Some(after) = rest.strip_prefix("{timestamp}") {
            pieces.push(SignedPiece::Time);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("{body}") {
            pieces.push(SignedPiece::Body);
            rest = after;
        } else {
            let message = "a `{` here begins neither {timestamp} nor {body}";
            reader.findings.fault("WEBHOOK_SIGNED", text.place, message, "write signed = \"{timestamp}.{body}\"");
            return None;
        }
    }
    Some(pieces)
}

fn time(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<SignedTime> {
    let (mut header, mut window) = (None, WINDOW);
    for entry in reader.table(entry)?.iter() {
        match entry.0.get_ref().as_ref() {
            "header" => header = header_of(entry, reader),
            "window" => {
                window = reader.duration(entry)?;
                if window.is_zero() || window > WINDOW_MAX {
                    reader.findings.fault(
                        "WEBHOOK_WINDOW",
                        reader.place(entry.1),
                        "no message can be held to this window",
                        "write a duration up to \"24h\"; vendors advise \"5m\"",
                    );
                }
            }
            _ => reader.unknown_key(entry.0, "`timestamp`", TIME_KEYS),
        }
    }
    Some(SignedTime { header: header?, window })
}

fn token(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Proof> {
    let mut proof = None;
    for entry in reader.table(entry)?.iter() {
        match entry.0.get_ref().as_ref() {
            "header" => proof = header_of(entry, reader).map(Proof::Header),
            "member" => proof = pointer(entry, reader).map(Proof::Member),
            _ => reader.unknown_key(entry.0, "`token`", TOKEN_KEYS),
        }
    }
    proof
}

/// Reads the name of a header that stands as a value.
pub fn header_of(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text(entry)?;
    header_named(text, reader)
}
