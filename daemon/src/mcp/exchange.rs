//! What is under way between one client and us: its requests that run and can be cancelled, and ours that wait for its
//! response. One exchange for each session, or for each stream that carries its own.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{Id, Outlet, envelope::ClientAnswer};

/// Requests of ours that may wait for one client at a time.
const ASKED: usize = 64;

/// The two directions.
#[derive(Debug, Default)]
pub struct Exchange {
    running: Mutex<HashMap<Id, Running>>,
    asked: Mutex<HashMap<String, oneshot::Sender<Response>>>,
    last: AtomicU64,
    /// Fires when the client is gone for good; every request that runs, or begins to, is cancelled with it.
    gone: CancellationToken,
}

#[derive(Debug)]
struct Running {
    number: u64,
    cancelled: CancellationToken,
}

/// What a client answers: its result, or its error as it told it.
pub(super) type Response = Result<Value, Value>;

/// A request of the client while it runs; dropping it takes it off the list.
pub(super) struct UnderWay<'a> {
    exchange: &'a Exchange,
    id: Id,
    number: u64,
    /// Fires when the client cancels it.
    pub(super) cancelled: CancellationToken,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut running = self.exchange.running.lock();
        // A client that used an id twice has replaced the entry; the later one keeps it.
        if running.get(&self.id).is_some_and(|entry| entry.number == self.number) {
            running.remove(&self.id);
        }
    }
}

impl Exchange {
    /// Notes a request that begins to run.
    pub(super) fn begin(&self, id: &Id) -> UnderWay<'_> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let cancelled = self.gone.child_token();
        self.running.lock().insert(id.clone(), Running { number, cancelled: cancelled.clone() });
        UnderWay { exchange: self, id: id.clone(), number, cancelled }
    }

    /// Cancels a request; one that is unknown or answered already is none.
    pub(super) fn cancel(&self, id: &Id) {
        if let Some(running) = self.running.lock().get(id) {
            running.cancelled.cancel();
        }
    }

    /// Cancels every request, those that begin later too, for a client that is gone for good.
    pub fn cancel_all(&self) {
        self.gone.cancel();
    }

    /// Sends a request to the client and waits for its response; `None` when it cannot be reached or goes away.
    pub(super) async fn ask(&self, outlet: &Outlet, method: &str, params: &Value) -> Option<Response> {
        // No client numbers its own requests like this, so that logs of both sides stay readable.
        let id = format!("mcpd-{}", self.last.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        {
            let mut asked = self.asked.lock();
            if asked.len() >= ASKED {
                return None;
            }
            asked.insert(id.clone(), answer);
        }
        let _forget = Forget { exchange: self, id: &id };
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        if !outlet.send(request.to_string()).await {
            return None;
        }
        answered.await.ok()
    }

    /// Hands a response to who waits for it; one nobody waits for is dropped.
    pub(super) fn answered(&self, id: &Id, answer: ClientAnswer<'_>) {
        let Ok(Value::String(id)) = serde_json::from_str(id.as_json()) else { return };
        let Some(waiting) = self.asked.lock().remove(&id) else { return };
        let read = |raw: &serde_json::value::RawValue| serde_json::from_str(raw.get()).unwrap_or_default();
        let _ = waiting.send(match answer {
            ClientAnswer::Result(result) => Ok(read(result)),
            ClientAnswer::Error(error) => Err(read(error)),
        });
    }
}

/// Takes a question back that nobody waits for any more.
struct Forget<'a> {
    exchange: &'a Exchange,
    id: &'a str,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.exchange.asked.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::mcp::Envelope;

    fn id(text: &str) -> Id {
        let message = format!(r#"{{"jsonrpc":"2.0","id":{text},"method":"m"}}"#);
        Envelope::parse(message.as_bytes()).unwrap().id().unwrap().clone()
    }

    #[test]
    fn only_the_request_of_that_id_is_cancelled() {
        let exchange = Exchange::default();
        let (one, two) = (exchange.begin(&id("1")), exchange.begin(&id("\"1\"")));
        exchange.cancel(&id("1"));
        exchange.cancel(&id("7"));
        assert!(one.cancelled.is_cancelled() && !two.cancelled.is_cancelled());
        drop((one, two));
        assert!(exchange.running.lock().is_empty());
    }

    #[test]
    fn a_client_that_is_gone_takes_everything_with_it() {
        let exchange = Exchange::default();
        let twice = [exchange.begin(&id("1")), exchange.begin(&id("1"))];
        exchange.cancel_all();
        let late = exchange.begin(&id("2"));
        assert!(twice.iter().chain([&late]).all(|one| one.cancelled.is_cancelled()));
    }

    #[tokio::test]
    async fn a_question_is_answered_once() {
        let exchange = Exchange::default();
        let (sender, mut sent) = mpsc::channel(4);
        let outlet = Outlet::Stream(sender);
        let params = json!({});
        let client = async {
            let asked: Value = serde_json::from_slice(&sent.recv().await.unwrap()).unwrap();
            let response =
                json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "roots": [] } }).to_string();
            let envelope = Envelope::parse(response.as_bytes()).unwrap();
            exchange.answered(&id(&asked["id"].to_string()), envelope.answer.unwrap());
            exchange.answered(&id(&asked["id"].to_string()), envelope.answer.unwrap());
        };
        let (answer, ()) = tokio::join!(exchange.ask(&outlet, "roots/list", &params), client);
        assert_eq!(answer.unwrap().unwrap(), json!({ "roots": [] }));
        assert!(exchange.asked.lock().is_empty());
    }

    #[tokio::test]
    async fn who_cannot_be_reached_is_not_waited_for() {
        let exchange = Exchange::default();
        assert!(exchange.ask(&Outlet::Closed, "roots/list", &json!({})).await.is_none());
        assert!(exchange.asked.lock().is_empty());
    }
}
