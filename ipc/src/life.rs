//! The daemon itself: status, figures, reload, drain, shutdown.

use serde::{Deserialize, Serialize};

/// Asks how the daemon fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {}

/// Asks for the figures of `/stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {}

/// Loads the configuration again; a bad one changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {}

/// Refuses new work, finishes what runs, then ends the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    /// Seconds calls in flight may take; absent means the configured deadline.
    #[serde(default)]
    pub deadline: Option<u64>,
}

/// Ends the daemon: drains under the configured deadline, or at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shutdown {
    /// Whether to drop calls in flight.
    #[serde(default)]
    pub now: bool,
}

/// The daemon is about to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Calls that were in flight when the order came.
    pub calls_in_flight: u64,
    /// Its process id, to watch it go.
    pub pid: u32,
    /// Seconds calls in flight may take; zero when they are dropped.
    pub deadline: u64,
}

/// How the daemon fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// `healthy`, `degraded` or `draining`.
    pub status: String,
    /// Why it is degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The daemon's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// Seconds since it was ready.
    pub uptime_seconds: u64,
    /// Differs at every start.
    pub instance: String,
    /// `unified`, `simple` or `enterprise`.
    pub profile: String,
    /// URL of the MCP endpoint; absent without HTTP.
    pub url: Option<String>,
    /// The control socket.
    pub socket: String,
    /// The state directory.
    pub state_dir: String,
    /// The configuration file, if one was read.
    pub config_file: Option<String>,
    /// Tools offered.
    pub tools: usize,
    /// Keys that are active.
    pub active_keys: usize,
    /// Open connections.
    pub connections: usize,
    /// Legacy sessions.
    pub sessions: usize,
    /// Calls in flight.
    pub calls_in_flight: u64,
}

/// The figures of `/stats`. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatsReport {
    /// Seconds since the daemon was ready.
    pub uptime_seconds: u64,
    /// Requests answered, refused ones included.
    pub total_requests: u64,
    /// Requests answered with a result.
    pub successful_requests: u64,
    /// Requests refused or failed.
    pub failed_requests: u64,
    /// Share of successful requests, 0..1; 1 before the first.
    pub success_rate: f64,
    /// Mean duration.
    pub avg_response_time: f64,
    /// Median duration.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Connections open now.
    pub active_connections: u64,
    /// Calls in flight now.
    pub calls_in_flight: u64,
    /// Refusals by reason.
    pub refusals: std::collections::BTreeMap<String, u64>,
    /// Per tool, in the order of their names; tools never called are left out.
    pub tools: std::collections::BTreeMap<String, ToolStats>,
    /// The busiest keys, busiest first; twenty at most.
    pub keys: Vec<KeyStats>,
    /// The process itself.
    pub process: ProcessStats,
}

/// Figures of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStats {
    /// Its public id; the label in `/metrics`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Requests, refused ones included.
    pub requests: u64,
    /// Of these, how many failed or were refused.
    pub failed: u64,
}

/// What the process uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessStats {
    /// Memory it holds, in bytes; absent where the system does not say.
    pub resident_bytes: Option<u64>,
    /// Processor time since the start in seconds, of all threads.
    pub cpu_seconds: f64,
}

/// Figures of one tool. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolStats {
    /// Calls finished.
    pub calls: u64,
    /// Of these, how many failed.
    pub errors: u64,
    /// Mean duration.
    pub avg: f64,
    /// Median duration.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// What a reload changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadReport {
    /// Keys of the configuration that are in force now.
    pub live: Vec<String>,
    /// Keys that differ but need a restart.
    pub restart: Vec<String>,
}
