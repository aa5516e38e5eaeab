//! Code graphs of the built `mcpd`, looked after with the built `mcpctl`: analysed here, pushed from elsewhere, watched,
//! shown and forgotten.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod real;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use real::Mcpd;
use serde_json::{Value, json};

const LIB: &str = "def helper():\n    return 'the text of the tree'\n";
const MAIN: &str = "from lib import helper\n\n\ndef main():\n    return helper()\n";

/// Writes a small tree into the daemon's home, which it may read.
fn tree(mcpd: &Mcpd) -> PathBuf {
    let tree = mcpd.home().join("tree");
    fs::create_dir_all(tree.join("node_modules/x")).unwrap();
    for (path, text) in
        [("lib.py", LIB), ("main.py", MAIN), ("notes.txt", "no code"), ("node_modules/x/i.js", "f()")]
    {
        fs::write(tree.join(path), text).unwrap();
    }
    tree
}

/// Returns who calls `helper`.
#[track_caller]
fn callers(mcpd: &Mcpd, project: &str) -> Value {
    let arguments =
        json!({ "project_id": project, "function_name": "helper", "direction": "callers" }).to_string();
    let said = mcpd.ctl_args(&["tools", "call", "trace_function_calls", "--args", &arguments]).json();
    said["caller_tree"][0]["entity_id"].clone()
}

fn secret(mcpd: &Mcpd, key: &str) -> PathBuf {
    let path = mcpd.home().join("key");
    fs::write(&path, key).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn push(mcpd: &Mcpd, tree: &Path, more: &str) -> Value {
    mcpd.ctl(&format!("projects push {} --project pushed --json {more}", tree.display())).json()
}

#[test]
fn a_tree_is_analysed_shown_watched_and_forgotten() {
    let mcpd = Mcpd::start();
    let tree = tree(&mcpd);
    let done = mcpd.ctl(&format!("projects analyze shop {} --name Shop", tree.display())).done();
    assert!(done.contains("the code graph of project shop is current") && done.contains("2 new"), "{done}");
    assert_eq!(callers(&mcpd, "shop"), "main.py#function:main");
    let again = mcpd.ctl("projects analyze shop --json").json();
    assert_eq!(again["report"]["added"], 0, "the folder is known: {again}");
    let shown = mcpd.ctl("projects show shop").done();
    assert!(shown.contains("python 2") && shown.contains("Shop"), "{shown}");
    mcpd.ctl("projects watch shop").done();
    assert_eq!(mcpd.ctl("projects list --json").json()["projects"][0]["watched"], true);
    let outside = mcpd.ctl("projects analyze other /proc").refused(1);
    assert!(outside.contains("outside") && outside.contains("code.roots"), "{outside}");
    assert!(mcpd.ctl("projects show other").refused(1).contains("other"));
    assert!(mcpd.ctl("projects forget shop --yes").done().contains("2 files"));
    assert_eq!(mcpd.ctl("projects list --json").json()["projects"], json!([]));
}

#[test]
fn a_tree_is_pushed_over_the_socket_and_over_http() {
    let mcpd = Mcpd::start();
    let tree = tree(&mcpd);
    let first = push(&mcpd, &tree, "");
    assert_eq!(callers(&mcpd, "pushed"), "main.py#function:main");
    let again = push(&mcpd, &tree, "");
    assert_ne!(first, again, "the second sends nothing: {again}");

    fs::write(tree.join("main.py"), MAIN.replace("main()", "renamed()")).unwrap();
    let key = secret(&mcpd, &mcpd.first_key);
    let url = mcpd.url.trim_end_matches("/mcp");
    let remote = format!("--url {url} --key-file {}", key.display());
    push(&mcpd, &tree, &remote);
    assert_eq!(callers(&mcpd, "pushed"), "main.py#function:renamed");
    let wrong = secret(&mcpd, "mcpd_sk_none");
    let line = format!(
        "projects push {} --project pushed --url {url} --key-file {}",
        tree.display(),
        wrong.display()
    );
    mcpd.ctl(&line).refused(4);
    let listed = mcpd.ctl("projects list --json").json();
    assert_eq!(
        (&listed["projects"][0]["source"], &listed["projects"][0]["files"]),
        (&json!("push"), &json!(2))
    );
}
