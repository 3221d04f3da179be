//! A private MariaDB: made in a temporary folder, on a free port, gone with the process that started it.

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
const PASSWORD: &str = "s3cr3t";
const START_MAX: Duration = Duration::from_secs(60);

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
        let folder = folder("freehold-my-");
        let made = as_server(&program("mariadb-install-db"))
            // The folder for everyone's temporary files may be one that the server's account cannot write to.
            .env("TMPDIR", &folder)
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ])
            .arg(format!("--datadir={}", folder.join("data").display()))
            .output()
            .expect("mariadb-install-db runs");
        assert!(made.status.success(), "mariadb-install-db: {}", String::from_utf8_lossy(&made.stdout));
        let server = Self { folder, port: free_port(), process: Mutex::new(None), n_databases: AtomicU32::new(0) };
        server.restart();
        server.run(&format!("create user {USER}@'%' identified by '{PASSWORD}'"));
        server
    }

    /// Starts the server again, on the port and with the data it had.
    pub fn restart(&self) {
        let mut command = as_server(&program("mariadbd"));
        command.env("TMPDIR", &self.folder);
        command.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]);
        // What is committed is with the kernel and survives a killed process.
        command.args(["--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=32M", "--max-connections=200"]);
        command.arg("--userstat=1");
        command.args([
            format!("--datadir={}", self.folder.join("data").display()),
            format!("--socket={}", self.socket().display()),
            format!("--pid-file={}", self.folder.join("pid").display()),
            format!("--port={}", self.port),
        ]);
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("the log is writable");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        *self.process.lock().unwrap() = Some(spawn_for_life(command));
        let begun = Instant::now();
        while !self.client("select 1").output().expect("mariadb runs").status.success() {
            assert!(begun.elapsed() < START_MAX, "{}", fs::read_to_string(self.log_path()).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the server as a crash would.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap().take();
        process.into_iter().for_each(kill);
    }

    /// Makes an empty database and returns its URL. Its account may do anything there and nothing elsewhere; texts are
    /// compared without case and padding, as MariaDB does by default.
    pub fn create_database(&self) -> String {
        let name = format!("t{}", self.n_databases.fetch_add(1, Ordering::Relaxed));
        self.run(&format!(
            "create database {name} character set utf8mb4 collate utf8mb4_general_ci; grant all on {name}.* to {USER}@'%'"
        ));
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{}/{name}", self.port)
    }

    /// Makes an account that may only read a database, and returns the database's URL with it.
    pub fn reader_of(&self, url: &str) -> String {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.run(&format!(
            "create user reader_{name}@'%' identified by '{PASSWORD}'; grant select on {name}.* to reader_{name}@'%'"
        ));
        url.replace(&format!("//{USER}:"), &format!("//reader_{name}:"))
    }

    /// Counts the queries that the account of a URL has run, by the server's own statistics.
    pub fn selects_run(&self, url: &str) -> u64 {
        let account = url.split([':', '/']).nth(3).unwrap_or_default();
        let counted =
            format!("select select_commands from information_schema.user_statistics where user = '{account}'");
        let shown = self.run(&counted);
        shown.lines().nth(1).map_or(0, |number| number.parse().expect("a number"))
    }

    /// Runs statements as the server's owner, and returns what they show, with a line for the columns' names.
    pub fn run(&self, sql: &str) -> String {
        let ran = self.client(sql).output().expect("mariadb runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("UTF-8")
    }

    fn client(&self, sql: &str) -> Command {
        let mut command = Command::new(program("mariadb"));
        command.arg("--no-defaults").arg("-S").arg(self.socket()).args(["-u", "root", "-e", sql]);
        command
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
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
