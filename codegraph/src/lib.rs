//! Source trees as a graph of what is defined and what refers to what. Pure: no SQL, no MCP, no async; the caller keeps
//! what is found and brings it back.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod extract;
pub mod facts;
pub mod git;
mod graph;
mod language;
mod languages;
pub mod probes;
pub mod smells;
pub mod survey;
pub mod tree;

pub use extract::{Extractor, Patience, Unread, likeness};
pub use facts::Facts;
pub use graph::{
    About, Direction, FileAbout, Fit, FoundNodes, Graph, Hanging, HotSpot, Imported, Leaning, Node, Reach,
    Shape, Step, Tie, Ties, Totals, Trace, Unparsed, Written,
};
pub use language::Language;
