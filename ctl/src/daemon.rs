//! The daemon as the commands see it: where it is, one call at a time, and the lines to type that reach the same one.

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
    system_socket: Option<PathBuf>,
    /// How long it may take to say hello.
    timeout: Duration,
    /// How long it may take to answer.
    patience: Duration,
    /// The flags that named it, as a shell takes them, each after a blank; the environment is there next time too.
    flags: String,
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
            system_socket: surroundings.system_socket.clone(),
            timeout: global.timeout,
            patience: global.timeout,
            flags: flags(global),
        }
    }

    /// Returns the line of a shell that gives this daemon another command: `mcpctl --state-dir /srv/team keys list`.
    pub(crate) fn line(&self, command: &str) -> String {
        format!("mcpctl{} {command}", self.flags)
    }

    /// Returns what the daemon advises so that its lines, too, reach it and not the default one.
    pub(crate) fn retold(&self, advice: &str) -> String {
        const PROGRAM: &str = "mcpctl ";
        let tree = crate::command();
        let mut parts = advice.split(PROGRAM);
        let mut told = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let word = part.split(|char: char| !char.is_ascii_alphanumeric() && char != '-').next();
            match word.and_then(|word| tree.find_subcommand(word)) {
                Some(_) => told.push_str(&self.line(part)),
                // A sentence about the program.
                None => told.extend([PROGRAM, part]),
            }
        }
        told
    }

    /// Returns the socket to call: the named one, else what the place announces or defaults to. Where nothing is named
    /// and the user has no daemon of their own, it is that of the machine's.
    pub(crate) fn socket(&self) -> Result<PathBuf, Error> {
        if let Some(socket) = self.socket.as_ref().or(self.system()) {
            return Ok(socket.clone());
        }
        Ok(Place::find(self.state_dir.clone())?.socket(self.runtime_dir.as_deref()))
    }

    /// Returns the socket of the machine's own daemon, if that is the one to call.
    fn system(&self) -> Option<&PathBuf> {
        let system = self.system_socket.as_ref().filter(|socket| may_exist(socket))?;
        let own = Place::find(None).map(|place| place.socket(self.runtime_dir.as_deref()));
        let is_named = self.socket.is_some() || self.state_dir.is_some();
        (!is_named && !own.is_ok_and(|own| own.exists())).then_some(system)
    }

    /// Returns whether the state directory of the daemon to call is known.
    pub(crate) fn has_place(&self) -> bool {
        self.state_dir.is_some() || self.socket.is_none() && self.system().is_none()
    }

    /// Returns the same daemon with at least this much time to answer, for what takes time by its nature.
    pub(crate) fn patient(&self, least: Duration) -> Self {
        Self { patience: self.patience.max(least), ..self.clone() }
    }

    /// Returns how long it may take to say hello.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Connects, gives one command and returns the reply.
    pub(crate) async fn call<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        let connected = self.connect(&self.socket()?, self.timeout).await;
        let mut client = connected.map_err(|error| self.not_there(error))?;
        client.call(command).await.map_err(|error| self.advised(Error::calling(error)))
    }

    /// Connects to `socket` within `limit` and the hello's own deadline.
    pub(crate) async fn connect(&self, socket: &Path, limit: Duration) -> Result<Client, CallError> {
        let connecting = Client::connect(socket, PROGRAM, self.patience);
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
        format!("mcpd{}", self.flags)
    }

    fn advised(&self, mut error: Error) -> Error {
        error.hints.iter_mut().for_each(|hint| *hint = self.retold(hint));
        error
    }

    /// Says how to start a daemon where none answers.
    fn not_there(&self, error: CallError) -> Error {
        let is_absent = matches!(error, CallError::Unreachable { .. });
        let is_shut = matches!(error, CallError::NotPermitted { .. });
        let error = self.advised(Error::connecting(error));
        match self.system() {
            Some(_) if is_absent => error.hint("start it with: systemctl start mcpd"),
            Some(_) if is_shut => error.hint(JOIN),
            None if is_absent => error.hint(format!("start it with: {}", self.start_line())),
            Some(_) | None => error,
        }
    }
}

/// What lets a user operate the machine's daemon, as its packages set it up.
const JOIN: &str =
    "members of group mcpd may: have root run usermod --append --groups mcpd USER, then log in again";

/// Answers whether there is something, as far as this user is let to see.
fn may_exist(path: &Path) -> bool {
    match std::fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

/// Returns the flags on the command line that say which daemon.
fn flags(global: &Global) -> String {
    let named = [("--state-dir", &global.state_dir), ("--socket", &global.socket)];
    let flags = named.into_iter().filter_map(|(flag, path)| path.as_ref().map(|path| (flag, path)));
    flags.map(|(flag, path)| format!(" {flag} {}", quote::word(&path.display().to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn daemon(socket: Option<&str>, state_dir: Option<&Path>) -> Daemon {
        Daemon {
            socket: socket.map(Into::into),
            state_dir: state_dir.map(Into::into),
            runtime_dir: Some("/run/user/7".into()),
            system_socket: None,
            timeout: Duration::from_secs(1),
            patience: Duration::from_secs(1),
            flags: String::new(),
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
    fn the_machines_daemon_is_for_who_named_none_and_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let (system, runtime) = (dir.path().join("system.sock"), dir.path().join("runtime"));
        let own = runtime.join("mcpd/mcpd.sock");
        let plain = Daemon {
            runtime_dir: Some(runtime.clone()),
            system_socket: Some(system.clone()),
            ..daemon(None, None)
        };
        let default = plain.socket().unwrap();
        assert!(default != system && plain.has_place(), "it is not there");
        std::fs::write(&system, "").unwrap();
        assert!(plain.socket().unwrap() == system && !plain.has_place());
        let named = Daemon { state_dir: Some("/srv/team".into()), ..plain.clone() };
        assert_eq!(named.socket().unwrap(), Path::new("/srv/team/run/mcpd.sock"));
        let named = Daemon { socket: Some("/named.sock".into()), ..plain.clone() };
        assert_eq!(named.socket().unwrap(), Path::new("/named.sock"));
        if default == own {
            std::fs::create_dir_all(own.parent().unwrap()).unwrap();
            std::fs::write(&own, "").unwrap();
            assert!(plain.socket().unwrap() == own && plain.has_place());
        }
    }

    #[test]
    fn who_may_not_use_the_machines_daemon_hears_how() {
        let dir = tempfile::tempdir().unwrap();
        let system = dir.path().join("system.sock");
        std::fs::write(&system, "").unwrap();
        let plain = Daemon { system_socket: Some(system.clone()), ..daemon(None, None) };
        let shown = system.display().to_string();
        let shut = plain.not_there(CallError::NotPermitted { socket: shown.clone() });
        assert_eq!((shut.kind, shut.hints.len()), (Kind::NotPermitted, 2));
        assert!(shut.hints[1].contains("--groups mcpd"), "{:?}", shut.hints);
        let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let away = plain.not_there(CallError::Unreachable { socket: shown, source });
        assert!(away.hints[0].contains("systemctl start mcpd"), "{:?}", away.hints);
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

    #[test]
    fn lines_to_type_reach_the_daemon_that_flags_named() {
        let surroundings = Surroundings { socket: Some("/env.sock".into()), ..Surroundings::default() };
        let plain = Daemon::new(&Global::plain(), &surroundings);
        assert_eq!((plain.line("keys list"), plain.start_line()), ("mcpctl keys list".into(), "mcpd".into()));
        let socket = Global { socket: Some("/s".into()), ..Global::plain() };
        assert_eq!(Daemon::new(&socket, &surroundings).start_line(), "mcpd --socket /s");
        let global = Global { state_dir: Some("/my team".into()), ..socket };
        let named = Daemon::new(&global, &surroundings);
        assert_eq!(named.line("keys list"), "mcpctl --state-dir '/my team' --socket /s keys list");
        let theirs = "revoke it first: mcpctl keys revoke x; mcpctl and mcpd may be of different versions";
        assert_eq!(plain.retold(theirs), theirs);
        let ours = theirs.replacen("mcpctl keys", "mcpctl --state-dir '/my team' --socket /s keys", 1);
        assert_eq!(named.retold(theirs), ours);
        assert_eq!(named.retold("mcpctl connections"), named.line("connections"));
    }
}
