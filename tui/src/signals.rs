//! Being told to end politely: the terminal is given back then too.

use std::io;

/// Hears that the process is told to end, or that its terminal is gone.
#[cfg(unix)]
pub(crate) struct Hangup {
    // A Ctrl-C is a key while the terminal is raw; this is one that somebody sends.
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Hangup {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Returns when it was told.
    pub(crate) async fn came(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Hears nothing: elsewhere there are no such signals.
#[cfg(not(unix))]
pub(crate) struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Never returns.
    pub(crate) async fn came(&mut self) {
        std::future::pending().await
    }
}
