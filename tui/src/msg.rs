//! Everything that happens to the dashboard, as one enum: what the user does, what the daemon says, what time does.

use crossterm::event::{KeyEvent, MouseEvent};
use mcpd_ipc::{
    allow::{AllowReport, AllowVerdict},
    connections::{ConnectionClosed, ConnectionList},
    feed::{LogBatch, Picture, RequestBatch},
    keys::{KeyCreated, KeyInfo, KeyList, KeyRevoked, KeyRotated},
    sessions::{SessionClosed, SessionList},
    tools::{ToolDetail, ToolList, ToolsSwitched},
};

use crate::effect::Call;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted; only a line of input takes it.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// It is this many milliseconds since 1970; comes before everything else that happens, and alone does nothing.
    Now(i64),
    /// A screen of this size was drawn.
    Drawn(u16, u16),
    /// Time has passed: it is this many milliseconds since 1970 now.
    Tick(i64),
    /// The daemon answers again.
    Connected,
    /// Nobody answers; the next try is at `until`, milliseconds since 1970.
    Away {
        /// Why, for people.
        why: Why,
        /// When it is tried again.
        until: i64,
    },
    /// A new picture of the daemon.
    Picture(Box<Picture>),
    /// Requests that were answered.
    Requests(RequestBatch),
    /// Lines of the log.
    Logs(LogBatch),
    /// The daemon does not give a feed; the others go on.
    NoFeed(FeedName, Why),
    /// A command was obeyed.
    Done(Box<Reply>),
    /// A command brought no reply or a refusal.
    Failed(Box<Call>, Why),
    /// The process was told to end.
    Hangup,
}

impl Msg {
    /// Returns whether the user waits for what comes of it, so that it is drawn sooner than figures are.
    pub(crate) fn is_urgent(&self) -> bool {
        match self {
            Self::Key(_) | Self::Mouse(_) | Self::Paste(_) | Self::Resize(..) | Self::Hangup => true,
            Self::Connected | Self::Away { .. } | Self::Done(_) | Self::Failed(..) => true,
            Self::Now(_) | Self::Drawn(..) | Self::Tick(_) => false,
            Self::Picture(_) | Self::Requests(_) | Self::Logs(_) | Self::NoFeed(..) => false,
        }
    }
}

/// A feed that can be missing while the others go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FeedName {
    /// Requests as they are answered.
    Requests,
    /// The log.
    Logs,
}

/// Why something did not work, in words: what happened, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    /// What kind of trouble.
    pub(crate) kind: Trouble,
    /// One lower-case sentence, causes included.
    pub(crate) words: String,
    /// What the operator can do next.
    pub(crate) hint: Option<String>,
}

/// Kinds of trouble that are told apart on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody answers.
    Gone,
    /// This user is not let in.
    NotPermitted,
    /// The daemon answered and refused.
    Refused,
    /// The conversation broke off: nobody knows whether a change was made.
    Broken,
}

/// What a command brought.
#[derive(Debug)]
pub(crate) enum Reply {
    Connections(ConnectionList),
    Sessions(SessionList),
    Keys(KeyList),
    Allow(AllowReport),
    Tools(ToolList),
    Tool(ToolDetail),
    ConnectionClosed(ConnectionClosed),
    SessionClosed(SessionClosed),
    KeyCreated(KeyCreated),
    KeyRotated(KeyRotated),
    KeyRenamed(KeyInfo),
    KeyRevoked(KeyRevoked),
    AllowChanged(AllowReport),
    Verdict(AllowVerdict),
    ToolsSwitched(ToolsSwitched),
}
