//! Asking: questions become rows. The only file of this kind that awaits an answer.
//!
//! In: questions of one entity set. Out: for each its rows, or why there are none. Several questions are one batch where
//! the server takes batches, else they are asked side by side; links to further pages are followed as they are.

use std::{collections::HashSet, time::Instant};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::{
    batch,
    decode::{Answered, Body, LooseEnd, Refusal},
    encode::Question,
};
use crate::{
    contract::{OdataServer, OdataVersion},
    fetch::{FetchError, FetchErrorKind},
    source::{
        http::{Call, CallMethod, HttpClient},
        system_name::SystemName,
    },
};

/// How many pages of one question are followed: a thousand pages of a hundred rows. Beyond that a link leads in circles,
/// or the question is not one for a read layer.
const PAGES_MAX: usize = 1_000;

/// How many lists inside rows are followed for one page: each is a call, so a page of more is asked for too much at once.
const LOOSE_ENDS_MAX: usize = 200;

/// Where servers stop that do not say so. A page of just so many rows is followed even where the binding does not say how
/// many a page has: it costs a call, and to believe it could cost rows.
const USUAL_PAGE_ROWS: [usize; 14] = [20, 25, 30, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000];

/// Asks one OData system.
pub struct Asker {
    pub name: SystemName,
    pub client: HttpClient,
    pub version: OdataVersion,
    /// How many calls run side by side.
    pub calls_max: usize,
    /// Whether the system file says itself which answers it accepts.
    pub accepts: bool,
    /// Whether the system file has preferences of its own.
    pub prefers: bool,
}

/// Why a question has no rows.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The error.
    pub error: FetchError,
    /// Whether a key in the question may be what the server fails at.
    pub may_be_a_key: bool,
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self { error, may_be_a_key: false }
    }
}

/// Whether a page may have been cut off.
fn page_is_full(server: OdataServer, n_rows: usize) -> bool {
    let stated = server.page_rows.map(|rows| rows as usize);
    stated.is_some_and(|rows| n_rows >= rows) || USUAL_PAGE_ROWS.contains(&n_rows)
}

impl Asker {
    /// Asks several questions and returns the first page of each.
    pub async fn ask(
        &self,
        questions: &[Question],
        server: OdataServer,
        deadline: Instant,
    ) -> Vec<Result<Body, Failure>> {
        if questions.len() > 1 && server.batch == Some(true) {
            let batches: Vec<_> =
                questions.chunks(batch::QUESTIONS_MAX).map(|some| self.ask_batch(some, server, deadline)).collect();
            let answered: Vec<_> = stream::iter(batches).buffered(self.calls_max).collect().await;
            return answered.into_iter().flatten().collect();
        }
        let calls: Vec<_> =
            questions.iter().map(|question| self.ask_one(self.call(question, server), deadline)).collect();
        stream::iter(calls).buffered(self.calls_max).collect().await
    }

    async fn ask_one(&self, call: Call, deadline: Instant) -> Result<Body, Failure> {
        let answer = self.client.answer(&call, deadline).await?;
        let answered = Answered::new(answer.status, answer.retry_after, &answer.body);
        answered.body().map_err(|refusal| self.failure(refusal))
    }

    async fn ask_batch(
        &self,
        questions: &[Question],
        server: OdataServer,
        deadline: Instant,
    ) -> Vec<Result<Body, Failure>> {
        match self.batch(questions, server, deadline).await {
            Err(failure) => questions.iter().map(|_| Err(failure.clone())).collect(),
            Ok(answers) => (answers.into_iter())
                .map(|answered| match answered {
                    Some(answered) => answered.body().map_err(|refusal| self.failure(refusal)),
                    None => Err(Failure {
                        error: self
                            .name
                            .error(FetchErrorKind::ContractViolation, "the batch has no answer to a question"),
                        // Servers that stop at the first failure leave the questions behind it unanswered.
                        may_be_a_key: true,
                    }),
                })
                .collect(),
        }
    }

    async fn batch(
        &self,
        questions: &[Question],
        server: OdataServer,
        deadline: Instant,
    ) -> Result<Vec<Option<Answered>>, Failure> {
        let paths: Vec<&str> = questions.iter().map(|question| question.path.as_str()).collect();
        let service = questions.first().map(|question| question.service.as_str()).unwrap_or_default();
        let of_call = match self.version {
            OdataVersion::V2 => vec![("Accept".to_owned(), "multipart/mixed".to_owned())],
            // One question that fails must not end the batch.
            OdataVersion::V4 => vec![
                ("Accept".to_owned(), "application/json".to_owned()),
                ("Prefer".to_owned(), "odata.continue-on-error".to_owned()),
            ],
        };
        let call = Call {
            method: CallMethod::Post,
            target: format!("{service}/$batch"),
            headers: of_call,
            body: Some(batch::written(self.version, &paths, &self.headers(server))),
        };
        let answer = self.client.answer(&call, deadline).await?;
        if !(200..=299).contains(&answer.status) {
            let answered = Answered::new(answer.status, answer.retry_after, &answer.body);
            let refusal = answered.body().err().map(|refusal| Refusal { status: 0, ..refusal });
            let refused = self.name.error(FetchErrorKind::BadRequest, format!("HTTP {}: no batch", answer.status));
            return Err(refusal.map_or(refused.into(), |refusal| self.failure(refusal)));
        }
        let answers = batch::read(questions.len(), answer.media_type.as_deref(), &answer.body);
        let answers = answers.map_err(|detail| self.name.error(FetchErrorKind::ContractViolation, detail))?;
        self.client.heed(answers.iter().flatten().filter_map(|answered| answered.retry_after));
        Ok(answers)
    }

    /// Makes the call of a question.
    pub fn call(&self, question: &Question, server: OdataServer) -> Call {
        Call { headers: self.headers(server), ..Call::get(question.target()) }
    }

    fn headers(&self, server: OdataServer) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let mut push = |name: &str, value: String| headers.push((name.to_owned(), value));
        match self.version {
            OdataVersion::V2 => {
                push("DataServiceVersion", "2.0".to_owned());
                push("MaxDataServiceVersion", "2.0".to_owned());
            }
            OdataVersion::V4 => push("OData-MaxVersion", "4.01".to_owned()),
        }
        if !self.accepts {
            let exact = self.version == OdataVersion::V4 && server.ieee754_compatible == Some(true);
            push("Accept", format!("application/json{}", if exact { ";IEEE754Compatible=true" } else { "" }));
        }
        if let Some(rows) = server.page_rows.filter(|_| self.version == OdataVersion::V4 && !self.prefers) {
            push("Prefer", format!("odata.maxpagesize={rows}"));
        }
        headers
    }

    fn failure(&self, refusal: Refusal) -> Failure {
        let may_be_a_key = refusal.may_be_a_key();
        let error = self.name.error(refusal.kind, refusal.detail).with_retry_after(refusal.retry_after);
        Failure { error, may_be_a_key }
    }

    /// Reads on from the first page of a question until there are enough rows or no further ones.
    ///
    /// *Shape*: `again` asks for the rows behind so many that are here already; `None` where the caller asks for what is
    /// missing itself. Whether the last page was full, and so may not be the last, is told beside the rows.
    pub async fn read_on(
        &self,
        question: &Question,
        first: Body,
        enough: usize,
        server: OdataServer,
        deadline: Instant,
        again: Option<&(dyn Fn(usize) -> Question + Sync)>,
    ) -> Result<(Vec<Value>, bool), FetchError> {
        let mut call = self.call(question, server);
        let mut visited = HashSet::from([call.target.clone()]);
        let mut body = self.tied(&call, first, deadline).await?;
        let mut rows = std::mem::take(&mut body.rows);
        let mut n_page = rows.len();
        loop {
            if rows.len() >= enough {
                return Ok((rows, false));
            }
            call = match (&body.next, again) {
                (Some(link), _) => self.linked(&call, &body, link)?,
                (None, Some(again)) if page_is_full(server, n_page) => self.call(&again(rows.len()), server),
                (None, _) => return Ok((rows, page_is_full(server, n_page))),
            };
            let is_link = body.next.is_some();
            if visited.len() >= PAGES_MAX || !visited.insert(call.target.clone()) {
                let detail = "the links to further pages lead in circles, or there are too many";
                return Err(self.name.error(FetchErrorKind::ContractViolation, detail));
            }
            let next = self.ask_one(call.clone(), deadline).await.map_err(|failure| failure.error)?;
            body = self.tied(&call, next, deadline).await?;
            let page = std::mem::take(&mut body.rows);
            n_page = page.len();
            if !is_link && page.first().is_some_and(|row| rows.contains(row)) {
                let detail = "the server answers with a full page, no link to the next, and the same rows when asked to skip them";
                return Err(self.name.error(FetchErrorKind::ContractViolation, detail));
            }
            if page.is_empty() && body.next.is_none() {
                return Ok((rows, false));
            }
            rows.extend(page);
        }
    }

    /// Follows a link: absolute, or relative to what the answer says it is relative to, or to the question.
    fn linked(&self, call: &Call, body: &Body, link: &str) -> Result<Call, FetchError> {
        let is_relative = !link.contains("://") && !link.starts_with(['/', '?']);
        // Behind a proxy the context may name a host that cannot be reached; the question's own then has to do.
        let context =
            body.context.as_ref().filter(|_| is_relative).and_then(|context| self.client.follow(call, context).ok());
        self.client.follow(context.as_ref().unwrap_or(call), link)
    }

    /// Fetches the rest of lists inside rows.
    async fn tied(&self, call: &Call, mut body: Body, deadline: Instant) -> Result<Body, FetchError> {
        let ends = std::mem::take(&mut body.loose_ends);
        if ends.is_empty() {
            return Ok(body);
        }
        if ends.len() > LOOSE_ENDS_MAX {
            let detail = format!("{} lists inside rows go on elsewhere, of at most {LOOSE_ENDS_MAX}", ends.len());
            return Err(self.name.error(FetchErrorKind::ContractViolation, detail));
        }
        let rest: Vec<_> = ends.iter().map(|end| self.rest(call, &body, end, deadline)).collect();
        let rest: Vec<_> = stream::iter(rest).buffered(self.calls_max).collect().await;
        for (end, rest) in ends.iter().zip(rest) {
            let place = body.rows.get_mut(end.row).and_then(|row| row.pointer_mut(&end.at));
            if let Some(Value::Array(items)) = place {
                items.extend(rest?);
            }
        }
        Ok(body)
    }

    /// Reads the rest of one list, page by page.
    async fn rest(
        &self,
        call: &Call,
        body: &Body,
        end: &LooseEnd,
        deadline: Instant,
    ) -> Result<Vec<Value>, FetchError> {
        let mut call = self.linked(call, body, &end.link)?;
        let mut visited = HashSet::from([call.target.clone()]);
        let mut items = Vec::new();
        loop {
            let page = self.ask_one(call.clone(), deadline).await.map_err(|failure| failure.error)?;
            items.extend(page.rows.iter().cloned());
            let Some(link) = &page.next else { return Ok(items) };
            call = self.linked(&call, &page, link)?;
            if visited.len() >= PAGES_MAX || !visited.insert(call.target.clone()) {
                let detail = "the links to the rest of a list lead in circles, or there are too many";
                return Err(self.name.error(FetchErrorKind::ContractViolation, detail));
            }
        }
    }
}
