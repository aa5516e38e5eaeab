//! What a walk finds and what it leaves out.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::fs;
use std::ops::ControlFlow;

use rustix::fs::{Mode, OFlags};

use super::{LIMITS, Place, fifo, is_rust, link, paths};
use crate::tree::{Cut, Limits, Skipped, Why};

#[test]
fn finds_wanted_files_in_order() {
    let place =
        Place::with(&[("b.rs", "bb"), ("a/z.rs", ""), ("a/b/c.rs", ""), ("a/readme.md", ""), ("a.rs", "")]);
    let walk = place.walk();
    assert_eq!(paths(&walk), ["a.rs", "a/b/c.rs", "a/z.rs", "b.rs"]);
    assert_eq!(
        walk.directories.iter().map(|found| found.path.as_str()).collect::<Vec<_>>(),
        ["", "a", "a/b"]
    );
    assert_eq!((walk.skipped, walk.skipped_more, walk.cut), (vec![], 0, None));
    let root = place.open();
    for found in walk.files.iter().chain(&walk.directories) {
        assert_eq!(root.stamp(&found.path).unwrap(), Some(found.stamp), "{}", found.path);
    }
}

#[test]
fn honours_patterns_of_every_level() {
    let place = Place::with(&[
        (
            ".gitignore",
            "*.gen.rs\n/only_root.rs\nbuild/\ndocs/**/draft.rs\n# comment\n\n\\#odd.rs\nvendor/*\n!vendor/keep\n",
        ),
        ("a.gen.rs", ""),
        ("only_root.rs", ""),
        ("a/only_root.rs", ""),
        ("build/x.rs", ""),
        ("a/build/x.rs", ""),
        ("a/b/build.rs", ""),
        ("docs/a/b/draft.rs", ""),
        ("#odd.rs", ""),
        ("a/.gitignore", "!keep.gen.rs\nlocal.rs\n"),
        ("a/keep.gen.rs", ""),
        ("a/lose.gen.rs", ""),
        ("a/local.rs", ""),
        ("local.rs", ""),
        ("vendor/keep/x.rs", ""),
        ("vendor/other/x.rs", ""),
        ("c/.ignore", "hidden_by_ignore.rs\n!seen.gen.rs\n"),
        ("c/hidden_by_ignore.rs", ""),
        ("c/d/seen.gen.rs", ""),
    ]);
    assert_eq!(
        paths(&place.walk()),
        [
            "a/b/build.rs",
            "a/keep.gen.rs",
            "a/only_root.rs",
            "c/d/seen.gen.rs",
            "local.rs",
            "vendor/keep/x.rs"
        ],
    );
}

#[test]
fn patterns_are_read_through_the_jail_and_bounded() {
    let place = Place::with(&[("a/x.rs", ""), ("b/x.rs", ""), ("c/x.rs", ""), ("d/x.rs", "")]);
    fs::write(place.outside.join("rules"), "*.rs\n").unwrap();
    link(place.outside.join("rules"), place.root.join("a/.gitignore"));
    fifo(&place.root.join("b/.gitignore"));
    fs::write(place.root.join("c/.gitignore"), vec![b'\n'; 1024 * 1024 + 1]).unwrap();
    fs::write(place.root.join("d/.gitignore"), "*.rs\n".repeat(5_001)).unwrap();
    let walk = place.walk();
    assert_eq!(paths(&walk), ["a/x.rs", "b/x.rs", "c/x.rs", "d/x.rs"]);
    let why: Vec<_> = walk.skipped.iter().map(|skipped| (skipped.path.as_str(), &skipped.why)).collect();
    assert_eq!(
        why,
        [
            ("a/.gitignore", &Why::NotAFile),
            ("b/.gitignore", &Why::NotAFile),
            ("c/.gitignore", &Why::TooLarge { bytes: 1024 * 1024 + 1 }),
            ("d/.gitignore", &Why::Unreadable("its patterns are too long or too many".into())),
        ],
    );
}

#[test]
fn leaves_out_what_is_no_source_of_the_project() {
    let place = Place::with(&[
        (".hidden.rs", ""),
        (".git/a.rs", ""),
        (".config/a.rs", ""),
        ("node_modules/a/b.rs", ""),
        ("pkg/node_modules/b.rs", ""),
        ("__pycache__/a.rs", ""),
        ("venv/pyvenv.cfg", ""),
        ("venv/lib/a.rs", ""),
        ("target/CACHEDIR.TAG", ""),
        ("target/debug/a.rs", ""),
        ("src/target/a.rs", ""),
        ("nested/.git/HEAD", ""),
        ("nested/a.rs", ""),
    ]);
    let walk = place.walk();
    assert_eq!(paths(&walk), ["nested/a.rs", "src/target/a.rs"]);
    assert!(walk.directories.iter().all(|found| found.path != "target" && found.path != "venv"));
    // The tree that was asked for is walked whatever it is.
    let target = place.jail().open(&place.root.join("target")).unwrap();
    let walk = target.walk(&LIMITS, &is_rust, &|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(paths(&walk), ["debug/a.rs"]);
}

#[test]
fn says_what_it_skipped() {
    let place = Place::with(&[("big.rs", "12345"), ("ok.rs", "1234")]);
    link(place.outside.join("secret.rs"), place.root.join("link.rs"));
    link(&place.outside, place.root.join("folder"));
    link(&place.outside, place.root.join("folder.rs"));
    link("loop.rs", place.root.join("loop.rs"));
    fs::hard_link(place.outside.join("secret.rs"), place.root.join("hard.rs")).unwrap();
    fifo(&place.root.join("pipe.rs"));
    fifo(&place.root.join("pipe"));
    let walk = place.walk_within(&Limits { file_bytes: 4, ..LIMITS });
    assert_eq!(paths(&walk), ["ok.rs"]);
    let mut skipped = walk.skipped;
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    let skip = |path: &str, why| Skipped { path: path.to_owned(), why };
    assert_eq!(
        skipped,
        [
            skip("big.rs", Why::TooLarge { bytes: 5 }),
            skip("folder.rs", Why::Link),
            skip("hard.rs", Why::HardLink),
            skip("link.rs", Why::Link),
            skip("loop.rs", Why::Link),
            skip("pipe.rs", Why::NotAFile),
        ],
    );
    let text = serde_json::to_string(&skipped[0]).unwrap();
    assert_eq!(text, r#"{"path":"big.rs","why":{"too_large":{"bytes":5}}}"#);
}

// The file systems of macOS take no such names.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_skipped() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::with(&[("ok.rs", "")]);
    fs::write(place.root.join(OsStr::from_bytes(b"bad\xff.rs")), "").unwrap();
    fs::write(place.root.join(OsStr::from_bytes(b"bad\xff.md")), "").unwrap();
    fs::create_dir(place.root.join(OsStr::from_bytes(b"dir\xff"))).unwrap();
    let walk = place.walk();
    assert_eq!(paths(&walk), ["ok.rs"]);
    let mut skipped = walk.skipped;
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    let skip = |path: &str| Skipped { path: path.to_owned(), why: Why::NotUtf8 };
    assert_eq!(skipped, [skip("bad\u{fffd}.rs"), skip("dir\u{fffd}")]);
}

#[test]
fn counts_what_it_does_not_list() {
    let place = Place::new();
    for number in 0..1_005 {
        link("nowhere", place.root.join(format!("{number}.rs")));
    }
    let walk = place.walk();
    assert_eq!((walk.skipped.len(), walk.skipped_more), (1_000, 5));
}

#[test]
fn stays_within_its_limits() {
    let place = Place::with(&[
        ("a.rs", "12345"),
        ("b.rs", "12345"),
        ("c.rs", "12345"),
        ("d/e.rs", ""),
        ("d/f/g.rs", ""),
    ]);
    let cut = |limits: Limits| {
        let walk = place.walk_within(&limits);
        (paths(&walk).join(" "), walk.cut)
    };
    assert_eq!(cut(Limits { files: 2, ..LIMITS }), ("a.rs b.rs".into(), Some(Cut::Files)));
    assert_eq!(cut(Limits { files: 0, ..LIMITS }), (String::new(), Some(Cut::Files)));
    assert_eq!(cut(Limits { total_bytes: 10, ..LIMITS }), ("a.rs b.rs".into(), Some(Cut::Bytes)));
    assert_eq!(cut(Limits { files: 5, total_bytes: 15, ..LIMITS }).1, None);
    let walk = place.walk_within(&Limits { depth: 1, ..LIMITS });
    assert_eq!(paths(&walk), ["a.rs", "b.rs", "c.rs", "d/e.rs"]);
    assert_eq!(walk.skipped, [Skipped { path: "d/f".into(), why: Why::TooDeep }]);
}

#[test]
fn stops_when_asked() {
    let place = Place::new();
    for number in 0..2_000 {
        place.write(&format!("{number:04}.rs"), "");
    }
    let asked = Cell::new(0);
    let stop_at = |most: usize| {
        asked.set(0);
        let watch = |files: usize| {
            asked.set(asked.get() + 1);
            if files >= most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        place.open().walk(&LIMITS, &is_rust, &watch).unwrap()
    };
    let walk = stop_at(1_000);
    assert_eq!(walk.cut, Some(Cut::Stopped));
    assert!((1_000..1_300).contains(&walk.files.len()), "{}", walk.files.len());
    assert_eq!(stop_at(0).files, []);
    assert_eq!(asked.get(), 1);
    assert_eq!(stop_at(usize::MAX).cut, None);
    assert!(asked.get() >= 4_000 / 256, "{}", asked.get());
}

#[test]
fn a_directory_shows_that_something_came_or_went() {
    let place = Place::with(&[("a/x.rs", ""), ("b/x.rs", "")]);
    let walk = place.walk();
    place.write("a/y.rs", "");
    let now = |path: &str| place.open().stamp(path).unwrap();
    let then = |path: &str| walk.directories.iter().find(|found| found.path == path).map(|found| found.stamp);
    assert_ne!(now("a"), then("a"));
    assert_eq!(now("b"), then("b"));
    fs::remove_dir_all(place.root.join("b")).unwrap();
    assert_eq!(now("b"), None);
    assert_ne!(now(""), then(""));
}

#[test]
fn a_very_deep_tree_ends_at_the_limit() {
    let place = Place::with(&[("top.rs", "")]);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut directory = rustix::fs::open(&place.root, flags, Mode::empty()).unwrap();
    for _ in 0..5_000 {
        rustix::fs::mkdirat(&directory, "d", Mode::RWXU).unwrap();
        directory = rustix::fs::openat(&directory, "d", flags, Mode::empty()).unwrap();
    }
    for (depth, reached) in [(64, 64), (1_000_000, 200)] {
        let walk = place.walk_within(&Limits { depth, ..LIMITS });
        assert_eq!(paths(&walk), ["top.rs"]);
        assert_eq!(walk.directories.len(), reached + 1);
        assert_eq!(walk.skipped.len(), 1);
        assert_eq!(walk.skipped[0].why, Why::TooDeep);
    }
    // Deeper than the standard library removes with the descriptors it may have.
    let removed = std::process::Command::new("rm").arg("-rf").arg(place.root.join("d")).status().unwrap();
    assert!(removed.success());
}

/// Prints how long a walk over 200,000 files takes: `cargo test --release -- --ignored --nocapture two_hundred`.
#[test]
#[ignore = "measures"]
#[allow(clippy::print_stderr)]
fn two_hundred_thousand_files() {
    let place = Place::new();
    for folder in 0..2_000 {
        for file in 0..100 {
            place.write(&format!("{}/{folder}/{file}.rs", folder % 20), "fn main() {}");
        }
    }
    place.write(".gitignore", "*.log\nbuild/\n/out\n");
    let limits = Limits { files: 1_000_000, ..LIMITS };
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        let walk = place.walk_within(&limits);
        eprintln!("{} files in {:?}", walk.files.len(), begun.elapsed());
    }
    let root = place.open();
    let walk = place.walk_within(&limits);
    let begun = std::time::Instant::now();
    for file in &walk.files {
        root.stamp(&file.path).unwrap();
    }
    eprintln!("their stamps, one by one, in {:?}", begun.elapsed());
}
