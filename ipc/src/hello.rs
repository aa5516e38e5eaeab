//! The first frame in each direction: protocol number and purpose, before any command.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Fault;

/// Number of this protocol; raised by hand when a change would confuse an older peer.
pub const PROTOCOL: u32 = 2;

/// Largest hello either side reads, in bytes: nobody is trusted with more before being known.
pub const HELLO_LIMIT: usize = 4096;

/// What a connection to the socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Commands of an operator, as frames.
    Control,
    /// One feed of news, as frames, until either side hangs up.
    Watch,
    /// MCP as newline-delimited JSON-RPC: `mcpd stdio` bridging to the running daemon.
    Mcp,
}

/// What the client says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The client's [`PROTOCOL`].
    pub protocol: u32,
    /// What the connection is for.
    pub purpose: Purpose,
    /// Program and version, for the log.
    pub client: String,
}

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Welcome {
    /// The connection may be used.
    Welcome {
        /// The daemon's [`PROTOCOL`].
        protocol: u32,
        /// The daemon's version.
        version: String,
        /// The daemon's state directory: a socket in a shared place may be another daemon's.
        state: PathBuf,
    },
    /// The connection is closed after this.
    Refused(Fault),
}

impl Hello {
    /// Makes the hello of this build.
    pub fn new(purpose: Purpose, client: impl Into<String>) -> Self {
        Self { protocol: PROTOCOL, purpose, client: client.into() }
    }

    /// Reads a hello. The number is read first: a hello of another protocol may hold what this build does not know.
    pub fn read(frame: serde_json::Value) -> Result<Self, HelloError> {
        let number = frame.get("protocol").and_then(serde_json::Value::as_u64);
        if let Some(why) = number.and_then(|number| u32::try_from(number).ok()).and_then(mismatch) {
            return Err(HelloError::Mismatch(why));
        }
        serde_json::from_value(frame).map_err(HelloError::Unreadable)
    }
}

/// Returns which side is older when the client's protocol number differs from ours.
fn mismatch(theirs: u32) -> Option<String> {
    (theirs != PROTOCOL).then(|| {
        let older = if theirs < PROTOCOL { "the client" } else { "the daemon" };
        format!("the client speaks control protocol {theirs} and the daemon {PROTOCOL}: {older} is older")
    })
}

/// Why a hello was not taken.
#[derive(Debug, thiserror::Error)]
pub enum HelloError {
    /// The sides speak different protocols.
    #[error("{0}")]
    Mismatch(String),
    /// It is no hello.
    #[error("the hello cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mismatch_says_which_side_is_older_whatever_else_the_hello_holds() {
        let hello = |protocol: u32| json!({"protocol": protocol, "purpose": "unheard of", "news": 1});
        let said = |protocol| Hello::read(hello(protocol)).unwrap_err().to_string();
        assert!(said(1).ends_with("the client is older"));
        assert!(said(9).ends_with("the daemon is older"));
        assert_eq!(said(PROTOCOL), "the hello cannot be read");
        let own = Hello::new(Purpose::Control, "test");
        assert_eq!(Hello::read(serde_json::to_value(&own).unwrap()).unwrap(), own);
    }
}
