//! The command line of `mcpd`: reads it, runs the daemon, and says how it ended.

mod pages;
mod verify;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, CommandFactory, Parser, Subcommand};
use mcpd_config::{Config, Origin, Overrides};
use mcpd_ipc::Place;

use crate::lifecycle::{self, Boot, Ended, LifeError};

/// The MCP daemon that a machine or a team shares.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: Start,
}

const AFTER_HELP: &str = "\
Without a command mcpd serves, as `mcpd serve` does. The first start makes a configuration, a state
directory and one key, and prints the line that connects Claude Code. Manage it with mcpctl.

Environment: MCPD_CONFIG, MCPD_STATE_DIR, MCPD_SOCKET, MCPD_LISTEN, MCPD_PROFILE, MCPD_LOG.
Flags beat the environment, which beats the configuration file, which beats the defaults.";

#[derive(Subcommand)]
enum Command {
    /// Run the daemon in the foreground
    Serve(Start),
    /// Speak MCP on standard input and output: through the running daemon, or in process
    Stdio(Start),
    /// Check a configuration file and report every mistake with its line
    Check {
        /// The file
        file: PathBuf,
    },
    /// Look whether the audit is what was written, without a daemon; exits 1 and names the first record that is not
    Verify(verify::Verify),
    /// Write completion scripts, manual pages and a service's configuration for a package
    #[command(hide = true)]
    Pages {
        /// The directory
        dir: PathBuf,
    },
}

#[derive(Args, Default)]
struct Start {
    /// Who the daemon is for: unified (no port), simple (no keys), enterprise (the default)
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Address and port to listen on [default: 127.0.0.1:8765]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Directory of database, keys, logs; its mcpd.toml is then the configuration
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// The control socket
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to log, for example info or mcpd=debug
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines look: text or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Start {
    fn boot(self) -> Result<Boot, LifeError> {
        let path = |name: &str| variable(name).map(PathBuf::from);
        let place = Place::find(self.state_dir.or_else(|| path("MCPD_STATE_DIR")))?;
        let flags = Overrides {
            profile: self.profile,
            listen: self.listen,
            log: self.log,
            log_format: self.log_format,
            socket: self.socket,
        };
        let environment = Overrides::from_env(variable);
        Ok(Boot {
            place,
            config_file: self.config.or_else(|| path("MCPD_CONFIG")),
            layers: vec![(Origin::Environment, environment), (Origin::Flags, flags)],
            runtime_dir: path("XDG_RUNTIME_DIR"),
            credentials_dir: path("CREDENTIALS_DIRECTORY"),
            on_record: lifecycle::is_on_record(
                variable("NOTIFY_SOCKET").is_some(),
                variable("JOURNAL_STREAM").as_deref(),
            ),
        })
    }
}

/// Reads a variable; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs `mcpd` with the arguments of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => serve(cli.start),
        Some(Command::Serve(start)) => serve(start),
        Some(Command::Stdio(start)) => stdio(start),
        Some(Command::Check { file }) => check(&file),
        Some(Command::Verify(what)) => verify::run(what),
        Some(Command::Pages { dir }) => pages(&dir),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "mcpd: {}", error.told());
            ExitCode::FAILURE
        }
    }
}

fn serve(start: Start) -> Result<ExitCode, LifeError> {
    let boot = start.boot()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(lifecycle::run(boot));
    // Whatever still runs was told to stop and did not; the process ends all the same.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match ended? {
        Ended::Drained | Ended::Stopped => Ok(ExitCode::SUCCESS),
        Ended::Restart => Err(start_again()),
        Ended::DeadlinePassed { calls } => {
            let _ = writeln!(
                std::io::stderr(),
                "mcpd: the drain deadline passed with {calls} calls still running"
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Becomes the program anew, with the same arguments and the same process id; returns only when that fails.
fn start_again() -> LifeError {
    let failed = |source| LifeError::StartAgain { source };
    let program = match std::env::current_exe() {
        Ok(program) => replaced(program),
        Err(error) => return failed(error),
    };
    let mut command = std::process::Command::new(program);
    failed(std::os::unix::process::CommandExt::exec(command.args(std::env::args_os().skip(1))))
}

/// Returns the program that lies where this one was started from: an upgrade may have replaced it, which Linux tells so.
fn replaced(program: PathBuf) -> PathBuf {
    let name = program.to_str().and_then(|name| name.strip_suffix(" (deleted)")).map(PathBuf::from);
    name.filter(|_| !program.exists()).unwrap_or(program)
}

fn stdio(start: Start) -> Result<ExitCode, LifeError> {
    let boot = start.boot()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(lifecycle::run_stdio(boot));
    // A thread may wait for input that never comes.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}

fn pages(dir: &Path) -> Result<ExitCode, LifeError> {
    let written = pages::write(Cli::command(), dir)?;
    writeln!(std::io::stdout(), "wrote {written} files into {}", dir.display())?;
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path) -> Result<ExitCode, LifeError> {
    match Config::check_file(file) {
        Ok(_) => {
            writeln!(std::io::stdout(), "{}: no complaints", file.display())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(complaints) => {
            writeln!(std::io::stderr(), "{complaints}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
