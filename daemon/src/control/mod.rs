//! Operators over the local socket: who they are, what they may, and one file per noun of what they ask.

mod admins;
mod allow;
mod audit;
mod care;
mod connections;
mod dispatch;
mod doctor;
mod feeds;
mod keys;
mod life;
mod memory;
mod part;
mod port;
mod projects;
mod records;
mod server;
mod sessions;
mod tools;

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use mcpd_config::{Config, Profile};
use tokio::sync::watch;

pub use admins::{Admins, NoGroup};
pub(crate) use audit::report;
pub use care::{READY, forget_unready, kept_at};
pub use feeds::Pictures;
pub use server::{Arrival, Socket, SocketError};

use crate::{
    ai::Ai,
    auth::{Keyring, PepperPlace},
    code::Code,
    guard::Guard,
    mcp::Sessions,
    memory::Memories,
    signals::Orders,
    store::Store,
    telemetry::Recorder,
    tls::TlsPort,
    tools::{Health, Registry},
};

/// What the daemon's hands reach.
pub struct Hands {
    /// The keys.
    pub keys: Arc<Keyring>,
    /// The guard.
    pub guard: Arc<Guard>,
    /// The tools.
    pub registry: Arc<Registry>,
    /// The legacy sessions.
    pub sessions: Arc<Sessions>,
    /// The store.
    pub store: Store,
    /// The memories.
    pub memories: Arc<Memories>,
    /// The code of projects.
    pub code: Arc<Code>,
    /// The provider, if one is set up.
    pub ai: Arc<Ai>,
    /// How the daemon fares.
    pub health: Arc<Health>,
    /// The figures.
    pub recorder: Arc<Recorder>,
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    /// Where orders are given.
    pub orders: Orders,
    /// What TLS is spoken with on the endpoint.
    pub tls: Option<Arc<TlsPort>>,
    /// What does not change while the daemon runs.
    pub facts: Facts,
    /// Held while a backup is made or a restore is prepared: one at a time.
    pub caring: tokio::sync::Mutex<()>,
    /// The last picture of the daemon, for all who watch.
    pub pictures: Pictures,
}

/// What does not change while the daemon runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which profile was chosen.
    pub profile: Profile,
    /// URL of the MCP endpoint.
    pub url: Option<String>,
    /// Where this machine reaches it.
    pub address: Option<SocketAddr>,
    /// The control socket.
    pub socket: PathBuf,
    /// Who may operate besides its own user and root.
    pub admins: Admins,
    /// The state directory.
    pub state: PathBuf,
    /// What keys are hashed with.
    pub pepper: PepperPlace,
    /// The directory of the logs.
    pub logs: PathBuf,
    /// The directory of the audit.
    pub audit: PathBuf,
    /// When it started: UTC milliseconds, and the time since the system's own start, which no one can set.
    pub started: (i64, Duration),
    /// Differs at every start.
    pub instance: String,
    /// The configuration file, if one was read.
    pub config_file: Option<PathBuf>,
}

/// The operator behind a connection, as the operating system knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// User id.
    pub uid: u32,
    /// Why they are let in.
    pub standing: Standing,
}

/// Why an operator is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the daemon's own user.
    Owner,
    /// It is root.
    Root,
    /// It is a member of the group in `control.group`.
    Member,
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "uid:{}", self.uid)
    }
}
