//! How often files changed, held against what git itself counts.
#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, fs, time::Duration};

use super::Place;
use crate::git::{Ended, GitError, History, Window};

const ALL: Window = Window { commits: 1_000, since: 0, patience: Duration::from_secs(60) };

fn history(place: &Place, path: &str, window: Window) -> Result<History, GitError> {
    place.discover(path)?.unwrap().history(window, &|path| path.ends_with(".rs"))
}

/// Returns what `git log` counts, merges left out.
fn counted(place: &Place, more: &[&str]) -> HashMap<String, u32> {
    let log =
        place.git(&[&["log", "--no-merges", "--no-renames", "--name-only", "--format="], more].concat());
    let mut counts = HashMap::new();
    for path in log.lines().filter(|path| path.ends_with(".rs")) {
        *counts.entry(path.to_owned()).or_default() += 1;
    }
    counts
}

/// A repository with edits, removals, moves and a merge.
fn busy() -> Place {
    let place = Place::new();
    for round in 0..5 {
        place.write("a.rs", &format!("// {round}\n"));
        if round % 2 == 0 {
            place.write("src/deep/er/x.rs", &format!("// {round}\n"));
        }
        place.commit("edit");
    }
    place.git(&["checkout", "-q", "-b", "side", "HEAD~2"]);
    place.write("side.rs", "// side\n");
    place.commit("side");
    place.git(&["mv", "b.rs", "src/moved.rs"]);
    place.commit("move");
    place.git(&["checkout", "-q", "trunk"]);
    place.remove("src/lib.rs");
    place.commit("remove");
    place.git(&["merge", "-q", "--no-edit", "side"]);
    place
}

#[test]
fn files_are_counted_as_git_counts_them() {
    let place = busy();
    let found = history(&place, "main", ALL).unwrap();
    assert_eq!(found.changes, counted(&place, &[]));
    assert_eq!(found.changes["a.rs"], 6);
    let commits: usize = place.git(&["rev-list", "--count", "HEAD"]).parse().unwrap();
    assert_eq!((found.commits, found.ended), (commits, Ended::Beginning));
    place.git(&["gc", "-q", "--aggressive", "--prune=now"]);
    assert_eq!(history(&place, "main", ALL).unwrap().changes, found.changes, "packed, too");
}

#[test]
fn a_folder_has_its_own_history() {
    let place = busy();
    let within = history(&place, "main/src", ALL).unwrap().changes;
    let whole = counted(&place, &[]);
    let below =
        whole.into_iter().filter_map(|(path, count)| Some((path.strip_prefix("src/")?.to_owned(), count)));
    assert_eq!(within, below.collect());
}

#[test]
fn a_walk_ends_where_it_is_told_and_says_why() {
    let place = busy();
    let few = history(&place, "main", Window { commits: 3, ..ALL }).unwrap();
    assert_eq!((few.commits, few.ended), (3, Ended::Commits));
    let never = history(&place, "main", Window { since: i64::MAX, ..ALL }).unwrap();
    assert_eq!((never.commits, never.ended, never.changes.len()), (0, Ended::Window, 0));
    let late = history(&place, "main", Window { patience: Duration::ZERO, ..ALL }).unwrap();
    assert_eq!(late.ended, Ended::Time);
    place.write("a.rs", "// old\n");
    place.git(&["add", "-A"]);
    place.git(&["commit", "-q", "-m", "new", "--date", "2001-01-01T00:00:00Z"]);
    assert!(
        history(&place, "main", ALL).unwrap().oldest.unwrap() > 1_600_000_000,
        "the committer's clock counts"
    );
}

#[test]
fn before_the_first_commit_nothing_changed() {
    let place = Place::empty(&[]);
    let none = history(&place, "main", ALL).unwrap();
    assert_eq!((none.commits, none.ended, none.oldest), (0, Ended::Beginning, None));
}

#[test]
fn a_shallow_clone_says_that_there_was_more() {
    let place = busy();
    let url = format!("file://{}", place.main.display());
    place.git_in(&place.root, &["clone", "-q", "--depth", "2", &url, "shallow"]);
    let found = history(&place, "shallow", ALL).unwrap();
    assert_eq!(found.ended, Ended::Shallow);
    assert!(found.commits >= 2, "{found:?}");
    assert!(!found.changes.contains_key("readme.md"));
    let whole = history(&place, "main", ALL).unwrap();
    assert!(found.changes.iter().all(|(path, count)| whole.changes[path] >= *count), "nothing is made up");
}

#[test]
fn what_is_missing_ends_it_and_what_was_counted_stays() {
    let place = busy();
    let old = place.git(&["rev-parse", "HEAD~3"]);
    fs::remove_file(place.main.join(".git/objects").join(&old[..2]).join(&old[2..])).unwrap();
    let found = history(&place, "main", ALL).unwrap();
    assert_eq!(found.ended, Ended::Missing);
    assert!(found.commits > 0 && !found.changes.is_empty(), "{found:?}");
    let head = place.git(&["rev-parse", "HEAD"]);
    fs::remove_file(place.main.join(".git/objects").join(&head[..2]).join(&head[2..])).unwrap();
    assert!(history(&place, "main", ALL).is_err(), "without a first commit there is nothing to tell");
}
