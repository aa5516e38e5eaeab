//! Files of `[tls]` that the daemon does not start with, each with the line that mends it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fmt::Write,
    fs,
    os::unix::fs::{chown, symlink},
};

use rcgen::date_time_ymd;
use support::{
    home, mcpd,
    secure::{Authority, Files, pem, set_mode},
};

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Starts the daemon, which refuses, and returns what it says, without what differs from run to run.
fn told(files: &Files, config: &str) -> String {
    let home = home(config);
    let state = home.path().join("state");
    let mut command = mcpd(home.path());
    let refused = command.arg("--state-dir").arg(&state).args(["--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(!refused.status.success(), "it started");
    assert!(!state.join("mcpd.db").exists(), "nothing was made");
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    let told = told.replace(&files.path("").display().to_string(), "DIR/");
    let told = told.replace(files.path("").to_str().unwrap().trim_end_matches('/'), "DIR");
    match told.split_once("and here it is ") {
        Some((before, after)) => format!("{before}and here it is NOW;{}", after.split_once(';').unwrap().1),
        None => told,
    }
}

/// A change that makes files unusable.
type Spoil = fn(&Files, &Authority);

const SPOILT: [(&str, Spoil); 20] = [
    ("a key others can read", |files, _| set_mode(&files.path("key.pem"), 0o644)),
    ("a certificate others can write", |files, _| set_mode(&files.path("chain.pem"), 0o666)),
    ("a directory others can write", |files, _| set_mode(&files.path(""), 0o777)),
    ("a link to a key", |files, _| linked(files, "key.pem")),
    ("a link to a certificate", |files, _| linked(files, "chain.pem")),
    ("no key", |files, _| fs::remove_file(files.path("key.pem")).unwrap()),
    ("no certificate", |files, _| fs::remove_file(files.path("chain.pem")).unwrap()),
    ("a directory for a key", |files, _| {
        fs::remove_file(files.path("key.pem")).unwrap();
        fs::create_dir(files.path("key.pem")).unwrap();
    }),
    ("an empty key", |files, _| drop(files.write("key.pem", "", 0o600))),
    ("an empty certificate", |files, _| drop(files.write("chain.pem", "", 0o644))),
    ("swapped", |files, _| {
        let (chain, key) =
            ["chain.pem", "key.pem"].map(|name| fs::read_to_string(files.path(name)).unwrap()).into();
        files.write("chain.pem", &key, 0o600);
        files.write("key.pem", &chain, 0o600);
    }),
    ("a certificate for a key", |files, authority| drop(files.write("key.pem", &authority.pem(), 0o600))),
    ("a text for a certificate", |files, _| drop(files.write("chain.pem", "my certificate\n", 0o644))),
    ("a text for a key", |files, _| drop(files.write("key.pem", "my key\n", 0o600))),
    ("a broken certificate", |files, _| drop(files.write("chain.pem", &pem("CERTIFICATE", b"junk"), 0o644))),
    ("a broken key", |files, _| drop(files.write("key.pem", &pem("PRIVATE KEY", b"junk"), 0o600))),
    ("an encrypted key", |files, _| {
        drop(files.write("key.pem", &pem("ENCRYPTED PRIVATE KEY", b"hidden"), 0o600));
    }),
    ("a key of another certificate", |files, authority| {
        drop(files.write("key.pem", &authority.issue(&NAMES).key, 0o600));
    }),
    ("an expired certificate", |files, authority| {
        files.put(&authority.issue_with(&NAMES, |params| params.not_after = date_time_ymd(2020, 2, 29)));
    }),
    ("a certificate of the future", |files, authority| {
        files.put(&authority.issue_with(&NAMES, |params| params.not_before = date_time_ymd(2999, 12, 31)));
    }),
];

fn linked(files: &Files, name: &str) {
    fs::rename(files.path(name), files.path("elsewhere.pem")).unwrap();
    symlink("elsewhere.pem", files.path(name)).unwrap();
}

#[test]
fn files_that_cannot_be_used_are_refused_with_the_line_that_mends_them() {
    let authority = Authority::new("authority");
    let mut all = String::new();
    for (what, spoil) in SPOILT {
        let files = Files::new(&authority.issue(&NAMES));
        spoil(&files, &authority);
        write!(all, "{what}\n  {}", told(&files, &files.section(""))).unwrap();
        set_mode(&files.path(""), 0o700);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_authority_of_clients_is_looked_at_as_well() {
    let authority = Authority::new("authority");
    let mut all = String::new();
    let expired = authority.issue_with(&[], |params| params.not_after = date_time_ymd(2020, 2, 29));
    for (what, content) in
        [("empty", ""), ("a key", &authority.issue(&[]).key), ("expired", &expired.certificate)]
    {
        let files = Files::new(&authority.issue(&NAMES));
        let config = files.asking(&authority, "");
        files.write("clients.pem", content, 0o644);
        write!(all, "{what}\n  {}", told(&files, &config)).unwrap();
    }
    let files = Files::new(&authority.issue(&NAMES));
    let config = files.asking(&authority, "");
    fs::remove_file(files.path("clients.pem")).unwrap();
    write!(all, "missing\n  {}", told(&files, &config)).unwrap();
    insta::assert_snapshot!(all);
}

#[test]
fn what_belongs_to_somebody_else_is_not_trusted_and_what_is_roots_may_be_shared_with_a_group() {
    if !rustix::process::geteuid().is_root() {
        return; // nobody else can give files away
    }
    let authority = Authority::new("authority");
    let files = Files::new(&authority.issue(&NAMES));
    chown(files.path("key.pem"), Some(12345), None).unwrap();
    let said = told(&files, &files.section(""));
    let expected = "mcpd: tls.key: DIR/key.pem belongs to user 12345, who could put another there: chown 0 DIR/key.pem\n";
    assert_eq!(said, expected);
    files.put(&authority.issue(&NAMES));
    set_mode(&files.path("key.pem"), 0o640);
    drop(files.start());
}
