//! The command line of mcpd: a command becomes one message to the daemon, its reply a table or JSON.
//! No business logic lives here; what the commands mean is decided in `daemon/src/control`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cli;
mod commands;
mod daemon;
mod error;
mod output;
mod quote;
mod surroundings;
mod text;

use std::ffi::OsString;

use clap::Parser;

pub use crate::{output::Output, surroundings::Surroundings};

/// Runs one command line, program name first, and returns the exit code.
pub async fn run(
    args: impl IntoIterator<Item = OsString>,
    surroundings: Surroundings,
    mut out: Output,
) -> u8 {
    let cli = match cli::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(answer) => return error::exit_code(&out.parser_said(&answer)),
    };
    out.format = cli.global.format();
    let result = commands::run(cli, surroundings, &mut out).await;
    if let Err(error) = &result {
        out.complain(error);
    }
    error::exit_code(&result)
}

/// Returns the whole command tree, for whoever packages help, manuals and completions.
pub fn command() -> clap::Command {
    <cli::Cli as clap::CommandFactory>::command()
}
