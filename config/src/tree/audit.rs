//! What is recorded of who did what.

use std::path::PathBuf;

use serde::Deserialize;

use crate::word::AuditedCalls;
use crate::{size, written};

/// What is recorded of who did what.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Which calls of clients are recorded beside those that are denied.
    pub calls: AuditedCalls,
    /// Folder of the records; absent is `audit` in the state directory.
    #[serde(default, deserialize_with = "written::path")]
    pub directory: Option<PathBuf>,
    /// Bytes after which another file is begun.
    #[serde(deserialize_with = "size::bytes")]
    pub file_size: u64,
    /// Files that are kept, the one that is written included.
    #[serde(deserialize_with = "size::at_least_one")]
    pub keep: u32,
}
