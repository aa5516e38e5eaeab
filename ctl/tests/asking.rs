//! Dangerous verbs at a terminal: what is asked, and that a no changes nothing.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::io;

use fake::{Fake, attended, replies, surroundings};
use serde_json::json;

/// Each dangerous verb, and the command that must not reach the daemon after a no.
const VERBS: [(&str, &str); 17] = [
    ("keys revoke laptop", "keys_revoke"),
    ("keys revoke old", "keys_revoke"),
    ("keys rotate laptop --grace 0s", "keys_rotate"),
    ("keys rotate laptop", "keys_rotate"),
    ("allow remove 192.168.3.0/24", "allow_remove"),
    ("connections close 17", "connections_close"),
    ("sessions close 4f0a", "sessions_close"),
    ("tools disable create_todo list_todos", "tools_disable"),
    ("drain", "drain"),
    ("shutdown", "shutdown"),
    ("shutdown --now", "shutdown"),
    ("restore /var/backups/mcpd.backup", "restore"),
    ("memory delete 0199a3f2-7c12-7000-8000-000000000002", "memory_delete"),
    (
        "memory delete 0199a3f2-7c12-7000-8000-000000000002 0199a3f2-7c13-7000-8000-000000000003",
        "memory_delete",
    ),
    ("memory delete --project demo --all", "memory_delete"),
    ("memory model remove", "memory_model_remove"),
    ("projects forget demo", "projects_forget"),
];

#[tokio::test]
async fn a_no_changes_nothing() {
    let mut all = String::new();
    for (line, command) in VERBS {
        let args: Vec<&str> = line.split_whitespace().collect();
        for typed in ["n\n", "", "yesterday\n"] {
            let fake = Fake::start(replies::PLENTY);
            let said = fake.run_in(&args, attended(&fake.socket(), typed)).await;
            assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{line}");
            assert!(!fake.commands().contains(&command.into()), "{line}: {:?}", fake.commands());
            if typed == "n\n" {
                all += &format!("{}\n", said.transcript(&args));
            }
        }
    }
    insta::assert_snapshot!("questions", all);
}

#[tokio::test]
async fn a_yes_does_it_and_so_does_the_flag_without_asking() {
    for (line, command) in VERBS {
        for (typed, flag) in [("y\n", None), ("YES\n", None), ("", Some("--yes")), ("", Some("-y"))] {
            let args: Vec<&str> = line.split_whitespace().chain(flag).collect();
            let fake = Fake::start(replies::PLENTY);
            let said = fake.run_in(&args, attended(&fake.socket(), typed)).await;
            assert_eq!(said.code, 0, "{line}: {}", said.stderr);
            assert!(fake.commands().contains(&command.into()), "{line}: {:?}", fake.commands());
            assert_eq!(said.stderr.contains("[y/N]"), flag.is_none(), "{line}: {}", said.stderr);
        }
    }
}

#[tokio::test]
async fn scripts_go_ahead_but_for_what_replaces_everything() {
    for (line, command) in VERBS {
        let args: Vec<&str> = line.split_whitespace().collect();
        let fake = Fake::start(replies::PLENTY);
        let said = fake.run(&args).await;
        let goes_ahead = command != "restore";
        assert_eq!(said.code, if goes_ahead { 0 } else { 2 }, "{line}: {}", said.stderr);
        assert_eq!(fake.commands().contains(&command.into()), goes_ahead, "{line}");
    }
}

#[tokio::test]
async fn what_was_asked_about_is_what_is_revoked() {
    let fake = Fake::start(replies::PLENTY);
    let said = fake.run_in(&["keys", "revoke", "laptop"], attended(&fake.socket(), "y\n")).await;
    assert_eq!(said.code, 0);
    let last = fake.requests.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last, json!({"command": "keys_revoke", "args": {"key": "k7Qm2ZpXa91B"}}));
}

#[tokio::test]
async fn rotating_with_grace_asks_nobody_unless_it_ends_a_secret() {
    let fake = Fake::start(replies::PLENTY);
    let said = fake.run_in(&["keys", "rotate", "old", "--grace", "2h"], attended(&fake.socket(), "")).await;
    assert_eq!((said.code, said.stderr.contains("[y/N]")), (0, false), "{}", said.stderr);
    let last = fake.requests.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last, json!({"command": "keys_rotate", "args": {"key": "Zz0000000000", "grace": 7200}}));
}

#[tokio::test]
async fn an_imported_secret_comes_from_stdin_and_is_not_repeated() {
    let fake = Fake::start(replies::PLENTY);
    let piped = |text: &'static str| mcpctl::Surroundings {
        stdin: Box::new(io::Cursor::new(text)),
        ..surroundings(&fake.socket())
    };
    let args = ["keys", "import", "laptop", "--scope", "read", "--expires", "90d"];
    let said = fake.run_in(&args, piped(" sk-old \r\n\n")).await;
    insta::assert_snapshot!(said.transcript(&args), @"
    $ mcpctl keys import laptop --scope read --expires 90d
    key laptop (k7Qm2ZpXa91B): read, write; expires in 89d
    its holder goes on with the secret it has, which is stored hashed
    ");
    let sent = fake.requests.lock().unwrap().last().cloned().unwrap();
    assert_eq!(sent["args"]["secret"], "sk-old");
    assert_eq!(sent["args"]["terms"]["expires_in"], 7_776_000);
    let typed = fake.run_in(&["keys", "import", "laptop"], attended(&fake.socket(), "sk-typed\nmore")).await;
    assert!(typed.stderr.starts_with("paste the secret, then Enter\n"), "{}", typed.stderr);
    assert_eq!(fake.requests.lock().unwrap().last().unwrap()["args"]["secret"], "sk-typed");
    for (text, why) in [("", "no secret"), (" \n", "no secret"), ("sk-1\nsk-2\n", "more than one line")] {
        let bad = fake.run_in(&["keys", "import", "my key"], piped(text)).await;
        assert_eq!(bad.code, 2);
        assert!(
            bad.stderr.contains(why) && bad.stderr.contains("hint: mcpctl keys import 'my key' < FILE"),
            "{}",
            bad.stderr
        );
        assert!(!bad.stderr.contains("sk-"), "{}", bad.stderr);
    }
}
