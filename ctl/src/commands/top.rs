//! `mcpctl top`: opens the dashboard.

use std::time::Duration;

use clap::Args;
use mcpd_tui::{Settings, TuiError};

use crate::{
    daemon::{Daemon, PROGRAM},
    error::{Ended, Error, Kind},
    output::{Format, Output},
    surroundings::Terminal,
    text,
};

/// Times between two pictures that the daemon takes.
const REFRESH: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);

/// How to open it.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl top\n  mcpctl top --refresh 250ms")]
pub(crate) struct TopArgs {
    /// Time between two pictures, 100ms to 60s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = refresh)]
    refresh: Duration,
}

/// Opens the dashboard and returns when its user quits.
pub(crate) async fn run(
    args: TopArgs,
    daemon: &Daemon,
    terminal: Terminal,
    out: &mut Output,
) -> Result<Ended, Error> {
    let instead = |message| Err(Error::new(Kind::Usage, message).hint(daemon.line("stats --json")));
    if out.format == Format::Json {
        return instead("the dashboard is for people and prints no JSON");
    }
    if !(terminal.stdin && terminal.stdout) {
        return instead("the dashboard needs a terminal on stdin and stdout");
    }
    let finder = daemon.clone();
    let settings = Settings {
        socket: Box::new(move || finder.socket().map_err(|error| error.to_string())),
        program: PROGRAM.into(),
        refresh: args.refresh,
        colour: out.has_colour(),
        start_hint: daemon.start_line(),
    };
    Box::pin(mcpd_tui::run(settings)).await?;
    Ok(Ended::Done)
}

impl From<TuiError> for Error {
    fn from(error: TuiError) -> Self {
        match error {
            TuiError::Terminal(source) => {
                Self::new(Kind::Failed, "the terminal cannot be used").because(source)
            }
        }
    }
}

fn refresh(typed: &str) -> Result<Duration, String> {
    let refresh = text::duration(typed)?;
    REFRESH.contains(&refresh).then_some(refresh).ok_or_else(|| "must be between 100ms and 60s".into())
}
