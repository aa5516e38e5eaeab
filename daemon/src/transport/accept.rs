//! The accept loop is ours: stock servers leave stalled connections open and never finish a stop with an open stream.
//! Every connection has a place, a deadline for its head, and ears for the orders to drain and to close.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::head::Line;
use crate::{
    auth::Peer,
    guard::{Denied, Guard},
    mcp::{Reply, RpcError},
};

/// Pause after the system refuses a connection (out of file descriptors), so that the loop does not spin.
const BREATH: Duration = Duration::from_millis(50);

/// How long a client that is turned away may take to hear it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Largest head of a request in bytes.
const HEAD: usize = 64 * 1024;

/// A bound listener and what its connections need.
pub struct Door {
    /// The listener.
    pub listener: TcpListener,
    /// What answers requests.
    pub router: Router,
    /// Who lets connections in.
    pub guard: Arc<Guard>,
    /// How long a client may take for the head of a request.
    pub header_deadline: Duration,
    /// Fires when nobody is waited for any more.
    pub stop: CancellationToken,
}

/// Accepts until told to stop, then returns. Connections run on `tasks`.
pub async fn serve(door: Door, tasks: TaskTracker) {
    let door = Arc::new(door);
    loop {
        let accepted = tokio::select! {
            accepted = door.listener.accept() => accepted,
            () = door.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(connection(Arc::clone(&door), stream, peer));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn connection(door: Arc<Door>, stream: TcpStream, peer: SocketAddr) {
    // A streamed answer in small writes would otherwise wait for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    // Before a place is taken: a stranger must not hold what the allowed need.
    if let Err(denied) = door.guard.at_the_door(peer.ip()) {
        return turn_away(stream, &denied).await;
    }
    let place = match door.guard.connection(Peer::Ip(peer.ip()), "http") {
        Ok(place) => place,
        Err(denied) => return turn_away(stream, &denied).await,
    };
    let reached = stream.local_addr().ok().map(|address| address.ip().to_canonical());
    let line = Arc::new(Line { place, peer: peer.ip(), reached });
    let closed = line.place.closed().clone();
    let router = door.router.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&line));
        router.clone().oneshot(request)
    });
    // One that comes while draining may still ask how we fare, once.
    let mut draining = door.guard.draining().is_cancelled();
    let served = http1::Builder::new()
        .keep_alive(!draining)
        .timer(TokioTimer::new())
        .header_read_timeout(door.header_deadline)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    loop {
        tokio::select! {
            // Errors here are the peer's: it hung up, stalled, or sent no HTTP.
            _ = served.as_mut() => return,
            () = closed.cancelled() => {
                // What is being said is ended in good form, but nobody is waited for.
                served.as_mut().graceful_shutdown();
                let _ = tokio::time::timeout(BREATH, served.as_mut()).await;
                return;
            }
            () = door.stop.cancelled() => return,
            () = door.guard.draining().cancelled(), if !draining => {
                draining = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Refuses a connection without reading what it wants, in the form of every other refusal.
async fn turn_away(mut stream: TcpStream, denied: &Denied) {
    let Reply::Message { status, body, retry_after, .. } =
        Reply::error(None, &RpcError::Denied(denied.clone()))
    else {
        return;
    };
    let reason = http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    let wait = retry_after.map(|wait| format!("retry-after: {}\r\n", wait.as_secs().max(1)));
    let mut answer = format!(
        "HTTP/1.1 {status} {}\r\n{}connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        reason.unwrap_or_default(),
        wait.unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    let farewell = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        // Read what is under way, or the system would tell the client of a reset instead of the answer.
        tokio::io::copy(&mut stream.take(HEAD as u64), &mut tokio::io::sink()).await
    };
    // A client that does not even read this is not waited for.
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}
