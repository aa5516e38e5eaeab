//! What operators and the daemon say to each other: commands with their replies, frames, the hello, and the typed client.
//! No business logic lives here; the daemon's side of each noun is `daemon/src/control/<noun>.rs`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod client;
mod command;
mod fault;
mod frame;
mod halves;
mod hello;
mod place;

pub mod allow;
pub mod audit;
pub mod care;
pub mod connections;
pub mod feed;
pub mod keys;
pub mod life;
pub mod memory;
pub mod projects;
pub mod redact;
pub mod sessions;
pub mod text;
pub mod tools;

pub use client::{CallError, Client, Outcome, Watcher, connect_stream};
pub use command::{Access, Command, Request};
pub use fault::{Fault, FaultKind};
pub use feed::{Feed, Subscription};
pub use frame::{FrameError, frame, read_frame, write_frame};
pub use halves::{ReadHalf, WriteHalf, halves};
pub use hello::{HELLO_LIMIT, Hello, HelloError, PROTOCOL, Purpose, Welcome};
pub use place::{Announcement, Place, PlaceError, SYSTEM_SOCKET};

/// Largest frame either side accepts unless configured otherwise, in bytes.
pub const FRAME_LIMIT: usize = 1 << 20;
