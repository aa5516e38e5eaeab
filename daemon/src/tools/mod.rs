//! The built-in tools: one trait, one ordered registry, a folder per family, a file per tool.

mod ai;
mod call;
mod code;
mod context;
mod error;
mod firewall;
#[cfg(feature = "testing")]
mod fixtures;
mod health;
pub(crate) mod markdown;
mod memory;
mod params;
mod quality;
mod registry;
mod schema;
mod stats;
mod text;
pub(crate) mod time;
mod tool;

pub use call::{Call, LogLevel, Progress, Question, Silent, Unanswered, Voice, Wish};
#[cfg(test)]
pub(crate) use context::Choice;
pub(crate) use context::{Picture, ROWS, gather};
pub use error::{Code, ToolError};
pub use health::{Condition, Health};
pub use registry::{
    Arguments, BadSchema, Cost, Registry, Shelves, Standing, Summarised, SwitchError, Switched,
};
pub use stats::stats;
pub use tool::{Answer, Family, Tool};
