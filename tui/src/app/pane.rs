//! The panes, in their order.

/// One pane of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pane {
    Overview,
    Requests,
    Connections,
    Keys,
    Allowlist,
    Tools,
    Logs,
    Help,
}

impl Pane {
    /// All of them, as their tabs stand.
    pub(crate) const ALL: [Self; 8] = [
        Self::Overview,
        Self::Requests,
        Self::Connections,
        Self::Keys,
        Self::Allowlist,
        Self::Tools,
        Self::Logs,
        Self::Help,
    ];

    /// Returns its name.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Requests => "Requests",
            Self::Connections => "Connections",
            Self::Keys => "Keys",
            Self::Allowlist => "Allowlist",
            Self::Tools => "Tools",
            Self::Logs => "Logs",
            Self::Help => "Help",
        }
    }

    /// Returns whether it is a table.
    pub(crate) fn is_table(self) -> bool {
        match self {
            Self::Overview | Self::Help => false,
            Self::Requests | Self::Connections | Self::Keys | Self::Allowlist | Self::Tools | Self::Logs => {
                true
            }
        }
    }

    /// Returns the pane after it, round and round.
    pub(crate) fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// Returns the pane before it, round and round.
    pub(crate) fn previous(self) -> Self {
        Self::ALL[(self as usize + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}
