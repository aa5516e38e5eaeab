//! What `mcpctl connect --write` writes, opened by the real Claude Code. `tests/peers/install` brings it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod real;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use real::{Mcpd, Said};

/// Returns the program of Claude Code, which runs without a login.
fn claude() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/peers");
    let peers = std::env::var_os("MCPD_PEERS_DIR").map_or(target, PathBuf::from);
    let packages =
        std::fs::read_dir(peers.join("node_modules/@anthropic-ai")).into_iter().flatten().flatten();
    let programs = packages.map(|package| package.path().join("claude")).find(|program| program.is_file());
    programs.unwrap_or_else(|| panic!("no Claude Code in {}; run tests/peers/install", peers.display()))
}

/// Returns what Claude Code says of its servers in the daemon's home.
fn listed(mcpd: &Mcpd) -> String {
    let home = mcpd.home();
    let mut command = Command::new(claude());
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").env("NO_COLOR", "1");
    command.env("DISABLE_AUTOUPDATER", "1").env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    Said::by(command.args(["mcp", "list"]).current_dir(home).stdin(Stdio::null())).done()
}

#[test]
fn real_clients_connect_by_what_is_written_and_not_after_it_was_undone() {
    let mcpd = Mcpd::start();
    for how in ["", "--stdio"] {
        let said = mcpd.ctl(&format!("connect claude-code --write {how}")).done();
        assert!(said.contains("restart Claude Code"), "{said}");
        let shown = listed(&mcpd);
        let line = shown.lines().find(|line| line.starts_with("mcpd: "));
        assert!(line.is_some_and(|line| line.ends_with("✔ Connected")), "{shown}");
        assert_eq!(shown.contains("(HTTP)"), how.is_empty(), "{shown}");
        mcpd.ctl("connect claude-code --undo").done();
        assert!(!listed(&mcpd).contains("mcpd"), "{how}");
    }
}
