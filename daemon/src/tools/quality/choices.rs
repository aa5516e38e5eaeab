//! Words that the tools of the family let callers choose from.

use mcpd_codegraph::smells::SmellKind;
use schemars::JsonSchema;
use serde::Deserialize;

/// A kind of smell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SmellType {
    CircularDependency,
    LongFunction,
    GodClass,
    TightCoupling,
    DuplicateCode,
    DeepNesting,
    HighComplexity,
    LongParameterList,
    DeadCode,
}

impl SmellType {
    pub(super) fn kind(self) -> SmellKind {
        match self {
            Self::CircularDependency => SmellKind::CircularDependency,
            Self::LongFunction => SmellKind::LongFunction,
            Self::GodClass => SmellKind::GodClass,
            Self::TightCoupling => SmellKind::TightCoupling,
            Self::DuplicateCode => SmellKind::DuplicateCode,
            Self::DeepNesting => SmellKind::DeepNesting,
            Self::HighComplexity => SmellKind::HighComplexity,
            Self::LongParameterList => SmellKind::LongParameterList,
            Self::DeadCode => SmellKind::DeadCode,
        }
    }
}

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum IssueSeverity {
    Critical,
    High,
    Medium,
    Low,
}

impl IssueSeverity {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What became of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum IssueStatus {
    Open,
    InProgress,
    Resolved,
    Ignored,
}

impl IssueStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Resolved => "resolved",
            Self::Ignored => "ignored",
        }
    }
}
