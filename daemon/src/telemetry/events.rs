//! What happens, as structs: each `emit` writes the log line and counts, so that neither is forgotten.

use std::{
    fmt,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{Recorder, ToolMeter};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Success,
    /// With a result that reports a failure of the tool.
    ToolError,
    /// With an error of the protocol.
    ProtocolError,
    /// It was refused.
    Refused,
    /// Its client hung up before the answer.
    Gone,
}

impl Outcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "ok",
            Self::ToolError => "tool_error",
            Self::ProtocolError => "error",
            Self::Refused => "refused",
            Self::Gone => "gone",
        }
    }
}

/// Our id of a request, in every line about it: eight characters of this start, then a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    pub(super) start: u32,
    pub(super) number: u64,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The network.
    Ip(IpAddr),
    /// A process of this user on this machine.
    User(u32),
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}-{}", self.start, self.number)
    }
}

/// Makes request ids.
#[derive(Debug)]
pub struct RequestIds {
    start: u32,
    last: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self { start: rand::random(), last: AtomicU64::new(0) }
    }
}

impl RequestIds {
    /// Returns the next id.
    pub fn next(&self) -> RequestId {
        RequestId { start: self.start, number: self.last.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

/// A request was answered.
pub struct RequestFinished<'a> {
    /// Our id of the request, also in every other line about it.
    pub request: RequestId,
    /// Its method, or the path of a plain HTTP request. May come from a stranger.
    pub method: &'a str,
    /// The tool called.
    pub tool: Option<&'a str>,
    /// Name of the key or principal; absent when none was recognised.
    pub principal: Option<&'a str>,
    /// Address of the peer.
    pub peer: Origin,
    /// How it ended.
    pub outcome: Outcome,
    /// HTTP status where there is one.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
}

impl RequestFinished<'_> {
    /// Counts and logs.
    pub fn emit(self, recorder: &Recorder) {
        recorder.request(self.outcome == Outcome::Success, self.duration);
        recorder.requests_log().add(&self);
    }
}

/// A tool call came back.
#[derive(Debug)]
pub struct CallFinished<'a> {
    /// The tool's handles.
    pub meter: &'a ToolMeter,
    /// Whether it failed.
    pub failed: bool,
    /// How long it took.
    pub duration: Duration,
}

impl CallFinished<'_> {
    /// Counts; the line is that of the request.
    pub fn emit(self) {
        self.meter.record(self.failed, self.duration);
    }
}

/// Somebody was refused.
#[derive(Debug)]
pub struct Refused<'a> {
    /// Why, as the metric names it.
    pub reason: &'static str,
    /// Address of the peer.
    pub peer: &'a str,
    /// What only the operator may know.
    pub detail: &'a str,
}

impl Refused<'_> {
    /// Counts and logs. Refusals are the daemon working as told, not errors.
    pub fn emit(self, recorder: &Recorder) {
        recorder.refusal(self.reason);
        tracing::info!(target: "mcpd::refused", reason = self.reason, peer = self.peer, detail = ?self.detail, "refused");
    }
}

/// An operator switched tools off or on.
#[derive(Debug)]
pub struct ToolsSwitched<'a> {
    /// What happened: `disabled`, `enabled`.
    pub change: &'static str,
    /// The tools it changed.
    pub tools: &'a [&'static str],
    /// User id of the operator.
    pub operator: u32,
}

impl ToolsSwitched<'_> {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::tools", change = self.change, tools = self.tools.join(" "), operator = self.operator, "tools switched");
    }
}

/// An operator changed a key.
#[derive(Debug)]
pub struct KeyChanged<'a> {
    /// What happened: `added`, `revoked`.
    pub change: &'static str,
    /// The key's public id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// User id of the operator.
    pub operator: u32,
}

impl KeyChanged<'_> {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::keys", change = self.change, id = self.id, name = ?self.name, operator = self.operator, "key changed");
    }
}
