//! The todos of a project as a document.

use std::collections::HashMap;

use crate::store::{Page, Store, StoreError, Todo, TodoFilter};
use crate::tools::markdown::{Markdown, moment};

/// Todos shown at most.
const ROWS: i64 = 100;
/// Of each status that is over, at most.
const OVER: i64 = 10;
/// Todos named that one waits for, at most.
const NAMED: usize = 10;

/// The statuses, those to act on first, with our word for each and whether it is over.
const STATUSES: [(&str, &str, bool); 5] = [
    ("in_progress", "In progress", false),
    ("pending", "Pending", false),
    ("blocked", "Blocked", false),
    ("completed", "Completed", true),
    ("cancelled", "Cancelled", true),
];

/// The todos of one status.
#[derive(Debug)]
pub(super) struct Group {
    /// Our word for the status.
    pub(super) status: &'static str,
    /// Highest priority first, then oldest.
    pub(super) todos: Vec<Todo>,
    /// How many there are in all.
    pub(super) total: i64,
}

/// The todos of a project.
#[derive(Debug)]
pub(super) struct Todos {
    /// By status.
    pub(super) groups: Vec<Group>,
    /// Titles of unfinished todos that others wait for, by id.
    pub(super) unfinished: HashMap<String, String>,
}

/// Gathers them.
pub(super) async fn gather(store: &Store, project: &str) -> Result<Todos, StoreError> {
    let mut room = ROWS;
    let mut groups = Vec::with_capacity(STATUSES.len());
    let mut ids = Vec::new();
    for (status, word, over) in STATUSES {
        let filter = TodoFilter { status: Some(status.to_owned()), ..TodoFilter::default() };
        let limit = if over { room.min(OVER) } else { room };
        let (todos, total) = store.todos().list(project, &filter, Page { limit, offset: 0 }).await?;
        room -= todos.len() as i64;
        if !over {
            ids.extend(todos.iter().flat_map(|todo| todo.depends_on.iter().cloned()));
        }
        groups.push(Group { status: word, todos, total });
    }
    let unfinished =
        if ids.is_empty() { Vec::new() } else { store.todos().unfinished(project, &ids).await? };
    Ok(Todos { groups, unfinished: unfinished.into_iter().collect() })
}

/// Writes the document.
pub(super) fn render(project: &str, todos: &Todos) -> String {
    let mut page = Markdown::new("Todos of", project);
    if todos.groups.iter().all(|group| group.total == 0) {
        page.paragraph("There are none.");
    }
    for group in todos.groups.iter().filter(|group| group.total > 0) {
        page.section(&format!("{} ({})", group.status, group.total));
        for todo in &group.todos {
            one(&mut page, todo);
            waits(&mut page, todo, &todos.unfinished);
        }
        let shown = group.todos.len() as i64;
        if shown < group.total {
            let total = group.total;
            page.paragraph(&format!("{shown} of {total} are shown; list_todos returns the others."));
        }
    }
    page.finish()
}

/// Adds a todo.
pub(super) fn one(page: &mut Markdown, todo: &Todo) {
    let mut facts = format!("priority {}, {}", todo.priority, todo.category);
    if todo.progress > 0 {
        facts.push_str(&format!(", {} % done", todo.progress));
    }
    if let Some(hours) = todo.estimated_hours {
        facts.push_str(&format!(", about {hours} h"));
    }
    if let Some(at) = todo.completed_at {
        facts.push_str(&format!(", completed {}", moment(at)));
    }
    page.item(&format!("{facts}, id `{}`", todo.id), &todo.title);
    if let Some(description) = todo.description.as_deref().filter(|text| !text.trim().is_empty()) {
        page.below("details", description);
    }
    if let Some(note) = todo.completion_note.as_deref().filter(|text| !text.trim().is_empty()) {
        page.below("remark", note);
    }
}

fn waits(page: &mut Markdown, todo: &Todo, unfinished: &HashMap<String, String>) {
    let blockers: Vec<(&String, &String)> =
        todo.depends_on.iter().filter_map(|id| unfinished.get_key_value(id)).collect();
    for (id, title) in blockers.iter().take(NAMED) {
        page.below(&format!("waits for `{id}`"), title);
    }
    if blockers.len() > NAMED {
        page.below("waits for", &format!("{} more", blockers.len() - NAMED));
    }
}
