//! The server audits of the npm package `graphql-http`, in their order and under their names, every MUST, SHOULD and MAY;
//! then what the specification says and the audits cannot provoke.

use std::ops::RangeInclusive;

use freehold::settings::HttpSettings;

use super::{
    client::{Response, send},
    schema::Greeter,
    server::Server,
};

const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

/// One request and what its response must be.
struct Audit {
    method: &'static str,
    target: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
    status: RangeInclusive<u16>,
    checks: Vec<Check>,
}

/// What else must be true of a response.
#[derive(Debug, Clone, Copy)]
enum Check {
    TypeGraphql,
    TypeJson,
    Utf8,
    NoErrors,
    NoData,
    NullData,
    Errors,
    Allow,
}
use Check::*;

fn post(content_type: Option<&'static str>, body: &'static str) -> Audit {
    let headers = content_type.map(|content_type| ("content-type", content_type)).into_iter().collect();
    Audit { method: "POST", target: "/graphql", headers, body, status: 200..=200, checks: Vec::new() }
}

fn get(target: &'static str) -> Audit {
    Audit { method: "GET", target, headers: Vec::new(), body: "", status: 200..=200, checks: Vec::new() }
}

impl Audit {
    fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    fn accept(mut self, accept: &'static str) -> Self {
        self.headers.push(("accept", accept));
        self
    }

    fn status(self, status: RangeInclusive<u16>) -> Self {
        Self { status, ..self }
    }

    fn also(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Returns what is wrong with a response.
    fn faults(&self, response: &Response) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.status.contains(&response.status) {
            faults.push(format!("status {} is not in {:?}", response.status, self.status));
        }
        faults
            .extend(self.checks.iter().filter(|check| !holds(**check, response)).map(|check| format!("not {check:?}")));
        faults
    }
}

fn holds(check: Check, response: &Response) -> bool {
    match check {
        TypeGraphql => response.header("content-type") == "application/graphql-response+json; charset=utf-8",
        TypeJson => response.header("content-type") == "application/json; charset=utf-8",
        Utf8 => std::str::from_utf8(&response.body).is_ok(),
        NoErrors => response.json().get("errors").is_none(),
        NoData => response.json().get("data").is_none(),
        NullData => response.json()["data"].is_null() && response.json().get("data").is_some(),
        Errors => response.json()["errors"][0]["message"].is_string(),
        Allow => response.header("allow") == "GET, HEAD, POST",
    }
}

async fn pass(audits: Vec<(&str, &str, Audit)>) {
    let server = Server::start(Greeter::new(), HttpSettings::default()).await;
    let mut failed = Vec::new();
    for (id, name, audit) in &audits {
        let response = send(server.address, audit.method, audit.target, &audit.headers, audit.body).await;
        for fault in audit.faults(&response) {
            failed.push(format!("{id} {name}: {fault}\n  {}", String::from_utf8_lossy(&response.body)));
        }
    }
    assert!(failed.is_empty(), "{} of {} fail\n{}", failed.len(), audits.len(), failed.join("\n"));
    server.stopped().await;
}

#[tokio::test]
async fn every_audit_of_graphql_over_http_passes() {
    pass(vec![
        ("22EB", "SHOULD accepts application/graphql-response+json and matches the content-type", post(Some(JSON), r#"{"query": "{ __typename }"}"#).accept(GRAPHQL).status(200..=200).also(TypeGraphql)),
        ("4655", "MUST accepts application/json and matches the content-type", post(Some(JSON), r#"{"query": "{ __typename }"}"#).accept(JSON).status(200..=200).also(TypeJson)),
        ("47DE", "SHOULD answers */* with application/json", post(Some(JSON), r#"{"query": "{ __typename }"}"#).accept("*/*").status(200..=200).also(TypeJson)),
        ("80D8", "SHOULD answers a missing accept with application/json", post(Some(JSON), r#"{"query": "{ __typename }"}"#).status(200..=200).also(TypeJson)),
        ("82A3", "MUST responds in utf-8", post(Some(JSON), r#"{"query": "{ __typename }"}"#).status(200..=200).also(Utf8)),
        ("BF61", "MUST accepts a utf-8 encoded request", post(Some("application/json; charset=utf-8"), r#"{"query":"{ __type(name: \"Run🏃Swim🏊\") { name } }"}"#).status(200..=200)),
        ("78D5", "MUST assumes utf-8 where the encoding is unspecified", post(Some(JSON), r#"{"query": "{ __typename }"}"#).status(200..=200)),
        ("2C94", "MUST accepts POST", post(Some(JSON), r#"{"query": "{ __typename }"}"#).status(200..=200)),
        ("5A70", "MAY accepts form-encoded GET", get("/graphql?query=%7B+__typename+%7D").status(200..=200)),
        ("9C48", "MAY refuses mutations by GET", get("/graphql?query=mutation+%7B+__typename+%7D").accept(GRAPHQL).status(400..=499)),
        ("9ABE", "SHOULD refuses a POST without content-type", post(None, r#"{"query": "{ __typename }"}"#).status(400..=499)),
        ("9ABE text", "SHOULD refuses a POST with the text/plain that fetch adds", post(Some("text/plain;charset=UTF-8"), r#"{"query": "{ __typename }"}"#).status(400..=499)),
        ("03D4", "MUST accepts application/json POST", post(Some(JSON), r#"{"query": "{ __typename }"}"#).status(200..=200)),
        ("A5BF", "MAY 400 where the body is missing", post(Some(JSON), "").status(400..=400)),
        ("423L", "MAY 400 where query is missing", post(Some(JSON), r#"{"notquery": "{ __typename }"}"#).accept(GRAPHQL).status(400..=400)),
        ("LKJ0", "MAY 400 on query {'obj': 'ect'}", post(Some(JSON), r#"{"query": {"obj": "ect"}}"#).status(400..=400)),
        ("LKJ1", "MAY 400 on query 0", post(Some(JSON), r#"{"query": 0}"#).status(400..=400)),
        ("LKJ2", "MAY 400 on query false", post(Some(JSON), r#"{"query": false}"#).status(400..=400)),
        ("LKJ3", "MAY 400 on query ['array']", post(Some(JSON), r#"{"query": ["array"]}"#).status(400..=400)),
        ("34A2", "SHOULD allows a string query (graphql-response)", post(Some(JSON), r#"{"query": "{ __typename }"}"#).accept(GRAPHQL).status(200..=200)),
        ("13EE", "MUST allows a string query (json)", post(Some(JSON), r#"{"query": "{ __typename }"}"#).accept(JSON).status(200..=200).also(NoErrors)),
        ("6C00", "MAY 400 on operationName {'obj': 'ect'}", post(Some(JSON), r#"{"operationName": {"obj": "ect"}, "query": "{ __typename }"}"#).status(400..=400)),
        ("6C01", "MAY 400 on operationName 0", post(Some(JSON), r#"{"operationName": 0, "query": "{ __typename }"}"#).status(400..=400)),
        ("6C02", "MAY 400 on operationName false", post(Some(JSON), r#"{"operationName": false, "query": "{ __typename }"}"#).status(400..=400)),
        ("6C03", "MAY 400 on operationName ['array']", post(Some(JSON), r#"{"operationName": ["array"], "query": "{ __typename }"}"#).status(400..=400)),
        ("8161", "SHOULD allows a string operationName (graphql-response)", post(Some(JSON), r#"{"operationName": "Query", "query": "query Query { __typename }"}"#).accept(GRAPHQL).status(200..=200)),
        ("B8B3", "MUST allows a string operationName (json)", post(Some(JSON), r#"{"operationName": "Query", "query": "query Query { __typename }"}"#).accept(JSON).status(200..=200).also(NoErrors)),
        ("94B0", "SHOULD allows null variables (graphql-response)", post(Some(JSON), r#"{"query": "{ __typename }", "variables": null}"#).accept(GRAPHQL).status(200..=200).also(NoErrors)),
        ("0220", "MUST allows null variables (json)", post(Some(JSON), r#"{"query": "{ __typename }", "variables": null}"#).accept(JSON).status(200..=200).also(NoErrors)),
        ("94B1", "SHOULD allows null operationName (graphql-response)", post(Some(JSON), r#"{"query": "{ __typename }", "operationName": null}"#).accept(GRAPHQL).status(200..=200).also(NoErrors)),
        ("0221", "MUST allows null operationName (json)", post(Some(JSON), r#"{"query": "{ __typename }", "operationName": null}"#).accept(JSON).status(200..=200).also(NoErrors)),
        ("94B2", "SHOULD allows null extensions (graphql-response)", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": null}"#).accept(GRAPHQL).status(200..=200).also(NoErrors)),
        ("0222", "MUST allows null extensions (json)", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": null}"#).accept(JSON).status(200..=200).also(NoErrors)),
        ("4760", "MAY 400 on variables 'string'", post(Some(JSON), r#"{"query": "{ __typename }", "variables": "string"}"#).status(400..=400)),
        ("4761", "MAY 400 on variables 0", post(Some(JSON), r#"{"query": "{ __typename }", "variables": 0}"#).status(400..=400)),
        ("4762", "MAY 400 on variables false", post(Some(JSON), r#"{"query": "{ __typename }", "variables": false}"#).status(400..=400)),
        ("4763", "MAY 400 on variables ['array']", post(Some(JSON), r#"{"query": "{ __typename }", "variables": ["array"]}"#).status(400..=400)),
        ("2EA1", "SHOULD allows a map of variables (graphql-response)", post(Some(JSON), r#"{"query": "query Type($name: String!) { __type(name: $name) { name } }", "variables": {"name": "sometype"}}"#).accept(GRAPHQL).status(200..=200)),
        ("28B9", "MUST allows a map of variables (json)", post(Some(JSON), r#"{"query": "query Type($name: String!) { __type(name: $name) { name } }", "variables": {"name": "sometype"}}"#).accept(JSON).status(200..=200).also(NoErrors)),
        ("D6D5", "MAY allows variables in a URL (graphql-response)", get("/graphql?query=query+Type%28%24name%3A+String%21%29+%7B+__type%28name%3A+%24name%29+%7B+name+%7D+%7D&variables=%7B%22name%22%3A+%22sometype%22%7D").accept(GRAPHQL).status(200..=200).also(NoErrors)),
        ("6A70", "MAY allows variables in a URL (json)", get("/graphql?query=query+Type%28%24name%3A+String%21%29+%7B+__type%28name%3A+%24name%29+%7B+name+%7D+%7D&variables=%7B%22name%22%3A+%22sometype%22%7D").accept(JSON).status(200..=200).also(NoErrors)),
        ("58B0", "MAY 400 on extensions 'string'", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": "string"}"#).status(400..=400)),
        ("58B1", "MAY 400 on extensions 0", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": 0}"#).status(400..=400)),
        ("58B2", "MAY 400 on extensions false", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": false}"#).status(400..=400)),
        ("58B3", "MAY 400 on extensions ['array']", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": ["array"]}"#).status(400..=400)),
        ("428F", "SHOULD allows a map of extensions (graphql-response)", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": {"some": "value"}}"#).accept(GRAPHQL).status(200..=200)),
        ("1B7A", "MUST allows a map of extensions (json)", post(Some(JSON), r#"{"query": "{ __typename }", "extensions": {"some": "value"}}"#).accept(JSON).status(200..=200).also(NoErrors)),
        ("B6DC", "MAY 2xx, 4xx or 5xx where the body is not JSON (json)", post(Some(JSON), r#"{ "not a JSON"#).accept(JSON).status(200..=599)),
        ("BCF8", "SHOULD 400 where the body is not JSON (json)", post(Some(JSON), r#"{ "not a JSON"#).accept(JSON).status(400..=400)),
        ("B7N8", "SHOULD 400 where the body is not JSON (graphql-response)", post(Some(JSON), r#"{ "not a JSON"#).accept(GRAPHQL).status(400..=400)),
        ("8764", "MAY 4xx or 5xx on invalid parameters", post(Some(JSON), r#"{"qeury": "{ __typename }"}"#).status(400..=599)),
        ("3E3A", "MAY 400 on invalid parameters", post(Some(JSON), r#"{"qeury": "{ __typename }"}"#).status(400..=400)),
        ("572B", "SHOULD 200 on a document that cannot be parsed (json)", post(Some(JSON), r#"{"query": "{"}"#).accept(JSON).status(200..=200)),
        ("FDE2", "SHOULD 200 on a document that is not valid (json)", post(Some(JSON), r#"{"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}"#).accept(JSON).status(200..=200)),
        ("7B9B", "SHOULD 200 on variables that cannot be coerced (json)", post(Some(JSON), r#"{"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": null}}"#).accept(JSON).status(200..=200)),
        ("865D", "SHOULD 4xx or 5xx on a document that cannot be parsed (graphql-response)", post(Some(JSON), r#"{"query": "{"}"#).accept(GRAPHQL).status(400..=599)),
        ("556A", "SHOULD 400 on a document that cannot be parsed (graphql-response)", post(Some(JSON), r#"{"query": "{"}"#).accept(GRAPHQL).status(400..=400)),
        ("D586", "SHOULD no data on a document that cannot be parsed (graphql-response)", post(Some(JSON), r#"{"query": "{"}"#).accept(GRAPHQL).status(400..=400).also(NoData)),
        ("51FE", "SHOULD 4xx or 5xx on a document that is not valid (graphql-response)", post(Some(JSON), r#"{"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}"#).accept(GRAPHQL).status(400..=599)),
        ("74FF", "SHOULD 400 on a document that is not valid (graphql-response)", post(Some(JSON), r#"{"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}"#).accept(GRAPHQL).status(400..=400)),
        ("5E5B", "SHOULD no data on a document that is not valid (graphql-response)", post(Some(JSON), r#"{"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}"#).accept(GRAPHQL).status(400..=400).also(NoData)),
        ("86EE", "SHOULD 400 on variables that cannot be coerced (graphql-response)", post(Some(JSON), r#"{"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": null}}"#).accept(GRAPHQL).status(400..=400)),    ])
    .await;
}

#[tokio::test]
async fn what_the_audits_cannot_provoke_follows_the_specification() {
    let partial = r#"{"query": "{ failing }"}"#;
    let null = r#"{"query": "{ fatal }"}"#;
    let greet = r#"{"query": "{ __typename }"}"#;
    pass(vec![
        (
            "partial",
            "200 where data is not null (graphql-response)",
            post(Some(JSON), partial).accept(GRAPHQL).also(Errors),
        ),
        ("partial", "200 where data is not null (json)", post(Some(JSON), partial).accept(JSON).also(Errors)),
        ("null", "200 where data is null (graphql-response)", post(Some(JSON), null).accept(GRAPHQL).also(NullData)),
        ("null", "200 where data is null (json)", post(Some(JSON), null).accept(JSON).also(NullData)),
        (
            "operation",
            "400 where the operation is unknown",
            post(Some(JSON), r#"{"query": "query A { __typename }", "operationName": "B"}"#)
                .accept(GRAPHQL)
                .status(400..=400),
        ),
        (
            "mutation",
            "405 with Allow on a mutation by GET, whatever is accepted",
            get("/graphql?query=mutation+{+__typename+}").accept(JSON).status(405..=405).also(Allow),
        ),
        (
            "mutation",
            "400 on a mutation by POST: Freehold reads (graphql-response)",
            post(Some(JSON), r#"{"query": "mutation { __typename }"}"#).accept(GRAPHQL).status(400..=400).also(NoData),
        ),
        (
            "method",
            "405 with Allow on PUT",
            post(Some(JSON), greet).method("PUT").status(405..=405).also(Allow).also(Errors),
        ),
        ("method", "405 with Allow on DELETE", get("/graphql").method("DELETE").status(405..=405).also(Allow)),
        ("head", "HEAD is a GET without a body", get("/graphql?query={__typename}").method("HEAD").also(TypeJson)),
        (
            "accept",
            "406 on a type that cannot be served",
            post(Some(JSON), greet).accept("image/png").status(406..=406).also(Errors),
        ),
        ("accept", "406 where everything is refused", post(Some(JSON), greet).accept("*/*;q=0").status(406..=406)),
        (
            "accept",
            "the type of the recommended header",
            post(Some(JSON), greet)
                .accept("application/graphql-response+json, application/json;q=0.9")
                .also(TypeGraphql),
        ),
        (
            "type",
            "415 on a form",
            post(Some("application/x-www-form-urlencoded"), "query={a}").status(415..=415).also(Errors),
        ),
        ("type", "415 on multipart", post(Some("multipart/form-data; boundary=x"), "--x").status(415..=415)),
        ("charset", "415 on another charset", post(Some("application/json; charset=latin1"), greet).status(415..=415)),
        ("charset", "utf-8 in quotes and capitals", post(Some("Application/JSON; Charset=\"UTF-8\""), greet)),
        (
            "utf-8",
            "400 on a batch",
            post(Some(JSON), r#"[{"query": "{ __typename }"}]"#).status(400..=400).also(Errors),
        ),
        (
            "members",
            "members of other names are ignored",
            post(Some(JSON), r#"{"query": "{ __typename }", "more": 1}"#).also(NoErrors),
        ),
        ("get", "400 where a GET has no query", get("/graphql").status(400..=400).also(Errors)),
        ("get", "400 where variables are no JSON", get("/graphql?query={__typename}&variables={").status(400..=400)),
        (
            "get",
            "empty parameters are not given",
            get("/graphql?query={__typename}&operationName=&variables=&extensions=").also(NoErrors),
        ),
        ("path", "404 elsewhere", get("/nothing").status(404..=404).also(Errors)),
    ])
    .await;
}
