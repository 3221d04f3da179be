//! `[limits]` of `freehold.toml`: how much of the process one request, one caller and one audience may take.
//!
//! In: the table as written, the names of the audiences. Out: the limits of each audience; what is not said has the default
//! below, which says why that number. `[limits.NAME]` says for one audience what is otherwise than for all.

use toml::de::{DeTable, DeValue};

use super::{
    nearest,
    reader::{Entry, Reader},
};
use crate::value::AudienceId;

/// The limits of every audience.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    everyone: AudienceLimits,
    audiences: Vec<AudienceLimits>,
}

/// What requests of one audience may take.
#[derive(Debug, Clone, PartialEq)]
pub struct AudienceLimits {
    /// Bytes of a document.
    pub document_bytes: u64,
    /// Tokens of a document.
    pub tokens: u64,
    /// Fields inside one another.
    pub depth: u64,
    /// Aliases of an operation, its fragments in place.
    pub aliases: u64,
    /// Fields of the query root.
    pub root_fields: u64,
    /// Directives of an operation, its fragments in place.
    pub directives: u64,
    /// Bytes of the variables, as JSON.
    pub variables_bytes: u64,
    /// What a plan may cost.
    pub cost: u64,
    /// Whether `__schema` and `__type` are answered.
    pub introspection: bool,
    /// Requests of one caller; none: as many as they like.
    pub rate: Option<CallerRate>,
    /// Requests of one caller under way at once.
    pub concurrency: u64,
    /// Which audience gives way first when the process is full.
    pub priority: Priority,
    /// Bytes of an answer.
    pub response_bytes: u64,
}

/// How often one caller may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerRate {
    /// Requests a second, for as long as they like.
    pub per_second: u32,
    /// Requests at once after a pause.
    pub burst: u32,
}

/// Which audience gives way first when the process is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Priority {
    /// Let in while there is any place.
    #[default]
    High,
    /// Let in while a fifth of the places is free.
    Normal,
    /// Let in while half of the places is free.
    Low,
}

impl Priority {
    /// Returns how many percent of the places may be taken by requests of this priority and lower ones.
    pub fn share_percent(self) -> u32 {
        match self {
            Self::High => 100,
            Self::Normal => 80,
            Self::Low => 50,
        }
    }

    fn named(word: &str) -> Option<Self> {
        match word {
            "high" => Some(Self::High),
            "normal" => Some(Self::Normal),
            "low" => Some(Self::Low),
            _ => None,
        }
    }
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Default for AudienceLimits {
    fn default() -> Self {
        Self {
            // The longest generated queries are some 100 KiB.
            document_bytes: 128 * KIB,
            // A token is six bytes on average.
            tokens: 20_000,
            // Three connections in one another with their nodes' parts are twelve; what editors ask of the schema is fifteen.
            depth: 20,
            // A page that asks for a shelf of fifty products one by one, with three aliases in each.
            aliases: 200,
            // The same page, without its aliases further down.
            root_fields: 50,
            // Every field of a large page included by a variable.
            directives: 200,
            // 10,000 keys of 20 bytes.
            variables_bytes: 256 * KIB,
            // An export's page of 500 orders with ten lines each, their products and a rule for each is some 60,000.
            cost: 200_000,
            // What is hidden from an audience is not in its schema, so that showing it the rest gives nothing away.
            introspection: true,
            // One token may be that of a server that speaks for thousands of buyers: only the operator knows.
            rate: None,
            // A quarter of the requests that a process takes at once, so that no caller has all of them.
            concurrency: 128,
            // Who gives way to whom is for the operator to say.
            priority: Priority::High,
            // 100,000 objects of 300 bytes.
            response_bytes: 32 * MIB,
        }
    }
}

impl Limits {
    /// Returns the limits of an audience; none: those of whoever sees the whole graph.
    pub fn of(&self, audience: Option<AudienceId>) -> &AudienceLimits {
        audience.and_then(|audience| self.audiences.get(audience.index())).unwrap_or(&self.everyone)
    }
}

/// The keys, with the least and the most that each may say where it is a number. The depth is what can be parsed.
const KEYS: &[&str] = &[
    "document_bytes",
    "tokens",
    "depth",
    "aliases",
    "root_fields",
    "directives",
    "variables_bytes",
    "cost",
    "introspection",
    "rate",
    "concurrency",
    "priority",
    "response_bytes",
];
const RATE_KEYS: &[&str] = &["per_second", "burst"];
/// Deeper documents are not parsed.
const DEPTH_MAX: u64 = 60;
const COUNT_MAX: u64 = 1_000_000;

/// Reads `[limits]`.
pub(super) fn read(table: &DeTable<'_>, audiences: &[String], reader: &mut Reader<'_>) -> Limits {
    let mut everyone = AudienceLimits::default();
    let is_audience = |entry: &Entry<'_, '_>| {
        let name = entry.0.get_ref().as_ref();
        !KEYS.contains(&name) && matches!(entry.1.get_ref(), DeValue::Table(_))
    };
    for entry in table.iter().filter(|entry| !is_audience(entry)) {
        set(&mut everyone, entry, "[limits]", reader);
    }
    let mut limits = Limits { audiences: vec![everyone.clone(); audiences.len()], everyone };
    for entry in table.iter().filter(is_audience) {
        let name = entry.0.get_ref().as_ref();
        let Some(at) = audiences.iter().position(|audience| audience == name) else {
            let help = match nearest(name, audiences.iter().map(String::as_str)) {
                Some(near) => format!("did you mean [limits.{near}]?"),
                None => "add it to `audiences`, or name one that is there".to_owned(),
            };
            let place = reader.place(entry.0);
            reader.findings.fault("LIMITS_AUDIENCE", place, format!("there is no audience \"{name}\""), help);
            continue;
        };
        let title = format!("[limits.{name}]");
        for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
            set(&mut limits.audiences[at], entry, &title, reader);
        }
    }
    limits
}

/// Takes one entry.
fn set(limits: &mut AudienceLimits, entry: Entry<'_, '_>, table: &str, reader: &mut Reader<'_>) {
    let (number, min, max) = match entry.0.get_ref().as_ref() {
        "document_bytes" => (&mut limits.document_bytes, 1, 16 * MIB),
        "tokens" => (&mut limits.tokens, 1, COUNT_MAX),
        "depth" => (&mut limits.depth, 1, DEPTH_MAX),
        "aliases" => (&mut limits.aliases, 0, COUNT_MAX),
        "root_fields" => (&mut limits.root_fields, 1, COUNT_MAX),
        "directives" => (&mut limits.directives, 0, COUNT_MAX),
        "variables_bytes" => (&mut limits.variables_bytes, 2, 16 * MIB),
        "cost" => (&mut limits.cost, 1, u64::from(u32::MAX)),
        "concurrency" => (&mut limits.concurrency, 1, COUNT_MAX),
        "response_bytes" => (&mut limits.response_bytes, KIB, 4 * KIB * MIB),
        "introspection" => {
            limits.introspection = reader.boolean(entry).unwrap_or(limits.introspection);
            return;
        }
        "rate" => {
            limits.rate = rate(entry, reader).or(limits.rate);
            return;
        }
        "priority" => {
            limits.priority = priority(entry, reader).unwrap_or(limits.priority);
            return;
        }
        _ => return reader.unknown_key(entry.0, table, KEYS),
    };
    *number = reader.number(entry, min, max).unwrap_or(*number);
}

/// Reads `rate = { per_second = 50, burst = 100 }`; without `burst` it is as many as in two seconds.
fn rate(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<CallerRate> {
    let (mut per_second, mut burst) = (None, None);
    let table = reader.table(entry)?;
    for entry in table.iter() {
        let read = match entry.0.get_ref().as_ref() {
            "per_second" => &mut per_second,
            "burst" => &mut burst,
            _ => {
                reader.unknown_key(entry.0, "rate", RATE_KEYS);
                continue;
            }
        };
        *read = reader.number(entry, 1, COUNT_MAX).and_then(|number| u32::try_from(number).ok());
    }
    if !table.contains_key("per_second") {
        let place = reader.place(entry.0);
        let help = "write rate = { per_second = 50, burst = 100 }";
        reader.findings.fault("LIMITS_RATE", place, "`rate` does not say how many requests a second", help);
    }
    let per_second: u32 = per_second?;
    Some(CallerRate { per_second, burst: burst.unwrap_or(per_second.saturating_mul(2)) })
}

fn priority(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Priority> {
    let text = reader.text(entry)?;
    let priority = Priority::named(&text.text);
    if priority.is_none() {
        let message = format!("there is no priority \"{}\"", text.text);
        let help = "write \"high\", \"normal\" or \"low\": what is lower gives way first";
        reader.findings.fault("LIMITS_PRIORITY", text.place, message, help);
    }
    priority
}
