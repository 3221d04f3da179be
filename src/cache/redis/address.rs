//! Where Redis is: a URL as the operator writes it.
//!
//! In: the URL. Out: who is connected to, or what is wrong with it in words that hold nothing of it: it carries a password.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, io::tcp::TcpSettings};

/// The address of a Redis.
#[derive(Clone)]
pub struct RedisAddress(pub(super) Reached);

/// How Redis is reached.
#[derive(Clone)]
pub(super) enum Reached {
    /// A single server, or a name behind which somebody keeps the primary.
    One(Box<ConnectionInfo>),
    /// Whatever server the sentinels say is the primary.
    BySentinel { sentinels: Vec<ConnectionInfo>, primary: String, redis: Box<RedisConnectionInfo>, tls: bool },
    /// A cluster that has these among its servers.
    Cluster(Vec<ConnectionInfo>),
}

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins with none of the known schemes.
    #[error(
        "it begins with none of redis://, rediss://, redis+sentinel://, rediss+sentinel://, redis+cluster://, rediss+cluster://"
    )]
    Scheme,
    /// A server in it cannot be understood.
    #[error(
        "write its servers as host:port, several with a comma between them, and what is special in a password as %XX"
    )]
    Server,
    /// It does not say which primary the sentinels watch.
    #[error("after the sentinels it names the primary they watch, as in redis+sentinel://host:26379/primary")]
    Primary,
    /// What should be a database's number is none.
    #[error("a database is a number, and a cluster has only one")]
    Database,
    /// It has options that are not known.
    #[error("of options it knows sentinel_user and sentinel_password, and those only for sentinels")]
    Option,
}

impl std::fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisAddress(***)")
    }
}

/// The port a sentinel listens on unless it says otherwise.
const SENTINEL_PORT: &str = "26379";

/// The port a server listens on unless it says otherwise.
const PORT: &str = "6379";

impl RedisAddress {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = url.trim().split_once("://").ok_or(AddressError::Scheme)?;
        let (kind, tls) = match scheme {
            "redis" | "rediss" => ("", scheme == "rediss"),
            _ => {
                let (scheme, kind) = scheme.split_once('+').ok_or(AddressError::Scheme)?;
                (kind, scheme == "rediss")
            }
        };
        if !scheme.starts_with("redis+") && !scheme.starts_with("rediss+") && !kind.is_empty() {
            return Err(AddressError::Scheme);
        }
        let (rest, options) = rest.split_once('?').map_or((rest, None), |(rest, options)| (rest, Some(options)));
        let (servers, path) = rest.split_once('/').unwrap_or((rest, ""));
        // A password may hold an @ that nobody has written as %40.
        let (account, hosts) = servers.rsplit_once('@').map_or(("", servers), |(account, hosts)| (account, hosts));
        let (sentinel_account, sentinels) = (options.map(sentinel_account).transpose()?, kind == "sentinel");
        if sentinel_account.is_some() && !sentinels {
            return Err(AddressError::Option);
        }
        Ok(Self(match kind {
            "" => Reached::One(Box::new(server(tls, account, hosts, PORT, database(path)?)?)),
            "cluster" if !matches!(database(path)?, None | Some(0)) => return Err(AddressError::Database),
            "cluster" => Reached::Cluster(servers_of(tls, account, hosts, PORT)?),
            "sentinel" => {
                let (primary, number) = path.split_once('/').unwrap_or((path, ""));
                if primary.is_empty() {
                    return Err(AddressError::Primary);
                }
                // Read as a server's, so that the account is decoded as everywhere.
                let redis = server(tls, account, "localhost", PORT, database(number)?)?.redis_settings().clone();
                let account = sentinel_account.unwrap_or_default();
                let sentinels = servers_of(tls, &account, hosts, SENTINEL_PORT)?;
                Reached::BySentinel { sentinels, primary: primary.to_owned(), redis: Box::new(redis), tls }
            }
            _ => return Err(AddressError::Scheme),
        }))
    }
}

fn sentinel_account(options: &str) -> Result<String, AddressError> {
    let (mut user, mut password) = ("", "");
    for option in options.split('&') {
        match option.split_once('=') {
            Some(("sentinel_user", value)) => user = value,
            Some(("sentinel_password", value)) => password = value,
            _ => return Err(AddressError::Option),
        }
    }
    Ok(format!("{user}:{password}"))
}

fn database(path: &str) -> Result<Option<i64>, AddressError> {
    match path.trim_end_matches('/') {
        "" => Ok(None),
        number => number.parse().ok().filter(|number| *number >= 0).map(Some).ok_or(AddressError::Database),
    }
}

fn servers_of(tls: bool, account: &str, hosts: &str, port: &str) -> Result<Vec<ConnectionInfo>, AddressError> {
    hosts.split(',').map(|host| server(tls, account, host.trim(), port, None)).collect()
}

fn server(
    tls: bool,
    account: &str,
    host: &str,
    port: &str,
    database: Option<i64>,
) -> Result<ConnectionInfo, AddressError> {
    // An address never has one; who writes it means several servers.
    if host.contains(',') {
        return Err(AddressError::Server);
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    let port = if has_port { String::new() } else { format!(":{port}") };
    let (scheme, at) = (if tls { "rediss" } else { "redis" }, if account.is_empty() { "" } else { "@" });
    let account = account.replace('@', "%40");
    let url = format!("{scheme}://{account}{at}{host}{port}/{}", database.unwrap_or(0));
    let info = url.into_connection_info().map_err(|_| AddressError::Server)?;
    let has_host = match info.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => !host.is_empty(),
        _ => false,
    };
    // Questions are small and awaited: the network must not wait for more of them.
    has_host.then(|| info.set_tcp_settings(TcpSettings::default().set_nodelay(true))).ok_or(AddressError::Server)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> Result<String, AddressError> {
        let server = |info: &ConnectionInfo| {
            let redis = info.redis_settings();
            format!("{} {:?} {:?} {}", info.addr(), redis.username(), redis.password(), redis.db())
        };
        let several = |infos: &[ConnectionInfo]| infos.iter().map(server).collect::<Vec<_>>().join(", ");
        RedisAddress::parse(url).map(|address| match address.0 {
            Reached::One(info) => server(&info),
            Reached::Cluster(infos) => format!("cluster of {}", several(&infos)),
            Reached::BySentinel { sentinels, primary, redis, tls } => format!(
                "{primary} {:?} {:?} {} tls={tls} by {}",
                redis.username(),
                redis.password(),
                redis.db(),
                several(&sentinels)
            ),
        })
    }

    #[test]
    fn a_url_says_who_is_connected_to() {
        for (url, expected) in [
            ("redis://cache", "cache:6379 None None 0"),
            ("redis://:p%40ss@cache:7000/2", r#"cache:7000 None Some("p@ss") 2"#),
            ("rediss://app:p@ss@cache", r#"cache:6379 Some("app") Some("p@ss") 0"#),
            ("redis://[::1]", "[::1]:6379 None None 0"),
            ("redis+cluster://a:1,b", "cluster of a:1 None None 0, b:6379 None None 0"),
            ("rediss+cluster://u:p@a:1", r#"cluster of a:1 Some("u") Some("p") 0"#),
            (
                "redis+sentinel://u:p@a:1,b/main/3?sentinel_password=s",
                r#"main Some("u") Some("p") 3 tls=false by a:1 None Some("s") 0, b:26379 None Some("s") 0"#,
            ),
        ] {
            let shown = shown(url).unwrap();
            assert_eq!(shown.replace("[::1]", "::1").replace("::1", "[::1]"), expected, "{url}");
        }
    }

    #[test]
    fn a_wrong_url_is_said_to_be_wrong_without_showing_it() {
        use AddressError::*;
        for (url, expected) in [
            ("cache:6379", Scheme),
            ("http://cache", Scheme),
            ("http+cluster://cache", Scheme),
            ("redis+ring://cache", Scheme),
            ("redis://", Server),
            ("redis://a:secret@cache:port", Server),
            ("redis://a,b", Server),
            ("redis+cluster://a,,b", Server),
            ("redis+sentinel://a:1,b:2", Primary),
            ("redis://cache/one", Database),
            ("redis+cluster://a/1", Database),
            ("redis://cache?sentinel_password=s", Option),
            ("redis+sentinel://a/main?tls=no", Option),
        ] {
            let error = shown(url).expect_err(url);
            assert_eq!(error, expected, "{url}");
            assert!(!error.to_string().contains("secret"));
        }
        assert!(!format!("{:?}", RedisAddress::parse("redis://:secret@cache").unwrap()).contains("secret"));
    }
}
