//! The client against endpoints that behave as the known ones do, and against bad ones.

mod connection;
mod server;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::*;
use server::{KEY, PLENTY, Server, bearer, embed};

/// The vector of a text, which only its length decides.
fn vector(text: &str) -> [f32; 3] {
    [text.chars().count() as f32, 1.0, -0.5]
}

fn items(question: &Value) -> Vec<Value> {
    let texts = question["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let item = |(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(text)});
    texts.enumerate().map(item).collect()
}

/// As OpenAI, vLLM, LM Studio and text-embeddings-inference answer.
fn openai(question: &Value) -> Response {
    let (data, model) = (items(question), &question["model"]);
    let usage = json!({"prompt_tokens": 8, "total_tokens": 8});
    json!({"object": "list", "data": data, "model": model, "usage": usage}).to_string().into_response()
}

fn status(status: u16, body: impl Into<Body>) -> Response {
    http::Response::builder().status(status).body(body.into()).unwrap()
}

fn after(status: u16, pause: &str, body: &'static str) -> Response {
    http::Response::builder().status(status).header("Retry-After", pause).body(body.into()).unwrap()
}

fn assert_are(vectors: &[Vec<f32>], texts: &[&str]) {
    assert_eq!(vectors.len(), texts.len());
    for (found, text) in vectors.iter().zip(texts) {
        let raw = vector(text);
        let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt();
        assert!(found.iter().zip(raw).all(|(number, raw)| (number - raw / length).abs() < 1e-6), "{text}");
    }
}

#[tokio::test]
async fn an_endpoint_is_asked_as_openai_describes() {
    let server = Server::new(|_, question| openai(question)).await;
    let endpoint = server.endpoint();
    let texts = ["one", "sécond", "第三"];
    assert_are(&embed(&endpoint, &texts, PLENTY).await.unwrap(), &texts);
    let seen = server.seen.lock().pop().unwrap();
    let (parts, question) = seen;
    assert_eq!((parts.method.as_str(), parts.uri.path()), ("POST", "/v1/embeddings"));
    assert_eq!(parts.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(parts.headers["content-type"], "application/json");
    assert_eq!(question, json!({"model": "bge-m3", "input": texts, "encoding_format": "float"}));
    assert_eq!(endpoint.model(), "bge-m3");
}

#[tokio::test]
async fn without_a_key_none_is_shown() {
    let server = Server::new(|_, question| openai(question)).await;
    let endpoint = Endpoint::new(&format!("http://{}/", server.address), "m", None).unwrap();
    embed(&endpoint, &["a text"], PLENTY).await.unwrap();
    assert!(!server.seen.lock()[0].0.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_question_is_bounded() {
    let server = Server::new(|_, question| openai(question)).await;
    assert_eq!(server.ask(&[]).await.unwrap(), Vec::<Vec<f32>>::new());
    assert_eq!(server.requests(), 0);
    let all = ["a text"; BATCH];
    assert_eq!(server.ask(&all).await.unwrap().len(), BATCH);
    let more = server.ask(&["a text"; BATCH + 1]).await.unwrap_err();
    assert_eq!(more.to_string(), "33 texts are more than the 32 of one request");
    let long = "語".repeat(LONGEST + 1);
    server.ask(&[&long]).await.unwrap();
    let (_, question) = server.seen.lock().pop().unwrap();
    assert_eq!(question["input"][0].as_str().unwrap().chars().count(), LONGEST);
}

#[tokio::test]
async fn a_connection_is_kept() {
    let server = Server::new(|_, question| openai(question)).await;
    let endpoint = server.endpoint();
    for _ in 0..20 {
        embed(&endpoint, &["a text"], PLENTY).await.unwrap();
    }
    // Not always 1: the next question may come before a connection is back in its place.
    assert!(server.connections() < server.requests());
}

#[tokio::test]
async fn the_index_and_not_the_place_says_whose_a_vector_is() {
    let server = Server::new(|_, question| {
        let mut items = items(question);
        items.reverse();
        json!({"data": items}).to_string().into_response()
    })
    .await;
    let texts = ["one", "sécond", "第三"];
    assert_are(&server.ask(&texts).await.unwrap(), &texts);
}

#[tokio::test]
async fn an_answer_that_is_wrong_is_told_apart() {
    let deep = || "[".repeat(1 << 20);
    let one = |embedding: &str| format!(r#"{{"data":[{{"index":0,"embedding":{embedding}}}]}}"#);
    let cases = [
        (one("[1,2]"), "it has 1 vectors for 2 texts"),
        (r#"{"object":"","data":null,"model":"","usage":{}}"#.to_owned(), "it has 0 vectors for 2 texts"),
        (
            one("[null,2]").replace("}]}", r#"},{"index":1,"embedding":[1,2]}]}"#),
            "vector 0 holds a value that is no finite number",
        ),
        ("<html>hello</html>".to_owned(), "it is not JSON (line 1, column 1)"),
        (deep(), "it is no list of embeddings as numbers (line 1, column 3)"),
        (format!(r#"{{"data":{}"#, deep()), "it is no list of embeddings as numbers (line 1, column 10)"),
        (format!(r#"{{"more":{}"#, deep()), "it is not JSON (line 1, column 1048584)"),
    ];
    for (body, words) in cases {
        let server = Server::new(move |_, _| body.clone().into_response()).await;
        let error = server.complaint(&["one", "two"], PLENTY).await;
        assert_eq!(error, format!("the answer of HOST cannot be used: {words}"));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn a_huge_answer_is_left() {
    for code in [200, 400] {
        let server = Server::new(move |_, _| {
            let chunk = Bytes::from(vec![b'['; 1 << 16]);
            status(
                code,
                Body::from_stream(futures::stream::repeat_with(move || {
                    Ok::<_, std::io::Error>(chunk.clone())
                })),
            )
        })
        .await;
        let error = server.complaint(&["a text"], PLENTY).await;
        if code == 200 {
            assert_eq!(error, "the answer of HOST is larger than 1310720 bytes");
        } else {
            assert_eq!(error, format!("HOST answered 400 Bad Request: {}", "[".repeat(200)));
        }
    }
}

#[tokio::test]
async fn a_refusal_is_a_sentence() {
    let openai = r#"{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;
    let ollama = r#"{"error":{"message":"model \"bge-m3\" not found, try pulling it first","type":"not_found_error","param":null,"code":null}}"#;
    let echo = format!(r#"{{"error":"cannot embed 'a secret of the house' for {KEY}"}}"#);
    let cases = [
        (401, openai, "401 Unauthorized: Incorrect API key provided."),
        (404, ollama, r#"404 Not Found: model "bge-m3" not found, try pulling it first"#),
        (
            413,
            r#"{"message":"batch size 2 > maximum allowed batch size 1","code":413,"type":"Validation"}"#,
            "413 Payload Too Large: batch size 2 > maximum allowed batch size 1",
        ),
        (500, "", "500 Internal Server Error"),
        (400, &echo, "400 Bad Request (its message repeats what was sent, and is not shown)"),
    ];
    for (code, body, words) in cases {
        let body = body.to_owned();
        let server = Server::new(move |_, _| status(code, body.clone())).await;
        let error = server.complaint(&["this is a secret of the house, told to nobody"], PLENTY).await;
        assert_eq!(error, format!("HOST answered {words}"));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_once_more() {
    for code in [429, 503] {
        let server = Server::new(move |number, question| match number {
            0 => after(code, "0", "busy"),
            _ => openai(question),
        })
        .await;
        assert_are(&server.ask(&["a text"]).await.unwrap(), &["a text"]);
        assert_eq!(server.requests(), 2);
    }
    let server = Server::new(|_, _| after(429, "0", "busy")).await;
    assert_eq!(server.complaint(&["a text"], PLENTY).await, "HOST answered 429 Too Many Requests: busy");
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_pause_beyond_the_deadline_is_not_waited_for() {
    let server = Server::new(|_, _| after(503, "3600", "later")).await;
    let begun = std::time::Instant::now();
    assert_eq!(server.complaint(&["a text"], PLENTY).await, "HOST answered 503 Service Unavailable: later");
    assert!(begun.elapsed() < PLENTY / 2);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::new(|_, question| openai(question)).await;
    let to = format!("http://{}/v1/embeddings", target.address);
    let server = Server::new(move |_, _| {
        http::Response::builder().status(307).header("Location", &to).body(Body::empty()).unwrap()
    })
    .await;
    let error = server.complaint(&["a text"], PLENTY).await;
    let words = "HOST answered 307 Temporary Redirect, a redirect, which is not followed because key and texts would travel: http://";
    assert!(error.starts_with(words), "{error}");
    assert_eq!(target.requests(), 0);
}

#[test]
fn an_address_and_a_key_are_checked_and_not_printed() {
    let refusal = |url: &str, key: &str| {
        let key = Some(bearer(key));
        Endpoint::new(url, "m", key).unwrap_err().to_string()
    };
    let url = "http://127.0.0.1:1/v1/embeddings";
    for (wrong, words) in [
        ("localhost:11434", "does not begin with http:// or https://"),
        ("ftp://127.0.0.1/", "does not begin with http:// or https://"),
        ("/v1/embeddings", "does not begin with http:// or https://"),
        ("http://", "is no address"),
        ("http://:80/", "names no host"),
        ("http://a b/", "is no address"),
        ("http://me:secret@127.0.0.1/", "names a user; a key belongs into the key file"),
    ] {
        assert_eq!(refusal(wrong, KEY), format!("the url of the embeddings endpoint {words}"), "{wrong}");
    }
    assert_eq!(refusal(url, " \n"), "the key of the embeddings endpoint is empty");
    let broken = refusal(url, "sk-one\nsk-two");
    assert_eq!(broken, "the key of the embeddings endpoint holds characters that no header carries");
    let endpoint = Endpoint::new(&format!("{url}?code=hush"), "m", Some(bearer("sk-hush\n"))).unwrap();
    let printed = format!("{endpoint:?}");
    assert!(!printed.contains("hush") && printed.contains("127.0.0.1:1"), "{printed}");
}

#[test]
fn an_endpoint_is_shared() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Endpoint>();
    shared::<EndpointError>();
}
