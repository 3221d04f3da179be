//! A system file as written: how the system is reached, and the queries that answer its groups and lists.

use std::{collections::BTreeMap, time::Duration};

use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::{
    GraphQlMeaning, Guards, Secret, System, SystemKind,
    binding::{self, Asking, CrossrefFile, GroupFile, ListFile, OdataSystemFile},
    changes::{self, ChangesFile},
    dialect::Dialect,
    drop::DropFile,
    guards,
    http::{self, Auth, Filling, HttpSystem},
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
    pub crossrefs: Vec<CrossrefFile>,
    /// How it is heard of changes.
    pub changes: ChangesFile,
    /// The system's own zone and trim, which its groups and lists inherit.
    pub inherited: Inherited,
    /// Where it says how far the system is behind.
    pub lag: Option<Place>,
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
            crossrefs: Vec::new(),
            changes: ChangesFile::default(),
            inherited: Inherited::default(),
            lag: None,
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

/// How many fetches run at once where the file does not say.
const CONNECTIONS_MAX: u32 = 8;

/// The ledger has six connections, and its writer must never wait for those who read.
const LEDGER_CONNECTIONS_MAX: u32 = 3;

const KEYS: &[&str] = &[
    "kind",
    "url",
    "dialect",
    "timeout",
    "lag",
    "connections_max",
    "keys_per_fetch",
    "rate",
    "retries",
    "breaker",
    "zone",
    "trim",
    "lists",
    "crossrefs",
    "changes",
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
    let mut filling = Filling { lookup, secrets };
    let kind = table.iter().find(|entry| entry.0.get_ref() == "kind").map(|entry| entry.1.get_ref());
    let asking = match kind {
        Some(DeValue::String(kind)) => Asking::of_kind(kind),
        _ => Asking::default(),
    };
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "kind" => connection.kind = reader.text(entry),
            "url" => {
                connection.url_given = true;
                connection.url_place = Some(reader.place(entry.1));
                connection.url = filling.secret(entry, &mut reader);
            }
            "folder" if asking == Asking::File => {
                connection.url_given = true;
                connection.drop.folder = Some(reader.place(entry.0));
                let text = reader.text(entry);
                connection.url = text.and_then(|text| filling.filled(&text, &mut reader)).map(Secret::new);
            }
            _ if asking == Asking::File && connection.drop.read(entry, &mut reader) => {}
            "errors" if asking.has_error_codes() => connection.meanings = binding::meanings(entry, &mut reader),
            "headers" if asking.is_http() => connection.headers = http::headers(entry, &mut filling, &mut reader),
            "auth" if asking.is_http() => connection.auth = http::auth(entry, &mut filling, &mut reader),
            _ if asking == Asking::Odata && connection.odata.read(entry, &mut reader) => {}
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
            "lag" => {
                out.lag = Some(reader.place(entry.1));
                connection.lag = reader.duration(entry).unwrap_or_default();
            }
            "timeout" => connection.timeout = reader.duration(entry),
            "connections_max" => connection.connections_max = reader.number(entry, 1, 1_000),
            "keys_per_fetch" => connection.keys_per_fetch = reader.number(entry, 1, 100_000),
            "rate" => connection.guards.rate = guards::rate(entry, &mut reader),
            "retries" => {
                if let Some(retries_max) = guards::retries(entry, &mut reader) {
                    connection.guards.retries_max = retries_max;
                }
            }
            "breaker" => {
                if let Some(breaker) = guards::breaker(entry, &mut reader) {
                    connection.guards.breaker = breaker;
                }
            }
            "zone" => out.inherited.zone = binding::zone(entry, &mut reader),
            "trim" => out.inherited.trim = reader.boolean(entry).unwrap_or(false),
            "changes" => out.changes = changes::read(entry, &mut filling, &mut reader),
            "lists" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    out.lists.extend(binding::list(entry, asking, &mut reader));
                }
            }
            "crossrefs" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    out.crossrefs.extend(binding::crossref(entry, asking, &mut reader));
                }
            }
            _ => match entry.1.get_ref() {
                DeValue::Table(table) => binding::groups(entry, table, asking, &mut reader, &mut out.groups),
                _ => {
                    let of_http = if asking.is_http() { &["headers", "auth"][..] } else { &[] };
                    let of_kind = match asking {
                        Asking::Odata => OdataSystemFile::KEYS,
                        Asking::File => DropFile::KEYS,
                        Asking::GraphQl => &["errors"],
                        Asking::Rest | Asking::Sql | Asking::Inside => &[],
                    };
                    let known: Vec<&str> = KEYS.iter().chain(of_http).chain(of_kind).copied().collect();
                    reader.unknown_key(entry.0, &format!("system file {name}.toml"), &known);
                }
            },
        }
    }
    if connection.odata.is_v2() && out.inherited.zone.is_none() {
        // Version 2 writes times as milliseconds, which count from 1970 in UTC unless the file says whose clock they show.
        out.inherited.zone = Some(TimeZone::UTC);
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
    url_place: Option<Place>,
    headers: Vec<(String, Secret)>,
    auth: Auth,
    drop: DropFile,
    meanings: BTreeMap<String, GraphQlMeaning>,
    dialect: Option<Dialect>,
    dialect_given: bool,
    timeout: Option<Duration>,
    lag: Duration,
    connections_max: Option<u64>,
    keys_per_fetch: Option<u64>,
    odata: OdataSystemFile,
    guards: Guards,
}

impl Connection {
    /// Returns how a system that speaks HTTP is reached.
    fn http(&mut self, findings: &mut Findings) -> Option<HttpSystem> {
        let url = self.url.take()?;
        if !http::is_http(&url) {
            findings.fault(
                "URL_HTTP",
                self.url_place,
                "this is no address that HTTP can be spoken to",
                "write \"https://host/path\"",
            );
            return None;
        }
        let url = Secret::new(url.reveal().trim_end_matches('/').to_owned());
        Some(HttpSystem { url, headers: std::mem::take(&mut self.headers), auth: std::mem::take(&mut self.auth) })
    }

    fn system(mut self, name: &str, file: FileId, findings: &mut Findings) -> Option<System> {
        let start = Place { file, start: 0, end: 0 };
        let Some(kind) = self.kind.take() else {
            findings.fault(
                "KIND_MISSING",
                start,
                format!("system `{name}` does not say its kind"),
                "add kind = \"postgres\", \"mysql\", \"sqlite\", \"odbc\", \"rest\", \"odata\", \"graphql\" or \"file\"",
            );
            return None;
        };
        let is_inside = matches!(kind.text.as_str(), "freehold" | "ledger");
        if is_inside && let Some(place) = self.url_place {
            let message = format!("system `{name}` is Freehold itself, which has no address of its own");
            let help = "delete `url`; the ledger is the one that `freehold serve --ledger` names";
            findings.fault("URL_POINTLESS", place, message, help);
        }
        if !self.url_given && !is_inside {
            let key = if kind.text == "file" { "folder" } else { "url" };
            let help = format!("add {key} = \"${{{}_{}}}\"", name.to_uppercase(), key.to_uppercase());
            findings.fault("URL_MISSING", start, format!("system `{name}` does not say where it is"), help);
        }
        let kind = match kind.text.as_str() {
            "postgres" => SystemKind::Postgres { url: self.url? },
            "sqlite" => SystemKind::Sqlite { url: self.url? },
            "file" => SystemKind::File(self.drop.system(self.url?, self.url_place, findings)),
            "rest" => SystemKind::Rest { http: self.http(findings)? },
            "odata" => {
                let dialect = std::mem::take(&mut self.odata).dialect(start, findings);
                let http = self.http(findings)?;
                SystemKind::Odata { http, dialect: dialect? }
            }
            "graphql" => {
                // Some servers answer at the address with its slash alone.
                let path = if self.url.as_ref().is_some_and(|url| url.reveal().ends_with('/')) { "/" } else { "" };
                SystemKind::GraphQl { http: self.http(findings)?, path, meanings: std::mem::take(&mut self.meanings) }
            }
            "freehold" => SystemKind::Freehold,
            "ledger" => SystemKind::Ledger,
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
                    "the kinds are \"postgres\", \"mysql\", \"sqlite\", \"odbc\", \"rest\", \"odata\", \"graphql\" and \"file\"; and \
                     \"freehold\" and \"ledger\" for what Freehold itself knows",
                );
                return None;
            }
        };
        let connections_max = match kind {
            SystemKind::Ledger => LEDGER_CONNECTIONS_MAX,
            _ => CONNECTIONS_MAX,
        };
        Some(System {
            name: name.to_owned(),
            kind,
            timeout: self.timeout.unwrap_or(Duration::from_secs(5)),
            lag: self.lag,
            connections_max: self.connections_max.map_or(connections_max, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            keys_per_fetch: self.keys_per_fetch.map_or(1_000, |n| usize::try_from(n).unwrap_or(usize::MAX)),
            guards: self.guards,
        })
    }
}
