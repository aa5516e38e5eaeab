//! Providers that say what is not so, or what nobody may hear.

use super::*;

/// One answer in OpenAI's protocol, with the counts it claims.
fn claiming(words: &str, model: &str, usage: Value) -> Response {
    let choice = json!({ "index": 0, "delta": { "content": words }, "finish_reason": "stop" });
    let said = event(&json!({ "model": model, "choices": [choice], "usage": usage }));
    streamed(vec![said, "data: [DONE]\n\n".to_owned()])
}

#[tokio::test]
async fn a_key_that_comes_back_is_neither_told_nor_used() {
    let server = Server::new(|_, _| {
        let words = json!({ "summary": format!("you sent Bearer {KEY}") }).to_string();
        claiming(&words, "m", Value::Null)
    })
    .await;
    let set = set("openai", &server, "").await;
    let words = "the answer of HOST repeats the key it was shown, and is not used";
    assert_eq!(set.complaint(&server).await, words);
}

#[tokio::test]
async fn a_name_that_is_none_is_not_taken() {
    for name in [KEY.to_owned(), "x".repeat(1 << 20), "m\u{1b}[31m".to_owned()] {
        let server = Server::new(move |_, _| claiming("{}", &name, Value::Null)).await;
        assert_eq!(set("openai", &server, "").await.ask().await.unwrap().model, "m");
    }
}

#[tokio::test]
async fn a_wish_without_end_ends_the_tries() {
    let server = Server::new(|_, _| status(429, Some("18446744073709551615"), "")).await;
    let set = set("openai", &server, "").await;
    assert_eq!(set.complaint(&server).await, "HOST answered 429 Too Many Requests");
    assert_eq!((server.requests(), set.used().await), (1, (0, 0, 0)));
}

#[tokio::test]
async fn counts_beyond_reason_are_estimated() {
    for (provider, most) in [("openai", i64::MAX), ("openai", -7), ("anthropic", i64::MAX)] {
        let server = Server::new(move |_, _| match provider {
            "openai" => claiming("{}", "m", json!({ "prompt_tokens": most, "completion_tokens": most })),
            _ => {
                let usage = json!({ "input_tokens": most, "cache_creation_input_tokens": most, "cache_read_input_tokens": most, "output_tokens": most });
                let mut events = saying(provider, "{}", "end_turn");
                events[0] = event(&json!({ "type": "message_start", "message": { "model": "m", "usage": usage } }));
                streamed(events)
            }
        })
        .await;
        let set = set(provider, &server, "monthly_tokens = 0").await;
        let answered = set.ask().await.unwrap();
        assert!(!answered.usage.is_counted && answered.usage.input < 1_000, "{:?}", answered.usage);
        set.ask().await.unwrap();
        let (tokens, ..) = set.used().await;
        assert!((1..2_000).contains(&tokens), "{tokens}");
    }
}

#[tokio::test]
async fn every_try_counts() {
    let server = Server::new(|number, _| match number {
        // It has begun to count before it breaks off.
        0 => {
            let usage = json!({ "input_tokens": 100, "output_tokens": 0 });
            let start = event(&json!({ "type": "message_start", "message": { "usage": usage } }));
            let error = json!({ "type": "overloaded_error", "message": "Overloaded" });
            streamed(vec![start, event(&json!({ "type": "error", "error": error }))])
        }
        _ => streamed(saying("anthropic", WORDS, "end_turn")),
    })
    .await;
    let set = set("anthropic", &server, "").await;
    assert_eq!(set.ask().await.unwrap().usage, Usage { input: 200, output: 25, is_counted: true });
    assert_eq!(set.used().await, (225, 200, 25));
}
