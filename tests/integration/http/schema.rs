//! A real schema behind the wire: async-graphql parses, validates and executes.

use std::time::Duration;

use async_graphql::{
    dynamic::{Field, FieldFuture, FieldValue, InputValue, Object, Schema, TypeRef},
    parser::{parse_query, types::OperationType},
};
use freehold::{
    cache::Freshness,
    changes::{Heard, Message, Unheard},
    engine::{Answer, AnswerStatus, Pace, Probe, Request},
    fetch::{FetchError, FetchErrorKind},
    http::Answering,
    plan::RefusalKind,
    value::{AudienceId, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};

/// A schema with a greeting, something long, something that panics, and two systems of which one is down.
pub struct Greeter {
    schema: Schema,
    /// Whether any system answers.
    pub any_system_answers: bool,
}

impl Greeter {
    pub fn new() -> Self {
        let text = || TypeRef::named(TypeRef::STRING);
        let greeting = Field::new("greeting", text(), |context| {
            FieldFuture::new(async move { Ok(Some(FieldValue::value(context.args.try_get("name")?.string()?))) })
        })
        .argument(InputValue::new("name", TypeRef::named_nn(TypeRef::STRING)));
        let long = Field::new("long", text(), |_| {
            FieldFuture::new(async { Ok(Some(FieldValue::value("freehold ".repeat(1000)))) })
        });
        let panicking = Field::new("panicking", text(), |_| FieldFuture::new(async { panic_now() }));
        let query = Object::new("Query").field(greeting).field(long).field(panicking);
        let schema = Schema::build("Query", None, None).register(query).finish().expect("the schema is sound");
        Self { schema, any_system_answers: true }
    }

    async fn run(&self, request: Request) -> Answer {
        // async-graphql's dynamic executor has no answer with data and an error; these two are written down.
        match request.query.as_str() {
            "{ failing }" => return failed(r#"{"failing":null}"#, AnswerStatus::Partial),
            "{ fatal }" => return failed("null", AnswerStatus::NullData),
            _ => {}
        }
        let Ok(document) = parse_query(&request.query) else {
            return refused(RefusalKind::Syntax, "syntax");
        };
        for (_, operation) in document.operations.iter() {
            if operation.node.ty == OperationType::Mutation {
                return refused(RefusalKind::NotAQuery, "a mutation");
            }
            // async-graphql coerces a variable where it is used; the specification does so beforehand.
            for variable in &operation.node.variable_definitions {
                let value = request.variables.get(variable.node.name.node.as_str());
                let is_null = value.is_none_or(serde_json::Value::is_null);
                if is_null && !variable.node.var_type.node.nullable && variable.node.default_value.is_none() {
                    return refused(RefusalKind::Variables, "a variable is null");
                }
            }
        }
        let mut question = async_graphql::Request::new(request.query)
            .variables(async_graphql::Variables::from_json(serde_json::Value::Object(request.variables)));
        if let Some(name) = request.operation_name {
            question = question.operation_name(name);
        }
        let response = self.schema.execute(question).await;
        if !response.errors.is_empty() {
            return refused(RefusalKind::Validation, "validation");
        }
        let body = serde_json::to_vec(&response).expect("a response is JSON");
        Answer { body, status: AnswerStatus::Complete, n_unknown: 0, freshness: Freshness::default(), at_ms: 0 }
    }
}

fn panic_now() -> Result<Option<FieldValue<'static>>, async_graphql::Error> {
    panic!("a fault in the server")
}

fn failed(data: &str, status: AnswerStatus) -> Answer {
    let body = format!(r#"{{"data":{data},"errors":[{{"message":"the owner is down"}}]}}"#);
    Answer { body: body.into_bytes(), status, n_unknown: 0, freshness: Freshness::default(), at_ms: 0 }
}

fn refused(kind: RefusalKind, message: &str) -> Answer {
    let body = serde_json::json!({ "errors": [{ "message": message }] });
    Answer {
        body: body.to_string().into_bytes(),
        status: AnswerStatus::Refused(kind),
        n_unknown: 0,
        freshness: Freshness::default(),
        at_ms: 0,
    }
}

impl Answering for Greeter {
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer> {
        self.run(request).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        let down = |system: &str| {
            let detail = "connection to 10.0.0.7 refused";
            Err(FetchError::new(system.into(), SystemId(0), FetchErrorKind::Unavailable, detail))
        };
        let erp = if self.any_system_answers { Ok(Duration::from_millis(3)) } else { down("erp") };
        let probes = vec![
            Probe { system: "erp".to_owned(), outcome: erp },
            Probe { system: "pim".to_owned(), outcome: down("pim") },
        ];
        async move { probes }.boxed()
    }

    fn domains(&self) -> Vec<&str> {
        vec!["inventory", "price", "price.list"]
    }

    fn pace(&self, _: Option<AudienceId>) -> Pace<'_> {
        Pace::default()
    }

    fn hears_of(&self, _: &str) -> bool {
        false
    }

    fn hear<'a>(&'a self, _: &'a str, _: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>> {
        async { Err(Unheard::NoWebhook) }.boxed()
    }

    fn contract_version(&self) -> &str {
        "c0ffee"
    }
}
