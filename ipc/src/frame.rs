//! Frames on the socket: four bytes of big-endian length, then that much JSON.

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side closed the socket between two frames.
    #[error("the other side closed the socket")]
    Closed,
    /// A frame announces or needs more bytes than allowed.
    #[error("a frame of {size} bytes is over the limit of {limit}")]
    TooLong {
        /// Announced or needed size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The frame is not the JSON that was expected.
    #[error("a frame could not be decoded")]
    Json(#[source] serde_json::Error),
    /// The socket failed.
    #[error("the socket failed")]
    Io(#[from] std::io::Error),
}

/// Reads one frame of at most `limit` bytes. The length is checked before anything is allocated.
pub async fn read_frame<T: DeserializeOwned>(
    reader: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> Result<T, FrameError> {
    let mut length = [0u8; 4];
    match reader.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            return Err(FrameError::Closed);
        }
        Err(error) => return Err(error.into()),
    }
    let size = u32::from_be_bytes(length) as usize;
    if size > limit {
        return Err(FrameError::TooLong { size, limit });
    }
    let mut body = vec![0u8; size];
    reader.read_exact(&mut body).await?;
    serde_json::from_slice(&body).map_err(FrameError::Json)
}

/// Writes one frame of at most `limit` bytes and flushes it.
pub async fn write_frame<T: Serialize>(
    writer: &mut (impl AsyncWrite + Unpin),
    value: &T,
    limit: usize,
) -> Result<(), FrameError> {
    writer.write_all(&frame(value, limit)?).await?;
    writer.flush().await?;
    Ok(())
}

/// Returns a value as a frame of at most `limit` bytes, for one that goes to many.
pub fn frame<T: Serialize>(value: &T, limit: usize) -> Result<Vec<u8>, FrameError> {
    let body = serde_json::to_vec(value).map_err(FrameError::Json)?;
    let size = body.len();
    let length = u32::try_from(size).ok().filter(|_| size <= limit);
    let Some(length) = length else {
        return Err(FrameError::TooLong { size, limit });
    };
    let mut frame = Vec::with_capacity(size + 4);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_comes_back_as_it_went() {
        let (mut left, mut right) = tokio::io::duplex(64);
        let sent = vec!["会话".to_owned(), "x".repeat(100)];
        let writing = write_frame(&mut left, &sent, 1024);
        let reading = read_frame::<Vec<String>>(&mut right, 1024);
        let (written, read) = tokio::join!(writing, reading);
        written.unwrap();
        assert_eq!(read.unwrap(), sent);
    }

    #[tokio::test]
    async fn an_announced_length_over_the_limit_is_refused_before_reading() {
        let (mut left, mut right) = tokio::io::duplex(64);
        left.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
        let read = read_frame::<String>(&mut right, 1024).await;
        assert!(matches!(read, Err(FrameError::TooLong { limit: 1024, .. })));
    }

    #[tokio::test]
    async fn an_own_frame_over_the_limit_is_not_sent() {
        let (mut left, _right) = tokio::io::duplex(64);
        let sent = write_frame(&mut left, &"x".repeat(50), 20).await;
        assert!(matches!(sent, Err(FrameError::TooLong { size: 52, limit: 20 })));
    }

    #[tokio::test]
    async fn a_closed_socket_is_not_a_broken_frame() {
        let (left, mut right) = tokio::io::duplex(64);
        drop(left);
        assert!(matches!(read_frame::<String>(&mut right, 9).await, Err(FrameError::Closed)));
    }
}
