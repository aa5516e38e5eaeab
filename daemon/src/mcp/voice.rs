//! What a running call says to its client, put into messages: progress, log lines, questions.

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use serde_json::{Value, json, value::RawValue};

use super::{Outlet, exchange::Exchange, rounds::Rounds, session::Abilities};
use crate::tools::{LogLevel, Progress, Question, Unanswered, Voice, Wish};

/// The voice of one call.
pub(super) struct Speaker<'a> {
    outlet: &'a Outlet,
    /// What the client names its progress by; absent when it wants none.
    token: Option<&'a RawValue>,
    /// The least severe level it hears; absent when it wants no log.
    level: Option<LogLevel>,
    pub(super) listener: Listener<'a>,
    furthest: Mutex<Option<f64>>,
}

/// How the client can be asked.
pub(super) enum Listener<'a> {
    /// While the call runs, on its stream (revisions before 2026-07-28).
    Session(&'a Exchange, Abilities),
    /// By ending the call: the answers come with the next one (2026-07-28).
    Rounds(Rounds),
    /// Not at all: a request outside a session.
    Nobody,
}

impl<'a> Speaker<'a> {
    pub(super) fn new(
        outlet: &'a Outlet,
        token: Option<&'a RawValue>,
        level: Option<LogLevel>,
        listener: Listener<'a>,
    ) -> Self {
        Self { outlet, token, level, listener, furthest: Mutex::new(None) }
    }
}

/// A line of log as clients hear it.
pub(super) fn log_message(level: LogLevel, text: &str) -> Bytes {
    let params = json!({ "level": level.as_str(), "logger": "mcpd", "data": text });
    notification("notifications/message", &params)
}

/// A notification of ours.
pub(super) fn notification(method: &str, params: &Value) -> Bytes {
    Bytes::from(json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string())
}

impl Voice for Speaker<'_> {
    fn progress(&self, progress: Progress<'_>) {
        let Some(token) = self.token else { return };
        let mut furthest = self.furthest.lock();
        if furthest.is_some_and(|before| progress.done <= before) {
            return;
        }
        *furthest = Some(progress.done);
        let mut params = json!({ "progressToken": token, "progress": progress.done });
        if let Some(total) = progress.total {
            params["total"] = total.into();
        }
        if let Some(message) = progress.message {
            params["message"] = message.into();
        }
        self.outlet.offer(notification("notifications/progress", &params));
    }

    fn log(&self, level: LogLevel, text: &str) {
        if self.level.is_some_and(|least| level >= least) {
            self.outlet.offer(log_message(level, text));
        }
    }

    fn can(&self, wish: Wish) -> bool {
        match &self.listener {
            Listener::Session(_, abilities) => self.outlet.is_open() && abilities.can(wish),
            Listener::Rounds(rounds) => rounds.can(wish),
            Listener::Nobody => false,
        }
    }

    fn ask<'v>(&'v self, questions: &'v [Question]) -> BoxFuture<'v, Result<Vec<Value>, Unanswered>> {
        async move {
            match &self.listener {
                Listener::Rounds(rounds) => rounds.ask(questions),
                Listener::Session(exchange, _) => {
                    if let Some(question) = questions.iter().find(|question| !self.can(question.wish)) {
                        return Err(Unanswered::Unable(question.wish));
                    }
                    let asked = questions
                        .iter()
                        .map(|question| exchange.ask(self.outlet, question.wish.method(), &question.params));
                    let answered = futures::future::join_all(asked).await;
                    let answer = |one: Option<Result<Value, Value>>| {
                        one.ok_or(Unanswered::Gone)?.map_err(Unanswered::Refused)
                    };
                    answered.into_iter().map(answer).collect()
                }
                Listener::Nobody => match questions.first() {
                    Some(question) => Err(Unanswered::Unable(question.wish)),
                    None => Ok(Vec::new()),
                },
            }
        }
        .boxed()
    }

    #[cfg(feature = "testing")]
    fn hang_up(&self) {
        self.outlet.hang_up();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::mcp::outlet::Lazy;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    async fn heard(lazy: &Lazy) -> Vec<Value> {
        let opened = tokio::time::timeout(std::time::Duration::from_millis(5), lazy.opened());
        let Ok(mut receiver) = opened.await else { return Vec::new() };
        std::iter::from_fn(|| receiver.try_recv().ok())
            .map(|message| serde_json::from_slice(&message).unwrap())
            .collect()
    }

    #[tokio::test]
    async fn progress_only_grows_and_only_for_who_asked() {
        let (lazy, token) = (Arc::new(Lazy::default()), raw("\"t\""));
        let outlet = Outlet::Lazy(Arc::clone(&lazy));
        let silent = Speaker::new(&outlet, None, None, Listener::Nobody);
        silent.progress(Progress { done: 1.0, total: None, message: None });
        silent.log(LogLevel::Emergency, "unheard");
        assert!(heard(&lazy).await.is_empty());
        let speaker = Speaker::new(&outlet, Some(&token), Some(LogLevel::Error), Listener::Nobody);
        for done in [0.0, 2.0, 1.0, 2.0, 3.0] {
            speaker.progress(Progress { done, total: Some(3.0), message: None });
        }
        speaker.log(LogLevel::Warning, "unheard");
        speaker.log(LogLevel::Error, "heard");
        let heard = heard(&lazy).await;
        let done: Vec<_> = heard.iter().filter_map(|one| one["params"]["progress"].as_f64()).collect();
        assert_eq!(done, [0.0, 2.0, 3.0]);
        assert_eq!(heard[0]["params"]["progressToken"], "t");
        assert_eq!(heard[3]["params"]["data"], "heard");
    }
}
