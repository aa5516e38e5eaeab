//! Everything the program takes from outside its arguments, read once so that tests can pass their own.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Read},
    path::PathBuf,
};

use mcpd_ipc::SYSTEM_SOCKET;

use crate::text;

/// What surrounds one run of the program; the default is a world in which nothing is there.
pub struct Surroundings {
    /// `MCPD_SOCKET`.
    pub socket: Option<PathBuf>,
    /// `MCPD_STATE_DIR`.
    pub state_dir: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// Where the daemon that serves the whole machine would have its socket.
    pub system_socket: Option<PathBuf>,
    /// The user's home directory, where clients keep their configuration.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, where some clients keep it instead.
    pub config_home: Option<PathBuf>,
    /// The running executable, to find its neighbour `mcpd`.
    pub executable: Option<PathBuf>,
    /// The id of the user who runs this, where the system tells.
    pub user: Option<u32>,
    /// Milliseconds since 1970.
    pub now: i64,
    /// Where answers, secrets and arguments given as `-` are read from.
    pub stdin: Box<dyn Read>,
    /// Which ends a person sits at.
    pub terminal: Terminal,
}

/// Which ends of the program are a terminal, and what that terminal is like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Whether a person would have to type what is read.
    pub stdin: bool,
    /// Whether a person sees the output.
    pub stdout: bool,
    /// Whether a person sees errors and notes.
    pub stderr: bool,
    /// Columns, where a terminal says.
    pub width: Option<u16>,
    /// Whether `NO_COLOR` is set or the terminal is `dumb`.
    pub no_color: bool,
}

impl Surroundings {
    /// Reads the process's environment, clock, terminal and standard input.
    pub fn read() -> Self {
        Self {
            socket: path(std::env::var_os("MCPD_SOCKET")),
            state_dir: path(std::env::var_os("MCPD_STATE_DIR")),
            runtime_dir: path(std::env::var_os("XDG_RUNTIME_DIR")),
            system_socket: Some(SYSTEM_SOCKET.into()),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            config_home: path(std::env::var_os("XDG_CONFIG_HOME")).filter(|dir| dir.is_absolute()),
            executable: std::env::current_exe().ok(),
            user: user(),
            now: chrono::Utc::now().timestamp_millis(),
            stdin: Box::new(io::stdin()),
            terminal: Terminal::read(),
        }
    }

    /// Reads one line of standard input, without what ends it; a longer one than `limit` bytes is an error.
    pub(crate) fn line(&mut self, limit: u64) -> io::Result<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        // Byte by byte: what follows the line belongs to whoever reads next.
        while self.stdin.read(&mut byte)? == 1 && byte != *b"\n" {
            line.push(byte[0]);
            check(&line, limit)?;
        }
        utf8(line)
    }

    /// Reads standard input to its end; more than `limit` bytes are an error.
    pub(crate) fn text(&mut self, limit: u64) -> io::Result<String> {
        let mut text = Vec::new();
        (&mut self.stdin).take(limit + 1).read_to_end(&mut text)?;
        check(&text, limit)?;
        utf8(text)
    }
}

/// Fails when more was read than there should be.
fn check(read: &[u8], limit: u64) -> io::Result<()> {
    if read.len() as u64 <= limit {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {}", text::bytes(limit))))
}

fn utf8(read: Vec<u8>) -> io::Result<String> {
    String::from_utf8(read).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            socket: None,
            state_dir: None,
            runtime_dir: None,
            system_socket: None,
            home: None,
            config_home: None,
            executable: None,
            user: None,
            now: 0,
            stdin: Box::new(io::empty()),
            terminal: Terminal::default(),
        }
    }
}

impl Terminal {
    fn read() -> Self {
        let (stdout, stderr) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        // The size is asked of the terminal itself; COLUMNS is not looked at.
        let width = (stdout || stderr).then(crossterm::terminal::size).and_then(Result::ok);
        Self {
            stdin: io::stdin().is_terminal(),
            stdout,
            stderr,
            width: width.map(|(columns, _)| columns).filter(|columns| *columns > 0),
            no_color: is_set("NO_COLOR") || is_dumb,
        }
    }
}

/// Returns the user's id as the system shows it on the process's own directory.
#[cfg(unix)]
fn user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|process| process.uid())
}

/// Returns nothing: files have no user ids here.
#[cfg(not(unix))]
fn user() -> Option<u32> {
    None
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

    #[test]
    fn lines_are_read_one_at_a_time() {
        let mut surroundings =
            Surroundings { stdin: Box::new(io::Cursor::new("one\ntwo")), ..Surroundings::default() };
        assert_eq!(surroundings.line(3).unwrap(), "one");
        assert_eq!(surroundings.line(3).unwrap(), "two");
        assert_eq!(surroundings.line(3).unwrap(), "");
        surroundings.stdin = Box::new(io::Cursor::new([0xff, b'\n']));
        assert!(surroundings.line(3).is_err());
    }

    #[test]
    fn what_never_ends_is_not_read_for_ever() {
        let endless = || Surroundings { stdin: Box::new(io::repeat(b'x')), ..Surroundings::default() };
        assert_eq!(endless().line(2_000).unwrap_err().to_string(), "it is longer than 2.0 kB");
        assert_eq!(endless().text(2_000).unwrap_err().to_string(), "it is longer than 2.0 kB");
        let stdin = Box::new(io::Cursor::new("abc"));
        assert_eq!(Surroundings { stdin, ..Surroundings::default() }.text(3).unwrap(), "abc");
    }
}
