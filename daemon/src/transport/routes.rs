//! The HTTP routes: which path is whose, CORS by exact origin, and the headers every answer has.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::any,
};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use mcpd_config::Config;
use tokio::sync::watch;

use super::{answers, body::Bodies, endpoint, head::Line, observe};
use crate::{
    auth::Caller,
    guard::{Denied, Guard, Visitor},
    mcp::Mcp,
    telemetry::{Outcome, Recorder, RequestFinished},
    tools::{Health, Registry},
};

/// What the routes use.
pub struct Http {
    /// The protocol.
    pub mcp: Arc<Mcp>,
    /// Who lets requests in.
    pub guard: Arc<Guard>,
    /// The figures.
    pub recorder: Arc<Recorder>,
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    /// How the daemon fares.
    pub health: Arc<Health>,
    /// The tools.
    pub registry: Arc<Registry>,
    /// Numbers requests.
    pub requests: RequestIds,
    /// The memory for large bodies.
    pub bodies: Bodies,
}

/// Makes request ids: eight characters of this start, then a number.
pub struct RequestIds {
    start: u32,
    last: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self { start: rand::random(), last: AtomicU64::new(0) }
    }
}

impl RequestIds {
    /// Returns the next id.
    pub fn next(&self) -> String {
        format!("{:08x}-{}", self.start, self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Http {
    /// Returns the router of the address for Prometheus: figures for allowed peers, no key, nothing else.
    pub fn figures(http: &Arc<Self>) -> Router {
        Router::new()
            .route("/health", any(observe::health))
            .route("/ready", any(observe::ready))
            .route("/metrics", any(observe::open_metrics))
            .fallback(observe::nothing)
            .layer(from_fn_with_state(Arc::clone(http), every_answer))
            .with_state(Arc::clone(http))
    }

    /// Returns the router of the MCP address.
    pub fn router(http: &Arc<Self>) -> Router {
        Router::new()
            .route("/mcp", any(endpoint::mcp))
            .route("/", any(endpoint::mcp))
            .route("/health", any(observe::health))
            .route("/ready", any(observe::ready))
            .route("/stats", any(observe::stats_route))
            .route("/metrics", any(observe::metrics))
            .fallback(observe::nothing)
            .layer(from_fn_with_state(Arc::clone(http), every_answer))
            .with_state(Arc::clone(http))
    }

    /// Reads the head of a request.
    pub(super) fn caller<'a>(&self, knock: &'a Knock) -> Caller<'a> {
        knock.line.caller(&knock.parts, self.guard.peers().header())
    }

    /// Recognises a caller and notes it on its connection.
    pub(super) fn recognise(&self, knock: &Knock) -> Result<Visitor, Denied> {
        let visitor = self.guard.recognise(&self.caller(knock))?;
        self.guard.attach(&knock.line.place, &visitor)?;
        Ok(visitor)
    }
}

/// A request before it is known who sends it.
pub(super) struct Knock {
    /// The connection.
    pub(super) line: Arc<Line>,
    /// The head.
    pub(super) parts: Parts,
}

impl Knock {
    /// Takes a request apart.
    pub(super) fn new(request: Request) -> (Option<Self>, Body) {
        let (mut parts, body) = request.into_parts();
        let line = parts.extensions.remove::<Arc<Line>>();
        (line.map(|line| Self { line, parts }), body)
    }
}

/// Marks an answer that the protocol has counted and logged itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted;

/// Our id of a request, in every line of log about it.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) Arc<str>);

/// Answers preflights, adds what every answer has, and counts what the protocol did not see.
async fn every_answer(State(http): State<Arc<Http>>, mut request: Request, next: Next) -> Response {
    let edge = Edge::of(&http, &request);
    request.extensions_mut().insert(edge.request.clone());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS && origin.is_some();
    let mut response = if preflight { preflight_answer(&http, request) } else { next.run(request).await };
    if response.extensions_mut().remove::<Counted>().is_none() {
        edge.count(&http.recorder, response.status());
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(origin) = origin {
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
        let allowed = origin.to_str().is_ok_and(|text| http.guard.hosts().is_allowed_origin(text));
        if allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let exposed = HeaderValue::from_static("mcp-session-id, retry-after, www-authenticate");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
    response
}

/// A request that the edge answers, as it is counted.
struct Edge {
    request: RequestId,
    path: String,
    peer: Option<IpAddr>,
    began: Instant,
}

impl Edge {
    fn of(http: &Http, request: &Request) -> Self {
        Self {
            request: RequestId(http.requests.next().into()),
            path: request.uri().path().to_owned(),
            peer: request.extensions().get::<Arc<Line>>().map(|line| line.peer),
            began: Instant::now(),
        }
    }

    /// Counts the answer. Probes and scrapes that went well would only drown the requests.
    fn count(&self, recorder: &Recorder, status: StatusCode) {
        let endpoint = matches!(self.path.as_str(), "/mcp" | "/");
        if status.is_success() && !endpoint {
            return;
        }
        let outcome = match status.as_u16() {
            200..=299 => Outcome::Success,
            401 | 403 | 429 | 503 => Outcome::Refused,
            _ => Outcome::ProtocolError,
        };
        let path: String = self.path.chars().take(64).collect();
        RequestFinished {
            request: &self.request.0,
            method: &path,
            tool: None,
            principal: None,
            peer: &self.peer.map_or_else(String::new, |address| address.to_string()),
            outcome,
            status: Some(status.as_u16()),
            duration: self.began.elapsed(),
        }
        .emit(recorder);
    }
}

/// A preflight carries no key: it passes Host and peers, and learns nothing but what its own origin may send.
fn preflight_answer(http: &Http, request: Request) -> Response {
    let (knock, _) = Knock::new(request);
    let Some(knock) = knock else { return answers::empty(StatusCode::INTERNAL_SERVER_ERROR) };
    if let Err(denied) = http.guard.glance(&http.caller(&knock)) {
        return answers::denied(&denied);
    }
    let mut response = answers::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, accept, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    for (name, value) in allowed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
