//! What a seller configures of the rules: `[rules]` in `freehold.toml`.

use jiff::tz::TimeZone;

/// What is configured of the rules.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The seller's zone: the calendar that days of validity are days of.
    pub zone: TimeZone,
}

impl Default for Settings {
    fn default() -> Self {
        Self { zone: TimeZone::UTC }
    }
}
