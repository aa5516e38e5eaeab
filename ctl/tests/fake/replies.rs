//! Made-up replies, one to each command; names in them try to misbehave.

use mcpd_ipc::{Fault, FaultKind, Request, Subscription};
use serde_json::{Value, json};

use super::{NOW, Script, audit, memories, projects};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// Something to show for everything.
pub(crate) const PLENTY: Script = Script { answer: plenty, news: log };
/// As little as can be for everything.
pub(crate) const NOTHING: Script = Script { answer: nothing, news: |_| Vec::new() };
/// A refusal for everything.
pub(crate) const REFUSALS: Script = Script { answer: refusals, news: |_| vec![Err(denied())] };

/// Answers every command with something to show.
fn plenty(request: &Request) -> Result<Value, Fault> {
    Ok(match request {
        Request::Status(_) => status(),
        Request::Stats(_) => stats(),
        Request::KeysAdd(add) => {
            let mut key = laptop();
            key["name"] = json!(add.name);
            json!({"key": key, "secret": "mcpd_sk_k7Qm2ZpXa91B_SECRETSECRETSECRET"})
        }
        Request::KeysList(_) => json!({"keys": [laptop(), old()]}),
        Request::KeysShow(show) if show.key == "nobody" => return Err(Fault::not_found("key", "nobody")),
        Request::KeysShow(show) => {
            if show.key == "old" {
                old()
            } else {
                laptop()
            }
        }
        Request::KeysImport(import) => {
            let mut key = laptop();
            key["name"] = json!(import.terms.name);
            key["imported"] = json!(true);
            key
        }
        Request::KeysRotate(rotate) => {
            let mut key = laptop();
            key["old_secret_until"] = match rotate.grace {
                Some(0) => Value::Null,
                Some(_) | None => json!(NOW + DAY),
            };
            json!({"key": key, "secret": "mcpd_sk_k7Qm2ZpXa91B_SECRETSECRETSECRET"})
        }
        Request::KeysRename(rename) => {
            let mut key = laptop();
            key["name"] = json!(rename.name);
            key
        }
        Request::KeysRevoke(_) => json!({"key": laptop(), "sessions_closed": 2}),
        Request::AllowAdd(add) => {
            let mut list = allowlist();
            list["note"] = json!(format!("{} joins, but the daemon listens on loopback only", add.cidr));
            list
        }
        Request::AllowList(_) => allowlist(),
        Request::AllowRemove(_) => json!({"state": "nobody", "entries": []}),
        Request::AllowTest(test) => json!({
            "address": test.address,
            "allowed": test.address.starts_with("192.168.3."),
            "because": "the allowlist has 192.168.3.0/24",
        }),
        Request::ConnectionsList(_) => json!({"connections": [
            {"id": 3, "transport": "http", "peer": "192.168.3.7:50112", "key": "laptop", "since": NOW - 90 * MINUTE,
             "client": "claude-code 2.1.9", "requests": 1204, "bytes_in": 1_254_000, "bytes_out": 48_200_000},
            {"id": 17, "transport": "local", "peer": "uid 1000\u{1b}[2J", "key": null, "client": null,
             "since": NOW - 400, "requests": 0, "bytes_in": 0, "bytes_out": 12},
        ]}),
        Request::ConnectionsClose(close) => json!({"id": close.id}),
        Request::SessionsList(_) => json!({"sessions": [session(), evil_session()]}),
        Request::SessionsClose(close) if close.id == "4f" => {
            return Err(
                Fault::new(FaultKind::Conflict, "2 sessions begin with \"4f\"").hint("give more of it")
            );
        }
        Request::SessionsClose(_) => json!({"session": session()}),
        Request::ToolsList(_) => tool_list(),
        Request::ToolsShow(show) if show.name == "store_memory" => {
            let published =
                json!({"name": "store_memory", "inputSchema": {"type": "object", "properties": {}}});
            json!({"summary": store(), "published": published})
        }
        Request::ToolsShow(_) => detail(),
        Request::ToolsEnable(enable) if enable.names.iter().any(|name| name == "nothing") => {
            return Err(Fault::not_found("tool", "nothing"));
        }
        Request::ToolsEnable(enable) => json!({"enabled": true, "changed": enable.names, "already": []}),
        Request::ToolsDisable(disable) => {
            json!({"enabled": false, "changed": disable.names, "already": ["evil\u{1b}[2J"]})
        }
        Request::ToolsCall(call) if call.name == "fails" => {
            json!({"is_error": true, "result": {"code": "not_found", "message": "there is no such todo\u{202e}"}})
        }
        Request::ToolsCall(call) => json!({"is_error": false, "result": {"z": 1, "a": call.arguments}}),
        Request::AuditTail(tail) => audit::records(tail),
        Request::AuditVerify(verify) => audit::report(verify),
        Request::MemoryList(_)
        | Request::MemoryExport(_)
        | Request::MemoryShow(_)
        | Request::MemoryDelete(_)
        | Request::MemoryLevelSet(_)
        | Request::MemoryLimitsShow(_)
        | Request::MemoryImport(_)
        | Request::MemoryModelShow(_)
        | Request::MemoryModelInstall(_)
        | Request::MemoryModelRemove(_) => return memories::plenty(request),
        Request::ProjectsList(_)
        | Request::ProjectsShow(_)
        | Request::ProjectsAnalyze(_)
        | Request::ProjectsAnalysis(_)
        | Request::ProjectsStop(_)
        | Request::ProjectsWatch(_)
        | Request::ProjectsForget(_)
        | Request::PushBegin(_)
        | Request::PushOffer(_)
        | Request::PushFiles(_)
        | Request::PushEnd(_) => return projects::plenty(request),
        Request::Reload(_) => {
            json!({"live": ["limits.per_key", "telemetry.log"], "restart": ["server.listen"]})
        }
        Request::Drain(drain) => {
            json!({"calls_in_flight": 3, "pid": 4242, "deadline": drain.deadline.unwrap_or(30)})
        }
        Request::Shutdown(shutdown) => {
            json!({"calls_in_flight": 1, "pid": 4242, "deadline": if shutdown.now { 0 } else { 30 }})
        }
        Request::Doctor(_) => json!({"checks": [
            {"name": "store", "verdict": "ok", "found": "mcpd.db is whole"},
            {"name": "disk", "verdict": "warning", "found": "900 MB are free", "advice": "make room, or move store.path"},
            {"name": "port", "verdict": "problem", "found": "evil\u{1b}[2J\u{202e}process listens on 8765",
             "advice": "end it\nor set server.listen"},
        ]}),
        Request::Backup(backup) if backup.file == "/there" && !backup.overwrite => {
            return Err(Fault::new(FaultKind::Conflict, "there is a file \"/there\" already"));
        }
        Request::Backup(backup) => backup_report(&backup.file),
        Request::Restore(restore) if restore.file == "/torn" => {
            return Err(Fault::new(FaultKind::Refused, "\"/torn\" is no whole backup; nothing was changed"));
        }
        Request::Restore(restore) => json!({
            "backup": backup_report(&restore.file), "kept": "/home/ada/.local/state/mcpd/mcpd.db.before-restore",
            "instance": "first", "calls_in_flight": 1, "deadline": 30,
        }),
    })
}

/// Answers every command with as little as can be.
fn nothing(request: &Request) -> Result<Value, Fault> {
    Ok(match request {
        Request::AuditTail(_) => json!({"records": []}),
        Request::AuditVerify(_) => audit::empty(),
        Request::Status(_) => {
            let mut bare = status();
            bare["url"] = Value::Null;
            bare["config_file"] = Value::Null;
            bare["status"] = json!("degraded");
            bare["reason"] = json!("the database is away");
            bare
        }
        Request::Stats(_) => {
            let mut bare = stats();
            bare["refusals"] = json!({});
            bare["tools"] = json!({});
            bare["keys"] = json!([]);
            bare["process"] = json!({"resident_bytes": null, "cpu_seconds": 0.0});
            bare
        }
        Request::KeysList(_) => json!({"keys": []}),
        Request::KeysAdd(_) => {
            let mut key = laptop();
            for name in ["rate", "connections", "expires_at", "last_used_at", "rate_now"] {
                key[name] = Value::Null;
            }
            json!({"key": key, "secret": "mcpd_sk_k7Qm2ZpXa91B_SECRETSECRETSECRET"})
        }
        Request::AllowList(_) => json!({"state": "loopback_only", "entries": []}),
        Request::ConnectionsList(_) => json!({"connections": []}),
        Request::SessionsList(_) => json!({"sessions": []}),
        Request::Doctor(_) => json!({"checks": []}),
        Request::ToolsList(_) => {
            json!({"tools": [], "families": [], "estimated_tokens": {"whole": 0, "input": 0}})
        }
        Request::ToolsShow(_) => {
            let published = json!({"name": "ping", "inputSchema": {"type": "object", "properties": {}}});
            json!({"summary": store(), "published": published})
        }
        Request::MemoryList(_)
        | Request::MemoryExport(_)
        | Request::MemoryShow(_)
        | Request::MemoryDelete(_)
        | Request::MemoryLevelSet(_)
        | Request::MemoryLimitsShow(_)
        | Request::MemoryImport(_)
        | Request::MemoryModelShow(_)
        | Request::MemoryModelInstall(_)
        | Request::MemoryModelRemove(_) => return memories::nothing(request),
        Request::ProjectsList(_)
        | Request::ProjectsShow(_)
        | Request::ProjectsAnalyze(_)
        | Request::ProjectsAnalysis(_)
        | Request::ProjectsStop(_)
        | Request::ProjectsWatch(_)
        | Request::ProjectsForget(_)
        | Request::PushBegin(_)
        | Request::PushOffer(_)
        | Request::PushFiles(_)
        | Request::PushEnd(_) => return projects::nothing(request),
        Request::Reload(_) => json!({"live": [], "restart": []}),
        Request::KeysShow(_)
        | Request::KeysImport(_)
        | Request::KeysRotate(_)
        | Request::KeysRename(_)
        | Request::KeysRevoke(_)
        | Request::AllowAdd(_)
        | Request::AllowRemove(_)
        | Request::AllowTest(_)
        | Request::ConnectionsClose(_)
        | Request::ToolsEnable(_)
        | Request::ToolsDisable(_)
        | Request::ToolsCall(_)
        | Request::SessionsClose(_)
        | Request::Backup(_)
        | Request::Restore(_)
        | Request::Drain(_)
        | Request::Shutdown(_) => plenty(request)?,
    })
}

/// Refuses every command, each kind once.
fn refusals(request: &Request) -> Result<Value, Fault> {
    let fault = |kind, message: &str| Err(Fault::new(kind, message));
    match request.name() {
        "KeysAdd" => fault(FaultKind::Conflict, "there is a key \"laptop\" already"),
        "KeysRevoke" => Err(Fault::not_found("key", "x\u{1b}[0m")),
        "AllowAdd" => fault(FaultKind::Usage, "\"10.0.0.0/99\" is not a network"),
        "Reload" => fault(FaultKind::Refused, "mcpd.toml is not valid\nline 3: server.listn is unknown"),
        "Drain" | "Doctor" => Err(denied()),
        "KeysImport" => fault(FaultKind::Conflict, "a key has this secret already"),
        "KeysRename" => fault(FaultKind::Conflict, "there is a key \"ci\" already"),
        "MemoryShow" | "MemoryLevelSet" => Err(Fault::not_found("memory", "0199\u{1b}[0m")),
        "MemoryImport" => fault(FaultKind::Usage, "a project has a name of 1 to 128 characters"),
        "MemoryLimitsShow" => Ok(json!({"content": 1 << 20, "frame": 1 << 20})),
        "MemoryModelInstall" => Err(Fault::new(FaultKind::Refused, "/srv/model is no such model")
            .hint("nothing was changed; take the file that the release notes name")),
        "ProjectsShow" | "ProjectsWatch" | "ProjectsForget" => {
            Err(Fault::not_found("project", "demo\u{1b}[0m"))
        }
        "ProjectsAnalyze" => Err(Fault::new(FaultKind::Refused, "4 analyses wait already")
            .hint("try again when one has ended; mcpctl projects list")),
        "PushBegin" => fault(FaultKind::Usage, "a project has a name of 1 to 128 characters"),
        "SessionsClose" => Err(Fault::not_found("session", "4f\u{1b}[0m")),
        _ => Err(Fault::new(FaultKind::Internal, "internal error 7f3a").hint("look for 7f3a in the log")),
    }
}

fn denied() -> Fault {
    Fault::new(FaultKind::NotPermitted, "you may look but not change anything")
}

/// A log that somebody tries to write into.
fn log(asked: &Subscription) -> Vec<Result<Value, Fault>> {
    let Subscription::WatchLogs(asked) = asked else { panic!("mcpctl only listens to the log") };
    let line = |at: Option<i64>, level: &str, target: &str, text: &str| json!({"at": at, "level": level, "target": target, "text": text});
    let mut news = vec![Ok(json!({"skipped": 0, "lines": [
        line(Some(NOW - 175), "info", "mcpd::request", "answered tools/call in 1.8ms key=laptop"),
        line(Some(NOW), "warn", "mcpd::refused", "refused evil\u{1b}[2J\u{202e}name\nINFO forged"),
        line(None, "debug", "mcpd", "  a line that does not say when"),
    ]}))];
    if asked.follow {
        news.push(Ok(
            json!({"skipped": 12, "lines": [line(Some(NOW + 5), "error", "mcpd::store", "disk full")]}),
        ));
    }
    news
}

fn status() -> Value {
    json!({
        "status": "healthy", "version": "0.1.0", "pid": 4242, "uptime_seconds": 11_530, "profile": "enterprise",
        "url": "http://127.0.0.1:8765/mcp", "socket": "/run/user/1000/mcpd/mcpd.sock",
        "state_dir": "/home/ada/.local/state/mcpd", "config_file": "/home/ada/.config/mcpd/mcpd.toml",
        "instance": "first", "tools": 41, "active_keys": 3, "connections": 2, "sessions": 1, "calls_in_flight": 1,
    })
}

fn stats() -> Value {
    json!({
        "uptime_seconds": 266_400, "total_requests": 120_406, "successful_requests": 120_400, "failed_requests": 6,
        "success_rate": 0.99995, "avg_response_time": 1.834, "p50": 0.912, "p95": 6.25, "p99": 143.7,
        "active_connections": 2, "calls_in_flight": 0, "refusals": {"rate": 4, "unauthenticated": 2},
        "tools": {
            "get_project_statistics": {"calls": 2, "errors": 0, "avg": 2400.0, "p50": 2100.0, "p95": 2700.0, "p99": 2700.0},
            "retrieve_memory": {"calls": 1204, "errors": 6, "avg": 2.25, "p50": 1.5, "p95": 6.125, "p99": 11.0},
        },
        "keys": [
            {"id": "k7Qm2ZpXa91B", "name": "laptop", "requests": 120_000, "failed": 2},
            {"id": "Zz0000000000", "name": "evil\u{202e}\u{1b}[31mname", "requests": 4, "failed": 4},
        ],
        "process": {"resident_bytes": 38_400_512, "cpu_seconds": 91.26},
    })
}

fn laptop() -> Value {
    json!({
        "id": "k7Qm2ZpXa91B", "name": "laptop", "tenant": "default", "state": "active", "scopes": ["read", "write"],
        "tools": [], "deny_tools": ["create_todo"], "cidrs": ["192.168.3.0/24"], "rate": "100/60s",
        "connections": 4, "created_at": NOW - DAY, "expires_at": NOW + 90 * DAY - 1, "last_used_at": NOW - 3 * MINUTE,
        "imported": false, "old_secret_until": NOW + 20 * 60 * MINUTE, "requests": 120_000,
        "rate_now": {"used": 37, "burst": 100},
    })
}

fn old() -> Value {
    json!({
        "id": "Zz0000000000", "name": "evil\u{202e}\u{1b}[31mname", "tenant": "团队", "state": "expired", "scopes": [],
        "tools": ["list_todos"], "deny_tools": [], "cidrs": [], "rate": null, "connections": null,
        "created_at": NOW - 800 * DAY, "expires_at": NOW - 2 * DAY, "last_used_at": null,
        "imported": true, "old_secret_until": null, "requests": 0, "rate_now": null,
    })
}

fn session() -> Value {
    json!({
        "id": "4f1c09a2b77d4d7c8f21aa0393c1d5e2", "key": "laptop", "client": "claude-code 2.1.9",
        "revision": "2025-11-25", "since": NOW - 90 * MINUTE, "last_used_at": NOW - 400, "heard": true,
        "subscriptions": 2,
    })
}

fn evil_session() -> Value {
    json!({
        "id": "9\u{1b}[2J", "key": "evil\u{202e}name", "client": "\u{9b}31mclient\nwith lines", "revision": "2025-06-18",
        "since": NOW - DAY, "last_used_at": NOW - 30 * MINUTE, "heard": false, "subscriptions": 0,
    })
}

fn backup_report(file: &str) -> Value {
    json!({
        "file": file, "bytes": 52_428_800, "made_at": NOW - DAY, "version": "0.1.0", "keys": 3, "projects": 12,
        "memories": 100_482,
    })
}

fn allowlist() -> Value {
    json!({"state": "listed", "entries": [
        {"cidr": "127.0.0.0/8", "source": "file"}, {"cidr": "192.168.3.0/24", "source": "operator"},
    ]})
}

fn retrieve() -> Value {
    json!({"name": "retrieve_memory", "family": "memory", "title": "Retrieve memories", "read_only": true,
           "enabled": true, "left_out": false, "estimated_tokens": {"whole": 983, "input": 230}, "calls": 1204,
           "errors": 6, "p95_ms": 6.125})
}

fn store() -> Value {
    json!({"name": "store_memory", "family": "memory", "title": "Store a memory", "read_only": false,
           "enabled": false, "left_out": false, "estimated_tokens": {"whole": 663, "input": 314}, "calls": 0,
           "errors": 0, "p95_ms": null})
}

fn tool_list() -> Value {
    let ping = json!({"name": "ping", "family": "evil\u{1b}[2J", "title": "Ping", "read_only": true, "enabled": true,
                      "left_out": true, "estimated_tokens": {"whole": 40, "input": 20}, "calls": 0, "errors": 0, "p95_ms": null});
    json!({
        "tools": [retrieve(), store(), ping],
        "families": [
            {"family": "memory", "tools": 1, "estimated_tokens": {"whole": 983, "input": 230}},
            {"family": "evil\u{1b}[2J", "tools": 0, "estimated_tokens": {"whole": 0, "input": 0}},
        ],
        "estimated_tokens": {"whole": 983, "input": 230},
    })
}

fn detail() -> Value {
    json!({"summary": retrieve(), "published": {
        "name": "retrieve_memory",
        "description": "Finds memories by their words.\n\nAnswers carry the score\u{1b}[1m they were ranked by.",
        "inputSchema": {"type": "object", "required": ["project_id", "query"], "properties": {
            "project_id": {"type": "string", "description": "The project.\nCreated on first use."},
            "query": {"type": "string", "description": "What to look for"},
            "tier": {"type": ["string", "null"], "enum": ["short", "long", null]},
            "limit": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
        }},
    }})
}
