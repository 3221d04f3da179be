//! Findings: one message about a contract, and the collection they are gathered in.

use super::{Place, Sources};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The contract cannot be used.
    Fault,
    /// The contract can be used; somebody should know this.
    Notice,
}

impl Severity {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Notice => "notice",
        }
    }
}

/// One message: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code: `OWNER_MISSING`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Where, if it is somewhere.
    pub place: Option<Place>,
}

/// Collects diagnostics, so that no check has to stop at the first.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Diagnostic>,
}

impl Findings {
    /// Adds a fault.
    pub fn fault(
        &mut self,
        code: &'static str,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Fault, code, place.into(), message.into(), help.into());
    }

    /// Adds a notice.
    pub fn notice(
        &mut self,
        code: &'static str,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Notice, code, place.into(), message.into(), help.into());
    }

    fn add(&mut self, severity: Severity, code: &'static str, place: Option<Place>, message: String, help: String) {
        self.list.push(Diagnostic { code, severity, message, help, place });
    }

    /// How many faults there are.
    pub fn n_faults(&self) -> usize {
        self.list.iter().filter(|finding| finding.severity == Severity::Fault).count()
    }

    /// Returns the findings in reading order: faults before notices, by file name, by place; each said once.
    pub fn in_order(mut self, sources: &Sources) -> Vec<Diagnostic> {
        self.list.sort_by(|a, b| {
            let key = |d: &Diagnostic| {
                (d.severity, d.place.map(|p| sources.name(p.file).to_owned()), d.place.map(|p| p.start), d.code)
            };
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        self.list.dedup();
        self.list
    }
}
