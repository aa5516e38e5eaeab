//! Which files may be read.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::net::UnixListener;

use proptest::prelude::*;

use super::{Place, SECRET, fifo, link};
use crate::tree::TreeError;

#[test]
fn reads_a_file_with_its_stamp() {
    let place = Place::with(&[("src/main.rs", "fn main() {}")]);
    let root = place.open();
    let read = root.read("src/main.rs", 100).unwrap();
    assert_eq!(read.bytes, b"fn main() {}");
    assert_eq!(read.stamp.size, 12);
    assert_eq!(root.stamp("src/main.rs").unwrap(), Some(read.stamp));
    place.write("src/main.rs", "fn main() { }");
    assert_ne!(root.stamp("src/main.rs").unwrap(), Some(read.stamp));
}

#[test]
fn refuses_paths_that_leave() {
    let place = Place::with(&[("src/main.rs", "")]);
    let root = place.open();
    let long = "a/".repeat(10_000) + "a";
    for path in [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../outside/secret.rs",
        "src/../../outside/secret.rs",
        "src//main.rs",
        "src/./main.rs",
        "./src/main.rs",
        "src/main.rs/",
        "src/main.rs\0",
        &long,
    ] {
        assert!(matches!(root.read(path, 100), Err(TreeError::BadPath)), "{path:?}");
    }
    assert!(matches!(root.stamp("../outside/secret.rs"), Err(TreeError::BadPath)));
    assert!(matches!(root.read("src/nothing.rs", 100), Err(TreeError::NotThere)));
    assert!(matches!(root.read("src/main.rs/below", 100), Err(TreeError::NotThere)));
    assert!(matches!(root.read(&"a".repeat(300), 100), Err(TreeError::NotThere)));
    assert_eq!(root.stamp("src/nothing.rs").unwrap(), None);
    assert!(root.stamp("").unwrap().is_some());
    assert!(root.stamp("src").unwrap().is_some());
}

#[test]
fn follows_no_link() {
    let place = Place::with(&[("src/main.rs", "inside")]);
    let root = place.open();
    link(place.outside.join("secret.rs"), place.root.join("file.rs"));
    link(&place.outside, place.root.join("folder"));
    link(place.root.join("src"), place.root.join("alias"));
    link("loop", place.root.join("loop"));
    link("/proc/self/cwd", place.root.join("cwd"));
    for path in ["file.rs", "folder/secret.rs", "alias/main.rs", "loop", "loop/a", "cwd/Cargo.toml", "folder"]
    {
        let read = root.read(path, 100);
        assert!(matches!(read, Err(TreeError::NotAFile | TreeError::NotThere)), "{path}: {read:?}");
        assert_eq!(root.stamp(path).unwrap(), None, "{path}");
    }
}

#[test]
fn takes_regular_files_with_one_name_only() {
    let place = Place::with(&[("src/main.rs", "inside")]);
    let root = place.open();
    fs::hard_link(place.outside.join("secret.rs"), place.root.join("hard.rs")).unwrap();
    assert!(matches!(root.read("hard.rs", 100), Err(TreeError::HardLink)));
    fifo(&place.root.join("pipe.rs"));
    let _socket = UnixListener::bind(place.root.join("socket.rs")).unwrap();
    for path in ["pipe.rs", "socket.rs", "src"] {
        assert!(matches!(root.read(path, 100), Err(TreeError::NotAFile)), "{path}");
    }
}

#[test]
fn takes_no_more_than_allowed() {
    let place = Place::with(&[("a.rs", "12345")]);
    let root = place.open();
    assert!(matches!(root.read("a.rs", 4), Err(TreeError::TooLarge { size: 5, most: 4 })));
    assert_eq!(root.read("a.rs", 5).unwrap().bytes, b"12345");
    assert_eq!(root.read("a.rs", u64::MAX).unwrap().bytes, b"12345");
}

#[test]
fn a_root_that_was_moved_is_still_the_same() {
    let place = Place::with(&[("a.rs", "inside")]);
    let root = place.open();
    fs::rename(&place.root, place.root.with_file_name("moved")).unwrap();
    link(&place.outside, &place.root);
    assert_eq!(root.read("a.rs", 100).unwrap().bytes, b"inside");
    assert!(matches!(root.read("secret.rs", 100), Err(TreeError::NotThere)));
}

proptest! {
    #[test]
    fn no_path_reads_the_secret(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "..", ".", "", "/", "src", "folder", "alias", "up", "outside", "secret.rs", "hard.rs", "file.rs",
                "root", "\0", "~", "main.rs", "%2e%2e", "..\\", "．．",
            ]),
            0..8,
        ),
        noise in ".{0,12}",
    ) {
        let place = Place::with(&[("src/main.rs", "inside")]);
        let root = place.open();
        link(&place.outside, place.root.join("folder"));
        link("..", place.root.join("up"));
        link(place.outside.join("secret.rs"), place.root.join("file.rs"));
        fs::hard_link(place.outside.join("secret.rs"), place.root.join("hard.rs")).unwrap();
        let path = parts.join("/");
        let absolute = format!("{}/{path}", place.outside.display());
        for path in [path.clone(), format!("{path}{noise}"), noise, absolute, parts.concat()] {
            if let Ok(read) = root.read(&path, 1_000) {
                prop_assert_ne!(read.bytes, SECRET.as_bytes(), "{}", path);
            }
            let _ = root.stamp(&path);
        }
    }
}
