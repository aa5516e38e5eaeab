//! The daemon as the commands see it: where it is, and one call at a time.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use mcpd_ipc::{CallError, Client, Command, Feed, Place, Watcher};
use tokio::time::timeout;

use crate::{cli::Global, error::Error, quote, surroundings::Surroundings};

/// What the daemon writes into its log about us.
pub(crate) const PROGRAM: &str = concat!("mcpctl/", env!("CARGO_PKG_VERSION"));

/// A daemon that may or may not be running; nothing is looked up before the first call.
#[derive(Debug, Clone)]
pub(crate) struct Daemon {
    /// The socket somebody named.
    pub(crate) socket: Option<PathBuf>,
    /// The state directory somebody named.
    pub(crate) state_dir: Option<PathBuf>,
    runtime_dir: Option<PathBuf>,
    timeout: Duration,
}

impl Daemon {
    /// Takes what was named: flags beat the environment, and a state directory named by a flag beats a socket named there.
    pub(crate) fn new(global: &Global, surroundings: &Surroundings) -> Self {
        Self {
            socket: global.socket.clone().or_else(|| match global.state_dir {
                Some(_) => None,
                None => surroundings.socket.clone(),
            }),
            state_dir: global.state_dir.clone().or_else(|| surroundings.state_dir.clone()),
            runtime_dir: surroundings.runtime_dir.clone(),
            timeout: global.timeout,
        }
    }

    /// Returns the socket to call: the named one, else what the place announces or defaults to.
    pub(crate) fn socket(&self) -> Result<PathBuf, Error> {
        match &self.socket {
            Some(socket) => Ok(socket.clone()),
            None => Ok(Place::find(self.state_dir.clone())?.socket(self.runtime_dir.as_deref())),
        }
    }

    /// Returns the same daemon with at least this much time to answer, for what takes time by its nature.
    pub(crate) fn patient(&self, least: Duration) -> Self {
        Self { timeout: self.timeout.max(least), ..self.clone() }
    }

    /// Connects, gives one command and returns the reply.
    pub(crate) async fn call<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        let connected = self.connect(&self.socket()?, self.timeout).await;
        let mut client = connected.map_err(|error| self.not_there(error))?;
        client.call(command).await.map_err(Error::calling)
    }

    /// Connects to `socket` within `limit` and the hello's own deadline.
    pub(crate) async fn connect(&self, socket: &Path, limit: Duration) -> Result<Client, CallError> {
        let connecting = Client::connect(socket, PROGRAM, self.timeout);
        timeout(limit, connecting).await.unwrap_or(Err(CallError::TimedOut(limit)))
    }

    /// Connects and asks for a feed.
    pub(crate) async fn watch<F: Feed>(&self, feed: F) -> Result<Watcher<F>, Error> {
        let socket = self.socket()?;
        let opened = timeout(self.timeout, Watcher::open(&socket, PROGRAM, feed)).await;
        opened.unwrap_or(Err(CallError::TimedOut(self.timeout))).map_err(|error| self.not_there(error))
    }

    /// Returns the line of a shell that starts this daemon.
    pub(crate) fn start_line(&self) -> String {
        match &self.state_dir {
            Some(dir) => format!("mcpd --state-dir {}", quote::word(&dir.display().to_string())),
            None => "mcpd".into(),
        }
    }

    /// Says how to start a daemon where none answers.
    fn not_there(&self, error: CallError) -> Error {
        let is_absent = matches!(error, CallError::Unreachable { .. });
        let error = Error::connecting(error);
        if is_absent { error.hint(format!("start it with: {}", self.start_line())) } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daemon(socket: Option<&str>, state_dir: Option<&Path>) -> Daemon {
        Daemon {
            socket: socket.map(Into::into),
            state_dir: state_dir.map(Into::into),
            runtime_dir: Some("/run/user/7".into()),
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_named_socket_beats_the_announcement_and_that_beats_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let named = daemon(None, Some(dir.path()));
        assert_eq!(named.socket().unwrap(), dir.path().join("run/mcpd.sock"));
        std::fs::write(dir.path().join("mcpd.lock"), r#"{"pid":1,"socket":"/announced.sock"}"#).unwrap();
        assert_eq!(named.socket().unwrap(), Path::new("/announced.sock"));
        let both = daemon(Some("/named.sock"), Some(dir.path()));
        assert_eq!(both.socket().unwrap(), Path::new("/named.sock"));
    }

    #[test]
    fn flags_beat_the_environment() {
        let surroundings = Surroundings {
            socket: Some("/env.sock".into()),
            state_dir: Some("/env".into()),
            ..Surroundings::default()
        };
        let mut global = Global::plain();
        assert_eq!(Daemon::new(&global, &surroundings).socket, Some("/env.sock".into()));
        global.socket = Some("/flag.sock".into());
        global.state_dir = Some("/flag".into());
        let named = Daemon::new(&global, &surroundings);
        assert_eq!((named.socket, named.state_dir), (Some("/flag.sock".into()), Some("/flag".into())));
    }
}
