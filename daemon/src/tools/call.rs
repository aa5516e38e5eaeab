//! One running call as its tool sees it: who calls, and a voice towards the client while it runs.

use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;

use super::{Code, ToolError};
use crate::auth::Principal;

/// A running call.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Who calls.
    pub who: &'a Principal,
    voice: &'a dyn Voice,
}

/// Says things to the client of a call before its answer.
pub trait Voice: Send + Sync {
    /// Tells how far the call is; unheard unless the client asked for it.
    fn progress(&self, progress: Progress<'_>);
    /// Tells a line of log; unheard below the level the client wants.
    fn log(&self, level: LogLevel, text: &str);
    /// Answers whether the client declared what a wish needs.
    fn can(&self, wish: Wish) -> bool;
    /// Asks the client, all questions at once, and returns its results in their order.
    fn ask<'v>(&'v self, questions: &'v [Question]) -> BoxFuture<'v, Result<Vec<Value>, Unanswered>>;
    /// Closes the client's connection without ending what it listens to; it comes back for the rest.
    #[cfg(feature = "testing")]
    fn hang_up(&self);
}

/// The voice of a call whose caller hears nothing but the answer.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Voice for Silent {
    fn progress(&self, _: Progress<'_>) {}

    fn log(&self, _: LogLevel, _: &str) {}

    fn can(&self, _: Wish) -> bool {
        false
    }

    fn ask<'v>(&'v self, _: &'v [Question]) -> BoxFuture<'v, Result<Vec<Value>, Unanswered>> {
        std::future::ready(Err(Unanswered::Gone)).boxed()
    }

    #[cfg(feature = "testing")]
    fn hang_up(&self) {}
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress<'a> {
    /// Grows from one to the next.
    pub done: f64,
    /// What it grows to, where that is known.
    pub total: Option<f64>,
    /// What happens now, for people.
    pub message: Option<&'a str>,
}

/// How severe a line of log is (RFC 5424), least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "the words of RFC 5424")]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// Returns the word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// Returns the level of that word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }

    /// Returns the level of that rank, 0 the least severe.
    pub fn of_rank(rank: u8) -> Option<Self> {
        Self::ALL.get(usize::from(rank)).copied()
    }
}

/// What a tool may wish from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// An answer of its user.
    Elicitation,
    /// Words of its model.
    Sampling,
    /// The folders it works in.
    Roots,
}

impl Wish {
    /// Returns the method that asks for it.
    pub fn method(self) -> &'static str {
        match self {
            Self::Elicitation => "elicitation/create",
            Self::Sampling => "sampling/createMessage",
            Self::Roots => "roots/list",
        }
    }

    /// Returns the capability of clients that grant it.
    pub fn capability(self) -> &'static str {
        match self {
            Self::Elicitation => "elicitation",
            Self::Sampling => "sampling",
            Self::Roots => "roots",
        }
    }
}

/// One question to a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Names it among the questions of its call.
    pub name: &'static str,
    /// What is wished.
    pub wish: Wish,
    /// Parameters of the method.
    pub params: Value,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Unanswered {
    /// The client did not declare that it can.
    Unable(Wish),
    /// The answer comes with another call: this one ends here (MCP 2026-07-28, Multi Round-Trip Requests).
    Later,
    /// The client answered with an error.
    Refused(Value),
    /// The client cannot be reached.
    Gone,
}

impl From<Unanswered> for ToolError {
    fn from(unanswered: Unanswered) -> Self {
        let (what, hint) = match unanswered {
            Unanswered::Unable(wish) => {
                (format!("the client does not offer {}", wish.capability()), "use a client that does")
            }
            Unanswered::Later => ("the answer comes with the next call".to_owned(), "call again with it"),
            Unanswered::Refused(error) => {
                let why = error["message"].as_str().unwrap_or("no reason given");
                (format!("the client refused: {why}"), "allow it in the client, or do without")
            }
            Unanswered::Gone => ("the client cannot be asked".to_owned(), "let it keep its stream open"),
        };
        Self::new(Code::ClientUnable, what).hint(hint)
    }
}

impl<'a> Call<'a> {
    /// Makes the call that `who` sent.
    pub fn new(who: &'a Principal, voice: &'a dyn Voice) -> Self {
        Self { who, voice }
    }

    /// Tells the client how far the call is.
    pub fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        self.voice.progress(Progress { done, total, message });
    }

    /// Tells the client a line of log. It must hold nothing another tenant knows.
    pub fn log(&self, level: LogLevel, text: &str) {
        self.voice.log(level, text);
    }

    /// Answers whether the client declared what a wish needs.
    pub fn client_can(&self, wish: Wish) -> bool {
        self.voice.can(wish)
    }

    /// Asks the client, all questions at once. Hand [`Unanswered`] on as the call's error: the protocol turns
    /// [`Unanswered::Later`] into a request for the answers.
    pub async fn ask(&self, questions: &[Question]) -> Result<Vec<Value>, Unanswered> {
        self.voice.ask(questions).await
    }

    /// Closes the client's connection without ending what it listens to.
    #[cfg(feature = "testing")]
    pub fn hang_up(&self) {
        self.voice.hang_up();
    }
}
