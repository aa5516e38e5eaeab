//! What a panic leaves in the log: its place, and nothing that looks like a secret.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use mcpd::telemetry::{LogSettings, Logs};
use mcpd_config::Config;

#[test]
fn a_panic_is_a_line_of_the_log_without_its_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::load(None, &[]).unwrap();
    let settings = LogSettings { directory: dir.path().to_owned(), stderr: false };
    let (_logs, requests, guard) = Logs::start(&config.telemetry, &settings).unwrap();
    let key = format!("mcpd_sk_7dT0qWmX2bLr_{}", "S3cr3t".repeat(8));
    let shown = key.clone();
    std::thread::spawn(move || panic!("no such key: {shown}")).join().unwrap_err();
    tracing::info!(header = format!("Bearer {key}"), "what nobody should log");
    drop((requests, guard));
    let files = std::fs::read_dir(dir.path()).unwrap();
    let log: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(log.contains("no such key: mcpd_sk_7dT0qWmX2bLr_(redacted)"), "{log}");
    assert!(log.contains("panics.rs"), "{log}");
    assert!(log.contains("what nobody should log") && !log.contains("S3cr3t"), "{log}");
}
