//! The protocol: JSON-RPC envelopes, revisions, methods, legacy sessions. No I/O: a transport hands in bytes and gets
//! bytes back, and never reads a meaning into them.

mod call;
#[cfg_attr(not(test), expect(dead_code, reason = "wired into the dispatcher next"))]
mod complete;
mod dispatch;
mod end;
mod envelope;
mod era;
mod error;
mod headers;
#[cfg_attr(not(test), expect(dead_code, reason = "wired into the dispatcher next"))]
mod library;
mod methods;
#[cfg_attr(not(test), expect(dead_code, reason = "wired into the dispatcher next"))]
mod prompts;
mod reply;
#[cfg_attr(not(test), expect(dead_code, reason = "wired into the dispatcher next"))]
mod resources;
mod results;
mod session;

pub use dispatch::{Ask, Mcp, Origin, check_version};
pub use envelope::{Envelope, Id, Message, Params};
pub use era::{MODERN, Revision};
pub use error::RpcError;
pub use headers::HttpHead;
pub use reply::Reply;
pub use session::{Session, SessionView, Sessions};
