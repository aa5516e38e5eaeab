//! The command line of mcpd: a command becomes one message to the daemon, its reply a table or JSON.
//! No business logic lives here; what the commands mean is decided in `daemon/src/control`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod ask;
mod cli;
mod commands;
mod daemon;
mod error;
mod file;
mod fresh_file;
mod output;
mod page;
mod paint;
mod quote;
mod surroundings;
mod table;
mod text;
mod text_form;
mod usage;

use std::ffi::OsString;

use clap::Parser;

pub use crate::{
    output::Output,
    surroundings::{Surroundings, Terminal},
};

/// Runs one command line, program name first, and returns the exit code.
pub async fn run(
    args: impl IntoIterator<Item = OsString>,
    mut surroundings: Surroundings,
    mut out: Output,
) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    out.learn(surroundings.terminal, usage::colour(&args));
    let cli = match cli::Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(answer) => {
            let example = usage::example(&args, &answer);
            return error::exit_code(&out.parser_said(&answer, &example));
        }
    };
    out.format = cli.global.format();
    out.learn(surroundings.terminal, cli.global.color);
    let result = commands::run(cli, &mut surroundings, &mut out).await;
    out.progress_over();
    if let Err(error) = &result {
        out.complain(error);
    }
    error::exit_code(&result)
}

/// Returns the whole command tree, for whoever packages help, manuals and completions.
pub fn command() -> clap::Command {
    <cli::Cli as clap::CommandFactory>::command()
}
