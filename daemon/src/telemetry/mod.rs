//! Counting and logging. One registry feeds `/metrics`, `/stats`, `mcpctl stats` and the dashboard; an event is a
//! struct with one `emit` that writes the log line and the figures together.

mod events;
mod histogram;
mod log_line;
mod log_tail;
mod logs;
mod names;
mod panics;
mod process;
mod recorder;
mod render;
mod request_log;
mod request_tail;

pub use events::{
    AiAnswered, AllowChanged, CallAudited, CallFinished, CodeChanged, ConnectionClosed, KeyChanged,
    MemoriesChanged, ModelChanged, Origin, Outcome, Refused, RequestFinished, RequestId, RequestIds,
    SessionClosed, StoreCared, ToolsSwitched,
};
pub use histogram::Summary;
pub use log_tail::LogTail;
pub use logs::{LogError, LogGuard, LogSettings, Logs};
pub use names::Metric;
pub use process::{ProcessUse, since_boot};
pub use recorder::{Gauged, KeyMeter, KeyTotals, Recorder, ToolMeter, Totals};
pub use render::prometheus;
pub use request_log::RequestLog;
pub use request_tail::{RequestTail, Tailed};
