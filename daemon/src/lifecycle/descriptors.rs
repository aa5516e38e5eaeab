//! File descriptors: as many as the system gives, and how many of them are for the HTTP doors.

use mcpd_config::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::transport::Sockets;

/// Descriptors kept from the HTTP doors: listeners, bridges, logs, and what the system's own libraries open.
const RESERVE: usize = 32;

/// Operators that are held at a time, at least and at most; between, a sixteenth of all descriptors are theirs.
const OPERATORS: (usize, usize) = (24, 256);

/// Descriptors of one connection to the database: the file and its log.
const READER: usize = 2;

/// How many descriptors the process may have open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptors(usize);

impl Descriptors {
    /// Takes as many as the process may without asking anybody. Shells begin with few for the sake of programs that use
    /// `select`, and we use none.
    pub(super) fn raise() -> Self {
        let given = getrlimit(Resource::Nofile);
        if given.current != given.maximum {
            // Some systems promise more than they give; then it stays as it is.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: given.maximum, maximum: given.maximum });
        }
        let current = getrlimit(Resource::Nofile).current;
        Self(current.and_then(|current| usize::try_from(current).ok()).unwrap_or(usize::MAX))
    }

    /// Returns how many of them are for operators.
    pub(super) fn operators(self) -> usize {
        (self.0 / 16).clamp(OPERATORS.0, OPERATORS.1)
    }

    /// Divides them, and warns when the limit of connections is more than can be held.
    pub(super) fn sockets(self, config: &Config) -> Sockets {
        let reserve = RESERVE + self.operators() + READER.saturating_mul(config.store.readers as usize);
        let sockets = Sockets::new(self.0.saturating_sub(reserve).max(self.0 / 8));
        let (wanted, held) = (config.limits.connections as usize, sockets.connections());
        if config.server.http && wanted > held {
            tracing::warn!(
                descriptors = self.0,
                "limits.connections = {wanted} is more than the system's file descriptors allow: {held} connections \
                 are held; raise the limit (ulimit -n, LimitNOFILE)"
            );
        }
        sockets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_open_is_open() {
        let Descriptors(first) = Descriptors::raise();
        let Descriptors(second) = Descriptors::raise();
        assert_eq!(first, second);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }

    #[test]
    fn the_last_ones_are_kept() {
        let config = Config::load(None, &[]).unwrap();
        let held = |descriptors| Descriptors(descriptors).sockets(&config).connections();
        assert_eq!([96, 128, 4096].map(held), [22, 46, 3542]);
        assert!(held(20) >= 1);
    }
}
