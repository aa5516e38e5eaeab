//! Reading a request body: under its limit, before its deadline, and the large ones out of memory that all share.

use std::sync::Arc;

use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::{answers, routes::Http};
use crate::{auth::Peer, guard::Denied};

/// Largest body that is read without a share of the common memory.
const SMALL: usize = 64 * 1024;

/// Memory is shared in pieces of this size.
const PIECE: usize = 1024;

/// The memory for large bodies, all together.
pub(super) struct Bodies(Arc<Semaphore>);

/// A body that was read, with its share of the memory.
pub(super) struct Taken {
    bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    TooLong,
    Broken,
    Late,
    NoRoom,
}

impl Bodies {
    /// Begins with so many bytes free.
    pub(super) fn new(bytes: u64) -> Self {
        let pieces = usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(PIECE);
        Self(Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))))
    }

    /// Waits for room for so many bytes, all at once: two bodies with half their room each would wait for each other.
    async fn share(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        Arc::clone(&self.0).acquire_many_owned(pieces).await.ok()
    }
}

impl From<Bytes> for Taken {
    /// A message that came another way, without a share.
    fn from(bytes: Bytes) -> Self {
        Self { bytes, _share: None }
    }
}

impl std::ops::Deref for Taken {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Returns how long a body says it is. A length that is no number does not come this far, and one beyond all numbers is
/// too long.
pub(super) fn announced(length: Option<&str>) -> Option<usize> {
    length.map(|length| length.parse().unwrap_or(usize::MAX))
}

/// Reads the body of a request, or says with which answer it ends.
pub(super) async fn read(
    http: &Http,
    body: &mut Incoming,
    announced: Option<usize>,
    peer: Peer,
) -> Result<Taken, Box<Response>> {
    let (limit, deadline) = {
        let config = http.config.borrow();
        (config.server.body_limit, config.server.body_deadline)
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let read = take(&http.bodies, body, Size { limit, announced }, Instant::now() + deadline).await;
    read.map_err(|why| {
        let mut answer = match why {
            Unread::TooLong => answers::invalid(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is over the limit server.body_limit",
            ),
            Unread::Broken => {
                answers::invalid(StatusCode::BAD_REQUEST, "the body broke off or is not framed well")
            }
            Unread::Late => answers::invalid(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
            Unread::NoRoom => answers::denied(&http.guard.refused(Denied::Bodies, peer)),
        };
        // The rest of the body is not read: the connection ends with the answer.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        Box::new(answer)
    })
}

/// How long a body may be, and how long it says it is.
#[derive(Debug, Clone, Copy)]
struct Size {
    limit: usize,
    announced: Option<usize>,
}

async fn take(
    bodies: &Bodies,
    mut body: impl Body<Data = Bytes> + Unpin,
    size: Size,
    deadline: Instant,
) -> Result<Taken, Unread> {
    if size.announced.is_some_and(|length| length > size.limit) {
        return Err(Unread::TooLong);
    }
    let large = size.announced.filter(|length| *length > SMALL);
    let mut share = match large {
        Some(length) => Some(room(bodies, length, deadline).await?),
        None => None,
    };
    let mut first = Bytes::new();
    let mut read = BytesMut::new();
    loop {
        let frame = match timeout_at(deadline, body.frame()).await {
            Ok(Some(frame)) => frame.map_err(|_| Unread::Broken)?,
            Ok(None) => break,
            Err(_) => return Err(Unread::Late),
        };
        let Ok(data) = frame.into_data() else { continue };
        let length = first.len() + read.len() + data.len();
        if length > size.limit {
            return Err(Unread::TooLong);
        }
        if length > SMALL && share.is_none() {
            // It said nothing of its length, so it may become as long as any.
            share = Some(room(bodies, size.limit, deadline).await?);
        }
        if first.is_empty() && read.is_empty() {
            // Most bodies come in one piece, which then is not copied.
            first = data;
            continue;
        }
        if read.is_empty() {
            read.reserve(size.announced.filter(|_| share.is_some()).unwrap_or(length));
            read.extend_from_slice(&std::mem::take(&mut first));
        }
        read.extend_from_slice(&data);
    }
    let bytes = if read.is_empty() { first } else { read.freeze() };
    if let Some(share) = &mut share {
        give_back(share, bytes.len());
    }
    Ok(Taken { bytes, _share: share })
}

async fn room(bodies: &Bodies, bytes: usize, deadline: Instant) -> Result<OwnedSemaphorePermit, Unread> {
    let share = timeout_at(deadline, bodies.share(bytes)).await;
    share.ok().flatten().ok_or(Unread::NoRoom)
}

/// Gives back what a body did not need of its share.
fn give_back(share: &mut OwnedSemaphorePermit, needed: usize) {
    let unused = share.num_permits().saturating_sub(needed.div_ceil(PIECE));
    drop(share.split(unused));
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use std::{convert::Infallible, time::Duration};

    use futures::stream;

    use super::*;

    const LIMIT: usize = 512 * 1024;

    fn chunks(count: usize) -> Body {
        let chunks = (0..count).map(|_| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 1024])));
        Body::from_stream(stream::iter(chunks.collect::<Vec<_>>()))
    }

    async fn taken(bodies: &Bodies, body: Body, announced: Option<usize>) -> Result<Taken, Unread> {
        let size = Size { limit: LIMIT, announced };
        take(bodies, body, size, Instant::now() + Duration::from_secs(30)).await
    }

    #[tokio::test]
    async fn small_bodies_need_no_share_and_large_ones_only_what_they_hold() {
        let bodies = Bodies::new(LIMIT as u64);
        let small = taken(&bodies, chunks(64), None).await.unwrap();
        assert_eq!((small.len(), bodies.0.available_permits()), (64 * 1024, 512));
        let grown = taken(&bodies, chunks(100), None).await.unwrap();
        assert_eq!((grown.len(), bodies.0.available_permits()), (100 * 1024, 412));
        let announced = taken(&bodies, chunks(100), Some(100 * 1024)).await.unwrap();
        assert_eq!((announced.len(), bodies.0.available_permits()), (100 * 1024, 312));
        drop((grown, announced));
        assert_eq!(bodies.0.available_permits(), 512);
    }

    #[tokio::test(start_paused = true)]
    async fn without_room_a_large_body_waits_until_its_deadline() {
        let bodies = Arc::new(Bodies::new(LIMIT as u64));
        let held = taken(&bodies, chunks(300), None).await.unwrap();
        assert_eq!(taken(&bodies, chunks(300), Some(300 * 1024)).await.err(), Some(Unread::NoRoom));
        assert!(taken(&bodies, chunks(3), Some(3 * 1024)).await.is_ok(), "small ones go on");
        let waiting = tokio::spawn({
            let bodies = Arc::clone(&bodies);
            async move { taken(&bodies, chunks(300), Some(300 * 1024)).await.map(|taken| taken.len()) }
        });
        tokio::time::sleep(Duration::from_secs(20)).await;
        drop(held);
        assert_eq!(waiting.await.unwrap(), Ok(300 * 1024));
    }

    #[tokio::test(start_paused = true)]
    async fn length_and_time_are_bounded() {
        let bodies = Bodies::new(LIMIT as u64);
        assert_eq!(taken(&bodies, chunks(0), Some(LIMIT + 1)).await.err(), Some(Unread::TooLong));
        assert_eq!(taken(&bodies, chunks(513), None).await.err(), Some(Unread::TooLong));
        let trickle = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let began = Instant::now();
        assert_eq!(taken(&bodies, Body::from_stream(trickle), None).await.err(), Some(Unread::Late));
        assert_eq!(began.elapsed().as_secs(), 30);
        let broken = Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other("reset"))]));
        assert_eq!(taken(&bodies, broken, None).await.err(), Some(Unread::Broken));
        assert_eq!(bodies.0.available_permits(), 512);
    }
}
