//! The IP allowlist: absent means loopback only, empty means nobody, else the networks listed.

use serde::{Deserialize, Serialize};

/// Adds a network; a single address counts as a network of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowAdd {
    /// `192.168.3.0/24`, `10.1.2.3`, `fd00::/8`.
    pub cidr: String,
}

/// Lists the allowlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowList {}

/// Removes a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowRemove {
    /// As listed.
    pub cidr: String,
}

/// Asks whether an address would be let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowTest {
    /// An IPv4 or IPv6 address.
    pub address: String,
}

/// Which of its three states the allowlist is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowState {
    /// There is none: loopback only.
    LoopbackOnly,
    /// It is empty: nobody.
    Nobody,
    /// It lists networks.
    Listed,
}

/// Where an entry comes from, and so where it can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowSource {
    /// `network.allow` in the configuration file.
    File,
    /// `mcpctl allow add`.
    Operator,
}

/// One network of the allowlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowEntry {
    /// The network.
    pub cidr: String,
    /// Where it comes from.
    pub source: AllowSource,
}

/// The allowlist as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowReport {
    /// Which of three.
    pub state: AllowState,
    /// In the order of the networks.
    pub entries: Vec<AllowEntry>,
    /// What the operator should know about the change just made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whether an address would be let in, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowVerdict {
    /// The address as understood.
    pub address: String,
    /// Whether it may connect.
    pub allowed: bool,
    /// The rule that decides.
    pub because: String,
}
