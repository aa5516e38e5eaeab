//! The HTTP routes: which path is whose, CORS by exact origin, and the headers every answer has.

use std::{
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
    routing::{any, get},
};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use mcpd_config::Config;
use tokio::sync::watch;

use super::{answers, endpoint, head::Line, observe, observe::Health};
use crate::{
    auth::{Caller, Need, Scope},
    guard::{Denied, Guard, Visitor},
    mcp::Mcp,
    telemetry::Recorder,
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
    /// Numbers requests.
    pub requests: RequestIds,
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
    /// Returns the router over these parts.
    pub fn router(self) -> Router {
        let http = Arc::new(self);
        Router::new()
            .route("/mcp", any(endpoint::mcp))
            .route("/", any(endpoint::mcp))
            .route("/health", get(observe::health))
            .route("/ready", get(observe::ready))
            .route("/stats", get(observe::stats_route))
            .route("/metrics", get(observe::metrics))
            .fallback(observe::nothing)
            .layer(from_fn_with_state(Arc::clone(&http), every_answer))
            .with_state(http)
    }

    /// Reads the head of a request.
    pub(super) fn caller<'a>(&self, line: &Line, parts: &'a Parts) -> Caller<'a> {
        line.caller(parts, self.guard.peers().header())
    }

    /// Lets in a request that needs `scope`, or returns the answer that refuses it.
    pub(super) fn admit_plain(&self, knock: &Knock, scope: Scope) -> Result<(), Box<Response>> {
        let began = Instant::now();
        let caller = self.caller(&knock.line, &knock.parts);
        let admitted = self
            .recognise(knock, &caller)
            .and_then(|visitor| self.guard.admit(&visitor, Need::Scope(scope)).map(drop));
        admitted.map_err(|denied| Box::new(self.refuse(knock, began, &denied)))
    }

    /// Recognises a caller and notes it on its connection.
    pub(super) fn recognise(&self, knock: &Knock, caller: &Caller<'_>) -> Result<Visitor, Denied> {
        let visitor = self.guard.recognise(caller)?;
        knock.line.place.used_by(&visitor.principal)?;
        Ok(visitor)
    }

    /// Answers a request that the guard refused before the protocol saw it.
    pub(super) fn refuse(&self, knock: &Knock, began: Instant, denied: &Denied) -> Response {
        let peer = crate::auth::Peer::Ip(knock.line.peer);
        let path = knock.parts.uri.path();
        self.mcp.refused(&knock.request, path, peer, denied, began.elapsed());
        answers::denied(denied)
    }
}

/// A request before it is known who sends it.
pub(super) struct Knock {
    /// The connection.
    pub(super) line: Arc<Line>,
    /// The head.
    pub(super) parts: Parts,
    /// Our id of it.
    pub(super) request: String,
}

impl Knock {
    /// Takes a request apart.
    pub(super) fn new(http: &Http, request: Request) -> (Option<Self>, Body) {
        let (mut parts, body) = request.into_parts();
        let line = parts.extensions.remove::<Arc<Line>>();
        let knock = line.map(|line| Self { line, parts, request: http.requests.next() });
        (knock, body)
    }
}

/// Answers preflights and adds what every answer has.
async fn every_answer(State(http): State<Arc<Http>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS && origin.is_some();
    let mut response = if preflight {
        let mut response = answers::empty(StatusCode::NO_CONTENT);
        preflight_headers(&http, request, &mut response);
        response
    } else {
        next.run(request).await
    };
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

/// A preflight carries no key: it passes Host and peers, and learns nothing but what its own origin may send.
fn preflight_headers(http: &Http, request: Request, response: &mut Response) {
    let (Some(knock), _) = Knock::new(http, request) else { return };
    if let Err(denied) = http.guard.glance(&http.caller(&knock.line, &knock.parts)) {
        *response = answers::denied(&denied);
        return;
    }
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
}
