//! Waiting for a daemon that goes or comes back: one look at its socket after another.

use std::{io::ErrorKind, path::Path, time::Duration};

use mcpd_ipc::{
    CallError,
    life::{Status, StatusReport},
};
use tokio::time::{Instant, sleep, timeout};

use crate::daemon::Daemon;

/// How much longer than its deadline a daemon may take before its going counts as failed.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// How often the socket is tried.
const PAUSE: Duration = Duration::from_millis(100);

/// What one look at the socket brought.
pub(super) enum Seen {
    /// Nobody answers.
    Nobody,
    /// Somebody is there and says nothing now.
    Silence,
    /// A daemon answers.
    Daemon(Box<StatusReport>),
}

/// Looks at the socket once, for at most `limit`.
pub(super) async fn look(daemon: &Daemon, socket: &Path, limit: Duration) -> Seen {
    match daemon.connect(socket, limit).await {
        Ok(mut client) => match timeout(limit, client.call(Status {})).await {
            Ok(Ok(status)) => Seen::Daemon(Box::new(status)),
            Ok(Err(_)) | Err(_) => Seen::Silence,
        },
        Err(CallError::Unreachable { source, .. })
            if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            Seen::Nobody
        }
        // A full queue, for one, is not absence.
        Err(CallError::Unreachable { .. } | CallError::NotPermitted { .. } | CallError::TimedOut(_)) => {
            Seen::Silence
        }
        Err(CallError::Refused(_) | CallError::Broken(_)) => Seen::Silence,
    }
}

/// A wait with an end.
pub(super) struct Wait {
    begin: Instant,
    limit: Duration,
}

impl Wait {
    /// Begins to wait.
    pub(super) fn new(limit: Duration) -> Self {
        Self { begin: Instant::now(), limit }
    }

    /// Returns how long this may still take; nothing when it is over.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.limit.saturating_sub(self.begin.elapsed());
        (!left.is_zero()).then_some(left)
    }

    /// Returns how much of a deadline that began with this wait is left.
    pub(super) fn left_of(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.begin.elapsed())
    }

    /// Waits until the next look.
    pub(super) async fn pause(&self) {
        sleep(PAUSE.min(self.left().unwrap_or_default())).await;
    }
}
