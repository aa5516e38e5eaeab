//! The protocol: JSON-RPC envelopes, revisions, methods, legacy sessions. No I/O: a transport hands in bytes and gets
//! bytes back, and never reads a meaning into them.

mod batch;
mod call;
mod complete;
mod dispatch;
mod end;
mod envelope;
mod era;
mod error;
mod exchange;
#[cfg(feature = "testing")]
mod fixtures;
mod headers;
mod library;
mod listen;
mod methods;
mod news;
mod outlet;
mod prompts;
mod reply;
mod resources;
mod results;
mod rounds;
mod serve;
mod session;
mod voice;

pub use dispatch::{Ask, Line, Mcp, Origin, check_version};
pub use envelope::{Envelope, Id, Message, Params};
pub use era::{MODERN, Revision};
pub use error::RpcError;
pub use headers::HttpHead;
pub use library::Library;
pub use news::News;
pub use outlet::{Lazy, Outlet};
pub use reply::{Payload, Reply};
pub(crate) use session::read_event_id;
pub use session::{Reader, Session, SessionView, Sessions, Track};
