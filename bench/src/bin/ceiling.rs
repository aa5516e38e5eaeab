//! The ceiling: what bare axum needs to parse the same requests and to send the same answers, and nothing else.
//! No keys, no limits, no counters, no logs. `bench/run` starts it with the answers it took from mcpd.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::post,
};
use mcpd_bench::{Failure, Flags, failed, serve};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Largest body, as mcpd has it.
const LIMIT: usize = 4 * 1024 * 1024;
/// The revision that its clients name in a header.
const MODERN: &str = "2026-07-28";

/// One request, borrowed from the body; parameters stay raw.
#[derive(Deserialize)]
struct Envelope<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: &'a RawValue,
    method: &'a str,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// The results of one era, as JSON text.
struct Results {
    call: Vec<u8>,
    list: Vec<u8>,
}

impl Results {
    fn read(folder: &Path, era: &str) -> Result<Self, Failure> {
        let read = |method: &str| {
            let path = folder.join(format!("{era}-{method}.json"));
            std::fs::read(&path).map_err(failed("read", path.display()))
        };
        Ok(Self { call: read("call")?, list: read("list")? })
    }
}

/// The results of both eras.
struct Answers {
    legacy: Results,
    modern: Results,
}

fn main() -> Result<(), Failure> {
    let flags = Flags::read()?;
    let folder = flags.path("answers")?;
    let answers =
        Answers { legacy: Results::read(&folder, "legacy")?, modern: Results::read(&folder, "modern")? };
    let router = Router::new().route("/mcp", post(answer)).with_state(Arc::new(answers));
    serve(&flags, router)
}

async fn answer(State(answers): State<Arc<Answers>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LIMIT).await else { return refused() };
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&body) else { return refused() };
    if envelope.jsonrpc != "2.0" || envelope.params.is_some_and(|params| !params.get().starts_with('{')) {
        return refused();
    }
    let modern = text(&head.headers, "mcp-protocol-version") == MODERN;
    let results = if modern { &answers.modern } else { &answers.legacy };
    let result = match envelope.method {
        "tools/call" => &results.call,
        "tools/list" => &results.list,
        _ => return refused(),
    };
    let streamed = !text(&head.headers, "accept").contains("application/json");
    let (before, after, kind): (&[u8], &[u8], _) = if streamed {
        (b"event: message\ndata: ", b"\n\n", "text/event-stream")
    } else {
        (b"", b"", "application/json")
    };
    let id = envelope.id.get().as_bytes();
    let mut bytes = Vec::with_capacity(result.len() + id.len() + 64);
    for part in [before, br#"{"jsonrpc":"2.0","id":"#, id, br#","result":"#, result, b"}", after] {
        bytes.extend_from_slice(part);
    }
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn refused() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
