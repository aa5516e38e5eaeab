//! Segmenting and ranking text in English and Chinese: a pure library, without SQL, MCP or async.
//!
//! [`segment`] turns a text into the terms that are kept with it; an [`Index`] in memory answers a [`Question`] by
//! BM25, by the vectors of a sentence model ([`Encoder`]) where there are any, and says which words matched.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod embed;
mod index;
mod postings;
mod question;
mod search;
mod segment;
pub mod vectors;
mod words;

pub use embed::{Encoder, ModelError};
pub use index::Index;
pub use question::Question;
pub use search::{Direction, Feedback, Found, Hit, Tuning, score};
pub use segment::{ANALYSIS, Term, segment, terms};
pub use vectors::{Vectors, cosine};
