//! Which directories may be opened.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Place, link};
use crate::tree::{Jail, TreeError};

#[test]
fn opens_a_root_and_what_is_below_it() {
    let place = Place::with(&[("a/b/c.rs", "")]);
    assert_eq!(place.open().path(), place.root);
    let below = place.jail().open(&place.root.join("a/./b/../b")).unwrap();
    assert_eq!(below.path(), place.root.join("a/b"));
    assert_eq!(place.jail().roots(), std::slice::from_ref(&place.root));
}

#[test]
fn refuses_what_is_outside_and_does_not_say_whether_it_exists() {
    let place = Place::with(&[("a/b.rs", "")]);
    link(&place.outside, place.root.join("out"));
    link(place.outside.join("nothing"), place.root.join("dangling"));
    link(place.root.join("loop"), place.root.join("loop"));
    let outside = [
        place.outside.clone(),
        place.outside.join("secret.rs"),
        place.outside.join("nothing"),
        place.outside.join("nothing/below"),
        place.outside.join("secret.rs/below"),
        place.root.join(".."),
        place.root.join("a/../../outside"),
        place.root.join("a/../../nothing"),
        place.root.join("out"),
        place.root.join("out/nothing"),
        place.root.join("out/secret.rs"),
        place.root.join("dangling"),
        place.root.join("dangling/below"),
        place.root.join("loop"),
        place.root.join("loop/a"),
        PathBuf::from("/"),
        PathBuf::from("/etc"),
    ];
    for path in outside {
        let refused = place.jail().open(&path);
        assert!(matches!(refused, Err(TreeError::Outside)), "{}: {refused:?}", path.display());
    }
}

#[test]
fn says_what_is_wrong_inside() {
    let place = Place::with(&[("a/b.rs", "")]);
    let open = |path: &str| place.jail().open(&place.root.join(path)).map(|_| ());
    assert!(matches!(open("nothing"), Err(TreeError::Missing)));
    assert!(matches!(open("nothing/below/it"), Err(TreeError::Missing)));
    assert!(matches!(open("nothing/../../outside"), Err(TreeError::Missing)));
    assert!(matches!(open("a/b.rs"), Err(TreeError::NotADirectory)));
    assert!(matches!(open("a/b.rs/c"), Err(TreeError::NotADirectory)));
    assert!(matches!(place.jail().open(Path::new("a")), Err(TreeError::NotAbsolute)));
    assert!(matches!(place.jail().open(Path::new("")), Err(TreeError::NotAbsolute)));
    assert!(place.jail().open(&place.root.join("a\0b")).is_err());
}

#[test]
fn compares_names_and_not_prefixes() {
    let place = Place::new();
    let trap = place.root.with_file_name("rootx");
    fs::create_dir(&trap).unwrap();
    assert!(matches!(place.jail().open(&trap), Err(TreeError::Outside)));
}

#[test]
fn a_root_may_be_a_link_and_may_come_later() {
    let place = Place::new();
    let alias = place.root.with_file_name("alias");
    let jail = Jail::new(vec![alias.clone(), PathBuf::from("relative")]);
    assert!(matches!(jail.open(&alias), Err(TreeError::Outside)));
    link(&place.root, &alias);
    assert_eq!(jail.open(&alias).unwrap().path(), place.root);
    assert!(jail.open(&place.root).is_ok());
    assert!(matches!(jail.open(&place.outside), Err(TreeError::Outside)));
}

#[test]
fn a_link_inside_may_lead_inside() {
    let place = Place::with(&[("real/a.rs", "")]);
    link(place.root.join("real"), place.root.join("alias"));
    assert_eq!(place.jail().open(&place.root.join("alias")).unwrap().path(), place.root.join("real"));
}

#[test]
fn the_system_is_no_tree() {
    let jail = Jail::new(vec![PathBuf::from("/")]);
    for path in ["/dev", "/dev/fd", "/proc", "/proc/self", "/proc/self/fd", "/sys", "/sys/kernel"] {
        // Not every system has all of them.
        let opened = jail.open(Path::new(path)).map(|root| root.path().to_owned());
        assert!(matches!(opened, Err(TreeError::Forbidden | TreeError::Missing)), "{path}: {opened:?}");
    }
    let root = jail.open(Path::new("/")).unwrap();
    assert!(root.read("dev/null", 10).is_err());
    assert!(root.read("dev/zero", 10).is_err());
    assert!(root.read("proc/self/environ", 1 << 20).is_err());
    assert!(root.read("proc/self/root/etc/passwd", 1 << 20).is_err());
}

#[test]
fn a_directory_that_cannot_be_entered_is_an_error_of_the_system() {
    let place = Place::with(&[("a/b/c.rs", "")]);
    fs::set_permissions(place.root.join("a"), fs::Permissions::from_mode(0o000)).unwrap();
    let opened = place.jail().open(&place.root.join("a/b"));
    fs::set_permissions(place.root.join("a"), fs::Permissions::from_mode(0o700)).unwrap();
    // An administrator enters all the same.
    assert!(matches!(opened, Err(TreeError::Io { .. }) | Ok(_)), "{opened:?}");
}
