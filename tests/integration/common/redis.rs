//! Private Redis servers: made in temporary folders, on free ports, gone with the process that started them.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use super::process::{as_server, folder, free_port, kill, program, spawn_for_life};

const START_MAX: Duration = Duration::from_secs(30);

/// How long a server may be silent before the others of a cluster, or sentinels, replace it.
const SILENT_MS_MAX: &str = "1000";

/// A running server or sentinel.
pub struct Server {
    folder: PathBuf,
    program: &'static str,
    arguments: Vec<String>,
    pub port: u16,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// Makes a server of its own.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Makes a server with an account of these rights.
    pub fn start_for(account: &str, password: &str, rights: &[&str]) -> Self {
        Self::start_with(&[&["--user", account, "on", &format!(">{password}")], rights].concat())
    }

    fn start_with(arguments: &[&str]) -> Self {
        let (folder, port) = (folder("freehold-redis-"), free_port());
        let mut all = words(&format!(
            "--port {port} --bind 127.0.0.1 --appendonly no --repl-diskless-sync-delay 0 --dir {}",
            folder.display()
        ));
        // An empty word is what switches snapshots off.
        all.extend(["--save".to_owned(), String::new()]);
        all.extend(arguments.iter().map(|one| (*one).to_owned()));
        let server = Self { folder, program: "redis-server", arguments: all, port, process: Mutex::new(None) };
        server.restart();
        server
    }

    fn start_sentinel(primary: u16) -> Self {
        let (folder, port) = (folder("freehold-redis-"), free_port());
        let file = folder.join("sentinel.conf");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {primary} 1\n\
             sentinel down-after-milliseconds main {SILENT_MS_MAX}\nsentinel failover-timeout main 3000\n",
            folder.display()
        );
        fs::write(&file, settings).expect("the folder is writable");
        // A sentinel keeps what it learns in its settings.
        let made = Command::new("chmod").arg("666").arg(&file).status().expect("chmod runs");
        assert!(made.success());
        let arguments = vec![file.display().to_string()];
        let sentinel = Self { folder, program: "redis-sentinel", arguments, port, process: Mutex::new(None) };
        sentinel.restart();
        sentinel
    }

    /// Starts the server again, on the port it had, with its last snapshot.
    pub fn restart(&self) {
        let mut command = as_server(&program(self.program));
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("the log is writable");
        command.args(&self.arguments).stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
        *self.process.lock().unwrap() = Some(spawn_for_life(command));
        let ready = || self.answer(&["ping"]).is_some_and(|answer| answer.trim() == "PONG");
        until("the server answers", || ready().then_some(()));
    }

    /// Kills the server as a crash would.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap().take();
        process.into_iter().for_each(kill);
    }

    /// Stops the server in the middle of whatever it does; connections stay open and nothing is answered.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.lock().unwrap().as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
    }

    /// Returns where the server is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends a command and returns the answer as `redis-cli` shows it.
    pub fn run(&self, command: &[&str]) -> String {
        self.answer(command).unwrap_or_else(|| panic!("{command:?} is not answered")).trim_end().to_owned()
    }

    /// Returns all names under which something stands, but for what processes tell one another.
    pub fn names(&self) -> Vec<String> {
        let names = self.run(&["keys", "*"]);
        names.lines().filter(|name| !name.is_empty() && !name.contains(":told:")).map(str::to_owned).collect()
    }

    fn answer(&self, command: &[&str]) -> Option<String> {
        let ran = Command::new(program("redis-cli")).args(["-p", &self.port.to_string()]).args(command).output();
        let ran = ran.expect("redis-cli runs");
        ran.status.success().then(|| String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A server that speaks TLS, too, on a port of its own.
pub struct Encrypted {
    pub port: u16,
    folder: PathBuf,
    _server: Server,
}

impl Encrypted {
    /// Makes a server with an account of these rights, and a certificate that it has signed itself.
    pub fn start_for(account: &str, password: &str, rights: &[&str]) -> Self {
        let (folder, port) = (folder("freehold-tls-"), free_port());
        let path = |name: &str| folder.join(name).display().to_string();
        let (certificate, key) = (path("certificate.pem"), path("key.pem"));
        let made = Command::new("openssl")
            .args(words("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=redis"))
            .args(words("-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE"))
            .args(["-out", &certificate, "-keyout", &key])
            .output();
        assert!(made.is_ok_and(|made| made.status.success()), "openssl makes a certificate");
        // The server may run as another account.
        assert!(Command::new("chmod").args(["644", &key]).status().is_ok_and(|status| status.success()));
        let tls = [
            ["--tls-port", &port.to_string()],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-ca-cert-file", &certificate],
            ["--tls-auth-clients", "no"],
        ];
        let user = ["--user", account, "on", &format!(">{password}")];
        let server = Server::start_with(&[&tls.concat(), user.as_slice(), rights].concat());
        Self { port, folder, _server: server }
    }

    /// Where its certificate is.
    pub fn certificate(&self) -> String {
        self.folder.join("certificate.pem").display().to_string()
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Returns the rights that the README gives an account.
pub fn rights() -> Vec<&'static str> {
    let readme = include_str!("../../../README.md");
    let at = readme.find("`~freehold:*").expect("the README says what an account needs");
    readme[at + 1..].split('`').next().unwrap_or_default().split_whitespace().collect()
}

/// A cluster of three primaries with a replica each.
pub struct Cluster {
    pub servers: Vec<Server>,
}

impl Cluster {
    pub fn start() -> Self {
        let start = || {
            let bus = free_port().to_string();
            let timeout = ["--cluster-enabled", "yes", "--cluster-node-timeout", SILENT_MS_MAX, "--cluster-port", &bus];
            Server::start_with(&timeout)
        };
        let servers: Vec<Server> = (0..6).map(|_| start()).collect();
        let addresses = servers.iter().map(|server| format!("127.0.0.1:{}", server.port));
        let mut create = Command::new(program("redis-cli"));
        create.args(["--cluster", "create"]).args(addresses).args(["--cluster-replicas", "1", "--cluster-yes"]);
        let created = create.output().expect("redis-cli runs");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
        let cluster = Self { servers };
        cluster.wait_until_whole();
        // A replica that has never followed its primary does not replace it.
        let follows = |server: &Server| {
            !server.run(&["role"]).starts_with("slave") || server.run(&["role"]).contains("connected")
        };
        until("the replicas follow", || cluster.servers.iter().all(follows).then_some(()));
        cluster
    }

    /// Waits until every server that runs knows all slots served.
    pub fn wait_until_whole(&self) {
        until("the cluster is whole", || {
            let running = self.servers.iter().filter_map(|server| server.answer(&["cluster", "info"]));
            running.map(|said| said.contains("cluster_state:ok").then_some(())).collect::<Option<Vec<()>>>()
        });
    }

    /// Returns the servers that are primaries.
    pub fn primaries(&self) -> Vec<&Server> {
        let is_primary = |server: &&Server| server.answer(&["role"]).is_some_and(|said| said.starts_with("master"));
        self.servers.iter().filter(is_primary).collect()
    }

    pub fn url(&self) -> String {
        let servers: Vec<String> = self.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("redis+cluster://{}", servers.join(","))
    }
}

/// A primary and a replica, watched by a sentinel.
pub struct Watched {
    pub primary: Server,
    pub replica: Server,
    sentinel: Server,
}

impl Watched {
    pub fn start() -> Self {
        let primary = Server::start();
        let replica = Server::start_with(&["--replicaof", "127.0.0.1", &primary.port.to_string()]);
        until("the replica follows", || replica.run(&["role"]).contains("connected").then_some(()));
        let sentinel = Server::start_sentinel(primary.port);
        let known = || sentinel.run(&["sentinel", "replicas", "main"]).contains(&replica.port.to_string());
        until("the sentinel knows the replica", || known().then_some(()));
        Self { primary, replica, sentinel }
    }

    pub fn url(&self) -> String {
        // A sentinel that is gone is passed over.
        format!("redis+sentinel://127.0.0.1:{},127.0.0.1:{}/main", free_port(), self.sentinel.port)
    }
}

fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(begun.elapsed() < START_MAX, "{what}: not within {START_MAX:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
