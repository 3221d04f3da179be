//! A private server's process: made in a temporary folder, run as an account that is not root, gone with the process that
//! started it.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

/// Makes a folder for a server, which its account may write, and removes those of test processes that have ended: a
/// server that all tests share outlives every test and is never dropped.
pub fn folder(prefix: &str) -> PathBuf {
    static MADE: AtomicU32 = AtomicU32::new(0);
    remove_left_over(prefix);
    let name = format!("{prefix}{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    if let Some(account) = Account::of_server() {
        chown(&folder, Some(account.user), Some(account.group)).expect("root may give folders away");
    }
    folder
}

/// Returns a port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// The account a server runs as when the tests run as root, which servers refuse.
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    fn of_server() -> Option<Self> {
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
pub fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(Account { user, group }) = Account::of_server() {
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(program).current_dir("/");
    command
}

/// Spawns from a thread that lives as long as the process: the kernel ends the child with the thread that made it.
pub fn spawn_for_life(mut command: Command) -> Child {
    let (spawned, child) = mpsc::channel();
    std::thread::spawn(move || {
        spawned.send(command.spawn()).expect("the caller waits");
        loop {
            std::thread::park();
        }
    });
    child.recv().expect("the thread sends").expect("the server's program starts")
}

/// Kills a server and every process it has made, as a crash of their machine would, and waits until they are gone: what
/// outlives it for a moment answers on the connections it holds, and keeps the server from starting again.
pub fn kill(mut server: Child) {
    let children = children_of(server.id());
    server.kill().expect("the server is ours to kill");
    server.wait().expect("a killed process ends");
    for child in &children {
        // It may have followed the server by itself.
        let _ = Command::new("kill").args(["-KILL", child]).stderr(Stdio::null()).status();
    }
    while children.iter().any(|child| stat(child).is_some_and(|(state, _)| state != "Z")) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn children_of(parent: u32) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("every system lists its processes").flatten();
    let names = processes.filter_map(|process| process.file_name().into_string().ok());
    names.filter(|name| stat(name).is_some_and(|(_, of)| of == parent.to_string())).collect()
}

/// Returns the state of a process and the process that made it; `None` where there is none of this name.
fn stat(process: &str) -> Option<(String, String)> {
    let text = fs::read_to_string(Path::new("/proc").join(process).join("stat")).ok()?;
    // The program's name stands in brackets and may hold anything.
    let mut words = text.rsplit_once(") ")?.1.split(' ').map(str::to_owned);
    Some((words.next()?, words.next()?))
}

/// Finds a program.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/local/bin", "/usr/sbin"].map(PathBuf::from));
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev());
    }
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed; tests/run installs it"))
}

fn remove_left_over(prefix: &str) {
    for folder in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = folder.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(prefix)).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}
