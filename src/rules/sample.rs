//! What the tests of rules share: a context that needs no owner.

use jiff::Timestamp;

use super::{
    context::Context,
    evidence::{At, Source, Sources},
    settings::Settings,
};

/// Says of everything that the ERP said it.
pub(super) struct Erp;

impl Sources for Erp {
    fn source(&self, at: At, _field: &str) -> Source {
        Source { system: Some("erp".to_owned()), entity: format!("Thing {}", at.0), domain: None, as_of: None }
    }
}

/// Makes a context at an instant.
pub(super) fn context<'r>(now: &str, settings: &'r Settings) -> Context<'r> {
    Context { now: instant(now), settings, sources: &Erp, order_limit: None }
}

/// Reads an instant.
pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant as tests write it")
}

/// Makes the settings of a seller in Berlin.
pub(super) fn berlin() -> Settings {
    Settings { zone: jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone of the database"), ..Settings::default() }
}
