//! The answer for those who get no place: in the form of every other refusal, and soon over.

use std::time::Duration;

use http::StatusCode;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::{accept::HEAD, answers::whole_seconds};
use crate::{
    guard::Denied,
    mcp::{Reply, RpcError},
};

/// How long a client that is turned away may take to hear it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Refuses a connection. Its request is heard first, since clients take an answer that comes before their question for
/// noise; what it says is not looked at.
pub(super) async fn turn_away(stream: TcpStream, denied: &Denied) {
    answer(stream, &refusal(denied)).await;
}

/// Tells a client that speaks plain HTTP where TLS is spoken.
pub(super) async fn refer_to_tls(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let error =
        RpcError::InvalidRequest("TLS is spoken on this port; begin its address with https://".into());
    answer(stream, &message(Reply::error(None, &error), Some(StatusCode::BAD_REQUEST))).await;
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    let farewell = async {
        hear(&mut stream).await?;
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        // Read what is under way, or the system would tell the client of a reset instead of the answer.
        tokio::io::copy(&mut stream.take(HEAD as u64), &mut tokio::io::sink()).await
    };
    // A client that does not even ask, or does not read, is not waited for.
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

/// Reads to the end of a request's head, keeping only what is needed to see the end.
async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    const END: &[u8] = b"\r\n\r\n";
    // The last three bytes of one read stand before the next: the end may be cut in two.
    let (mut buffer, mut kept, mut heard) = ([0u8; 1024], 0, 0);
    while heard < HEAD {
        let read = stream.read(&mut buffer[kept..]).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let filled = kept + read;
        if buffer[..filled].windows(END.len()).any(|four| four == END) {
            return Ok(());
        }
        kept = filled.min(END.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
        heard += read;
    }
    Ok(())
}

fn refusal(denied: &Denied) -> Vec<u8> {
    message(Reply::error(None, &RpcError::Denied(denied.clone())), None)
}

/// Writes a reply as HTTP, under a status of HTTP's own if there is one.
fn message(reply: Reply, own: Option<StatusCode>) -> Vec<u8> {
    let Reply::Message { status, body, retry_after, .. } = reply else { return Vec::new() };
    let status = own.map_or(status, |own| own.as_u16());
    let body = body.whole();
    let reason = StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    let wait = retry_after.map(|wait| format!("retry-after: {}\r\n", whole_seconds(wait)));
    let head = format!(
        "HTTP/1.1 {status} {}\r\n{}connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        reason.unwrap_or_default(),
        wait.unwrap_or_default(),
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (client, server) =
            tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        (client.unwrap(), server.unwrap().0)
    }

    #[tokio::test]
    async fn a_question_in_pieces_is_heard_before_the_answer() {
        let (mut client, server) = pair().await;
        let told = tokio::spawn(async move { turn_away(server, &Denied::Connections).await });
        for piece in ["POST /mcp HTTP/1.1\r\nHost: a\r", "\n", "\r", "\n"] {
            client.write_all(piece.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n"), "{answer}");
        drop(client);
        told.await.unwrap();
    }

    #[tokio::test]
    async fn who_hangs_up_gets_no_answer() {
        let (mut client, mut server) = pair().await;
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        drop(client);
        assert!(hear(&mut server).await.is_err());
    }
}
