//! Event streams as a client reads them.

use std::collections::VecDeque;

use reqwest::Response;
use serde_json::Value;

use super::{PATIENCE, Peer};

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub data: String,
}

impl Event {
    /// Returns the message it carries.
    pub fn message(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|_| panic!("no JSON: {:?}", self.data))
    }
}

/// An open event stream.
pub struct Events {
    response: Response,
    text: String,
    read: VecDeque<Event>,
}

impl Events {
    /// Reads the events of a response.
    pub fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new(), read: VecDeque::new() }
    }

    /// Reads on until the stream ends, which it must do soon.
    pub async fn end(&mut self) {
        let ended = async { while self.next().await.is_some() {} };
        tokio::time::timeout(PATIENCE, ended).await.expect("the stream goes on");
    }

    /// Opens the stream of a session, after the event of that id.
    pub async fn listen(peer: &Peer, session: &str, after: Option<&str>) -> Self {
        let mut request =
            peer.http.get(&peer.url).bearer_auth(&peer.key).header("accept", "text/event-stream");
        request = request.header("mcp-session-id", session);
        if let Some(id) = after {
            request = request.header("last-event-id", id);
        }
        Self::of(request.send().await.unwrap())
    }

    /// Returns the next event that is not a comment; `None` at the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Some(event);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event");
            let Ok(Some(chunk)) = chunk else { return None };
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                self.read.extend(parse(&event));
            }
        }
    }

    /// Returns the next message, ids without data left out.
    pub async fn message(&mut self) -> Option<Value> {
        loop {
            let event = self.next().await?;
            if !event.data.is_empty() {
                return Some(event.message());
            }
        }
    }

    /// Returns the next message that is no word of a new project: the news of what a test made first may come late.
    pub async fn told(&mut self) -> Value {
        loop {
            let message = self.message().await.unwrap();
            if message["method"] != "notifications/resources/list_changed" {
                return message;
            }
        }
    }
}

fn parse(text: &str) -> Option<Event> {
    let mut event = Event::default();
    let mut is_one = false;
    for line in text.lines() {
        let (field, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        match field {
            "event" => event.name = value.to_owned(),
            "id" => event.id = Some(value.to_owned()),
            "data" => {
                event.data = value.to_owned();
                is_one = true;
            }
            _ => {}
        }
    }
    is_one.then_some(event)
}
