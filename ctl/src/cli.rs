//! The command tree: the nouns and the flags every command takes.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

use crate::{
    commands::{
        allow::AllowCommand,
        audit::AuditCommand,
        bundle::BundleArgs,
        care::{BackupArgs, RestoreArgs},
        connect::ConnectArgs,
        connections::ConnectionsCommand,
        ending::{DrainArgs, ShutdownArgs},
        import_env::ImportEnvArgs,
        keys::KeysCommand,
        logs::LogsArgs,
        memory::MemoryCommand,
        projects::ProjectsCommand,
        sessions::SessionsCommand,
        shell::{CompletionsArgs, ManArgs},
        tools::ToolsCommand,
        top::TopArgs,
    },
    output::Format,
    paint::{self, When},
    text,
};

/// Manages mcpd, the MCP daemon that a machine or a team shares.
#[derive(Parser)]
#[command(
    name = "mcpctl",
    version,
    styles = paint::styles(),
    // A fixed width: clap would look at COLUMNS, and nothing here reads unprefixed variables.
    term_width = 100,
    after_help = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 daemon not reachable, 4 not permitted.

Example:
  mcpctl keys add laptop
  mcpctl connect claude-code"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags every command takes.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The daemon's control socket; also MCPD_SOCKET
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// State directory of the daemon to talk to; also MCPD_STATE_DIR
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Prints the daemon's reply as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colours: auto (at a terminal), always, never; also NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(crate) color: When,
    /// How long the daemon may take to answer
    #[arg(long, global = true, value_name = "TIME", default_value = "10s", value_parser = text::positive_duration)]
    pub(crate) timeout: Duration,
}

impl Global {
    /// Returns how replies are to be shown.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }

    /// Returns the flags of a line that has none.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        let timeout = Duration::from_secs(5);
        Self { socket: None, state_dir: None, json: false, color: When::Auto, timeout }
    }
}

/// What can be asked.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows what the daemon is, where it listens and how it fares
    #[command(after_help = "Example:\n  mcpctl status")]
    Status,
    /// Shows requests, durations and refusals since the daemon started
    #[command(after_help = "Example:\n  mcpctl stats --json")]
    Stats,
    /// Opens the dashboard
    Top(TopArgs),
    /// Prints the daemon's log, and what is written from now on
    Logs(LogsArgs),
    /// Examines the daemon and says what to do; exits 1 when there is a problem
    #[command(after_help = "What can be seen without the daemon is shown even when it is away (exit 3).

Example:\n  mcpctl doctor && echo sound")]
    Doctor,
    /// Manages API keys
    #[command(subcommand, after_help = "Example:\n  mcpctl keys add laptop --expires 90d")]
    Keys(KeysCommand),
    /// Manages the networks that may connect
    #[command(subcommand, after_help = "Example:\n  mcpctl allow add 192.168.3.0/24")]
    Allow(AllowCommand),
    /// Shows and closes open connections; alone it lists them
    #[command(after_help = "Example:\n  mcpctl connections\n  mcpctl connections close 17")]
    Connections {
        #[command(subcommand)]
        command: Option<ConnectionsCommand>,
    },
    /// Shows and ends sessions; alone it lists them
    #[command(after_help = "Example:\n  mcpctl sessions\n  mcpctl sessions close 4f1c09a2b77d")]
    Sessions {
        #[command(subcommand)]
        command: Option<SessionsCommand>,
    },
    /// Shows, switches and calls tools; alone it lists them
    #[command(after_help = "Example:\n  mcpctl tools\n  mcpctl tools show create_todo")]
    Tools {
        #[command(subcommand)]
        command: Option<ToolsCommand>,
    },
    /// Looks after what projects remember, and the model that finds it by meaning
    #[command(
        subcommand,
        after_help = "Example:\n  mcpctl memory list --project demo\n  mcpctl memory model"
    )]
    Memory(MemoryCommand),
    /// Looks after the code graphs of projects, and pushes trees to a daemon elsewhere
    #[command(
        subcommand,
        after_help = "Example:\n  mcpctl projects analyze demo ~/src/demo\n  mcpctl projects list"
    )]
    Projects(ProjectsCommand),
    /// Shows who did what, and whether the record of it is what was written
    #[command(subcommand, after_help = "Example:\n  mcpctl audit tail -f\n  mcpctl audit verify")]
    Audit(AuditCommand),
    /// Shows how a client is connected to the daemon, or connects it
    Connect(ConnectArgs),
    /// Takes keys, allowlist, limits and address from an older deployment's .env
    ImportEnv(ImportEnvArgs),
    /// Gathers what a maintainer needs to see, without secrets, in one file to read and send
    Bundle(BundleArgs),
    /// Saves all the daemon keeps, keys included, while it serves
    Backup(BackupArgs),
    /// Puts a backup in place and starts the daemon again
    Restore(RestoreArgs),
    /// Loads the configuration again; a bad one changes nothing
    #[command(after_help = "Example:\n  mcpd check ~/.config/mcpd/mcpd.toml && mcpctl reload")]
    Reload,
    /// Refuses new work, lets running calls finish, then ends the daemon
    Drain(DrainArgs),
    /// Ends the daemon, after running calls or at once
    Shutdown(ShutdownArgs),
    /// Prints the completion script of a shell
    Completions(CompletionsArgs),
    /// Prints a manual page
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Collects the words that lead to a command and to all below it.
    fn paths(command: &clap::Command, path: &[String], all: &mut Vec<Vec<String>>) {
        let path: Vec<_> = path.iter().cloned().chain([command.get_name().to_owned()]).collect();
        for below in command.get_subcommands() {
            paths(below, &path, all);
        }
        all.push(path);
    }

    #[test]
    fn help_of_every_command() {
        let mut all = Vec::new();
        paths(&Cli::command(), &[], &mut all);
        for path in all {
            let name = path.join("-");
            let asked = path.into_iter().chain(["--help".to_owned()]);
            let help = Cli::try_parse_from(asked).err().unwrap().render().to_string();
            assert!(help.contains("Example:\n  mcp"), "{name}: no example");
            let wide = help.lines().find(|line| line.chars().count() > 100);
            assert_eq!(wide, None, "{name}: a line is wider than 100");
            insta::assert_snapshot!(name, help);
        }
    }

    #[test]
    fn global_flags_stand_anywhere() {
        let cli = Cli::try_parse_from(["mcpctl", "tools", "list", "--json", "--timeout", "1m 30s"]).unwrap();
        assert_eq!(cli.global.format(), Format::Json);
        assert_eq!(cli.global.timeout, Duration::from_secs(90));
        assert!(Cli::try_parse_from(["mcpctl", "status", "--timeout", "0s"]).is_err());
    }
}
