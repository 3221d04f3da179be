//! The program: everything is in the library, so that tests and benches can reach it.

use std::process::ExitCode;

/// Answers of megabytes come and go: an allocator that keeps its large blocks saves the kernel from handing out the same
/// pages anew for each (a tenth of the time of an answer of 10,000 objects).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    freehold::cli::run()
}
