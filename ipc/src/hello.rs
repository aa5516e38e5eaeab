//! The first frame in each direction: protocol number and purpose, before any command.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Fault;

/// Number of this protocol; raised by hand when a change would confuse an older peer.
pub const PROTOCOL: u32 = 1;

/// Largest hello either side reads, in bytes: nobody is trusted with more before being known.
pub const HELLO_LIMIT: usize = 4096;

/// What a connection to the socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Commands of an operator, as frames.
    Control,
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

    /// Returns which side is older when the protocol numbers differ.
    pub fn mismatch(&self) -> Option<String> {
        let theirs = self.protocol;
        (theirs != PROTOCOL).then(|| {
            let older = if theirs < PROTOCOL { "the client" } else { "the daemon" };
            format!("the client speaks control protocol {theirs} and the daemon {PROTOCOL}: {older} is older")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_says_which_side_is_older() {
        let mut hello = Hello::new(Purpose::Control, "test");
        assert_eq!(hello.mismatch(), None);
        hello.protocol = 0;
        assert!(hello.mismatch().unwrap().ends_with("the client is older"));
        hello.protocol = 9;
        assert!(hello.mismatch().unwrap().ends_with("the daemon is older"));
    }
}
