//! Taking care of the daemon: examining it, saving what it keeps, putting a copy back.

use serde::{Deserialize, Serialize};

/// Examines store, permissions, socket, ports, clock, disk and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doctor {}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorReport {
    /// One for each thing that was looked at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What: `store`, `disk`, `clock`.
    pub name: String,
    /// How it fares.
    pub verdict: Verdict,
    /// What was found, one lower-case sentence.
    pub found: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// How something fares, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, and should be looked at.
    Warning,
    /// Does not work, or will not for long.
    Problem,
}

/// Writes a copy of everything kept, keys and pepper included, while the daemon serves, and verifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The file to make, an absolute path of the daemon's machine.
    pub file: String,
    /// Whether it may take the place of a file that is there.
    #[serde(default)]
    pub overwrite: bool,
}

/// Verifies a backup, drains, puts it in place and starts again. What was there is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// The backup, an absolute path of the daemon's machine.
    pub file: String,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// The file.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// When it was made, milliseconds since 1970.
    pub made_at: i64,
    /// The version of mcpd that made it.
    pub version: String,
    /// Keys in it, revoked ones included.
    pub keys: u64,
    /// Projects in it.
    pub projects: u64,
    /// Memories in it.
    pub memories: u64,
}

/// A backup is about to be put in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoring {
    /// What it holds.
    pub backup: BackupReport,
    /// Where what is there now will be kept.
    pub kept: String,
    /// The daemon that ends; the one that comes back has another instance.
    pub instance: String,
    /// Calls in flight, which are answered first.
    pub calls_in_flight: u64,
    /// Seconds they may take.
    pub deadline: u64,
}
