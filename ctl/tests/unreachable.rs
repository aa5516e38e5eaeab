//! The real binary in a sealed environment, with no daemon anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Output};

fn mcpctl(home: &std::path::Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
    command.env_clear().env("HOME", home).args(args).output().unwrap()
}

#[test]
fn an_absent_socket_exits_3_and_says_how_to_start() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("nobody.sock");
    let said = mcpctl(home.path(), &["status", "--socket", socket.to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(3));
    assert!(said.stdout.is_empty());
    let stderr = String::from_utf8(said.stderr).unwrap();
    assert!(stderr.contains("nobody.sock"), "{stderr}");
    assert!(
        stderr.ends_with(&format!("hint: start it with: mcpd --socket {}\n", socket.display())),
        "{stderr}"
    );
}

#[test]
fn the_platforms_place_is_tried_when_nothing_is_named() {
    let home = tempfile::tempdir().unwrap();
    let said = mcpctl(home.path(), &["keys", "list", "--json"]);
    assert_eq!(said.status.code(), Some(3));
    let stderr = String::from_utf8(said.stderr).unwrap();
    assert!(stderr.contains(home.path().to_str().unwrap()), "{stderr}");
}

#[test]
fn wrong_usage_exits_2() {
    let home = tempfile::tempdir().unwrap();
    for args in
        [&[][..], &["nonsense"], &["keys", "add"], &["connections", "close", "x"], &["man", "nonsense"]]
    {
        let said = mcpctl(home.path(), args);
        assert_eq!(said.status.code(), Some(2), "{args:?}");
        assert!(said.stdout.is_empty(), "{args:?}");
        assert!(!said.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn shells_and_manual_readers_are_served_without_a_daemon() {
    let home = tempfile::tempdir().unwrap();
    let said = |args: &[&str]| {
        let output = mcpctl(home.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stderr.is_empty(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(said(&["completions", shell]).contains("revoke"), "{shell}");
    }
    assert!(said(&["man"]).contains(".TH mcpctl 1"));
    assert!(said(&["man", "keys", "add"]).contains("mcpctl\\-keys\\-add"));
    assert!(said(&["--version"]).starts_with("mcpctl "));
    assert!(said(&["keys", "add", "--help"]).contains("--expires <TIME>"));
}

#[test]
fn a_client_is_told_how_to_start_mcpd_without_a_daemon() {
    let home = tempfile::tempdir().unwrap();
    for (flag, place) in [("--state-dir", "/srv/team"), ("--socket", "/run/team.sock")] {
        let said = mcpctl(home.path(), &["connect", "claude-code", "--stdio", flag, place]);
        let line = String::from_utf8(said.stdout).unwrap();
        assert!(line.starts_with("claude mcp add mcpd -- "), "{line}");
        assert!(line.ends_with(&format!("mcpd stdio {flag} {place}\n")), "{line}");
        assert!(String::from_utf8(said.stderr).unwrap().starts_with("--scope user in it "));
    }
}

#[test]
fn what_can_be_seen_without_a_daemon_is_shown_and_how_to_start_one() {
    let home = tempfile::tempdir().unwrap();
    let said = mcpctl(home.path(), &["doctor", "--state-dir", home.path().join("state").to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(3));
    let stdout = String::from_utf8(said.stdout).unwrap();
    assert!(stdout.starts_with("problem  state directory  "), "{stdout}");
    assert!(stdout.contains("\n         start it with: mcpd --state-dir "), "{stdout}");
    assert!(stdout.ends_with("\nthe daemon did not answer; only files were looked at\n"), "{stdout}");
    assert!(!stdout.contains("all is well"), "{stdout}");
    assert!(String::from_utf8(said.stderr).unwrap().contains("hint: start it with: mcpd --state-dir "));
    let json = mcpctl(home.path(), &["doctor", "--json"]);
    let findings: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(findings["local"].is_array() && findings["daemon"].is_null(), "{findings}");
}

#[test]
fn every_manual_page_is_written_at_once() {
    let home = tempfile::tempdir().unwrap();
    let said = mcpctl(home.path(), &["man", "--all", home.path().to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(0));
    for page in ["mcpctl.1", "mcpctl-keys.1", "mcpctl-keys-rotate.1", "mcpctl-import-env.1"] {
        let text = std::fs::read_to_string(home.path().join(page)).unwrap();
        assert!(text.contains(".TH mcpctl"), "{page}");
    }
    assert_eq!(mcpctl(home.path(), &["man", "--all", "/nowhere"]).status.code(), Some(1));
}
