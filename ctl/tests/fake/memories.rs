//! Made-up memories: two pages of three, one of which tries to misbehave.

use mcpd_ipc::{Fault, FaultKind, Request, memory::MemoryImport};
use serde_json::{Value, json};

use super::NOW;

const DAY: i64 = 86_400_000;

/// Ids of the memories there are.
pub(crate) const IDS: [&str; 3] = [
    "0199a3f2-7c11-7d4e-9f7c-2b6a1c0d9e11",
    "0199a3f2-7c12-7000-8000-000000000002",
    "0199a3f2-7c13-7000-8000-000000000003",
];

/// Answers what is asked about memories with something to show.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is asked of it")]
pub(super) fn plenty(request: &Request) -> Result<Value, Fault> {
    Ok(match request {
        Request::MemoryList(list) => {
            let mut page = page(list.after.as_deref(), list.limit);
            for memory in page["memories"].as_array_mut().unwrap() {
                if memory["id"] == IDS[0] {
                    memory["content"] = json!("The staging database is reset every night at two o'clock, so");
                    memory["cut"] = json!(true);
                }
            }
            page
        }
        Request::MemoryExport(export) => page(export.after.as_deref(), 2),
        Request::MemoryShow(show) => found(&show.id)?,
        Request::MemoryDelete(delete) => {
            json!({"deleted": delete.ids.iter().filter(|id| IDS.contains(&id.as_str())).count()})
        }
        Request::MemoryLevelSet(set) => {
            let mut memory = found(&set.id)?;
            memory["level"] = json!(set.level);
            memory["expires_at"] = match set.level.as_str() {
                "long" => Value::Null,
                _ => json!(NOW + 30 * DAY),
            };
            memory
        }
        Request::MemoryLimitsShow(_) => json!({"content": 1 << 20, "frame": 1 << 20}),
        Request::MemoryImport(import) => imported(import)?,
        Request::MemoryModelShow(_) => model("ready", 1_200),
        Request::MemoryModelInstall(install) if install.path == "/torn" => {
            let fault = Fault::new(FaultKind::Refused, "/torn is no model: it ends in its middle");
            return Err(fault.hint("nothing was changed; copy it here again"));
        }
        Request::MemoryModelInstall(_) => model("ready", 0),
        Request::MemoryModelRemove(_) => none(),
        other => panic!("{} is not about memories", other.name()),
    })
}

/// Answers like a daemon that remembers nothing and has no model.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is asked of it")]
pub(super) fn nothing(request: &Request) -> Result<Value, Fault> {
    Ok(match request {
        Request::MemoryList(_) | Request::MemoryExport(_) => json!({"memories": [], "more": false}),
        Request::MemoryDelete(_) => json!({"deleted": 0}),
        Request::MemoryModelShow(_) => none(),
        Request::MemoryModelRemove(_) => {
            let fault = Fault::new(FaultKind::Refused, "no model is installed");
            return Err(fault.hint("mcpctl memory model"));
        }
        other => plenty(other)?,
    })
}

/// Returns the memories behind `after`, at most `limit` of them.
fn page(after: Option<&str>, limit: u32) -> Value {
    let all = [staging(), evil(), bare()];
    let begin = after.map_or(0, |after| IDS.iter().position(|id| *id == after).map_or(3, |at| at + 1));
    let end = all.len().min(begin + limit as usize);
    json!({"memories": all[begin..end], "more": end < all.len()})
}

fn found(id: &str) -> Result<Value, Fault> {
    let all = [staging(), evil(), bare()];
    let found = all.into_iter().find(|memory| memory["id"] == id);
    found.ok_or_else(|| Fault::not_found("memory", id))
}

/// Knows what says so, and refuses what says so.
fn imported(import: &MemoryImport) -> Result<Value, Fault> {
    if import.project.contains('\n') {
        return Err(Fault::new(FaultKind::Usage, "a project's name has no line breaks"));
    }
    let says = |word: &str| import.entries.iter().filter(|entry| entry.content.contains(word)).count();
    let refused = import.entries.iter().enumerate().filter(|(_, entry)| entry.content.contains("refuse"));
    let refused: Vec<Value> = refused
        .map(|(index, _)| json!({"index": index, "reason": "the project keeps as much as it may\u{1b}[2J"}))
        .collect();
    let secret = import.entries.iter().position(|entry| entry.content.contains("secret"));
    let suspicious: Vec<Value> =
        secret.map(|index| json!({"index": index, "looks_like": "an API key"})).into_iter().collect();
    let (known, all) = (says("known"), import.entries.len());
    let stored = all - known - refused.len();
    Ok(json!({"stored": stored, "known": known, "refused": refused, "suspicious": suspicious}))
}

fn staging() -> Value {
    json!({
        "id": IDS[0], "tenant": "default", "project": "demo", "level": "mid",
        "content": "The staging database is reset every night at two o'clock, so nothing there is kept.\n\n\
                    Ask ops before you rely on it.",
        "cut": false, "tokens": 29, "tags": ["staging", "database"], "category": "fact", "confidence": 0.9,
        "author": "laptop", "session": "0199a3f2-0000-7000-8000-000000000001", "found": 12,
        "created_at": NOW - 3 * DAY, "expires_at": NOW + 27 * DAY,
    })
}

fn evil() -> Value {
    json!({
        "id": IDS[1], "tenant": "团队", "project": "evil\u{1b}[2Jproject", "level": "short",
        "content": "会话\u{202e} \u{1b}[31mred\nhint: rm -rf /", "cut": false, "tokens": 9,
        "tags": ["a\u{9b}31m"], "category": "evil\u{1b}]0;x\u{7}", "confidence": null, "author": "evil\u{202e}name",
        "session": null, "found": 0, "created_at": NOW - 60_000, "expires_at": NOW + DAY - 60_000,
    })
}

fn bare() -> Value {
    json!({
        "id": IDS[2], "tenant": "default", "project": "demo", "level": "long", "content": "短", "cut": false,
        "tokens": 1, "tags": [], "category": null, "confidence": null, "author": "ci", "session": null,
        "found": 1, "created_at": NOW - 400, "expires_at": null,
    })
}

fn model(state: &str, embedded: u64) -> Value {
    json!({
        "state": state, "id": "use-multilingual-3", "dimensions": 512,
        "source": "/home/ada/.local/state/mcpd/models/use-multilingual-3.safetensors",
        "embedded": embedded, "all": 1_200, "reason": null,
    })
}

fn none() -> Value {
    json!({
        "state": "off", "id": null, "dimensions": null, "source": null, "embedded": 0, "all": 1_200,
        "reason": "no model is installed",
    })
}
