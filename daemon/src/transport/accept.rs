//! The accept loop is ours: stock servers leave stalled connections open and never finish a stop with an open stream.
//! Every connection has a place, a deadline for its head, and ears for the orders to drain and to close.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::head::Line;
use crate::{
    auth::Peer,
    guard::{Denied, Guard},
};

/// Pause after the system refuses a connection (out of file descriptors), so that the loop does not spin.
const BREATH: Duration = Duration::from_millis(50);

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
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.header_deadline)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let mut draining = false;
    loop {
        tokio::select! {
            // Errors here are the peer's: it hung up, stalled, or sent no HTTP.
            _ = served.as_mut() => return,
            () = closed.cancelled() => return,
            () = door.stop.cancelled() => return,
            () = door.guard.draining().cancelled(), if !draining => {
                draining = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Tells a client that there is no place, without reading what it wants.
async fn turn_away(stream: TcpStream, denied: &Denied) {
    let body = denied.to_string();
    let wait = denied.retry_after().map_or(1, |wait| wait.as_secs().max(1));
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: {wait}\r\nconnection: close\r\n\
         content-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let write = async {
        use tokio::io::AsyncWriteExt;
        let mut stream = stream;
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    // A client that does not even read this is not waited for.
    let _ = tokio::time::timeout(BREATH * 20, write).await;
}
