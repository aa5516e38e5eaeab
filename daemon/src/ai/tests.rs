//! The floor against providers that behave as the known ones do, and against bad ones, in both protocols.

mod lying;

use std::{convert::Infallible, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures::{StreamExt, stream};
use mcpd_config::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::outbound::fake::Server;

const KEY: &str = "sk-test-0123456789abcdef";
/// What the model is to say.
const WORDS: &str = "```json\n{\"summary\": \"it puts\"}\n```";

/// Both protocols, by the word of the configuration.
const BOTH: [&str; 2] = ["anthropic", "openai"];

/// Returns a piece of an answer as an event of a protocol.
fn event(data: &Value) -> String {
    match data["type"].as_str() {
        Some(kind) => format!("event: {kind}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

/// The events with which a model says something.
fn saying(provider: &str, words: &str, stop: &str) -> Vec<String> {
    let (one, two) = words.split_at(words.len() / 2);
    match provider {
        "anthropic" => {
            let delta = |text| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } });
            let usage = json!({ "input_tokens": 90, "cache_read_input_tokens": 10, "output_tokens": 1 });
            vec![
                event(
                    &json!({ "type": "message_start", "message": { "model": "claude-x-1", "usage": usage } }),
                ),
                event(
                    &json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
                ),
                event(&json!({ "type": "ping" })),
                event(&delta(one)),
                event(&json!({ "type": "something_new", "n": [1] })),
                event(&delta(two)),
                event(&json!({ "type": "content_block_stop", "index": 0 })),
                event(
                    &json!({ "type": "message_delta", "delta": { "stop_reason": stop }, "usage": { "output_tokens": 25 } }),
                ),
                event(&json!({ "type": "message_stop" })),
            ]
        }
        _ => {
            let chunk = |delta: Value, reason: Value| json!({ "id": "c", "object": "chat.completion.chunk", "model": "gpt-x-1", "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }], "usage": null });
            let stop = match stop {
                "max_tokens" => "length",
                "refusal" => "content_filter",
                _ => "stop",
            };
            vec![
                event(&chunk(json!({ "role": "assistant", "content": "" }), Value::Null)),
                event(&chunk(json!({ "content": one }), Value::Null)),
                event(&chunk(json!({ "content": two }), Value::Null)),
                event(&chunk(json!({}), stop.into())),
                event(&json!({ "choices": [], "usage": { "prompt_tokens": 100, "completion_tokens": 25 } })),
                "data: [DONE]\n\n".to_owned(),
            ]
        }
    }
}

/// The events up to the middle of its words.
fn begun(provider: &str) -> Vec<String> {
    let words = if provider == "anthropic" { 4 } else { 2 };
    saying(provider, WORDS, "end_turn")[..words].to_vec()
}

fn streamed(events: Vec<String>) -> Response {
    let pieces = stream::iter(events).map(|event| Ok::<_, Infallible>(Bytes::from(event)));
    let answer = http::Response::builder().header("content-type", "text/event-stream");
    answer.body(Body::from_stream(pieces)).unwrap()
}

fn status(code: u16, wait: Option<&str>, body: &str) -> Response {
    let answer = http::Response::builder().status(code);
    let answer = wait.into_iter().fold(answer, |answer, wait| answer.header("retry-after", wait));
    answer.body(body.to_owned().into()).unwrap()
}

/// A floor whose provider is a server of a test.
struct Set {
    ai: Ai,
    _sender: watch::Sender<Arc<Config>>,
    _dir: tempfile::TempDir,
}

async fn set(provider: &str, server: &Server, more: &str) -> Set {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    let settings = format!(
        "[ai]\nprovider = \"{provider}\"\nmodel = \"m\"\nurl = \"http://{}/v1/x\"\nkey_file = {key:?}\n{more}",
        server.address
    );
    let config = Config::load(Some(("mcpd.toml".as_ref(), &settings)), &[]).unwrap();
    let (sender, receiver) = watch::channel(Arc::new(config));
    let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
    Set { ai: Ai::new(store, receiver, Arc::new(Recorder::default())), _sender: sender, _dir: dir }
}

fn prompt() -> Prompt {
    let schema = json!({ "type": "object" });
    let material = [("source".to_owned(), "def put(): the secret of the house is kept here".to_owned())];
    Prompt::new("Explain it.", Shape { schema: &schema }, &material, 4000)
}

impl Set {
    async fn ask(&self) -> Result<Answered<Value>, Silence> {
        let prompt = prompt();
        let ask = Ask { tenant: "default", prompt: &prompt, heard: &|_| {} };
        self.ai.answer(ask, json_in).await
    }

    async fn complaint(&self, server: &Server) -> String {
        let silence = self.ask().await.unwrap_err().to_string();
        assert!(!silence.contains(KEY) && !silence.contains("secret of the house"), "{silence}");
        silence.replace(&server.address.to_string(), "HOST")
    }

    async fn used(&self) -> (i64, i64, i64) {
        let used = self.ai.store.ai_usage().of("default", &month(Utc::now())).await.unwrap();
        (used.tokens, used.input, used.output)
    }
}

#[tokio::test]
async fn a_provider_is_asked_as_its_protocol_describes() {
    for provider in BOTH {
        let server = Server::new(move |_, _| streamed(saying(provider, WORDS, "end_turn"))).await;
        let set = set(provider, &server, "").await;
        let heard = Mutex::new(Vec::new());
        let prompt = prompt();
        let ask = Ask { tenant: "default", prompt: &prompt, heard: &|tokens| heard.lock().push(tokens) };
        let answered = set.ai.answer(ask, json_in).await.unwrap();
        assert_eq!(answered.answer, json!({ "summary": "it puts" }));
        assert_eq!(answered.usage, Usage { input: 100, output: 25, is_counted: true });
        assert_eq!(set.used().await, (125, 100, 25), "the reservation is settled");
        assert!(heard.lock().is_empty(), "a short answer tells nothing before its end");
        let (parts, body) = server.seen.lock().pop().unwrap();
        assert_eq!(
            (&body["stream"], &body["model"], &body["max_tokens"]),
            (&json!(true), &json!("m"), &json!(4000))
        );
        match provider {
            "anthropic" => {
                assert_eq!(answered.model, "claude-x-1");
                assert_eq!(parts.headers["x-api-key"], KEY);
                assert_eq!(parts.headers["anthropic-version"], "2023-06-01");
                assert_eq!(body["system"], prompt.system());
                assert_eq!(body["messages"], json!([{ "role": "user", "content": prompt.user() }]));
            }
            _ => {
                assert_eq!(answered.model, "gpt-x-1");
                assert_eq!(parts.headers["authorization"], format!("Bearer {KEY}"));
                let system = json!({ "role": "system", "content": prompt.system() });
                let user = json!({ "role": "user", "content": prompt.user() });
                assert_eq!(body["messages"], json!([system, user]));
            }
        }
    }
}

#[tokio::test]
async fn a_long_answer_tells_how_far_it_is() {
    let server = Server::new(|_, _| {
        streamed(saying("openai", &format!("{{\"a\": \"{}\"}}", "words ".repeat(200)), "end_turn"))
    })
    .await;
    let set = set("openai", &server, "").await;
    let (heard, prompt) = (Mutex::new(Vec::new()), prompt());
    let ask = Ask { tenant: "default", prompt: &prompt, heard: &|tokens| heard.lock().push(tokens) };
    set.ai.answer(ask, json_in).await.unwrap();
    assert_eq!(*heard.lock(), [151_i64, 303]);
}

#[tokio::test]
async fn a_busy_provider_is_asked_again_when_it_wishes() {
    for provider in BOTH {
        for code in [429, 503, 529] {
            let server = Server::new(move |number, _| match number {
                0 => {
                    status(code, Some("0"), r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#)
                }
                _ => streamed(saying(provider, WORDS, "end_turn")),
            })
            .await;
            set(provider, &server, "").await.ask().await.unwrap();
            assert_eq!(server.requests(), 2, "{provider} {code}");
        }
        // In the middle of an answer that has not begun, too.
        let server = Server::new(move |number, _| match number {
            0 => streamed(vec![event(
                &json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }),
            )]),
            _ => streamed(saying(provider, WORDS, "end_turn")),
        })
        .await;
        set(provider, &server, "").await.ask().await.unwrap();
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn a_provider_that_stays_busy_is_left_after_the_tries_that_are_set() {
    let server = Server::new(|_, _| status(429, Some("0"), r#"{"error":{"message":"slow down"}}"#)).await;
    let set = set("anthropic", &server, "retries = 3").await;
    assert_eq!(set.complaint(&server).await, "HOST answered 429 Too Many Requests: slow down");
    assert_eq!(server.requests(), 4);
    assert_eq!(set.used().await, (0, 0, 0), "a refusal costs nothing");
}

#[tokio::test]
async fn a_wish_beyond_the_deadline_is_not_waited_for() {
    let server = Server::new(|_, _| status(529, Some("3600"), "")).await;
    let set = set("anthropic", &server, "deadline = \"20s\"").await;
    let began = std::time::Instant::now();
    assert!(set.complaint(&server).await.starts_with("HOST answered 529"));
    assert!(began.elapsed() < Duration::from_secs(10) && server.requests() == 1);
}

#[tokio::test]
async fn every_bad_end_has_its_reason_and_its_cost() {
    type Answer = fn(&'static str) -> Response;
    let cases: [(&str, Answer, &str, bool); 9] = [
        (
            "refused",
            |_| status(401, None, r#"{"error":{"message":"invalid x-api-key"}}"#),
            "HOST answered 401 Unauthorized: invalid x-api-key",
            false,
        ),
        ("cut", |one| streamed(begun(one)), "HOST ended its answer in the middle", true),
        (
            "too long",
            |one| streamed(saying(one, WORDS, "max_tokens")),
            "HOST had more to say than the 4000 tokens an answer may have",
            true,
        ),
        (
            "declined",
            |one| streamed(saying(one, WORDS, "refusal")),
            "the model of HOST declined to answer",
            true,
        ),
        (
            "no JSON",
            |one| streamed(saying(one, "I would rather talk about it.", "end_turn")),
            "the answer of the provider cannot be used: it has no JSON object",
            true,
        ),
        (
            "other JSON",
            |one| streamed(saying(one, "[1, 2]", "end_turn")),
            "the answer of the provider cannot be used: it has no JSON object",
            true,
        ),
        ("no events", |_| status(200, None, "<html>hello</html>"), "HOST", true),
        (
            "broken events",
            |_| streamed(vec!["data: {\"type\": \n\n".to_owned()]),
            "HOST does not stream its answer as ",
            true,
        ),
        (
            "an error after words",
            |one| {
                let mut events = begun(one);
                events.push(event(&json!({ "type": "error", "error": { "type": "overloaded_error", "message": "the secret of the house is kept here" } })));
                streamed(events)
            },
            "HOST broke off with an error (its message repeats what was sent, and is not shown)",
            true,
        ),
    ];
    for provider in BOTH {
        for (what, answer, words, costs) in cases {
            let server = Server::new(move |_, _| answer(provider)).await;
            let set = set(provider, &server, "retries = 2").await;
            let complaint = set.complaint(&server).await;
            assert!(complaint.starts_with(words), "{provider}, {what}: {complaint}");
            assert_eq!(server.requests(), 1, "{provider}, {what}");
            let (tokens, input, output) = set.used().await;
            assert_eq!((tokens, input > 0), (input + output, costs), "{provider}, {what}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_stalls_or_breaks_off_is_left() {
    for provider in BOTH {
        let begun = begun(provider).concat();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = format!("{head}{:x}\r\n{begun}\r\n", begun.len());
        for stalls in [true, false] {
            let chunk = chunk.clone();
            let server = Server::raw(move |mut stream| {
                let chunk = chunk.clone();
                async move {
                    let _ = stream.read(&mut [0; 1 << 16]).await;
                    let _ = stream.write_all(chunk.as_bytes()).await;
                    if stalls {
                        std::future::pending::<()>().await;
                    }
                }
            })
            .await;
            let set = set(provider, &server, "stall = \"1s\"").await;
            let words = match stalls {
                true => "HOST sent nothing for 1 s in the middle of its answer",
                false => "HOST ended its answer in the middle",
            };
            assert_eq!(set.complaint(&server).await, words);
            assert!(set.used().await.0 > 0, "what came is counted, as estimated");
        }
    }
    let silent = Server::raw(async |stream| {
        let _stream = stream;
        std::future::pending().await
    })
    .await;
    let set = set("openai", &silent, "deadline = \"200ms\"").await;
    assert_eq!(set.complaint(&silent).await, "HOST gave no answer within 200 ms");
    let (tokens, input, output) = set.used().await;
    assert!(
        input > 0 && output == 4000 && tokens == input + output,
        "it has the prompt, and may have answered"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_left() {
    let server = Server::new(|_, _| {
        let words = saying("openai", &"x".repeat(4096), "stop").swap_remove(1);
        let endless = stream::repeat(Ok::<_, Infallible>(Bytes::from(words)));
        http::Response::new(Body::from_stream(endless))
    })
    .await;
    let set = set("openai", &server, "output_tokens = 10").await;
    assert_eq!(set.complaint(&server).await, "HOST ended its answer in the middle");
}

#[tokio::test]
async fn nothing_is_sent_beyond_the_budget_or_the_turns() {
    let server = Server::new(|_, _| streamed(saying("openai", WORDS, "end_turn"))).await;
    let poor = set("openai", &server, "monthly_tokens = 4100").await;
    let silence = poor.ask().await.unwrap_err();
    assert!(matches!(silence, Silence::Budget { budget: 4100 }), "{silence}");
    assert_eq!(server.requests(), 0);

    let busy = set("openai", &server, "concurrency = 1").await;
    let _other = busy.ai.run(1).unwrap();
    assert!(matches!(busy.ask().await.unwrap_err(), Silence::Busy { most: 1 }));
    drop(_other);
    busy.ask().await.unwrap();
    busy.ask().await.unwrap();
}

#[tokio::test]
async fn a_key_that_changes_is_read_again_and_one_that_is_gone_is_said() {
    let server = Server::new(|_, _| streamed(saying("openai", WORDS, "end_turn"))).await;
    let set = set("openai", &server, "").await;
    set.ask().await.unwrap();
    std::fs::write(set._dir.path().join("key"), "sk-another").unwrap();
    set.ask().await.unwrap();
    assert_eq!(server.seen.lock()[1].0.headers["authorization"], "Bearer sk-another");
    std::fs::remove_file(set._dir.path().join("key")).unwrap();
    let silence = set.ask().await.unwrap_err();
    assert_eq!(silence.to_string(), "the file with the provider's key cannot be read");
    assert!(silence.detail().unwrap().contains("key"), "the log names the file");
}

#[test]
fn a_prompt_for_new_models_of_openai_names_its_tokens_anew() {
    let body = |model| -> Value {
        serde_json::from_slice(&wire::Wire::OpenAi.body(model, &prompt(), 7).unwrap()).unwrap()
    };
    assert_eq!(
        (&body("gpt-5-mini")["max_completion_tokens"], &body("gpt-5-mini")["max_tokens"]),
        (&json!(7), &Value::Null)
    );
    assert_eq!(
        (&body("qwen3")["max_tokens"], &body("qwen3")["max_completion_tokens"]),
        (&json!(7), &Value::Null)
    );
}
