//! The accept loop is ours: stock servers leave stalled connections open and never finish a stop with an open stream.
//! Every connection has a place, a watch over its deadlines, and ears for the orders to drain and to close.

use std::{convert::Infallible, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Version};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use mcpd_config::Config;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    farewell::turn_away,
    head::{Known, Line},
    pulse::{Deadlines, Missed, Pulse},
    routes::{Http, Knock, Side},
    sockets::Sockets,
    watch::{Held, Watch, Watched},
    wire::{Secured, Wire, secure},
};
use crate::{
    auth::Peer,
    guard::{Connection, Denied, Guard},
    tls::TlsPort,
};

/// Pause after the system refuses a connection (out of file descriptors), so that the loop does not spin.
const BREATH: Duration = Duration::from_millis(50);

/// Largest head of a request in bytes.
pub(super) const HEAD: usize = 64 * 1024;

/// Bytes of answers that the system keeps for a connection beyond what is on its way.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 32 * 1024;

/// Requests at a time on one HTTP/2 connection.
const STREAMS: u32 = 64;

/// Time between pings on an HTTP/2 connection, and for the answer to one.
const PING: Duration = Duration::from_secs(20);

/// A bound listener and what its connections need.
pub struct Door {
    /// The listener.
    pub listener: TcpListener,
    /// What answers requests.
    pub http: Arc<Http>,
    /// Which side of the daemon this is.
    pub side: Side,
    /// What TLS is spoken with; absent is plain HTTP.
    pub tls: Option<Arc<TlsPort>>,
    /// Who lets connections in.
    pub guard: Arc<Guard>,
    /// The configuration in force: deadlines are those of the moment a connection comes.
    pub config: watch::Receiver<Arc<Config>>,
    /// The descriptors that may be used.
    pub sockets: Sockets,
    /// Fires when nobody is waited for any more.
    pub stop: CancellationToken,
    /// Where connections run.
    pub tasks: TaskTracker,
}

/// Somebody who was let in.
struct Guest {
    stream: TcpStream,
    peer: SocketAddr,
    place: Connection,
    socket: OwnedSemaphorePermit,
}

/// Accepts until told to stop, then returns.
pub async fn serve(door: Door) {
    let door = Arc::new(door);
    let mut choking = false;
    loop {
        let next = async {
            // First the leave, then the socket: what cannot be kept waits in the system's queue.
            let socket = door.sockets.next().await;
            (door.listener.accept().await, socket)
        };
        let (accepted, socket) = tokio::select! {
            (accepted, Some(socket)) = next => (accepted, socket),
            () = door.stop.cancelled() => return,
            else => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                if std::mem::take(&mut choking) {
                    tracing::info!("connections are accepted again");
                }
                receive(&door, stream, peer, socket);
            }
            Err(error) if is_about_one(&error) => {}
            // One line for each time of want, however long it lasts.
            Err(error) => {
                if !std::mem::replace(&mut choking, true) {
                    tracing::warn!(%error, "connections cannot be accepted now");
                }
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Answers whether only the one that came is lost: it hung up before it was let in.
fn is_about_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted].contains(&error.kind())
}

/// Lets somebody in, or tells them why not.
fn receive(door: &Arc<Door>, stream: TcpStream, peer: SocketAddr, socket: OwnedSemaphorePermit) {
    match admit(door, peer) {
        Ok(place) => {
            let guest = Guest { stream, peer, place, socket };
            door.tasks.spawn(connection(Arc::clone(door), guest));
        }
        // Who speaks TLS could only be told after a handshake, which costs what is to be saved.
        Err(_) if door.tls.is_some() => {}
        // Beyond so many, a flood is not even told why.
        Err(denied) => {
            if let Some(leave) = door.sockets.farewell() {
                door.tasks.spawn(async move {
                    turn_away(stream, &denied).await;
                    drop((leave, socket));
                });
            }
        }
    }
}

/// Gives a newcomer its place; one who is not let in must not hold what the allowed need.
fn admit(door: &Door, peer: SocketAddr) -> Result<Connection, Denied> {
    door.guard.at_the_door(peer.ip())?;
    door.guard.connection(Peer::Ip(peer.ip()), "http")
}

async fn connection(door: Arc<Door>, guest: Guest) {
    let Guest { stream, peer, place, socket } = guest;
    tune(&stream);
    let reached = stream.local_addr().ok().map(|address| address.ip().to_canonical());
    let (deadlines, http2) = {
        let config = door.config.borrow();
        (Deadlines::new(&config.server), config.server.http2)
    };
    let pulse = Arc::new(Pulse::new(Arc::clone(place.serving())));
    let mut watch = Watch::new(Arc::clone(&pulse), deadlines);
    let stream = Watched::new(stream, Arc::clone(&pulse), Arc::clone(place.trace()), socket);
    let (wire, certificate) = match &door.tls {
        None => (Wire::Plain(stream), None),
        Some(tls) => {
            // What is shown is that of the moment; boxed, as a connection without TLS would carry the room for it.
            let shaking = Box::pin(secure(stream, Arc::clone(&tls.in_force().config)));
            let Some(secured) = shake(shaking, &mut watch, &place, peer, &door).await else { return };
            secured
        }
    };
    let io = TokioIo::new(wire);
    let known = Known::default();
    let line = Arc::new(Line { place, peer: peer.ip(), reached, pulse, known, certificate });
    let service = answering(Arc::clone(&door.http), door.side, Arc::clone(&line));
    // One that comes while draining may still ask how we fare, once.
    let lasting = !door.guard.draining().is_cancelled();
    if http2 {
        let mut builder = auto::Builder::new(Tracked(door.tasks.clone()));
        builder.http1().keep_alive(lasting).header_read_timeout(None).max_buf_size(HEAD);
        let mut http2 = builder.http2();
        http2.timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PING);
        http2.max_concurrent_streams(STREAMS).max_header_list_size(HEAD as u32);
        let served = builder.serve_connection_with_upgrades(io, service);
        attend(served, watch, &line, &door).await;
    } else {
        // Its own timer for heads is left out: the watch has that deadline, and a timer for each request would cost.
        let mut builder = http1::Builder::new();
        builder.keep_alive(lasting).header_read_timeout(None).max_buf_size(HEAD);
        let served = builder.serve_connection(io, service).with_upgrades();
        attend(served, watch, &line, &door).await;
    }
}

/// Waits for a handshake as long as for the head of a request.
async fn shake(
    shaking: impl Future<Output = Result<Secured, Option<Denied>>>,
    watch: &mut Watch,
    place: &Connection,
    peer: SocketAddr,
    door: &Door,
) -> Option<Secured> {
    let draining = door.guard.draining();
    let known = draining.is_cancelled();
    let shaken = tokio::select! {
        biased;
        shaken = shaking => shaken,
        () = place.pushed_out().cancelled() => Err(None),
        () = place.closed().cancelled() => Err(None),
        () = door.stop.cancelled() => Err(None),
        // It has asked for nothing yet.
        () = draining.cancelled(), if !known => Err(None),
        missed = watch.missed() => {
            tracing::debug!(%peer, ?missed, "a handshake missed a deadline");
            Err(None)
        }
    };
    shaken
        .inspect_err(|denied| {
            if let Some(denied) = denied {
                door.guard.refused(denied.clone(), Peer::Ip(peer.ip()));
            }
        })
        .ok()
}

fn tune(stream: &TcpStream) {
    // A streamed answer in small writes would otherwise wait for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    // The system would take megabytes for a peer that reads nothing, and we would learn late that it does not.
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}

/// Returns what answers the requests of a connection and holds it busy meanwhile.
fn answering(
    http: Arc<Http>,
    side: Side,
    line: Arc<Line>,
) -> impl Service<
    Request<Incoming>,
    Response = http::Response<Held<Body>>,
    Error = Infallible,
    Future = impl Future<Output = Result<http::Response<Held<Body>>, Infallible>> + Send + 'static,
> {
    service_fn(move |request: Request<Incoming>| {
        let busy = line.busy();
        if request.version() == Version::HTTP_2 {
            line.pulse.share();
        }
        let answer = Arc::clone(&http).answer(side, Knock::new(Arc::clone(&line), request));
        async move { Ok(answer.await.map(|body| Held::new(body, busy))) }
    })
}

/// A connection being served.
trait Serving: Future {
    /// Finishes what is being said, and then closes.
    fn finish(self: Pin<&mut Self>);
}

impl<S> Serving for http1::UpgradeableConnection<TokioIo<Wire>, S>
where
    S: Service<Request<Incoming>, Response = http::Response<Held<Body>>, Error = Infallible>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S> Serving for auto::UpgradeableConnection<'_, TokioIo<Wire>, S, Tracked>
where
    S: Service<Request<Incoming>, Response = http::Response<Held<Body>>, Error = Infallible>,
    S::Future: Send + 'static,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Serves a connection until it ends, misses a deadline, or is told to end. An upgraded one has ended for us: who
/// upgraded it holds its line, and with it the place.
async fn attend(served: impl Serving, mut watch: Watch, line: &Line, door: &Door) {
    let mut served = std::pin::pin!(served);
    let draining = door.guard.draining();
    let mut drained = draining.is_cancelled();
    // One token to watch at every request; once it fired, each for itself.
    while !line.place.told().is_cancelled() {
        tokio::select! {
            biased;
            _ = served.as_mut() => return,
            () = line.place.told().cancelled() => {}
            missed = watch.missed() => match overdue(missed, line) {
                Overdue::Finish => served.as_mut().finish(),
                Overdue::Close => return close(served).await,
                Overdue::Drop => return,
            },
        }
    }
    loop {
        tokio::select! {
            biased; // the watch looks last, at what has happened by then
            // Errors here are the peer's: it hung up, or sent no HTTP.
            _ = served.as_mut() => return,
            () = line.place.pushed_out().cancelled() => return,
            () = line.place.closed().cancelled() => break,
            () = door.stop.cancelled() => return,
            () = draining.cancelled(), if !drained => {
                drained = true;
                served.as_mut().finish();
            }
            missed = watch.missed() => match overdue(missed, line) {
                Overdue::Finish => served.as_mut().finish(),
                Overdue::Close => break,
                Overdue::Drop => return,
            },
        }
    }
    close(served).await;
}

/// What becomes of a connection that missed a deadline.
enum Overdue {
    /// It finishes what it serves.
    Finish,
    /// It is ended in good form.
    Close,
    /// It is gone.
    Drop,
}

fn overdue(missed: Missed, line: &Line) -> Overdue {
    tracing::debug!(peer = %line.peer, ?missed, "a connection missed a deadline");
    match missed {
        Missed::Age => Overdue::Finish,
        Missed::KeepAlive => Overdue::Close,
        Missed::Write => {
            line.pulse.abort();
            Overdue::Drop
        }
        Missed::FirstByte | Missed::Header => Overdue::Drop,
    }
}

async fn close(mut served: Pin<&mut impl Serving>) {
    // What is being said is ended in good form, but nobody is waited for.
    served.as_mut().finish();
    let _ = tokio::time::timeout(BREATH, served.as_mut()).await;
}

/// Runs the requests of HTTP/2 connections where connections run.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F> hyper::rt::Executor<F> for Tracked
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}
