//! `mcpd`: the daemon.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcpd::cli::main()
}
