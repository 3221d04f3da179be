//! A message of a system as it came, and what became of it.

use bytes::Bytes;

/// A message as it came.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The parameters of the URL it was sent to.
    pub parameters: Vec<(String, String)>,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body, byte for byte.
    pub body: Bytes,
}

/// What became of a message that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It only asked whether there is anyone: what to say back.
    Greeting(String),
    /// It took back what is kept.
    Recalled(Recalled),
    /// It came before, and did what it does.
    Repeated,
}

/// What a message took back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recalled {
    /// How many keys.
    pub n_keys: usize,
    /// The types that were taken back as a whole.
    pub whole: Vec<String>,
    /// How many of its parts could not be read; their types were taken back as a whole.
    pub n_unread: usize,
    /// Whether it is about nothing that the contract names.
    pub is_unmatched: bool,
}

/// Why a message was not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// Nobody listens to this system.
    #[error("there is no system of this name that has a webhook")]
    NoWebhook,
    /// Nothing proves whose message it is.
    #[error("nothing proves that the message comes from the system: its signature or token is missing or another")]
    Unproven,
    /// It was signed too long ago, or ahead of the time.
    #[error("the message was not signed at about this time")]
    OutOfTime,
    /// What is to be said back is too long to be a handshake.
    #[error("what is to be said back is too long")]
    Handshake,
}

impl Unheard {
    /// Returns the word by which logs and metrics know it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoWebhook => "no_webhook",
            Self::Unproven => "unproven",
            Self::OutOfTime => "out_of_time",
            Self::Handshake => "handshake",
        }
    }
}

impl Message {
    /// Returns the value of a header; one that stands there twice is none, for which is meant cannot be known.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value.as_slice())
    }

    /// Returns the value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
