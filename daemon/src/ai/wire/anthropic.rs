//! Anthropic's Messages API, streamed: <https://docs.anthropic.com/en/api/messages-streaming>.

use serde::{Deserialize, Serialize};

use super::{End, Piece, Trouble};
use crate::ai::Prompt;

/// The version of the API that is spoken.
pub(super) const VERSION: &str = "2023-06-01";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    system: &'a str,
    messages: [Message<'a>; 1],
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

pub(super) fn body(model: &str, prompt: &Prompt, tokens: u32) -> serde_json::Result<Vec<u8>> {
    let messages = [Message { role: "user", content: prompt.user() }];
    serde_json::to_vec(&Body { model, max_tokens: tokens, stream: true, system: prompt.system(), messages })
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Started,
    },
    ContentBlockDelta {
        delta: Delta,
    },
    MessageDelta {
        delta: Ended,
        usage: Option<Tokens>,
    },
    MessageStop,
    Error {
        error: Failure,
    },
    /// The API adds events, and says that clients pass over those they do not know.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Started {
    model: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Delta {
    /// Absent for pieces of other kinds, such as thinking.
    text: Option<String>,
}

#[derive(Deserialize)]
struct Ended {
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<i64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<i64>,
    #[serde(default)]
    cache_read_input_tokens: Option<i64>,
    output_tokens: Option<i64>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
}

impl Tokens {
    fn input(&self) -> Option<i64> {
        let created = self.cache_creation_input_tokens.unwrap_or(0);
        let cached = created.saturating_add(self.cache_read_input_tokens.unwrap_or(0));
        self.input_tokens.map(|input| input.saturating_add(cached))
    }
}

pub(super) fn piece(data: &str) -> serde_json::Result<Piece> {
    Ok(match serde_json::from_str(data)? {
        Event::MessageStart { message } => Piece {
            model: message.model,
            input: message.usage.as_ref().and_then(Tokens::input),
            output: message.usage.and_then(|usage| usage.output_tokens),
            ..Piece::default()
        },
        Event::ContentBlockDelta { delta } => {
            Piece { words: delta.text.unwrap_or_default(), ..Piece::default() }
        }
        Event::MessageDelta { delta, usage } => Piece {
            end: delta.stop_reason.as_deref().map(|reason| match reason {
                "max_tokens" | "model_context_window_exceeded" => End::TooLong,
                "refusal" => End::Declined,
                _ => End::Complete,
            }),
            output: usage.and_then(|usage| usage.output_tokens),
            ..Piece::default()
        },
        Event::MessageStop => Piece { is_last: true, ..Piece::default() },
        Event::Error { error } => Piece {
            error: Some(Trouble {
                is_overload: matches!(error.kind.as_deref(), Some("overloaded_error" | "rate_limit_error")),
                message: error.message.or(error.kind).unwrap_or_default(),
            }),
            ..Piece::default()
        },
        Event::Other => Piece::default(),
    })
}
