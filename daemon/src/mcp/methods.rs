//! The methods of each era: adding one breaks the dispatcher until it is answered.

/// The methods of 2026-07-28.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Modern {
    Discover,
    Listen,
    Shared(Shared),
}

impl Modern {
    pub(super) fn read(method: &str) -> Option<Self> {
        match method {
            "server/discover" => Some(Self::Discover),
            "subscriptions/listen" => Some(Self::Listen),
            _ => Shared::read(method).map(Self::Shared),
        }
    }
}

/// The methods of the revisions before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Legacy {
    Initialize,
    Ping,
    SetLevel,
    Subscribe,
    Unsubscribe,
    Shared(Shared),
}

impl Legacy {
    pub(super) fn read(method: &str) -> Option<Self> {
        match method {
            "initialize" => Some(Self::Initialize),
            "ping" => Some(Self::Ping),
            "logging/setLevel" => Some(Self::SetLevel),
            "resources/subscribe" => Some(Self::Subscribe),
            "resources/unsubscribe" => Some(Self::Unsubscribe),
            _ => Shared::read(method).map(Self::Shared),
        }
    }
}

/// The methods that every revision has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    ToolsList,
    ToolsCall,
    ResourcesList,
    ResourceTemplatesList,
    ResourcesRead,
    PromptsList,
    PromptsGet,
    Complete,
}

impl Shared {
    fn read(method: &str) -> Option<Self> {
        match method {
            "tools/list" => Some(Self::ToolsList),
            "tools/call" => Some(Self::ToolsCall),
            "resources/list" => Some(Self::ResourcesList),
            "resources/templates/list" => Some(Self::ResourceTemplatesList),
            "resources/read" => Some(Self::ResourcesRead),
            "prompts/list" => Some(Self::PromptsList),
            "prompts/get" => Some(Self::PromptsGet),
            "completion/complete" => Some(Self::Complete),
            _ => None,
        }
    }
}

/// Notifications of clients that any revision has.
const NOTIFICATIONS: [&str; 4] = [
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
];

/// Returns a method as the log names it: a word that is none of the protocol's is a stranger's, and may be anything.
pub(super) fn logged(method: &str) -> &str {
    let known = Modern::read(method).is_some() || Legacy::read(method).is_some();
    if known || method.is_empty() || NOTIFICATIONS.contains(&method) { method } else { "unknown" }
}
