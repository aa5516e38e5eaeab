//! The MCP daemon: `main` is thin, and everything it does lives here so that tests can run it.
//!
//! Floors, top to bottom: cli; lifecycle; transport and control; mcp; tools; guard; quality, firewall and ai; auth,
//! memory and code; store, outbound and tls; telemetry and signals; audit; secret.
//! A floor uses those below it, never one beside or above it; `tests/architecture.rs` reads the imports.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(not(unix))]
compile_error!(
    "mcpd runs on Unix systems so far: on others nothing vouches for who is behind the local socket"
);

pub mod ai;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod code;
pub mod control;
pub mod firewall;
pub mod guard;
pub mod lifecycle;
pub mod mcp;
pub mod memory;
mod outbound;
#[doc(hidden)]
pub mod probes;
pub mod quality;
mod secret;
pub mod signals;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod tools;
pub mod transport;
