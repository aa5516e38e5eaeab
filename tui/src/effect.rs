//! What the dashboard wants done, as data: `update` asks, the loop in `lib.rs` does.

use mcpd_ipc::{
    allow::{AllowAdd, AllowRemove, AllowTest},
    connections::ConnectionsClose,
    keys::{KeysAdd, KeysRename, KeysRevoke, KeysRotate},
    sessions::SessionsClose,
    tools::{ToolsDisable, ToolsEnable, ToolsShow},
};

/// Something to be done outside the state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// End the dashboard.
    Quit,
    /// Try the daemon now instead of at the end of the wait.
    Retry,
    /// Ask the daemon something.
    Call(Box<Call>),
    /// Take the mouse, or leave it to the terminal so that it can select text.
    Mouse(bool),
}

/// A command to the daemon.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    /// Fetches one of the lists.
    List(Listed),
    /// Shows one tool.
    Tool(ToolsShow),
    /// Closes a connection.
    CloseConnection(ConnectionsClose),
    /// Ends a session.
    CloseSession(SessionsClose),
    /// Issues a key.
    AddKey(KeysAdd),
    /// Gives a key a new secret.
    RotateKey(KeysRotate),
    /// Gives a key another name.
    RenameKey(KeysRename),
    /// Revokes a key.
    RevokeKey(KeysRevoke),
    /// Adds a network to the allowlist.
    AddNetwork(AllowAdd),
    /// Removes a network from the allowlist.
    RemoveNetwork(AllowRemove),
    /// Asks whether an address would be let in.
    TestAddress(AllowTest),
    /// Gives tools to clients again.
    Enable(ToolsEnable),
    /// Takes tools from clients.
    Disable(ToolsDisable),
}

/// A list that is fetched while its pane is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listed {
    /// Open connections.
    Connections,
    /// Sessions.
    Sessions,
    /// API keys.
    Keys,
    /// The allowlist.
    Allow,
    /// The tools.
    Tools,
}

impl Call {
    /// Returns what is attempted, as it follows `could not`.
    pub(crate) fn attempt(&self) -> String {
        match self {
            Self::List(Listed::Connections) => "list connections".into(),
            Self::List(Listed::Sessions) => "list sessions".into(),
            Self::List(Listed::Keys) => "list keys".into(),
            Self::List(Listed::Allow) => "list the allowlist".into(),
            Self::List(Listed::Tools) => "list tools".into(),
            Self::Tool(ToolsShow { name }) => format!("show tool {name}"),
            Self::CloseConnection(ConnectionsClose { id }) => format!("close connection {id}"),
            Self::CloseSession(SessionsClose { id }) => format!("end session {id}"),
            Self::AddKey(KeysAdd { name, .. }) => format!("issue key {name}"),
            Self::RotateKey(KeysRotate { key, .. }) => format!("rotate key {key}"),
            Self::RenameKey(KeysRename { key, .. }) => format!("rename key {key}"),
            Self::RevokeKey(KeysRevoke { key }) => format!("revoke key {key}"),
            Self::AddNetwork(AllowAdd { cidr }) => format!("add {cidr}"),
            Self::RemoveNetwork(AllowRemove { cidr }) => format!("remove {cidr}"),
            Self::TestAddress(AllowTest { address }) => format!("test {address}"),
            Self::Enable(ToolsEnable { names }) => format!("enable {}", names.join(", ")),
            Self::Disable(ToolsDisable { names }) => format!("disable {}", names.join(", ")),
        }
    }

    /// Returns whether the daemon may have changed something although no reply came.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::List(_) | Self::Tool(_) | Self::TestAddress(_) => false,
            Self::CloseConnection(_) | Self::CloseSession(_) | Self::AddKey(_) | Self::RotateKey(_) => true,
            Self::RenameKey(_) | Self::RevokeKey(_) | Self::AddNetwork(_) | Self::RemoveNetwork(_) => true,
            Self::Enable(_) | Self::Disable(_) => true,
        }
    }
}
