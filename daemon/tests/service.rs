//! The daemon as a service: what the manager hears, where the pepper comes from, who may operate, and that no key ends up
//! in a journal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and one asks another"
)]

mod support;

use std::{
    os::{
        fd::OwnedFd,
        unix::{
            fs::{MetadataExt, PermissionsExt},
            net::UnixDatagram,
            process::CommandExt,
        },
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use mcpd_ipc::{
    CallError, Client,
    care::{Backup, Doctor, Restore, Verdict},
    keys::KeysList,
    life::{Drain, Reload, Status},
};
use serde_json::json;
use support::{Daemon, PATIENCE, ROOMY, eventually, hold, in_flight, plain_key};

/// Where a service manager would listen.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, path, _dir: dir }
    }

    fn variable(&self) -> (&'static str, &str) {
        ("NOTIFY_SOCKET", self.path.to_str().unwrap())
    }

    /// Returns the next words of the daemon.
    fn hear(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("the daemon says nothing");
        String::from_utf8(bytes[..length].to_vec()).unwrap().lines().map(str::to_owned).collect()
    }

    /// Returns the next words that hold this one, past signs of life.
    fn hear_with(&self, word: &str) -> Vec<String> {
        loop {
            let heard = self.hear();
            if heard.iter().any(|line| line == word) {
                return heard;
            }
            assert!(heard.iter().all(|line| line == "WATCHDOG=1"), "{word} was awaited: {heard:?}");
        }
    }
}

fn value<'a>(heard: &'a [String], name: &str) -> &'a str {
    let found = heard.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("{name} is not in {heard:?}"))
}

#[tokio::test]
async fn the_manager_hears_every_step_of_a_life() {
    let manager = Manager::new();
    let mut daemon = Daemon::start_with_env(ROOMY, &[manager.variable()]);
    assert_eq!(manager.hear(), ["STATUS=starting"]);
    let ready = manager.hear();
    assert_eq!(ready, ["READY=1", "STATUS=serving"]);
    assert_eq!(daemon.obey(Status {}).await.active_keys, 0, "no key is made where a journal would show it");
    assert!(daemon.key.is_empty() && daemon.greeting.contains("keys add NAME"), "{}", daemon.greeting);

    daemon.obey(Reload {}).await;
    let began = manager.hear_with("RELOADING=1");
    assert!(value(&began, "MONOTONIC_USEC").parse::<u64>().unwrap() > 0);
    assert_eq!(value(&manager.hear_with("READY=1"), "STATUS"), "serving; the configuration was reloaded");
    std::fs::write(daemon.state().join("mcpd.toml"), "colour = 3").unwrap();
    daemon.signal("HUP");
    manager.hear_with("RELOADING=1");
    assert!(value(&manager.hear_with("READY=1"), "STATUS").contains("refused"));

    daemon.obey(Drain { deadline: Some(600) }).await;
    let stopping = manager.hear_with("STOPPING=1");
    assert_eq!(value(&stopping, "EXTEND_TIMEOUT_USEC"), "615000000");
    assert!(daemon.wait().success());
}

#[tokio::test]
async fn a_restore_looks_like_a_long_reload_of_the_same_process() {
    let manager = Manager::new();
    let daemon = Daemon::start_with_env(ROOMY, &[manager.variable()]);
    manager.hear();
    manager.hear_with("READY=1");
    let file = daemon.home().join("mcpd.backup");
    daemon.obey(Backup { file: file.to_str().unwrap().into(), overwrite: false }).await;
    let before = daemon.obey(Status {}).await;
    daemon.obey(Restore { file: file.to_str().unwrap().into() }).await;
    let began = manager.hear_with("RELOADING=1");
    assert!(value(&began, "EXTEND_TIMEOUT_USEC").parse::<u64>().unwrap() > 30_000_000);
    assert_eq!(manager.hear(), ["STATUS=starting"]);
    manager.hear_with("READY=1");
    let after = daemon.obey(Status {}).await;
    assert!(after.instance != before.instance && after.pid == before.pid);
}

#[tokio::test]
async fn signs_of_life_come_at_half_of_the_time_and_stop_with_the_life() {
    let manager = Manager::new();
    let allowed = [manager.variable(), ("WATCHDOG_USEC", "400000")];
    let mut daemon = Daemon::start_with_env(ROOMY, &allowed);
    assert_eq!(
        manager.hear(),
        ["WATCHDOG=1", "STATUS=starting"],
        "after a restart in place time runs already"
    );
    // A start has beats of its own.
    manager.hear_with("READY=1");
    // What waited while this test did comes at once, so one of several rounds has to be right.
    let unhurried = (0..5).any(|_| {
        manager.hear();
        let began = Instant::now();
        let mut beats = 0;
        while beats < 5 {
            beats += usize::from(manager.hear() == ["WATCHDOG=1"]);
        }
        began.elapsed() >= Duration::from_millis(4 * 150)
    });
    assert!(unhurried, "they come too fast");
    let (_, key) = daemon.issue(plain_key("busy")).await;
    let peer = support::Peer::new(&daemon.base, &key);
    let held = hold(&daemon).await;
    let call = tokio::spawn(async move {
        peer.ask(
            "tools/call",
            json!({ "name": "create_todo", "arguments": { "project_id": "p", "title": "t" } }),
            &[],
        )
        .await
    });
    eventually("a call waits", async || in_flight(&daemon).await == 1).await;
    daemon.obey(Drain { deadline: Some(60) }).await;
    manager.hear_with("STOPPING=1");
    (0..3).for_each(|_| assert_eq!(manager.hear(), ["WATCHDOG=1"], "a drain is alive, too"));
    daemon.signal("STOP");
    manager.socket.set_read_timeout(Some(Duration::from_millis(900))).unwrap();
    let mut bytes = [0; 64];
    let silent = (0..50).any(|_| manager.socket.recv(&mut bytes).is_err());
    assert!(silent, "a process that hangs gives no sign of life");
    drop(held);
    daemon.signal("CONT");
    daemon.signal("TERM");
    daemon.wait();
    drop(call.await);
}

#[test]
fn a_start_that_takes_longer_than_the_watchdog_is_alive() {
    let manager = Manager::new();
    let home = support::home("");
    let state = home.path().join("state");
    // Whoever migrates holds this lock; a start waits for it.
    let lock = std::fs::File::create(state.join("mcpd.db.migrate")).unwrap();
    lock.set_permissions(std::fs::Permissions::from_mode(0o600)).unwrap();
    lock.lock().unwrap();
    let mut command = support::mcpd(home.path());
    command.envs([manager.variable(), ("WATCHDOG_USEC", "200000")]);
    command.args(["--listen", "127.0.0.1:0", "--state-dir"]).arg(&state);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(manager.hear(), ["WATCHDOG=1", "STATUS=starting"]);
    (0..5).for_each(|_| assert_eq!(manager.hear(), ["WATCHDOG=1"]));
    lock.unlock().unwrap();
    manager.hear_with("READY=1");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_manager_that_went_away_hurts_nobody() {
    let gone = Manager::new().path.clone();
    let daemon = Daemon::start_with_env("", &[("NOTIFY_SOCKET", gone.to_str().unwrap())]);
    assert!(daemon.greeting.contains("is ready"));
}

#[test]
fn a_terminal_that_inherited_the_journals_name_still_sees_its_key() {
    let daemon = Daemon::start_with_env("", &[("JOURNAL_STREAM", "8:1234")]);
    assert!(daemon.key.starts_with("mcpd_sk_"), "{}", daemon.greeting);
}

#[test]
fn a_file_gets_no_key() {
    let home = support::home("");
    let journal = std::fs::File::create(home.path().join("journal")).unwrap();
    let mut command = support::mcpd(home.path());
    command.args(["--listen", "127.0.0.1:0", "--state-dir"]).arg(home.path().join("state"));
    let mut child =
        command.stdout(Stdio::from(OwnedFd::from(journal))).stderr(Stdio::null()).spawn().unwrap();
    let written = || std::fs::read_to_string(home.path().join("journal")).unwrap();
    let began = std::time::Instant::now();
    while !written().contains("keys add NAME") {
        assert!(began.elapsed() < PATIENCE, "{}", written());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!written().contains("mcpd_sk_"), "{}", written());
}

/// Starts where a credential lies, and returns the daemon.
fn with_credential(home: tempfile::TempDir, pepper: &[u8]) -> (Daemon, PathBuf) {
    let credentials = home.path().join("credentials");
    std::fs::create_dir_all(&credentials).unwrap();
    std::fs::write(credentials.join("pepper"), pepper).unwrap();
    let mut command = support::mcpd(home.path());
    command.env("CREDENTIALS_DIRECTORY", &credentials);
    (Daemon::start_command(command, home), credentials)
}

/// Starts in vain, and returns what was said.
fn refused(home: &Path, credentials: Option<&Path>) -> String {
    let mut command = support::mcpd(home);
    if let Some(credentials) = credentials {
        command.env("CREDENTIALS_DIRECTORY", credentials);
    }
    command.args(["--listen", "127.0.0.1:0", "--state-dir"]).arg(home.join("state"));
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn the_pepper_can_be_a_credential() {
    let (mut daemon, credentials) = with_credential(support::home(ROOMY), &[7; 32]);
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
    assert!(!daemon.state().join("pepper").exists(), "nothing of it lies in the state directory");
    let checks = daemon.obey(Doctor {}).await.checks;
    let pepper = checks.iter().find(|check| check.name == "pepper").unwrap();
    assert!(pepper.verdict == Verdict::Ok && pepper.found.contains("credential"), "{pepper:?}");
    let file = daemon.home().join("mcpd.backup");
    daemon.obey(Backup { file: file.to_str().unwrap().into(), overwrite: false }).await;
    let before = daemon.obey(Status {}).await.instance;
    daemon.obey(Restore { file: file.to_str().unwrap().into() }).await;
    let mut url = None;
    eventually("it is back on the backup", async || {
        let socket = daemon.state().join("run/mcpd.sock");
        let Ok(mut client) = Client::connect(&socket, "test", PATIENCE).await else { return false };
        let status = client.call(Status {}).await.ok().filter(|status| status.instance != before);
        url = status.and_then(|status| status.url);
        url.is_some()
    })
    .await;
    let again = support::Peer { url: url.unwrap(), ..daemon.peer() };
    assert_eq!(again.ask("ping", json!({}), &[]).await.0, 200);
    daemon.signal("TERM");
    daemon.wait();
    let home = daemon.take_home();

    let told = refused(home.path(), None);
    assert!(told.contains("pepper is gone") && told.contains("credential"), "{told}");
    std::fs::write(credentials.join("pepper"), [8; 32]).unwrap();
    let told = refused(home.path(), Some(&credentials));
    assert!(told.contains("another one than") && told.contains("restore the right one"), "{told}");
    // On an empty machine that credential is as good as any, but not for this backup.
    let (elsewhere, _) = with_credential(support::home(ROOMY), &[8; 32]);
    let refused = elsewhere.operator().await.call(Restore { file: file.to_str().unwrap().into() }).await;
    let Err(CallError::Refused(fault)) = refused else { panic!("{refused:?}") };
    assert!(fault.message.contains("another pepper"), "{fault:?}");
}

#[tokio::test]
async fn a_pepper_that_becomes_a_credential_must_be_the_same() {
    let mut daemon = Daemon::start(ROOMY);
    daemon.signal("TERM");
    daemon.wait();
    let (home, key) = (daemon.take_home(), daemon.key.clone());
    let own = home.path().join("state/pepper");
    let credentials = home.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("pepper"), [7; 32]).unwrap();
    let told = refused(home.path(), Some(&credentials));
    let mend = format!("systemd-creds encrypt --name=pepper {}", own.display());
    assert!(told.contains(&mend), "{told}");
    let right = std::fs::read(&own).unwrap();
    let (mut moved, _) = with_credential(home, &right);
    moved.key = key;
    assert_eq!(moved.peer().ask("ping", json!({}), &[]).await.0, 200);
    let checks = moved.obey(Doctor {}).await.checks;
    let pepper = checks.iter().find(|check| check.name == "pepper").unwrap();
    assert!(pepper.advice.as_ref().unwrap().contains("rm "), "{pepper:?}");
    std::fs::remove_file(moved.state().join("pepper")).unwrap();
    let checks = moved.obey(Doctor {}).await.checks;
    assert!(checks.iter().all(|check| check.verdict != Verdict::Problem), "{checks:?}");
}

#[tokio::test]
async fn another_file_is_not_taken_for_the_pepper() {
    let mut daemon = Daemon::start("");
    daemon.signal("TERM");
    daemon.wait();
    let home = daemon.take_home();
    std::fs::write(home.path().join("state/pepper"), [9; 32]).unwrap();
    let told = refused(home.path(), None);
    assert!(told.contains("another one than 1 key was hashed with"), "{told}");
}

/// A user and a group that the system knows and that are not root's.
const STRANGER: u32 = 65_534;

/// Runs this test's program again as another user and group, which asks the daemon for its state.
fn ask_as(uid: u32, gid: u32, socket: &Path) -> String {
    let mut asking = Command::new(std::env::current_exe().unwrap());
    asking.args(["--exact", "asking", "--ignored", "--nocapture"]).env("SOCKET", socket).current_dir("/");
    let said = asking.gid(gid).uid(uid).output().unwrap();
    String::from_utf8(said.stdout).unwrap()
}

#[tokio::test]
#[ignore = "the other side of members_of_the_group_may_operate"]
async fn asking() {
    let socket = PathBuf::from(std::env::var("SOCKET").unwrap());
    match Client::connect(&socket, "test", PATIENCE).await {
        Ok(mut client) => println!("listed: {}", client.call(KeysList {}).await.is_ok()),
        Err(error) => println!("refused: {error}"),
    }
}

#[tokio::test]
async fn members_of_the_group_may_operate() {
    // Only root can be somebody else.
    let groups = std::fs::read_to_string("/etc/group").unwrap();
    let group = groups.lines().find_map(|line| line.strip_suffix(":x:100:")).filter(|_| is_root());
    let Some(group) = group else { return };
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    std::fs::create_dir(home.path().join("state")).unwrap();
    let socket = home.path().join("run/mcpd.sock");
    let config = format!("{ROOMY}[control]\ngroup = \"{group}\"\nsocket = {socket:?}\n");
    std::fs::write(home.path().join("state/mcpd.toml"), config).unwrap();
    let daemon = Daemon::start_in(home, &[]);
    let found = std::fs::metadata(&socket).unwrap();
    assert_eq!((found.mode() & 0o777, found.gid()), (0o660, 100));
    let found = std::fs::metadata(socket.parent().unwrap()).unwrap();
    assert_eq!((found.mode() & 0o777, found.gid()), (0o750, 100));
    let doctor = Client::connect(&socket, "test", PATIENCE).await.unwrap().call(Doctor {}).await.unwrap();
    let check = doctor.checks.iter().find(|check| check.name == "socket").unwrap();
    assert!(check.verdict == Verdict::Ok && check.found.contains(group), "{check:?}");

    assert!(ask_as(STRANGER, 100, &socket).contains("listed: true"));
    assert!(ask_as(STRANGER, STRANGER, &socket).contains("not permitted"), "its modes keep others out");
    std::fs::set_permissions(socket.parent().unwrap(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let told = ask_as(STRANGER, STRANGER, &socket);
    assert!(told.contains("user 65534 may not use this daemon"), "and so does the daemon: {told}");
    drop(daemon);
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[test]
fn a_group_that_is_not_there_is_no_reason_to_let_in_everybody() {
    let home = support::home("[control]\ngroup = \"nobody-has-this\"\nsocket = \"/tmp/x/mcpd.sock\"\n");
    let told = refused(home.path(), None);
    assert!(told.contains("there is no group \"nobody-has-this\""), "{told}");
}
