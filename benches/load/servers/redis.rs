//! A private Redis: on a free port, with nothing on disk, gone with the process that started it.

use std::{
    net::TcpStream,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use super::process::{as_server, free_port, kill, program, spawn_for_life};

const START_MAX: Duration = Duration::from_secs(10);

/// A running server.
pub struct Redis {
    /// Its address.
    pub url: String,
    process: Option<Child>,
}

impl Redis {
    /// Starts an empty one.
    pub fn start() -> Self {
        let port = free_port();
        let mut command = as_server(&program("redis-server"));
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Some(spawn_for_life(command));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < START_MAX, "Redis does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { url: format!("redis://127.0.0.1:{port}"), process }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.process.take().into_iter().for_each(kill);
    }
}
