//! Logs: text or JSON, to standard error and to a rotated file, written by a thread of their own.

use std::path::PathBuf;

use mcpd_config::{LogFormat, Rotation, Telemetry};
use tracing_appender::{
    non_blocking::{NonBlocking, WorkerGuard},
    rolling::{Builder, Rotation as Roll},
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

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
    pub fn start(telemetry: &Telemetry, settings: &LogSettings) -> Result<(Self, LogGuard), LogError> {
        let unwritable = |reason: String| LogError::Directory { path: settings.directory.clone(), reason };
        std::fs::create_dir_all(&settings.directory).map_err(|error| unwritable(error.to_string()))?;
        let (filter, handle) = reload::Layer::new(filter(&telemetry.log)?);
        let file = Builder::new()
            .rotation(match telemetry.rotation {
                Rotation::Hourly => Roll::HOURLY,
                Rotation::Daily => Roll::DAILY,
                Rotation::Never => Roll::NEVER,
            })
            .filename_prefix("mcpd")
            .filename_suffix("log")
            .max_log_files(telemetry.keep as usize)
            .build(&settings.directory)
            .map_err(|error| unwritable(error.to_string()))?;
        let (file, file_worker) = tracing_appender::non_blocking(file);
        let mut workers = vec![file_worker];
        let mut layers = vec![layer(telemetry.format, file)];
        if settings.stderr {
            let (stderr, worker) = tracing_appender::non_blocking(std::io::stderr());
            workers.push(worker);
            layers.push(layer(telemetry.format, stderr));
        }
        tracing_subscriber::registry().with(filter).with(layers).try_init().map_err(|_| LogError::Started)?;
        Ok((Self { filter: handle }, LogGuard { _workers: workers }))
    }

    /// Takes a new filter at once.
    pub fn set(&self, log: &str) -> Result<(), LogError> {
        self.filter.reload(filter(log)?).map_err(|_| LogError::Started)
    }
}

type Filtered = tracing_subscriber::layer::Layered<reload::Layer<EnvFilter, Registry>, Registry>;

fn layer(format: LogFormat, writer: NonBlocking) -> Box<dyn Layer<Filtered> + Send + Sync> {
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
        /// What the system said.
        reason: String,
    },
    /// Something else in this process logs already.
    #[error("logging was started before in this process")]
    Started,
}
