//! The tool registry as an operator sees it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Lists tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsList {}

/// Shows one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsShow {
    /// Its name.
    pub name: String,
}

/// Gives tools to clients again; all of them or, when one is unknown, none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsEnable {
    /// Their names.
    pub names: Vec<String>,
}

/// Takes tools from clients; all of them or, when one is unknown, none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsDisable {
    /// Their names.
    pub names: Vec<String>,
}

/// Calls a tool as the operator, in tenant `default`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsCall {
    /// Its name.
    pub name: String,
    /// Its arguments, an object.
    pub arguments: Value,
}

/// All tools.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolList {
    /// In the fixed order of `tools/list`.
    pub tools: Vec<ToolSummary>,
    /// What clients have of each family, in the order of the list.
    pub families: Vec<FamilyCost>,
    /// Estimated tokens of all that clients have.
    pub estimated_tokens: Tokens,
}

/// What clients have of a family of tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyCost {
    /// Its name; `family:NAME` stands for its tools where a key's tools are named.
    pub family: String,
    /// Tools clients have.
    pub tools: usize,
    /// Estimated tokens of these.
    pub estimated_tokens: Tokens,
}

/// Estimated tokens of what is published of tools: a model's own tokenizer counts a little less or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Everything in `tools/list`.
    pub whole: u64,
    /// Name, description and input schema: what most clients give their model.
    pub input: u64,
}

/// One line about a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSummary {
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: String,
    /// Title for people.
    pub title: String,
    /// Whether it only reads.
    pub read_only: bool,
    /// Whether no operator switched it off.
    pub enabled: bool,
    /// Whether `tools.families` leaves it out. Clients have a tool that is enabled and not left out.
    pub left_out: bool,
    /// What it costs a model.
    pub estimated_tokens: Tokens,
    /// Calls since the start.
    pub calls: u64,
    /// Calls that failed since the start.
    pub errors: u64,
    /// 95th percentile of its duration in milliseconds, if it was called.
    pub p95_ms: Option<f64>,
}

/// A tool with its published description.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolDetail {
    /// The line of the list.
    pub summary: ToolSummary,
    /// The object `tools/list` publishes, with the schema of results in full.
    pub published: Value,
}

/// What enabling or disabling brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsSwitched {
    /// Whether the tools are enabled now.
    pub enabled: bool,
    /// Those that were the other way before.
    pub changed: Vec<String>,
    /// Those that were so already.
    pub already: Vec<String>,
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolOutcome {
    /// Whether the tool reports a failure.
    pub is_error: bool,
    /// The structured result.
    pub result: Value,
}
