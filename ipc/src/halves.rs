//! The two directions of a local stream, so that one can end while the other goes on.

use interprocess::local_socket::tokio::Stream;
use tokio::io::{AsyncRead, AsyncWrite};

/// The direction from the other side.
pub type ReadHalf = Box<dyn AsyncRead + Send + Unpin>;
/// The direction to the other side; `shutdown` tells it that nothing more comes.
pub type WriteHalf = Box<dyn AsyncWrite + Send + Unpin>;

/// Splits a stream.
pub fn halves(stream: Stream) -> (ReadHalf, WriteHalf) {
    match stream {
        // The library's own halves do not shut a direction down; those of the socket inside do.
        #[cfg(unix)]
        Stream::UdSocket(socket) => {
            let (read, write) = tokio::net::UnixStream::from(socket).into_split();
            (Box::new(read), Box::new(write))
        }
        #[cfg(not(unix))]
        other => {
            let (read, write) = tokio::io::split(other);
            (Box::new(read), Box::new(write))
        }
    }
}
