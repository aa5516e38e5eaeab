//! Why the daemon did not start, for the person who started it.

use std::{io, net::SocketAddr, path::PathBuf};

use mcpd_config::Complaints;
use mcpd_ipc::CallError;

use crate::{control::SocketError, guard::Denied, store::StoreError, telemetry::LogError, tools::BadSchema};

/// Why the daemon did not start or reload.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// The configuration has mistakes; every one is named.
    #[error("the configuration has mistakes\n{0}")]
    Config(#[from] Complaints),
    /// A file or directory could not be used.
    #[error("{what} {} could not be {done}", .path.display())]
    File {
        /// What it is.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What was attempted.
        done: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another daemon has the state directory.
    #[error(
        "{who} runs on {}; stop it with: mcpctl shutdown; or name another directory with --state-dir",
        .state.display()
    )]
    Taken {
        /// Who has it.
        who: String,
        /// The state directory.
        state: PathBuf,
    },
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on; if another program holds it, choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A daemon without keys would be open to a network.
    #[error("profile simple needs network.allow on an address that is not loopback")]
    SimpleInTheOpen,
    /// Logging did not start.
    #[error(transparent)]
    Logs(#[from] LogError),
    /// The store did not open.
    #[error("the store could not be opened: {0}")]
    Store(#[from] StoreError),
    /// The control socket did not open.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// A tool is described wrongly.
    #[error(transparent)]
    Tools(#[from] BadSchema),
    /// The first key could not be made.
    #[error("the first key could not be made: {0}")]
    FirstKey(String),
    /// The running daemon did not take the bridge.
    #[error("the running daemon did not take the bridge: {0}")]
    Bridge(#[from] CallError),
    /// The person at the machine was not let in.
    #[error("the guard refused: {0}")]
    Denied(#[from] Denied),
    /// The system refused something without a name of its own.
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
}

/// Names the file in an error of the system.
pub(super) fn file(
    what: &'static str,
    path: impl Into<PathBuf>,
    done: &'static str,
) -> impl FnOnce(io::Error) -> LifeError {
    let path = path.into();
    move |source| LifeError::File { what, path, done, source }
}
