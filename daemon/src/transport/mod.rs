//! How MCP reaches us: HTTP, and newline-delimited streams. Headers in, replies out; meaning is the protocol's.

mod accept;
mod answers;
mod endpoint;
mod head;
mod lines;
mod observe;
mod routes;
mod sse;
mod stdio;

pub use accept::{Door, serve};
pub use lines::{Ends, serve_lines};
pub use routes::{Http, RequestIds};
pub use stdio::{bridge, serve_stdio};
