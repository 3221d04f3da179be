//! Messages for the people who write contracts: what is wrong, where, and what to do about it.
//!
//! Reading order: `sources` (the texts a place points into), `finding` (one message, and the collection of many),
//! `render` (as text with the offending words underlined, and as JSON). Pure; nothing here prints.

mod finding;
mod render;
mod sources;

pub use finding::{Diagnostic, Findings, Severity};
pub use render::{render_json, render_text};
pub use sources::{FileId, Place, Sources};
