//! The memory of a process, as the kernel says it.

use std::{fmt::Display, fs};

/// Returns a number of a process's memory, in bytes: `VmRSS`, or `VmHWM` for the most it ever was. `self` is a process, too.
pub fn resident(process: impl Display, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with(name)).expect("the kernel says it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
}
