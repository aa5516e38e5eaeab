//! OpenAI's chat completions, streamed, as OpenAI, Ollama, vLLM, llama.cpp and gateways speak it:
//! <https://platform.openai.com/docs/api-reference/chat/streaming>.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{End, Piece, Trouble};
use crate::ai::Prompt;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    /// The old name: OpenAI's newest models want another, and every other server knows this one only.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    stream: bool,
    stream_options: Options,
    messages: [Message<'a>; 2],
}

#[derive(Serialize)]
struct Options {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

pub(super) fn body(model: &str, prompt: &Prompt, tokens: u32) -> serde_json::Result<Vec<u8>> {
    let messages = [
        Message { role: "system", content: prompt.system() },
        Message { role: "user", content: prompt.user() },
    ];
    let wants_new_name = ["gpt-5", "o1", "o3", "o4"].iter().any(|family| model.starts_with(family));
    serde_json::to_vec(&Body {
        model,
        max_tokens: (!wants_new_name).then_some(tokens),
        max_completion_tokens: wants_new_name.then_some(tokens),
        stream: true,
        stream_options: Options { include_usage: true },
        messages,
    })
}

#[derive(Deserialize)]
struct Chunk {
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Tokens>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: Option<i64>,
    completion_tokens: Option<i64>,
}

pub(super) fn piece(data: &str) -> serde_json::Result<Piece> {
    if data.trim() == "[DONE]" {
        return Ok(Piece { is_last: true, ..Piece::default() });
    }
    let chunk: Chunk = serde_json::from_str(data)?;
    let mut piece = Piece {
        model: chunk.model,
        input: chunk.usage.as_ref().and_then(|usage| usage.prompt_tokens),
        output: chunk.usage.and_then(|usage| usage.completion_tokens),
        error: chunk.error.as_ref().map(trouble),
        ..Piece::default()
    };
    if let Some(choice) = chunk.choices.into_iter().next() {
        piece.end = choice.finish_reason.as_deref().map(|reason| match reason {
            "length" => End::TooLong,
            "content_filter" => End::Declined,
            _ => End::Complete,
        });
        if let Some(delta) = choice.delta {
            if delta.refusal.is_some_and(|refusal| !refusal.is_empty()) {
                piece.end = Some(End::Declined);
            }
            piece.words = delta.content.unwrap_or_default();
        }
    }
    Ok(piece)
}

fn trouble(error: &Value) -> Trouble {
    let message = error["message"].as_str().or_else(|| error.as_str()).unwrap_or_default().to_owned();
    let kind = error["type"].as_str().unwrap_or_default();
    let code = error["code"].as_i64().unwrap_or_default();
    let is_overload =
        kind.contains("overload") || kind.contains("rate_limit") || [429, 503, 529].contains(&code);
    Trouble { message, is_overload }
}
