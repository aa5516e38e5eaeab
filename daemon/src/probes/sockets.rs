//! WebSocket frames through the very upgrade that the daemon answers with, over memory instead of a network.

use std::{convert::Infallible, sync::LazyLock};

use axum::{
    extract::{
        FromRequestParts,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime::{Builder, Runtime},
    sync::mpsc,
};

use crate::transport::bounded;

/// Longest message.
const LIMIT: usize = 4096;

const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: mcp\r\n\r\n";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).build().unwrap());

/// Frames of a client: the conversation ends, and every text that arrives is UTF-8 and within the limit.
pub fn socket_frames(bytes: &[u8]) {
    let bytes = bytes.to_vec();
    RUNTIME.block_on(async move {
        let (client, server) = duplex(1 << 16);
        let (told, mut heard) = mpsc::channel(64);
        let serving = tokio::spawn(serve(server, told));
        let speaking = tokio::spawn(speak(client, bytes));
        let mut length = 0;
        while let Some(message) = heard.recv().await {
            length += 1;
            match message {
                Message::Text(text) => {
                    assert!(text.len() <= LIMIT && std::str::from_utf8(text.as_ref()).is_ok());
                }
                Message::Binary(bytes) => assert!(bytes.len() <= LIMIT),
                Message::Ping(bytes) | Message::Pong(bytes) => assert!(bytes.len() <= 125),
                Message::Close(frame) => assert!(frame.is_none_or(|frame| frame.reason.len() <= 123)),
            }
        }
        serving.await.unwrap();
        let (sent, answered) = speaking.await.unwrap();
        assert!(answered.starts_with(b"HTTP/1.1 101 "), "the upgrade is answered");
        assert!(length <= sent / 2, "{length} messages of {sent} bytes");
    });
}

/// Opens a WebSocket, sends these bytes, and returns their number and what came back until the end.
async fn speak(client: DuplexStream, bytes: Vec<u8>) -> (usize, Vec<u8>) {
    let (mut reader, mut writer) = tokio::io::split(client);
    writer.write_all(HANDSHAKE).await.unwrap();
    // A client that is gone before the answer gets none.
    let mut answered = Vec::new();
    while !answered.ends_with(b"\r\n\r\n") {
        answered.push(reader.read_u8().await.unwrap());
    }
    let sending = async {
        // Who is cut off hears nothing of the rest.
        let _ = writer.write_all(&bytes).await;
        let _ = writer.shutdown().await;
    };
    let ((), read) = tokio::join!(sending, reader.read_to_end(&mut answered));
    read.unwrap();
    (bytes.len(), answered)
}

/// Serves one connection to its end.
async fn serve(server: DuplexStream, told: mpsc::Sender<Message>) {
    let (over, mut done) = mpsc::channel::<()>(1);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (told, over) = (told.clone(), over.clone());
        async move {
            let (mut parts, _) = request.into_parts();
            let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
                Ok(upgrade) => upgrade,
                Err(refusal) => return Ok::<Response, Infallible>(refusal.into_response()),
            };
            Ok(bounded(upgrade, LIMIT).on_upgrade(move |socket| async move {
                hear(socket, told).await;
                drop(over);
            }))
        }
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(server), service).with_upgrades().await;
    let _ = done.recv().await;
}

async fn hear(mut socket: WebSocket, told: mpsc::Sender<Message>) {
    while let Some(Ok(message)) = socket.next().await {
        let last = matches!(message, Message::Close(_));
        let _ = told.send(message).await;
        if last {
            return;
        }
    }
}
