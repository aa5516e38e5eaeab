//! What happens, as structs: each `emit` writes the log line and counts, so that neither is forgotten.

use std::{
    fmt,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{KeyMeter, Recorder, ToolMeter};
use crate::audit::{Deed, Fate};

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

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(formatter),
            Self::User(id) => write!(formatter, "uid {id}"),
        }
    }
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
    /// Its method, or the path of a plain HTTP request, as far as it is one that we know.
    pub method: &'a str,
    /// The tool called.
    pub tool: Option<&'a str>,
    /// Name of the key or principal; absent when none was recognised.
    pub principal: Option<&'a str>,
    /// The key's counters.
    pub key: Option<&'a KeyMeter>,
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
        let good = self.outcome == Outcome::Success;
        recorder.request(good, self.duration);
        if let Some(key) = self.key {
            key.record(good);
        }
        recorder.requests_log().add(&self);
        recorder.tail().tell(&self);
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
    /// Who was recognised, as the store names it.
    pub who: Option<String>,
    /// The tool that was wanted.
    pub tool: Option<&'a str>,
    /// What only the operator may know.
    pub detail: &'a str,
}

impl Refused<'_> {
    /// Counts, logs and records. Refusals are the daemon working as told, not errors.
    pub fn emit(self, recorder: &Recorder) {
        recorder.refusal(self.reason);
        let (reason, peer, who, tool) = (self.reason, self.peer, self.who.as_deref(), self.tool);
        tracing::info!(target: "mcpd::refused", reason, peer, who, tool, detail = ?self.detail, "refused");
        recorder.audit().note(Deed {
            actor: self.who.unwrap_or_else(|| format!("peer:{}", self.peer)),
            subject: self.tool.map(str::to_owned),
            fate: Fate::Denied,
            why: Some(self.detail.to_owned()),
            ..Deed::own("call")
        });
    }
}

/// A client called a tool, and such calls are recorded.
#[derive(Debug)]
pub struct CallAudited<'a> {
    /// Who called, as the store names it.
    pub who: String,
    /// The tool.
    pub tool: &'a str,
    /// How it ended.
    pub outcome: Outcome,
}

impl CallAudited<'_> {
    /// Records.
    pub fn emit(self, recorder: &Recorder) {
        let fate = match self.outcome {
            Outcome::Success => Fate::Done,
            Outcome::ToolError | Outcome::ProtocolError | Outcome::Gone => Fate::Failed,
            // Recorded where it was refused.
            Outcome::Refused => return,
        };
        let why = (fate == Fate::Failed).then(|| self.outcome.as_str().to_owned());
        let subject = Some(self.tool.to_owned());
        recorder.audit().note(Deed { actor: self.who, subject, fate, why, ..Deed::own("call") });
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

/// An operator changed the allowlist.
#[derive(Debug)]
pub struct AllowChanged<'a> {
    /// What happened: `added`, `removed`.
    pub change: &'static str,
    /// The network.
    pub network: &'a str,
    /// User id of the operator.
    pub operator: u32,
}

impl AllowChanged<'_> {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::allow", change = self.change, network = self.network, operator = self.operator, "allowlist changed");
    }
}

/// An operator closed a connection.
#[derive(Debug)]
pub struct ConnectionClosed {
    /// Its number.
    pub id: u64,
    /// User id of the operator.
    pub operator: u32,
}

impl ConnectionClosed {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::connections", id = self.id, operator = self.operator, "connection closed");
    }
}

/// An operator ended a session.
#[derive(Debug)]
pub struct SessionClosed<'a> {
    /// The beginning of its id.
    pub id: &'a str,
    /// Name of the key that opened it.
    pub key: &'a str,
    /// User id of the operator.
    pub operator: u32,
}

impl SessionClosed<'_> {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::sessions", id = self.id, key = ?self.key, operator = self.operator, "session closed");
    }
}

/// An operator took care of the store.
#[derive(Debug)]
pub struct StoreCared<'a> {
    /// What happened: `backed up`, `to be restored`.
    pub what: &'static str,
    /// The file.
    pub file: &'a str,
    /// User id of the operator.
    pub operator: u32,
}

impl StoreCared<'_> {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::store", what = self.what, file = ?self.file, operator = self.operator, "store cared for");
    }
}

/// An operator changed memories.
#[derive(Debug)]
pub struct MemoriesChanged {
    /// What happened: `deleted`, `given another level`, `imported`.
    pub change: &'static str,
    /// How many.
    pub memories: u64,
    /// User id of the operator.
    pub operator: u32,
}

impl MemoriesChanged {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::memory", change = self.change, memories = self.memories, operator = self.operator, "memories changed");
    }
}

/// Somebody changed the code that is known of a project, other than by a tool.
#[derive(Debug)]
pub struct CodeChanged<'a> {
    /// What happened: `analysis begun`, `watched`, `forgotten` and the like.
    pub change: &'static str,
    /// The project.
    pub project: &'a str,
    /// Who did it: an operator or a key.
    pub by: &'a str,
}

impl CodeChanged<'_> {
    /// Logs.
    pub fn emit(self) {
        tracing::info!(target: "mcpd::code", change = self.change, project = self.project, by = self.by, "code changed");
    }
}

/// An operator changed the embedding model.
#[derive(Debug)]
pub struct ModelChanged {
    /// What happened: `installed`, `removed`.
    pub change: &'static str,
    /// User id of the operator.
    pub operator: u32,
}

impl ModelChanged {
    /// Logs.
    pub fn emit(self) {
        tracing::warn!(target: "mcpd::memory", change = self.change, operator = self.operator, "embedding model changed");
    }
}

/// An operator changed a key.
#[derive(Debug)]
pub struct KeyChanged<'a> {
    /// What happened: `added`, `imported`, `rotated`, `renamed`, `revoked`.
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

/// A prompt to a provider ended.
pub struct AiAnswered<'a> {
    /// Where it counts.
    pub recorder: &'a Recorder,
    /// How it ended, a word of our own.
    pub outcome: &'static str,
    /// Why it has no answer.
    pub error: Option<String>,
    /// Tokens of the prompt.
    pub input: i64,
    /// Tokens of the answer.
    pub output: i64,
    /// How long it took, with all tries.
    pub duration: Duration,
}

impl AiAnswered<'_> {
    /// Logs and counts.
    pub fn emit(self) {
        let Self { outcome, input, output, .. } = self;
        let tokens = |tokens: i64| tokens.try_into().unwrap_or(0);
        self.recorder.prompt(outcome, tokens(input), tokens(output));
        let duration_ms = self.duration.as_millis() as u64;
        match self.error {
            None => {
                tracing::info!(target: "mcpd::ai", outcome, input, output, duration_ms, "prompt answered");
            }
            Some(error) => {
                tracing::warn!(target: "mcpd::ai", outcome, error, input, output, duration_ms, "prompt not answered");
            }
        }
    }
}
