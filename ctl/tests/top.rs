//! The dashboard as an operator uses it: the built `mcpctl top` in a terminal, the built daemon under load.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod pty;
mod real;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use portable_pty::CommandBuilder;
use pty::Terminal;
use real::Mcpd;

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_todos","arguments":{"project_id":"demo"}}}"#;
const STORE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_todo","arguments":{"project_id":"demo","title":"t"}}}"#;

fn dashboard(mcpd: &Mcpd, columns: u16, rows: u16) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mcpctl"));
    command.env_clear();
    command.env("HOME", mcpd.state().parent().unwrap());
    command.env("TERM", "xterm-256color");
    command.args(["--state-dir", mcpd.state().to_str().unwrap(), "top"]);
    Terminal::open(columns, rows, command)
}

/// Clients that call without a pause until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(mcpd: &Mcpd, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let (mut connection, key, stop) = (mcpd.connect(), mcpd.first_key.clone(), Arc::clone(&stop));
            thread::spawn(
                move || {
                    while !stop.load(Ordering::Relaxed) && connection.post(&key, CALL).is_some() {}
                },
            )
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, clients }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().for_each(|client| drop(client.join()));
    }
}

#[test]
fn an_operator_sees_every_pane_revokes_a_key_and_survives_a_restart_of_the_daemon() {
    let mut mcpd = Mcpd::start();
    let victim = mcpd.ctl("keys add victim").done().trim().to_owned();
    assert_eq!(mcpd.post(&victim, STORE).status, 200);
    let load = Load::start(&mcpd, 2);
    let mut top = dashboard(&mcpd, 120, 40);

    top.shows(&["healthy", "Requests per second", "list_todos", "Latency"]);
    top.press("2");
    top.shows(&["OUTCOME", "list_todos", "127.0.0.1", "HTTP"]);
    top.press("3");
    top.shows(&["TRANSPORT", "http", "first"]);
    top.press("5");
    top.shows(&["only this machine may connect"]);
    top.press("6");
    top.shows(&["retrieve_memory", "enabled"]);
    top.press("7");
    top.shows(&["mcpd::request", "MESSAGE"]);
    top.press("?");
    top.shows(&["In every pane", "one row up"]);
    top.resize(80, 24);
    top.press("1");
    top.shows(&["Requests per second"]);

    top.press("4");
    top.shows(&["victim", "EXPIRES"]);
    top.press("/victim\r");
    top.shows_no("first ");
    top.press_until("r", &["Revoke key victim"]);
    top.press("n");
    top.shows_no("Revoke key victim");
    assert_eq!(mcpd.post(&victim, CALL).status, 200, "no is no");
    top.press_until("r", &["Revoke key victim"]);
    top.press("y");
    top.shows(&["revoked"]);
    assert_eq!(mcpd.post(&victim, CALL).status, 401);
    assert_eq!(mcpd.post(&mcpd.first_key, CALL).status, 200, "nobody else is disturbed");

    load.end();
    mcpd.kill();
    top.shows(&["next try"]);
    top.shows(&["victim"]);
    mcpd.start_again();
    top.shows_no("next try");
    top.press("1");
    top.shows(&["healthy"]);
    top.press("q");
    assert_eq!(top.ended(), 0);
}

#[test]
fn a_key_pressed_while_the_window_changes_is_not_lost() {
    let mcpd = Mcpd::start();
    let mut top = dashboard(&mcpd, 120, 40);
    top.shows(&["Requests per second"]);
    for round in 0..100 {
        let (pane, shown) =
            if round % 2 == 0 { ("?", "In every pane") } else { ("1", "Requests per second") };
        top.resize(80 + round % 40, 24);
        top.press(pane);
        top.shows(&[shown]);
    }
    top.press("q");
    assert_eq!(top.ended(), 0);
}

#[test]
fn a_new_secret_is_shown_once() {
    let mcpd = Mcpd::start();
    let mut top = dashboard(&mcpd, 100, 30);
    top.shows(&["healthy"]);
    top.press("4");
    top.shows(&["EXPIRES"]);
    top.press_until("a", &["Issue a key"]);
    top.press("desk\r");
    top.shows(&["mcpd_sk_"]);
    let shown = top.shown();
    let secret = shown.split_whitespace().find(|word| word.starts_with("mcpd_sk_")).unwrap().to_owned();
    assert_eq!(mcpd.post(&secret, STORE).status, 200);
    top.press("q4");
    top.shows(&["mcpd_sk_"]);
    top.shows(&["c close for good"]);
    top.press("c");
    top.shows_no("mcpd_sk_");
    top.shows(&["desk"]);
    top.press("\u{3}");
    assert_eq!(top.ended(), 0);
}

#[test]
fn a_dashboard_that_is_told_to_end_gives_the_terminal_back() {
    let mcpd = Mcpd::start();
    let top = dashboard(&mcpd, 80, 24);
    top.shows(&["healthy"]);
    let sent = std::process::Command::new("kill").arg(top.pid().to_string()).status();
    assert!(sent.unwrap().success());
    top.ended();
}

#[test]
fn without_a_daemon_it_says_how_to_start_one() {
    let mut mcpd = Mcpd::start();
    mcpd.kill();
    let mut top = dashboard(&mcpd, 80, 24);
    top.shows(&["mcpd --state-dir", "next try"]);
    top.press("q");
    assert_eq!(top.ended(), 0);
}
