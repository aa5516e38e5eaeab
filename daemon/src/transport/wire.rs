//! What HTTP is spoken on: a watched connection, with TLS or without.
//!
//! The watch lies under TLS. So a handshake is under the same deadlines as the head of a request, which it counts to;
//! an answer that is not taken is noticed by the bytes that wait to leave; and what is counted is what was on the wire.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{farewell, watch::Watched};
use crate::{auth::Certified, guard::Denied, tls::Certificate};

/// A connection as HTTP sees it. Not a boxed trait: without TLS a read must cost what it did before there was any.
pub(super) enum Wire {
    /// Readable for everybody on the way.
    Plain(Watched),
    /// Not so. Boxed, since it is large and the other is small.
    Secure(Box<TlsStream<Watched>>),
}

/// A connection on which hands were shaken, and the certificate its client showed.
pub(super) type Secured = (Wire, Option<Certified>);

/// Shakes hands. A client that speaks plain HTTP is told what is spoken here. The error is what to log of one that was
/// not let in; one that just left has none.
pub(super) async fn secure(stream: Watched, config: Arc<ServerConfig>) -> Result<Secured, Option<Denied>> {
    let first = stream.peek().await.ok().flatten().ok_or(None)?;
    // A handshake begins with a byte of 22, a request with the name of its method.
    if first.is_ascii_uppercase() {
        farewell::refer_to_tls(stream).await;
        return Err(Some(Denied::Handshake("it speaks plain HTTP".into())));
    }
    let stream = TlsAcceptor::from(config).accept(stream).await.map_err(|error| {
        let left = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        );
        (!left).then(|| Denied::Handshake(error.to_string()))
    })?;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let shown = shown.map(Certificate::read).transpose();
    let certificate = shown.map_err(|error| Some(Denied::Handshake(error.to_string())))?;
    Ok((Wire::Secure(Box::new(stream)), certificate.map(Certified::new)))
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
