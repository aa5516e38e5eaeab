//! The picture of a project: everything needed to resume work, gathered once for the tool that returns it and for the
//! resource that shows it.

use super::next::{Choice, choose};
use crate::{
    memory::{Asked, Memories, MemoryError},
    store::{Decision, DevSession, Memory, Note, NoteFilter, Page, ProjectRow, Store, StoreError, Todo},
};

/// Rows of each list: enough to resume, little enough to read.
pub(crate) const ROWS: i64 = 10;
/// Importance from which a note is shown.
const IMPORTANT: i64 = 4;

/// Everything needed to resume work on a project.
#[derive(Debug)]
pub(crate) struct Picture {
    /// The caller's `project_id`.
    pub(crate) project: String,
    /// The session that was closed last.
    pub(crate) last_session: Option<DevSession>,
    /// Open sessions, newest first.
    pub(crate) open_sessions: Vec<DevSession>,
    /// The todo to take next, what waits, and what somebody works on.
    pub(crate) choice: Choice,
    /// Pending todos, highest priority first.
    pub(crate) pending: Vec<Todo>,
    /// Pending todos in all.
    pub(crate) pending_total: usize,
    /// Decisions in force, newest first.
    pub(crate) decisions: Vec<Decision>,
    /// Open notes of category issue, most important first.
    pub(crate) issues: Vec<Note>,
    /// Open notes of the other categories that are important.
    pub(crate) important: Vec<Note>,
    /// The memories that tell most about what is being done, then the newest.
    pub(crate) memories: Vec<Memory>,
}

/// Gathers the picture of a project; each list holds ten rows at most, except that of the todos in progress.
pub(crate) async fn gather(
    store: &Store,
    memories: &Memories,
    project: ProjectRow,
) -> Result<Picture, StoreError> {
    let sessions = store.sessions();
    let open_sessions = sessions.open(&project.id, None, ROWS).await?;
    let last_session = sessions.last_closed(&project.id).await?;
    let todos = store.todos().open(&project.id).await?;
    let mut pending: Vec<_> = todos.iter().filter(|todo| todo.status == "pending").cloned().collect();
    let pending_total = pending.len();
    pending.sort_by_key(|todo| -todo.priority);
    pending.truncate(ROWS as usize);
    let choice = choose(todos);
    let page = Page { limit: ROWS, offset: 0 };
    let (decisions, _) = store.decisions().list(&project.id, None, false, page).await?;
    let issue = Some("issue".to_owned());
    let open_notes = NoteFilter { unresolved_only: true, ..NoteFilter::default() };
    let issues = NoteFilter { category: issue.clone(), ..open_notes.clone() };
    let (issues, _) = store.notes().list(&project.id, &issues, page).await?;
    let important = NoteFilter { without_category: issue, min_importance: Some(IMPORTANT), ..open_notes };
    let (important, _) = store.notes().list(&project.id, &important, page).await?;
    let work = work(&open_sessions, &choice, &pending);
    let memories = telling(store, memories, &project.id, work).await?;
    Ok(Picture {
        project: project.name,
        last_session,
        open_sessions,
        choice,
        pending,
        pending_total,
        decisions,
        issues,
        important,
        memories,
    })
}

/// What is being done, in words: the goals of open sessions, and the todos that come next.
fn work(sessions: &[DevSession], choice: &Choice, pending: &[Todo]) -> String {
    let goals = sessions.iter().map(|session| session.goals.as_str());
    let next = choice.next.iter().chain(pending).map(|todo| todo.title.as_str());
    goals.chain(next).take(ROWS as usize).collect::<Vec<_>>().join("\n")
}

/// Returns the memories that tell most about some work, and the newest behind them.
async fn telling(
    store: &Store,
    memories: &Memories,
    project: &str,
    work: String,
) -> Result<Vec<Memory>, StoreError> {
    let asked = Asked { text: work, count: ROWS as usize, ..Asked::default() };
    let mut told: Vec<Memory> = match memories.recall(project, asked).await {
        Ok(recalled) => recalled.found.into_iter().map(|one| one.memory).collect(),
        Err(MemoryError::Store(error)) => return Err(error),
        // The newest alone are a picture too.
        Err(error) => {
            tracing::warn!(%error, "the memories of a project were not searched");
            Vec::new()
        }
    };
    for memory in store.memories().recent(project, ROWS).await? {
        if told.len() < ROWS as usize && told.iter().all(|known| known.id != memory.id) {
            told.push(memory);
        }
    }
    Ok(told)
}
