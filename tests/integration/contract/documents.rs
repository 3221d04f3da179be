//! Manifests of documents: what is read of them, for whom, and what is said of those that cannot be.

use freehold::contract::{Documents, document_hash};

use super::base;

/// A code, a table `[documents]`, a manifest, and what its message and help must contain.
pub const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("DOCUMENTS_MANIFEST", "manifest = \"web.json\"", "{}", "there is no file \"web.json\""),
    ("DOCUMENTS_MANIFEST", "manifest = \"../documents.json\"", "{}", "from the contract's folder"),
    ("DOCUMENTS_MANIFEST", "trusted_only = [\"service\"]", "{}", "none are registered"),
    ("DOCUMENTS_MANIFEST", MANIFEST, "{", "the manifest is not JSON"),
    ("DOCUMENTS_MANIFEST", MANIFEST, "[]", "the manifest is no JSON object"),
    ("DOCUMENTS_MANIFEST", MANIFEST, "{\"page\": 1}", "`page` is neither a text nor an object"),
    ("DOCUMENTS_MANIFEST", MANIFEST, "{\"page\": {\"body\": \"{a}\"}}", "`page` has no text `query`"),
    (
        "DOCUMENTS_MANIFEST",
        MANIFEST,
        "{\"page\": {\"query\": \"{a}\", \"audiences\": 1}}",
        "`audiences` that are no list",
    ),
    ("DOCUMENTS_MANIFEST", MANIFEST, "{\"format\": \"other\", \"operations\": []}", "a format, or a version of it"),
    (
        "DOCUMENTS_MANIFEST",
        MANIFEST,
        "{\"format\": \"apollo-persisted-query-manifest\", \"version\": 1, \"operations\": [{\"body\": \"{a}\"}]}",
        "has no `id`",
    ),
    (
        "DOCUMENTS_MANIFEST",
        MANIFEST,
        "{\"format\": \"apollo-persisted-query-manifest\", \"version\": 1, \"operations\": [{\"id\": \"a\", \"body\": \"{a}\"}, {\"id\": \"a\", \"body\": \"{b}\"}]}",
        "`a` stands there twice",
    ),
    ("DOCUMENT_HASH", MANIFEST, "{\"sha256:00\": \"{a}\"}", "`00` is not the SHA-256 of its document"),
    (
        "DOCUMENT_HASH",
        MANIFEST,
        "{\"0000000000000000000000000000000000000000000000000000000000000000\": \"{a}\"}",
        "let the build write the manifest anew",
    ),
    ("AUDIENCE_UNKNOWN", "manifest = \"documents.json\"\ntrusted_only = [\"servce\"]", "{}", "did you mean `service`?"),
    ("AUDIENCE_UNKNOWN", MANIFEST, "{\"page\": {\"query\": \"{a}\", \"audiences\": [\"bi\"]}}", "no audience `bi`"),
    ("KEY_UNKNOWN", "manifests = \"documents.json\"", "{}", "did you mean `manifest`?"),
];

const MANIFEST: &str = "manifest = \"documents.json\"";

fn files(table: &str, manifest: &str) -> Vec<(String, String)> {
    let mut files =
        base::edited("freehold.toml", "[freshness.product]", &format!("[documents]\n{table}\n[freshness.product]"));
    files.push(("documents.json".to_owned(), manifest.to_owned()));
    files
}

fn documents(table: &str, manifest: &str) -> Documents {
    let loaded = base::loaded(files(table, manifest));
    let shown = base::shown(&loaded);
    loaded.contract.unwrap_or_else(|| panic!("{shown}")).documents
}

#[test]
fn every_mistake_is_said_where_it_is() {
    for (code, table, manifest, said) in MISTAKES {
        let loaded = base::loaded(files(table, manifest));
        let faults = base::faults(&loaded);
        assert!(faults.iter().any(|fault| fault.starts_with(code) && fault.contains(said)), "{said}: {faults:#?}");
        assert!(loaded.contract.is_none());
    }
}

#[test]
fn the_manifests_of_apollo_and_of_relay_are_read_alike() {
    let (text, hash) = ("query Page { a }", document_hash("query Page { a }"));
    let apollo = format!(
        r#"{{"format":"apollo-persisted-query-manifest","version":1,"operations":[
            {{"id":"{hash}","name":"Page","type":"query","body":"{text}"}}]}}"#
    );
    let plain = format!(r#"{{"{hash}":"{text}"}}"#);
    let named = format!(r#"{{"sha256:{hash}":{{"query":"{text}","name":"Page"}}}}"#);
    let read = documents(MANIFEST, &apollo);
    assert_eq!((read.registered[0].id.as_str(), read.registered[0].name.as_deref()), (hash.as_str(), Some("Page")));
    assert_eq!(documents(MANIFEST, &plain), read);
    assert_eq!(documents(MANIFEST, &named), read);
    let relay = documents(MANIFEST, "{\"9a0364b9e99bb480dd25e1f0284c8555\": \"query Page { a }\"}");
    assert_eq!((relay.registered[0].id.len(), &relay.registered[0].hash), (32, &hash), "another hash is a name");
}

#[test]
fn a_document_is_run_by_those_it_names_else_by_those_who_run_no_others_else_by_everyone() {
    let manifest = "{\"a\": \"{a}\", \"b\": {\"query\": \"{b}\", \"audiences\": [\"service\"]}}";
    let whose = |table: &str| {
        let documents = documents(table, manifest);
        let audiences = documents.registered.iter().map(|document| {
            let by = documents.audiences(document, 2);
            assert!(by.iter().all(|audience| documents.may_run(document, Some(*audience))));
            assert!(documents.may_run(document, None));
            by.len()
        });
        audiences.collect::<Vec<_>>()
    };
    assert_eq!(whose(MANIFEST), [2, 1]);
    assert_eq!(whose("manifest = \"documents.json\"\ntrusted_only = [\"storefront\"]"), [1, 1]);
}
