//! Made-up projects: one that is current, one that misbehaves, one under way; and pushes of whatever comes.

use mcpd_ipc::{Fault, FaultKind, Request, projects::PushOffered};
use serde_json::{Value, json};

use super::NOW;

const HOUR: i64 = 3_600_000;

/// Answers what is asked about projects with something to show.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is asked of it")]
pub(super) fn plenty(request: &Request) -> Result<Value, Fault> {
    Ok(match request {
        Request::ProjectsList(list) => {
            let all = [demo(), big(), evil(), young()];
            let is_theirs =
                |info: &Value| list.tenant.as_ref().is_none_or(|tenant| info["tenant"] == **tenant);
            json!({"projects": all.into_iter().filter(is_theirs).collect::<Vec<_>>()})
        }
        Request::ProjectsShow(show) => detail(found(&show.project)?),
        Request::ProjectsAnalyze(analyze) if analyze.path.as_deref() == Some("/nowhere") => {
            let fault = Fault::new(FaultKind::Usage, "there is no directory /nowhere");
            return Err(fault.hint("the path is one of the daemon's machine; push a tree of another"));
        }
        Request::ProjectsAnalyze(analyze) => {
            state(&analyze.project, analyze.tenant.as_deref(), "waiting", [0, 0])
        }
        Request::ProjectsAnalysis(asked) => ended(&asked.project, asked.tenant.as_deref())?,
        Request::ProjectsStop(stop) => state(&stop.project, stop.tenant.as_deref(), "stopped", [402, 1204]),
        Request::ProjectsWatch(watch) => {
            let mut info = found(&watch.project)?;
            info["watched"] = json!(watch.on);
            info
        }
        Request::ProjectsForget(forget) => json!({"files": found(&forget.project)?["files"]}),
        Request::PushBegin(begin) if begin.project == "theirs" => {
            let fault = Fault::new(FaultKind::Conflict, "project \"theirs\" is analysed from /srv/theirs");
            return Err(fault.hint("mcpctl projects forget theirs"));
        }
        Request::PushBegin(begin) => json!({
            "push": format!("push of {}", begin.project), "files": 20_000, "file_bytes": 2_000,
            "total_bytes": 100_000, "batch_bytes": 1 << 20, "extensions": ["py", "rs", "d.ts"],
        }),
        Request::PushOffer(offer) => {
            let is = |file: &PushOffered, word: &str| file.path.contains(word);
            let wanted = offer.files.iter().filter(|file| !is(file, "known") && !is(file, "binary"));
            let mut wanted: Vec<&str> = wanted.map(|file| file.path.as_str()).collect();
            // Nobody offered this one.
            wanted.push("../secret.py");
            let refused = offer.files.iter().filter(|file| is(file, "binary"));
            let refused = refused.map(|file| json!({"path": file.path, "reason": "it is no text\u{1b}[2J"}));
            json!({"wanted": wanted, "refused": refused.collect::<Vec<_>>()})
        }
        Request::PushFiles(files) => json!({"taken": files.files.len(), "refused": []}),
        Request::PushEnd(end) => {
            let project = end.push.strip_prefix("push of ").unwrap();
            state(project, None, "waiting", [0, 0])
        }
        other => panic!("{} is not about projects", other.name()),
    })
}

/// Answers like a daemon that has no code graph.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is asked of it")]
pub(super) fn nothing(request: &Request) -> Result<Value, Fault> {
    Ok(match request {
        Request::ProjectsList(_) => json!({"projects": []}),
        Request::ProjectsShow(show) => {
            let mut bare = detail(young());
            bare["info"]["project"] = json!(show.project);
            for list in ["languages", "kinds", "relation_kinds", "skipped", "parse_errors"] {
                bare[list] = json!([]);
            }
            bare["skipped_more"] = json!(0);
            bare["unresolved"] = json!(0);
            bare["info"]["running"] = Value::Null;
            bare
        }
        Request::ProjectsWatch(_) | Request::ProjectsForget(_) => {
            return Err(Fault::not_found("project", "demo"));
        }
        Request::ProjectsAnalysis(asked) => {
            let mut state = ended(&asked.project, asked.tenant.as_deref())?;
            for figure in ["added", "changed", "removed", "skipped", "parse_errors"] {
                state["report"][figure] = json!(0);
            }
            state
        }
        Request::PushOffer(_) => json!({"wanted": [], "refused": []}),
        other => plenty(other)?,
    })
}

/// Returns how far an analysis is.
pub(crate) fn state(project: &str, tenant: Option<&str>, phase: &str, [done, total]: [u64; 2]) -> Value {
    json!({
        "tenant": tenant.unwrap_or("default"), "project": project, "phase": phase, "done": done, "total": total,
        "failure": null, "report": null,
    })
}

/// Returns an analysis that ended, each project's in its own way.
pub(crate) fn ended(project: &str, tenant: Option<&str>) -> Result<Value, Fault> {
    let mut state = state(project, tenant, "done", [1204, 1204]);
    state["report"] = json!({
        "files": 1204, "lines": 310_442, "added": 200, "changed": 3, "removed": 1, "entities": 18_320,
        "relations": 61_007, "skipped": 14, "parse_errors": 2, "duration_ms": 4_211, "cut": null,
    });
    match project {
        "broken" => {
            state["phase"] = json!("failed");
            state["failure"] = json!("/srv/broken cannot be read\u{1b}[2J");
            state["report"] = Value::Null;
        }
        "stopped" => {
            state["phase"] = json!("stopped");
            state["report"] = Value::Null;
        }
        "huge" => {
            state["report"]["cut"] = json!("it has more than 1204 files (codegraph.max_files)");
            state["report"]["duration_ms"] = json!(75_000);
        }
        "endless" => {
            state["phase"] = json!("parsing");
            state["done"] = json!(402);
            state["report"] = Value::Null;
        }
        "gone" => return Err(Fault::not_found("project", project)),
        _ => {}
    }
    Ok(state)
}

fn found(project: &str) -> Result<Value, Fault> {
    let found = [demo(), big(), evil(), young()].into_iter().find(|info| info["project"] == project);
    found.ok_or_else(|| Fault::not_found("project", project))
}

fn demo() -> Value {
    json!({
        "tenant": "default", "project": "demo", "name": "Demo", "source": "tree", "path": "/home/ada/src/demo",
        "files": 1204, "lines": 310_442, "entities": 18_320, "relations": 61_007, "indexed_at": NOW - 3 * HOUR,
        "commit": "4bb96aa0c1d2e3f405162738495a6b7c8d9e0f12", "branch": "main", "worktree": null, "dirty": 2,
        "changed": 0, "watched": true, "complete": true, "running": null,
    })
}

fn evil() -> Value {
    let mut failed = state("evil", Some("团队"), "failed", [1, 1204]);
    failed["failure"] = json!("the tree is gone\u{1b}[2J");
    json!({
        "tenant": "团队", "project": "evil\u{1b}[2Jproject", "name": "会话\u{202e}", "source": "tree",
        "path": format!("/srv/a long way\u{9b}31m/{}", "deep/".repeat(30)), "files": 1, "lines": 7, "entities": 0,
        "relations": 0, "indexed_at": NOW - 48 * HOUR, "commit": "evil\u{1b}]0;x\u{7}", "branch": "evil\nbranch",
        "worktree": "/srv/other\u{1b}[2J", "dirty": 1, "changed": 12, "watched": false, "complete": true,
        "running": failed,
    })
}

fn big() -> Value {
    let mut info = demo();
    info["project"] = json!("big");
    info["complete"] = json!(false);
    info["changed"] = json!(12);
    info["branch"] = Value::Null;
    info
}

fn young() -> Value {
    json!({
        "tenant": "default", "project": "young", "name": "young", "source": "push", "path": null, "files": 0,
        "lines": 0, "entities": 0, "relations": 0, "indexed_at": null, "commit": null, "branch": null,
        "worktree": null, "dirty": 0, "changed": null, "watched": false, "complete": true,
        "running": state("young", None, "parsing", [402, 1204]),
    })
}

fn detail(info: Value) -> Value {
    json!({
        "info": info,
        "languages": [{"name": "rust", "count": 900}, {"name": "python", "count": 304}],
        "kinds": [{"name": "function", "count": 14_000}, {"name": "struct", "count": 4_320}],
        "relation_kinds": [{"name": "calls", "count": 50_000}, {"name": "imports", "count": 11_007}],
        "unresolved": 812,
        "skipped": [{"path": "vendor/huge.rs", "reason": "it is larger than 1.0 MB"},
                    {"path": "evil\u{1b}[2J.py", "reason": "it is no text\nhint: rm -rf /"}],
        "skipped_more": 12,
        "parse_errors": [{"path": "src/half.rs", "reason": "3 places are not understood"}],
    })
}
