//! A WebSocket as a client speaks it.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::PATIENCE;

/// An open WebSocket.
pub struct Socket<S = MaybeTlsStream<TcpStream>>(WebSocketStream<S>);

/// Tries to open one, with these headers beside those of the handshake.
pub async fn open(url: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let url = url.replacen("http", "ws", 1);
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, response)) => {
            assert_eq!(response.headers()["sec-websocket-protocol"], "mcp");
            Ok(Socket(socket))
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

/// Opens one on a connection that is there, with a key or without.
pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(stream: S, url: &str, key: Option<&str>) -> Socket<S> {
    let mut request = url.replacen("http", "ws", 1).into_client_request().unwrap();
    let offered = key.map_or("mcp".to_owned(), |key| format!("mcp, mcpd.key.{key}"));
    request.headers_mut().append("sec-websocket-protocol", offered.parse().unwrap());
    Socket(client_async(request, stream).await.unwrap().0)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Returns the socket itself, for frames no client would send.
    pub fn inner(&mut self) -> &mut WebSocketStream<S> {
        &mut self.0
    }

    /// Sends a frame.
    pub async fn send(&mut self, message: impl Into<Message>) {
        self.0.send(message.into()).await.unwrap();
    }

    /// Returns the next message, or how the socket was closed.
    pub async fn next(&mut self) -> Result<Value, Option<CloseCode>> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a frame");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|CloseFrame { code, .. }| code));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Sends a request and returns its answer; what the server says on its own before is passed over.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()).await;
        loop {
            let message = self.next().await.unwrap();
            if message.get("method").is_none() {
                return message;
            }
        }
    }
}
