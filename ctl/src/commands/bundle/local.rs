//! What of a bundle lies on this machine: what it is, what is seen of the daemon from outside, its configuration, and its
//! log when the daemon does not tell it.

use std::{
    fmt::Write,
    fs,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

use mcpd_ipc::Place;

use crate::{
    commands::doctor,
    daemon::Daemon,
    error::{Error, Kind},
    file::cannot,
    surroundings::Surroundings,
};

/// Bytes of the newest log file that are read, from its end.
const LOG: u64 = 2 * 1024 * 1024;
/// Longest configuration that is read, in bytes.
const CONFIGURATION: u64 = 1024 * 1024;

/// Says what the machine is.
pub(super) fn machine() -> String {
    let mut said = format!("system     {} {}\n", std::env::consts::OS, std::env::consts::ARCH);
    let mut say = |name: &str, text: &str| {
        let _ = writeln!(said, "{name:<10} {text}");
    };
    if let Ok(processors) = std::thread::available_parallelism() {
        say("processors", &processors.to_string());
    }
    for (name, file, begin) in [
        ("kernel", "/proc/sys/kernel/osrelease", ""),
        ("release", "/etc/os-release", "PRETTY_NAME="),
        ("memory", "/proc/meminfo", "MemTotal:"),
        ("load", "/proc/loadavg", ""),
    ] {
        let text = fs::read_to_string(file).unwrap_or_default();
        if let Some(found) = text.lines().find_map(|line| line.strip_prefix(begin)) {
            say(name, found.trim().trim_matches('"'));
        }
    }
    said
}

/// Says what is seen without the daemon.
pub(super) fn checks(daemon: &Daemon, surroundings: &Surroundings) -> Result<String, Error> {
    let mut said = String::new();
    for check in doctor::local_checks(daemon, surroundings)? {
        let _ = writeln!(said, "{:?}  {}: {}", check.verdict, check.name, check.found);
    }
    Ok(said)
}

/// Returns what the configuration sets: the file the daemon read, else its default place, without comments.
pub(super) fn configuration(daemon: &Daemon, read: Option<PathBuf>) -> Result<String, Error> {
    let path = match read {
        Some(path) => path,
        None => Place::find(daemon.state_dir.clone())?.config,
    };
    let mut text = String::new();
    let opened = fs::File::open(&path).and_then(|file| file.take(CONFIGURATION).read_to_string(&mut text));
    opened.map_err(|error| cannot("read", &path, error))?;
    let set = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let set: Vec<&str> = set.collect();
    Ok(format!("{}\n\n{}", path.display(), set.join("\n")))
}

/// Returns the newest lines of the newest file in the default place of logs.
pub(super) fn log(daemon: &Daemon, lines: usize) -> Result<String, Error> {
    let folder = Place::find(daemon.state_dir.clone())?.state.join("logs");
    let failed = |error| cannot("read", &folder, error);
    let files = fs::read_dir(&folder).map_err(failed)?.filter_map(|entry| Some(entry.ok()?.path()));
    let newest = files.filter(|file| file.extension().is_some_and(|end| end == "log")).max();
    let Some(newest) = newest else {
        return Err(Error::new(Kind::NotFound, format!("{} has no log", folder.display())));
    };
    let mut bytes = Vec::new();
    let mut read = || {
        let mut file = fs::File::open(&newest)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG)))?;
        file.take(LOG).read_to_end(&mut bytes)
    };
    read().map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    Ok(all[all.len().saturating_sub(lines)..].join("\n"))
}
