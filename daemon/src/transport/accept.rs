//! The accept loop is ours: stock servers leave stalled connections open and never finish a stop with an open stream.
//! Every connection has a place, a deadline for its head, and ears for the orders to drain and to close.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{answers::whole_seconds, head::Line};
use crate::{
    auth::Peer,
    guard::{Connection, Denied, Guard},
    mcp::{Reply, RpcError},
};

/// Pause after the system refuses a connection (out of file descriptors), so that the loop does not spin.
const BREATH: Duration = Duration::from_millis(50);

/// How long a client that is turned away may take to hear it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Clients that are told so at a time.
const FAREWELLS: usize = 256;

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
    let farewells = Arc::new(Semaphore::new(FAREWELLS));
    loop {
        let accepted = tokio::select! {
            accepted = door.listener.accept() => accepted,
            () = door.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => match admit(&door, peer) {
                Ok(place) => drop(tasks.spawn(connection(Arc::clone(&door), stream, peer, place))),
                // Beyond so many, a flood is not even told why.
                Err(denied) => {
                    if let Ok(ticket) = Arc::clone(&farewells).try_acquire_owned() {
                        tasks.spawn(async move {
                            turn_away(stream, &denied).await;
                            drop(ticket);
                        });
                    }
                }
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Gives a newcomer its place; a stranger must not hold what the allowed need.
fn admit(door: &Door, peer: SocketAddr) -> Result<Connection, Denied> {
    door.guard.at_the_door(peer.ip())?;
    door.guard.connection(Peer::Ip(peer.ip()), "http")
}

async fn connection(door: Arc<Door>, stream: TcpStream, peer: SocketAddr, place: Connection) {
    // A streamed answer in small writes would otherwise wait for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
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

/// Refuses a connection in the form of every other refusal. Its request is heard first, since clients take an answer
/// that comes before their question for noise; what it says is not looked at.
async fn turn_away(mut stream: TcpStream, denied: &Denied) {
    let farewell = async {
        hear(&mut stream).await?;
        stream.write_all(&refusal(denied)).await?;
        stream.shutdown().await?;
        // Read what is under way, or the system would tell the client of a reset instead of the answer.
        tokio::io::copy(&mut stream.take(HEAD as u64), &mut tokio::io::sink()).await
    };
    // A client that does not even ask, or does not read, is not waited for.
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

/// Reads to the end of a request's head, keeping only what is needed to see the end.
async fn hear(stream: &mut TcpStream) -> std::io::Result<()> {
    let (mut last, mut heard) = ([0u8; 4], 0);
    while last != *b"\r\n\r\n" && heard < HEAD {
        last.rotate_left(1);
        last[3] = stream.read_u8().await?;
        heard += 1;
    }
    Ok(())
}

fn refusal(denied: &Denied) -> Vec<u8> {
    let error = RpcError::Denied(denied.clone());
    let Reply::Message { status, body, retry_after, .. } = Reply::error(None, &error) else {
        return Vec::new();
    };
    let reason = http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    let wait = retry_after.map(|wait| format!("retry-after: {}\r\n", whole_seconds(wait)));
    let head = format!(
        "HTTP/1.1 {status} {}\r\n{}connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        reason.unwrap_or_default(),
        wait.unwrap_or_default(),
        body.len()
    );
    [head.as_bytes(), &body].concat()
}
