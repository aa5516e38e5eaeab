//! What a maintainer needs, in one file.

use std::time::Instant;

use crate::real::{Mcpd, PATIENCE};

#[test]
fn a_bundle_is_made_with_and_without_the_daemon() {
    let mut mcpd = Mcpd::start();
    let file = mcpd.home().join("bundle.txt");
    // The log is written a moment after what it tells.
    let began = Instant::now();
    while !mcpd.ctl("logs").done().contains("mcpd::lifecycle  ready") {
        assert!(began.elapsed() < PATIENCE, "it is not in the log");
    }
    let args = ["bundle", "--force", file.to_str().unwrap()];
    let said = mcpd.ctl_args(&args).done();
    assert!(said.contains("read it before you send it") && !said.contains("without"), "{said}");
    let whole = std::fs::read_to_string(&file).unwrap();
    for part in ["machine", "configuration", "status", "examination", "keys", "audit", "log"] {
        assert!(whole.contains(&format!("\n== {part}\n")), "no {part} in {whole}");
    }
    assert!(
        whole.contains("per_key = \"100000/60s\"") && whole.contains("INFO mcpd::lifecycle  ready"),
        "{whole}"
    );
    assert!(!whole.contains(mcpd.home().to_str().unwrap()), "the home folder names its user");
    mcpd.ctl("drain").done();
    assert!(mcpd.ended().success());
    assert_eq!(mcpd.ctl_args(&args).code, 3);
    let local = std::fs::read_to_string(&file).unwrap();
    assert!(local.contains("ended ended=Drained") && local.contains("no daemon runs here"), "{local}");
    assert!(!local.contains("== status"), "{local}");
}
