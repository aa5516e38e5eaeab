//! A daemon for the wire: it greets, sends pictures as asked, a thousand requests a second, refuses the log, issues keys,
//! and knows none.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcpd_ipc::{
    FRAME_LIMIT, Fault, FaultKind, FrameError, HELLO_LIMIT, Hello, Outcome, PROTOCOL, Purpose, Request,
    Subscription, Welcome,
    connections::ConnectionList,
    feed::{Picture, RequestBatch},
    keys::{KeyCreated, KeyState, Shown},
    read_frame, write_frame,
};
use tokio::{
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

use crate::app::sample;

/// A daemon.
pub(crate) struct Fake {
    serving: JoinHandle<()>,
    socket: std::path::PathBuf,
    controls: Arc<AtomicUsize>,
}

impl Fake {
    /// Serves at a socket; refuses every hello where there is a fault to refuse it with.
    pub(crate) fn start(socket: &Path, refusal: Option<Fault>) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let controls = Arc::new(AtomicUsize::new(0));
        let serving = tokio::spawn(serve(listener, refusal, Arc::clone(&controls)));
        Self { serving, socket: socket.to_owned(), controls }
    }

    /// Returns how many control connections were opened.
    pub(crate) fn control_connections(&self) -> usize {
        self.controls.load(Ordering::SeqCst)
    }

    /// Ends it with all its connections.
    pub(crate) async fn die(mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
        std::fs::remove_file(&self.socket).unwrap();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: UnixListener, refusal: Option<Fault>, controls: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(talk(stream, refusal.clone(), Arc::clone(&controls)));
    }
}

async fn talk(
    mut stream: UnixStream,
    refusal: Option<Fault>,
    controls: Arc<AtomicUsize>,
) -> Result<(), FrameError> {
    let hello: Hello = read_frame(&mut stream, HELLO_LIMIT).await?;
    assert_eq!(hello.client, "mcpctl/test");
    if let Some(fault) = refusal {
        return write_frame(&mut stream, &Welcome::Refused(fault), HELLO_LIMIT).await;
    }
    let welcome = Welcome::Welcome { protocol: PROTOCOL, version: "0.1.0".into(), state: "/srv/mcpd".into() };
    write_frame(&mut stream, &welcome, HELLO_LIMIT).await?;
    match hello.purpose {
        Purpose::Control => {
            controls.fetch_add(1, Ordering::SeqCst);
            obey(stream).await
        }
        Purpose::Watch => watch(stream).await,
        Purpose::Mcp => panic!("a dashboard does not speak MCP here"),
    }
}

async fn obey(mut stream: UnixStream) -> Result<(), FrameError> {
    loop {
        let request: Request = read_frame(&mut stream, FRAME_LIMIT).await?;
        if let Request::ConnectionsList(_) = request {
            let reply = ConnectionList { connections: vec![] };
            write_frame(&mut stream, &Outcome::Ok(reply), FRAME_LIMIT).await?;
        } else if let Request::KeysAdd(add) = request {
            let key = sample::key("n3w0k3y1d2f4", &add.name, None, KeyState::Active);
            let reply = KeyCreated { key, secret: Shown::new("mcpd_sk_TOPSECRET") };
            write_frame(&mut stream, &Outcome::Ok(reply), FRAME_LIMIT).await?;
        } else {
            let fault = Outcome::<()>::Err(Fault::not_found("key", "nobody"));
            write_frame(&mut stream, &fault, FRAME_LIMIT).await?;
        }
    }
}

async fn watch(mut stream: UnixStream) -> Result<(), FrameError> {
    match read_frame::<Subscription>(&mut stream, FRAME_LIMIT).await? {
        Subscription::WatchDaemon(asked) => {
            let mut every = tokio::time::interval(Duration::from_millis(asked.every_ms));
            for number in 0.. {
                every.tick().await;
                let picture: Picture = sample::picture(sample::NOW + number as i64 * 100, number);
                write_frame(&mut stream, &Outcome::Ok(picture), FRAME_LIMIT).await?;
            }
            Ok(())
        }
        Subscription::WatchRequests(_) => {
            // A thousand a second, as a busy daemon sends them.
            let mut every = tokio::time::interval(Duration::from_millis(250));
            loop {
                every.tick().await;
                let requests = sample::requests_seen().into_iter().take(250).collect();
                let batch = RequestBatch { skipped: 0, requests };
                write_frame(&mut stream, &Outcome::Ok(batch), FRAME_LIMIT).await?;
            }
        }
        Subscription::WatchLogs(_) => {
            let fault = Fault::new(FaultKind::Refused, "the log goes to stderr");
            write_frame(&mut stream, &Outcome::<()>::Err(fault), FRAME_LIMIT).await
        }
    }
}
