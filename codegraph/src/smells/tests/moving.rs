//! Names of smells: the same from run to run, wherever the code has moved within its file.

use proptest::prelude::*;

use super::{LIMITS, SUM, graph};
use crate::smells::SmellKind;

/// Returns what is found, by kind and name.
fn named(files: &[(&str, &str)]) -> Vec<(SmellKind, String)> {
    let mut found: Vec<_> = graph(files)
        .smells(&LIMITS, &SmellKind::ALL)
        .found
        .into_iter()
        .map(|one| (one.kind, one.key))
        .collect();
    found.sort();
    found
}

/// Returns two files in which most kinds of smells are.
fn files(above: &str, between: &str) -> [(&'static str, String); 2] {
    let gone = "def _gone(a, b, c, d):\n    pass\n";
    [
        ("a.py", format!("{above}import b\n\n{SUM}\n{between}{gone}")),
        ("b.py", format!("{between}import a\n\n{}{above}", SUM.replace("total", "other"))),
    ]
}

#[test]
fn code_that_moves_a_hundred_lines_is_the_same() {
    let (before, after) = (files("", ""), files(&"# a line\n".repeat(100), &"\n".repeat(30)));
    let as_text = |files: &[(&'static str, String); 2]| {
        named(&files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>())
    };
    assert_eq!(as_text(&before), as_text(&after));
    assert!(as_text(&before).len() >= 6, "{:?}", as_text(&before));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever stands between, and in whichever order files come, the same is found.
    #[test]
    fn order_and_distance_change_nothing(above in 0_usize..40, between in 0_usize..40, turned: bool) {
        let moved = files(&"# x\n".repeat(above), &"\n".repeat(between));
        let mut moved: Vec<(&str, &str)> = moved.iter().map(|(path, text)| (*path, text.as_str())).collect();
        if turned {
            moved.reverse();
        }
        let still = files("", "");
        let still: Vec<(&str, &str)> = still.iter().map(|(path, text)| (*path, text.as_str())).collect();
        prop_assert_eq!(named(&moved), named(&still));
    }
}
