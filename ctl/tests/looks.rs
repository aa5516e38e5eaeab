//! Colours, widths and lines that are rewritten: how the same words look at different ends.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use fake::{Fake, Said, replies, surroundings};
use mcpctl::Terminal;

const SCREEN: Terminal =
    Terminal { stdin: false, stdout: true, stderr: true, width: Some(120), no_color: false };

async fn at(terminal: Terminal, line: &str) -> Said {
    let fake = Fake::start(if line.contains("nobody") { replies::REFUSALS } else { replies::PLENTY });
    let surroundings = mcpctl::Surroundings { terminal, ..surroundings(&fake.socket()) };
    fake.run_in(&line.split_whitespace().collect::<Vec<_>>(), surroundings).await
}

/// Makes terminal codes readable.
fn visible(said: &Said) -> String {
    said.transcript(&[]).replace('\x1b', "␛").replace('\r', "␍")
}

#[tokio::test]
async fn a_terminal_gets_colours_after_everything_is_escaped() {
    for (name, line) in [
        ("keys", "keys list"),
        ("status", "status"),
        ("doctor", "doctor"),
        ("audit", "audit tail"),
        ("memory", "memory list"),
        ("model", "memory model"),
        ("projects", "projects list"),
        ("analysis", "projects analyze huge"),
        ("logs", "logs -f"),
        ("error", "keys revoke nobody"),
        ("usage", "keys ad x"),
        ("help", "keys revoke --help"),
    ] {
        let said = at(SCREEN, line).await;
        insta::assert_snapshot!(format!("colour_{name}"), visible(&said));
        let without =
            |text: &str| !text.contains("\x1b[2J") && !text.contains('\u{202e}') && !text.contains('\u{9b}');
        assert!(without(&said.stdout) && without(&said.stderr), "{line}");
    }
}

#[tokio::test]
async fn colours_are_for_terminals_that_want_them() {
    let has_colour = |said: &Said| (said.stdout.contains('\x1b'), said.stderr.contains('\x1b'));
    let plain = Terminal { no_color: true, ..SCREEN };
    let pipe = Terminal { stdout: false, stderr: false, ..SCREEN };
    let half = Terminal { stdout: false, ..SCREEN };
    for (terminal, flags, expected) in [
        (SCREEN, "", (true, true)),
        (half, "", (false, true)),
        (pipe, "", (false, false)),
        (plain, "", (false, false)),
        (plain, "--color always", (true, true)),
        (pipe, "--color=always", (true, true)),
        (SCREEN, "--color never", (false, false)),
    ] {
        let (good, bad) = (
            at(terminal, &format!("status {flags}")).await,
            at(terminal, &format!("keys revoke nobody {flags}")).await,
        );
        assert_eq!((has_colour(&good).0, has_colour(&bad).1), expected, "{terminal:?} {flags}");
        let (help, usage) = (
            at(terminal, &format!("{flags} keys --help")).await,
            at(terminal, &format!("{flags} nonsense")).await,
        );
        assert_eq!((has_colour(&help).0, has_colour(&usage).1), expected, "{terminal:?} {flags}");
    }
    for line in ["status --json", "keys add laptop", "completions bash", "man keys"] {
        let said = at(SCREEN, line).await;
        assert!(!said.stdout.contains('\x1b'), "{line} is for programs");
    }
}

#[tokio::test]
async fn what_is_typed_cannot_paint_or_move() {
    let said = at(SCREEN, "status --\u{1b}[2J\u{202e}x").await;
    assert_eq!(said.code, 2);
    assert!(!said.stderr.contains("\x1b[2J") && !said.stderr.contains('\u{202e}'), "{}", visible(&said));
}

#[tokio::test]
async fn tables_fit_the_terminal() {
    let mut all = String::new();
    for line in ["keys list", "connections", "sessions", "tools", "stats", "memory list", "projects list"] {
        for width in [80, 60] {
            let terminal = Terminal { width: Some(width), no_color: true, ..SCREEN };
            let said = at(terminal, line).await;
            let is_wide = said.stdout.lines().any(|line| line.chars().count() > 80);
            assert!(!is_wide, "{line} at {width}:\n{}", said.stdout);
            all += &format!("{width} columns: {}\n", said.transcript(&[line]));
        }
        let narrow = at(Terminal { width: Some(20), no_color: true, ..SCREEN }, line).await;
        let readable = at(Terminal { width: Some(60), no_color: true, ..SCREEN }, line).await;
        assert_eq!(narrow.stdout, readable.stdout, "{line}: never narrower than readable");
        let piped = at(Terminal { stdout: false, ..SCREEN }, line).await;
        assert_eq!(piped.stdout, at(Terminal::default(), line).await.stdout, "{line}: a pipe has no width");
    }
    insta::assert_snapshot!("narrow", all);
}

#[tokio::test]
async fn progress_is_one_line_that_goes_away_and_only_for_people() {
    let said = at(SCREEN, "restore /b --yes").await;
    assert!(!said.stderr.contains('\n'), "{}", visible(&said));
    assert!(said.stderr.is_empty() || said.stderr.ends_with("\r\x1b[K"), "{}", visible(&said));
    let piped = at(Terminal { stderr: false, ..SCREEN }, "restore /b --yes").await;
    assert_eq!(piped.stderr, "");
    assert_eq!(at(SCREEN, "restore /b --yes --json").await.stderr, "");
}
