//! `[documents]` of `freehold.toml`: the documents that callers have registered, by the manifest that their build writes, and
//! the audiences that may run no others.
//!
//! In: the table, the manifest's JSON. Out: each document with its hash and whose it is. A manifest is what Apollo's tools
//! write, or an object of documents by hash or name, as Relay's compiler does. It means nothing to an answer.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use toml::de::DeTable;

use super::reader::{Reader, Text};
use crate::{
    diagnostic::{FileId, Findings, Place, Sources},
    value::AudienceId,
};

/// The documents that callers have registered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Documents {
    /// Each of them.
    pub registered: Vec<Document>,
    /// The audiences that may run no others.
    pub trusted_only: BTreeSet<AudienceId>,
}

/// A document that callers have registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What the manifest calls it: its hash, as a rule.
    pub id: String,
    /// The name of its operation, for people.
    pub name: Option<String>,
    /// The SHA-256 of its text, in hexadecimal digits.
    pub hash: String,
    /// The document.
    pub text: String,
    /// The audiences that run it, where the manifest says so.
    pub audiences: Option<BTreeSet<AudienceId>>,
}

/// `[documents]` as written.
#[derive(Debug, Clone)]
pub(super) struct WrittenDocuments {
    pub manifest: Option<Text>,
    pub trusted_only: Vec<Text>,
    pub place: Place,
}

const KEYS: &[&str] = &["manifest", "trusted_only"];
/// What Apollo's tools write into `format`.
const APOLLO: &str = "apollo-persisted-query-manifest";

impl Documents {
    /// Returns the audiences that run a document: those it names, else those that run no others, else every one.
    pub fn audiences(&self, document: &Document, n_audiences: usize) -> BTreeSet<AudienceId> {
        match &document.audiences {
            Some(audiences) => audiences.clone(),
            None if self.trusted_only.is_empty() => (0..n_audiences).map(AudienceId::from).collect(),
            None => self.trusted_only.clone(),
        }
    }

    /// Whether an audience may run a document; none: the whole graph's callers run any.
    pub fn may_run(&self, document: &Document, audience: Option<AudienceId>) -> bool {
        match (audience, &document.audiences) {
            (None, _) => true,
            (Some(audience), Some(audiences)) => audiences.contains(&audience),
            (Some(audience), None) => self.trusted_only.is_empty() || self.trusted_only.contains(&audience),
        }
    }
}

/// Returns the SHA-256 of a document, in hexadecimal digits.
pub fn document_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads `[documents]`.
pub(super) fn read(table: &DeTable<'_>, place: Place, reader: &mut Reader<'_>) -> WrittenDocuments {
    let mut written = WrittenDocuments { manifest: None, trusted_only: Vec::new(), place };
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "manifest" => written.manifest = reader.text(entry),
            "trusted_only" => written.trusted_only = reader.texts(entry).unwrap_or_default(),
            _ => reader.unknown_key(entry.0, "[documents]", KEYS),
        }
    }
    written
}

/// Returns the path of the manifest that a `freehold.toml` names, where it is one below the contract's folder.
pub(super) fn manifest_path(settings: &str) -> Option<String> {
    let (table, _) = DeTable::parse_recoverable(settings);
    let documents = table.get_ref().get("documents")?.get_ref().as_table()?.get("manifest")?;
    let path = documents.get_ref().as_str()?.trim_start_matches("./");
    is_below(path).then(|| path.to_owned())
}

/// Whether a path is one of a JSON file below the contract's folder.
fn is_below(path: &str) -> bool {
    path.ends_with(".json") && !path.starts_with('/') && path.split('/').all(|part| !part.is_empty() && part != "..")
}

/// Makes what callers have registered of what is written; `file` finds a file of the contract by its path.
pub(super) fn compile(
    written: Option<&WrittenDocuments>,
    audiences: &[String],
    file: impl Fn(&str) -> Option<FileId>,
    (sources, findings): (&Sources, &mut Findings),
) -> Documents {
    let mut documents = Documents::default();
    let Some(written) = written else { return documents };
    for named in &written.trusted_only {
        match audience(&named.text, audiences) {
            Some(audience) => documents.trusted_only.extend([audience]),
            None => unknown_audience(&named.text, audiences, named.place, findings),
        }
    }
    let Some(manifest) = &written.manifest else {
        if !written.trusted_only.is_empty() {
            let help = "add manifest = \"documents.json\", which holds what they may run";
            let message = "audiences may run registered documents alone, and none are registered";
            findings.fault("DOCUMENTS_MANIFEST", written.place, message, help);
        }
        return documents;
    };
    let path = manifest.text.trim_start_matches("./");
    match file(path).filter(|_| is_below(path)) {
        Some(file) => documents.registered = manifest_of((file, sources), audiences, findings),
        None => {
            let message = format!("there is no file \"{path}\"");
            let help = "write the path of a .json file from the contract's folder, and add the file";
            findings.fault("DOCUMENTS_MANIFEST", manifest.place, message, help);
        }
    }
    documents
}

fn audience(name: &str, audiences: &[String]) -> Option<AudienceId> {
    audiences.iter().position(|known| known == name).map(AudienceId::from)
}

fn unknown_audience(name: &str, audiences: &[String], place: Place, findings: &mut Findings) {
    let help = match super::nearest(name, audiences.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add it to `audiences` in freehold.toml".to_owned(),
    };
    findings.fault("AUDIENCE_UNKNOWN", place, format!("there is no audience `{name}`"), help);
}

/// Reads a manifest.
pub(super) fn manifest_of(
    (file, sources): (FileId, &Sources),
    audiences: &[String],
    findings: &mut Findings,
) -> Vec<Document> {
    let text = sources.text(file);
    let mut reading = Reading { file, text, audiences, findings };
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) if members.get("format").is_some_and(Value::is_string) => reading.apollo(&members),
        Ok(Value::Object(members)) => {
            let documents = members.iter().filter_map(|(id, value)| match value {
                Value::Object(document) => reading.document(id, document, "query"),
                Value::String(text) => reading.registered(id, text, &Map::new()),
                _ => reading.wrong(id, "is neither a text nor an object with `query`"),
            });
            documents.collect()
        }
        Ok(_) => {
            reading.wrong::<()>("", "the manifest is no JSON object");
            Vec::new()
        }
        Err(error) => {
            reading.wrong::<()>("", &format!("the manifest is not JSON: {error}"));
            Vec::new()
        }
    }
}

struct Reading<'r> {
    file: FileId,
    text: &'r str,
    audiences: &'r [String],
    findings: &'r mut Findings,
}

impl Reading<'_> {
    /// Where a name first stands in the manifest; its beginning, where it does not.
    fn place(&self, name: &str) -> Place {
        let quoted = format!("\"{name}\"");
        let start = if name.is_empty() { None } else { self.text.find(&quoted) };
        start.map_or(Place { file: self.file, start: 0, end: 0 }, |start| Place {
            file: self.file,
            start,
            end: start + quoted.len(),
        })
    }

    fn wrong<T>(&mut self, id: &str, what: &str) -> Option<T> {
        let subject = if id.is_empty() { String::new() } else { format!("the document `{id}` ") };
        let help = "write { \"<SHA-256>\": \"query …\" }, or what Apollo's generate-persisted-query-manifest writes";
        self.findings.fault("DOCUMENTS_MANIFEST", self.place(id), format!("{subject}{what}"), help);
        None
    }

    fn apollo(&mut self, members: &Map<String, Value>) -> Vec<Document> {
        let is_known = members.get("format").and_then(Value::as_str) == Some(APOLLO)
            && members.get("version").and_then(Value::as_u64) == Some(1);
        let Some(Value::Array(operations)) = members.get("operations").filter(|_| is_known) else {
            self.wrong::<()>("", "the manifest is of a format, or a version of it, that is not known");
            return Vec::new();
        };
        let mut documents: Vec<Document> = Vec::new();
        for operation in operations {
            let id = operation.get("id").and_then(Value::as_str).unwrap_or_default();
            match operation.as_object() {
                _ if documents.iter().any(|earlier| earlier.id == id) => {
                    self.wrong::<()>(id, "stands there twice");
                }
                Some(members) if !id.is_empty() => documents.extend(self.document(id, members, "body")),
                _ => {
                    self.wrong::<()>("", "an operation of the manifest has no `id`");
                }
            }
        }
        documents
    }

    fn document(&mut self, id: &str, members: &Map<String, Value>, text: &str) -> Option<Document> {
        match members.get(text).and_then(Value::as_str) {
            Some(text) => self.registered(id, text, members),
            None => self.wrong(id, &format!("has no text `{text}`")),
        }
    }

    fn registered(&mut self, id: &str, text: &str, members: &Map<String, Value>) -> Option<Document> {
        let hash = document_hash(text);
        let (id, claimed) = match id.strip_prefix("sha256:") {
            Some(digits) => (digits, true),
            None => (id, is_hash(id)),
        };
        if claimed && !id.eq_ignore_ascii_case(&hash) {
            let message = format!("`{id}` is not the SHA-256 of its document, which is {hash}");
            let help = "let the build write the manifest anew: it was edited, or its texts are not those that are sent";
            self.findings.fault("DOCUMENT_HASH", self.place(id), message, help);
            return None;
        }
        let audiences = match members.get("audiences") {
            None => None,
            Some(named) => Some(self.named_audiences(id, named)?),
        };
        let name = members.get("name").and_then(Value::as_str).or_else(|| operation_name(text));
        Some(Document { id: id.to_owned(), name: name.map(str::to_owned), hash, text: text.to_owned(), audiences })
    }

    fn named_audiences(&mut self, id: &str, named: &Value) -> Option<BTreeSet<AudienceId>> {
        let Some(names) = named.as_array() else { return self.wrong(id, "has `audiences` that are no list") };
        let mut audiences = BTreeSet::new();
        for name in names.iter().map(|name| name.as_str().unwrap_or_default()) {
            match audience(name, self.audiences) {
                Some(audience) => audiences.extend([audience]),
                None => unknown_audience(name, self.audiences, self.place(id), self.findings),
            }
        }
        Some(audiences)
    }
}

/// Whether a text is a SHA-256 in hexadecimal digits.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of a document's first query, where it has one.
fn operation_name(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix("query")?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_what_every_client_computes() {
        // As Apollo's documentation prints it.
        let hash = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
        assert_eq!(document_hash("{__typename}"), hash);
        assert!(is_hash(hash) && !is_hash(&hash[1..]));
    }

    #[test]
    fn a_name_is_the_operations() {
        assert_eq!(operation_name("query Page($a: Int) { b }"), Some("Page"));
        assert_eq!(operation_name("\n  query  Page{ b }"), Some("Page"));
        for nameless in ["{ a }", "query { a }", "query ($a: Int) { b }"] {
            assert_eq!(operation_name(nameless), None);
        }
    }

    #[test]
    fn a_manifest_is_looked_for_below_the_contract() {
        let path = |named: &str| manifest_path(&format!("[documents]\nmanifest = \"{named}\""));
        assert_eq!(path("./web/documents.json").as_deref(), Some("web/documents.json"));
        for outside in ["../documents.json", "/etc/documents.json", "documents.txt", "a//b.json", ""] {
            assert_eq!(path(outside), None, "{outside}");
        }
        assert_eq!(manifest_path("systems = []"), None);
        assert_eq!(manifest_path("documents = 1"), None);
    }
}
