//! The way to the daemon: this machine's over its socket, or another's over HTTP.

use std::time::Duration;

use mcpd_ipc::Command;

use super::remote::Remote;
use crate::{daemon::Daemon, error::Error};

/// Whom the commands reach.
pub(super) enum Door {
    /// This machine's daemon.
    Here(Daemon),
    /// Another one's, which takes pushes and tells how far they are, and nothing else.
    There(Box<Remote>),
}

impl Door {
    /// Gives one command and returns the reply.
    pub(super) async fn call<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        match self {
            Self::Here(daemon) => daemon.call(command).await,
            Self::There(remote) => remote.call(command).await,
        }
    }

    /// Returns how long to wait between two looks at an analysis.
    pub(super) fn pause(&self) -> Duration {
        match self {
            Self::Here(_) => Duration::from_millis(200),
            // Every look counts as a request of the key.
            Self::There(_) => Duration::from_secs(1),
        }
    }
}
