//! Webhooks: the whole way of a message that a system sends. Greeted, proven, known from before, read, and what it is about
//! taken back.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    hints,
    message::{Heard, Message, Recalled, Unheard},
    proof,
    repeats::Repeats,
};
use crate::{
    cache::Cache,
    contract::{Contract, Handshake, Proof, Webhook},
    telemetry::{Event, Telemetry},
    value::SystemId,
};

/// How long a message is remembered by its name: longer than systems try again.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The longest text that is said back: vendors' are some hundred characters.
const GREETING_MAX: usize = 2_048;

/// Hears the messages of a contract's systems.
pub struct Webhooks {
    contract: Arc<Contract>,
    cache: Cache,
    telemetry: Telemetry,
    /// One for each system.
    repeats: Vec<Repeats>,
}

impl Webhooks {
    /// Listens to the systems of a contract.
    pub fn new(contract: Arc<Contract>, cache: Cache, telemetry: Telemetry) -> Self {
        let remembered = contract.changes.iter().map(|changes| match changes.webhook.as_ref().map(|one| &one.proof) {
            // A message is within its window for twice as long as the window: from before the time to after it.
            Some(Proof::Signature(signature)) => signature.time.as_ref().map_or(REMEMBERED, |time| time.window * 2),
            _ => REMEMBERED,
        });
        let repeats = remembered.map(|remembered| Repeats::new(remembered.max(REMEMBERED))).collect();
        Self { contract, cache, telemetry, repeats }
    }

    /// Hears a message that is said to come from a system.
    pub async fn hear(&self, system: &str, message: &Message) -> Result<Heard, Unheard> {
        let named = self.contract.systems.iter().position(|known| known.name == system);
        let found = named.and_then(|at| Some((at, self.contract.changes.get(at)?.webhook.as_ref()?)));
        // A name that a caller made up is no label.
        let (at, webhook) = found.ok_or(Unheard::NoWebhook)?;
        let heard = self.heard(at.into(), webhook, message).await;
        let refused = |reason| self.telemetry.emit(&Event::ChangeRefused { system, reason });
        match &heard {
            Ok(Heard::Greeting(_)) => {}
            Ok(Heard::Repeated) => refused("repeated"),
            Ok(Heard::Recalled(recalled)) => {
                let (n_keys, n_types) = (recalled.n_keys, recalled.whole.len());
                self.telemetry.emit(&Event::ChangesHeard { system, source: "webhook", n_keys, n_types });
                if recalled.n_unread > 0 {
                    refused("unread");
                }
                if recalled.is_unmatched {
                    refused("unmatched");
                }
            }
            Err(unheard) => refused(unheard.word()),
        }
        heard
    }

    async fn heard(&self, system: SystemId, webhook: &Webhook, message: &Message) -> Result<Heard, Unheard> {
        if let Some(Handshake::Parameter(name)) = &webhook.handshake
            && let Some(text) = message.parameter(name)
        {
            return greeting(text);
        }
        let now_ms = self.cache.now_ms();
        let signed = proof::check(webhook, message, now_ms)?;
        if let Some(Handshake::Member(at)) = &webhook.handshake
            && let Ok(document) = serde_json::from_slice::<Value>(&message.body)
            && let Some(Value::String(text)) = at.one(&document)
        {
            return greeting(text);
        }
        let delivery = webhook.delivery.as_ref().and_then(|name| message.header(name)).map(<[u8]>::to_vec);
        let name = delivery.or(signed);
        let repeats = self.repeats.get(system.index());
        if let (Some(name), Some(repeats)) = (&name, repeats)
            && repeats.has(name, now_ms)
        {
            return Ok(Heard::Repeated);
        }
        let about = hints::read(&self.contract, system, webhook, message);
        let mut recalled = Recalled { n_unread: about.n_unread, ..Recalled::default() };
        for change in about.changes(system) {
            self.cache.recall(&change).await;
            match &change.keys {
                Some(keys) => recalled.n_keys += keys.len(),
                None => recalled.whole.push(self.contract.ty(change.entity).name.clone()),
            }
        }
        recalled.is_unmatched = recalled.n_keys == 0 && recalled.whole.is_empty();
        if let (Some(name), Some(repeats)) = (&name, repeats) {
            repeats.add(name, now_ms);
        }
        Ok(Heard::Recalled(recalled))
    }
}

fn greeting(text: &str) -> Result<Heard, Unheard> {
    if text.len() > GREETING_MAX { Err(Unheard::Handshake) } else { Ok(Heard::Greeting(text.to_owned())) }
}
