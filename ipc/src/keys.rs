//! API keys: what an operator asks about them and what the daemon answers.

use serde::{Deserialize, Serialize};

/// Issues a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysAdd {
    /// Name for people, unique among living keys.
    pub name: String,
    /// `read`, `write`, `metrics`; empty means `read` and `write`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Tools the key may call, by name or `family:NAME`; empty means all that its scopes allow.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Tools the key may not call, named likewise.
    #[serde(default)]
    pub deny_tools: Vec<String>,
    /// Networks the key may be used from; empty means any that the allowlist lets in.
    #[serde(default)]
    pub cidrs: Vec<String>,
    /// Own rate, `COUNT/PERIOD`.
    #[serde(default)]
    pub rate: Option<String>,
    /// Own limit of connections at a time.
    #[serde(default)]
    pub connections: Option<u32>,
    /// Seconds until it expires.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// Whose data the key sees; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
}

/// A key just issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCreated {
    /// The key as listed.
    pub key: KeyInfo,
    /// The whole secret, shown this once.
    pub secret: Shown,
}

/// A secret on its one way to the operator: it crosses the socket, and is not printed by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shown(String);

impl Shown {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Returns the secret, for the one place that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shown(…)")
    }
}

/// Takes a key of another deployment: its holder goes on with the secret it has, which is stored hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysImport {
    /// What it may do.
    pub terms: KeysAdd,
    /// The secret its holder has.
    pub secret: Shown,
}

/// Gives a key a new secret; the one before opens the door a while longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRotate {
    /// Public id or name.
    pub key: String,
    /// Seconds the secret before goes on; absent means a day, zero ends it at once with whatever it has open.
    #[serde(default)]
    pub grace: Option<u64>,
}

/// A key with a new secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotated {
    /// The key as it is now.
    pub key: KeyInfo,
    /// The whole new secret, shown this once.
    pub secret: Shown,
}

/// Gives a key another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRename {
    /// Public id or name.
    pub key: String,
    /// The new name, unique among living keys.
    pub name: String,
}

/// Lists keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysList {}

/// All keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// Oldest first.
    pub keys: Vec<KeyInfo>,
}

/// Shows a key by id or name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysShow {
    /// Public id or name.
    pub key: String,
}

/// Revokes a key by id or name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRevoke {
    /// Public id or name.
    pub key: String,
}

/// A key that no longer opens anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevoked {
    /// The key as it is now.
    pub key: KeyInfo,
    /// Legacy sessions that ended with it.
    pub sessions_closed: usize,
}

/// Where a key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It opens the door.
    Active,
    /// Its time has run out.
    Expired,
    /// An operator revoked it.
    Revoked,
}

/// All about a key but its secret. Times are milliseconds since 1970 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// The twelve public characters.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whose data it sees.
    pub tenant: String,
    /// Where it stands in its life.
    pub state: KeyState,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Tools it may call, by name or `family:NAME`; empty means all that its scopes allow.
    pub tools: Vec<String>,
    /// Tools it may not call, named likewise.
    pub deny_tools: Vec<String>,
    /// Networks it may be used from; empty means any.
    pub cidrs: Vec<String>,
    /// Own rate, if any.
    pub rate: Option<String>,
    /// Own limit of connections, if any.
    pub connections: Option<u32>,
    /// When it was issued.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: Option<i64>,
    /// When it was last used; written in batches, so it may lag by seconds.
    pub last_used_at: Option<i64>,
    /// Whether its secret was brought along from another deployment.
    pub imported: bool,
    /// Until when the secret before the last rotation opens the door too.
    pub old_secret_until: Option<i64>,
    /// Requests since the daemon's start, refused ones included.
    pub requests: u64,
    /// How much of its rate is used up right now; absent for a key never used since the daemon's start.
    pub rate_now: Option<RateNow>,
}

/// How full a key's bucket is: `used` of `burst` tokens are out, and come back with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateNow {
    /// Tokens out.
    pub used: u32,
    /// Tokens in a full bucket.
    pub burst: u32,
}
