//! What goes back to a client: bytes and what HTTP says beside them.

use std::time::Duration;

use bytes::Bytes;

use super::{Id, RpcError};

/// Shortest result that is sent as it lies in memory, in bytes; copying a shorter one costs less than a piece more.
const LONG: usize = 4096;

/// A JSON text to be sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// In one piece.
    Whole(Bytes),
    /// In pieces, of which the middle one is long and may be shared.
    Pieces([Bytes; 3]),
}

impl Payload {
    /// Returns it in one piece.
    pub fn whole(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Pieces(pieces) => Bytes::from(pieces.concat()),
        }
    }
}

/// The answer to one message.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A notification or response was taken: HTTP says 202, a stream says nothing.
    Accepted,
    /// A JSON-RPC response.
    Message {
        /// HTTP status.
        status: u16,
        /// The whole response.
        body: Payload,
        /// The session that `initialize` opened.
        session: Option<String>,
        /// How long to wait before trying again.
        retry_after: Option<Duration>,
    },
}

impl Reply {
    /// Makes a response with a result, given as JSON text, and the session it opened.
    pub(super) fn result(id: Option<&Id>, result: Bytes, session: Option<String>) -> Self {
        let id = id.map_or("", Id::as_json);
        let copied = if result.len() < LONG { result.len() } else { 0 };
        let mut body = Vec::with_capacity(copied + id.len() + 40);
        body.extend_from_slice(br#"{"jsonrpc":"2.0","#);
        if !id.is_empty() {
            body.extend_from_slice(br#""id":"#);
            body.extend_from_slice(id.as_bytes());
            body.push(b',');
        }
        body.extend_from_slice(br#""result":"#);
        let body = if copied == result.len() {
            body.extend_from_slice(&result);
            body.push(b'}');
            Payload::Whole(Bytes::from(body))
        } else {
            Payload::Pieces([Bytes::from(body), result, Bytes::from_static(b"}")])
        };
        Self::Message { status: 200, body, session, retry_after: None }
    }

    /// Makes the answer to a batch of the answers to its messages.
    pub(super) fn batch(replies: Vec<Self>) -> Self {
        let bodies: Vec<Bytes> = replies
            .into_iter()
            .filter_map(|reply| match reply {
                Self::Accepted => None,
                Self::Message { body, .. } => Some(body.whole()),
            })
            .collect();
        if bodies.is_empty() {
            return Self::Accepted;
        }
        let body = [&b"["[..], &bodies.join(&b","[..]), b"]"].concat();
        Self::Message {
            status: 200,
            body: Payload::Whole(Bytes::from(body)),
            session: None,
            retry_after: None,
        }
    }

    /// Makes a response with an error. Without a readable id it has none, as the schema of MCP has it.
    pub fn error(id: Option<&Id>, error: &RpcError) -> Self {
        let mut told = serde_json::json!({ "code": error.code(), "message": error.message() });
        if let Some(data) = error.data() {
            told["data"] = data;
        }
        let body = format!(r#"{{"jsonrpc":"2.0",{}"error":{told}}}"#, id_member(id));
        let retry_after = if let RpcError::Denied(denied) = error { denied.retry_after() } else { None };
        let body = Payload::Whole(Bytes::from(body));
        Self::Message { status: error.status(), body, session: None, retry_after }
    }
}

fn id_member(id: Option<&Id>) -> String {
    id.map_or(String::new(), |id| format!(r#""id":{},"#, id.as_json()))
}
