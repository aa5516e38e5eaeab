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
pub mod connections;
pub mod keys;
pub mod life;
pub mod tools;

pub use client::{CallError, Client, Outcome, connect_stream};
pub use command::{Access, Command, Request};
pub use fault::{Fault, FaultKind};
pub use frame::{FrameError, read_frame, write_frame};
pub use halves::{ReadHalf, WriteHalf, halves};
pub use hello::{HELLO_LIMIT, Hello, PROTOCOL, Purpose, Welcome};
pub use place::{Announcement, Place, PlaceError};

/// Largest frame either side accepts unless configured otherwise, in bytes.
pub const FRAME_LIMIT: usize = 1 << 20;
