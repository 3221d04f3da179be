//! A system file as written: how the system is reached, and the queries that answer its groups and lists.

use std::time::Duration;

use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::{
    Secret, System, SystemKind,
    binding::{self, Asking, GroupFile, ListFile},
    dialect::Dialect,
    env::{self, EnvFault},
    reader::{self, Reader, Text},
};
use crate::diagnostic::{FileId, Findings, Place};

/// A system file.
#[derive(Debug)]
pub(super) struct SystemFile {
    pub name: String,
    /// How it is reached, if that could be read.
    pub system: Option<System>,
    pub groups: Vec<GroupFile>,
    pub lists: Vec<ListFile>,
    /// The system's own zone and trim, which its groups and lists inherit.
    pub inherited: Inherited,
    /// Whether the file could be read; if not, its groups and lists are not missed elsewhere.
    pub readable: bool,
}

impl SystemFile {
    /// Returns a system of which nothing could be read.
    pub fn unreadable(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            system: None,
            groups: Vec::new(),
            lists: Vec::new(),
            inherited: Inherited::default(),
            readable: false,
        }
    }
}

/// What a group or list inherits.
#[derive(Debug, Clone, Default)]
pub(super) struct Inherited {
    pub zone: Option<TimeZone>,
    pub trim: bool,
}

const KEYS: &[&str] = &[
    "kind",
    "url",
    "dialect",
    "timeout",
    "connections_max",
    "keys_per_fetch",
    "zone",
    "trim",
    "lists",
    "a type's name",
];
/// Reads a system file.
///
/// *Shape*: `secrets` gets the places of texts that must never be shown.
pub(super) fn read(
    name: &str,

    file: FileId,
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    secrets: &mut Vec<Place>,
    findings: &mut Findings,
) -> SystemFile {
    let mut out = SystemFile::unreadable(name);
    let Some(table) = reader::parse(file, text, findings) else { return out };
    out.readable = true;
    let mut reader = Reader { file, findings };
    let mut connection = Connection::default();
    let kind = table.iter().find(|entry| entry.0.get_ref() == "kind").map(|entry| entry.1.get_ref());
    let asking = match kind {
        Some(DeValue::String(kind)) => Asking::of_kind(kind),
        _ => Asking::default(),
    };
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "kind" => connection.kind = reader.text(entry),
            "url" => {
                secrets.push(reader.place(entry.1));
                connection.url_given = true;
                connection.url = reader.text(entry).and_then(|text| filled(&text, lookup, reader.findings));
            }
            "dialect" if matches!(kind, Some(DeValue::String(kind)) if kind == "odbc") => {
                connection.dialect_given = true;
                connection.dialect = Dialect::read(entry, &mut reader);
            }
            "dialect" => {
                let message = "only a system of kind odbc has a dialect";
                let place = reader.place(entry.0);
                reader.findings.fault(
                    "DIALECT_POINTLESS",
                    place,
                    message,
                    "delete it; the kind says how SQL is written",
                );
            }
            "timeout" => connection.timeout = reader.duration(entry),
            "connections_max" => connection.connections_max = reader.number(entry, 1, 1_000),
            "keys_per_fetch" => connection.keys_per_fetch = reader.number(entry, 1, 100_000),
            "zone" => out.inherited.zone = binding::zone(entry, &mut reader),
            "trim" => out.inherited.trim = reader.boolean(entry).unwrap_or(false),
            "lists" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    out.lists.extend(binding::list(entry, asking, &mut reader));
                }
            }
            _ => match entry.1.get_ref() {
                DeValue::Table(table) => binding::groups(entry, table, asking, &mut reader, &mut out.groups),
                _ => reader.unknown_key(entry.0, &format!("system file {name}.toml"), KEYS),
            },
        }
    }
    out.system = connection.system(name, file, findings);
    out
}

/// The keys that say how a system is reached.
#[derive(Default)]
struct Connection {
    kind: Option<Text>,
    url: Option<Secret>,
    url_given: bool,
    dialect: Option<Dialect>,
    dialect_given: bool,
    timeout: Option<Duration>,
    connections_max: Option<u64>,
    keys_per_fetch: Option<u64>,
}

impl Connection {
    fn system(self, name: &str, file: FileId, findings: &mut Findings) -> Option<System> {
        let start = Place { file, start: 0, end: 0 };
        let Some(kind) = self.kind else {
            findings.fault(
                "KIND_MISSING",
                start,
                format!("system `{name}` does not say its kind"),
                "add kind = \"postgres\" or kind = \"sqlite\"",
            );
            return None;
        };
        if !self.url_given {
            let help = format!("add url = \"${{{}_URL}}\"", name.to_uppercase());
            findings.fault("URL_MISSING", start, format!("system `{name}` does not say where it is"), help);
        }
        let kind = match kind.text.as_str() {
            "postgres" => SystemKind::Postgres { url: self.url? },
            "sqlite" => SystemKind::Sqlite { url: self.url? },
            "mysql" => SystemKind::Mysql { url: self.url? },
            "odbc" => {
                if !self.dialect_given {
                    let message = format!("system `{name}` does not say how its SQL is written");
                    let help = "add dialect = \"sqlserver\", \"oracle\", \"db2\" or another";
                    findings.fault("DIALECT_MISSING", kind.place, message, help);
                }
                if cfg!(not(feature = "odbc")) {
                    let message = format!("system `{name}` will not answer: this build of freehold speaks no ODBC");
                    findings.notice("ODBC_FEATURE", kind.place, message, "build it with `--features odbc`");
                }
                SystemKind::Odbc { dialect: Box::new(self.dialect?), url: self.url? }
            }
            other => {
                findings.fault(
                    "KIND_UNKNOWN",
                    kind.place,
                    format!("there is no kind of system named `{other}`"),
                    "the kinds are \"postgres\", \"mysql\", \"sqlite\" and \"odbc\"",
                );
                return None;
            }
        };
        Some(System {
            name: name.to_owned(),
            kind,
            timeout: self.timeout.unwrap_or(Duration::from_secs(5)),
            connections_max: self.connections_max.map_or(8, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            keys_per_fetch: self.keys_per_fetch.map_or(1_000, |n| usize::try_from(n).unwrap_or(usize::MAX)),
        })
    }
}

fn filled(text: &Text, lookup: &dyn Fn(&str) -> Option<String>, findings: &mut Findings) -> Option<Secret> {
    let faults = match env::fill(&text.text, lookup) {
        Ok(filled) => return Some(Secret::new(filled)),
        Err(faults) => faults,
    };
    for fault in faults {
        match fault {
            EnvFault::Missing(name) => findings.fault(
                "ENV_MISSING",
                text.place,
                format!("the environment variable `{name}` is not set"),
                format!("set {name} where freehold runs"),
            ),
            EnvFault::Stray => findings.fault(
                "ENV_SYNTAX",
                text.place,
                "a `$` here begins no variable",
                "write ${NAME} for a variable, or $$ for the character itself",
            ),
        }
    }
    None
}
