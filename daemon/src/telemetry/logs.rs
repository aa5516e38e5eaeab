//! Logs: text or JSON, to standard error and to a rotated file, written by a thread of their own.

use std::{
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{RequestLog, request_log::RequestLogGuard};
use crate::secret::{OTHERS_WRITE, private_folder, refuse_open, refuse_replaceable, refuse_unsafe};
use mcpd_config::{LogFormat, Rotation, Telemetry};
use mcpd_ipc::redact::redacted;
use tracing_appender::{
    non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard},
    rolling::{Builder, Rotation as Roll},
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

/// Logs are named `mcpd.2026-07-28.log`, or `mcpd.log` where they are never rotated.
const PREFIX: &str = "mcpd";
const SUFFIX: &str = "log";
/// Bytes of lines that leave at once, at most.
const BUFFER: usize = 64 * 1024;
/// Lines, or pieces of a few KiB, that wait to be written; more are dropped. A standard error that nobody reads must not
/// fill the memory.
const WAITING: usize = 4096;

/// Where logs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Directory of the rotated files.
    pub directory: PathBuf,
    /// Whether lines also go to standard error.
    pub stderr: bool,
}

/// Keeps the writing threads alive; dropping it flushes.
pub struct LogGuard {
    // In this order: lines of requests go to the writing threads.
    _requests: RequestLogGuard,
    _workers: Vec<WorkerGuard>,
}

/// Changes the level while the daemon runs.
#[derive(Clone)]
pub struct Logs {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Logs {
    /// Starts logging for the whole process.
    ///
    /// Fails when `telemetry.log` is no filter or the directory cannot be written.
    pub fn start(
        telemetry: &Telemetry,
        settings: &LogSettings,
    ) -> Result<(Self, RequestLog, LogGuard), LogError> {
        let unwritable = |reason: String| LogError::Directory { path: settings.directory.clone(), reason };
        private_folder(&settings.directory).map_err(|error| unwritable(error.to_string()))?;
        refuse_replaceable(&settings.directory)
            .map_err(|open| unwritable(format!("the directory {open}")))?;
        // Else a link could lie where the next file is made.
        refuse_open(&settings.directory).map_err(|open| unwritable(format!("the log {open}")))?;
        refuse_laid(&settings.directory).map_err(unwritable)?;
        let (filter, handle) = reload::Layer::new(filter(&telemetry.log)?);
        let file = Builder::new()
            .rotation(match telemetry.rotation {
                Rotation::Hourly => Roll::HOURLY,
                Rotation::Daily => Roll::DAILY,
                Rotation::Never => Roll::NEVER,
            })
            .filename_prefix(PREFIX)
            .filename_suffix(SUFFIX)
            .max_log_files(telemetry.keep as usize)
            .build(&settings.directory)
            .map_err(|error| unwritable(error.to_string()))?;
        // The writing thread flushes when nothing waits any more: under load many lines leave at once.
        let (file, file_worker) = queue(file);
        let mut workers = vec![file_worker];
        let stderr = settings.stderr.then(|| {
            let (stderr, worker) = queue(std::io::stderr());
            workers.push(worker);
            stderr
        });
        let sinks = Sinks { file, stderr };
        let (requests, gathering) = RequestLog::start(telemetry.format, sinks.clone())
            .map_err(|error| LogError::Thread(error.to_string()))?;
        let layer = layer(telemetry.format, sinks);
        tracing_subscriber::registry().with(filter).with(layer).try_init().map_err(|_| LogError::Started)?;
        super::panics::log_them();
        let guard = LogGuard { _requests: gathering, _workers: workers };
        Ok((Self { filter: handle }, requests, guard))
    }

    /// Takes a new filter at once.
    pub fn set(&self, log: &str) -> Result<(), LogError> {
        self.filter.reload(filter(log)?).map_err(|_| LogError::Started)
    }
}

/// Refuses logs that lie there and lead elsewhere, are somebody else's, or that others can write: lines would be added
/// to them, or are taken for ours.
fn refuse_laid(directory: &Path) -> Result<(), String> {
    let entries = std::fs::read_dir(directory).map_err(|error| error.to_string())?;
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        let name = entry.file_name();
        let between = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
        if !between.is_some_and(|between| between.starts_with('.')) {
            continue;
        }
        let found = match entry.metadata() {
            // Another just dropped an old one.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            found => found.map_err(|error| error.to_string())?,
        };
        refuse_unsafe(&entry.path(), &found, OTHERS_WRITE)
            .map_err(|flaw| format!("{} {flaw}", entry.path().display()))?;
    }
    Ok(())
}

/// Returns the way to a writer that has a thread of its own.
fn queue(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    let writer = BufWriter::with_capacity(BUFFER, writer);
    NonBlockingBuilder::default().buffered_lines_limit(WAITING).finish(writer)
}

type Filtered = tracing_subscriber::layer::Layered<reload::Layer<EnvFilter, Registry>, Registry>;

/// Where a line goes, formatted once and without what looks like a secret. Each has a thread of its own, so that a
/// standard error nobody reads does not keep lines from the file.
#[derive(Clone)]
struct Sinks {
    file: NonBlocking,
    stderr: Option<NonBlocking>,
}

impl Write for Sinks {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let clean = redacted(line);
        if let Some(stderr) = &mut self.stderr {
            stderr.write_all(&clean)?;
        }
        self.file.write_all(&clean)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Sinks {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

fn layer(format: LogFormat, writer: Sinks) -> Box<dyn Layer<Filtered> + Send + Sync> {
    match format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
    }
}

fn filter(log: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(log).map_err(|error| LogError::Filter(log.to_owned(), error.to_string()))
}

/// Why logging did not start or change.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The setting is no filter.
    #[error("telemetry.log: {0:?} is not a log filter: {1}")]
    Filter(String, String),
    /// The directory cannot be written.
    #[error("logs cannot be written to {}: {reason}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said, or what is wrong with it.
        reason: String,
    },
    /// The thread that writes the lines of requests did not start.
    #[error("the thread that writes the lines of requests did not start: {0}")]
    Thread(String),
    /// Something else in this process logs already.
    #[error("logging was started before in this process")]
    Started,
}
