//! Every tool on real projects of three languages, through a real client, against facts computed another way. What it
//! needs is brought by `tests/acceptance/install`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use support::{Daemon, ROOMY};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Runs everything on a copy of one project, which is changed in the course of it.
fn run(project: &str) {
    let kept = root().join("target/acceptance").join(project);
    assert!(kept.is_dir(), "{project} is missing; run tests/acceptance/install");
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-R").arg(&kept).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    let daemon = Daemon::start(&format!("{ROOMY}[code]\nroots = [{:?}]\n", folder.path()));
    let done = Command::new(root().join("tests/acceptance/run"))
        .arg(project)
        .arg(folder.path().join(project))
        .env("MCPD_URL", format!("{}/mcp", daemon.base))
        .env("MCPD_KEY", &daemon.key)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && told.contains(&format!("ok {project}: ")), "{told}");
}

#[test]
fn real_clients_use_every_tool_on_a_python_project() {
    run("click");
}

#[test]
fn real_clients_use_every_tool_on_a_typescript_project() {
    run("zod");
}

#[test]
fn real_clients_use_every_tool_on_a_java_project() {
    run("cordova");
}
