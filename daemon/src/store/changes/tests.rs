use tokio::sync::broadcast::Receiver;

use super::*;
use crate::store::{
    Level, NewDecision, NewMemory, NewNote, NewSession, NewTodo, Owner, Quota, SessionEnd, Store, StoreError,
    TodoChange, now,
};

async fn store(dir: &tempfile::TempDir) -> Store {
    Store::open(&dir.path().join("mcpd.db"), 1).await.unwrap()
}

fn owner() -> Owner {
    Owner { tenant: "t".into(), author: "me".into() }
}

fn memory(content: &str, expires_at: Option<i64>) -> NewMemory {
    NewMemory {
        owner: owner(),
        project: "p".into(),
        level: Level::Mid,
        content: content.into(),
        terms: content.into(),
        tags: Vec::new(),
        category: None,
        confidence: None,
        tokens: 1,
        expires_at,
        quota: Quota::default(),
        created_at: None,
    }
}

fn todo(depends_on: &[&str]) -> NewTodo {
    NewTodo {
        owner: owner(),
        project: "p".into(),
        title: "do it".into(),
        description: None,
        category: "feature".into(),
        priority: 3,
        estimated_hours: None,
        depends_on: depends_on.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn decision(supersedes: &[&str]) -> NewDecision {
    NewDecision {
        owner: owner(),
        project: "p".into(),
        title: "so be it".into(),
        category: "architecture".into(),
        description: None,
        reasoning: "because".into(),
        alternatives: "[]".into(),
        impact_scope: None,
        supersedes: supersedes.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn note(resolves: &[&str]) -> NewNote {
    NewNote {
        owner: owner(),
        project: "p".into(),
        category: "tip".into(),
        title: "mind".into(),
        content: "the gap".into(),
        importance: 3,
        related_code: None,
        tags: Vec::new(),
        resolves: resolves.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn session() -> NewSession {
    NewSession { owner: owner(), project: "p".into(), goals: "get there".into() }
}

fn done() -> TodoChange {
    TodoChange {
        status: "completed".into(),
        progress: None,
        completion_note: None,
        depends_on: None,
        completed: true,
    }
}

/// Waits for the announcement of one more write, which comes after those of all before it, and returns theirs.
async fn heard(store: &Store, changes: &mut Receiver<Change>) -> Vec<Part> {
    let mark = NewNote { project: "mark".into(), ..note(&[]) };
    store.notes().create(mark).await.unwrap();
    let mut parts = Vec::new();
    loop {
        let change = changes.recv().await.unwrap();
        assert_eq!(change.tenant, "t");
        match (change.project.as_str(), change.part) {
            ("mark", Part::Notes) => return parts,
            ("mark", Part::ProjectMade) => {}
            (project, part) => {
                assert_eq!(project, "p");
                parts.push(part);
            }
        }
    }
}

#[tokio::test]
async fn every_write_tells_its_change_and_the_first_one_the_project() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let mut changes = store.changes();
    let first = store.todos().create(todo(&[])).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::ProjectMade, Part::Todos]);
    store.todos().change("t", &first.id, done()).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Todos]);
    let (decided, _) = store.decisions().create(decision(&[])).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Decisions]);
    store.decisions().create(decision(&[&decided])).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Decisions]);
    store.notes().create(note(&[])).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Notes]);
    let (opened, _) = store.sessions().start(session()).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Sessions]);
    store.sessions().start(session()).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [], "it was open already");
    let end = SessionEnd { achievements: "all".into(), next_steps: None, files_modified: Vec::new() };
    store.sessions().end("t", &opened.id, end.clone()).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Sessions]);
    store.sessions().end("t", &opened.id, end).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [], "it was closed already");
}

#[tokio::test]
async fn memories_tell_their_ids_when_stored_and_when_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let mut changes = store.changes();
    let kept = store.memories().put(memory("kept", None)).await.unwrap().id;
    assert_eq!(heard(&store, &mut changes).await, [Part::ProjectMade, Part::Memories(kept.clone())]);
    store.memories().put(memory("kept", None)).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Memories(kept)]);
    let past = Some(now() - 1);
    let ended = store.memories().put(memory("ended", past)).await.unwrap().id;
    let again = store.memories().put(memory("ended", past)).await.unwrap().id;
    let told = [ended.clone(), ended, again.clone()].map(Part::Memories);
    assert_eq!(heard(&store, &mut changes).await, told, "what ended makes room for the new");
    assert_eq!(store.memories().purge(10).await.unwrap(), 1);
    assert_eq!(heard(&store, &mut changes).await, [Part::Memories(again)]);
    assert_eq!(store.memories().purge(10).await.unwrap(), 0);
    assert_eq!(heard(&store, &mut changes).await, []);
}

#[tokio::test]
async fn a_write_that_fails_tells_nothing_not_even_the_project() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let mut changes = store.changes();
    assert!(store.todos().create(todo(&["none"])).await.is_err());
    assert!(store.todos().change("t", "none", done()).await.is_err());
    assert!(store.decisions().create(decision(&["none"])).await.is_err());
    assert!(store.notes().create(note(&["none"])).await.is_err());
    let end = SessionEnd { achievements: "all".into(), next_steps: None, files_modified: Vec::new() };
    assert!(store.sessions().end("t", "none", end).await.is_err());
    assert!(matches!(store.projects().find("t", "p").await, Err(StoreError::NotFound)));
    assert_eq!(heard(&store, &mut changes).await, []);
}

#[tokio::test]
async fn what_was_written_unheard_is_not_told_later() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    store.todos().create(todo(&[])).await.unwrap();
    let mut changes = store.changes();
    store.notes().create(note(&[])).await.unwrap();
    assert_eq!(heard(&store, &mut changes).await, [Part::Notes]);
    drop(changes);
    let mut telling = store.changes.telling();
    telling.tell("t", "p", || unreachable!("nobody listens, so nothing is made"));
    assert_eq!(telling.told.capacity(), 0);
}

#[tokio::test]
async fn a_caller_that_gave_up_does_not_silence_its_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let mut changes = store.changes();
    {
        let create = store.todos();
        let create = create.create(todo(&[]));
        futures::pin_mut!(create);
        // Polled once: the job is queued, then its caller leaves.
        assert!(futures::poll!(&mut create).is_pending());
    }
    assert_eq!(heard(&store, &mut changes).await, [Part::ProjectMade, Part::Todos]);
}
