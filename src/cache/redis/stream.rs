//! The stream over which processes tell one another what changed.
//!
//! In: messages, written behind one another. Out: what follows a bookmark, read over a connection of its own, for a read
//! that waits holds up everything behind it. What stands there and who keeps it are read in one step at the server, so that
//! neither can change in between.

use std::time::Duration;

use redis::{Cmd, Script, Value, cmd};
use tokio::{sync::Mutex, time::timeout};

use super::{
    address::RedisAddress,
    connection::{Connection, Failure},
    message::SharedMessage,
};
use crate::{
    cache::shared::{Bookmark, Hearing},
    contract::Contract,
};

/// How many messages stand there, about: minutes of a flood, a night of a usual day, and some MB.
const MESSAGES_MAX: u32 = 10_000;

/// How many messages are read at once.
const READ_MAX: usize = 500;

/// How long a read waits for something to be told. A keeper that was replaced in silence is found out this soon.
const WAIT: Duration = Duration::from_millis(1_000);

/// How long a stream that nobody reads or writes is kept.
const KEPT_MS: u32 = 86_400_000;

/// Reads the process and the history of the server, the time, the latest message, and the messages from a bookmark on. The
/// history is another one as soon as a replica takes over, or a primary follows another. A stream that is not there is begun,
/// so that there is always a message to follow.
const LOOK: &str = "\
local server, history = redis.call('INFO', 'server'), redis.call('INFO', 'replication')
local function said(text, name) return string.match(text, name .. ':([%w]+)') or '' end
if said(history, 'role') ~= 'master' then return redis.error_reply('READONLY it is no primary') end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local id = last[1] and last[1][1] or redis.call('XADD', KEYS[1], '*', 'b', '')
redis.call('PEXPIRE', KEYS[1], KEPT_MS)
local from = ARGV[1] == '' and id or ARGV[1]
local now = redis.call('TIME')
return {said(server, 'run_id') .. said(history, 'master_replid'), now[1] * 1000 + math.floor(now[2] / 1000), id,
    redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', READ_MAX)}";

/// Under which field of an entry a message stands.
const FIELD: &[u8] = b"m";

/// The stream of one contract.
pub(super) struct Stream {
    name: String,
    address: RedisAddress,
    /// How long opening a connection, and each answer beyond what is waited for, may take.
    patience: Duration,
    look: (String, String),
    connection: Mutex<Option<Connection>>,
}

impl Stream {
    /// Makes the stream of a name, without a connection yet.
    pub fn new(name: String, address: RedisAddress, patience: Duration) -> Self {
        let code = LOOK.replace("KEPT_MS", &KEPT_MS.to_string()).replace("READ_MAX", &READ_MAX.to_string());
        let hash = Script::new(&code).get_hash().to_owned();
        Self { name, address, patience, look: (code, hash), connection: Mutex::default() }
    }

    /// Returns the command that tells a message.
    pub fn tell(&self, message: &[u8]) -> Cmd {
        let mut tell = cmd("XADD");
        tell.arg(&self.name).arg("MAXLEN").arg("~").arg(MESSAGES_MAX).arg("*").arg(FIELD).arg(message);
        tell
    }

    /// Waits until something follows a bookmark, for a while, and reads what stands there. A connection that fails is
    /// thrown away.
    pub async fn hear(&self, since: Option<&Bookmark>, contract: &Contract) -> Result<Hearing, Failure> {
        let mut connection = self.connection.lock().await;
        let open = match connection.take() {
            Some(open) => open,
            None => {
                let opened = timeout(self.patience, Connection::open(&self.address, self.patience + WAIT)).await;
                opened.unwrap_or_else(|_| Err(Failure::timeout(self.patience)))?
            }
        };
        let heard = timeout(self.patience + WAIT, self.look(&open, since, contract)).await;
        let heard = heard.unwrap_or_else(|_| Err(Failure::timeout(self.patience + WAIT)))?;
        *connection = Some(open);
        Ok(heard)
    }

    async fn look(
        &self,
        connection: &Connection,
        since: Option<&Bookmark>,
        contract: &Contract,
    ) -> Result<Hearing, Failure> {
        let id = since.map_or("", |bookmark| &bookmark.id);
        if !id.is_empty() {
            let mut wait = cmd("XREAD");
            wait.arg("COUNT").arg(1).arg("BLOCK").arg(WAIT.as_millis() as u64).arg("STREAMS").arg(&self.name).arg(id);
            connection.send(&wait).await?;
        }
        let look = |word: &str, script: &str| cmd(word).arg(script).arg(1).arg(&self.name).arg(id).to_owned();
        let (code, hash) = &self.look;
        let said = match connection.send(&look("EVALSHA", hash)).await {
            Err(failure) if failure.code == "NOSCRIPT" => connection.send(&look("EVAL", code)).await?,
            said => said?,
        };
        heard(said, id, contract).ok_or_else(|| Failure::misunderstood("EVAL"))
    }
}

/// Reads what the script says.
fn heard(said: Value, since: &str, contract: &Contract) -> Option<Hearing> {
    let Value::Array(said) = said else { return None };
    let [keeper, Value::Int(now_ms), latest, Value::Array(entries)] = said.as_slice() else { return None };
    let latest = Bookmark { keeper: text(keeper)?, id: text(latest)? };
    let message = |entry: &Value| {
        let Value::Array(parts) = entry else { return None };
        let [id, Value::Array(fields)] = parts.as_slice() else { return None };
        let told = match fields.as_slice() {
            [Value::BulkString(field), Value::BulkString(bytes)] if field == FIELD => {
                SharedMessage::read(contract, bytes).map(|message| message.0)
            }
            _ => None,
        };
        Some((text(id)?, told))
    };
    let messages = entries.iter().map(message).collect::<Option<Vec<_>>>()?;
    let first = messages.iter().map(|(id, _)| id.as_str()).find(|id| *id != since);
    let told_ms = first.and_then(|id| id.split_once('-')?.0.parse::<i64>().ok());
    let lag_ms = told_ms.map_or(0, |told_ms| now_ms.saturating_sub(told_ms).max(0));
    Some(Hearing { latest, messages, lag: Duration::from_millis(lag_ms.unsigned_abs()) })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}
