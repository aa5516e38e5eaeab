//! How MCP reaches us: Streamable HTTP, HTTP with server-sent events, WebSocket, and newline-delimited streams. Headers
//! in, replies out; meaning is the protocol's.

mod accept;
mod answers;
mod body;
mod endpoint;
mod farewell;
mod feed;
mod head;
mod heads;
mod lines;
mod observe;
mod pieces;
mod pulse;
mod push;
mod routes;
mod sockets;
mod sse;
mod stdio;
mod talk;
mod watch;
mod wire;
mod ws;

pub use accept::{Door, serve};
pub(crate) use feed::{event, event_id};
pub(crate) use head::protocol;
pub use lines::{Ends, serve_lines};
pub(crate) use lines::{Read, read_line};
pub use routes::{Http, HttpParts, Side};
pub use sockets::Sockets;
pub use stdio::{bridge, serve_stdio};
pub(crate) use ws::bounded;
