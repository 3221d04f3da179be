//! From a URL or a body to the question put to the engine. Pure: what comes in are bytes that have already arrived.
//!
//! A parameter that is null, or in a URL empty, counts as not given. Members and parameters of other names are ignored.

use axum::{extract::Query, http::Uri};
use serde_json::{Map, Value};

use super::{demand, error::Refusal};
use crate::engine::{DocumentName, Request};

const QUERY: &str = "query";
const OPERATION_NAME: &str = "operationName";
const VARIABLES: &str = "variables";
const EXTENSIONS: &str = "extensions";
const DOCUMENT_ID: &str = "documentId";
/// The member of `extensions` that names a document by its hash.
const PERSISTED_QUERY: &str = "persistedQuery";
/// How an identifier begins that is a hash.
const HASH_PREFIX: &str = "sha256:";
/// The member of `extensions` by which an answer is to say who answered it.
const PROVENANCE: &str = "provenance";
/// The header that asks for the same.
pub(super) const PROVENANCE_HEADER: &str = "freehold-provenance";

/// A request, and what it says of its freshness.
#[derive(Debug)]
pub(super) struct Asked {
    /// The request, which demands nothing yet.
    pub(super) request: Request,
    /// `extensions.freshness`
    pub(super) freshness: Option<Value>,
}

/// The parameters of a request, as they came.
struct Written {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Map<String, Value>,
}

impl Asked {
    fn new(written: Written, mut extensions: Map<String, Value>) -> Result<Self, Refusal> {
        let Written { query, document_id, operation_name, variables } = written;
        let by_hash = extensions.remove(PERSISTED_QUERY).filter(|value| !value.is_null()).map(persisted).transpose()?;
        let by_id = document_id.filter(|id| !id.is_empty()).map(|id| match id.strip_prefix(HASH_PREFIX) {
            Some(hash) => DocumentName::Id(hash.to_owned()),
            None => DocumentName::Id(id),
        });
        let document = by_id.or(by_hash);
        let query = match query {
            None if document.is_none() => return Err(Refusal::QueryMissing),
            query => query.unwrap_or_default(),
        };
        let mut request = Request { query, document, operation_name, variables, ..Request::default() };
        // An empty name is no name: clients send it for documents with one nameless operation.
        request.operation_name = request.operation_name.filter(|name| !name.is_empty());
        let freshness = extensions.remove(demand::EXTENSION).filter(|value| !value.is_null());
        request.names_owners = match extensions.remove(PROVENANCE) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(asked)) => asked,
            Some(other) => {
                let (name, found) = ("extensions.provenance", kind(&other));
                return Err(Refusal::ParameterType { name, expected: "a boolean", found });
            }
        };
        Ok(Self { request, freshness })
    }
}

/// Reads a request from the URL of a GET.
pub(super) fn from_uri(uri: &Uri) -> Result<Asked, Refusal> {
    // Text that is no form at all has none of the parameters.
    let parameters = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default();
    let text = |name| once(&parameters, name).map(|text| text.map(str::to_owned));
    let (query, document_id, operation_name) = (text(QUERY)?, text(DOCUMENT_ID)?, text(OPERATION_NAME)?);
    let variables = object(json(&parameters, VARIABLES)?, VARIABLES)?;
    let extensions = object(json(&parameters, EXTENSIONS)?, EXTENSIONS)?;
    Asked::new(Written { query, document_id, operation_name, variables }, extensions)
}

/// Reads a request from the JSON body of a POST.
pub(super) fn from_body(body: &[u8]) -> Result<Asked, Refusal> {
    let body = serde_json::from_slice(body).map_err(|detail| Refusal::NotJson { place: "the body", detail })?;
    let mut members = match body {
        Value::Object(members) => members,
        Value::Array(_) => return Err(Refusal::Batch),
        other => return Err(Refusal::NotAnObject { found: kind(&other) }),
    };
    let query = text(members.remove(QUERY), QUERY)?;
    let document_id = text(members.remove(DOCUMENT_ID), DOCUMENT_ID)?;
    let operation_name = text(members.remove(OPERATION_NAME), OPERATION_NAME)?;
    let variables = object(members.remove(VARIABLES), VARIABLES)?;
    let extensions = object(members.remove(EXTENSIONS), EXTENSIONS)?;
    Asked::new(Written { query, document_id, operation_name, variables }, extensions)
}

/// Reads `extensions.persistedQuery`.
fn persisted(value: Value) -> Result<DocumentName, Refusal> {
    let Value::Object(mut members) = value else {
        let (name, found) = ("extensions.persistedQuery", kind(&value));
        return Err(Refusal::ParameterType { name, expected: "an object", found });
    };
    if members.get("version").and_then(Value::as_u64) != Some(1) {
        return Err(Refusal::PersistedQueryVersion);
    }
    match members.remove("sha256Hash") {
        Some(Value::String(hash)) if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok(DocumentName::Hash(hash.to_ascii_lowercase()))
        }
        other => {
            let name = "extensions.persistedQuery.sha256Hash";
            let found = kind(&other.unwrap_or_default());
            Err(Refusal::ParameterType { name, expected: "64 hexadecimal digits", found })
        }
    }
}

/// Returns a URL's parameter. Given twice it is refused: which one was meant cannot be known.
fn once<'a>(parameters: &'a [(String, String)], name: &'static str) -> Result<Option<&'a str>, Refusal> {
    let mut values = parameters.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::ParameterRepeated { name });
    }
    Ok(value.filter(|value| !value.is_empty()))
}

fn json(parameters: &[(String, String)], name: &'static str) -> Result<Option<Value>, Refusal> {
    once(parameters, name)?
        .map(|value| serde_json::from_str(value).map_err(|detail| Refusal::NotJson { place: name, detail }))
        .transpose()
}

fn text(value: Option<Value>, name: &'static str) -> Result<Option<String>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Refusal::ParameterType { name, expected: "a string", found: kind(&other) }),
    }
}

fn object(value: Option<Value>, name: &'static str) -> Result<Map<String, Value>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members),
        Some(other) => Err(Refusal::ParameterType { name, expected: "an object", found: kind(&other) }),
    }
}

/// Names what a value is, with its article.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_a_request() {
        let uri =
            "/graphql?query=query%20Q(%24id%3A%20ID!)%7Ba%7D&operationName=Q&variables=%7B%22id%22%3A%22%C3%A4+%22%7D";
        let request = from_uri(&uri.parse().unwrap()).unwrap().request;
        assert_eq!(request.query, "query Q($id: ID!){a}");
        assert_eq!(request.operation_name.as_deref(), Some("Q"));
        assert_eq!(request.variables["id"], "ä ");
    }

    #[test]
    fn empty_parameters_of_a_url_are_not_given() {
        let uri = "/graphql?query={a}&operationName=&variables=&extensions=".parse().unwrap();
        let request = from_uri(&uri).unwrap().request;
        assert_eq!(request.operation_name, None);
        assert!(request.variables.is_empty());
    }

    #[test]
    fn a_bad_url_says_what_is_wrong() {
        for (uri, message) in [
            ("/graphql", "the parameter query is missing"),
            ("/graphql?query=", "the parameter query is missing"),
            ("/graphql?query={a}&query={b}", "the parameter query is given more than once"),
            ("/graphql?query={a}&variables=[1]", "the parameter variables must be an object, not an array"),
            ("/graphql?query={a}&extensions=1", "the parameter extensions must be an object, not a number"),
        ] {
            assert_eq!(from_uri(&uri.parse().unwrap()).unwrap_err().to_string(), message, "{uri}");
        }
        let not_json = from_uri(&"/graphql?query={a}&variables={".parse().unwrap()).unwrap_err();
        assert!(not_json.to_string().starts_with("variables is not JSON: "), "{not_json}");
    }

    #[test]
    fn a_document_may_be_called_by_its_hash_or_its_identifier_instead_of_being_sent() {
        let hash = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
        let named = |body: &str| from_body(body.as_bytes()).unwrap().request.document;
        let of_hash = format!(r#"{{"extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{hash}"}}}}}}"#);
        assert_eq!(named(&of_hash), Some(DocumentName::Hash(hash.to_owned())));
        assert_eq!(named(&format!(r#"{{"documentId":"sha256:{hash}"}}"#)), Some(DocumentName::Id(hash.to_owned())));
        assert_eq!(named(r#"{"documentId":"page:7"}"#), Some(DocumentName::Id("page:7".to_owned())));
        assert_eq!(named(r#"{"query":"{a}","documentId":null,"extensions":{"persistedQuery":null}}"#), None);
        let uri = format!("/graphql?documentId={hash}").parse().unwrap();
        assert_eq!(from_uri(&uri).unwrap().request.document, Some(DocumentName::Id(hash.to_owned())));
        for (persisted, message) in [
            (r#"1"#, "the parameter extensions.persistedQuery must be an object, not a number"),
            (r#"{"version":2}"#, "extensions.persistedQuery.version must be 1"),
            (
                r#"{"version":1,"sha256Hash":"12"}"#,
                "the parameter extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits, not a string",
            ),
        ] {
            let body = format!(r#"{{"query":"{{a}}","extensions":{{"persistedQuery":{persisted}}}}}"#);
            assert_eq!(from_body(body.as_bytes()).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn numbers_keep_every_digit() {
        let request =
            from_body(br#"{"query":"{a}","variables":{"n":12345678901234567890.0123456789}}"#).unwrap().request;
        assert_eq!(request.variables["n"].to_string(), "12345678901234567890.0123456789");
    }

    #[test]
    fn a_bad_body_says_what_is_wrong() {
        for (body, message) in [
            ("null", "the body must be a JSON object with the member query, not null"),
            ("[]", "a batch of requests in one body is not supported; send each on its own"),
            ("{}", "the parameter query is missing"),
            (r#"{"query":7}"#, "the parameter query must be a string, not a number"),
            (r#"{"query":"{a}","operationName":[]}"#, "the parameter operationName must be a string, not an array"),
        ] {
            assert_eq!(from_body(body.as_bytes()).unwrap_err().to_string(), message, "{body}");
        }
    }
}
