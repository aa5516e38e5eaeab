//! Everything the program takes from outside its arguments, read once so that tests can pass their own.

use std::{
    ffi::OsString,
    io::{IsTerminal, Read},
    path::PathBuf,
};

/// What surrounds one run of the program.
pub struct Surroundings {
    /// `MCPD_SOCKET`.
    pub socket: Option<PathBuf>,
    /// `MCPD_STATE_DIR`.
    pub state_dir: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// The running executable, to find its neighbour `mcpd`.
    pub executable: Option<PathBuf>,
    /// Milliseconds since 1970.
    pub now: i64,
    /// Where `tools call --args -` reads from.
    pub stdin: Box<dyn Read>,
    /// Whether a person would have to type what is read from `stdin`.
    pub stdin_is_terminal: bool,
}

impl Surroundings {
    /// Reads the process's environment, clock and standard input.
    pub fn read() -> Self {
        Self {
            socket: path(std::env::var_os("MCPD_SOCKET")),
            state_dir: path(std::env::var_os("MCPD_STATE_DIR")),
            runtime_dir: path(std::env::var_os("XDG_RUNTIME_DIR")),
            executable: std::env::current_exe().ok(),
            now: chrono::Utc::now().timestamp_millis(),
            stdin: Box::new(std::io::stdin()),
            stdin_is_terminal: std::io::stdin().is_terminal(),
        }
    }
}

/// Returns the path in a variable; an empty one counts as not set.
fn path(value: Option<OsString>) -> Option<PathBuf> {
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_not_set() {
        assert_eq!(path(Some("".into())), None);
        assert_eq!(path(Some("/x".into())), Some("/x".into()));
    }
}
