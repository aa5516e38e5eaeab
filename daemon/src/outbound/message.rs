//! What a site says about a failure, as far as it may be shown: short, escaped, and nothing of what was sent.

use std::{borrow::Cow, fmt};

use mcpd_ipc::text::escape;
use serde_json::Value;

/// Most characters that are shown.
const SHOWN: usize = 200;
/// A run of characters that a message shares with a text by no accident.
const RUN: usize = 16;
/// The same for the key, of which less tells more.
const KEY_RUN: usize = 8;

/// What was sent and must not come back in an error.
pub(crate) struct Sent<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) texts: &'a [&'a str],
}

/// Words of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// None, or none in a known form.
    Nothing,
    /// They repeat the key or a text.
    Withheld,
    /// Cut and escaped.
    Words(String),
}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Withheld => formatter.write_str(" (its message repeats what was sent, and is not shown)"),
            Self::Words(words) => write!(formatter, ": {words}"),
        }
    }
}

impl Said {
    /// Reads the message out of an answer.
    pub(crate) fn read(body: &[u8], sent: &Sent<'_>) -> Self {
        match serde_json::from_slice::<Value>(body) {
            // JSON in no known form is not shown: validators repeat the whole request in theirs.
            Ok(value) => message(&value).map_or(Self::Nothing, |words| Self::words(words, sent)),
            Err(_) => Self::words(&String::from_utf8_lossy(body), sent),
        }
    }

    /// Takes words as they came.
    pub(crate) fn words(words: &str, sent: &Sent<'_>) -> Self {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let repeats = sent.key.is_some_and(|key| shares(&words, key, KEY_RUN))
            || sent.texts.iter().any(|text| shares(&words, text, RUN));
        let words = shown(&words);
        match (repeats, words.is_empty()) {
            (true, _) => Self::Withheld,
            (false, true) => Self::Nothing,
            (false, false) => Self::Words(words),
        }
    }
}

/// Escapes and cuts foreign words.
pub(super) fn shown(words: &str) -> String {
    // Cut twice: escaping a long text to show little of it would be in vain, and it grows by escaping.
    escape(first(words, SHOWN)).chars().take(SHOWN).collect()
}

fn first(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// Finds the message where servers put it.
fn message(value: &Value) -> Option<&str> {
    // Google's endpoint sends a list of one.
    let value = value.get(0).unwrap_or(value);
    let places = [
        "/error/message", // OpenAI, Ollama, vLLM, LM Studio, llama.cpp
        "/error",         // Ollama's and text-embeddings-inference's own protocols
        "/message",       // text-embeddings-inference
        "/detail",        // FastAPI
        "/detail/0/msg",
    ];
    places.iter().find_map(|place| value.pointer(place)?.as_str())
}

/// Answers whether what is shown of `words` has a run of characters of `text`, or the whole text if it is shorter.
fn shares(words: &str, text: &str, run: usize) -> bool {
    let text: Cow<'_, str> = if text.contains(char::is_whitespace) {
        text.split_whitespace().collect::<Vec<_>>().join(" ").into()
    } else {
        text.into()
    };
    if first(&text, run).len() == text.len() {
        return !text.is_empty() && words.contains(&*text);
    }
    let words = first(words, SHOWN);
    words.char_indices().any(|(start, _)| {
        let rest = &words[start..];
        let window = first(rest, run);
        let long = rest.char_indices().nth(run - 1).is_some();
        long && memchr::memmem::find(text.as_bytes(), window.as_bytes()).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Sent<'_> = Sent { key: None, texts: &[] };

    fn said(body: &str) -> String {
        Said::read(body.as_bytes(), &NOTHING).to_string()
    }

    #[test]
    fn a_message_is_found_where_servers_put_it() {
        for body in [
            r#"{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":null}}"#,
            r#"{"error":"no such model"}"#,
            r#"{"error":"no such model","error_type":"Validation"}"#,
            r#"{"object":"error","message":"no such model","type":"NotFoundError","code":404}"#,
            r#"{"detail":"no such model"}"#,
            r#"{"detail":[{"loc":["body"],"msg":"no such model","input":{"input":["secret"]}}]}"#,
            r#"[{"error":{"code":404,"message":"no such model","status":"NOT_FOUND"}}]"#,
            " no such\n\tmodel ",
        ] {
            assert_eq!(said(body), ": no such model", "{body}");
        }
        for body in ["", "{}", "[]", "null", "3", r#"{"input":["secret"]}"#, r#"{"error":{"message":""}}"#] {
            assert_eq!(said(body), "", "{body}");
        }
    }

    #[test]
    fn a_message_is_short_and_acts_on_no_terminal() {
        let long = format!(r#"{{"error":"{}"}}"#, "é".repeat(5000));
        assert_eq!(said(&long).chars().count(), 2 + SHOWN);
        let wild = format!(r#"{{"error":"{}"}}"#, r"\u001b\u202e\u0000".repeat(500));
        let wild = said(&wild);
        assert!(wild.chars().count() <= 2 + SHOWN && wild.starts_with(r": \u{1b}\u{202e}\u{0}"), "{wild}");
    }

    #[test]
    fn what_was_sent_does_not_come_back() {
        let text = "The deployment password of the\nstaging cluster is in the vault";
        let sent = Sent { key: Some("sk-proj-0123456789"), texts: &["短い文", text] };
        let say = |words: &str| Said::words(words, &sent);
        assert_eq!(say("cannot embed: password of the staging cluster"), Said::Withheld);
        assert_eq!(say("cannot embed: password of the\n staging"), Said::Withheld);
        assert_eq!(say("cannot embed 短い文"), Said::Withheld);
        assert_eq!(say("wrong key: sk-proj-****6789"), Said::Withheld);
        assert_eq!(say("wrong key: 23456789"), Said::Withheld);
        assert_eq!(say("no cluster"), Said::Words("no cluster".to_owned()));
    }
}
