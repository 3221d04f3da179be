//! The connection: what is asked of Redis, whichever way it is reached.
//!
//! In: commands. Out: what Redis says, or why it does not. It never waits for a connection to come back: one that fails is
//! thrown away, and whoever keeps it opens another.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, ServerErrorKind, TlsMode, ToRedisArgs, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    cmd,
    io::tcp::TcpSettings,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};

use super::address::{Reached, RedisAddress};

/// How many names one command asks for: a server answers nothing else meanwhile.
const NAMES_PER_COMMAND: usize = 500;

/// How many commands are under way at once on one connection.
const COMMANDS_MAX: usize = 256;

/// A cluster redirects what has moved; more often than this it does not know itself where.
const REDIRECTS_MAX: u32 = 2;

/// An open connection. Cheap to clone.
#[derive(Clone)]
pub(super) enum Connection {
    /// To one server.
    One(MultiplexedConnection),
    /// To the servers of a cluster.
    Cluster(ClusterConnection),
}

/// Why Redis did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The stable code, from the closed list here.
    pub code: &'static str,
    /// What the operator needs.
    pub detail: String,
}

impl Failure {
    /// Nothing came in time.
    pub fn timeout(waited: Duration) -> Self {
        Self { code: "TIMEOUT", detail: format!("no answer within {} ms", waited.as_millis()) }
    }

    /// Something came that the question does not have as an answer.
    pub fn misunderstood(command: &str) -> Self {
        Self { code: "ANSWER", detail: format!("{command} was answered with something else than it is by Redis") }
    }

    /// Whether the connection is of no more use: it is broken, or leads to a server that cannot do what is needed.
    pub fn ends_connection(&self) -> bool {
        !matches!(self.code, "FULL" | "REFUSED" | "NOSCRIPT")
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        use ServerErrorKind as Server;
        let code = match error.kind() {
            _ if error.is_timeout() => "TIMEOUT",
            _ if error.code() == Some("OOM") => "FULL",
            ErrorKind::Server(Server::BusyLoading) => "LOADING",
            ErrorKind::Server(Server::ReadOnly) => "READONLY",
            ErrorKind::Server(Server::NoScript) => "NOSCRIPT",
            ErrorKind::Server(Server::Moved | Server::Ask | Server::TryAgain | Server::CrossSlot) => "MOVED",
            ErrorKind::Server(Server::ClusterDown | Server::MasterDown) | ErrorKind::ClusterConnectionNotFound => {
                "CLUSTER"
            }
            ErrorKind::MasterNameNotFoundBySentinel | ErrorKind::EmptySentinelList => "SENTINEL",
            ErrorKind::AuthenticationFailed | ErrorKind::Server(Server::NoPerm) => "DENIED",
            _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => "DENIED",
            ErrorKind::Server(_) | ErrorKind::Extension => "REFUSED",
            _ => "CONNECTION",
        };
        Self { code, detail: error.to_string() }
    }
}

/// What is said of one name.
pub(super) type Said = Result<Option<Vec<u8>>, Failure>;

impl Connection {
    /// Opens a connection and sees whether all of it can be read.
    pub async fn open(address: &RedisAddress, patience: Duration) -> Result<Self, Failure> {
        // Refused where the process has chosen one: then that one is meant.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let opened = match &address.0 {
            Reached::One(info) => Self::one(Client::open((**info).clone())?, patience).await?,
            Reached::BySentinel { .. } => Self::one(primary(&address.0).await?, patience).await?,
            Reached::Cluster(infos) => {
                let client = ClusterClientBuilder::new(infos.iter().cloned())
                    .retries(REDIRECTS_MAX)
                    .connection_timeout(patience)
                    .response_timeout(patience)
                    .tcp_settings(TcpSettings::default().set_nodelay(true))
                    .build()?;
                Self::Cluster(client.get_async_connection().await?)
            }
        };
        // A server that is still loading tells the time, but not how much it holds; and every server of a cluster is asked.
        opened.send(&cmd("DBSIZE")).await?;
        Ok(opened)
    }

    async fn one(client: Client, patience: Duration) -> Result<Self, Failure> {
        // Whoever asks has a time of their own.
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(patience)).set_response_timeout(None);
        Ok(Self::One(client.get_multiplexed_async_connection_with_config(&config).await?))
    }

    /// Sends one command.
    pub async fn send(&self, command: &Cmd) -> Result<Value, Failure> {
        let said = match self.clone() {
            Self::One(mut connection) => connection.req_packed_command(command).await,
            Self::Cluster(mut connection) => connection.req_packed_command(command).await,
        };
        Ok(said.and_then(Value::extract_error)?)
    }

    /// Sends many commands at once, and waits for all.
    pub async fn send_all(&self, commands: Vec<Cmd>) -> Vec<Result<Value, Failure>> {
        if let [command] = commands.as_slice() {
            return vec![self.send(command).await];
        }
        let sent = stream::iter(commands).map(|command| async move { self.send(&command).await });
        sent.buffered(COMMANDS_MAX).collect().await
    }

    /// Reads what stands under many names: in one round trip, from as many servers as hold them.
    pub async fn read(&self, names: &[String]) -> Vec<Said> {
        let bytes = |value| match value {
            Value::BulkString(bytes) => Ok(Some(bytes)),
            Value::Nil => Ok(None),
            _ => Err(Failure::misunderstood("GET")),
        };
        match self {
            Self::One(_) => {
                let commands = names.chunks(NAMES_PER_COMMAND).map(|names| command("MGET", names));
                let mut said = Vec::with_capacity(names.len());
                for (answer, asked) in
                    self.send_all(commands.collect()).await.into_iter().zip(names.chunks(NAMES_PER_COMMAND))
                {
                    match answer {
                        Ok(Value::Array(values)) if values.len() == asked.len() => {
                            said.extend(values.into_iter().map(bytes));
                        }
                        Ok(_) => said.extend(asked.iter().map(|_| Err(Failure::misunderstood("MGET")))),
                        Err(failure) => said.extend(asked.iter().map(|_| Err(failure.clone()))),
                    }
                }
                said
            }
            // Names of different slots cannot be asked for in one command; the commands travel together all the same.
            Self::Cluster(_) => {
                let commands = names.iter().map(|name| command("GET", name)).collect();
                self.send_all(commands).await.into_iter().map(|answer| answer.and_then(bytes)).collect()
            }
        }
    }

    /// Asks for the server's time, in milliseconds since 1970.
    pub async fn time_ms(&self) -> Result<i64, Failure> {
        let number = |value: &Value| match value {
            Value::BulkString(digits) => str::from_utf8(digits).ok()?.parse::<i64>().ok(),
            _ => None,
        };
        match self.send(&cmd("TIME")).await? {
            Value::Array(parts) => match parts.as_slice() {
                [seconds, micros] => number(seconds).zip(number(micros)).map(|(s, us)| s * 1_000 + us / 1_000),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| Failure::misunderstood("TIME"))
    }
}

fn command(word: &'static str, arguments: impl ToRedisArgs) -> Cmd {
    let mut command = cmd(word);
    command.arg(arguments);
    command
}

/// Asks the sentinels for the primary.
async fn primary(reached: &Reached) -> Result<Client, Failure> {
    let Reached::BySentinel { sentinels, primary, redis, tls } = reached else {
        return Err(Failure::misunderstood("SENTINEL"));
    };
    let nodelay = TcpSettings::default().set_nodelay(true);
    let addresses = sentinels.iter().map(|info| info.addr().clone());
    let mut builder = SentinelClientBuilder::new(addresses, primary, SentinelServerType::Master)?
        .set_client_to_redis_db(redis.db())
        .set_client_to_redis_tcp_settings(nodelay.clone())
        .set_client_to_sentinel_tcp_settings(nodelay);
    if *tls {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
    }
    if let Some(user) = redis.username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = redis.password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(account) = sentinels.first().map(|info| info.redis_settings()) {
        if let Some(user) = account.username() {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = account.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
    }
    Ok(builder.build()?.async_get_client().await?)
}
