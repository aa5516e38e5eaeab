//! MCP over a stream of lines, one JSON-RPC message each: standard input and output, or a bridge on the local socket.
//! Requests run side by side; one writer keeps their answers whole.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::{Semaphore, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::routes::RequestIds;
use crate::{
    guard::Visitor,
    mcp::{Ask, Mcp, Origin, Reply, RpcError, Session},
};

/// Requests of one stream that run at a time; the stream is not read on while that many do.
const AT_ONCE: usize = 64;
/// Answers that wait for the writer.
const ANSWERS: usize = 64;

/// One stream.
struct Lines {
    mcp: Arc<Mcp>,
    visitor: Visitor,
    session: Mutex<Option<Arc<Session>>>,
    requests: RequestIds,
}

/// The two directions of a stream, and the bytes of its longest line.
pub struct Ends<R, W> {
    /// From the client.
    pub reader: R,
    /// To the client.
    pub writer: W,
    /// Longest line.
    pub limit: usize,
}

/// Serves a stream until its end, until `stop`, or until nobody reads answers any more. Calls in flight are finished.
pub async fn serve_lines<R, W>(mcp: Arc<Mcp>, visitor: Visitor, ends: Ends<R, W>, stop: CancellationToken)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let Ends { reader, writer, limit } = ends;
    let lines = Arc::new(Lines { mcp, visitor, session: Mutex::default(), requests: RequestIds::default() });
    let (answers, waiting) = mpsc::channel(ANSWERS);
    let writing = tokio::spawn(write(writer, waiting));
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while !answers.is_closed() {
        line.clear();
        let read = tokio::select! {
            read = read_line(&mut reader, &mut line, limit) => read,
            () = stop.cancelled() => break,
        };
        match read {
            Ok(Read::Line) if line.iter().all(u8::is_ascii_whitespace) => {}
            Ok(Read::Line) if lines.mcp.goes_first(&line) => lines.answer(&line, &answers).await,
            Ok(Read::Line) => {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
                let (lines, answers, body) = (Arc::clone(&lines), answers.clone(), std::mem::take(&mut line));
                tasks.spawn(async move {
                    lines.answer(&body, &answers).await;
                    drop(place);
                });
            }
            Ok(Read::TooLong) => {
                let error =
                    RpcError::InvalidRequest("the message is over the limit server.body_limit".into());
                send(Reply::error(None, &error), &answers).await;
            }
            Ok(Read::End) | Err(_) => break,
        }
    }
    tasks.close();
    tasks.wait().await;
    if let Some(session) = lines.session.lock().take() {
        lines.mcp.sessions().end(&session.id);
    }
    drop(answers);
    let _ = writing.await;
}

impl Lines {
    async fn answer(&self, body: &[u8], answers: &mpsc::Sender<Bytes>) {
        let request = self.requests.next();
        let origin = Origin::Stream(&self.session);
        let ask = Ask { request: &request, visitor: &self.visitor, origin, body };
        send(self.mcp.answer(&ask).await, answers).await;
    }
}

async fn send(reply: Reply, answers: &mpsc::Sender<Bytes>) {
    match reply {
        Reply::Accepted => {}
        // Nobody reads any more: the stream ends by itself.
        Reply::Message { body, .. } => drop(answers.send(body).await),
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut waiting: mpsc::Receiver<Bytes>) {
    while let Some(body) = waiting.recv().await {
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
enum Read {
    Line,
    TooLong,
    End,
}

/// Reads up to the next end of line, keeping at most `limit` bytes of it.
async fn read_line(
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
