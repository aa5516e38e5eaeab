//! The program `mcpctl`: reads its surroundings, runs the library, exits with its code.

use std::process::ExitCode;

use mcpctl::{Output, Surroundings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    ExitCode::from(mcpctl::run(std::env::args_os(), Surroundings::read(), Output::standard()).await)
}
