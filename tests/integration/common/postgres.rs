//! A private PostgreSQL: made in a temporary folder, on a free port, gone with the process that started it.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

const USER: &str = "freehold";
const START_MAX: Duration = Duration::from_secs(30);

/// A running server.
pub struct Server {
    folder: PathBuf,
    port: u16,
    process: Mutex<Option<Child>>,
    n_databases: AtomicU32,
}

/// Returns the server that the tests of this process share.
pub fn shared() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

impl Server {
    /// Makes a server of its own, for tests that kill it.
    pub fn start() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        remove_left_over();
        let name = format!("freehold-pg-{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        if let Some(account) = Account::of_server() {
            chown(&folder, Some(account.user), Some(account.group)).expect("root may give folders away");
        }
        let made = as_server(&binary("initdb"))
            .args(["--no-locale", "-E", "UTF8", "-U", USER, "--auth=trust", "--no-sync", "-D"])
            .arg(folder.join("data"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let server = Self { folder, port, process: Mutex::new(None), n_databases: AtomicU32::new(0) };
        server.restart();
        server
    }

    /// Starts the server again, on the port and with the data it had.
    pub fn restart(&self) {
        let mut command = as_server(&binary("postgres"));
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        let settings =
            ["fsync=off", "shared_buffers=32MB", "max_connections=200", "log_statement=all", "log_line_prefix=%d|%a|"];
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("the log is writable");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        *self.process.lock().unwrap() = Some(spawn_for_life(command));
        let begun = Instant::now();
        let ready = || {
            let port = self.port.to_string();
            let asked = Command::new(binary("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            asked.expect("pg_isready runs").success()
        };
        while !ready() {
            assert!(begun.elapsed() < START_MAX, "{}", fs::read_to_string(self.log_path()).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the server as a crash would.
    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            process.kill().expect("the server is ours to kill");
            process.wait().expect("a killed process ends");
        }
    }

    /// Makes an empty database and returns its URL.
    pub fn create_database(&self) -> String {
        let name = format!("t{}", self.n_databases.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("create database {name}"));
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    /// Ends every connection that Freehold has to this database.
    pub fn end_connections(&self, url: &str) {
        let database = url.rsplit('/').next().unwrap_or_default();
        let sql = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'freehold' and datname = \
             '{database}'"
        );
        self.run(&sql);
    }

    /// Counts the statements that Freehold has had this database run, by the server's own log. What it asks about types
    /// is not counted.
    pub fn statements_logged(&self, url: &str) -> usize {
        let database = url.rsplit('/').next().unwrap_or_default();
        let start = format!("{database}|freehold|LOG:  execute");
        let log = fs::read_to_string(self.log_path()).unwrap_or_default();
        log.lines().filter(|line| line.starts_with(&start) && !line.contains("format_type")).count()
    }

    /// Runs a statement as the server's owner.
    fn run(&self, sql: &str) {
        let ran = Command::new(binary("psql"))
            .args([
                "-X",
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                USER,
                "-d",
                "postgres",
                "-c",
                sql,
            ])
            .output()
            .expect("psql runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
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

/// The account a server runs as when the tests run as root, which PostgreSQL refuses.
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    fn of_server() -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let own = fs::metadata("/proc/self").expect("a process knows its own account").uid();
        if own != 0 {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").expect("every system has accounts");
        let find = |name: &str| {
            let fields: Vec<&str> =
                accounts.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|f| f[0] == name)?;
            Some(Self { user: fields[2].parse().ok()?, group: fields[3].parse().ok()? })
        };
        Some(find("postgres").or_else(|| find("nobody")).expect("an account that is not root"))
    }
}

/// A command that runs as the server's account and is killed when the thread that spawned it ends.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(Account { user, group }) = Account::of_server() {
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(program).current_dir("/");
    command
}

/// Spawns from a thread that lives as long as the process: the kernel ends the child with the thread that made it.
fn spawn_for_life(mut command: Command) -> Child {
    let (spawned, child) = mpsc::channel();
    std::thread::spawn(move || {
        spawned.send(command.spawn()).expect("the caller waits");
        loop {
            std::thread::park();
        }
    });
    child.recv().expect("the thread sends").expect("the server's program starts")
}

fn binary(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/local/bin".into());
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev());
    }
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed; tests/run installs it"))
}

/// Removes the folders of test processes that have ended: the shared server outlives every test and is never dropped.
fn remove_left_over() {
    for folder in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = folder.file_name();
        let process =
            name.to_str().and_then(|name| name.strip_prefix("freehold-pg-")).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}
