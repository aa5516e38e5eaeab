//! The two protocols providers speak: how a prompt is written, and what a piece of a streamed answer says.

mod anthropic;
mod openai;

use http::{HeaderName, HeaderValue};
use mcpd_config::AiProvider;

use super::Prompt;
use crate::outbound::{KeyText, SiteKey};

/// Whose protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's chat completions.
    OpenAi,
}

/// What an answer used, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Tokens of the prompt.
    pub(crate) input: i64,
    /// Tokens of the answer.
    pub(crate) output: i64,
    /// Whether the provider said so; else they are estimated.
    pub(crate) is_counted: bool,
}

impl Usage {
    /// Adds what another try used.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            is_counted: self.is_counted && other.is_counted,
        }
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The model had said everything.
    Complete,
    /// It had used up its tokens.
    TooLong,
    /// It will not say this.
    Declined,
}

/// One piece of a streamed answer.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Piece {
    /// Words that follow.
    pub(super) words: String,
    /// The model as it names itself.
    pub(super) model: Option<String>,
    /// Tokens of the prompt.
    pub(super) input: Option<i64>,
    /// Tokens of the answer so far.
    pub(super) output: Option<i64>,
    /// How it ended.
    pub(super) end: Option<End>,
    /// That it broke off, and why.
    pub(super) error: Option<Trouble>,
    /// Whether nothing follows.
    pub(super) is_last: bool,
}

/// An error in the middle of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: String,
    /// Whether the provider is overloaded: another try may do.
    pub(super) is_overload: bool,
}

impl Wire {
    /// Returns the protocol of a provider, if one is set up.
    pub(super) fn of(provider: AiProvider) -> Option<Self> {
        match provider {
            AiProvider::Off => None,
            AiProvider::Anthropic => Some(Self::Anthropic),
            AiProvider::OpenAi => Some(Self::OpenAi),
        }
    }

    /// Returns the address where the protocol comes from.
    pub(super) fn url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com/v1/messages",
            Self::OpenAi => "https://api.openai.com/v1/chat/completions",
        }
    }

    /// Returns the name in complaints.
    pub(super) fn protocol(self) -> &'static str {
        match self {
            Self::Anthropic => "Anthropic's Messages API",
            Self::OpenAi => "OpenAI's chat completions",
        }
    }

    /// Wraps a key as the protocol shows it.
    pub(super) fn key(self, text: KeyText) -> SiteKey {
        match self {
            Self::Anthropic => SiteKey::in_header(text, HeaderName::from_static("x-api-key")),
            Self::OpenAi => SiteKey::bearer(text),
        }
    }

    /// Returns the headers the protocol has besides.
    pub(super) fn headers(self) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Self::Anthropic => vec![(
                HeaderName::from_static("anthropic-version"),
                HeaderValue::from_static(anthropic::VERSION),
            )],
            Self::OpenAi => Vec::new(),
        }
    }

    /// Writes a prompt.
    pub(super) fn body(self, model: &str, prompt: &Prompt, tokens: u32) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Anthropic => anthropic::body(model, prompt, tokens),
            Self::OpenAi => openai::body(model, prompt, tokens),
        }
    }

    /// Reads the data of one event; fails for what is none of the protocol's.
    pub(super) fn piece(self, data: &str) -> serde_json::Result<Piece> {
        match self {
            Self::Anthropic => anthropic::piece(data),
            Self::OpenAi => openai::piece(data),
        }
    }
}
