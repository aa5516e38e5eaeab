//! How MCP reaches us: HTTP, and newline-delimited streams. Headers in, replies out; meaning is the protocol's.

mod accept;
mod answers;
mod body;
mod endpoint;
mod farewell;
mod head;
mod lines;
mod observe;
mod pulse;
mod routes;
mod sockets;
mod sse;
mod stdio;
mod watch;

pub use accept::{Door, serve};
pub use body::Bodies;
pub use lines::{Ends, serve_lines};
pub use routes::{Http, RequestIds};
pub use sockets::Sockets;
pub use stdio::{bridge, serve_stdio};
