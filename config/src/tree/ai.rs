//! The section `[ai]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::word::AiProvider;
use crate::{address, period, size, written};

/// Whose words the tools of family ai give.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ai {
    /// Whose protocol the provider speaks.
    pub provider: AiProvider,
    /// Address of the provider, up to and with `/v1/messages` or `/chat/completions`; absent is the one of the
    /// company whose protocol it is.
    #[serde(default, deserialize_with = "address::http")]
    pub url: Option<String>,
    /// Model that is asked.
    #[serde(default, deserialize_with = "written::some_text")]
    pub model: Option<String>,
    /// File with the key of the provider; absent is the variable `MCPD_AI_KEY`.
    #[serde(default, deserialize_with = "written::path")]
    pub key_file: Option<PathBuf>,
    /// Whether a client that offers sampling is asked when no provider is set up.
    pub sampling: bool,
    /// Time one answer may take, with all tries.
    #[serde(deserialize_with = "period::positive")]
    pub deadline: Duration,
    /// Time between two pieces of an answer after which it counts as stalled.
    #[serde(deserialize_with = "period::positive")]
    pub stall: Duration,
    /// Tries after the first, for a provider that is busy or cannot be reached.
    #[serde(deserialize_with = "size::count")]
    pub retries: u64,
    /// Answers that are made at a time.
    #[serde(deserialize_with = "size::at_least_one")]
    pub concurrency: u32,
    /// Tokens of one prompt, as estimated.
    #[serde(deserialize_with = "size::at_least_one")]
    pub input_tokens: u32,
    /// Tokens of one answer.
    #[serde(deserialize_with = "size::at_least_one")]
    pub output_tokens: u32,
    /// Tokens of all prompts and answers of one tenant in a UTC month; 0 is no budget.
    #[serde(deserialize_with = "size::count")]
    pub monthly_tokens: u64,
}
