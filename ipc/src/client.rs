//! The typed client: connect, say hello, call.

use std::{
    marker::PhantomData,
    path::{Path, PathBuf},
    time::Duration,
};

use interprocess::local_socket::{
    GenericFilePath, ToFsName,
    tokio::{Stream, prelude::*},
};
use serde::{Deserialize, Serialize};

use crate::{
    Command, FRAME_LIMIT, Fault, Feed, FrameError, HELLO_LIMIT, Hello, Purpose, Request, Subscription,
    Welcome, read_frame, write_frame,
};

/// How long connecting and the hello may take where nobody says otherwise.
const HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// Why a call brought no reply.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody answers at the socket.
    #[error("no daemon answers at {socket}")]
    Unreachable {
        /// The socket that was tried.
        socket: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The operating system or the daemon does not let this user in.
    #[error("not permitted to use {socket}")]
    NotPermitted {
        /// The socket that was tried.
        socket: String,
    },
    /// The daemon did not answer in time.
    #[error("the daemon did not answer within {}s", .0.as_secs())]
    TimedOut(Duration),
    /// The daemon refused.
    #[error(transparent)]
    Refused(#[from] Fault),
    /// The conversation broke off.
    #[error("the conversation with the daemon broke off")]
    Broken(#[from] FrameError),
}

/// A reply as it crosses the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// The daemon obeyed.
    Ok(T),
    /// It refused.
    Err(Fault),
}

/// A connection to the daemon on which commands are called one after another.
pub struct Client {
    stream: Stream,
    deadline: Duration,
}

impl Client {
    /// Connects to `socket` and says hello within `deadline`; each later call may take as long.
    pub async fn connect(socket: &Path, program: &str, deadline: Duration) -> Result<Self, CallError> {
        let (stream, _) = greet(socket, Purpose::Control, program, deadline).await?;
        Ok(Self { stream, deadline })
    }

    /// Sends a command and waits for its reply.
    pub async fn call<C: Command>(&mut self, command: C) -> Result<C::Reply, CallError> {
        let request: Request = command.into();
        let exchange = async {
            write_frame(&mut self.stream, &request, FRAME_LIMIT).await?;
            // Replies may be long lists: the daemon is trusted with more than it trusts us.
            read_frame::<Outcome<C::Reply>>(&mut self.stream, FRAME_LIMIT * 16).await
        };
        match tokio::time::timeout(self.deadline, exchange).await {
            Err(_) => Err(CallError::TimedOut(self.deadline)),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(Outcome::Err(fault))) => Err(fault.into()),
            Ok(Ok(Outcome::Ok(reply))) => Ok(reply),
        }
    }
}

/// News of one feed.
pub struct Watcher<F> {
    stream: Stream,
    feed: PhantomData<fn() -> F>,
}

impl<F: Feed> Watcher<F> {
    /// Connects to `socket`, says hello and asks for the feed.
    pub async fn open(socket: &Path, program: &str, feed: F) -> Result<Self, CallError> {
        let (mut stream, _) = connect_stream(socket, Purpose::Watch, program).await?;
        let asked: Subscription = feed.into();
        write_frame(&mut stream, &asked, FRAME_LIMIT).await?;
        Ok(Self { stream, feed: PhantomData })
    }

    /// Returns the next news, however long it takes; `None` when the feed has ended. Must not be dropped half way: what
    /// was read of a frame would be lost.
    pub async fn next(&mut self) -> Result<Option<F::News>, CallError> {
        match read_frame::<Outcome<F::News>>(&mut self.stream, FRAME_LIMIT * 16).await {
            Ok(Outcome::Ok(news)) => Ok(Some(news)),
            Ok(Outcome::Err(fault)) => Err(fault.into()),
            Err(FrameError::Closed) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Connects to `socket`, says hello for `purpose`, and returns the stream that follows and the daemon's state directory.
pub async fn connect_stream(
    socket: &Path,
    purpose: Purpose,
    program: &str,
) -> Result<(Stream, PathBuf), CallError> {
    greet(socket, purpose, program, HELLO_DEADLINE).await
}

async fn greet(
    socket: &Path,
    purpose: Purpose,
    program: &str,
    limit: Duration,
) -> Result<(Stream, PathBuf), CallError> {
    let shown = socket.display().to_string();
    let unreachable = |source: std::io::Error| {
        let socket = shown.clone();
        if source.kind() == std::io::ErrorKind::PermissionDenied {
            return CallError::NotPermitted { socket };
        }
        CallError::Unreachable { socket, source }
    };
    let greeting = async {
        let name = socket.to_fs_name::<GenericFilePath>().map_err(&unreachable)?;
        let mut stream = Stream::connect(name).await.map_err(&unreachable)?;
        let hello = Hello::new(purpose, program);
        write_frame(&mut stream, &hello, HELLO_LIMIT).await?;
        match read_frame::<Welcome>(&mut stream, HELLO_LIMIT).await? {
            Welcome::Welcome { state, .. } => Ok((stream, state)),
            Welcome::Refused(fault) => Err(fault.into()),
        }
    };
    match tokio::time::timeout(limit, greeting).await {
        Err(_) => Err(CallError::TimedOut(limit)),
        Ok(result) => result,
    }
}
