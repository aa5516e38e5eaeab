//! What differs, in every form in which git keeps what it compares with.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::{Place, changes};

/// Sets the time of a file back, so that the index no longer doubts it.
fn age(place: &Place, path: &str) {
    let file = File::options().write(true).open(place.main.join(path)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap();
}

/// Changes the usual files in the usual way.
fn edit(place: &Place) {
    place.write("a.rs", "// other\n");
    place.write("readme.md", "other");
    place.write("src/new.rs", "// new\n");
    place.remove("src/deep/er/x.rs");
    place.remove("src/lib.rs");
    place.write("src/lib.rs", "// src/lib.rs\n");
}

#[test]
fn a_fresh_commit_has_no_changes() {
    assert_eq!(Place::new().changes(), changes(&[], &[], &[]));
}

#[test]
fn finds_what_differs() {
    let place = Place::new();
    edit(&place);
    assert_eq!(place.changes(), changes(&["a.rs"], &["src/new.rs"], &["src/deep/er/x.rs"]));
}

#[test]
fn what_is_staged_is_still_a_change() {
    let place = Place::new();
    edit(&place);
    place.git(&["add", "-A"]);
    assert_eq!(place.changes(), changes(&["a.rs"], &["src/new.rs"], &["src/deep/er/x.rs"]));
    // Staged one way and back on disk: as in HEAD.
    place.write("a.rs", "// a.rs\n");
    assert_eq!(place.changes(), changes(&[], &["src/new.rs"], &["src/deep/er/x.rs"]));
    place.git(&["rm", "-q", "--cached", "b.rs"]);
    assert_eq!(place.changes(), changes(&[], &["src/new.rs"], &["src/deep/er/x.rs"]));
}

#[test]
fn before_the_first_commit_everything_is_untracked() {
    let place = Place::empty(&[]);
    place.write("a.rs", "");
    place.git(&["add", "-A"]);
    assert_eq!(place.changes(), changes(&[], &["a.rs"], &[]));
}

#[test]
fn a_folder_of_the_worktree_is_compared_with_its_own_part() {
    let place = Place::new();
    edit(&place);
    let in_folder = place.changes_in("main/src").unwrap().0;
    assert_eq!(in_folder, changes(&[], &["new.rs"], &["deep/er/x.rs"]));
    place.write("other/y.rs", "");
    assert_eq!(place.changes_in("main/other").unwrap().0, changes(&[], &["y.rs"], &[]));
}

#[test]
fn the_index_spares_reading_and_is_not_believed_blindly() {
    let place = Place::new();
    for path in ["a.rs", "b.rs", "src/lib.rs", "src/deep/er/x.rs"] {
        age(&place, path);
    }
    assert_eq!(place.changes_in("main").unwrap(), (changes(&[], &[], &[]), 4));
    for version in ["2", "3", "4"] {
        place.git(&["update-index", "--index-version", version, "--really-refresh"]);
        assert_eq!(place.changes_in("main").unwrap(), (changes(&[], &[], &[]), 0), "version {version}");
    }
    // Of the same size.
    place.write("a.rs", "// A.rs\n");
    assert_eq!(place.changes_in("main").unwrap(), (changes(&["a.rs"], &[], &[]), 1));
    fs::write(place.main.join(".git/index"), "DIRC damaged").unwrap();
    assert_eq!(place.changes_in("main").unwrap(), (changes(&["a.rs"], &[], &[]), 4));
    place.remove(".git/index");
    assert_eq!(place.changes_in("main").unwrap(), (changes(&["a.rs"], &[], &[]), 4));
}

#[test]
fn a_file_changed_with_the_index_is_read() {
    let place = Place::new();
    let index = fs::metadata(place.main.join(".git/index")).unwrap().modified().unwrap();
    let touch = |path: &str| {
        let file = File::options().write(true).open(place.main.join(path)).unwrap();
        file.set_modified(index).unwrap();
    };
    touch("a.rs");
    place.git(&["update-index", "--really-refresh"]);
    place.write("a.rs", "// A.rs\n");
    touch("a.rs");
    let file = File::options().write(true).open(place.main.join(".git/index")).unwrap();
    file.set_modified(index).unwrap();
    assert_eq!(place.changes(), changes(&["a.rs"], &[], &[]));
}

#[test]
fn reads_packs_with_deltas() {
    let place = Place::new();
    for round in 0..40 {
        for file in 0..60 {
            place.write(
                &format!("many/{file}.rs"),
                &format!("// {}\n", if file == round { round } else { 0 }),
            );
        }
        place.commit("more");
    }
    let loose = place.changes();
    place.git(&["-c", "pack.writeReverseIndex=true", "gc", "-q", "--aggressive", "--prune=now"]);
    assert!(!place.main.join(".git/refs/heads/trunk").exists(), "gc packs references");
    let pack = fs::read_dir(place.main.join(".git/objects/pack")).unwrap().count();
    assert!(pack >= 2, "gc packs objects");
    assert_eq!(place.changes(), loose);
    // From every commit: trees that are kept as deltas of other trees.
    for commit in place.git(&["rev-list", "HEAD"]).lines().map(str::to_owned).collect::<Vec<_>>() {
        place.git(&["checkout", "-q", &commit]);
        assert_eq!(place.changes(), changes(&[], &[], &[]), "{commit}");
    }
    place.git(&["checkout", "-q", "trunk"]);
    edit(&place);
    assert_eq!(place.changes(), changes(&["a.rs"], &["src/new.rs"], &["src/deep/er/x.rs"]));
    place.git(&["multi-pack-index", "write"]);
    place.git(&["repack", "-q", "-a", "-d", "-f", "--no-write-bitmap-index"]);
    assert_eq!(place.changes(), changes(&["a.rs"], &["src/new.rs"], &["src/deep/er/x.rs"]));
}

#[test]
fn what_a_walk_leaves_out_is_not_deleted() {
    let place = Place::new();
    place.write(".hidden/a.rs", "");
    place.write("ignored/a.rs", "");
    place.commit("more");
    place.write(".gitignore", "ignored/\n");
    assert_eq!(place.changes(), changes(&[], &[], &[]));
    place.remove("ignored/a.rs");
    assert_eq!(place.changes(), changes(&[], &[], &["ignored/a.rs"]));
}

#[test]
fn files_of_a_submodule_are_its_own() {
    let place = Place::new();
    let library = place.root.join("library");
    fs::create_dir(&library).unwrap();
    place.git_in(&library, &["init", "-q", "-b", "trunk"]);
    fs::write(library.join("l.rs"), "").unwrap();
    place.git_in(&library, &["add", "-A"]);
    place.git_in(&library, &["commit", "-q", "-m", "first"]);
    place.git(&["submodule", "--quiet", "add", library.to_str().unwrap(), "vendor/library"]);
    place.commit("with a library");
    place.write("vendor/mine.rs", "");
    assert_eq!(place.changes(), changes(&[], &["vendor/mine.rs"], &[]));
    place.write("vendor/library/l.rs", "// other");
    assert_eq!(place.changes_in("main/vendor/library").unwrap().0, changes(&["l.rs"], &[], &[]));
}

#[test]
fn a_conflict_is_a_change() {
    let place = Place::new();
    place.git(&["checkout", "-q", "-b", "side"]);
    place.write("a.rs", "// side\n");
    place.commit("side");
    place.git(&["checkout", "-q", "trunk"]);
    place.write("a.rs", "// trunk\n");
    place.commit("trunk");
    let merge = place.run(&place.main, &["merge", "-q", "side"]);
    assert!(!merge.status.success(), "the merge conflicts");
    assert_eq!(place.changes(), changes(&["a.rs"], &[], &[]));
}
