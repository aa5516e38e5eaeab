//! A provider of a model's words, as Anthropic and OpenAI describe theirs, that says what a test tells it.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    body::{Body, Bytes},
    http::{Request, Response},
};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::{Value, json};

/// What the provider does with a prompt.
#[derive(Debug, Clone)]
pub enum Act {
    /// Says it, and ends.
    Say(String),
    /// Begins to say it, and breaks off.
    Cut(String),
    /// Begins to say it, and says no more.
    Stall(String),
    /// Answers with a status, a wish to be left alone, and no words.
    Refuse(u16, &'static str),
}

/// A provider on a port of its own, gone when dropped.
pub struct Provider {
    address: SocketAddr,
    protocol: &'static str,
    acts: Arc<Mutex<Vec<Act>>>,
    /// Bodies of the prompts that came.
    pub prompts: Arc<Mutex<Vec<Value>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// Does one act after the other; the last one for ever.
    pub async fn new(protocol: &'static str, acts: Vec<Act>) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let acts = Arc::new(Mutex::new(acts));
        let prompts = Arc::new(Mutex::new(Vec::new()));
        let (script, kept) = (Arc::clone(&acts), Arc::clone(&prompts));
        let app = axum::Router::new().fallback(async move |request: Request<Body>| {
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            let mut script = script.lock().unwrap();
            let act = if script.len() > 1 { script.remove(0) } else { script[0].clone() };
            drop(script);
            answer(protocol, act)
        });
        let task = tokio::spawn(async move {
            let mut served = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = TowerToHyperService::new(app.clone());
                served.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, protocol, acts, prompts, task }
    }

    /// Has it do something else from now on.
    pub fn act(&self, acts: Vec<Act>) {
        *self.acts.lock().unwrap() = acts;
    }

    /// Returns the configuration of a daemon that asks it.
    pub fn config(&self, more: &str) -> String {
        let (protocol, address) = (self.protocol, self.address);
        format!(
            "[ai]\nprovider = \"{protocol}\"\nmodel = \"test-model\"\nurl = \"http://{address}/v1\"\n{more}\n"
        )
    }

    /// Returns all texts of the last prompt.
    pub fn last_prompt(&self) -> (String, String) {
        let prompts = self.prompts.lock().unwrap();
        let last = prompts.last().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        match self.protocol {
            "anthropic" => (text(&last["system"]), text(&last["messages"][0]["content"])),
            _ => (text(&last["messages"][0]["content"]), text(&last["messages"][1]["content"])),
        }
    }
}

fn answer(protocol: &str, act: Act) -> Response<Body> {
    let stream = |events: Vec<String>, goes_on: bool| {
        let pieces = events.into_iter().map(|event| Ok::<_, Infallible>(Bytes::from(event)));
        let pieces = futures::stream::iter(pieces);
        let body = match goes_on {
            true => Body::from_stream(futures::StreamExt::chain(pieces, futures::stream::pending())),
            false => Body::from_stream(pieces),
        };
        Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
    };
    match act {
        Act::Say(words) => stream([begin(protocol, &words), end(protocol)].concat(), false),
        Act::Cut(words) => stream(begin(protocol, &words), false),
        Act::Stall(words) => stream(begin(protocol, &words), true),
        Act::Refuse(code, wait) => {
            let error =
                json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
            let response = Response::builder().status(code).header("retry-after", wait);
            response.body(error.to_string().into()).unwrap()
        }
    }
}

fn event(data: &Value) -> String {
    let kind = data["type"].as_str().map(|kind| format!("event: {kind}\n")).unwrap_or_default();
    format!("{kind}data: {data}\n\n")
}

fn chunk(delta: Value, reason: Value) -> String {
    event(
        &json!({ "model": "test-model-1", "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] }),
    )
}

fn begin(protocol: &str, words: &str) -> Vec<String> {
    match protocol {
        "anthropic" => vec![
            event(
                &json!({ "type": "message_start", "message": { "model": "test-model-1", "usage": { "input_tokens": 100, "output_tokens": 1 } } }),
            ),
            event(
                &json!({ "type": "content_block_delta", "delta": { "type": "text_delta", "text": words } }),
            ),
        ],
        _ => vec![chunk(json!({ "role": "assistant", "content": words }), Value::Null)],
    }
}

fn end(protocol: &str) -> Vec<String> {
    match protocol {
        "anthropic" => vec![
            event(
                &json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 25 } }),
            ),
            event(&json!({ "type": "message_stop" })),
        ],
        _ => vec![
            chunk(json!({}), "stop".into()),
            event(&json!({ "choices": [], "usage": { "prompt_tokens": 100, "completion_tokens": 25 } })),
            "data: [DONE]\n\n".to_owned(),
        ],
    }
}
