//! MCP over a stream of lines, one JSON-RPC message each: standard input and output, or a bridge on the local socket.
//! Requests run side by side; one writer keeps their answers whole.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_util::sync::CancellationToken;

use super::talk::{Said, Talk};
use crate::{
    guard::{Trace, Visitor},
    mcp::{Mcp, RpcError},
};

/// The two directions of a stream, and the bytes of its longest line.
pub struct Ends<R, W> {
    /// From the client.
    pub reader: R,
    /// To the client.
    pub writer: W,
    /// Longest line.
    pub limit: usize,
    /// What operators see of it.
    pub trace: Arc<Trace>,
}

/// Serves a stream until its end, until `stop`, or until nobody reads answers any more. Calls in flight are finished.
pub async fn serve_lines<R, W>(mcp: Arc<Mcp>, visitor: Visitor, ends: Ends<R, W>, stop: CancellationToken)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (talk, said) = Talk::begin(mcp, visitor, ends.trace);
    let mut hearing = Hearing { reader: BufReader::new(ends.reader), line: Vec::new(), limit: ends.limit };
    let conversation = async {
        tokio::select! {
            () = hearing.hear(&talk) => {}
            () = stop.cancelled() => {}
            () = talk.unheard() => {}
        }
        talk.hush();
        // Who still asks while the last answers are given is told that we are going.
        tokio::select! { () = hearing.hear(&talk) => {}, () = talk.wait() => {} }
        talk.finish().await;
    };
    tokio::join!(conversation, write(ends.writer, said));
}

/// The client's side of a stream. What was read of a line stays when the reading is interrupted.
struct Hearing<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Hearing<R> {
    /// Takes messages until the end.
    async fn hear(&mut self, talk: &Arc<Talk>) {
        loop {
            let seat = talk.seat().await;
            match read_line(&mut self.reader, &mut self.line, self.limit).await {
                Ok(Read::Line) => {
                    let line = std::mem::take(&mut self.line);
                    if !line.iter().all(u8::is_ascii_whitespace) {
                        talk.hear(seat, Bytes::from(line).into()).await;
                    }
                }
                Ok(Read::TooLong) => {
                    self.line.clear();
                    let why = "the message is over the limit server.body_limit";
                    talk.complain(&RpcError::InvalidRequest(why.into())).await;
                }
                Ok(Read::End) | Err(_) => return,
            }
        }
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut said: Said) {
    while let Some(body) = said.next().await {
        let mut line = Vec::with_capacity(body.len() + 1);
        line.extend_from_slice(&body);
        line.push(b'\n');
        if writer.write_all(&line).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
    let _ = writer.shutdown().await;
}

/// What was found up to the next end of line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A whole one.
    Line,
    /// One over the limit, which is skipped.
    TooLong,
    /// No more.
    End,
}

/// Reads up to the next end of line, keeping at most `limit` bytes of it.
pub(crate) async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    limit: usize,
) -> std::io::Result<Read> {
    let mut too_long = false;
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return Ok(match (too_long, line.is_empty()) {
                (true, _) => Read::TooLong,
                (false, true) => Read::End,
                (false, false) => Read::Line,
            });
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        too_long |= line.len() + part.len() > limit;
        if !too_long {
            line.extend_from_slice(part);
        }
        let consumed = end.map_or(available.len(), |end| end + 1);
        reader.consume(consumed);
        if end.is_some() {
            return Ok(if too_long { Read::TooLong } else { Read::Line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_over_the_limit_is_skipped_whole() {
        let mut reader = BufReader::with_capacity(4, &b"short\nmuch too long\nend"[..]);
        let mut found = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = read_line(&mut reader, &mut line, 6).await.unwrap();
            if read == Read::End {
                break;
            }
            found.push((read, String::from_utf8(line).unwrap()));
        }
        assert_eq!(found[0], (Read::Line, "short".into()));
        assert_eq!(found[1].0, Read::TooLong);
        assert_eq!(found[2], (Read::Line, "end".into()));
    }
}
