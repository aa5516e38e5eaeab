//! Repositories made to harm whoever looks at them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Place, changes};
use crate::git::{GitError, index, pack};

#[test]
fn nothing_a_repository_configures_is_run() {
    let place = Place::new();
    let (script, ran) = (place.root.join("run"), place.root.join("ran"));
    fs::write(&script, format!("#!/bin/sh\ntouch {}\ncat\n", ran.display())).unwrap();
    assert!(Command::new("chmod").args(["+x"]).arg(&script).status().unwrap().success());
    let script = script.to_str().unwrap();
    place.write(".gitattributes", "*.rs filter=x diff=x merge=x\n");
    fs::create_dir_all(place.main.join(".git/hooks")).unwrap();
    for hook in ["post-checkout", "post-index-change", "fsmonitor-watchman", "pre-commit"] {
        fs::copy(script, place.main.join(".git/hooks").join(hook)).unwrap();
    }
    let mut config = String::from("[include]\n\tpath = /etc/passwd\n");
    for (section, key) in [
        ("core", "fsmonitor"),
        ("core", "sshCommand"),
        ("core", "editor"),
        ("core", "pager"),
        ("core", "gitProxy"),
        ("core", "askPass"),
        ("filter \"x\"", "clean"),
        ("filter \"x\"", "smudge"),
        ("filter \"x\"", "process"),
        ("diff \"x\"", "command"),
        ("diff \"x\"", "textconv"),
        ("merge \"x\"", "driver"),
        ("credential", "helper"),
        ("uploadpack", "packObjectsHook"),
        ("core", "alternateRefsCommand"),
    ] {
        config += &format!("[{section}]\n\t{key} = {script}\n");
    }
    config += &format!("[core]\n\tworktree = {}\n\thooksPath = .git/hooks\n", place.outside.display());
    fs::write(place.main.join(".git/config"), config).unwrap();
    place.write("a.rs", "// other\n");
    let repository = place.repository();
    assert_eq!(repository.head().unwrap().branch.as_deref(), Some("trunk"));
    repository.mark();
    assert_eq!(place.changes(), changes(&["a.rs"], &[], &[]));
    assert!(!ran.exists());
}

#[test]
fn a_git_directory_that_is_none_is_an_error() {
    let place = Place::new();
    let plain = |name: &str, text: &str| {
        fs::create_dir_all(place.root.join(name)).unwrap();
        fs::write(place.root.join(name).join(".git"), text).unwrap();
        place.discover(name)
    };
    for text in
        ["", "gitdir:", "gitdir: .git", "gitdir: ./.git", "gitdir: nothing", "nonsense", "gitdir: a\0b"]
    {
        assert!(matches!(plain("plain", text), Err(GitError::Broken { .. } | GitError::Tree(_))), "{text:?}");
    }
    // Two that lead to one another.
    plain("one", "gitdir: ../two/.git").unwrap_err();
    plain("two", "gitdir: ../one/.git").unwrap_err();
    place.discover("one").unwrap_err();
    fs::create_dir_all(place.root.join("bare/.git")).unwrap();
    assert!(matches!(place.discover("bare"), Err(GitError::Broken { .. })));
    fs::create_dir_all(place.root.join("loop")).unwrap();
    symlink(".git", place.root.join("loop/.git")).unwrap();
    assert!(matches!(place.discover("loop"), Err(GitError::Outside)));
}

#[test]
fn links_and_pipes_within_are_neither_followed_nor_waited_for() {
    let place = Place::new();
    fs::write(place.outside.join("HEAD"), "ref: refs/heads/secret\n").unwrap();
    for file in ["HEAD", "refs/heads/trunk", "packed-refs", "commondir", "objects/info/alternates"] {
        let path = place.main.join(".git").join(file);
        let kept = fs::read(&path).ok();
        for pipe in [false, true] {
            let _ = fs::remove_file(&path);
            if pipe {
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            } else {
                symlink(place.outside.join("HEAD"), &path).unwrap();
            }
            if let Ok(Some(repository)) = place.discover("main") {
                let head = repository.head();
                assert!(head.iter().all(|head| head.branch.as_deref() == Some("trunk")), "{head:?}");
                repository.mark();
                let _ = place.changes_in("main");
            }
        }
        fs::remove_file(&path).unwrap();
        if let Some(kept) = kept {
            fs::write(&path, kept).unwrap();
        }
    }
    assert_eq!(place.changes(), changes(&[], &[], &[]));
}

#[test]
fn references_cannot_name_other_files() {
    let place = Place::new();
    fs::write(place.outside.join("ref"), "0".repeat(40)).unwrap();
    for head in [
        "ref: ../../outside/ref",
        "ref: refs/../../../outside/ref",
        "ref: /etc/passwd",
        "ref: refs//x",
        "ref:",
    ] {
        fs::write(place.main.join(".git/HEAD"), head).unwrap();
        assert!(matches!(place.repository().head(), Err(GitError::Broken { .. })), "{head}");
        place.repository().mark();
    }
    fs::write(place.main.join(".git/HEAD"), "ref: refs/heads/a").unwrap();
    fs::write(place.main.join(".git/refs/heads/a"), "ref: refs/heads/b").unwrap();
    fs::write(place.main.join(".git/refs/heads/b"), "ref: refs/heads/a").unwrap();
    assert!(matches!(place.repository().head(), Err(GitError::Broken { .. })));
}

#[test]
fn a_commit_of_a_billion_files_is_too_large() {
    let place = Place::new();
    let make = |lines: &str| {
        fs::write(place.root.join("lines"), lines).unwrap();
        let file = fs::File::open(place.root.join("lines")).unwrap();
        let mut command = Command::new("git");
        let output = command.current_dir(&place.main).arg("mktree").stdin(file).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let blob = place.git(&["rev-parse", "HEAD:a.rs"]);
    let mut tree = make(&format!("100644 blob {blob}\ta.rs\n"));
    for _ in 0..9 {
        tree = make(&(0..10).map(|name| format!("040000 tree {tree}\t{name}\n")).collect::<String>());
    }
    let commit = place.git(&["commit-tree", "-m", "bomb", &tree]);
    fs::write(place.main.join(".git/HEAD"), &commit).unwrap();
    let begun = Instant::now();
    let found = place.changes_in("main");
    assert!(matches!(found, Err(GitError::TooLarge { .. })), "{found:?}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn damage_anywhere_is_an_error_and_never_the_end() {
    let place = Place::new();
    for round in 0..5 {
        place.write("src/lib.rs", &format!("// {round}\n"));
        place.commit("more");
    }
    for packed in [false, true] {
        if packed {
            place.git(&["gc", "-q", "--prune=now"]);
        }
        let mut files = Vec::new();
        let mut folders = vec![place.main.join(".git")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else if !entry.path().to_string_lossy().contains("hooks") {
                    files.push(entry.path());
                }
            }
        }
        for path in files {
            let kept = fs::read(&path).unwrap();
            // Objects are read-only.
            fs::remove_file(&path).unwrap();
            let try_with = |bytes: &[u8]| {
                fs::write(&path, bytes).unwrap();
                if let Ok(Some(repository)) = place.discover("main") {
                    let _ = repository.head();
                    repository.mark();
                    let _ = place.changes_in("main");
                }
            };
            for at in (0..kept.len()).step_by(1 + kept.len() / 60) {
                let mut bytes = kept.clone();
                bytes[at] ^= 0xff;
                try_with(&bytes);
                try_with(&kept[..at]);
            }
            try_with(&[0xff; 4_000]);
            fs::write(&path, kept).unwrap();
        }
        assert_eq!(place.changes(), changes(&[], &[], &[]));
    }
}

proptest! {
    #[test]
    fn no_index_is_too_strange(mut bytes in prop::collection::vec(any::<u8>(), 0..2_000), version in 0_u8..6) {
        let _ = index::read(&bytes, &mut |_, _| {});
        let head = [b'D', b'I', b'R', b'C', 0, 0, 0, version];
        let length = head.len().min(bytes.len());
        bytes[..length].copy_from_slice(&head[..length]);
        let _ = index::read(&bytes, &mut |_, _| {});
    }

    #[test]
    fn no_delta_is_too_strange(
        base in prop::collection::vec(any::<u8>(), 0..300),
        delta in prop::collection::vec(any::<u8>(), 0..300),
        size in 0_usize..5_000,
    ) {
        let _ = pack::sizes(&delta);
        if let Some(whole) = pack::apply(&base, &delta, size) {
            prop_assert_eq!(whole.len(), size);
        }
    }
}
