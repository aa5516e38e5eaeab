//! What the two servers of the bench share: their flags, the runtime, and how they are served.

use std::{collections::HashMap, fmt::Display, io::Write, path::PathBuf};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, runtime};

/// Why a server of the bench did not start.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Flags of the form `--name value`.
#[derive(Debug)]
pub struct Flags(HashMap<String, String>);

impl Flags {
    /// Reads the command line.
    pub fn read() -> Result<Self, Failure> {
        let mut flags = HashMap::new();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("{word:?} is no flag"))?;
            let value = words.next().ok_or_else(|| format!("--{name} needs a value"))?;
            flags.insert(name.to_owned(), value);
        }
        Ok(Self(flags))
    }

    /// Returns a flag, or `default`.
    pub fn text(&self, name: &str, default: &str) -> String {
        self.0.get(name).map_or(default, String::as_str).to_owned()
    }

    /// Returns a path that must be given.
    pub fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        Ok(self.0.get(name).ok_or_else(|| format!("--{name} is missing"))?.into())
    }
}

/// Serves a router on `--listen` with `--threads`, says where on standard output, and does not return.
pub fn serve(flags: &Flags, router: Router) -> Result<(), Failure> {
    let threads = flags.text("threads", "1").parse()?;
    let listen = flags.text("listen", "127.0.0.1:0");
    let runtime = runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&listen).await.map_err(failed("listen on", &listen))?;
        let address = listener.local_addr()?;
        writeln!(std::io::stdout(), "ready http://{address}/mcp")?;
        // As in the daemon: a small answer must not wait for the peer's delayed acknowledgement.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        // On a worker, not on the main thread: one thread does all the work, as `--threads 1` says.
        tokio::spawn(axum::serve(listener, router).into_future()).await??;
        Ok(())
    })
}

/// Says what was attempted.
pub fn failed<E: Display>(doing: &str, what: impl Display) -> impl Fn(E) -> Failure {
    move |error| format!("could not {doing} {what}: {error}").into()
}
