//! A tree that changes under the reader's hands.
#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::{LIMITS, Place, SECRET, is_rust, link};
use crate::tree::{Root, TreeError};

/// How often a tree is read, and how often it changes meanwhile.
const ROUNDS: usize = 2_000;

/// Runs `read` again and again while another thread runs `disturb`, until both had their rounds.
fn while_disturbed(disturb: impl Fn() + Sync, mut read: impl FnMut()) {
    let (done, disturbed) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                disturb();
                disturbed.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Ends the other thread also when an assertion fails.
        let _done = Done(&done);
        let mut rounds = 0;
        while rounds < ROUNDS || disturbed.load(Ordering::Relaxed) < ROUNDS {
            read();
            rounds += 1;
        }
    });
}

struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads a file that is honest at times and led elsewhere at others, and adds to `honest` if it was met.
fn read_once(root: &Root, path: &str, honest: &mut usize) {
    if let Ok(found) = root.read(path, 1_000) {
        assert_eq!(String::from_utf8(found.bytes).unwrap(), "inside");
        *honest += 1;
    }
}

#[test]
fn a_directory_swapped_for_a_link_never_leads_out() {
    let place = Place::with(&[("a/src/secret.rs", "inside")]);
    let (root, folder, aside) = (place.open(), place.root.join("a/src"), place.root.join("a/aside"));
    let disturb = || {
        fs::rename(&folder, &aside).unwrap();
        link(&place.outside, &folder);
        fs::remove_file(&folder).unwrap();
        fs::rename(&aside, &folder).unwrap();
    };
    let mut honest = 0;
    while_disturbed(disturb, || read_once(&root, "a/src/secret.rs", &mut honest));
    assert!(honest > 0);
}

#[test]
fn a_file_swapped_for_a_link_is_never_followed() {
    let place = Place::with(&[("a/b.rs", "inside")]);
    let (root, file, aside) = (place.open(), place.root.join("a/b.rs"), place.root.join("a/aside"));
    let trap = place.root.join("a/trap");
    let disturb = || {
        link(place.outside.join("secret.rs"), &trap);
        fs::write(&aside, "inside").unwrap();
        // Each over the other: the name always leads somewhere.
        fs::rename(&trap, &file).unwrap();
        fs::rename(&aside, &file).unwrap();
    };
    let mut honest = 0;
    while_disturbed(disturb, || read_once(&root, "a/b.rs", &mut honest));
    assert!(honest > 0);
}

#[test]
fn a_root_swapped_while_it_is_opened_is_never_the_outside() {
    let place = Place::with(&[("tree/secret.rs", "inside")]);
    let (folder, aside) = (place.root.join("tree"), place.root.join("aside"));
    let disturb = || {
        fs::rename(&folder, &aside).unwrap();
        link(&place.outside, &folder);
        fs::remove_file(&folder).unwrap();
        fs::rename(&aside, &folder).unwrap();
    };
    while_disturbed(disturb, || {
        let Ok(root) = place.jail().open(&folder) else { return };
        assert_ne!(root.read("secret.rs", 1_000).ok().map(|read| read.bytes), Some(SECRET.into()));
    });
}

#[test]
fn a_walk_never_enters_a_swapped_directory() {
    let place = Place::with(&[("a/honest.rs", ""), ("b/honest.rs", "")]);
    let (root, folder, aside) = (place.open(), place.root.join("b"), place.root.join(".aside"));
    let disturb = || {
        fs::rename(&folder, &aside).unwrap();
        link(&place.outside, &folder);
        fs::remove_file(&folder).unwrap();
        fs::rename(&aside, &folder).unwrap();
    };
    while_disturbed(disturb, || {
        let walk = root.walk(&LIMITS, &is_rust, &|_| ControlFlow::Continue(())).unwrap();
        assert!(walk.files.iter().all(|file| file.path.ends_with("honest.rs")), "{walk:?}");
    });
}

#[test]
fn a_file_that_grows_is_never_read_by_halves() {
    let place = Place::with(&[("log.rs", "")]);
    let root = place.open();
    let file = place.root.join("log.rs");
    let disturb = || {
        let mut file = OpenOptions::new().append(true).open(&file).unwrap();
        for _ in 0..100 {
            file.write_all(b"line\n").unwrap();
        }
        file.set_len(0).unwrap();
    };
    while_disturbed(disturb, || match root.read("log.rs", 1 << 20) {
        Ok(read) => assert_eq!(read.bytes.len() as u64, read.stamp.size),
        Err(error) => assert!(matches!(error, TreeError::Changed), "{error:?}"),
    });
}
