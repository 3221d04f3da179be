//! A server as a process of its own, so that its processor time and memory are its own.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::{resident::resident, variant::Variant};

/// The option by which the bench is told to be a server.
pub const SERVE: &str = "--serve";

/// The kernel counts processor time for programs in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A running server.
pub struct Server {
    /// Which.
    pub variant: Variant,
    /// Where it listens.
    pub address: SocketAddr,
    process: Child,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub fn start(variant: Variant, env: &[(&str, String)]) -> Self {
        let mut command = Command::new(env::current_exe().expect("a program knows itself"));
        command.args([SERVE, variant.name()]).envs(env.iter().map(|(name, value)| (*name, value)));
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the bench starts itself");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).expect("a server speaks");
        let address = line.trim().parse().unwrap_or_else(|_| panic!("{} does not start", variant.name()));
        Self { variant, address, process }
    }

    /// Returns its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Returns the processor time it has used, in user and kernel mode.
    pub fn processor_time(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("it runs");
        // The program's name stands in brackets and may hold anything; the times are the 14th and 15th field.
        let fields: Vec<&str> = text.rsplit_once(") ").expect("a name").1.split(' ').collect();
        let ticks = |at: usize| fields[at].parse::<u32>().expect("a number of ticks");
        TICK * (ticks(11) + ticks(12))
    }

    /// Returns how much memory it takes, in MiB.
    pub fn resident_mib(&self) -> f64 {
        resident(self.process.id(), "VmRSS") as f64 / 1024.0 / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
