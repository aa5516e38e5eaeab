//! Where a daemon lives: its state directory, its socket, and the announcement that ties the two.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Name of the file in the state directory that the running daemon locks and writes itself into.
const LOCK_FILE: &str = "mcpd.lock";

/// Where the daemon that is a service of the whole machine has its socket.
pub const SYSTEM_SOCKET: &str = "/run/mcpd/mcpd.sock";

/// Why no place could be found.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The user has no home directory.
    #[error("no home directory is known: set HOME, or name a state directory with --state-dir")]
    NoHome,
}

/// The directories and files one daemon uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The state directory: database, pepper, lock, logs.
    pub state: PathBuf,
    /// The default configuration file.
    pub config: PathBuf,
    /// Whether the state directory was named by the user rather than found.
    named: bool,
}

/// What a running daemon writes into its lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The daemon's process id.
    pub pid: u32,
    /// The socket it answers on.
    pub socket: PathBuf,
}

impl Place {
    /// Finds the place: a named state directory, or the platform's.
    ///
    /// A named state directory brings its own configuration file along, so that two daemons never share one by accident.
    pub fn find(state: Option<PathBuf>) -> Result<Self, PlaceError> {
        if let Some(state) = state {
            let state = std::path::absolute(&state).unwrap_or(state);
            return Ok(Self { config: state.join("mcpd.toml"), state, named: true });
        }
        let dirs = directories::ProjectDirs::from("", "", "mcpd").ok_or(PlaceError::NoHome)?;
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
        Ok(Self { state, config: dirs.config_dir().join("mcpd.toml"), named: false })
    }

    /// Returns whether the user named the state directory.
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// Returns the lock file of the state directory.
    pub fn lock_file(&self) -> PathBuf {
        self.state.join(LOCK_FILE)
    }

    /// Returns where the daemon of this place puts its socket unless told otherwise.
    ///
    /// `runtime_dir` is `$XDG_RUNTIME_DIR`; it only serves the platform's own state directory, since it is one per user.
    pub fn default_socket(&self, runtime_dir: Option<&Path>) -> PathBuf {
        match runtime_dir {
            Some(runtime) if !self.named && runtime.is_absolute() => runtime.join("mcpd").join("mcpd.sock"),
            _ => self.own_socket(),
        }
    }

    /// Returns the socket inside the state directory, which no other daemon uses.
    pub fn own_socket(&self) -> PathBuf {
        self.state.join("run").join("mcpd.sock")
    }

    /// Returns what the running (or last) daemon of this state directory announced.
    pub fn announced(&self) -> Option<Announcement> {
        let text = std::fs::read(self.lock_file()).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Returns the socket to call: the announced one, else the default.
    pub fn socket(&self, runtime_dir: Option<&Path>) -> PathBuf {
        self.announced().map_or_else(|| self.default_socket(runtime_dir), |found| found.socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_state_directory_never_uses_the_runtime_directory() {
        let place = Place::find(Some("/srv/team".into())).unwrap();
        let runtime = Path::new("/run/user/1000");
        assert_eq!(place.default_socket(Some(runtime)), Path::new("/srv/team/run/mcpd.sock"));
        assert_eq!(place.config, Path::new("/srv/team/mcpd.toml"));
    }

    #[test]
    fn the_announcement_wins_over_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::find(Some(dir.path().to_owned())).unwrap();
        assert_eq!(place.socket(None), dir.path().join("run/mcpd.sock"));
        let said = Announcement { pid: 7, socket: "/elsewhere.sock".into() };
        std::fs::write(place.lock_file(), serde_json::to_vec(&said).unwrap()).unwrap();
        assert_eq!(place.socket(None), Path::new("/elsewhere.sock"));
    }
}
