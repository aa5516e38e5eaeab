//! Questions before something that cannot be taken back. They hold what they ask about: the list may move meanwhile.

use mcpd_ipc::{
    allow::{AllowEntry, AllowRemove},
    connections::{ConnectionInfo, ConnectionsClose},
    keys::{KeyInfo, KeysRevoke},
    sessions::{SessionInfo, SessionsClose},
    tools::{ToolSummary, ToolsDisable},
};

use super::rows::sessions::short;
use crate::effect::Call;

/// Something to say yes or no to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// The question.
    pub(crate) words: String,
    /// What follows from yes.
    pub(crate) consequence: &'static str,
    /// What is sent then.
    pub(crate) call: Call,
}

impl Question {
    /// Asks whether to revoke a key.
    pub(crate) fn revoke(key: &KeyInfo) -> Self {
        Self {
            words: format!("Revoke key {} ({})?", key.name, key.id),
            consequence: "Whatever it has open is closed at once. It cannot be undone.",
            // By id: the name may be another key's by the time the answer comes.
            call: Call::RevokeKey(KeysRevoke { key: key.id.clone() }),
        }
    }

    /// Asks whether to close a connection.
    pub(crate) fn close(connection: &ConnectionInfo) -> Self {
        let key = connection.key.as_deref().map_or_else(|| "no key".into(), |key| format!("key {key}"));
        Self {
            words: format!("Close connection {} from {} ({key})?", connection.id, connection.peer),
            consequence: "Its calls in flight are dropped. The client may connect again.",
            call: Call::CloseConnection(ConnectionsClose { id: connection.id }),
        }
    }

    /// Asks whether to end a session.
    pub(crate) fn end(session: &SessionInfo) -> Self {
        Self {
            words: format!("End session {} of {} (key {})?", short(&session.id), session.client, session.key),
            consequence: "Its client is told that it is gone and may begin anew.",
            call: Call::CloseSession(SessionsClose { id: session.id.clone() }),
        }
    }

    /// Asks whether to remove a network.
    pub(crate) fn remove(entry: &AllowEntry) -> Self {
        Self {
            words: format!("Remove {} from the allowlist?", entry.cidr),
            consequence: "Who is let in by it alone can no longer connect.",
            call: Call::RemoveNetwork(AllowRemove { cidr: entry.cidr.clone() }),
        }
    }

    /// Asks whether to take a tool from clients.
    pub(crate) fn disable(tool: &ToolSummary) -> Self {
        Self {
            words: format!("Disable tool {}?", tool.name),
            consequence: "Every client loses it until it is enabled again, over restarts too. Calls that run go on.",
            call: Call::Disable(ToolsDisable { names: vec![tool.name.clone()] }),
        }
    }
}
