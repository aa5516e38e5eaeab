//! Connections that stall, in five shapes, and a plain HTTP/1.1 connection.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::sleep,
};

/// How a connection stalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It never says a byte.
    Silent,
    /// It begins a head.
    HalfHead,
    /// It sends a head and no body.
    NoBody,
    /// It sends its body one byte at a time.
    Trickle,
    /// It asks and asks, and never reads an answer.
    Deaf,
}

impl Shape {
    pub const ALL: [Self; 5] = [Self::Silent, Self::HalfHead, Self::NoBody, Self::Trickle, Self::Deaf];
}

/// What became of a stalled connection.
#[derive(Debug)]
pub struct Stalled {
    pub shape: Shape,
    /// Until the daemon closed it.
    pub lasted: Duration,
    /// What it was told first.
    pub told: String,
}

/// The head of a POST with a body of so many bytes.
pub fn head(key: &str, length: usize) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\naccept: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// A whole POST.
pub fn post(key: &str, body: &str) -> String {
    head(key, body.len()) + body
}

/// A request that costs nothing.
pub fn ping(key: &str) -> String {
    post(key, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
}

/// Connects, stalls with a byte each `pace`, and waits until the daemon closes the connection.
pub async fn stall(address: SocketAddr, key: &str, shape: Shape, pace: Duration) -> io::Result<Stalled> {
    let socket = TcpSocket::new_v4()?;
    if shape == Shape::Deaf {
        // Few answers fill it, so that the daemon need not make thousands to notice.
        socket.set_recv_buffer_size(4096)?;
    }
    let mut stream = socket.connect(address).await?;
    let began = Instant::now();
    let mut told = Vec::new();
    // Whatever ends it is the daemon's doing: the end of the stream, or a reset.
    match shape {
        Shape::Silent => drop(stream.read_to_end(&mut told).await),
        Shape::HalfHead => {
            let _ = stream.write_all(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\nx-half: ").await;
            let _ = stream.read_to_end(&mut told).await;
        }
        Shape::NoBody => {
            let _ = stream.write_all(head(key, 100).as_bytes()).await;
            let _ = stream.read_to_end(&mut told).await;
        }
        Shape::Trickle => {
            let _ = stream.write_all(head(key, 100_000).as_bytes()).await;
            let (mut reader, mut writer) = stream.split();
            let trickle = async {
                while writer.write_all(b" ").await.is_ok() {
                    sleep(pace).await
                }
            };
            tokio::select! { _ = reader.read_to_end(&mut told) => {}, () = trickle => {} }
        }
        Shape::Deaf => {
            let many = ping(key).repeat(16);
            while stream.write_all(many.as_bytes()).await.is_ok() {}
        }
    }
    Ok(Stalled { shape, lasted: began.elapsed(), told: String::from_utf8_lossy(&told).into_owned() })
}

/// A connection that asks one request after another.
pub struct Line(TcpStream);

impl Line {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(TcpStream::connect(address).await?))
    }

    /// Pings and returns the status.
    pub async fn ping(&mut self, key: &str) -> io::Result<u16> {
        Ok(self.send(&ping(key)).await?.0)
    }

    /// Sends a request and returns the status and the body, once the whole answer is there.
    pub async fn send(&mut self, request: &str) -> io::Result<(u16, String)> {
        self.0.write_all(request.as_bytes()).await?;
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let read = self.0.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
                let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, head))?;
                return Ok((status, body.to_owned()));
            }
        }
    }

    /// Waits until the daemon closes the connection.
    pub async fn closed(&mut self) {
        let _ = self.0.read_to_end(&mut Vec::new()).await;
    }
}
