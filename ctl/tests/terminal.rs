//! The real binary at a real terminal: it notices colours, width and a person by itself.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::{
    io::{Read, Write},
    num::NonZero,
};

use fake::{Fake, replies};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// What stands on the screen when the program has ended, and how it ended.
struct Screen {
    parser: vt100::Parser,
    code: u32,
}

/// What somebody types, once they have read something.
struct Typed {
    after: &'static str,
    keys: &'static str,
}

/// Runs the binary at a terminal of its own.
async fn at_terminal(fake: &Fake, line: &str, typed: Typed) -> Screen {
    let size = PtySize { rows: 24, cols: 72, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mcpctl"));
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("MCPD_SOCKET", fake.socket());
    command.cwd("/");
    command.args(line.split_whitespace());
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    tokio::task::spawn_blocking(move || {
        let mut parser =
            vt100::Parser::new(NonZero::new(size.rows).unwrap(), NonZero::new(size.cols).unwrap(), 0);
        let (mut chunk, mut keys) = ([0; 4096], Some(typed.keys));
        // Linux ends a terminal without a program with an error instead of an end.
        while let Ok(read @ 1..) = reader.read(&mut chunk) {
            parser.process(&chunk[..read]);
            if parser.screen().contents().contains(typed.after)
                && let Some(keys) = keys.take()
            {
                writer.write_all(keys.as_bytes()).unwrap();
            }
        }
        Screen { parser, code: child.wait().unwrap().exit_code() }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_table_fits_and_its_headings_are_bold() {
    let fake = Fake::start(replies::PLENTY);
    let screen = at_terminal(&fake, "tools", Typed { after: "NAME", keys: "" }).await;
    assert_eq!(screen.code, 0);
    let shown = screen.parser.screen();
    let text = shown.contents();
    assert!(text.starts_with("NAME "), "{text}");
    assert!(shown.cell(0, 0).unwrap().bold());
    assert!(text.contains("(a wider terminal shows P95, TITLE too)"), "{text}");
}

#[tokio::test]
async fn a_person_is_asked_and_may_say_no() {
    let fake = Fake::start(replies::PLENTY);
    let screen = at_terminal(&fake, "keys revoke laptop", Typed { after: "[y/N]", keys: "n\n" }).await;
    let text = screen.parser.screen().contents();
    assert_eq!(screen.code, 1);
    assert!(
        text.contains("revoke key laptop (k7Qm2ZpXa91B)") && text.contains("nothing was changed"),
        "{text}"
    );
    assert!(!fake.commands().contains(&"keys_revoke".into()));
}

#[tokio::test]
async fn following_the_log_ends_with_ctrl_c_and_that_is_no_failure() {
    let fake = Fake::start(replies::PLENTY);
    let typed = Typed { after: "disk full", keys: "\u{3}" };
    let screen = at_terminal(&fake, "logs -f --grep forever", typed).await;
    assert_eq!(screen.code, 0, "{}", screen.parser.screen().contents());
}

#[tokio::test]
async fn ctrl_c_stops_an_analysis_and_says_so() {
    let fake = Fake::start(replies::PLENTY);
    let typed = Typed { after: "parsing: 402 of 1204 files", keys: "\u{3}" };
    let screen = at_terminal(&fake, "projects analyze endless", typed).await;
    let shown = screen.parser.screen().contents();
    assert_eq!(screen.code, 1, "{shown}");
    assert!(shown.contains("the analysis of project endless was stopped;"), "{shown}");
    assert_eq!(fake.commands().last().unwrap(), "projects_stop");
}

#[tokio::test]
async fn ctrl_c_stops_a_push_before_it_changes_anything() {
    let fake = Fake::start(replies::PLENTY);
    let tree = tempfile::tempdir().unwrap();
    for index in 0..15_000 {
        std::fs::write(tree.path().join(format!("{index}.py")), "").unwrap();
    }
    let line = format!("projects push {} --project demo", tree.path().display());
    let screen = at_terminal(&fake, &line, Typed { after: "of 15000 files read", keys: "\u{3}" }).await;
    let shown = screen.parser.screen().contents();
    assert_eq!(screen.code, 1, "{shown}");
    assert!(shown.contains("stopped; nothing was changed"), "{shown}");
    assert!(!fake.commands().contains(&"push_end".into()));
}

#[tokio::test]
async fn waiting_shows_how_far_it_is_and_leaves_nothing_behind() {
    let fake = Fake::start(replies::PLENTY);
    let screen = at_terminal(&fake, "drain --yes", Typed { after: "gone", keys: "" }).await;
    let shown = screen.parser.screen().contents();
    assert_eq!(screen.code, 0, "{shown}");
    assert!(shown.ends_with("(process 4242) has gone") && !shown.contains('['), "{shown}");
}
