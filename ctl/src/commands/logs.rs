//! `mcpctl logs`: the daemon's log, its last lines and those that are written.

use clap::{Args, ValueEnum};
use mcpd_ipc::{
    Watcher,
    feed::{LogBatch, LogLine, Severity, WatchLogs},
};

use crate::{
    daemon::Daemon,
    error::{Ended, Error},
    output::{Format, Output},
    page::Page,
    paint::Tone,
    text,
};

/// Which lines.
#[derive(Args)]
#[command(after_help = "With --json each line of the log is one JSON object on one line (JSON Lines).

Example:
  mcpctl logs -f --level warn
  mcpctl logs -n 1000 --target mcpd::refused --json")]
pub(crate) struct LogsArgs {
    /// Goes on with what is written, until Ctrl-C or the daemon's end
    #[arg(short, long)]
    follow: bool,
    /// Lines that were written before, counted after the filters
    #[arg(short = 'n', long, value_name = "COUNT", default_value = "50",
        value_parser = clap::value_parser!(u32).range(..=10_000))]
    lines: u32,
    /// The least severe level wanted: trace, debug, info, warn or error
    #[arg(long, hide_possible_values = true)]
    level: Option<Level>,
    /// Only lines whose target begins so, as in mcpd::refused
    #[arg(long, value_name = "PREFIX")]
    target: Option<String>,
    /// Only lines that contain this, whatever the case of its letters
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
}

/// A severity as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    // No doc comments: clap would stretch the help over two lines per flag to show them.
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Prints lines until the feed ends or somebody presses Ctrl-C.
pub(crate) async fn run(args: LogsArgs, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let LogsArgs { follow, lines, level, target, grep } = args;
    let feed = WatchLogs { lines, follow, level: level.map(Into::into), target, contains: grep };
    let watcher = daemon.watch(feed).await?;
    tokio::select! {
        // Ctrl-C is how following ends: not a failure. It is listened to before the first line is shown; what the
        // watcher has read of a frame is of no more use then.
        biased;
        _ = tokio::signal::ctrl_c() => Ok(Ended::Done),
        ended = print(watcher, follow, out) => ended,
    }
}

async fn print(mut watcher: Watcher<WatchLogs>, follow: bool, out: &mut Output) -> Result<Ended, Error> {
    let mut lines = 0;
    while let Some(batch) = watcher.next().await.map_err(Error::calling)? {
        lines += batch.lines.len();
        show(&batch, out)?;
    }
    match (follow, lines) {
        (true, _) => out.aside(&Page::of("the daemon has ended, and its log with it")),
        (false, 0) => out.note(&Page::of("the log has no such lines")),
        (false, _) => {}
    }
    Ok(Ended::Done)
}

fn show(batch: &LogBatch, out: &mut Output) -> Result<(), Error> {
    if batch.skipped > 0 {
        let lines = text::count(batch.skipped, "line");
        out.aside(&Page::of(format!("{lines} left out: the log is written faster than it is read here")));
    }
    match out.format {
        Format::Json => batch.lines.iter().try_for_each(|line| out.json_line(line)),
        Format::Text => out.page(&batch.lines.iter().fold(Page::default(), add)),
    }
}

fn add(page: Page, line: &LogLine) -> Page {
    let moment = text::moment_column(line.at);
    let (before, after) = (format!("{moment} "), format!(" {}  {}", line.target, line.text));
    match line.level {
        Severity::Trace => page.line(format!("{before}TRACE{after}")),
        Severity::Debug => page.line(format!("{before}DEBUG{after}")),
        Severity::Info => page.line(format!("{before}INFO {after}")),
        Severity::Warn => page.toned(&before, Tone::Warning, "WARN ", &after),
        Severity::Error => page.toned(&before, Tone::Bad, "ERROR", &after),
    }
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}
