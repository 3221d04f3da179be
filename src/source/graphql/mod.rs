//! GraphQL: asks shops and subgraphs with documents of theirs, over HTTP.
//!
//! Reading order: `selection` (what of a row is asked for), `encode` (the document and its variables), `decode` (rows and
//! errors, each with its place), `failure` (what an error means), `portion` (what an answer holds of a list), then the I/O:
//! `group` and `list`.

mod decode;
mod encode;
mod failure;
mod group;
mod list;
mod portion;
mod selection;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Map, json};

use self::{
    decode::{AnswerError, Answered},
    encode::Question,
    group::LearnedGroup,
    list::LearnedList,
};
use super::{
    http::{Call, HttpClient},
    learned::Learned,
    pace::Pace,
    system_name::SystemName,
};
use crate::{
    contract::{Contract, GraphQlMeaning, SystemKind},
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    value::{GroupId, ListId, SystemId},
};

/// How many calls of one fetch run side by side. A fetch takes one place of the system's bulkhead, so this multiplies it.
const CALLS_AT_ONCE: usize = 4;

/// A GraphQL system.
pub struct GraphQlSource {
    contract: Arc<Contract>,
    name: SystemName,
    endpoint: Result<Endpoint, String>,
    timeout: std::time::Duration,
    groups: Learned<GroupId, LearnedGroup>,
    lists: Learned<ListId, LearnedList>,
}

/// Where it is asked.
struct Endpoint {
    client: HttpClient,
    path: &'static str,
    meanings: BTreeMap<String, GraphQlMeaning>,
}

impl GraphQlSource {
    /// Makes the source of a system of this kind. Nothing is connected until something is asked.
    pub fn new(contract: Arc<Contract>, system: SystemId, pace: Arc<Pace>) -> Self {
        let name = SystemName::new(&contract, system);
        let described = contract.system(system);
        let endpoint = match &described.kind {
            SystemKind::GraphQl { http, path, meanings } => {
                let client = HttpClient::new(name.clone(), http.clone(), pace);
                Ok(Endpoint { client, path, meanings: meanings.clone() })
            }
            other => Err(format!("the system is of kind {}", other.word())),
        };
        let timeout = described.timeout;
        Self { contract, name, endpoint, timeout, groups: Learned::new(), lists: Learned::new() }
    }

    /// Returns how many calls have been sent so far.
    pub fn calls(&self) -> u64 {
        self.endpoint.as_ref().map_or(0, |endpoint| endpoint.client.calls())
    }

    fn endpoint(&self) -> Result<&Endpoint, FetchError> {
        self.endpoint.as_ref().map_err(|detail| self.name.error(FetchErrorKind::BadRequest, detail))
    }

    /// Asks one question.
    ///
    /// *Errors*: the system did not answer, or not in GraphQL. Errors inside an answer are part of it.
    async fn ask(&self, question: &Question, deadline: Instant) -> Result<Answered, FetchError> {
        let endpoint = self.endpoint()?;
        let body = json!({ "query": question.query, "variables": question.variables });
        let mut call = Call::post_json(endpoint.path, &body);
        let accepted = "application/graphql-response+json, application/json;q=0.9";
        call.headers.push(("accept".to_owned(), accepted.to_owned()));
        let answer = endpoint.client.answer(&call, deadline).await?;
        let answered = decode::read(answer.status, answer.retry_after, &answer.body);
        match answered.filter(|answered| answer.status < 300 || !answered.errors.is_empty()) {
            Some(answered) => {
                // Who counts costs says in the body of a 200 that it was asked too much.
                let failures = answered.errors.iter().map(|error| self.failure(error, &answered));
                endpoint.client.heed(failures.filter_map(|failure| failure.retry_after));
                Ok(answered)
            }
            None => {
                let answer = endpoint.client.accepted(answer)?;
                let said: String = String::from_utf8_lossy(&answer.body).chars().take(100).collect();
                let (kind, what) = match answer.is_not_found() {
                    true => (FetchErrorKind::BadRequest, "nobody speaks GraphQL there"),
                    false => (FetchErrorKind::ContractViolation, "the answer is not GraphQL"),
                };
                Err(self.name.error(kind, format!("{what}: HTTP {}: {said}", answer.status)))
            }
        }
    }

    /// Says what an error of an answer means.
    fn meaning(&self, error: &AnswerError, answered: &Answered) -> GraphQlMeaning {
        let own = self.endpoint.as_ref().map(|endpoint| &endpoint.meanings);
        failure::meaning(error, answered, own.unwrap_or(&BTreeMap::new()))
    }

    /// Makes a fetch error of an answer's error.
    fn failure(&self, error: &AnswerError, answered: &Answered) -> FetchError {
        failure::failure(&self.name, error, self.meaning(error, answered), answered)
    }

    fn violation(&self, detail: impl AsRef<str>) -> FetchError {
        self.name.error(FetchErrorKind::ContractViolation, detail)
    }

    fn bad_request(&self, detail: impl AsRef<str>) -> FetchError {
        self.name.error(FetchErrorKind::BadRequest, detail)
    }
}

impl Owner for GraphQlSource {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            if fetch.keys.is_empty() {
                return Vec::new();
            }
            match self.fetch_group(&fetch).await {
                Ok(outcomes) => outcomes,
                Err(error) => fetch.keys.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            if fetch.arguments.is_empty() {
                return Vec::new();
            }
            match self.fetch_pages(&fetch).await {
                Ok(pages) => pages,
                Err(error) => fetch.arguments.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async move {
            let question = Question { query: "{ __typename }".to_owned(), variables: Map::new() };
            let answered = self.ask(&question, Instant::now() + self.timeout).await?;
            answered.errors.first().map_or(Ok(()), |error| Err(self.failure(error, &answered)))
        }
        .boxed()
    }
}
