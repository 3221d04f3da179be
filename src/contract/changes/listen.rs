//! Notices: the system says what changed on channels that are listened to, `[changes.listen]`.
//!
//! As written: a channel whose notices name their type, or one channel for each type. As used: the same with types found.

use super::super::reader::{Entry, Reader, Text};
use crate::{
    diagnostic::Place,
    value::{Spelling, TypeId},
};

/// The channels that are listened to.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The channel whose notices are documents that name their type.
    pub channel: Option<String>,
    /// The types that notices may be about.
    pub types: Vec<ListenedType>,
}

/// A type that notices may be about.
#[derive(Debug, Clone)]
pub struct ListenedType {
    /// The type.
    pub entity: TypeId,
    /// The channel whose notices are keys of the type.
    pub channel: Option<String>,
    /// The ways in which the system's groups spell the key, a spelling for each field; none where the graph's keys cannot
    /// be told from the system's, so that any notice is about all of the type.
    pub spellings: Vec<Vec<Spelling>>,
}

/// `[changes.listen]`
#[derive(Debug)]
pub struct ListenFile {
    pub place: Place,
    pub channel: Option<Text>,
    /// The types with a channel of their own.
    pub channels: Vec<(Text, Text)>,
}

/// The longest name that a channel has; a longer one would be cut, and be another channel.
const NAME_BYTES_MAX: usize = 63;

/// Reads `[changes.listen]`.
pub fn read(listen: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<ListenFile> {
    let mut out = ListenFile { place: reader.place(listen.0), channel: None, channels: Vec::new() };
    for entry in reader.table(listen)?.iter() {
        let Some(channel) = reader.text(entry) else { continue };
        if channel.text.is_empty() || channel.text.len() > NAME_BYTES_MAX || channel.text.contains('\0') {
            let message = format!("`{}` is no name of a channel", channel.text);
            reader.findings.fault("LISTEN_CHANNEL", channel.place, message, "a name has 1 to 63 bytes");
        }
        match entry.0.get_ref().as_ref() {
            "channel" => out.channel = Some(channel),
            name => out.channels.push((Text { text: name.to_owned(), place: reader.place(entry.0) }, channel)),
        }
    }
    let names = || out.channel.iter().chain(out.channels.iter().map(|(_, channel)| channel));
    for (n, channel) in names().enumerate() {
        if names().take(n).any(|known| known.text == channel.text) {
            let message = format!("the channel `{}` is said twice", channel.text);
            let help = "a channel of its own for each type, or one `channel` whose notices name their type";
            reader.findings.fault("LISTEN_CHANNEL", channel.place, message, help);
        }
    }
    if out.channel.is_none() && out.channels.is_empty() {
        let help = "add channel = \"freehold_changes\"";
        reader.findings.fault("LISTEN_EMPTY", out.place, "no channel is listened to", help);
        return None;
    }
    Some(out)
}
