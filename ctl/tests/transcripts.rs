//! Every command against a scripted daemon: what goes over the socket, what people and programs see, how it ends.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::io;

use fake::{Fake, Script, Shared, memories::IDS, replies, run, surroundings};
use serde_json::json;

/// A record by its seal.
const CHECKPOINT: &str = "17:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Runs commands against one script and returns their transcripts, one after another.
async fn transcripts(script: Script, commands: &[&[&str]]) -> String {
    let mut all = Vec::new();
    for args in commands {
        let said = Fake::start(script).run(args).await;
        all.push(said.transcript(args));
    }
    all.join("\n")
}

/// Snapshots commands, for people and for programs.
macro_rules! looks {
    ($name:ident, $script:expr, $commands:expr) => {
        #[tokio::test]
        async fn $name() {
            let commands: &[&[&str]] = &$commands;
            insta::assert_snapshot!(stringify!($name), transcripts($script, commands).await);
            let with_json: Vec<Vec<&str>> =
                commands.iter().map(|args| args.iter().copied().chain(["--json"]).collect()).collect();
            let with_json: Vec<&[&str]> = with_json.iter().map(Vec::as_slice).collect();
            insta::assert_snapshot!(
                concat!(stringify!($name), "_json"),
                transcripts($script, &with_json).await
            );
        }
    };
}

looks!(status, replies::PLENTY, [&["status"]]);
looks!(stats, replies::PLENTY, [&["stats"]]);
looks!(
    keys,
    replies::PLENTY,
    [
        &["keys", "add", "laptop"],
        &["keys", "list"],
        &["keys", "show", "laptop"],
        &["keys", "show", "old"],
        &["keys", "show", "nobody"],
        &["keys", "revoke", "laptop"],
        &["keys", "rotate", "laptop"],
        &["keys", "rotate", "laptop", "--grace", "0s"],
        &["keys", "rename", "laptop", "old-laptop"],
    ]
);
looks!(
    allow,
    replies::PLENTY,
    [
        &["allow", "add", "192.168.3.0/24"],
        &["allow", "list"],
        &["allow", "remove", "192.168.3.0/24"],
        &["allow", "test", "192.168.3.7"],
        &["allow", "test", "10.0.0.1"],
    ]
);
looks!(
    connections,
    replies::PLENTY,
    [&["connections"], &["connections", "list"], &["connections", "close", "17"]]
);
looks!(
    sessions,
    replies::PLENTY,
    [&["sessions"], &["sessions", "list"], &["sessions", "close", "4f1c"], &["sessions", "close", "4f"]]
);
looks!(
    logs,
    replies::PLENTY,
    [&["logs"], &["logs", "-f", "-n", "7", "--level", "warn", "--target", "mcpd::", "--grep", "x"]]
);
looks!(doctor, replies::PLENTY, [&["doctor"]]);
looks!(
    audit,
    replies::PLENTY,
    [
        &["audit", "tail"],
        &["audit", "tail", "-n", "3", "--actor", "nobody"],
        &["audit", "verify"],
        &["audit", "verify", "--after", "40"],
        &["audit", "verify", "--checkpoint", CHECKPOINT],
        &["audit", "verify", "--checkpoint", "17"],
    ]
);
looks!(
    care,
    replies::PLENTY,
    [
        &["backup", "/var/backups/mcpd.backup"],
        &["backup", "/there"],
        &["backup", "/there", "--force"],
        &["restore", "/var/backups/mcpd.backup"],
        &["restore", "/var/backups/mcpd.backup", "--yes"],
        &["restore", "/torn", "-y"],
    ]
);
looks!(top, replies::PLENTY, [&["top"], &["top", "--refresh", "1ms"]]);
looks!(
    tools,
    replies::PLENTY,
    [
        &["tools"],
        &["tools", "list"],
        &["tools", "show", "retrieve_memory"],
        &["tools", "show", "store_memory"],
        &["tools", "disable", "retrieve_memory"],
        &["tools", "enable", "retrieve_memory", "store_memory"],
        &["tools", "enable", "nothing"],
        &["tools", "disable"],
        &["tools", "call", "ping", "--args", "{\"b\": 2, \"a\": 1}"],
        &["tools", "call", "ping"],
        &["tools", "call", "fails"],
        &["tools", "call", "ping", "--args", "[]"],
    ]
);
looks!(
    memory,
    replies::PLENTY,
    [
        &["memory", "list"],
        &["memory", "list", "--tenant", "default", "--project", "my demo", "--level", "long", "--limit", "2"],
        &["memory", "list", "--after", IDS[1]],
        &["memory", "show", IDS[0]],
        &["memory", "show", IDS[1]],
        &["memory", "show", IDS[2]],
        &["memory", "show", "0199"],
        &["memory", "level", IDS[0], "long"],
        &["memory", "level", IDS[0], "short"],
        &["memory", "delete", IDS[0]],
        &["memory", "delete", IDS[0], "0199", IDS[0]],
        &["memory", "delete", "0199"],
        &["memory", "delete", "0199", "0200"],
        &["memory", "delete", "--project", "demo", "--all"],
        &["memory", "export"],
        &["memory", "export", "--project", "demo", "-"],
        &["memory", "model"],
        &["memory", "model", "status", "--watch"],
        &["memory", "model", "install", "/srv/use-multilingual-3.safetensors"],
        &["memory", "model", "install", "/torn"],
        &["memory", "model", "remove"],
    ]
);
looks!(
    projects,
    replies::PLENTY,
    [
        &["projects", "list"],
        &["projects", "list", "--tenant", "团队"],
        &["projects", "show", "demo"],
        &["projects", "show", "evil\u{1b}[2Jproject", "--tenant", "团队"],
        &["projects", "show", "young"],
        &["projects", "show", "nobody's"],
        &["projects", "analyze", "demo", "/home/ada/src/demo"],
        &["projects", "analyze", "demo", "--tenant", "team", "--name", "Demo"],
        &["projects", "analyze", "demo", "--detach"],
        &["projects", "analyze", "my demo", "--detach", "--tenant", "team"],
        &["projects", "analyze", "huge"],
        &["projects", "analyze", "broken"],
        &["projects", "analyze", "stopped"],
        &["projects", "analyze", "gone"],
        &["projects", "analyze", "demo", "/nowhere"],
        &["projects", "watch", "demo"],
        &["projects", "watch", "demo", "--off"],
        &["projects", "watch", "nobody's"],
        &["projects", "forget", "demo"],
        &["projects", "forget", "nobody's"],
    ]
);
looks!(
    connect,
    replies::PLENTY,
    [
        &["connect", "claude-code"],
        &["connect", "claude-code", "--key", "mcpd_sk_x"],
        &["connect", "claude-code", "--stdio"],
        &["connect", "claude-code", "--stdio", "--name", "team", "--state-dir", "/srv/my team"],
        &["connect", "claude-code", "--stdio", "--state-dir", "/srv/\u{202e}"],
        &["connect", "claude-desktop"],
        &["connect", "claude-desktop", "--key", "mcpd_sk_x"],
        &["connect", "cursor", "--key", "mcpd_sk_x"],
        &["connect", "cursor", "--stdio"],
        &["connect", "vscode"],
        &["connect", "windsurf", "--name", "team"],
        &["connect", "gemini-cli"],
        &["connect", "gemini-cli", "--key", "sk-$HOME"],
        &["connect", "codex"],
        &["connect", "codex", "--stdio", "--state-dir", "/srv/my team"],
        &["connect", "codex", "--stdio", "--state-dir", "/srv/\u{202e}"],
    ]
);
looks!(
    life,
    replies::PLENTY,
    [
        &["reload"],
        &["drain", "--deadline", "5m"],
        &["drain", "--no-wait"],
        &["shutdown"],
        &["shutdown", "--now"],
    ]
);
looks!(
    nothing,
    replies::NOTHING,
    [
        &["status"],
        &["stats"],
        &["keys", "list"],
        &["keys", "add", "laptop"],
        &["allow", "list"],
        &["connections"],
        &["sessions"],
        &["logs"],
        &["logs", "-f"],
        &["doctor"],
        &["tools"],
        &["tools", "show", "ping"],
        &["connect", "claude-code"],
        &["connect", "cursor"],
        &["reload"],
        &["memory", "list"],
        &["memory", "delete", IDS[0]],
        &["memory", "delete", "--project", "demo", "--all"],
        &["memory", "export"],
        &["memory", "model"],
        &["memory", "model", "--watch"],
        &["memory", "model", "remove"],
        &["projects", "list"],
        &["projects", "show", "young"],
        &["projects", "analyze", "demo"],
        &["projects", "forget", "demo"],
    ]
);
looks!(
    refusals,
    replies::REFUSALS,
    [
        &["status"],
        &["keys", "add", "laptop"],
        &["keys", "revoke", "x"],
        &["allow", "add", "10.0.0.0/99"],
        &["reload"],
        &["drain"],
        &["tools", "disable", "x"],
        &["keys", "rename", "laptop", "ci"],
        &["keys", "rotate", "laptop"],
        &["sessions", "close", "4f"],
        &["logs"],
        &["doctor"],
        &["backup", "/b"],
        &["restore", "/b", "--yes"],
        &["memory", "list"],
        &["memory", "show", "0199"],
        &["memory", "level", "0199", "mid"],
        &["memory", "model", "install", "/srv/model"],
        &["projects", "list"],
        &["projects", "show", "demo"],
        &["projects", "analyze", "demo", "/srv/demo"],
        &["projects", "watch", "demo"],
        &["projects", "push", "/", "--project", "x"],
    ]
);
looks!(
    usage,
    replies::PLENTY,
    [
        &[],
        &["keys"],
        &["key", "list"],
        &["keys", "ad", "x"],
        &["keys", "add"],
        &["connect", "cursr"],
        &["connect", "cursor", "--wirte"],
        &["logs", "--level", "wran"],
        &["status", "--timeout", "soon"],
        &["connections", "close", "first"],
        &["memory"],
        &["memory", "delete"],
        &["memory", "delete", "--all"],
        &["memory", "delete", "--project", "demo"],
        &["memory", "delete", "0199", "--project", "demo", "--all"],
        &["memory", "level", "0199", "forever"],
        &["memory", "list", "--limit", "0"],
        &["memory", "import"],
        &["memory", "import", "notes.md"],
        &["memory", "import", "x", "--format", "csv"],
        &["memory", "model", "install"],
        &["memory", "model", "--watch", "remove"],
        &["projects"],
        &["projects", "analyze"],
        &["projects", "analyse", "demo"],
        &["projects", "push", "."],
        &["projects", "push", ".", "--project", "demo", "--key-file", "/k"],
        &["projects", "push", ".", "--project", "demo", "--url", "192.168.3.5"],
        &["projects", "push", ".", "--project", "demo", "--url", "http://u:p@host"],
        &["projects", "push", ".", "--project", "demo", "--url", "http://host", "--tenant", "team"],
        &["projects", "push", "/etc/passwd", "--project", "demo"],
        &["projects", "push", "/no/such", "--project", "demo"],
    ]
);

#[tokio::test]
async fn every_flag_of_keys_add_reaches_the_daemon() {
    let fake = Fake::start(replies::PLENTY);
    let line = "keys add ci --scope read --scope metrics --tool a --tool b --deny-tool c --cidr 10.0.0.0/8 \
                --rate 100/60s --connections 4 --expires 90d --tenant team --json";
    let said = fake.run(&line.split_whitespace().collect::<Vec<_>>()).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let expected = json!([{"command": "keys_add", "args": {
        "name": "ci", "scopes": ["read", "metrics"], "tools": ["a", "b"], "deny_tools": ["c"],
        "cidrs": ["10.0.0.0/8"], "rate": "100/60s", "connections": 4, "expires_in": 7_776_000, "tenant": "team",
    }}]);
    assert_eq!(json!(*fake.requests.lock().unwrap()), expected);
}

#[tokio::test]
async fn the_secret_is_shown_once_and_alone() {
    for verb in ["add", "rotate"] {
        let said = Fake::start(replies::PLENTY).run(&["keys", verb, "laptop"]).await;
        assert_eq!(said.stdout, "mcpd_sk_k7Qm2ZpXa91B_SECRETSECRETSECRET\n");
        assert!(!said.stderr.contains("SECRET"), "{}", said.stderr);
    }
}

#[tokio::test]
async fn a_secret_that_could_not_be_shown_is_a_failure_even_when_the_reader_has_gone() {
    for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::StorageFull] {
        for (verb, next) in [("add", "revoke"), ("rotate", "rotate")] {
            for args in [&["keys", verb, "laptop"][..], &["keys", verb, "laptop", "--json"]] {
                let fake = Fake::start(replies::PLENTY);
                let said = run(args, surroundings(&fake.socket()), Shared::failing(kind)).await;
                assert_eq!(said.code, 1);
                let hint = format!("hint: mcpctl keys {next} k7Qm2ZpXa91B");
                assert!(said.stderr.contains(&hint), "{}", said.stderr);
            }
        }
    }
}

#[tokio::test]
async fn a_reader_that_has_gone_is_no_error_for_a_listing() {
    let fake = Fake::start(replies::PLENTY);
    let gone = Shared::failing(io::ErrorKind::BrokenPipe);
    let said = run(&["keys", "list"], surroundings(&fake.socket()), gone).await;
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let full = Shared::failing(io::ErrorKind::StorageFull);
    let said = run(&["keys", "list"], surroundings(&fake.socket()), full).await;
    assert_eq!(said.code, 1);
}

#[tokio::test]
async fn arguments_come_from_stdin_and_durations_as_seconds() {
    let fake = Fake::start(replies::PLENTY);
    let mut piped = surroundings(&fake.socket());
    piped.stdin = Box::new(io::Cursor::new("{\"query\": \"会话\"}\n"));
    let said = run(&["tools", "call", "search", "--args", "-"], piped, Shared::default()).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let said = fake.run(&["drain", "--deadline", "1500ms", "--no-wait"]).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let expected = json!([
        {"command": "tools_call", "args": {"name": "search", "arguments": {"query": "会话"}}},
        {"command": "drain", "args": {"deadline": 2}},
    ]);
    assert_eq!(json!(*fake.requests.lock().unwrap()), expected);
}
