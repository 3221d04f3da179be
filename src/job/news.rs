//! News of the ledger's exceptions goes to a webhook over HTTP.
//!
//! The ledger says what is to be told and when; it knows no HTTP, as the sources know no ledger. Here the two meet.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use crate::{
    ledger::{Deliver, Delivery, DeliveryFailure, Route},
    source::{HttpPost, HttpPostError},
};

/// How long a receiver may take for one message; it should queue what takes longer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// How long a message is sent again; what nobody took for a day, nobody waits for.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(86_400);
/// Changes of one message: some 100 KiB.
const CHANGES_MAX: usize = 200;

struct Webhook(HttpPost);

/// Makes the route to a webhook, whose messages are signed with a secret.
pub fn route_to(url: &str, secret: String) -> Result<Route, HttpPostError> {
    let deliver = Arc::new(Webhook(HttpPost::new(url, ANSWERED_WITHIN)?));
    Ok(Route { deliver, secret, changes_max: CHANGES_MAX, given_up_after: GIVEN_UP_AFTER })
}

impl Deliver for Webhook {
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Result<(), DeliveryFailure>> {
        Box::pin(async move {
            match self.0.post_json(&delivery.headers, delivery.body).await {
                Ok(posted) if (200..300).contains(&posted.status) => Ok(()),
                Ok(posted) => {
                    Err(DeliveryFailure { detail: format!("HTTP {}", posted.status), retry_after: posted.retry_after })
                }
                Err(detail) => Err(DeliveryFailure { detail, retry_after: None }),
            }
        })
    }
}
