//! The built `mcpctl` against the built `mcpd`: what a person sees, and that what was said has happened.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod e2e {
    mod bundle;
}
mod real;

use std::{
    fs::Permissions,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::{Command, Stdio},
};

use real::{CONFIG, Mcpd, Said};
use serde_json::{Value, json};

const LIST_TOOLS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

/// Returns a request that calls a tool.
fn calling(tool: &str, arguments: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
        .to_string()
}

/// Returns the row of a table that begins with `name`, as words.
#[track_caller]
fn row<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.find(|row| row.first() == Some(&name)).unwrap_or_else(|| panic!("no {name} in\n{table}"))
}

#[test]
fn status_says_how_the_daemon_fares() {
    let mcpd = Mcpd::start();
    let text = mcpd.ctl("status").done();
    assert!(text.starts_with("mcpd ") && text.lines().next().unwrap().ends_with(" is healthy"), "{text}");
    assert_eq!(row(&text, "url"), ["url", &mcpd.url]);
    assert_eq!(row(&text, "state"), ["state", mcpd.state().to_str().unwrap()]);
    assert_eq!(row(&text, "config"), ["config", mcpd.config().to_str().unwrap()]);
    assert_eq!(row(&text, "keys"), ["keys", "1", "active"]);

    let report = mcpd.ctl("status --json").json();
    assert_eq!(report["status"], "healthy");
    assert_eq!(report["url"], json!(mcpd.url));
    assert_eq!(report["profile"], "enterprise");
    assert_eq!(report["calls_in_flight"], 0);
}

#[test]
fn the_life_of_a_key() {
    let mcpd = Mcpd::start();
    let added = mcpd.ctl("keys add laptop --scope read --rate 100/60s --expires 90d");
    assert!(added.stderr.contains("its secret is on stdout, this once"), "{added:#?}");
    assert!(added.stderr.contains(&mcpd.url), "{added:#?}");
    let shown = added.done();
    let key = shown.strip_suffix('\n').unwrap();
    let id = assert_looks_like_a_key(key);

    let listed = mcpd.post(key, LIST_TOOLS);
    assert_eq!(listed.status, 200, "{listed:?}");
    let tools = listed.body["result"]["tools"].as_array().unwrap();
    let offers = |name: &str| tools.iter().any(|tool| tool["name"] == name);
    assert!(offers("list_todos") && !offers("create_todo"), "a key that reads sees what reads: {tools:#?}");
    let written = mcpd.post(key, &calling("create_todo", &json!({"project_id": "p", "title": "t"})));
    assert!(written.status != 200 || written.body["error"].is_object(), "{written:?}");

    let list = mcpd.ctl("keys list").done();
    assert_eq!(row(&list, "laptop")[..5], ["laptop", id, "default", "active", "read"]);
    assert_eq!(row(&list, "first")[2..4], ["default", "active"]);
    let info = mcpd.ctl("keys show laptop --json").json();
    assert_eq!((&info["rate"], &info["scopes"]), (&json!("100/60s"), &json!(["read"])));
    let life = info["expires_at"].as_i64().unwrap() - info["created_at"].as_i64().unwrap();
    assert!((life - 90 * 86_400_000).abs() < 60_000, "{info}");
    assert!(row(&mcpd.ctl("keys show laptop").done(), "expires").ends_with(&["(in", "89d)"]));
    assert_eq!(mcpd.ctl(&format!("keys show {id} --json")).json()["name"], "laptop");

    let taken = mcpd.ctl("keys add laptop").refused(1);
    assert!(taken.contains("laptop") && taken.contains(&mcpd.line("keys revoke laptop")), "{taken}");
    assert!(mcpd.ctl("keys show nobody").refused(1).contains("there is no key \"nobody\""));
    assert!(mcpd.ctl("keys revoke nobody").refused(1).contains("there is no key \"nobody\""));
    assert!(mcpd.ctl("keys add x --tool no_such_tool").refused(1).contains("no_such_tool"));
    for bad in ["--scope everything", "--rate often", "--cidr 10.0.0.0/99"] {
        assert_eq!(mcpd.ctl(&format!("keys add x {bad}")).code, 2, "{bad}");
    }

    let mut open = mcpd.connect();
    assert_eq!(open.post(key, LIST_TOOLS).unwrap().status, 200);
    let revoked = mcpd.ctl("keys revoke laptop").done();
    assert!(revoked.starts_with(&format!("revoked key laptop ({id})")), "{revoked}");
    let refused = open.post(key, LIST_TOOLS);
    assert!(refused.is_none_or(|answer| answer.status == 401), "what was open before opens nothing more");
    assert_eq!(mcpd.post(key, LIST_TOOLS).status, 401);
    assert_eq!(mcpd.post(&mcpd.first_key, LIST_TOOLS).status, 200);
    assert_eq!(row(&mcpd.ctl("keys list").done(), "laptop")[3], "revoked");
    assert_eq!(mcpd.ctl("keys revoke laptop").code, 1);
    // The name is free again.
    assert_looks_like_a_key(mcpd.ctl("keys add laptop").done().trim_end());
}

/// Checks `mcpd_sk_`, twelve public characters, `_`, forty-nine secret ones; returns the public ones.
#[track_caller]
fn assert_looks_like_a_key(key: &str) -> &str {
    let (id, secret) = key.strip_prefix("mcpd_sk_").and_then(|rest| rest.split_once('_')).unwrap();
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    assert!(id.len() == 12 && secret.len() == 49 && plain(id) && plain(secret), "{key:?}");
    id
}

#[test]
fn the_allowlist_is_managed_and_asked() {
    let mcpd = Mcpd::start();
    assert!(mcpd.ctl("allow list").done().starts_with("there is no allowlist"));
    assert_eq!(mcpd.ctl("allow test 192.168.3.9").code, 1);
    let added = mcpd.ctl("allow add 192.168.3.0/24").done();
    assert_eq!(row(&added, "192.168.3.0/24"), ["192.168.3.0/24", "mcpctl", "allow", "add"]);
    assert!(added.contains("note: "), "that loopback was listed too is worth a note: {added}");
    let list = mcpd.ctl("allow list").done();
    for network in ["127.0.0.0/8", "::1/128", "192.168.3.0/24"] {
        row(&list, network);
    }
    assert_eq!(mcpd.post(&mcpd.first_key, LIST_TOOLS).status, 200, "this machine is not locked out");

    assert!(mcpd.ctl("allow test 192.168.3.9").done().starts_with("192.168.3.9 may connect: "));
    let stranger = mcpd.ctl("allow test 8.8.8.8");
    assert_eq!(stranger.code, 1);
    assert!(stranger.stdout.starts_with("8.8.8.8 may not connect: "), "{stranger:#?}");

    assert!(mcpd.ctl("allow add nonsense").refused(2).contains("\"nonsense\""));
    assert!(mcpd.ctl("allow add 192.168.3.7/24").refused(2).contains("192.168.3.0/24"));
    assert!(mcpd.ctl("allow test nonsense").refused(2).contains("\"nonsense\""));
    assert!(mcpd.ctl("allow remove 10.0.0.0/8").refused(1).contains("10.0.0.0/8"));

    let left = mcpd.ctl("allow remove 192.168.3.0/24").done();
    assert!(!left.contains("192.168.3.0/24"), "{left}");
    assert_eq!(mcpd.ctl("allow test 192.168.3.9").code, 1);
    mcpd.ctl("allow add 192.168.3.0/24").done();
    mcpd.ctl("allow remove 127.0.0.0/8").done();
    assert_eq!(mcpd.post(&mcpd.first_key, LIST_TOOLS).status, 403, "the list is in force");
}

#[test]
fn connections_are_seen_and_closed() {
    let mcpd = Mcpd::start();
    assert!(mcpd.ctl("connections").done().starts_with("nobody is connected"));
    let key = mcpd.ctl("keys add laptop").done();
    let mut open = mcpd.connect();
    assert_eq!(open.post(key.trim_end(), LIST_TOOLS).unwrap().status, 200);
    let list = mcpd.ctl("connections list --json").json();
    let [connection] = &list["connections"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!(connection["key"], "laptop", "{list}");
    assert_eq!(connection["requests"], 1, "{list}");
    let id = connection["id"].to_string();
    let table = mcpd.ctl("connections").done();
    let [_, transport, peer, key, client, requests, ..] = row(&table, &id)[..] else { panic!("{table}") };
    assert_eq!((transport, key, client, requests), ("http", "laptop", "-", "1"));
    assert!(open.address().to_string().starts_with(peer), "{peer}");

    assert!(mcpd.ctl("connections close 999").refused(1).contains("999"));
    assert_eq!(mcpd.ctl(&format!("connections close {id}")).done(), format!("closed connection {id}\n"));
    open.assert_closed();
    let gone = mcpd.ctl(&format!("connections close {id}")).refused(1);
    assert!(gone.contains(&id), "{gone}");
}

#[test]
fn tools_are_shown_and_called_and_counted() {
    let mcpd = Mcpd::start();
    let named = ["create_todo", "retrieve_memory", "list_todos"];
    let table = mcpd.ctl("tools").done();
    named.iter().for_each(|name| assert_eq!(row(&table, name)[2..5], ["enabled", "0", "0"]));
    let detail = mcpd.ctl("tools show create_todo").done();
    assert_eq!(row(&detail, "access"), ["access", "write"]);
    assert_eq!(row(&detail, "project_id")[..3], ["project_id", "string", "yes"]);
    let detail = mcpd.ctl("tools show create_todo --json").json();
    assert_eq!(detail["published"]["inputSchema"]["type"], "object");
    assert!(mcpd.ctl("tools show nothing").refused(1).contains("there is no tool \"nothing\""));

    let call = |arguments: &str| mcpd.ctl_args(&["tools", "call", "create_todo", "--args", arguments]);
    let done = call(r#"{"project_id":"p","title":"t"}"#).json();
    assert_eq!(done["success"], true, "{done}");
    for bad in [
        r#"{"project_id":"p"}"#,
        r#"{"project_id":"p","title":7}"#,
        r#"{"project_id":"p","title":"t","x":1}"#,
    ] {
        let said = call(bad);
        assert_eq!(said.code, 1, "{bad}: {said:#?}");
        let result: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(result["success"], false, "{bad}: {result}");
    }
    assert!(call("[]").refused(2).contains("JSON object"));
    assert!(mcpd.ctl("tools call nothing").refused(1).contains("there is no tool \"nothing\""));

    let todos = mcpd.post(&mcpd.first_key, &calling("list_todos", &json!({"project_id": "p"})));
    assert!(todos.body.to_string().contains("\"t\""), "what was written here is read there: {todos:?}");
    let stats = mcpd.ctl("stats --json").json();
    assert!(stats["total_requests"].as_u64().unwrap() > 0, "{stats}");
    assert_eq!(stats["tools"]["create_todo"]["calls"], 4, "{stats}");
    assert_eq!(stats["tools"]["create_todo"]["errors"], 3, "{stats}");
    assert_eq!(row(&mcpd.ctl("stats").done(), "create_todo")[1..3], ["4", "3"]);
    assert_eq!(row(&mcpd.ctl("tools").done(), "create_todo")[3..5], ["4", "3"]);
}

#[test]
fn a_disabled_tool_is_gone_for_clients_until_it_is_enabled() {
    let mcpd = Mcpd::start();
    let ask = |body: &str| mcpd.post(&mcpd.first_key, body);
    let offers = |name: &str| {
        let listed = ask(LIST_TOOLS);
        let tools = listed.body["result"]["tools"].as_array().unwrap();
        tools.iter().any(|tool| tool["name"] == name)
    };
    let counted = || mcpd.ctl("status --json").json()["tools"].as_u64().unwrap();
    let all = counted();
    let todo = json!({"project_id": "p", "title": "t"});
    assert!(offers("create_todo"));

    let said = mcpd.ctl("tools disable create_todo list_todos").done();
    assert_eq!(said, "create_todo is disabled now\nlist_todos is disabled now\n");
    assert!(!offers("create_todo") && !offers("list_todos") && offers("get_next_todo"));
    let refused = ask(&calling("create_todo", &todo));
    let unknown = ask(&calling("create_toda", &todo));
    let told = unknown.body.to_string().replace("create_toda", "create_todo");
    assert_eq!((refused.status, refused.body.to_string()), (unknown.status, told));
    assert_eq!(row(&mcpd.ctl("tools").done(), "create_todo")[1..3], ["write", "disabled"]);
    assert_eq!(row(&mcpd.ctl("tools show create_todo").done(), "state"), ["state", "disabled"]);
    assert_eq!(counted(), all - 2);
    let said = mcpd.ctl("tools call create_todo").refused(1);
    let hint = mcpd.line("tools enable create_todo");
    assert_eq!(said, format!("error: the tool \"create_todo\" is disabled\nhint: {hint}\n"));
    // A key may be made for a tool that is disabled: it will be enabled some day.
    mcpd.ctl("keys add later --tool create_todo").done();

    let unknown = mcpd.ctl("tools enable create_todo nothing").refused(1);
    let hint = format!("hint: nothing was changed; {} shows them\n", mcpd.line("tools list"));
    assert_eq!(unknown, format!("error: there is no tool \"nothing\"\n{hint}"));
    assert!(!offers("create_todo"), "all of them or none");
    let report = mcpd.ctl("tools enable create_todo get_next_todo --json").json();
    assert_eq!(report, json!({"enabled": true, "changed": ["create_todo"], "already": ["get_next_todo"]}));
    assert!(offers("create_todo") && !offers("list_todos"));
    assert_eq!(ask(&calling("create_todo", &todo)).body["result"]["structuredContent"]["success"], true);
    let said = mcpd.ctl("tools enable create_todo list_todos").done();
    assert_eq!(said, "list_todos is enabled now\ncreate_todo was enabled already\n");
    assert_eq!(counted(), all);
}

#[test]
fn examples_name_tools_that_exist() {
    fn examples(command: &clap::Command, all: &mut String) {
        command.get_after_help().into_iter().for_each(|text| *all += &format!("{text}\n"));
        command.get_subcommands().for_each(|below| examples(below, all));
    }
    let mut all = String::new();
    examples(&mcpctl::command(), &mut all);
    let words: Vec<_> = all.split_whitespace().collect();
    let named = words.windows(3).filter_map(|words| match words {
        ["tools", "show" | "call" | "enable" | "disable", name] | ["--tool" | "--deny-tool", name, _] => {
            Some(*name)
        }
        _ => None,
    });
    let named: Vec<_> = named.collect();
    assert!(named.len() >= 6, "{named:?}");
    let mcpd = Mcpd::start();
    let there = mcpd.ctl("tools --json").json().to_string();
    named.iter().for_each(|name| {
        let told = match name.strip_prefix("family:") {
            Some(family) => format!("\"family\":\"{family}\""),
            None => format!("\"name\":\"{name}\""),
        };
        assert!(there.contains(&told), "there is no {name}");
    });
}

#[test]
fn connect_prints_the_line_with_the_real_address() {
    let mcpd = Mcpd::start();
    let url = &mcpd.url;
    let line = mcpd.ctl("connect claude-code --key K").done();
    let header = "--header \"Authorization: Bearer K\"";
    assert_eq!(line, format!("claude mcp add --transport http mcpd {url} {header}\n"));
}

#[test]
fn a_good_reload_is_in_force_and_a_bad_one_changes_nothing() {
    let mcpd = Mcpd::start();
    assert_eq!(mcpd.ctl("reload").done(), "nothing has changed\n");
    std::fs::write(mcpd.config(), CONFIG.replace("3MiB", "2MiB") + "calls = 99\n").unwrap();
    let report = mcpd.ctl("reload").done();
    assert!(report.starts_with("in force now:\n  limits.calls\n"), "{report}");
    assert!(report.ends_with(":\n  server.body_limit\n"), "{report}");

    let still_serves = || {
        assert_eq!(mcpd.post(&mcpd.first_key, LIST_TOOLS).status, 200);
        assert_eq!(mcpd.ctl("status --json").json()["status"], "healthy");
    };
    std::fs::write(mcpd.config(), format!("{CONFIG}calls = \"many\"\n")).unwrap();
    let said = mcpd.ctl("reload").refused(1);
    let line = CONFIG.lines().count() + 1;
    let place = format!("{}:{line}: limits.calls: ", mcpd.config().display());
    assert!(said.contains(&place), "{place} is not in {said}");
    still_serves();
    std::fs::write(mcpd.config(), "limits = [\n").unwrap();
    assert!(mcpd.ctl("reload").refused(1).contains(&format!("{}:", mcpd.config().display())));
    still_serves();
}

#[test]
fn drain_ends_the_daemon() {
    let mut mcpd = Mcpd::start();
    let pid = mcpd.ctl("status --json").json()["pid"].to_string();
    let said = mcpd.ctl("drain").done();
    assert!(said.contains(&format!("(process {pid}) is draining, 0 calls in flight")), "{said}");
    assert!(said.ends_with(&format!("the daemon (process {pid}) has gone\n")), "{said}");
    assert!(mcpd.ended().success());
    let nobody = mcpd.ctl("status").refused(3);
    let start = format!("hint: start it with: mcpd --state-dir {}\n", mcpd.state().display());
    assert!(nobody.ends_with(&start), "{nobody}");
    assert!(!mcpd.state().join("run/mcpd.sock").exists());
}

#[test]
fn shutdown_ends_the_daemon_too() {
    for line in ["shutdown", "shutdown --now", "drain --deadline 0s"] {
        let mut mcpd = Mcpd::start();
        mcpd.ctl(line).done();
        assert!(mcpd.ended().success(), "{line}");
        assert_eq!(mcpd.ctl("keys list").code, 3, "{line}");
    }
}

#[test]
fn another_user_is_not_permitted() {
    let mcpd = Mcpd::start();
    // Whose files these are is who runs this.
    if std::fs::metadata(mcpd.state()).unwrap().uid() != 0 {
        return eprintln!("skipped: only root can act as another user");
    }
    let open =
        |path: &std::path::Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let (state, home) = (mcpd.state(), mcpd.state().parent().unwrap().to_owned());
    // The build directory may be closed to others.
    let program = home.join("mcpctl");
    std::fs::copy(env!("CARGO_BIN_EXE_mcpctl"), &program).unwrap();
    let line = format!("'{}' --state-dir '{}' status", program.display(), state.display());
    let run = state.join("run");
    for path in [&home, &state, &program] {
        open(path, 0o755);
    }
    let Some(closed) = as_nobody(&line) else {
        return eprintln!("skipped: neither setpriv nor su is there");
    };
    let said = closed.refused(4);
    assert!(said.contains("hint: run this as the user the daemon runs as, or as root"), "{said}");
    // With the door open the daemon still asks who comes.
    open(&run, 0o755);
    open(&run.join("mcpd.sock"), 0o666);
    let said = as_nobody(&line).unwrap().refused(4);
    assert!(said.contains("user 65534 may not use this daemon"), "{said}");
    assert_eq!(mcpd.ctl("status").code, 0);
}

/// Runs a line of a shell as the user nobody, with whichever tool is there.
fn as_nobody(line: &str) -> Option<Said> {
    let setpriv = ["setpriv", "--reuid=65534", "--clear-groups", "sh", "-c"];
    let su = ["su", "-s", "/bin/sh", "nobody", "-c"];
    [setpriv, su].into_iter().find_map(|[program, words @ ..]| {
        let command = || {
            let mut command = Command::new(program);
            command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/nonexistent");
            command.args(words).stdin(Stdio::null());
            command
        };
        let works = command().arg("test $(id -u) = 65534").output().is_ok_and(|tried| tried.status.success());
        works.then(|| Said::by(command().arg(line)))
    })
}
