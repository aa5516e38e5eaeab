//! Counting and logging. One registry feeds `/metrics`, `/stats`, `mcpctl stats` and the dashboard; an event is a
//! struct with one `emit` that writes the log line and the figures together.

mod events;
mod histogram;
mod logs;
mod names;
mod recorder;
mod render;
mod request_log;

pub use events::{
    CallFinished, KeyChanged, Origin, Outcome, Refused, RequestFinished, RequestId, RequestIds, ToolsSwitched,
};
pub use histogram::Summary;
pub use logs::{LogError, LogGuard, LogSettings, Logs};
pub use names::Metric;
pub use recorder::{Gauged, Recorder, ToolMeter, Totals};
pub use render::prometheus;
pub use request_log::RequestLog;
