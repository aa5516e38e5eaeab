//! Segmenting and ranking text in English and Chinese: a pure library, without SQL, MCP or async.
//!
//! [`segment`] turns text into the terms an index keeps; [`Query`] ranks candidate texts by BM25 and says which
//! words of the question matched.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod rank;
mod segment;

pub use rank::{Candidate, Query, Ranked};
pub use segment::{Term, segment, terms};
