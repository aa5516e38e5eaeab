//! Answers of the HTTP edge, built in one place.

use std::time::Duration;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::sse;
use crate::{
    guard::Denied,
    mcp::{Reply, RpcError},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    with_body(status, None, Body::empty())
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    with_body(status, Some(JSON), body.into())
}

/// An answer of plain text, for people.
pub(super) fn text(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    with_body(status, Some(HeaderValue::from_static(kind)), body.into())
}

fn with_body(status: StatusCode, kind: Option<HeaderValue>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// A refusal of the guard, before any JSON-RPC id is known.
pub(super) fn denied(denied: &Denied) -> Response {
    let mut response = reply(Reply::error(None, &RpcError::Denied(denied.clone())), false);
    // A refused stranger keeps no place.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// An error of the protocol that the HTTP edge notices itself, under a status of HTTP's own.
pub(super) fn invalid(status: StatusCode, why: &'static str) -> Response {
    let Reply::Message { body, .. } = Reply::error(None, &RpcError::InvalidRequest(why.into())) else {
        return empty(status);
    };
    json(status, body)
}

/// The protocol's reply; `streamed` when the client only takes an event stream.
pub(super) fn reply(reply: Reply, streamed: bool) -> Response {
    match reply {
        Reply::Accepted => empty(StatusCode::ACCEPTED),
        Reply::Message { status, body, session, retry_after } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = if streamed && status.is_success() {
                sse::single(&body)
            } else {
                json(status, Body::from(body))
            };
            let headers = response.headers_mut();
            if let Some(session) = session.and_then(|id| HeaderValue::try_from(id).ok()) {
                headers.insert(SESSION, session);
            }
            if let Some(wait) = retry_after {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
            }
            if status == StatusCode::UNAUTHORIZED {
                let challenge = HeaderValue::from_static("Bearer realm=\"mcpd\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

/// Whole seconds, rounded up: a client that waits that long finds a token.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs_f64().ceil() as u64).max(1)
}

/// An event stream.
pub(super) fn stream(body: Body) -> Response {
    let mut response = with_body(StatusCode::OK, Some(HeaderValue::from_static("text/event-stream")), body);
    // Proxies such as nginx would otherwise hold events back.
    let buffering = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(buffering, HeaderValue::from_static("no"));
    response
}

/// Bytes of one event.
pub(super) fn event(data: &[u8]) -> Bytes {
    let mut event = Vec::with_capacity(data.len() + 24);
    event.extend_from_slice(b"event: message\ndata: ");
    event.extend_from_slice(data);
    event.extend_from_slice(b"\n\n");
    Bytes::from(event)
}
