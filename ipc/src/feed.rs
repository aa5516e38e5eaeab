//! Feeds: news for as long as somebody listens. Each begins with the whole and goes on with the newest; whoever reads
//! slowly skips, and is told how much.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::life::{StatsReport, StatusReport};

/// Something that can be listened to: its arguments are the type itself.
pub trait Feed: Serialize + Into<Subscription> {
    /// What comes, again and again.
    type News: Serialize + DeserializeOwned;
}

macro_rules! feeds {
    ($( $(#[$doc:meta])* $name:ident -> $news:ty; )*) => {
        /// Every feed, as it is asked for: `{"feed": "watch_daemon", "args": {…}}`.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(tag = "feed", content = "args", rename_all = "snake_case")]
        pub enum Subscription {
            $( $(#[$doc])* $name($name), )*
        }

        $(
            impl Feed for $name { type News = $news; }
            impl From<$name> for Subscription {
                fn from(feed: $name) -> Self { Self::$name(feed) }
            }
        )*
    };
}

feeds! {
    /// The whole picture of the daemon, again at each interval.
    WatchDaemon   -> Picture;
    /// Requests as they are answered.
    WatchRequests -> RequestBatch;
    /// The log: its last lines, then those that are written.
    WatchLogs     -> LogBatch;
}

/// Asks for the picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchDaemon {
    /// Milliseconds between two pictures; the daemon takes 100 to 60,000.
    pub every_ms: u64,
}

/// Asks for requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchRequests {}

/// Asks for the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchLogs {
    /// Lines that were written before, at most, after the filters below; the daemon gives 10,000 at most.
    pub lines: u32,
    /// Whether to go on with what is written later; if not, the feed ends after the first batch.
    pub follow: bool,
    /// The least severe level that is wanted.
    #[serde(default)]
    pub level: Option<Severity>,
    /// Only lines whose target begins so: `mcpd::refused`.
    #[serde(default)]
    pub target: Option<String>,
    /// Only lines that contain this, whatever the case of its letters.
    #[serde(default)]
    pub contains: Option<String>,
}

/// The daemon at one moment. The figures are those of `/metrics`, read from the same registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// What it is and how it fares.
    pub status: StatusReport,
    /// What it counted since its start.
    pub stats: StatsReport,
    /// The duration of all requests since its start, for percentiles between two pictures; empty buckets are left out.
    pub durations: Vec<Bucket>,
}

/// Requests that took no longer than a time, and longer than the bucket before allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// The time in milliseconds.
    pub up_to_ms: f64,
    /// How many.
    pub count: u64,
}

/// Requests that were answered since the last batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestBatch {
    /// Requests that are left out because too many came.
    pub skipped: u64,
    /// In the order of their answers.
    pub requests: Vec<RequestLine>,
}

/// One request that was answered. Method and client may be any text of a stranger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestLine {
    /// When it was answered, milliseconds since 1970.
    pub at: i64,
    /// The daemon's id of it, also in the log.
    pub request: String,
    /// Its method, or the path of a plain HTTP request.
    pub method: String,
    /// The tool called.
    pub tool: Option<String>,
    /// Name of the key; absent when none was recognised.
    pub key: Option<String>,
    /// Address of the peer, or the user id behind the local socket.
    pub peer: String,
    /// `ok`, `tool_error`, `error`, `refused` or `gone`.
    pub outcome: String,
    /// HTTP status where there is one.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}

/// Lines of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBatch {
    /// Lines that passed the filters and are left out because too many came.
    pub skipped: u64,
    /// In the order they were written.
    pub lines: Vec<LogLine>,
}

/// How severe a line of the log is, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Severity {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When, milliseconds since 1970; absent where a line does not say.
    pub at: Option<i64>,
    /// How severe.
    pub level: Severity,
    /// Where from: `mcpd::request`.
    pub target: String,
    /// The message and its fields.
    pub text: String,
}
