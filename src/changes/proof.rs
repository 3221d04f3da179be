//! Whether a message comes from the system. Pure; what is compared is compared in constant time.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::message::{Message, Unheard};
use crate::contract::{Encoding, Proof, Signature, SignedPiece, Webhook};

/// Systems write the `=` at the end or leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A number of this size or more counts milliseconds: as seconds it would be the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// Checks that a message comes from the system, and at about this time where it is signed with one.
///
/// *Shape*: what names the message among others, where its signature does: one that is signed without a time is the same
/// for every change that is told in the same words.
pub(super) fn check(webhook: &Webhook, message: &Message, now_ms: i64) -> Result<Option<Vec<u8>>, Unheard> {
    let secret = webhook.secret.reveal().as_bytes();
    match &webhook.proof {
        Proof::Signature(signature) => signed(signature, secret, message, now_ms),
        Proof::Header(name) => match message.header(name) {
            Some(token) if is_same(token, secret) => Ok(None),
            _ => Err(Unheard::Unproven),
        },
        Proof::Member(pointer) => {
            let document: Value = serde_json::from_slice(&message.body).map_err(|_| Unheard::Unproven)?;
            let tokens = pointer.all(&document);
            let is_secret = |token: &&Value| token.as_str().is_some_and(|token| is_same(token.as_bytes(), secret));
            if !tokens.is_empty() && tokens.iter().all(is_secret) { Ok(None) } else { Err(Unheard::Unproven) }
        }
    }
}

fn signed(signature: &Signature, secret: &[u8], message: &Message, now_ms: i64) -> Result<Option<Vec<u8>>, Unheard> {
    let written = message.header(&signature.header).ok_or(Unheard::Unproven)?;
    let written = written.strip_prefix(signature.prefix.as_bytes()).ok_or(Unheard::Unproven)?;
    let given = match signature.encoding {
        Encoding::Base64 => BASE64.decode(written.trim_ascii()).ok(),
        Encoding::Hex => hex(written.trim_ascii()),
    };
    let given = given.ok_or(Unheard::Unproven)?;
    let time = match &signature.time {
        Some(time) => Some((time, message.header(&time.header).ok_or(Unheard::Unproven)?)),
        None => None,
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Unheard::Unproven)?;
    for piece in &signature.signed {
        match piece {
            SignedPiece::Text(text) => mac.update(text.as_bytes()),
            SignedPiece::Time => mac.update(time.map_or(&[][..], |(_, written)| written)),
            SignedPiece::Body => mac.update(&message.body),
        }
    }
    mac.verify_slice(&given).map_err(|_| Unheard::Unproven)?;
    let Some((time, written)) = time else { return Ok(None) };
    let number = std::str::from_utf8(written).ok().and_then(|text| text.trim().parse::<i64>().ok());
    let at_ms = match number.ok_or(Unheard::OutOfTime)? {
        milliseconds if milliseconds >= MILLISECONDS_FROM => milliseconds,
        seconds => seconds.saturating_mul(1_000),
    };
    let window_ms = i64::try_from(time.window.as_millis()).unwrap_or(i64::MAX);
    if now_ms.saturating_sub(at_ms).saturating_abs() > window_ms {
        return Err(Unheard::OutOfTime);
    }
    Ok(Some(given))
}

/// Compares without telling by the time it takes how much is the same.
fn is_same(given: &[u8], secret: &[u8]) -> bool {
    blake3::hash(given) == blake3::hash(secret)
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::{contract::{Secret, SignedTime}, value::Pointer};

    const BODY: &str = r#"{"sku":"A-1"}"#;

    fn webhook(proof: Proof) -> Webhook {
        Webhook { secret: Secret::new("It's a Secret".to_owned()), proof, delivery: None, handshake: None, hints: Vec::new() }
    }

    fn signature(encoding: Encoding, prefix: &str) -> Signature {
        let signed = vec![SignedPiece::Body];
        Signature { header: "X-Signature".to_owned(), encoding, prefix: prefix.to_owned(), signed, time: None }
    }

    fn message(headers: &[(&str, &str)], body: &str) -> Message {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Message { headers, body: body.to_owned().into(), ..Message::default() }
    }

    #[test]
    fn a_known_signature_is_accepted_in_either_encoding() {
        // The example of GitHub's documentation of its webhooks.
        let hex = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let of_hex = webhook(Proof::Signature(signature(Encoding::Hex, "sha256=")));
        assert_eq!(check(&of_hex, &message(&[("x-signature", hex)], "Hello, World!"), 0), Ok(None));
        assert_eq!(check(&of_hex, &message(&[("x-signature", hex)], "Hello, World."), 0), Err(Unheard::Unproven));
        let twice = message(&[("x-signature", hex), ("X-Signature", hex)], "Hello, World!");
        assert_eq!(check(&of_hex, &twice, 0), Err(Unheard::Unproven));
        let of_base64 = webhook(Proof::Signature(signature(Encoding::Base64, "")));
        for written in ["dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=", "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc"] {
            assert_eq!(check(&of_base64, &message(&[("x-signature", written)], "Hello, World!"), 0), Ok(None));
        }
    }

    #[test]
    fn a_signed_time_holds_a_message_to_its_window() {
        let time = SignedTime { header: "X-Time".to_owned(), window: Duration::from_secs(300) };
        let signed = vec![SignedPiece::Text("v0:".to_owned()), SignedPiece::Time, SignedPiece::Text(":".to_owned()), SignedPiece::Body];
        let proof = Signature { signed, time: Some(time), ..signature(Encoding::Hex, "v0=") };
        let webhook = webhook(Proof::Signature(proof));
        let sign = |text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(b"It's a Secret").unwrap();
            mac.update(text.as_bytes());
            let bytes = mac.finalize().into_bytes();
            format!("v0={}", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>())
        };
        for (time, now_ms, expected) in [
            ("1700000000", 1_700_000_299_000, None),
            ("1700000000", 1_700_000_301_000, Some(Unheard::OutOfTime)),
            ("1700000000", 1_699_999_699_000, Some(Unheard::OutOfTime)),
            ("1700000000000", 1_700_000_000_000, None),
            ("yesterday", 1_700_000_000_000, Some(Unheard::OutOfTime)),
        ] {
            let signature = sign(&format!("v0:{time}:{BODY}"));
            let message = message(&[("X-Signature", &signature), ("X-Time", time)], BODY);
            assert_eq!(check(&webhook, &message, now_ms).err(), expected, "{time} {now_ms}");
        }
        let unsigned = message(&[("X-Signature", &sign(BODY)), ("X-Time", "1700000000")], BODY);
        assert_eq!(check(&webhook, &unsigned, 1_700_000_000_000), Err(Unheard::Unproven));
    }

    #[test]
    fn a_token_proves_a_message_in_a_header_or_in_every_part_of_its_body() {
        let by_header = webhook(Proof::Header("X-Token".to_owned()));
        assert_eq!(check(&by_header, &message(&[("x-token", "It's a Secret")], ""), 0), Ok(None));
        assert_eq!(check(&by_header, &message(&[("x-token", "It's a Secret.")], ""), 0), Err(Unheard::Unproven));
        let by_member = webhook(Proof::Member(Pointer::parse("/value/*/clientState").unwrap()));
        let said = |states: &[&str]| {
            let value: Vec<_> = states.iter().map(|state| serde_json::json!({ "clientState": state })).collect();
            check(&by_member, &message(&[], &serde_json::json!({ "value": value }).to_string()), 0).is_ok()
        };
        assert!(said(&["It's a Secret", "It's a Secret"]));
        assert!(!said(&["It's a Secret", "guess"]) && !said(&[]));
    }

    proptest! {
        #[test]
        fn nothing_invented_is_a_proof(header in "[ -~]{0,80}", body in "[ -~]{0,40}", base64 in any::<bool>()) {
            let encoding = if base64 { Encoding::Base64 } else { Encoding::Hex };
            let webhook = webhook(Proof::Signature(signature(encoding, "")));
            prop_assert_eq!(check(&webhook, &message(&[("X-Signature", &header)], &body), 0), Err(Unheard::Unproven));
        }
    }
}
