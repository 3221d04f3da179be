//! Reading: one question asked over all its pages.
//!
//! In: a question, when its rows are enough, a deadline. Out: the rows and how the reading ended, or why there are none.
//! However many questions run at once, a system is called no more often at the same time than its file permits.

use std::{collections::HashSet, time::Instant};

use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    decode::{self, Judged, Row},
    encode::Question,
    pages::{self, Next, Seen},
};
use crate::{
    contract::{PageTarget, RestCall},
    fetch::{FetchError, FetchErrorKind},
    source::{
        http::{Call, HttpClient},
        system_name::SystemName,
    },
};

/// More pages than this are a server that leads in circles.
pub const PAGES_MAX: usize = 1_000;

/// So many pages without a row, one after the other, are a server that always leads on.
const EMPTY_PAGES_MAX: usize = 20;

/// Calls one system.
pub struct Caller {
    pub name: SystemName,
    pub client: HttpClient,
    permits: Semaphore,
}

/// A question to read.
pub struct Reading<'a> {
    /// How it is asked and answered.
    pub call: &'a RestCall,
    /// It.
    pub question: &'a Question,
    /// How many rows a page has.
    pub size: Option<u32>,
    /// How many rows are read at most.
    pub rows_max: usize,
    /// When the caller stops waiting.
    pub deadline: Instant,
}

/// The rows of a question.
pub struct Read {
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows there are in all, where the answer says.
    pub total: Option<u64>,
    /// How the reading ended.
    pub end: End,
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the last page.
    Whole,
    /// With the rows that were enough.
    Enough,
    /// With a full page that leads nowhere.
    Cut {
        /// Whether it is full by what the binding or the answer says, and not by our guess.
        stated: bool,
    },
}

/// Why a question has no rows.
pub enum Failure {
    /// There is no such thing.
    NotFound {
        /// Whether the binding says so.
        certain: bool,
    },
    /// Something went wrong.
    Failed {
        /// What.
        error: FetchError,
        /// Whether it may be one key's fault alone.
        splits: bool,
    },
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::Failed { error, splits: false }
    }
}

impl Caller {
    /// Makes the caller of a system that takes so many calls at once.
    pub fn new(name: SystemName, client: HttpClient, connections_max: u32) -> Self {
        Self { name, client, permits: Semaphore::new(connections_max.max(1) as usize) }
    }

    /// Makes an error that says the answer is not what the contract says.
    pub fn violation(&self, detail: impl AsRef<str>) -> FetchError {
        self.name.error(FetchErrorKind::ContractViolation, detail)
    }

    /// Reads a question page by page until it ends or `enough` says so of the rows of a page.
    pub async fn read(
        &self,
        reading: Reading<'_>,
        mut enough: impl FnMut(&[Row]) -> bool + Send,
    ) -> Result<Read, Failure> {
        let Reading { call, question, size, rows_max, deadline } = reading;
        let limit = call.paging.limit.as_ref().zip(size);
        let fixed: Vec<(&PageTarget, Value)> = limit.map(|(target, size)| (target, size.into())).into_iter().collect();
        let mut sent = question.call(&fixed);
        let mut asked = HashSet::new();
        let (mut rows, mut total, mut by_link): (Vec<Row>, Option<u64>, bool) = (Vec::new(), None, false);
        let mut n_empty = 0;
        for n_pages in 1..=PAGES_MAX {
            let address = match sent.target.contains("://") {
                true => sent.target.clone(),
                false => self.client.address(&sent.target),
            };
            if !asked.insert((address, sent.body.as_ref().map(|(_, body)| body.clone()))) {
                return Err(self.violation("a page leads back to one that was read").into());
            }
            let (document, links) = self.document(call, &sent, deadline).await?;
            let mut page = decode::rows(&call.rows, &document).map_err(|said| self.violation(said))?;
            page.iter_mut().for_each(|row| row.page = n_pages);
            let n_rows = page.len();
            total = total.or_else(|| pages::number(call.paging.total.as_ref()?, &document));
            let is_enough = enough(&page);
            rows.extend(page);
            if is_enough {
                return Ok(Read { rows, total, end: End::Enough });
            }
            if rows.len() > rows_max {
                let detail = format!("more than {rows_max} rows; let the system page, or raise `rows_max`");
                return Err(self.violation(detail).into());
            }
            n_empty = if n_rows == 0 { n_empty + 1 } else { 0 };
            if n_empty > EMPTY_PAGES_MAX {
                return Err(self.violation(format!("more than {EMPTY_PAGES_MAX} pages without a row")).into());
            }
            let seen = Seen { document: &document, links: &links, n_rows, n_read: rows.len(), n_pages, size, by_link };
            let mut page = fixed.clone();
            match pages::next(&call.paging, seen) {
                Next::End => return Ok(Read { rows, total, end: End::Whole }),
                Next::Cut { stated } => return Ok(Read { rows, total, end: End::Cut { stated } }),
                Next::Link(link) => {
                    sent = self.client.follow(&sent, &link)?;
                    by_link = true;
                    continue;
                }
                Next::Cursor(value) => page.extend(call.paging.cursor.as_ref().map(|(_, target)| (target, value))),
                Next::Counted(n) => page.extend(call.paging.counter.as_ref().map(|(_, target)| (target, n.into()))),
            }
            sent = question.call(&page);
        }
        Err(self.violation(format!("more than {PAGES_MAX} pages")).into())
    }

    /// Asks for one document; once more with another token when the system does not take the one it was asked with.
    async fn document(&self, call: &RestCall, sent: &Call, deadline: Instant) -> Result<(Value, Vec<String>), Failure> {
        let mut renewed = false;
        loop {
            // Who waits for a turn holds no permit: the others would find no place, and not learn that there is no turn.
            let turn = self.client.turn(deadline).await?;
            let permit = tokio::time::timeout_at(deadline.into(), self.permits.acquire()).await;
            let timeout = || self.name.error(FetchErrorKind::Timeout, "no call could be made in time");
            let permit = permit.map_err(|_| timeout())?.map_err(|_| timeout())?;
            let answer = self.client.exchange_in(turn, sent, deadline).await?;
            drop(permit);
            match decode::judged(call, &answer) {
                Judged::Document(document) => return Ok((document, answer.links)),
                Judged::NotFound { certain } => return Err(Failure::NotFound { certain }),
                Judged::Failed { kind: FetchErrorKind::Denied, .. }
                    if !renewed && self.client.renew(&answer, deadline).await? =>
                {
                    renewed = true;
                }
                Judged::Failed { kind, detail } => {
                    // These say that the whole system is down, whatever it is asked.
                    let is_down = matches!(answer.status, 502..=504);
                    let splits = match kind {
                        FetchErrorKind::BadRequest => true,
                        FetchErrorKind::Unavailable => !is_down && answer.status >= 500,
                        _ => false,
                    };
                    let error = self.name.error(kind, detail).with_retry_after(answer.retry_after);
                    return Err(Failure::Failed { error, splits });
                }
            }
        }
    }
}
