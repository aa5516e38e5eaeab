//! The MCP endpoint over Streamable HTTP: POST, GET and DELETE on `/mcp` and `/`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{
    answers, body, head,
    routes::{Counted, Http, Knock, RequestId},
    sse,
};
use crate::{
    guard::Visitor,
    mcp::{Ask, MODERN, Origin, Reply, RpcError},
};

/// Answers a request to the endpoint.
pub(super) async fn mcp(State(http): State<Arc<Http>>, request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let (knock, body) = Knock::new(request);
    let (Some(knock), Some(id)) = (knock, id) else {
        return answers::empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    // Nothing is read, and nothing about methods is told, before it is known who asks.
    let visitor = match http.recognise(&knock) {
        Ok(visitor) => visitor,
        Err(denied) => return answers::denied(&denied),
    };
    match knock.parts.method {
        Method::POST => post(&http, &knock, &id, &visitor, body).await,
        Method::GET => get(&http, &knock, &visitor),
        Method::DELETE => delete(&http, &knock, &visitor),
        _ => method_not_allowed("POST, GET, DELETE"),
    }
}

async fn post(http: &Http, knock: &Knock, id: &RequestId, visitor: &Visitor, body: Body) -> Response {
    let headers = &knock.parts.headers;
    let accepts = match check_content(headers) {
        Ok(accepts) => accepts,
        Err(response) => return *response,
    };
    let body = match body::read(http, body, headers, visitor.peer).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let param = |name: &str| head::param(headers, name);
    let origin = match head::protocol(headers, &param) {
        Ok(head) => Origin::Http(head),
        Err(name) => {
            let why = format!("the {name} header occurs twice or is not plain text");
            return answers::reply(Reply::error(None, &RpcError::HeaderMismatch(why)), false);
        }
    };
    let ask = Ask { request: &id.0, visitor, origin, body: &body };
    let reply = http.mcp.answer(&ask).await;
    let mut response = answers::reply(reply, accepts == Accepts::OnlyStream);
    response.extensions_mut().insert(Counted);
    response
}

/// Opens the stream on which a legacy session hears what the server says on its own.
fn get(http: &Http, knock: &Knock, visitor: &Visitor) -> Response {
    let headers = &knock.parts.headers;
    if version(headers) == Some(MODERN) {
        return method_not_allowed("POST");
    }
    if accepts(headers) == Accepts::Nothing || !mentions(headers, "text/event-stream") {
        let why = "a GET opens an event stream: send Accept: text/event-stream";
        return answers::invalid(StatusCode::NOT_ACCEPTABLE, why);
    }
    match session_of(http, headers, visitor) {
        Ok(session) => sse::listen(&session, &http.guard),
        Err(error) => answers::reply(Reply::error(None, &error), false),
    }
}

fn delete(http: &Http, knock: &Knock, visitor: &Visitor) -> Response {
    let headers = &knock.parts.headers;
    if version(headers) == Some(MODERN) {
        return method_not_allowed("POST");
    }
    match session_of(http, headers, visitor) {
        Ok(session) => {
            http.mcp.sessions().end(&session.id);
            answers::empty(StatusCode::NO_CONTENT)
        }
        Err(error) => answers::reply(Reply::error(None, &error), false),
    }
}

fn session_of(
    http: &Http,
    headers: &HeaderMap,
    visitor: &Visitor,
) -> Result<Arc<crate::mcp::Session>, RpcError> {
    http.guard.enter(visitor)?;
    crate::mcp::check_version(version(headers))?;
    let name = http::HeaderName::from_static("mcp-session-id");
    let id = head::unique(headers, &name).map_err(|()| RpcError::SessionRequired)?;
    http.mcp.own_session(id.ok_or(RpcError::SessionRequired)?, visitor)
}

fn version(headers: &HeaderMap) -> Option<&str> {
    headers.get("mcp-protocol-version").and_then(|value| value.to_str().ok())
}

fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response = answers::empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// What a client takes as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepts {
    /// A JSON object, and perhaps a stream.
    Json,
    /// An event stream and nothing else.
    OnlyStream,
    /// Neither.
    Nothing,
}

fn accepts(headers: &HeaderMap) -> Accepts {
    let any = !headers.contains_key(header::ACCEPT) || mentions(headers, "*/*");
    if any || mentions(headers, "application/json") || mentions(headers, "application/*") {
        Accepts::Json
    } else if mentions(headers, "text/event-stream") {
        Accepts::OnlyStream
    } else {
        Accepts::Nothing
    }
}

fn mentions(headers: &HeaderMap, kind: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(',')).map(media_type);
    kinds.any(|found| found.eq_ignore_ascii_case(kind))
}

fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

fn check_content(headers: &HeaderMap) -> Result<Accepts, Box<Response>> {
    let refuse = |status, why| Err(Box::new(answers::invalid(status, why)));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| media_type(kind).eq_ignore_ascii_case("application/json")) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json");
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "an encoded body is not taken: send it plain");
    }
    match accepts(headers) {
        Accepts::Nothing => refuse(
            StatusCode::NOT_ACCEPTABLE,
            "the answer is JSON or an event stream: send Accept: application/json, text/event-stream",
        ),
        accepts @ (Accepts::Json | Accepts::OnlyStream) => Ok(accepts),
    }
}
