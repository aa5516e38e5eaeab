//! Why the daemon did not start, for the person who started it.

use std::{io, net::SocketAddr, path::PathBuf};

use mcpd_config::Complaints;
use mcpd_ipc::{CallError, text::count};

use crate::{
    audit::AuditError,
    control::{NoGroup, SocketError},
    guard::Denied,
    secret::quoted,
    store::StoreError,
    telemetry::LogError,
    tls::TlsError,
    tools::BadSchema,
};

/// Why the daemon did not start or reload.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// The configuration has mistakes; every one is named.
    #[error("the configuration has mistakes")]
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
    /// The system delivers no signals.
    #[error("signals of the system could not be caught")]
    Signals(#[source] io::Error),
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
    /// A file is not as it must be.
    #[error("{what} {} {mend}", .path.display())]
    Unsafe {
        /// What it is.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What is wrong, and the command that mends it.
        mend: String,
    },
    /// Others could change what the daemon keeps.
    #[error("the state directory {} can be written by others; make it your own: chmod 700 {}", .0.display(), quoted(.0))]
    OpenState(PathBuf),
    /// Keys exist, but not the pepper they were hashed with.
    #[error(
        "{} is gone, and {} hashed with it; restore it from a backup, give the service the credential it \
         came from, or remove the keys from the database and issue new ones",
        .path.display(), were(*.keys)
    )]
    PepperLost {
        /// Where it was.
        path: PathBuf,
        /// How many keys depend on it.
        keys: usize,
    },
    /// The pepper is another one than the keys were hashed with, and the right one is not here.
    #[error(
        "the pepper in {} is another one than {} hashed with; restore the right one from a backup",
        .path.display(), were(*.keys)
    )]
    PepperIsAnother {
        /// Where it was read.
        path: PathBuf,
        /// How many keys depend on the right one.
        keys: usize,
    },
    /// The credential holds another pepper than the keys were hashed with; the right one lies in the state directory.
    #[error(
        "the credential holds another pepper than {} hashed with; make it anew from the right one: \
         systemd-creds encrypt --name=pepper {} /etc/credstore.encrypted/mcpd.pepper",
        were(*.keys), .file.display()
    )]
    CredentialIsAnother {
        /// The right one.
        file: PathBuf,
        /// How many keys depend on it.
        keys: usize,
    },
    /// The group of operators is not known.
    #[error(transparent)]
    Group(#[from] NoGroup),
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
    /// A file of `[tls]` cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Logging did not start.
    #[error(transparent)]
    Logs(#[from] LogError),
    /// The audit did not open.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The store did not open.
    #[error("the store could not be opened")]
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
    #[error("the running daemon did not take the bridge")]
    Bridge(#[from] CallError),
    /// The person at the machine was not let in.
    #[error("the guard refused")]
    Denied(#[from] Denied),
    /// The program could not become itself anew.
    #[error("the daemon has ended and could not start again by itself; start it")]
    StartAgain {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No state directory is known.
    #[error(transparent)]
    Place(#[from] mcpd_ipc::PlaceError),
    /// The system refused something without a name of its own.
    #[error("the system refused")]
    System(#[from] io::Error),
}

impl LifeError {
    /// Returns the error with its causes, for someone who reads no debug output.
    pub fn told(&self) -> String {
        let mut told = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            told.push_str(": ");
            told.push_str(&error.to_string());
            cause = error.source();
        }
        told
    }
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

/// Says how many keys were, as in `3 keys were`.
fn were(keys: usize) -> String {
    format!("{} {}", count(keys as u64, "key"), if keys == 1 { "was" } else { "were" })
}
