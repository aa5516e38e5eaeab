//! The methods of each era: adding one breaks the dispatcher until it is answered.

/// The methods of 2026-07-28.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Modern {
    Discover,
    ToolsList,
    ToolsCall,
}

impl Modern {
    pub(super) fn read(method: &str) -> Option<Self> {
        match method {
            "server/discover" => Some(Self::Discover),
            "tools/list" => Some(Self::ToolsList),
            "tools/call" => Some(Self::ToolsCall),
            _ => None,
        }
    }
}

/// The methods of the revisions before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Legacy {
    Initialize,
    Ping,
    SetLevel,
    ToolsList,
    ToolsCall,
}

impl Legacy {
    pub(super) fn read(method: &str) -> Option<Self> {
        match method {
            "initialize" => Some(Self::Initialize),
            "ping" => Some(Self::Ping),
            "logging/setLevel" => Some(Self::SetLevel),
            "tools/list" => Some(Self::ToolsList),
            "tools/call" => Some(Self::ToolsCall),
            _ => None,
        }
    }
}
