//! One file per noun, one line per command.

pub(crate) mod allow;
pub(crate) mod audit;
pub(crate) mod bundle;
pub(crate) mod care;
pub(crate) mod connect;
pub(crate) mod connections;
pub(crate) mod ending;
pub(crate) mod import_env;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod memory;
pub(crate) mod projects;
pub(crate) mod sessions;
pub(crate) mod shell;
pub(crate) mod tools;
pub(crate) mod top;

mod doctor;
mod path;
mod reload;
mod stats;
mod status;
mod waiting;

use crate::{
    cli::{Cli, Command},
    daemon::Daemon,
    error::{Ended, Error},
    output::Output,
    surroundings::Surroundings,
};

/// Runs one command to its end.
pub(crate) async fn run(cli: Cli, surroundings: &mut Surroundings, out: &mut Output) -> Result<Ended, Error> {
    let daemon = Daemon::new(&cli.global, surroundings);
    match cli.command {
        Command::Status => status::run(&daemon, out).await,
        Command::Stats => stats::run(&daemon, out).await,
        Command::Top(args) => top::run(args, &daemon, surroundings.terminal, out).await,
        Command::Logs(args) => logs::run(args, &daemon, out).await,
        Command::Doctor => doctor::run(&daemon, surroundings, out).await,
        Command::Keys(command) => keys::run(command, &daemon, surroundings, out).await,
        Command::Allow(command) => allow::run(command, &daemon, surroundings, out).await,
        Command::Connections { command } => connections::run(command, &daemon, surroundings, out).await,
        Command::Sessions { command } => sessions::run(command, &daemon, surroundings, out).await,
        Command::Tools { command } => tools::run(command, &daemon, surroundings, out).await,
        Command::Memory(command) => memory::run(command, &daemon, surroundings, out).await,
        Command::Projects(command) => projects::run(command, &daemon, surroundings, out).await,
        Command::Audit(command) => audit::run(command, &daemon, out).await,
        Command::Connect(args) => connect::run(args, &daemon, surroundings, out).await,
        Command::ImportEnv(args) => import_env::run(args, &daemon, surroundings, out).await,
        Command::Bundle(args) => bundle::run(args, &daemon, surroundings, out).await,
        Command::Backup(args) => care::backup(args, &daemon, out).await,
        Command::Restore(args) => care::restore(args, &daemon, surroundings, out).await,
        Command::Reload => reload::run(&daemon, out).await,
        Command::Drain(args) => ending::drain(args, &daemon, surroundings, out).await,
        Command::Shutdown(args) => ending::shutdown(args, &daemon, surroundings, out).await,
        Command::Completions(args) => shell::completions(args, out),
        Command::Man(args) => shell::man(args, out),
    }
}
