//! A long answer as an HTTP body: its pieces go out as they lie in memory, with their length told beforehand.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::mcp::Payload;

/// Returns the body that carries a payload.
pub(super) fn body(payload: Payload) -> Body {
    match payload {
        Payload::Whole(bytes) => Body::from(bytes),
        Payload::Pieces(pieces) => Body::new(Pieces(pieces.into_iter())),
    }
}

/// What is left of a payload.
struct Pieces(std::array::IntoIter<Bytes, 3>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_slice().iter().map(|piece| piece.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn all_pieces_arrive_and_their_length_is_known() {
        let pieces = ["{", "abc", "}"].map(Bytes::from);
        let body = body(Payload::Pieces(pieces));
        assert_eq!(body.size_hint().exact(), Some(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "{abc}");
    }
}
