//! What others could change or read, and links where files belong: refused at the start with the one line that mends it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use mcpd_ipc::{CallError, life::Reload};
use support::{Daemon, mcpd};

/// Starts the daemon, which must refuse, and returns what it says.
fn refused(home: &Path) -> String {
    let mut command = mcpd(home);
    command.arg("--state-dir").arg(home.join("state")).args(["--listen", "127.0.0.1:0"]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
    assert_eq!(said.lines().count(), 1, "one line: {said}");
    said.replace(home.to_str().unwrap(), "HOME").replace("mcpd: ", "")
}

#[test]
fn each_is_refused_with_the_line_that_mends_it() {
    let mut daemon = Daemon::start("");
    daemon.signal("TERM");
    daemon.wait();
    let home = daemon.take_home();
    let state = home.path().join("state");
    let chmod = |file: &str, mode: u32| {
        fs::set_permissions(state.join(file), PermissionsExt::from_mode(mode)).unwrap();
    };
    for (file, bad, good, said) in [
        (
            "",
            0o770,
            0o700,
            "the state directory HOME/state can be written by others; make it your own: chmod 700 HOME/state",
        ),
        (
            "mcpd.db",
            0o644,
            0o600,
            "the database HOME/state/mcpd.db can be used by others: chmod 600 HOME/state/mcpd.db",
        ),
        (
            "mcpd.lock",
            0o606,
            0o600,
            "the lock HOME/state/mcpd.lock can be used by others: chmod 600 HOME/state/mcpd.lock",
        ),
        (
            "mcpd.toml",
            0o602,
            0o600,
            "the configuration HOME/state/mcpd.toml can be written by others: chmod go-w HOME/state/mcpd.toml",
        ),
        (
            "pepper",
            0o640,
            0o600,
            "the pepper HOME/state/pepper could not be read: others may use it; make it yours: chmod 600 HOME/state/pepper",
        ),
        (
            "audit.key",
            0o604,
            0o600,
            "the audit cannot be kept in HOME/state/audit.key: others may use it; make it yours: chmod 600 HOME/state/audit.key",
        ),
        (
            "audit",
            0o705,
            0o700,
            "the audit cannot be kept in HOME/state/audit: others may use it; make it private: chmod 700 HOME/state/audit",
        ),
    ] {
        chmod(file, bad);
        assert_eq!(refused(home.path()).trim_end(), said);
        chmod(file, good);
    }
    let logs = fs::read_dir(state.join("logs")).unwrap().map(|log| log.unwrap().path());
    let log = logs.last().unwrap();
    fs::set_permissions(&log, PermissionsExt::from_mode(0o620)).unwrap();
    let shown = log.to_str().unwrap().replace(home.path().to_str().unwrap(), "HOME");
    let refusal = |flaw: &str| format!("logs cannot be written to HOME/state/logs: {shown} {flaw}");
    assert_eq!(
        refused(home.path()).trim_end(),
        refusal(&format!("can be written by others: chmod go-w {shown}"))
    );
    fs::remove_file(&log).unwrap();
    symlink(home.path().join("nowhere"), &log).unwrap();
    assert_eq!(refused(home.path()).trim_end(), refusal("is no file; move it away"));
    fs::remove_file(&log).unwrap();
    for (file, said) in [
        (
            "mcpd.db",
            "the database HOME/state/mcpd.db is a link; put the file itself there: mv HOME/moved HOME/state/mcpd.db",
        ),
        (
            "mcpd.lock",
            "the lock HOME/state/mcpd.lock is a link; put the file itself there: mv HOME/moved HOME/state/mcpd.lock",
        ),
        (
            "pepper",
            "the pepper HOME/state/pepper could not be read: it is a link or no file; put the file itself there",
        ),
        (
            "audit",
            "the audit cannot be kept in HOME/state/audit: it is a link or no directory; name another in audit.directory",
        ),
    ] {
        let (here, moved) = (state.join(file), home.path().join("moved"));
        fs::rename(&here, &moved).unwrap();
        symlink(&moved, &here).unwrap();
        assert_eq!(refused(home.path()).trim_end(), said);
        fs::remove_file(&here).unwrap();
        fs::rename(&moved, &here).unwrap();
    }
    fs::remove_file(state.join("audit.key")).unwrap();
    assert_eq!(
        refused(home.path()).trim_end(),
        "HOME/state/audit.key is gone, and the records in HOME/state/audit were sealed with it; put it back, or move \
         that folder away to begin anew"
    );
    fs::rename(state.join("audit"), home.path().join("audit-before")).unwrap();
    Daemon::start_in(home, &[]);
}

/// What lies where others can put something else in its place is not what the daemon left there.
#[test]
fn a_folder_that_others_can_write_is_refused_wherever_it_is_named() {
    let home = tempfile::tempdir().unwrap();
    let (state, open) = (home.path().join("state"), home.path().join("open"));
    for made in [&state, &open] {
        fs::create_dir(made).unwrap();
        fs::set_permissions(made, PermissionsExt::from_mode(0o700)).unwrap();
    }
    let lies = |mode| {
        format!(
            "lies in a directory with mode {mode}, so that others can put another there: chmod go-w HOME/open, or move it \
             to one of your own"
        )
    };
    for (mode, setting, said) in [
        (
            0o707,
            "store.path = \"HOME/open/mcpd.db\"",
            format!("the database HOME/open/mcpd.db {}", lies("0707")),
        ),
        (
            0o770,
            "telemetry.directory = \"HOME/open/logs\"",
            format!("logs cannot be written to HOME/open/logs: the directory {}", lies("0770")),
        ),
        // Who may only add to it could lay a link where the next log is made.
        (
            0o1777,
            "telemetry.directory = \"HOME/open\"",
            format!("logs cannot be written to HOME/open: the log {}", lies("1777")),
        ),
        (
            0o707,
            "audit.directory = \"HOME/open/audit\"",
            format!("the audit cannot be kept in HOME/open/audit: {}", lies("0707")),
        ),
    ] {
        let text = setting.replace("HOME", home.path().to_str().unwrap());
        fs::write(state.join("mcpd.toml"), text).unwrap();
        fs::set_permissions(&open, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(refused(home.path()).trim_end(), said);
    }
    // What a link leads to counts as well as where it lies.
    fs::write(open.join("mcpd.toml"), "").unwrap();
    fs::remove_file(state.join("mcpd.toml")).unwrap();
    symlink(open.join("mcpd.toml"), state.join("mcpd.toml")).unwrap();
    assert_eq!(
        refused(home.path()).trim_end(),
        format!("the configuration HOME/open/mcpd.toml {}", lies("0707"))
    );
}

#[tokio::test]
async fn a_reload_refuses_what_the_start_would() {
    let daemon = Daemon::start("");
    let file = daemon.state().join("mcpd.toml");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    let refused = daemon.operator().await.call(Reload {}).await;
    let Err(CallError::Refused(fault)) = refused else { panic!("{refused:?}") };
    assert!(fault.message.contains("can be written by others: chmod go-w "), "{fault:?}");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    daemon.obey(Reload {}).await;
}
