//! One record: what somebody did, as a line of JSON whose last member seals it together with the line before.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use hmac::{Hmac, KeyInit, Mac as _};
use mcpd_ipc::redact::redacted;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What seals a line: HMAC-SHA-256 (RFC 2104) over the seal of the line before and the line itself.
pub(super) type Mac = [u8; 32];

/// What stands for the seal before the first line.
pub(super) const GENESIS: Mac = [0; 32];

/// Between what is sealed and the seal.
const MEMBER: &[u8] = b",\"mac\":\"";

/// Longest line, in bytes: what a record says is cut to a fraction of it, whatever JSON makes of it.
pub(super) const LONGEST: usize = 64 * 1024;

/// Longest word of a record, in bytes.
const LONGEST_WORD: usize = 1024;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is about to be done; another record tells how that ended.
    Asked,
    /// It was done.
    Done,
    /// It was not allowed.
    Denied,
    /// It was tried, and failed.
    Failed,
}

impl Fate {
    /// Returns the word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// Something somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Deed {
    /// Who: `uid:1000`, `key:ID`, an address where nobody was recognised, `mcpd` itself.
    pub actor: String,
    /// What: the name of a command, `call`, or what the daemon did itself.
    pub action: Cow<'static, str>,
    /// To what: a key, a network, a tool.
    pub subject: Option<String>,
    /// How it ended.
    pub fate: Fate,
    /// Why it ended so.
    pub why: Option<String>,
    /// The record that says it was asked for.
    pub answers: Option<u64>,
}

impl Deed {
    /// Returns something that the daemon did itself.
    pub fn own(action: &'static str) -> Self {
        let (actor, action) = ("mcpd".to_owned(), action.into());
        Self { actor, action, subject: None, fate: Fate::Done, why: None, answers: None }
    }

    /// Returns the deed as it may be recorded: every word bounded and without secrets.
    pub(super) fn clean(self) -> Self {
        let (actor, subject, why) = (clean(self.actor), self.subject.map(clean), self.why.map(clean));
        Self { actor, subject, why, ..self }
    }
}

/// A deed as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number, from 1 on without a gap.
    pub seq: u64,
    /// When, as RFC 3339 in UTC with milliseconds.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How it ended.
    pub fate: Fate,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The record that says it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u64>,
    /// How often it happened within a second or so; absent is once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// In the first record of a file: the seal of the record before, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<String>,
}

impl Record {
    /// Makes the record of a deed.
    pub(super) fn of(seq: u64, at: DateTime<Utc>, deed: Deed, times: u64) -> Self {
        let Deed { actor, action, subject, fate, why, answers } = deed;
        let (at, action) = (at.to_rfc3339_opts(SecondsFormat::Millis, true), action.into_owned());
        let times = Some(times).filter(|times| *times > 1);
        Self { seq, at, actor, action, subject, fate, why, answers, times, prev: None }
    }

    /// Returns when it was made, in UTC milliseconds since 1970.
    pub fn millis(&self) -> Option<i64> {
        DateTime::parse_from_rfc3339(&self.at).ok().map(|at| at.timestamp_millis())
    }

    /// Reads a line without asking whether its seal is right.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

/// Cuts a word, and takes out what looks like a secret: a name that somebody typed may be a key that was pasted.
fn clean(mut text: String) -> String {
    if text.len() > LONGEST_WORD {
        text.truncate(text.floor_char_boundary(LONGEST_WORD));
        text.push('…');
    }
    match redacted(text.as_bytes()) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => String::from_utf8_lossy(&clean).into_owned(),
    }
}

/// What lines are sealed with.
#[derive(Clone)]
pub(super) struct Seal(Hmac<Sha256>);

impl Seal {
    /// Takes the key.
    pub(super) fn new(key: &[u8]) -> std::io::Result<Self> {
        Hmac::new_from_slice(key).map(Self).map_err(std::io::Error::other)
    }

    /// Writes the line of a record and returns its seal.
    pub(super) fn write(&self, before: &Mac, record: &Record, line: &mut Vec<u8>) -> std::io::Result<Mac> {
        let start = line.len();
        serde_json::to_writer(&mut *line, record)?;
        line.pop(); // the brace that closes the object
        let mac = self.over(before, &line[start..]);
        line.extend_from_slice(MEMBER);
        line.extend_from_slice(hex(&mac).as_bytes());
        line.extend_from_slice(b"\"}\n");
        Ok(mac)
    }

    /// Reads a line, without its end, whose seal must be right; returns the record and its seal.
    pub(super) fn read(&self, before: &Mac, line: &[u8]) -> Option<(Record, Mac)> {
        let (sealed, mac) = split(line)?;
        let mut hmac = self.0.clone();
        hmac.update(before);
        hmac.update(sealed);
        hmac.verify_slice(&mac).ok()?;
        Some((Record::read(line)?, mac))
    }

    /// Returns the seal over `text` after `before`.
    pub(super) fn over(&self, before: &Mac, text: &[u8]) -> Mac {
        let mut hmac = self.0.clone();
        hmac.update(before);
        hmac.update(text);
        hmac.finalize().into_bytes().into()
    }
}

/// Splits a line into what is sealed and its seal.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], Mac)> {
    let rest = line.strip_suffix(b"\"}")?;
    let (rest, mac) = rest.split_at_checked(rest.len().checked_sub(64)?)?;
    Some((rest.strip_suffix(MEMBER)?, unhex(std::str::from_utf8(mac).ok()?)?))
}

/// Writes bytes in hexadecimal.
pub(super) fn hex(mac: &Mac) -> String {
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads 32 bytes of hexadecimal.
pub(super) fn unhex(text: &str) -> Option<Mac> {
    let mut mac = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in mac.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    // One seal has one text: it is in the line that must not be changed.
    (hex(&mac) == text).then_some(mac)
}
