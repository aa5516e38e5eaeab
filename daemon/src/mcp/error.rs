//! Errors of the protocol, each with its JSON-RPC code and HTTP status.

use std::{borrow::Cow, fmt};

use serde_json::{Value, json};

use super::era::MODERN;
use crate::{guard::Denied, store::new_id};

/// Longest word of a client that is told back, in characters.
const TOLD: usize = 128;

/// Returns a client's word as far as it is told back.
pub(super) fn shortened(word: &str) -> String {
    word.chars().take(TOLD).collect()
}

/// A request that brings no result.
#[derive(Debug, Clone, PartialEq)]
pub enum RpcError {
    /// The bytes are no JSON.
    Parse(String),
    /// The JSON is no message of JSON-RPC 2.0.
    InvalidRequest(Cow<'static, str>),
    /// No such method in this revision.
    MethodNotFound {
        /// Whether the request was modern: only then HTTP says 404.
        modern: bool,
    },
    /// Parameters miss something or hold the wrong thing.
    InvalidParams(String),
    /// A modern request without the `_meta` it must carry.
    InvalidMeta(&'static str),
    /// A tool that does not exist, or that the caller may not know of.
    UnknownTool(String),
    /// A resource that does not exist, or that the caller may not know of.
    ResourceNotFound {
        /// As it was asked for.
        uri: String,
        /// Whether the request was modern: earlier revisions have a code of their own.
        modern: bool,
    },
    /// A fault of ours, by the id that finds it in the log.
    Internal(String),
    /// Headers and body of a modern request disagree (MCP 2026-07-28, HeaderMismatch).
    HeaderMismatch(String),
    /// The client did not declare a capability, named by the object (MCP 2026-07-28).
    MissingCapability(&'static str),
    /// A revision this server does not speak (MCP 2026-07-28).
    UnsupportedVersion(String),
    /// The session is unknown, expired, or somebody else's.
    NoSession,
    /// The request needs a session and names none.
    SessionRequired,
    /// The client took the request back; nobody waits for an answer.
    Cancelled,
    /// The guard did not admit it.
    Denied(Denied),
}

impl RpcError {
    /// Hides a fault of ours behind an id that finds it in the log.
    pub(super) fn internal(error: &dyn fmt::Display) -> Self {
        let id = new_id();
        tracing::error!(%error, id, "a request failed");
        Self::Internal(id)
    }

    /// Returns the JSON-RPC error code.
    pub fn code(&self) -> i64 {
        match self {
            Self::Parse(_) => -32700,
            Self::InvalidRequest(_) | Self::SessionRequired => -32600,
            Self::MethodNotFound { .. } => -32601,
            Self::InvalidParams(_) | Self::InvalidMeta(_) | Self::UnknownTool(_) => -32602,
            Self::ResourceNotFound { modern: true, .. } => -32602,
            Self::ResourceNotFound { modern: false, .. } => -32002,
            Self::Internal(_) => -32603,
            Self::HeaderMismatch(_) => -32020,
            Self::MissingCapability(_) => -32021,
            Self::UnsupportedVersion(_) => -32022,
            // Outside the range JSON-RPC reserves, as MCP asks of errors it does not define.
            Self::NoSession => 404,
            Self::Cancelled => 499,
            Self::Denied(denied) => denied.status().into(),
        }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Parse(_)
            | Self::InvalidRequest(_)
            | Self::SessionRequired
            | Self::InvalidMeta(_)
            | Self::HeaderMismatch(_)
            | Self::MissingCapability(_)
            | Self::UnsupportedVersion(_) => 400,
            Self::MethodNotFound { modern: true } | Self::NoSession => 404,
            Self::MethodNotFound { modern: false }
            | Self::InvalidParams(_)
            | Self::UnknownTool(_)
            | Self::ResourceNotFound { .. } => 200,
            Self::Internal(_) => 500,
            Self::Cancelled => 499,
            Self::Denied(denied) => denied.status(),
        }
    }

    /// Returns the sentence for the caller.
    pub fn message(&self) -> String {
        match self {
            Self::Parse(why) => format!("Parse error: {why}"),
            Self::InvalidRequest(why) => format!("Invalid request: {why}"),
            Self::MethodNotFound { .. } => "Method not found".to_owned(),
            Self::InvalidParams(why) => format!("Invalid params: {why}"),
            Self::InvalidMeta(missing) => {
                format!("Invalid params: _meta lacks {missing}, which every request of {MODERN} carries")
            }
            Self::UnknownTool(name) => format!("Unknown tool: {name}"),
            Self::ResourceNotFound { .. } => "Resource not found".to_owned(),
            Self::Internal(id) => format!("internal error (id {id})"),
            Self::HeaderMismatch(why) => format!("Header mismatch: {why}"),
            Self::MissingCapability(_) => "Missing required client capability".to_owned(),
            Self::UnsupportedVersion(_) => "Unsupported protocol version".to_owned(),
            Self::NoSession => "Session not found: send initialize again".to_owned(),
            Self::SessionRequired => {
                "Invalid request: this needs the Mcp-Session-Id that initialize returned".to_owned()
            }
            Self::Cancelled => "Cancelled".to_owned(),
            Self::Denied(denied) => denied.to_string(),
        }
    }

    /// Returns what the error says to programs beside its code.
    pub fn data(&self) -> Option<Value> {
        match self {
            Self::UnsupportedVersion(requested) => {
                Some(json!({ "supported": [MODERN], "requested": requested }))
            }
            Self::ResourceNotFound { uri, .. } => Some(json!({ "uri": uri })),
            Self::MissingCapability(name) => Some(json!({ "requiredCapabilities": { (*name): {} } })),
            Self::Denied(denied) => {
                let wait = denied.retry_after()?;
                Some(json!({ "retryAfterSeconds": wait.as_secs_f64().ceil() }))
            }
            Self::Parse(_)
            | Self::InvalidRequest(_)
            | Self::MethodNotFound { .. }
            | Self::InvalidParams(_)
            | Self::InvalidMeta(_)
            | Self::UnknownTool(_)
            | Self::Internal(_)
            | Self::HeaderMismatch(_)
            | Self::NoSession
            | Self::SessionRequired
            | Self::Cancelled => None,
        }
    }
}

impl From<Denied> for RpcError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
