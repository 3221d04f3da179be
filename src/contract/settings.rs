//! `freehold.toml` as written: which systems there are, which audiences, how fresh each domain must be, and keys that a
//! check may ask for. What it says of the commercial rules is read by `rule_settings`, of callers by `access`, of
//! what they may take by `limits`.

use std::{collections::BTreeMap, time::Duration};

use toml::de::DeValue;

use super::{
    Domain, OnOutage,
    access::{self, WrittenAccess},
    documents::{self, WrittenDocuments},
    freshness,
    hierarchy::{self, HierarchyTable},
    http::Filling,
    limits::{self, Limits},
    reader::{self, Entry, Reader, Text},
    rule_settings,
};
use crate::{
    diagnostic::{FileId, Findings, Place},
    rules,
    value::duration_text,
};

/// `freehold.toml`.
#[derive(Debug)]
pub(super) struct Settings {
    /// The paths of the system files.
    pub systems: Vec<Text>,
    /// The known audiences.
    pub audiences: Vec<String>,
    /// The domains, built-in ones included.
    pub domains: BTreeMap<String, Domain>,
    /// Keys that a check of the live systems may ask for: a type, and its keys.
    pub samples: Vec<(Text, Vec<Text>)>,
    /// Which accounts are below which, where it says so.
    pub hierarchy: Option<HierarchyTable>,
    /// What is configured of the commercial rules.
    pub rules: rules::Settings,
    /// Who is let in, and as whom; none: everyone, as whoever runs the process.
    pub access: Option<WrittenAccess>,
    /// The documents that callers have registered, where it says so.
    pub documents: Option<WrittenDocuments>,
    /// How much requests of each audience may take.
    pub limits: Limits,
    /// Whether the file could be read and understood; if not, what it would have said is not missed elsewhere.
    pub readable: bool,
}

const KEYS: &[&str] =
    &["systems", "audiences", "freshness", "samples", "hierarchy", "rules", "access", "documents", "limits"];
const DOMAIN_KEYS: &[&str] = &["max_age", "refresh_after", "jitter", "on_outage", "absent"];

impl Settings {
    /// Returns what holds without a file.
    pub fn unreadable() -> Self {
        let (systems, audiences, samples) = Default::default();
        let rules = rules::Settings::default();
        let (hierarchy, access, documents, readable) = (None, None, None, false);
        let (domains, limits) = (freshness::built_in(), Limits::default());
        Self { systems, audiences, domains, samples, hierarchy, rules, access, documents, limits, readable }
    }
}

/// Reads `freehold.toml`.
pub(super) fn read(file: FileId, text: &str, mut filling: Filling<'_>, findings: &mut Findings) -> Settings {
    let mut settings = Settings::unreadable();
    let Some(table) = reader::parse(file, text, findings) else { return settings };
    let mut reader = Reader { file, findings };
    // After a fault in one of these, what the file does not say may only have been said wrongly.
    settings.readable = true;
    let (mut rule_tables, mut access_table, mut limits_table) = (None, None, None);
    for entry in table.iter() {
        let understood = match entry.0.get_ref().as_ref() {
            "systems" => reader.texts(entry).map(|systems| settings.systems = systems),
            "audiences" => reader.texts(entry).map(|audiences| {
                settings.audiences = audiences.into_iter().map(|audience| audience.text).collect();
            }),
            "freshness" => reader.table(entry).map(|table| {
                table.iter().for_each(|entry| domain("", entry, &mut reader, &mut settings.domains));
            }),
            "samples" => reader.table(entry).map(|table| {
                settings.samples = table.iter().filter_map(|entry| samples(entry, &mut reader)).collect();
            }),
            "hierarchy" => {
                let place = reader.place(entry.0);
                reader.table(entry).map(|table| settings.hierarchy = Some(hierarchy::read(table, place, &mut reader)))
            }
            "documents" => {
                let place = reader.place(entry.0);
                reader.table(entry).map(|table| settings.documents = Some(documents::read(table, place, &mut reader)))
            }
            "rules" => reader.table(entry).map(|table| rule_tables = Some(table)),
            "access" => reader.table(entry).map(|table| access_table = Some(table)),
            "limits" => reader.table(entry).map(|table| limits_table = Some(table)),
            _ => {
                reader.unknown_key(entry.0, "freehold.toml", KEYS);
                None
            }
        };
        settings.readable &= understood.is_some();
    }
    if let Some(table) = rule_tables {
        let systems: Vec<&str> = settings.systems.iter().map(|system| system_name(&system.text)).collect();
        settings.rules = rule_settings::read(table, &systems, &mut reader);
    }
    if let Some(table) = access_table {
        settings.access = Some(access::read(table, &settings.audiences, &mut filling, &mut reader));
    }
    if let Some(table) = limits_table {
        settings.limits = limits::read(table, &settings.audiences, &mut reader);
    }
    same_system_twice(&settings.systems, reader.findings);
    settings
}

/// Reads an entry of `[samples]`.
fn samples(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<(Text, Vec<Text>)> {
    let ty = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
    Some((ty, reader.texts(entry)?))
}

/// Returns the name a system has by its file: `systems/erp.toml` is `erp`.
pub(super) fn system_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file)
}

fn same_system_twice(systems: &[Text], findings: &mut Findings) {
    for (n, system) in systems.iter().enumerate() {
        let name = system_name(&system.text);
        if systems[..n].iter().any(|earlier| system_name(&earlier.text) == name) {
            findings.fault(
                "SYSTEM_DUPLICATE",
                system.place,
                format!("there are two systems named `{name}`"),
                "a system is named by its file; rename one of the two files, or list it once",
            );
        }
    }
}

/// What a `[freshness.…]` table says.
#[derive(Default)]
struct Written {
    max_age: Option<(Duration, Place)>,
    refresh_after: Option<(Duration, Place)>,
    on_outage: Option<(OnOutage, Place)>,
    absent: Option<(Duration, Place)>,
    jitter: Option<u32>,
}

fn domain(prefix: &str, entry: Entry<'_, '_>, reader: &mut Reader<'_>, domains: &mut BTreeMap<String, Domain>) {
    let name = format!("{prefix}{}", entry.0.get_ref());
    let Some(table) = reader.table(entry) else { return };
    let mut written = Written::default();
    let mut n_tables = 0;
    for entry in table.iter() {
        let place = reader.place(entry.1);
        let at = |value| (value, place);
        match entry.0.get_ref().as_ref() {
            "max_age" => written.max_age = reader.duration(entry).map(at),
            "refresh_after" => written.refresh_after = reader.duration(entry).map(at),
            "jitter" => {
                written.jitter = reader.number(entry, 0, 100).and_then(|percent| u32::try_from(percent).ok());
            }
            "absent" => written.absent = reader.duration(entry).map(at),
            "on_outage" => {
                let refuses = matches!(entry.1.get_ref(), DeValue::String(text) if text == "refuse");
                let on_outage =
                    if refuses { Some(OnOutage::Refuse) } else { reader.duration(entry).map(OnOutage::ServeUpTo) };
                written.on_outage = on_outage.map(|value| (value, place));
            }
            // `[freshness.price.list]` reads as a table inside `price`; it is the domain `price.list`.
            _ if matches!(entry.1.get_ref(), DeValue::Table(_)) => {
                n_tables += 1;
                domain(&format!("{name}."), entry, reader, domains);
            }
            _ => reader.unknown_key(entry.0, &format!("[freshness.{name}]"), DOMAIN_KEYS),
        }
    }
    if n_tables < table.len() || table.is_empty() {
        let domain = combine(&name, &written, reader.findings);
        domains.insert(name, domain);
    }
}

/// Makes a domain of what was written and, for the rest, of what follows from it.
fn combine(name: &str, written: &Written, findings: &mut Findings) -> Domain {
    let mut domain = freshness::starting_point(name);
    if let Some((max_age, place)) = written.max_age {
        let on_outage = match domain.on_outage {
            OnOutage::ServeUpTo(age) => OnOutage::ServeUpTo(age.max(max_age)),
            OnOutage::Refuse => OnOutage::Refuse,
        };
        domain = freshness::with_max_age(name, max_age, on_outage);
        if max_age.is_zero() {
            findings.fault(
                "MAX_AGE_ZERO",
                place,
                format!("nothing can ever be as fresh as `{name}` asks: a fetch itself takes time"),
                "allow at least the time a fetch may take, \"5s\" say",
            );
        }
    }
    let max_age = domain.max_age;
    for (word, value) in [("refresh_after", written.refresh_after), ("absent", written.absent)] {
        let Some((age, place)) = value else { continue };
        if age > max_age {
            findings.fault(
                "FRESHNESS_ORDER",
                place,
                format!("`{word}` of `{name}` is longer than its `max_age` of {}", duration_text(max_age)),
                format!("nothing lives past `max_age`; shorten `{word}` or lengthen `max_age`"),
            );
        } else if word == "absent" {
            domain.absent = age;
        } else {
            domain.refresh_after = age;
        }
    }
    domain.jitter_percent = written.jitter.unwrap_or(domain.jitter_percent);
    if let Some((on_outage, place)) = written.on_outage {
        domain.on_outage = on_outage;
        if let OnOutage::ServeUpTo(age) = on_outage
            && age < max_age
        {
            findings.fault(
                "FRESHNESS_ORDER",
                place,
                format!("`on_outage` of `{name}` is shorter than its `max_age` of {}", duration_text(max_age)),
                "say \"refuse\", or an age greater than `max_age`",
            );
        }
    }
    domain
}
