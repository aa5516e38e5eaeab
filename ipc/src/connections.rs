//! Open connections.

use serde::{Deserialize, Serialize};

/// Lists open connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionsList {}

/// Closes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionsClose {
    /// Its number in the list.
    pub id: u64,
}

/// A connection was told to close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionClosed {
    /// Its number.
    pub id: u64,
}

/// All open connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionList {
    /// Oldest first.
    pub connections: Vec<ConnectionInfo>,
}

/// One open connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    /// Its number, never used twice in one run of the daemon.
    pub id: u64,
    /// `http`, `sse`, `ws` or `local`.
    pub transport: String,
    /// Address of the peer, or the user id behind the local socket.
    pub peer: String,
    /// Name of the key last used on it.
    pub key: Option<String>,
    /// What the client calls itself, not verified.
    pub client: Option<String>,
    /// When it was opened, milliseconds since 1970.
    pub since: i64,
    /// Requests answered on it.
    pub requests: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}
