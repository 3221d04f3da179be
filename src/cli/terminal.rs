//! Writing to standard output, and whether in colour.

use std::io::{IsTerminal, Write};

/// Colour belongs on a terminal, and not where `NO_COLOR` is set.
pub(super) fn wants_colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes what a command was asked for. A reader that has seen enough (`| head`) is no failure.
pub(super) fn show(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
