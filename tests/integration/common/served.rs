//! The program as it is run: `freehold serve` on a contract folder over a SQLite file, and what it logs.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

/// What does not happen within so long never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// A contract of one type, whose rows have a name and a title.
pub const CONTRACT: &[(&str, &str)] = &[
    (
        "product.graphql",
        "type Product @key(fields: \"sku\") @owner(system: \"erp\") @domain(name: \"product\") { sku: String! name: String }
type Query { product(sku: String!): Product @ref(key: \"sku: $sku\") }\n",
    ),
    ("systems/erp.toml", "kind = \"sqlite\"\nurl = \"${ERP_FILE}\"\n[Product]\nquery = \"select sku, name from item where sku in (:keys)\"\n"),
    ("freehold.toml", "systems = [\"systems/erp.toml\"]\naudiences = [\"storefront\", \"service\"]\n[freshness.product]\nmax_age = \"1h\"\n"),
];

const ROWS: &str =
    "create table item (sku text, name text, title text); insert into item values ('A-1', 'Pump', 'Title');";

/// A contract's folder with the file of its system beside it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// Writes the contract, and further files.
    pub async fn new(further: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteConnectOptions::new().filename(folder.path().join("erp.db")).create_if_missing(true);
        let mut connection = options.connect().await.expect("a database");
        sqlx::raw_sql(ROWS).execute(&mut connection).await.expect("the rows");
        connection.close().await.expect("written");
        let place = Self { folder };
        CONTRACT.iter().chain(further).for_each(|(path, text)| place.write(path, text));
        place
    }

    /// Where the contract stands.
    pub fn contract(&self) -> std::path::PathBuf {
        self.folder.path().join("contract")
    }

    /// Writes a file of the contract.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.contract().join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Writes a file of the contract with a text replaced, which must be there.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.contract().join(path)).expect("the file");
        assert!(text.contains(from), "{path} does not contain {from:?}");
        self.write(path, &text.replace(from, to));
    }

    /// The variable that names the system's file.
    pub fn env(&self) -> (&'static str, String) {
        ("ERP_FILE", self.folder.path().join("erp.db").display().to_string())
    }
}

/// A running program, which ends with the test.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<Value>>>,
}

impl Served {
    /// Starts it with further arguments.
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        Self::start_in(place, arguments, &[])
    }

    /// Starts it with further arguments and variables.
    pub fn start_in(place: &Place, arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_freehold"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--contract"]).arg(place.contract());
        command.args(arguments).env_clear().envs([place.env()]).envs(env.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program runs");
        let (log, of_reader) = (Arc::new(Mutex::new(Vec::new())), child.stderr.take().expect("it is piped"));
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in BufReader::new(of_reader).lines().map_while(Result::ok) {
                    let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                    log.lock().expect("nobody panicked").push(line);
                }
            }
        });
        let mut served = Self { child, address: ([127, 0, 0, 1], 0).into(), log };
        let started = served.logged("server started", 1);
        let address = started["server.address"].as_str().and_then(|address| address.parse().ok());
        served.address = address.unwrap_or_else(|| panic!("no address in {started}"));
        served
    }

    /// Waits until it has logged a message so many times, and returns the last of these lines.
    pub fn logged(&self, message: &str, n: usize) -> Value {
        let began = Instant::now();
        loop {
            let log = self.log.lock().expect("nobody panicked").clone();
            let is_it = |line: &&Value| line["message"].as_str().is_some_and(|said| said.starts_with(message));
            let lines: Vec<&Value> = log.iter().filter(is_it).collect();
            if let Some(line) = lines.get(n - 1) {
                return (*line).clone();
            }
            assert!(began.elapsed() < PATIENCE, "{message:?} was not logged {n} times: {log:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends it the signal that asks for another look.
    pub fn hang_up(&self) {
        let sent = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the process is there");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which is then what the test says.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
