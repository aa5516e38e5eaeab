//! The context of a project as a document.

use std::collections::HashMap;

use super::{Address, Place, decisions, memory::level, todos};
use crate::{
    store::{DevSession, Note, Todo},
    tools::{
        Picture, ROWS,
        markdown::{Markdown, moment},
    },
};

/// Writes the document, gathered at `at`.
pub(super) fn render(picture: &Picture, at: i64) -> String {
    let mut page = Markdown::new("Project", &picture.project);
    page.paragraph(&format!("As of {}.", moment(at)));
    next(&mut page, picture);
    if let Some(session) = &picture.last_session {
        page.section("Last session");
        one_session(&mut page, session);
    }
    if !picture.open_sessions.is_empty() {
        page.section("Open sessions");
        picture.open_sessions.iter().for_each(|session| one_session(&mut page, session));
    }
    open_todos(&mut page, picture);
    if !picture.decisions.is_empty() {
        page.section(&format!("Newest decisions in force, {ROWS} at most"));
        picture.decisions.iter().for_each(|decision| decisions::one(&mut page, decision));
    }
    notes(&mut page, "Unresolved issues", &picture.issues);
    notes(&mut page, "Important notes", &picture.important);
    memories(&mut page, picture);
    page.finish()
}

fn next(page: &mut Markdown, picture: &Picture) {
    page.section("Next todo");
    match &picture.choice.next {
        Some(todo) => {
            todos::one(page, todo);
            page.paragraph(&format!("Why: {}.", picture.choice.reason()));
        }
        None => page.paragraph(&format!("None: {}.", picture.choice.reason())),
    }
}

fn one_session(page: &mut Markdown, session: &DevSession) {
    const REST: &str = "get_project_context returns the whole";
    page.fact(&format!("id `{}`, started {}", session.id, moment(session.started_at)));
    if let Some(end) = session.ended_at {
        page.fact(&format!("ended {}", moment(end)));
    }
    let files = &session.files_modified;
    for file in files.iter().take(ROWS as usize) {
        page.item("changed", file);
    }
    if files.len() > ROWS as usize {
        page.fact(&format!("changed: {} files in all", files.len()));
    }
    page.excerpt("Goals", &session.goals, REST);
    page.excerpt("Achieved", session.achievements.as_deref().unwrap_or_default(), REST);
    page.excerpt("Next steps", session.next_steps.as_deref().unwrap_or_default(), REST);
}

fn open_todos(page: &mut Markdown, picture: &Picture) {
    let waiting: HashMap<&str, &[String]> =
        picture.choice.waiting.iter().map(|(todo, titles)| (todo.id.as_str(), titles.as_slice())).collect();
    let active = &picture.choice.in_progress;
    let groups = [
        ("Todos in progress", &active[..], active.len()),
        ("Pending todos", &picture.pending[..], picture.pending_total),
    ];
    for (title, todos, total) in groups {
        if total == 0 {
            continue;
        }
        page.section(&format!("{title} ({total})"));
        let shown: &[Todo] = &todos[..todos.len().min(ROWS as usize)];
        for todo in shown {
            todos::one(page, todo);
            for blocker in waiting.get(todo.id.as_str()).into_iter().copied().flatten().take(ROWS as usize) {
                page.below("waits for", blocker);
            }
        }
        if shown.len() < total {
            page.paragraph(&format!("{} of {total} are shown; list_todos returns the others.", shown.len()));
        }
    }
}

fn notes(page: &mut Markdown, title: &str, notes: &[Note]) {
    if notes.is_empty() {
        return;
    }
    page.section(&format!("{title}, {ROWS} at most"));
    for note in notes {
        page.record(&note.title);
        let Note { category, importance, id, .. } = note;
        page.fact(&format!("{category}, importance {importance}, {}, id `{id}`", moment(note.created_at)));
        for tag in &note.tags {
            page.item("tag", tag);
        }
        page.excerpt("Text", &note.content, "list_project_notes returns the whole");
        let code = note.related_code.as_deref().unwrap_or_default();
        page.excerpt("Code", code, "list_project_notes returns the whole");
    }
}

fn memories(page: &mut Markdown, picture: &Picture) {
    if picture.memories.is_empty() {
        return;
    }
    page.section(&format!("Relevant memories, {ROWS} at most"));
    page.paragraph("retrieve_memory finds the others.");
    for memory in &picture.memories {
        page.fact(&format!(
            "id `{}`, {}, stored {}",
            memory.id,
            level(memory.level),
            moment(memory.created_at)
        ));
        let uri = Address::new(&picture.project, Place::Memory(memory.id.clone())).uri();
        page.excerpt("Text", &memory.content, &format!("the whole is `{uri}`"));
    }
}
