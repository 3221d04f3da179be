//! A private PostgreSQL: made in a temporary folder, on a free port, gone with the process that started it.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::process::{as_server, folder, free_port, kill, program, spawn_for_life};

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
        let folder = folder("freehold-pg-");
        let made = as_server(&program("initdb"))
            .args(["--no-locale", "-E", "UTF8", "-U", USER, "--auth=trust", "--no-sync", "-D"])
            .arg(folder.join("data"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let server = Self { folder, port: free_port(), process: Mutex::new(None), n_databases: AtomicU32::new(0) };
        server.restart();
        server
    }

    /// Starts the server again, on the port and with the data it had.
    pub fn restart(&self) {
        let mut command = as_server(&program("postgres"));
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        let settings = [
            "fsync=off",
            "shared_buffers=32MB",
            "max_connections=200",
            "log_statement=all",
            "log_line_prefix=%d|%a|",
            "wal_level=logical",
        ];
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("the log is writable");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        *self.process.lock().unwrap() = Some(spawn_for_life(command));
        let begun = Instant::now();
        let ready = || {
            let port = self.port.to_string();
            let asked = Command::new(program("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            asked.expect("pg_isready runs").success()
        };
        while !ready() {
            assert!(begun.elapsed() < START_MAX, "{}", fs::read_to_string(self.log_path()).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the server as a crash would.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap().take();
        process.into_iter().for_each(kill);
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
        self.statements_logged_of("freehold", url)
    }

    /// Counts the statements of those who gave no name, as the ODBC driver does.
    #[cfg(feature = "odbc")]
    pub fn statements_logged_of_nameless(&self, url: &str) -> usize {
        self.statements_logged_of("[unknown]", url)
    }

    fn statements_logged_of(&self, application: &str, url: &str) -> usize {
        let database = url.rsplit('/').next().unwrap_or_default();
        let start = format!("{database}|{application}|LOG:  execute");
        let log = fs::read_to_string(self.log_path()).unwrap_or_default();
        log.lines().filter(|line| line.starts_with(&start) && !line.contains("format_type")).count()
    }

    /// Returns how the statements of Freehold in this database were run, where it is told to log that as JSON.
    pub fn plans_logged(&self, url: &str) -> Vec<serde_json::Value> {
        let database = url.rsplit('/').next().unwrap_or_default();
        let start = format!("{database}|freehold|LOG:  duration:");
        let log = fs::read_to_string(self.log_path()).unwrap_or_default();
        let mut plans = Vec::new();
        let mut lines = log.lines();
        while let Some(line) = lines.next() {
            if line.starts_with(&start) && line.ends_with("plan:") {
                let json = lines.by_ref().take_while(|line| *line != "\t}").collect::<Vec<_>>().join("\n");
                plans.push(serde_json::from_str(&format!("{json}}}")).expect("a plan is JSON"));
            }
        }
        plans
    }

    /// Runs a statement as the server's owner.
    fn run(&self, sql: &str) {
        let ran = Command::new(program("psql"))
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
