//! The protocol on one page: command, reply type, and whether it only looks or also changes something.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    allow::*, audit::*, care::*, connections::*, keys::*, life::*, memory::*, projects::*, sessions::*,
    tools::*,
};

/// Whether a command only reads state or changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looks and changes nothing.
    Read,
    /// Changes the daemon or what it keeps.
    Write,
}

/// A command an operator can give: its arguments are the type itself.
pub trait Command: Serialize + Into<Request> {
    /// What the daemon answers when it obeys.
    type Reply: Serialize + DeserializeOwned;
}

macro_rules! commands {
    ($( $(#[$doc:meta])* $name:ident -> $reply:ty, $access:ident; )*) => {
        /// Every command, as it crosses the socket: `{"command": "keys_add", "args": {…}}`.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(tag = "command", content = "args", rename_all = "snake_case")]
        pub enum Request {
            $( $(#[$doc])* $name($name), )*
        }

        impl Request {
            /// Returns whether the command looks or changes.
            pub fn access(&self) -> Access {
                match self { $( Self::$name(_) => Access::$access, )* }
            }

            /// Returns the command's name as the log shows it.
            pub fn name(&self) -> &'static str {
                match self { $( Self::$name(_) => stringify!($name), )* }
            }
        }

        $(
            impl Command for $name { type Reply = $reply; }
            impl From<$name> for Request {
                fn from(command: $name) -> Self { Self::$name(command) }
            }
        )*
    };
}

commands! {
    /// Says what the daemon is, where it listens and how it fares.
    Status             -> StatusReport,      Read;
    /// The figures of `/stats`.
    Stats              -> StatsReport,       Read;
    /// Issues an API key; the secret is in the reply and nowhere else.
    KeysAdd            -> KeyCreated,        Write;
    /// Lists every key, newest last.
    KeysList           -> KeyList,           Read;
    /// Shows one key.
    KeysShow           -> KeyInfo,           Read;
    /// Takes a key of another deployment.
    KeysImport         -> KeyInfo,           Write;
    /// Gives a key a new secret, which is in the reply and nowhere else.
    KeysRotate         -> KeyRotated,        Write;
    /// Gives a key another name.
    KeysRename         -> KeyInfo,           Write;
    /// Revokes a key and closes whatever it has open.
    KeysRevoke         -> KeyRevoked,        Write;
    /// Adds a network to the allowlist.
    AllowAdd           -> AllowReport,       Write;
    /// Lists the allowlist.
    AllowList          -> AllowReport,       Read;
    /// Removes a network from the allowlist.
    AllowRemove        -> AllowReport,       Write;
    /// Says whether an address would be let in.
    AllowTest          -> AllowVerdict,      Read;
    /// Lists open connections.
    ConnectionsList    -> ConnectionList,    Read;
    /// Closes one connection.
    ConnectionsClose   -> ConnectionClosed,  Write;
    /// Lists legacy sessions.
    SessionsList       -> SessionList,       Read;
    /// Ends one legacy session.
    SessionsClose      -> SessionClosed,     Write;
    /// Lists the tools in their fixed order.
    ToolsList          -> ToolList,          Read;
    /// Shows one tool with its schemas.
    ToolsShow          -> ToolDetail,        Read;
    /// Gives tools to clients again.
    ToolsEnable        -> ToolsSwitched,     Write;
    /// Takes tools from clients until they are enabled again, over restarts too.
    ToolsDisable       -> ToolsSwitched,     Write;
    /// Calls a tool as the operator.
    ToolsCall          -> ToolOutcome,       Write;
    /// Lists memories with the beginnings of their texts.
    MemoryList         -> MemoryPage,        Read;
    /// Lists memories with their whole texts.
    MemoryExport       -> MemoryPage,        Read;
    /// Shows one memory.
    MemoryShow         -> MemoryInfo,        Read;
    /// Deletes memories for good.
    MemoryDelete       -> MemoryDeleted,     Write;
    /// Keeps a memory longer or less long.
    MemoryLevelSet     -> MemoryInfo,        Write;
    /// Says what a memory may be.
    MemoryLimitsShow   -> MemoryLimits,      Read;
    /// Stores memories that were kept elsewhere.
    MemoryImport       -> MemoryImported,    Write;
    /// Says how the model that finds by meaning fares.
    MemoryModelShow    -> MemoryModelReport, Read;
    /// Puts a model in place.
    MemoryModelInstall -> MemoryModelReport, Write;
    /// Takes the model away.
    MemoryModelRemove  -> MemoryModelReport, Write;
    /// Lists the projects that have a code graph.
    ProjectsList       -> ProjectList,       Read;
    /// Shows one project's code graph.
    ProjectsShow       -> ProjectDetail,     Read;
    /// Analyses a project's tree in the background.
    ProjectsAnalyze    -> AnalysisState,     Write;
    /// Says how far a project's analysis is.
    ProjectsAnalysis   -> AnalysisState,     Read;
    /// Stops a project's analysis.
    ProjectsStop       -> AnalysisState,     Write;
    /// Follows the changes of a project's tree, or no longer.
    ProjectsWatch      -> ProjectInfo,       Write;
    /// Forgets a project's code graph.
    ProjectsForget     -> ProjectForgotten,  Write;
    /// Begins to push a tree from elsewhere.
    PushBegin          -> PushBegun,         Write;
    /// Offers files of the tree and asks which are wanted.
    PushOffer          -> PushWanted,        Write;
    /// Sends files that are wanted.
    PushFiles          -> PushTaken,         Write;
    /// Ends a push and analyses what was pushed.
    PushEnd            -> AnalysisState,     Write;
    /// Examines the daemon and says what to do.
    Doctor             -> DoctorReport,      Read;
    /// Reads the newest records of the audit.
    AuditTail          -> AuditPage,         Read;
    /// Looks whether the audit is what was written.
    AuditVerify        -> AuditReport,       Read;
    /// Writes a verified copy of everything kept.
    Backup             -> BackupReport,      Write;
    /// Puts a verified backup in place and starts again.
    Restore            -> Restoring,         Write;
    /// Loads the configuration again.
    Reload             -> ReloadReport,      Write;
    /// Refuses new work, finishes what runs, then ends the daemon.
    Drain              -> Ending,            Write;
    /// Ends the daemon.
    Shutdown           -> Ending,            Write;
}
