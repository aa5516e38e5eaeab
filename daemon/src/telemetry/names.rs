//! Every metric by name. Names of CONTRACT order first; units stand at the end of a name.

/// A metric this daemon keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Requests answered, refused ones included.
    RequestsTotal,
    /// Requests answered with a result.
    RequestsSuccessful,
    /// Requests refused or failed.
    RequestsFailed,
    /// Connections open now.
    ActiveConnections,
    /// Calls in flight now.
    CallsInFlight,
    /// Duration of requests.
    RequestDuration,
    /// Refusals by reason.
    Refusals,
    /// Calls by tool.
    ToolCalls,
    /// Failed calls by tool.
    ToolErrors,
    /// Duration of calls by tool.
    ToolDuration,
    /// Requests by key.
    KeyRequests,
    /// Failed and refused requests by key.
    KeyFailed,
    /// Prompts to a provider by how they ended.
    AiPrompts,
    /// Tokens of prompts and of answers.
    AiTokens,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 14] = [
        Self::RequestsTotal,
        Self::RequestsSuccessful,
        Self::RequestsFailed,
        Self::ActiveConnections,
        Self::CallsInFlight,
        Self::RequestDuration,
        Self::Refusals,
        Self::ToolCalls,
        Self::ToolErrors,
        Self::ToolDuration,
        Self::KeyRequests,
        Self::KeyFailed,
        Self::AiPrompts,
        Self::AiTokens,
    ];

    /// Returns the name in Prometheus.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestsTotal => "mcp_requests_total",
            Self::RequestsSuccessful => "mcp_requests_successful",
            Self::RequestsFailed => "mcp_requests_failed",
            Self::ActiveConnections => "mcp_active_connections",
            Self::CallsInFlight => "mcp_calls_in_flight",
            Self::RequestDuration => "mcp_request_duration_seconds",
            Self::Refusals => "mcp_refusals_total",
            Self::ToolCalls => "mcp_tool_calls_total",
            Self::ToolErrors => "mcp_tool_errors_total",
            Self::ToolDuration => "mcp_tool_call_duration_seconds",
            Self::KeyRequests => "mcp_key_requests_total",
            Self::KeyFailed => "mcp_key_requests_failed_total",
            Self::AiPrompts => "mcp_ai_prompts_total",
            Self::AiTokens => "mcp_ai_tokens_total",
        }
    }

    /// Returns the help line in Prometheus.
    pub fn help(self) -> &'static str {
        match self {
            Self::RequestsTotal => "Requests answered, refused ones included.",
            Self::RequestsSuccessful => "Requests answered with a result.",
            Self::RequestsFailed => "Requests refused or failed.",
            Self::ActiveConnections => "Connections open now.",
            Self::CallsInFlight => "Tool calls in flight now.",
            Self::RequestDuration => "Duration of requests in seconds.",
            Self::Refusals => "Requests refused, by reason.",
            Self::ToolCalls => "Tool calls finished, by tool.",
            Self::ToolErrors => "Tool calls that failed, by tool.",
            Self::ToolDuration => "Duration of tool calls in seconds, by tool.",
            Self::KeyRequests => "Requests answered, by the public id of the key.",
            Self::KeyFailed => "Requests refused or failed, by the public id of the key.",
            Self::AiPrompts => "Prompts to the provider, by how they ended.",
            Self::AiTokens => "Tokens of prompts (input) and of answers (output).",
        }
    }
}
