//! What projects remember, as operators look after it: every tenant's, page by page; and the model that finds by meaning.

use serde::{Deserialize, Serialize};

/// Lists living memories with the beginnings of their texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryList {
    /// Whose; absent means everybody's.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it; absent means any.
    #[serde(default)]
    pub project: Option<String>,
    /// How long they are kept; absent means any time.
    #[serde(default)]
    pub level: Option<MemoryLevel>,
    /// The last id of the page before; absent means from the beginning.
    #[serde(default)]
    pub after: Option<String>,
    /// How many at most; the daemon may give fewer and say that there are more.
    pub limit: u32,
}

/// Lists living memories with their whole texts, as many as make a frame of a sensible size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryExport {
    /// Whose; absent means everybody's.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it; absent means any.
    #[serde(default)]
    pub project: Option<String>,
    /// The last id of the page before; absent means from the beginning.
    #[serde(default)]
    pub after: Option<String>,
    /// How many at most; the daemon may give fewer and say that there are more.
    pub limit: u32,
}

/// Some memories in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryPage {
    /// Oldest first.
    pub memories: Vec<MemoryInfo>,
    /// Whether others follow behind the last of these.
    pub more: bool,
}

/// Shows one memory with its whole text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryShow {
    /// Its id.
    pub id: String,
}

/// Deletes memories for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryDelete {
    /// Their ids; those that are not there are passed over.
    pub ids: Vec<String>,
}

/// Memories are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryDeleted {
    /// How many there were.
    pub deleted: u64,
}

/// Keeps a memory longer, or less long, than so far: its life begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryLevelSet {
    /// Its id.
    pub id: String,
    /// How long from now on.
    pub level: MemoryLevel,
}

/// How long a memory is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryLevel {
    /// Working notes, for hours.
    Short,
    /// Semantic notes, for weeks.
    Mid,
    /// Durable facts, for good.
    Long,
}

impl MemoryLevel {
    /// Returns the word for it on the wire and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Mid => "mid",
            Self::Long => "long",
        }
    }
}

/// A memory. Times are milliseconds since 1970 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryInfo {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub tenant: String,
    /// The project as its clients name it.
    pub project: String,
    /// How long it is kept.
    pub level: MemoryLevel,
    /// The text; in a list only its beginning.
    pub content: String,
    /// Whether the text goes on.
    pub cut: bool,
    /// Estimated tokens of the whole text.
    pub tokens: i64,
    /// Free labels.
    pub tags: Vec<String>,
    /// Kind of knowledge.
    pub category: Option<String>,
    /// Trust in it, 0 to 1.
    pub confidence: Option<f64>,
    /// Who stored it: `key:ID`, or `local:UID` for somebody at the machine.
    pub author: String,
    /// The development session it was stored in.
    pub session: Option<String>,
    /// How many answers it was part of.
    pub found: i64,
    /// When it was first stored.
    pub created_at: i64,
    /// When it ends; absent for one that is kept for good.
    pub expires_at: Option<i64>,
}

/// Says what a memory may be, for whoever prepares an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryLimitsShow {}

/// What a memory may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryLimits {
    /// Bytes of the largest text.
    pub content: u64,
    /// Bytes of the largest frame that the daemon reads.
    pub frame: u64,
}

/// Stores memories that were kept elsewhere; one that is known already stays one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryImport {
    /// Whose they will be; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it; it is made on first use.
    pub project: String,
    /// The memories, all of them in one frame.
    pub entries: Vec<MemoryEntry>,
}

/// A memory that was kept elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryEntry {
    /// The text.
    pub content: String,
    /// How long it is kept, counted from now; absent means as long as one that is stored without saying.
    #[serde(default)]
    pub level: Option<MemoryLevel>,
    /// Free labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Kind of knowledge.
    #[serde(default)]
    pub category: Option<String>,
    /// Trust in it, 0 to 1.
    #[serde(default)]
    pub confidence: Option<f64>,
    /// When it was first stored, milliseconds since 1970; absent means now.
    #[serde(default)]
    pub created_at: Option<i64>,
}

/// What became of memories that were kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryImported {
    /// How many are new.
    pub stored: u64,
    /// How many were known already.
    pub known: u64,
    /// Those that were not taken.
    pub refused: Vec<MemoryRefused>,
    /// Those that were taken, known ones included, and look like secrets.
    pub suspicious: Vec<MemorySuspicious>,
}

/// A memory that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryRefused {
    /// Its place among the entries, from 0.
    pub index: u64,
    /// Why, one lower-case sentence.
    pub reason: String,
}

/// A memory that looks like a secret, which everyone who may read its project can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemorySuspicious {
    /// Its place among the entries, from 0.
    pub index: u64,
    /// The kind of secret: `a private key`.
    pub looks_like: String,
}

/// Says how the model that finds memories by meaning fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryModelShow {}

/// Puts a model in place, which counts at once; every memory gets a vector of it in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryModelInstall {
    /// The file, an absolute path of the daemon's machine.
    pub path: String,
}

/// Takes the installed model away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryModelRemove {}

/// How the model fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryModelReport {
    /// Whether memories are found by meaning too.
    pub state: ModelState,
    /// Name of the model.
    pub id: Option<String>,
    /// Length of its vectors.
    pub dimensions: Option<u32>,
    /// The file it lies in, or the endpoint that computes.
    pub source: Option<String>,
    /// Memories that have a vector of it.
    pub embedded: u64,
    /// Living memories.
    pub all: u64,
    /// Why it is away or off, one lower-case sentence.
    pub reason: Option<String>,
}

/// Whether memories are found by meaning too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// There is none: memories are found by their words.
    Off,
    /// It computes.
    Ready,
    /// There is one, and it does not compute now: memories are found by their words.
    Away,
}
