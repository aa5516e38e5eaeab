//! What people see of memories.

use mcpd_ipc::memory::{MemoryInfo, MemoryPage};

use crate::{daemon::Daemon, page::Page, table::Table, text};

/// Returns `1 memory`, `2 memories`.
pub(super) fn memories(number: u64) -> String {
    if number == 1 { "1 memory".into() } else { format!("{number} memories") }
}

pub(super) fn list(list: &MemoryPage, next: &str, daemon: &Daemon, now: i64) -> Page {
    if list.memories.is_empty() {
        let line = daemon.line("memory import FILE --project NAME");
        return Page::of(format!("there are no such memories; clients store them, and so does: {line}"));
    }
    let headings =
        ["ID", "PROJECT", "LEVEL", "TOKENS", "FOUND", "CATEGORY", "AUTHOR", "AGE", "EXPIRES", "TEXT"];
    let table = list.memories.iter().fold(Table::new(headings), |table, memory| {
        table.row([
            memory.id.clone(),
            memory.project.clone(),
            memory.level.as_str().into(),
            memory.tokens.to_string(),
            memory.found.to_string(),
            memory.category.clone().unwrap_or_else(|| "-".into()),
            memory.author.clone(),
            text::relative(memory.created_at, now),
            text::relative_or(memory.expires_at, now, "never"),
            beginning(memory),
        ])
    });
    let table = table.figures(&[3, 4]).spare(&[6, 3, 5, 4, 8, 7, 2, 1]).whole(&[0]).cut(9);
    let page = Page::default().table(table);
    if list.more { page.line(format!("there are more: {next}")) } else { page }
}

/// Returns the first line of a memory's text.
pub(super) fn beginning(memory: &MemoryInfo) -> String {
    let mut lines = memory.content.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    if memory.cut || lines.next().is_some() { format!("{first} …") } else { first.to_owned() }
}

pub(super) fn one(memory: &MemoryInfo, now: i64) -> Page {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let ends = memory.expires_at.map_or_else(|| "never".into(), |at| text::date(at, now));
    Page::default()
        .table(Table::fields([
            ("id", memory.id.clone()),
            ("tenant", memory.tenant.clone()),
            ("project", memory.project.clone()),
            ("level", memory.level.as_str().into()),
            ("expires", ends),
            ("stored", text::date(memory.created_at, now)),
            ("author", memory.author.clone()),
            ("session", or_dash(&memory.session)),
            ("category", or_dash(&memory.category)),
            ("tags", text::list_or(&memory.tags, "none")),
            ("confidence", memory.confidence.map_or_else(|| "-".into(), |trust| trust.to_string())),
            ("tokens", format!("about {}", memory.tokens)),
            ("found", format!("in {}", text::count(u64::try_from(memory.found).unwrap_or(0), "answer"))),
        ]))
        .gap()
        // Indented, so that no line of it poses as one of ours.
        .text(&memory.content, "  ")
}

pub(super) fn kept(memory: &MemoryInfo, now: i64) -> Page {
    let ends = match memory.expires_at {
        Some(at) => format!("it expires {}", text::date(at, now)),
        None => "it is kept for good".into(),
    };
    Page::of(format!("memory {} is {} now; {ends}", memory.id, memory.level.as_str()))
}
