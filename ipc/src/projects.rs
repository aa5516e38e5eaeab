//! The code graphs of projects, as operators look after them: what is analysed, how far it is, and trees that are
//! pushed from elsewhere. Over HTTP the daemon takes the same `push_…` and `projects_analysis` from who holds a key.

use serde::{Deserialize, Serialize};

use crate::Fault;

/// Lists the projects that have a code graph, or one under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsList {
    /// Whose; absent means everybody's.
    #[serde(default)]
    pub tenant: Option<String>,
}

/// Projects by tenant and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectList {
    /// One entry a project.
    pub projects: Vec<ProjectInfo>,
}

/// Shows one project's code graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsShow {
    /// Whose; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it.
    pub project: String,
}

/// Analyses a project's tree in the background and answers at once; an analysis that runs already is joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsAnalyze {
    /// Whose; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it; it is made on first use.
    pub project: String,
    /// What people call it; absent means as before.
    #[serde(default)]
    pub name: Option<String>,
    /// The tree, an absolute path of the daemon's machine; absent means the one it was analysed from before.
    #[serde(default)]
    pub path: Option<String>,
}

/// Says how far a project's analysis is, or how the last one ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsAnalysis {
    /// Whose; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it.
    pub project: String,
}

/// Stops a project's analysis; the code graph stays as it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsStop {
    /// Whose; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it.
    pub project: String,
}

/// Follows the changes of a project's tree, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsWatch {
    /// Whose; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it.
    pub project: String,
    /// Whether to follow.
    pub on: bool,
}

/// Forgets a project's code graph; its memories and todos stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectsForget {
    /// Whose; absent means `default`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it.
    pub project: String,
}

/// A code graph is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectForgotten {
    /// How many files it knew.
    pub files: u64,
}

/// Where a project's code comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectSource {
    /// A tree on the daemon's machine.
    Tree,
    /// A tree elsewhere, whose files are pushed.
    Push,
}

/// A project and its code graph. Times are milliseconds since 1970 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectInfo {
    /// Whose it is.
    pub tenant: String,
    /// The project as its clients name it.
    pub project: String,
    /// What people call it.
    pub name: String,
    /// Where its code comes from.
    pub source: ProjectSource,
    /// The tree on the daemon's machine; absent for one that is pushed.
    pub path: Option<String>,
    /// Files in the code graph.
    pub files: u64,
    /// Lines of those files.
    pub lines: u64,
    /// Entities: functions, classes and the like.
    pub entities: u64,
    /// Relations between entities.
    pub relations: u64,
    /// When it was last analysed to the end; absent before the first time.
    pub indexed_at: Option<i64>,
    /// The commit that was checked out then.
    pub commit: Option<String>,
    /// The branch that was checked out then.
    pub branch: Option<String>,
    /// The work tree, where it is not the repository's first.
    pub worktree: Option<String>,
    /// Files that differed from the commit then.
    pub dirty: u64,
    /// Files that changed since; absent where that is not known.
    pub changed: Option<u64>,
    /// Whether changes of the tree are followed.
    pub watched: bool,
    /// Whether the whole tree is in it: a limit may have cut it.
    pub complete: bool,
    /// The analysis that runs now, or the last one where it was stopped or failed.
    pub running: Option<AnalysisState>,
}

/// A project and what its code graph is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectDetail {
    /// The project as the list shows it.
    pub info: ProjectInfo,
    /// Files by language, most first.
    pub languages: Vec<ProjectCount>,
    /// Entities by kind, most first.
    pub kinds: Vec<ProjectCount>,
    /// Relations by kind, most first.
    pub relation_kinds: Vec<ProjectCount>,
    /// Names in the code that no entity was found for.
    pub unresolved: u64,
    /// Files that were left out, the first of them.
    pub skipped: Vec<ProjectProblem>,
    /// How many more were left out.
    pub skipped_more: u64,
    /// Files that were understood only in part, the first of them.
    pub parse_errors: Vec<ProjectProblem>,
}

/// How many there are of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectCount {
    /// The kind: a language, `function`, `calls`.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// A file that is not in a code graph as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectProblem {
    /// Its path within the tree.
    pub path: String,
    /// Why, one lower-case sentence.
    pub reason: String,
}

/// How far an analysis is, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisState {
    /// Whose project it is.
    pub tenant: String,
    /// The project as its clients name it.
    pub project: String,
    /// What it does now.
    pub phase: AnalysisPhase,
    /// How much of this phase is done, in files.
    pub done: u64,
    /// How much there is to do; 0 where that is not known.
    pub total: u64,
    /// Why it failed, one lower-case sentence.
    pub failure: Option<String>,
    /// What came of it, once it is done.
    pub report: Option<AnalysisReport>,
}

/// What an analysis does, in this order, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisPhase {
    /// Others come first.
    Waiting,
    /// Looks which files there are.
    Walking,
    /// Reads them.
    Parsing,
    /// Keeps what stands in them.
    Storing,
    /// Finds out what refers to what.
    Linking,
    /// Ended as it should.
    Done,
    /// Ended because somebody stopped it.
    Stopped,
    /// Ended otherwise.
    Failed,
}

impl AnalysisPhase {
    /// Returns the word for it on the wire and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Walking => "walking",
            Self::Parsing => "parsing",
            Self::Storing => "storing",
            Self::Linking => "linking",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// Returns whether nothing more will come of it.
    pub fn is_over(self) -> bool {
        match self {
            Self::Done | Self::Stopped | Self::Failed => true,
            Self::Waiting | Self::Walking | Self::Parsing | Self::Storing | Self::Linking => false,
        }
    }
}

/// What came of an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisReport {
    /// Files in the code graph now.
    pub files: u64,
    /// Lines of those files.
    pub lines: u64,
    /// Files that are new.
    pub added: u64,
    /// Files that changed.
    pub changed: u64,
    /// Files that are gone.
    pub removed: u64,
    /// Entities in the code graph now.
    pub entities: u64,
    /// Relations in the code graph now.
    pub relations: u64,
    /// Files that were left out.
    pub skipped: u64,
    /// Files that were understood only in part.
    pub parse_errors: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// The limit that cut it, one lower-case sentence; absent where the whole tree is in it.
    pub cut: Option<String>,
}

/// Begins to push a tree. The tree of the project stays what it is until the push ends; one that is never ended is
/// dropped with what it brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushBegin {
    /// Whose; absent means `default`. Over HTTP it is the key's, and naming one is refused.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The project as its clients name it; it is made when the first push ends.
    pub project: String,
    /// What people call it; absent means as before.
    #[serde(default)]
    pub name: Option<String>,
}

/// A push may go on, within these limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushBegun {
    /// What the commands that follow call it.
    pub push: String,
    /// Files of the largest tree.
    pub files: u64,
    /// Bytes of the largest file.
    pub file_bytes: u64,
    /// Bytes of the largest tree.
    pub total_bytes: u64,
    /// Bytes of the largest command, as JSON.
    pub batch_bytes: u64,
    /// What the names of files that matter end with, without a dot.
    pub extensions: Vec<String>,
}

/// Offers files of the tree, some at a time, without their content. One that is offered again has changed meanwhile:
/// the last offer counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushOffer {
    /// Which push.
    pub push: String,
    /// Some files of the tree.
    pub files: Vec<PushOffered>,
}

/// A file on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushOffered {
    /// Its path within the tree, with `/` between the names.
    pub path: String,
    /// Bytes of its content.
    pub size: u64,
    /// SHA-256 of its content, 64 lower-case hexadecimal digits.
    pub hash: String,
}

/// Which of the offered files the daemon does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushWanted {
    /// Paths of those to send.
    pub wanted: Vec<String>,
    /// Those that it does not take.
    pub refused: Vec<ProjectProblem>,
}

/// Sends files that are wanted, some at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushFiles {
    /// Which push.
    pub push: String,
    /// Some files that are wanted.
    pub files: Vec<PushedFile>,
}

/// A file with its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedFile {
    /// Its path within the tree, as it was offered.
    pub path: String,
    /// Its content, which has the hash that was offered.
    pub content: String,
}

/// Files have arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTaken {
    /// How many were taken.
    pub taken: u64,
    /// Those that were not.
    pub refused: Vec<ProjectProblem>,
}

/// Ends a push: what was offered is the whole tree now, files that were not are gone from it, and its analysis begins.
/// A file that was wanted and did not come counts as one that was not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushEnd {
    /// Which push.
    pub push: String,
}

/// The body of an HTTP answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRefused {
    /// Why.
    pub error: Fault,
}
