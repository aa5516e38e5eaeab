//! Where a repository is found, and what is checked out there.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;

use super::{Place, changes};
use crate::git::{GitError, Head, Repository};
use crate::tree::Jail;

#[test]
fn says_what_is_checked_out() {
    let place = Place::empty(&[]);
    let head = |commit: Option<&str>, branch: Option<&str>| Head {
        commit: commit.map(str::to_owned),
        branch: branch.map(str::to_owned),
        worktree: None,
    };
    assert_eq!(place.repository().head().unwrap(), head(None, Some("trunk")));
    place.write("a.rs", "");
    place.commit("first");
    let first = place.git(&["rev-parse", "HEAD"]);
    assert_eq!(place.repository().head().unwrap(), head(Some(&first), Some("trunk")));
    place.git(&["checkout", "-q", "-b", "feature/ünïcode"]);
    place.git(&["pack-refs", "--all"]);
    assert_eq!(place.repository().head().unwrap(), head(Some(&first), Some("feature/ünïcode")));
    place.git(&["checkout", "-q", "--detach"]);
    assert_eq!(place.repository().head().unwrap(), head(Some(&first), None));
    // A branch that leads to another.
    place.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/trunk"]);
    place.git(&["symbolic-ref", "HEAD", "refs/heads/alias"]);
    assert_eq!(place.repository().head().unwrap(), head(Some(&first), Some("alias")));
}

#[test]
fn the_mark_follows_head_branch_and_index() {
    let place = Place::new();
    let repository = place.repository();
    let mut marks = vec![repository.mark()];
    assert_eq!(repository.mark(), marks[0]);
    place.write("a.rs", "// other\n");
    assert_eq!(repository.mark(), marks[0], "files are not part of it");
    place.git(&["add", "-A"]);
    marks.push(repository.mark());
    place.git(&["commit", "-q", "-m", "second"]);
    marks.push(repository.mark());
    place.git(&["branch", "other"]);
    place.git(&["symbolic-ref", "HEAD", "refs/heads/other"]);
    marks.push(repository.mark());
    place.git(&["pack-refs", "--all"]);
    marks.push(repository.mark());
    let different: std::collections::HashSet<_> = marks.iter().collect();
    assert_eq!(different.len(), marks.len(), "{marks:?}");
}

#[test]
fn looks_upwards_as_far_as_the_roots() {
    let place = Place::new();
    assert!(place.discover("main/src/deep/er").unwrap().is_some());
    assert!(place.discover("").unwrap().is_none());
    // The repository begins above the only root.
    let jail = Jail::new(vec![place.main.join("src")]);
    assert!(Repository::discover(&place.main.join("src/deep"), &jail).unwrap().is_none());
    let refused = Repository::discover(&place.outside, &place.jail());
    assert!(matches!(refused, Err(GitError::Tree(crate::tree::TreeError::Outside))), "{refused:?}");
}

#[test]
fn a_linked_worktree_has_a_head_of_its_own() {
    let place = Place::new();
    let linked = place.root.join("linked");
    place.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    fs::write(linked.join("a.rs"), "// side\n").unwrap();
    let head = place.discover("linked/src").unwrap().unwrap().head().unwrap();
    assert_eq!((head.branch.as_deref(), head.worktree.as_deref()), (Some("side"), Some("linked")));
    assert_eq!(head.commit, Some(place.git(&["rev-parse", "HEAD"])));
    assert_eq!(place.changes_in("linked").unwrap().0, changes(&["a.rs"], &[], &[]));
    assert_eq!(place.repository().head().unwrap().branch.as_deref(), Some("trunk"));
}

#[test]
fn a_worktree_whose_repository_is_outside_has_none() {
    let place = Place::new();
    let moved = place.outside.join("main");
    fs::rename(&place.main, &moved).unwrap();
    let linked = place.root.join("linked");
    place.git_in(&moved, &["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    assert!(matches!(place.discover("linked"), Err(GitError::Outside)));
    // A git directory inside whose common directory is outside.
    let own = place.root.join("own/.git");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("HEAD"), "ref: refs/heads/trunk\n").unwrap();
    fs::write(own.join("commondir"), format!("{}\n", moved.join(".git").display())).unwrap();
    assert!(matches!(place.discover("own"), Err(GitError::Outside)));
    // And one that is a link.
    fs::create_dir(place.root.join("link")).unwrap();
    symlink(moved.join(".git"), place.root.join("link/.git")).unwrap();
    assert!(matches!(place.discover("link"), Err(GitError::Outside)));
    // What does not exist outside answers the same.
    fs::create_dir(place.root.join("nothing")).unwrap();
    fs::write(place.root.join("nothing/.git"), format!("gitdir: {}/nothing\n", place.outside.display()))
        .unwrap();
    assert!(matches!(place.discover("nothing"), Err(GitError::Outside)));
}

#[test]
fn a_clone_shares_objects_inside_the_roots_only() {
    let place = Place::new();
    let hard = place.root.join("hard");
    let shared = place.root.join("shared");
    place.git(&["clone", "-q", ".", hard.to_str().unwrap()]);
    place.git(&["clone", "-q", "--shared", ".", shared.to_str().unwrap()]);
    for clone in ["hard", "shared"] {
        fs::write(place.root.join(clone).join("a.rs"), "// other\n").unwrap();
        assert_eq!(place.changes_in(clone).unwrap().0, changes(&["a.rs"], &[], &[]), "{clone}");
    }
    let alternates = shared.join(".git/objects/info/alternates");
    let moved = place.outside.join("main");
    fs::rename(&place.main, &moved).unwrap();
    fs::write(&alternates, format!("{}\n", moved.join(".git/objects").display())).unwrap();
    assert!(matches!(place.changes_in("shared"), Err(GitError::Outside)));
    fs::write(&alternates, "../../../shared/.git/objects\n../../../hard/.git/objects\n").unwrap();
    fs::create_dir_all(hard.join(".git/objects/info")).unwrap();
    fs::write(hard.join(".git/objects/info/alternates"), "../../../shared/.git/objects\n").unwrap();
    assert_eq!(place.changes_in("shared").unwrap().0, changes(&["a.rs"], &[], &[]), "a loop ends");
}

#[test]
fn newer_formats_are_named() {
    let place = Place::empty(&["--object-format=sha256"]);
    place.write("a.rs", "");
    place.commit("first");
    let refused = |place: &Place, what: &str| {
        let error = place.repository().head().unwrap_err();
        assert!(matches!(error, GitError::Unsupported { .. }) && error.to_string().contains(what), "{error}");
    };
    refused(&place, "SHA-256");
    // What git writes for programs that do not know the format; not every git of today can make one.
    fs::write(place.main.join(".git/HEAD"), "ref: refs/heads/.invalid\n").unwrap();
    refused(&place, "reftable");
}
