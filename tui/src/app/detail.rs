//! All about one row, to read. It is a copy made when it was opened: the row may be gone meanwhile.

use mcpd_ipc::{
    allow::AllowEntry,
    connections::ConnectionInfo,
    keys::KeyInfo,
    sessions::SessionInfo,
    text::{date, list_or, millis},
    tools::ToolDetail,
};

use super::{
    rows::{
        allow, bytes, grouped, keys,
        logs::{self, LogRow},
        requests::{self, RequestRow},
        tools,
    },
    time::moment,
};

/// A part of the details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A name and its value.
    Field(String, String),
    /// Text that may have several lines.
    Text(String),
    /// An empty line.
    Gap,
}

/// What is known about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    /// What stands above it.
    pub(crate) title: String,
    /// What is known.
    pub(crate) parts: Vec<Part>,
    /// The first line that is shown.
    pub(crate) scroll: usize,
}

impl Detail {
    fn new(title: impl Into<String>, fields: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let parts = fields.into_iter().map(|(name, value)| Part::Field(name.into(), value)).collect();
        Self { title: title.into(), parts, scroll: 0 }
    }

    /// Returns what is known about a request.
    pub(crate) fn request(row: &RequestRow, now: i64) -> Self {
        let line = &row.line;
        Self::new(
            "Request",
            [
                ("answered", moment(line.at, now)),
                ("request", line.request.clone()),
                ("method", line.method.clone()),
                ("tool", line.tool.clone().unwrap_or_else(|| "none".into())),
                ("key", line.key.clone().unwrap_or_else(|| "none was recognised".into())),
                ("peer", line.peer.clone()),
                ("outcome", requests::outcome(row)),
                ("took", millis(line.duration_ms)),
            ],
        )
    }

    /// Returns what is known about a connection.
    pub(crate) fn connection(row: &ConnectionInfo, now: i64) -> Self {
        Self::new(
            format!("Connection {}", row.id),
            [
                ("transport", row.transport.clone()),
                ("peer", row.peer.clone()),
                ("key", row.key.clone().unwrap_or_else(|| "none yet".into())),
                (
                    "client",
                    row.client.clone().map_or("did not say".into(), |client| format!("{client}, as it says")),
                ),
                ("opened", date(row.since, now)),
                ("requests", grouped(row.requests)),
                ("received", bytes(row.bytes_in)),
                ("sent", bytes(row.bytes_out)),
            ],
        )
    }

    /// Returns what is known about a session.
    pub(crate) fn session(row: &SessionInfo, now: i64) -> Self {
        let heard = if row.heard { "somebody reads one of its streams" } else { "nobody reads its streams" };
        Self::new(
            "Session",
            [
                ("id", row.id.clone()),
                ("key", row.key.clone()),
                ("client", format!("{}, as it says", row.client)),
                ("revision", row.revision.clone()),
                ("opened", date(row.since, now)),
                ("last used", date(row.last_used_at, now)),
                ("heard", heard.into()),
                ("subscribed to", mcpd_ipc::text::count(row.subscriptions, "resource")),
            ],
        )
    }

    /// Returns what is known about a key.
    pub(crate) fn key(key: &KeyInfo, now: i64) -> Self {
        let or_never = |at: Option<i64>| at.map_or_else(|| "never".into(), |at| date(at, now));
        let rate = key.rate.clone().unwrap_or_else(|| "as configured".into());
        let rate = match key.rate_now {
            Some(_) => format!("{rate}; {} used up now", keys::rate(key)),
            None => format!("{rate}; not used since the daemon's start"),
        };
        let limit = key.connections.map_or_else(|| "as configured".into(), |limit| limit.to_string());
        let origin = if key.imported { ", its secret brought along from elsewhere" } else { "" };
        let mut detail = Self::new(
            format!("Key {}", key.name),
            [
                ("name", key.name.clone()),
                ("id", key.id.clone()),
                ("tenant", key.tenant.clone()),
                ("state", keys::state(key.state).into()),
                ("scopes", list_or(&key.scopes, "none")),
                ("tools", list_or(&key.tools, "all its scopes allow")),
                ("denied tools", list_or(&key.deny_tools, "none")),
                ("networks", list_or(&key.cidrs, "any the allowlist lets in")),
                ("rate", rate),
                ("connections", limit),
                ("requests", format!("{} since the daemon's start", grouped(key.requests))),
                ("issued", format!("{}{origin}", date(key.created_at, now))),
                ("expires", or_never(key.expires_at)),
                ("last used", or_never(key.last_used_at)),
            ],
        );
        if let Some(until) = key.old_secret_until {
            detail.parts.push(Part::Field("old secret".into(), format!("works until {}", date(until, now))));
        }
        detail
    }

    /// Returns what is known about an entry of the allowlist.
    pub(crate) fn network(row: &AllowEntry) -> Self {
        let way = match row.source {
            mcpd_ipc::allow::AllowSource::File => "in the configuration file, then reload",
            mcpd_ipc::allow::AllowSource::Operator => "here, or with mcpctl allow remove",
        };
        Self::new(
            "Network",
            [
                ("network", row.cidr.clone()),
                ("from", allow::source(row.source).into()),
                ("removed", way.into()),
            ],
        )
    }

    /// Returns a line of the log, whole.
    pub(crate) fn log(row: &LogRow, now: i64) -> Self {
        let at = row.line.at.map_or_else(|| "it does not say".into(), |at| moment(at, now));
        let fields = [
            ("written", at),
            ("level", logs::level(row.line.level).into()),
            ("target", row.line.target.clone()),
        ];
        let mut detail = Self::new("Line of the log", fields);
        detail.parts.extend([Part::Gap, Part::Text(row.line.text.clone())]);
        detail
    }

    /// Returns what is known about a tool: its line, its description, its arguments.
    pub(crate) fn tool(tool: &ToolDetail) -> Self {
        let line = &tool.summary;
        let calls =
            format!("{}, {} failed, p95 {}", grouped(line.calls), grouped(line.errors), tools::p95(line));
        let mut detail = Self::new(
            format!("Tool {}", line.name),
            [
                ("title", line.title.clone()),
                ("family", line.family.clone()),
                ("access", tools::access(line).into()),
                ("state", tools::state(line).into()),
                ("calls", calls),
            ],
        );
        if let Some(description) = tool.published["description"].as_str() {
            detail.parts.extend([Part::Gap, Part::Text(description.into())]);
        }
        let schema = &tool.published["inputSchema"];
        let Some(properties) = schema["properties"].as_object().filter(|all| !all.is_empty()) else {
            detail.parts.extend([Part::Gap, Part::Text("It takes no arguments.".into())]);
            return detail;
        };
        let required = schema["required"].as_array();
        detail.parts.extend([Part::Gap, Part::Text("Arguments:".into())]);
        for (name, schema) in properties {
            let is_needed = required.is_some_and(|names| names.iter().any(|needed| needed == name.as_str()));
            let kind =
                schema["type"].as_str().unwrap_or(if schema["enum"].is_array() { "choice" } else { "any" });
            let what =
                schema["description"].as_str().and_then(|text| text.lines().next()).unwrap_or_default();
            let needed = if is_needed { ", needed" } else { "" };
            let gap = if what.is_empty() { "" } else { ": " };
            detail.parts.push(Part::Field(name.clone(), format!("{kind}{needed}{gap}{what}")));
        }
        detail
    }
}
