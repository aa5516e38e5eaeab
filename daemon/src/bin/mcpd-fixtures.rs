//! `mcpd` with the tools of the official conformance suite, for testing the protocol. Never shipped.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcpd::cli::main()
}
