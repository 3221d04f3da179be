//! Faults: failures that reach the answer as entries of `errors`, with a path, a code and the owner they come from.
//!
//! In: what failed and where. Out: finished JSON. The number of entries is bounded; the last one says how many more
//! there were.

use std::time::Duration;

use super::gathered::Of;
use crate::{
    contract::Contract,
    fetch::{FetchError, TooOld, Violation},
    plan::{ArgumentFault, Position},
    rules::WITHHELD,
    value::{DomainId, GroupId, Key, ListId, RuleId, SystemId, write_json_string},
};

/// Where in the answer a value stands: a list on the stack, from the value up to the root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'p> {
    /// What holds the value; `None` for a member of the root.
    pub holder: Option<&'p Path<'p>>,
    /// The response key or the index.
    pub segment: Segment<'p>,
}

/// One step of a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Segment<'p> {
    /// A response key.
    Name(&'p str),
    /// A position in a list.
    Index(usize),
}

/// Why a field is null though nobody's data says so.
#[derive(Debug, Clone)]
pub(super) enum Failure<'f> {
    /// An owner did not answer.
    Fetch(&'f FetchError, Asked),
    /// A value did not fit its type.
    Violation {
        /// What did not fit.
        violation: &'f Violation,
        /// What answered with it.
        of: Of,
        /// The entity's key.
        key: Option<&'f Key>,
    },
    /// A field that may not be null has no value.
    Null,
    /// An argument does not fit.
    Argument(&'f ArgumentFault),
    /// More objects than one answer may hold.
    TooManyRows(usize),
    /// `totalCount` is past the bound to which rows are counted.
    CountOverBound(u64),
    /// The type named by the data is none the field may have.
    UnknownType(SystemId),
    /// Rows of a list are left out, because so many of their keys have no match in the graph.
    Unmatched(ListId, u64),
    /// Rows of a list are left out, because so many of their keys have several matches.
    Ambiguous(ListId, u64),
    /// A rule could not read its facts.
    Rule(RuleId),
    /// A rule is kept from what the caller may not see. It is among the rule's facts, and in no answer's `errors`.
    Withheld,
    /// It could not be found out which accounts are below the caller's, so that theirs alone are answered for.
    BelowUnknown(&'f BelowUnknown),
}

/// Why it could not be found out which accounts are below a caller's.
#[derive(Debug, Clone)]
pub struct BelowUnknown {
    /// The list that says it.
    pub list: ListId,
    /// Why.
    pub why: BelowUnknownBecause,
}

/// Why it could not be found out which accounts are below others.
#[derive(Debug, Clone)]
pub enum BelowUnknownBecause {
    /// Their owner did not answer.
    Fetch(FetchError),
    /// There are more than so many.
    TooMany(usize),
    /// They go deeper than so many levels.
    TooDeep(u32),
}

/// What was asked when an owner failed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    /// A group.
    Group(GroupId),
    /// A list.
    List(ListId),
}

/// Returns the group that a system answered for: the one asked, or the one that answers until its owner has the entity.
pub(super) fn said_by(contract: &Contract, group: GroupId, system: SystemId) -> GroupId {
    if contract.group(group).system == system { group } else { contract.handed_over_by(group).unwrap_or(group) }
}

impl Asked {
    /// Returns what of it a system answered, or did not.
    fn of(self, contract: &Contract, system: SystemId) -> Self {
        match self {
            Self::Group(group) => Self::Group(said_by(contract, group, system)),
            Self::List(_) => self,
        }
    }

    /// Returns the freshness domain of what was asked.
    pub fn domain(self, contract: &Contract) -> DomainId {
        match self {
            Self::Group(group) => contract.group(group).domain,
            Self::List(list) => contract.list(list).domain,
        }
    }
}

/// The entries of `errors`, as they are met.
#[derive(Debug)]
pub(super) struct Faults<'c> {
    contract: &'c Contract,
    entries: Vec<u8>,
    n_met: usize,
    entries_max: usize,
}

impl<'c> Faults<'c> {
    /// Begins with none.
    pub fn new(contract: &'c Contract, entries_max: usize) -> Self {
        Self { contract, entries: Vec::new(), n_met: 0, entries_max: entries_max.max(1) }
    }

    /// Returns how many there were, written or not.
    pub fn n_met(&self) -> usize {
        self.n_met
    }

    /// Adds one.
    pub fn add(&mut self, failure: &Failure<'_>, path: &Path<'_>, position: Position, domain: Option<DomainId>) {
        self.add_at(failure, Some(path), position, domain);
    }

    /// Adds one that concerns the whole answer.
    pub fn add_to_whole(&mut self, failure: &Failure<'_>) {
        self.add_at(failure, None, Position::default(), None);
    }

    fn add_at(&mut self, failure: &Failure<'_>, path: Option<&Path<'_>>, position: Position, domain: Option<DomainId>) {
        self.n_met += 1;
        // One place is kept for the entry that says how many more there were.
        if self.n_met > self.entries_max {
            return;
        }
        if !self.entries.is_empty() {
            self.entries.push(b',');
        }
        let described = self.describe(failure);
        let mut entry = Entry { out: &mut self.entries };
        entry.begin(&described.message, position);
        if let Some(path) = path {
            entry.path(path);
        }
        entry.out.extend_from_slice(b",\"extensions\":{\"code\":");
        write_json_string(described.code, entry.out);
        if let Some(system) = described.system {
            entry.member("system", &self.contract.system(system).name);
        }
        if let Some(asked) = described.asked {
            match asked {
                Asked::Group(group) => entry.member("group", &self.contract.group(group).name),
                Asked::List(list) => entry.member("list", &self.contract.list(list).name),
            }
        }
        if let Some(domain) = domain {
            entry.member("domain", &self.contract.domain(domain).name);
        }
        if let Some(key) = described.key {
            entry.member("key", &key);
        }
        if let Some(field) = described.field {
            entry.member("field", &field);
        }
        if let Some(count) = described.count {
            entry.number("count", count);
        }
        if let Some(retry_after) = described.retry_after {
            let member = format!(",\"retryAfterMs\":{}", retry_after.as_millis());
            entry.out.extend_from_slice(member.as_bytes());
        }
        if let Some(TooOld { age_ms, bound_ms, because }) = described.too_old {
            entry.number("ageMs", age_ms.max(0).unsigned_abs());
            entry.number("boundMs", bound_ms.max(0).unsigned_abs());
            if let Some(because) = because {
                entry.member("because", because.code());
            }
        }
        entry.member("reason", &described.reason);
        entry.out.extend_from_slice(b"}}");
    }

    /// Returns the finished list, or `None` when there is no fault.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        if self.n_met == 0 {
            return None;
        }
        let n_more = self.n_met.saturating_sub(self.entries_max);
        if n_more > 0 {
            let more = format!(
                ",{{\"message\":\"and {n_more} more errors\",\"extensions\":{{\"code\":\"MORE_ERRORS\",\"more\":{n_more}}}}}"
            );
            self.entries.extend_from_slice(more.as_bytes());
        }
        Some(self.entries)
    }

    /// Returns the code of a failure, and the system it comes from.
    pub fn named(&self, failure: &Failure<'_>) -> (&'static str, Option<SystemId>) {
        let described = self.describe(failure);
        (described.code, described.system)
    }

    fn describe(&self, failure: &Failure<'_>) -> Described {
        let contract = self.contract;
        let mut described = match failure {
            Failure::Fetch(error, asked) => {
                let system = error.system_id;
                let reason = error.kind.reason();
                let mut described = Described::new(error.kind.code(), reason);
                described.message = format!("{}: {reason}", contract.system(system).name);
                described.system = Some(system);
                described.asked = Some(asked.of(contract, system));
                described.retry_after = error.retry_after;
                described.too_old = error.too_old;
                described
            }
            Failure::Violation { violation, of, key } => {
                let (name, group) = match of {
                    Of::Group(group) => (&contract.group(*group).name, Some(*group)),
                    Of::Rule(rule) => (&contract.shapes[contract.rule(*rule).shape.index()].name, None),
                };
                let reason = format!("the owner's value is not {}", violation.expected);
                let mut described = Described::new("CONTRACT_VIOLATION", &reason);
                described.message = format!("{name}: {} is not {}", violation.field, violation.expected);
                described.system = group.map(|group| contract.group(group).system);
                described.asked = group.map(Asked::Group);
                described.key = key.map(ToString::to_string);
                described.field = Some(violation.field.clone());
                described
            }
            Failure::Null => Described::new("NULL_VALUE", "the field may not be null and has no value"),
            Failure::Argument(wrong) => Described::new("BAD_ARGUMENT", wrong.text()),
            Failure::TooManyRows(rows_max) => Described::new(
                "TOO_MANY_ROWS",
                &format!("the answer would hold more than {rows_max} objects here: ask for fewer"),
            ),
            Failure::CountOverBound(bound) => Described::new(
                "COUNT_OVER_BOUND",
                &format!("there are more than {bound} rows, and no more are counted: narrow the filter"),
            ),
            Failure::UnknownType(system) => {
                let mut described =
                    Described::new("CONTRACT_VIOLATION", "the owner names a type the field cannot have");
                described.system = Some(*system);
                described
            }
            Failure::Unmatched(list, n_rows) => {
                self.left_out("KEY_UNMATCHED", "nothing in the graph has their keys", *list, *n_rows)
            }
            Failure::Ambiguous(list, n_rows) => {
                let reason = "each of their keys has more than one match";
                self.left_out("CONTRACT_VIOLATION", reason, *list, *n_rows)
            }
            Failure::BelowUnknown(BelowUnknown { list, why }) => {
                let reason = match why {
                    BelowUnknownBecause::Fetch(error) => error.kind.reason().to_owned(),
                    BelowUnknownBecause::TooMany(accounts_max) => format!("there are more than {accounts_max}"),
                    BelowUnknownBecause::TooDeep(levels_max) => format!("they go deeper than {levels_max} levels"),
                };
                let mut described = Described::new("SCOPE_UNKNOWN", &reason);
                described.message =
                    format!("which accounts are below yours is not known, so this answers for yours alone: {reason}");
                described.system = Some(self.contract.list(*list).system);
                described.asked = Some(Asked::List(*list));
                if let BelowUnknownBecause::Fetch(error) = why {
                    described.retry_after = error.retry_after;
                }
                described
            }
            Failure::Withheld => Described::new(WITHHELD, "it is not for whoever asks"),
            Failure::Rule(rule) => {
                let name = contract.rule(*rule).rule.name;
                Described::new("RULE_FACTS", &format!("the rule {name} cannot read what owners say"))
            }
        };
        if described.message.is_empty() {
            described.message.clone_from(&described.reason);
        }
        described
    }

    fn left_out(&self, code: &'static str, reason: &str, list: ListId, n_rows: u64) -> Described {
        let system = self.contract.list(list).system;
        let mut described = Described::new(code, reason);
        let rows = if n_rows == 1 { "row is" } else { "rows are" };
        described.message = format!("{}: {n_rows} {rows} left out: {reason}", self.contract.system(system).name);
        described.system = Some(system);
        described.asked = Some(Asked::List(list));
        described.count = Some(n_rows);
        described
    }
}

/// What an entry says.
struct Described {
    message: String,
    code: &'static str,
    reason: String,
    system: Option<SystemId>,
    asked: Option<Asked>,
    key: Option<String>,
    field: Option<String>,
    count: Option<u64>,
    retry_after: Option<Duration>,
    too_old: Option<TooOld>,
}

impl Described {
    fn new(code: &'static str, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self {
            message: String::new(),
            code,
            reason,
            system: None,
            asked: None,
            key: None,
            field: None,
            count: None,
            retry_after: None,
            too_old: None,
        }
    }
}

struct Entry<'o> {
    out: &'o mut Vec<u8>,
}

impl Entry<'_> {
    fn begin(&mut self, message: &str, position: Position) {
        self.out.extend_from_slice(b"{\"message\":");
        write_json_string(message, self.out);
        if position.line > 0 {
            let at = format!(",\"locations\":[{{\"line\":{},\"column\":{}}}]", position.line, position.column);
            self.out.extend_from_slice(at.as_bytes());
        }
    }

    fn path(&mut self, path: &Path<'_>) {
        self.out.extend_from_slice(b",\"path\":[");
        self.segments(path);
        self.out.push(b']');
    }

    fn segments(&mut self, path: &Path<'_>) {
        if let Some(holder) = path.holder {
            self.segments(holder);
            self.out.push(b',');
        }
        match path.segment {
            Segment::Name(name) => write_json_string(name, self.out),
            Segment::Index(index) => self.out.extend_from_slice(index.to_string().as_bytes()),
        }
    }

    fn number(&mut self, name: &str, value: u64) {
        self.out.push(b',');
        write_json_string(name, self.out);
        self.out.extend_from_slice(format!(":{value}").as_bytes());
    }

    fn member(&mut self, name: &str, value: &str) {
        self.out.push(b',');
        write_json_string(name, self.out);
        self.out.push(b':');
        write_json_string(value, self.out);
    }
}
