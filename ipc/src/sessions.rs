//! Legacy sessions: what `initialize` opened, over HTTP kept across restarts.

use serde::{Deserialize, Serialize};

/// Lists sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsList {}

/// Ends one; its client is told 404 and may begin anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsClose {
    /// Its id, or the beginning of it that no other has.
    pub id: String,
}

/// A session has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionClosed {
    /// The session as it was.
    pub session: SessionInfo,
}

/// All sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// Oldest first.
    pub sessions: Vec<SessionInfo>,
}

/// One session. Times are milliseconds since 1970 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Name of the key that opened it.
    pub key: String,
    /// What the client calls itself, not verified.
    pub client: String,
    /// The revision of MCP negotiated.
    pub revision: String,
    /// When it was opened.
    pub since: i64,
    /// When it was last named by a request.
    pub last_used_at: i64,
    /// Whether somebody reads one of its streams now.
    pub heard: bool,
    /// Resources it is subscribed to.
    pub subscriptions: u64,
}
