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
    pub fn start(telemetry: &Telemetry, settings: &LogSettings) -> anyhow::Result<(Self, LogGuard)> {
        std::fs::create_dir_all(&settings.directory)?;
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
            .build(&settings.directory)?;
        let (file, file_worker) = tracing_appender::non_blocking(file);
        let mut workers = vec![file_worker];
        let mut layers = vec![layer(telemetry.format, file)];
        if settings.stderr {
            let (stderr, worker) = tracing_appender::non_blocking(std::io::stderr());
            workers.push(worker);
            layers.push(layer(telemetry.format, stderr));
        }
        tracing_subscriber::registry().with(filter).with(layers).try_init()?;
        Ok((Self { filter: handle }, LogGuard { _workers: workers }))
    }

    /// Takes a new filter at once.
    pub fn set(&self, log: &str) -> anyhow::Result<()> {
        Ok(self.filter.reload(filter(log)?)?)
    }
}

type Filtered = tracing_subscriber::layer::Layered<reload::Layer<EnvFilter, Registry>, Registry>;

fn layer(format: LogFormat, writer: NonBlocking) -> Box<dyn Layer<Filtered> + Send + Sync> {
    match format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
    }
}

fn filter(log: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(log)
        .map_err(|error| anyhow::anyhow!("telemetry.log: {log:?} is not a log filter: {error}"))
}
