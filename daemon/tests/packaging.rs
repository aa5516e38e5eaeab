//! What is shipped for service managers: the units are hardened and well-formed, and the daemon serves under what they
//! restrict. `packaging/systemd/test` runs whole suites so, and `packaging/test` the life of the Debian package.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod support;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json;
use support::Daemon;

/// Highest exposure that the unit may have.
const EXPOSURE: f64 = 2.0;

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("packaging")
}

/// Answers whether this machine has what the test needs; `./check` installs it where it can.
fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    if !found.status.success() {
        eprintln!("left out: {program} is not here");
    }
    found.status.success()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Returns a copy of a unit that names the built program, which verification wants to see.
fn with_built_program(unit: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(packaging().join("systemd").join(unit)).unwrap();
    let built = env!("CARGO_BIN_EXE_mcpd");
    let text =
        text.replace("=/usr/bin/mcpd ", &format!("={built} ")).replace("=/usr/bin/mcpctl ", "=/bin/true ");
    let path = dir.path().join("mcpd.service");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

#[test]
fn the_unit_is_hardened() {
    if !has("systemd-analyze") {
        return;
    }
    let unit = packaging().join("systemd/mcpd.service");
    let judged =
        Command::new("systemd-analyze").args(["security", "--offline=yes", "--no-pager"]).arg(unit).output();
    let judged = told(&judged.unwrap());
    let words = judged.split("Overall exposure level for mcpd.service: ").nth(1).expect(&judged);
    let exposure: f64 = words.split_whitespace().next().unwrap().parse().unwrap();
    assert!(exposure <= EXPOSURE, "the unit is exposed by {exposure}\n{judged}");
}

#[test]
fn the_units_say_nothing_that_systemd_does_not_know() {
    if !has("systemd-analyze") {
        return;
    }
    for unit in ["mcpd.service", "mcpd.user.service"] {
        let (_dir, path) = with_built_program(unit);
        let verified =
            Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(path).output().unwrap();
        // Where no manager runs, it complains about that alone.
        let said = told(&verified);
        let complaints: Vec<_> = said.lines().filter(|line| line.contains("mcpd.service")).collect();
        assert!(complaints.is_empty(), "{unit}: {complaints:#?}");
    }
}

#[test]
fn the_units_names_are_the_programs() {
    let unit = std::fs::read_to_string(packaging().join("systemd/mcpd.service")).unwrap();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/mcpd ")).unwrap();
    assert!(start.contains(mcpd_ipc::SYSTEM_SOCKET), "mcpctl would not find it: {start}");
    for own in
        ["Type=notify", "WatchdogSec=", "UMask=0077", "RuntimeDirectoryMode=0750", "StateDirectoryMode=0700"]
    {
        assert!(unit.contains(own), "{own} is gone");
    }
}

#[tokio::test]
async fn the_daemon_serves_under_what_the_unit_restricts() {
    if !has("systemd-analyze") || !has("bwrap") || !has_seccomp() {
        return;
    }
    let confined = packaging().join("systemd/confined");
    let ended = Command::new(confined).arg("true").output().unwrap();
    if !ended.status.success() {
        return eprintln!("left out: no namespaces are to be had here: {}", told(&ended));
    }
    // The binary of this test runs the daemon inside, and talks to it there.
    let inside = Command::new(packaging().join("systemd/confined"))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "a_daemon_within", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    assert!(inside.status.success() && told(&inside).contains("1 passed"), "{}", told(&inside));
}

fn has_seccomp() -> bool {
    let asked = Command::new("/usr/bin/python3").args(["-c", "import seccomp"]).output();
    asked.is_ok_and(|asked| asked.status.success())
}

#[tokio::test]
#[ignore = "the inside of the_daemon_serves_under_what_the_unit_restricts"]
async fn a_daemon_within() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let says = |name: &str, value: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        assert_eq!(line.trim(), value, "{name}");
    };
    says("NoNewPrivs:", "1");
    says("Seccomp:", "2");
    says("CapBnd:", "0000000000000000");
    assert!(std::fs::write("/usr/bin/mcpd-was-here", "").is_err());
    let mut daemon = Daemon::start("");
    let peer = daemon.peer();
    let stored = peer.tool("store_memory", json!({ "project_id": "p", "content": "it was confined" })).await;
    assert!(stored["id"].is_string() || stored["memory_id"].is_string(), "{stored}");
    daemon.signal("TERM");
    assert!(daemon.wait().success());
}
