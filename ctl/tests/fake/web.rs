//! A daemon on another machine: HTTP/1.1 on a port of its own, answered from a script.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use mcpd_ipc::{Fault, FaultKind, Request};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::replies;

/// The key that this daemon knows.
pub(crate) const KEY: &str = "mcpd_sk_k7Qm2ZpXa91B_SECRET";

/// An answer: its status, more headers, and its body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: &'static str,
    pub(crate) body: String,
}

/// What a daemon answers to a request, and how many came before it.
pub(crate) type Script = fn(&Request, usize) -> Answer;

/// A daemon until it is dropped.
pub(crate) struct Web {
    address: SocketAddr,
    serving: JoinHandle<()>,
    pub(crate) requests: Arc<Mutex<Vec<Value>>>,
}

impl Web {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::default();
        let kept = Arc::clone(&requests);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serve(stream, script, &kept).await;
            }
        });
        Self { address, serving, requests }
    }

    /// Returns where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the names of the commands that came.
    pub(crate) fn commands(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| request["command"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers one request after another, as long as the other side stays.
async fn serve(stream: TcpStream, script: Script, requests: &Mutex<Vec<Value>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let begin = head.len();
            if stream.read_line(&mut head).await.unwrap_or_default() == 0 {
                return;
            }
            let line = head[begin..].trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        assert!(head.starts_with("POST /push HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/json\r\n"), "{head}");
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let request: Request = serde_json::from_slice(&body).unwrap();
        let before = requests.lock().unwrap().len();
        requests.lock().unwrap().push(serde_json::to_value(&request).unwrap());
        let is_known = head.contains(&format!("authorization: Bearer {KEY}\r\n"));
        let Answer { status, headers, body } = if is_known { script(&request, before) } else { stranger() };
        let length = body.len();
        let text = format!("HTTP/1.1 {status} So\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        stream.get_mut().write_all(text.as_bytes()).await.unwrap();
    }
}

fn stranger() -> Answer {
    let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32000, "message": "unauthenticated"}});
    Answer { status: 401, headers: "", body: body.to_string() }
}

/// Answers as over the socket.
pub(crate) fn plenty(request: &Request, _: usize) -> Answer {
    match (replies::PLENTY.answer)(request) {
        Ok(reply) => Answer { status: 200, headers: "", body: reply.to_string() },
        Err(fault) => {
            let status = if fault.kind == FaultKind::NotFound { 404 } else { 409 };
            Answer { status, headers: "", body: json!({ "error": fault }).to_string() }
        }
    }
}

/// Says no to everything, with a status that the project's name says.
pub(crate) fn refuses(request: &Request, _: usize) -> Answer {
    let Request::PushBegin(begin) = request else { panic!("nothing else follows a no") };
    let status = begin.project.parse().unwrap();
    let fault = |kind, message: &str| json!({ "error": Fault::new(kind, message) }).to_string();
    let body = match status {
        403 => fault(FaultKind::NotPermitted, "the key has no scope write\u{1b}[2J"),
        413 => "<html>too large</html>".to_owned(),
        429 => json!({"error": {"code": -32000, "message": "too many requests"}}).to_string(),
        503 => json!({"error": "draining"}).to_string(),
        500 => fault(FaultKind::Internal, "internal error 7f3a"),
        _ => String::new(),
    };
    let headers = match status {
        429 => "retry-after: 90\r\n",
        302 => "location: http://elsewhere/\r\n",
        _ => "",
    };
    Answer { status, headers, body }
}

/// Asks for patience once, and obeys then.
pub(crate) fn hesitates(request: &Request, before: usize) -> Answer {
    if before == 0 {
        return Answer { status: 429, headers: "retry-after: 1\r\n", body: String::new() };
    }
    plenty(request, before)
}
