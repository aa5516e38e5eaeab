//! The audit: its newest records, whether it is what was written, and the words that say so.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::count;

/// Reads the newest records of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditTail {
    /// As many as these, 500 at most: the newest, or those that follow `after`.
    pub limit: u32,
    /// Only those after this number; zero is from the newest backwards.
    #[serde(default)]
    pub after: u64,
    /// Only those of actors that contain this.
    #[serde(default)]
    pub actor: Option<String>,
    /// Only those of actions that contain this.
    #[serde(default)]
    pub action: Option<String>,
}

/// Records of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// Oldest first.
    pub records: Vec<AuditRecord>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its number.
    pub seq: u64,
    /// When, milliseconds since 1970; absent when it cannot be read.
    pub at: Option<i64>,
    /// Who: `uid:1000`, `key:ID`, `peer:ADDRESS`, or `mcpd` itself.
    pub actor: String,
    /// What: a command, `call`, or what the daemon did itself.
    pub action: String,
    /// To what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How it ended: `asked`, `done`, `denied` or `failed`.
    pub fate: String,
    /// Why it ended so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The record that says it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u64>,
    /// How often it happened within a second or so.
    pub times: u64,
}

/// Looks through the chain of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerify {
    /// Only records after this number.
    #[serde(default)]
    pub after: u64,
    /// A record that was there once.
    #[serde(default)]
    pub checkpoint: Option<AuditCheckpoint>,
}

/// A record by its number and seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCheckpoint {
    /// Its number.
    pub seq: u64,
    /// Its seal, 64 hexadecimal digits.
    pub mac: String,
}

/// What a look through the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// The folder.
    pub directory: String,
    /// Files that were read.
    pub files: u64,
    /// Records that are as they were written.
    pub records: u64,
    /// The number of the first; earlier ones were dropped.
    pub first: u64,
    /// The last one: what to keep elsewhere.
    pub checkpoint: AuditCheckpoint,
    /// The first record that is not as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<AuditBad>,
}

/// A record that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditBad {
    /// Its file; empty when it is in none any more.
    pub file: String,
    /// Its line there.
    pub line: u64,
    /// The number it has, or should have.
    pub seq: u64,
    /// What is wrong.
    pub why: String,
}

impl FromStr for AuditCheckpoint {
    type Err = &'static str;

    /// Reads a checkpoint as a look through the chain prints it, `SEQ:MAC`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write it as an earlier look printed it, SEQ:MAC with 64 hexadecimal digits";
        let (seq, mac) = text.trim().split_once(':').ok_or(wrong)?;
        let whole = mac.len() == 64 && mac.bytes().all(|byte| byte.is_ascii_hexdigit());
        let seq = seq.parse().ok().filter(|_| whole).ok_or(wrong)?;
        Ok(Self { seq, mac: mac.to_lowercase() })
    }
}

impl AuditReport {
    /// Says what was found: what the audit is, what stands behind that word, and further lines.
    pub fn told(&self) -> (&'static str, String, Vec<String>) {
        let Self { directory, files, records, first, checkpoint, bad } = self;
        let read = format!("{} in {}", count(*records, "record"), count(*files, "file"));
        match bad {
            None => {
                let AuditCheckpoint { seq, mac } = checkpoint;
                let from =
                    if *first > 1 { format!("; earlier than {first} are not there") } else { String::new() };
                let lines = vec![format!("checkpoint {seq}:{mac}")];
                ("sound", format!(": {read} of {directory}{from}"), lines)
            }
            Some(AuditBad { file, line, seq, why }) => {
                let place = if file.is_empty() {
                    String::new()
                } else {
                    format!(" ({directory}/{file}, line {line})")
                };
                let lines =
                    vec![format!("record {seq}{place}: {why}"), format!("before it {read} are sound")];
                ("not what was written", String::new(), lines)
            }
        }
    }
}
