//! The tree of settings: what each means and in which unit.
//!
//! No default stands here: `mcpd.toml` is the only list of defaults, and every layer is laid on it.

mod ai;
mod audit;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

pub use ai::Ai;
pub use audit::Audit;
pub use tls::{KnownBy, Tls, TlsClient};

use crate::rate::Rate;
use crate::word::{EmbeddingSource, ForwardedHeader, LogFormat, Profile, Rotation, SecretRule, ToolFamily};
use crate::{address, period, size, written};

/// Everything an operator can set, complete and checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who the daemon is for; picks the layer just above the defaults.
    pub profile: Profile,
    /// The HTTP doors and their deadlines.
    pub server: Server,
    /// What the HTTP port proves itself with, and what it asks of clients.
    pub tls: Tls,
    /// Who may call.
    pub auth: Auth,
    /// From where one may call.
    pub network: Network,
    /// How much one may call.
    pub limits: Limits,
    /// Where the data lives.
    pub store: Store,
    /// How long memories live, and how many.
    pub memory: Memory,
    /// What compares memories by their meaning.
    pub embeddings: Embeddings,
    /// Which source trees are read, and how much of them.
    pub code: Code,
    /// Whose words the tools of family ai give.
    pub ai: Ai,
    /// How much of what there may be in code before it is an issue.
    pub quality: Quality,
    /// Which tools there are.
    pub tools: Tools,
    /// What the daemon says about itself.
    pub telemetry: Telemetry,
    /// What is recorded of who did what.
    pub audit: Audit,
    /// The operators' socket.
    pub control: Control,
}

/// The HTTP doors and their deadlines.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Whether a TCP port is opened at all; without it clients come through `mcpd stdio`.
    pub http: bool,
    /// Address and port to listen on.
    #[serde(deserialize_with = "address::listen")]
    pub listen: SocketAddr,
    /// Host names accepted besides the loopback names and the listen address; lower-case, no port.
    #[serde(deserialize_with = "address::hosts")]
    pub hosts: Vec<String>,
    /// Browser origins accepted, exactly as browsers send them: `scheme://host[:port]`, lower-case.
    #[serde(deserialize_with = "address::origins")]
    pub origins: Vec<String>,
    /// Largest request body, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub body_limit: u64,
    /// Bytes that all large bodies together may take, from their first byte until their answer.
    #[serde(deserialize_with = "size::bytes")]
    pub body_memory: u64,
    /// The operator's word that what is sent may travel unencrypted beyond loopback.
    pub plaintext_lan: bool,
    /// Whether HTTP/2 is spoken with clients that begin with it.
    pub http2: bool,
    /// Time a new connection has until its first byte.
    #[serde(deserialize_with = "period::positive")]
    pub first_byte_deadline: Duration,
    /// Time a client has to send its request head, from the head's first byte.
    #[serde(deserialize_with = "period::positive")]
    pub header_deadline: Duration,
    /// Time a client has to send a whole request body.
    #[serde(deserialize_with = "period::positive")]
    pub body_deadline: Duration,
    /// Time a client may take nothing of an answer that waits for it.
    #[serde(deserialize_with = "period::positive")]
    pub write_deadline: Duration,
    /// Time a connection may idle between requests.
    #[serde(deserialize_with = "period::positive")]
    pub keep_alive: Duration,
    /// Age after which a connection finishes what it serves and is closed.
    #[serde(deserialize_with = "period::positive")]
    pub connection_age: Duration,
    /// Time one call may take.
    #[serde(deserialize_with = "period::positive")]
    pub call_deadline: Duration,
    /// Time running calls get to finish when the daemon stops; zero stops at once.
    #[serde(deserialize_with = "period::any")]
    pub drain_deadline: Duration,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Whether a call needs an API key; false only in profile simple.
    pub keys: bool,
    /// Whether a WebSocket client may show its key in the address, `/ws?token=KEY`, where proxies log it.
    pub query_token: bool,
    /// Failed logins a source network has before it must wait.
    pub failed_logins: Rate,
}

/// From where one may call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Peers that may call: absent is loopback only, empty is nobody.
    #[serde(default, deserialize_with = "address::allowlist")]
    pub allow: Option<Vec<IpNet>>,
    /// Proxies whose forwarded header is believed.
    #[serde(deserialize_with = "address::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// The one header read from a trusted proxy.
    pub forwarded_header: ForwardedHeader,
}

/// How much one may call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Calls per key, unless the key has its own rate.
    pub per_key: Rate,
    /// Requests per peer address, counted before any credential is looked at.
    pub per_peer: Rate,
    /// Calls per key and UTC day; 0 is no quota.
    #[serde(deserialize_with = "size::count")]
    pub daily_calls_per_key: u64,
    /// Open connections, all together.
    #[serde(deserialize_with = "size::at_least_one")]
    pub connections: u32,
    /// Open connections per key.
    #[serde(deserialize_with = "size::at_least_one")]
    pub connections_per_key: u32,
    /// Sessions, all together.
    #[serde(deserialize_with = "size::at_least_one")]
    pub sessions: u32,
    /// Sessions per key.
    #[serde(deserialize_with = "size::at_least_one")]
    pub sessions_per_key: u32,
    /// Time without a request after which a session ends.
    #[serde(deserialize_with = "period::positive")]
    pub session_idle: Duration,
    /// Calls in flight, all together.
    #[serde(deserialize_with = "size::at_least_one")]
    pub calls: u32,
    /// Peers and keys the limiters remember; the bound of their memory.
    #[serde(deserialize_with = "size::at_least_one")]
    pub limiter_entries: u32,
}

/// Where the data lives.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The database file; absent is `<state>/mcpd.db`.
    #[serde(default, deserialize_with = "written::path")]
    pub path: Option<PathBuf>,
    /// Connections that read, besides the one that writes.
    #[serde(deserialize_with = "size::at_least_one")]
    pub readers: u32,
}

/// How long memories live, and how many.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Life of a short memory.
    #[serde(deserialize_with = "period::positive")]
    pub short_ttl: Duration,
    /// Life of a mid memory.
    #[serde(deserialize_with = "period::positive")]
    pub mid_ttl: Duration,
    /// Largest content of one memory, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub max_content: u64,
    /// Answers a short memory is part of before it becomes a mid one; 0 is never.
    #[serde(deserialize_with = "size::count")]
    pub promote_after: u64,
    /// What happens to content that looks like a secret.
    pub secrets: SecretRule,
    /// Memories of one project.
    #[serde(deserialize_with = "size::at_least_one")]
    pub project_memories: u32,
    /// Content of one project's memories, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub project_size: u64,
    /// Memories of all projects of one tenant.
    #[serde(deserialize_with = "size::at_least_one")]
    pub tenant_memories: u32,
    /// Content of the memories of all projects of one tenant, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub tenant_size: u64,
    /// Memory of the indexes of projects that are not asked right now, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub index_memory: u64,
}

/// What compares memories by their meaning.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embeddings {
    /// What makes the vectors.
    pub source: EmbeddingSource,
    /// Address of the endpoint, up to and with `/embeddings`.
    #[serde(default, deserialize_with = "address::http")]
    pub url: Option<String>,
    /// Model the endpoint is asked for.
    #[serde(default, deserialize_with = "written::some_text")]
    pub model: Option<String>,
    /// File with the key of the endpoint.
    #[serde(default, deserialize_with = "written::path")]
    pub key_file: Option<PathBuf>,
    /// Time the endpoint has to embed a question; then words alone decide.
    #[serde(deserialize_with = "period::positive")]
    pub deadline: Duration,
}

/// Which source trees are read, and how much of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Folders in which trees may be read; absent is the home folder, while nobody else can reach the daemon.
    #[serde(default, deserialize_with = "written::folders")]
    pub roots: Option<Vec<PathBuf>>,
    /// Threads that read and parse; absent is half of the processors.
    #[serde(default, deserialize_with = "size::some_at_least_one")]
    pub threads: Option<u32>,
    /// Files of one tree.
    #[serde(deserialize_with = "size::at_least_one")]
    pub max_files: u32,
    /// All files of one tree together, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub max_tree: u64,
    /// One file, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub max_file: u64,
    /// Time one file may take.
    #[serde(deserialize_with = "period::positive")]
    pub file_deadline: Duration,
    /// Time one analysis may take.
    #[serde(deserialize_with = "period::positive")]
    pub deadline: Duration,
    /// Memory of the graphs of projects that are not asked right now, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub graph_memory: u64,
}

/// How much of what there may be in code before it is an issue.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Whether issues are looked for in tests, too.
    pub tests: bool,
    /// Lines of a function.
    #[serde(deserialize_with = "size::at_least_one")]
    pub function_lines: u32,
    /// Cyclomatic complexity of a function.
    #[serde(deserialize_with = "size::at_least_one")]
    pub complexity: u32,
    /// Decisions and loops in one another.
    #[serde(deserialize_with = "size::at_least_one")]
    pub nesting: u32,
    /// Parameters of a function.
    #[serde(deserialize_with = "size::at_least_one")]
    pub parameters: u32,
    /// Complexity of all methods of a type together.
    #[serde(deserialize_with = "size::at_least_one")]
    pub class_complexity: u32,
    /// Methods of a type that is complex.
    #[serde(deserialize_with = "size::at_least_one")]
    pub class_methods: u32,
    /// Other types and files used by a type that is complex.
    #[serde(deserialize_with = "size::at_least_one")]
    pub class_foreign: u32,
    /// Other types and files used by any type or file.
    #[serde(deserialize_with = "size::at_least_one")]
    pub coupling: u32,
    /// Tokens of a function that is compared with others.
    #[serde(deserialize_with = "size::at_least_one")]
    pub duplicate_tokens: u32,
    /// Likeness from which on two functions are copies, in hundredths.
    #[serde(deserialize_with = "size::percent")]
    pub duplicate_likeness: u32,
    /// Confidence from which on something is called unused, in hundredths.
    #[serde(deserialize_with = "size::percent")]
    pub dead_confidence: u32,
    /// How far back commits count for how often a file changed.
    #[serde(deserialize_with = "period::positive")]
    pub history: Duration,
    /// Commits that are looked at for that.
    #[serde(deserialize_with = "size::at_least_one")]
    pub history_commits: u32,
}

/// Which tools there are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// Families whose tools are offered; absent is every one.
    #[serde(default, deserialize_with = "written::some_list")]
    pub families: Option<Vec<ToolFamily>>,
}

impl Config {
    /// Returns the folders in which source trees may be read. Unless they are named, that is `home`, and only while
    /// nobody but this machine can reach the daemon.
    pub fn code_roots(&self, home: Option<PathBuf>) -> Vec<PathBuf> {
        let is_private = !self.server.http
            || self.server.listen.ip().to_canonical().is_loopback()
                && self.network.trusted_proxies.is_empty();
        match &self.code.roots {
            Some(roots) => roots.clone(),
            None if is_private => home.into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// What the daemon says about itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// What is logged, as an `EnvFilter` directive.
    #[serde(deserialize_with = "written::text")]
    pub log: String,
    /// How a log line is written.
    pub format: LogFormat,
    /// Folder of the log files; absent is `<state>/logs`.
    #[serde(default, deserialize_with = "written::path")]
    pub directory: Option<PathBuf>,
    /// When a new log file is begun.
    pub rotation: Rotation,
    /// Log files kept.
    #[serde(deserialize_with = "size::at_least_one")]
    pub keep: u32,
    /// Address and port where allowed peers read `/metrics` without a key; absent is nowhere.
    #[serde(default, deserialize_with = "address::metrics")]
    pub listen: Option<SocketAddr>,
}

/// The operators' socket.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The socket; absent is the platform's place.
    #[serde(default, deserialize_with = "written::path")]
    pub socket: Option<PathBuf>,
    /// Group whose members may operate, besides the daemon's own user and root; absent is nobody.
    #[serde(default, deserialize_with = "written::some_text")]
    pub group: Option<String>,
    /// Largest frame either side accepts, in bytes.
    #[serde(deserialize_with = "size::bytes")]
    pub frame_limit: u64,
}
