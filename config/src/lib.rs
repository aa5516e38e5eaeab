//! The typed configuration of mcpd: one tree, one annotated default, layers, complaints.
//!
//! What lives here: the settings and their meaning ([`Config`]), how they are read and layered, what is
//! said when they are wrong ([`Complaints`]), and which changes a running daemon takes ([`changes`]).
//! What doesn't: where files are looked for, what is done with a value. Those are the daemon's.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod address;
mod change;
mod check;
mod complaint;
mod draft;
mod layers;
mod load;
mod nearest;
mod period;
mod rate;
mod reference;
mod size;
mod tree;
mod word;
mod written;

pub use change::{Change, Effect, changes, keys, merge_live};
pub use complaint::{Complaint, Complaints};
pub use layers::{Origin, Overrides};
pub use nearest::nearest;
pub use rate::{Rate, RateError};
pub use reference::{REFERENCE, starter};
pub use tree::{
    Ai, Audit, Auth, Code, Config, Control, Embeddings, KnownBy, Limits, Memory, Network, Quality, Server,
    Store, Telemetry, Tls, TlsClient, Tools,
};
pub use word::{
    AiProvider, AuditedCalls, EmbeddingSource, ForwardedHeader, LogFormat, Profile, Rotation, SecretRule,
    ToolFamily, UnknownWord,
};
