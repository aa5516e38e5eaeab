//! WebSocket: one JSON-RPC message a text frame, either way. Not a transport of the specification but one that its SDKs
//! have; the subprotocol is `mcp`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code},
    },
    response::Response,
};
use bytes::Bytes;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::{MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    answers,
    head::Line,
    heads::Heads,
    routes::{Http, Knock},
    talk::{Said, Talk},
};
use crate::{
    auth::{Credentials, Recognised, Secret},
    guard::{Denied, Visitor},
};

/// The subprotocol.
const PROTOCOL: &str = "mcp";
/// What stands before a key that comes as a second subprotocol: browsers and SDKs can set no header.
const KEY: &str = "mcpd.key.";
/// Time between pings.
const PING: Duration = Duration::from_secs(20);
/// How long a client may be silent, pongs included.
const SILENCE: Duration = Duration::from_secs(60);

/// Answers `/ws`. Host, Origin, address and key come before the upgrade.
pub(super) async fn upgrade(http: &Arc<Http>, mut knock: Box<Knock>) -> Response {
    let visitor = match recognise(http, &knock) {
        Ok(visitor) => visitor,
        Err(denied) => return answers::denied(&denied),
    };
    if let Err(denied) = http.guard.enter(&visitor) {
        return answers::denied(&denied);
    }
    if knock.parts.method != Method::GET {
        let mut response = answers::empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    if !protocols(&knock.parts.headers).any(|name| name == PROTOCOL) {
        let why = "offer the subprotocol: Sec-WebSocket-Protocol: mcp";
        return answers::invalid(StatusCode::BAD_REQUEST, why);
    }
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut knock.parts, &()).await else {
        let mut response =
            answers::invalid(StatusCode::UPGRADE_REQUIRED, "this is for a WebSocket of version 13");
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    let (limit, patience) = {
        let config = http.config.borrow();
        (usize::try_from(config.server.body_limit).unwrap_or(usize::MAX), config.server.write_deadline)
    };
    knock.line.place.becomes("ws");
    let upgrade = bounded(upgrade, limit);
    let (http, tasks) = (Arc::clone(http), http.tasks.clone());
    upgrade.on_upgrade(move |socket| {
        let (line, busy) = (Arc::clone(&knock.line), knock.line.busy());
        tasks.track_future(async move {
            converse(&http, &line, visitor, socket, patience).await;
            drop(busy);
        })
    })
}

/// The settings of every WebSocket: the subprotocol, and the longest message.
pub(crate) fn bounded(upgrade: WebSocketUpgrade, limit: usize) -> WebSocketUpgrade {
    upgrade.protocols([PROTOCOL]).max_message_size(limit).max_frame_size(limit)
}

/// Recognises by the header, else by the key offered as a subprotocol, else, if the operator allows it, by the query.
fn recognise(http: &Http, knock: &Knock) -> Result<Visitor, Denied> {
    let mut caller = http.caller(knock, &Heads::read(&knock.parts.headers));
    if matches!(caller.credentials, Credentials::Missing | Credentials::Certificate) {
        let offered = protocols(&knock.parts.headers).find_map(|name| name.strip_prefix(KEY));
        let asked = || {
            let query = knock.parts.uri.query().filter(|_| http.config.borrow().auth.query_token)?;
            query.split('&').find_map(|part| part.strip_prefix("token="))
        };
        if let Some(key) = offered.or_else(asked) {
            caller.credentials = Credentials::Bearer(Secret::new(key));
        }
    }
    let visitor = http.guard.recognise(&caller)?;
    http.guard.attach(&knock.line.place, &visitor)?;
    Ok(visitor)
}

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

/// Why a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client left, or cannot be reached.
    Left,
    /// The daemon drains: what runs is answered first.
    GoingAway,
    /// The key ended, or an operator closed the connection.
    Unwelcome,
    /// A frame that is not text.
    NotText,
    /// A message over the limit.
    TooBig,
}

impl End {
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Left => return None,
            Self::GoingAway => (close_code::AWAY, "the daemon is going away; come back"),
            Self::Unwelcome => (close_code::POLICY, "not allowed any more"),
            Self::NotText => (close_code::UNSUPPORTED, "one JSON-RPC message a text frame"),
            Self::TooBig => (close_code::SIZE, "the message is over the limit server.body_limit"),
        };
        Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
    }
}

async fn converse(http: &Http, line: &Line, visitor: Visitor, socket: WebSocket, patience: Duration) {
    let known = visitor.recognised();
    let (talk, said) = Talk::begin(Arc::clone(&http.mcp), visitor, Arc::clone(line.place.trace()));
    let (mut sink, mut stream) = socket.split();
    let unheard = CancellationToken::new();
    let hearing = async {
        let unwelcome = unwelcome(&known, line);
        let end = tokio::select! {
            biased;
            () = unwelcome => End::Unwelcome,
            () = http.guard.draining().cancelled() => End::GoingAway,
            () = unheard.cancelled() => End::Left,
            end = hear(&talk, &mut stream) => end,
        };
        match end {
            End::Left | End::Unwelcome | End::NotText | End::TooBig => talk.abandon(),
            // Who still asks while the last answers are given is told that we are going.
            End::GoingAway => tokio::select! { _ = hear(&talk, &mut stream) => {}, () = talk.wait() => {} },
        }
        talk.finish().await;
        end
    };
    let saying = async {
        say(&mut sink, said, patience).await;
        unheard.cancel();
    };
    let (end, ()) = tokio::join!(hearing, saying);
    // Without a close frame the client would take the end for a failure of the network.
    let _ = timeout(patience, sink.send(Message::Close(end.frame()))).await;
}

/// Waits until the visitor is not welcome any more.
async fn unwelcome(known: &Recognised, line: &Line) {
    let expired = async {
        match known.time_left() {
            Some(left) => tokio::time::sleep(left).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = known.principal.revoked.cancelled() => {}
        () = known.lease.over().cancelled() => {}
        () = line.place.closed().cancelled() => {}
        () = expired => {}
    }
}

async fn hear(talk: &Arc<Talk>, stream: &mut SplitStream<WebSocket>) -> End {
    let mut last = Instant::now();
    loop {
        let seat = talk.seat().await;
        let message = match timeout(SILENCE.saturating_sub(last.elapsed()), stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return if is_too_big(&error) { End::TooBig } else { End::Left },
            Ok(None) | Err(_) => return End::Left,
        };
        last = Instant::now();
        match message {
            Message::Text(text) => talk.hear(seat, Bytes::from(text).into()).await,
            Message::Binary(_) => return End::NotText,
            Message::Close(_) => return End::Left,
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

fn is_too_big(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.to_string().contains("too long"))
}

/// Sends what is said, and pings between. Ends when all is said, or when the client does not take it in time.
async fn say(sink: &mut SplitSink<WebSocket, Message>, mut said: Said, patience: Duration) {
    let mut pings = interval_at(tokio::time::Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            biased;
            message = said.next() => match message.map(Utf8Bytes::try_from) {
                Some(Ok(text)) => Message::Text(text),
                // What we write is UTF-8; should it not be, the client hears nothing rather than noise.
                Some(Err(_)) => continue,
                None => return,
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        if !matches!(timeout(patience, sink.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
}
