//! Versions and ranges of them, as package managers write both: `>=1.2 <2`, `^1.4`, `~1.4`, `1.x`.

use std::cmp::Ordering;

/// Parts of a version, and terms of a range, at most.
const MOST: usize = 16;

/// A version: numbers, and what stands before the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    numbers: Vec<u64>,
    before: Vec<Part>,
}

/// A part of what stands before a release; numbers come before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Version {
    /// Reads a version; none where the text is something else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V', '=']).unwrap_or(text);
        let text = text.split('+').next()?;
        let (numbers, before) =
            text.split_once('-').map_or((text, None), |(left, right)| (left, Some(right)));
        let numbers = numbers.split('.').map(number).collect::<Option<Vec<u64>>>()?;
        let part = |text: &str| match (text.is_empty(), number(text)) {
            (true, _) => None,
            (false, Some(number)) => Some(Part::Number(number)),
            (false, None) => Some(Part::Word(text.to_owned())),
        };
        let before =
            before.into_iter().flat_map(|text| text.split('.')).map(part).collect::<Option<Vec<_>>>()?;
        (numbers.len() <= MOST && before.len() <= MOST).then_some(Self { numbers, before })
    }

    fn released(numbers: Vec<u64>) -> Self {
        Self { numbers, before: Vec::new() }
    }

    /// Returns the first version behind all that begin with the first `parts` numbers of this one.
    fn next(&self, parts: usize) -> Self {
        let mut numbers: Vec<u64> = self.numbers.iter().copied().take(parts.max(1)).collect();
        if let Some(last) = numbers.last_mut() {
            *last = last.saturating_add(1);
        }
        Self::released(numbers)
    }

    fn by_numbers(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let at = |version: &Self, index: usize| version.numbers.get(index).copied().unwrap_or(0);
        (0..length)
            .map(|index| at(self, index).cmp(&at(other, index)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn order(&self, other: &Self) -> Ordering {
        let released = self.before.is_empty().cmp(&other.before.is_empty());
        self.by_numbers(other).then(released).then_with(|| self.before.cmp(&other.before))
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// One side of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bound {
    Least(Version),
    Above(Version),
    Most(Version),
    Below(Version),
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        match self {
            Self::Least(bound) => version.order(bound).is_ge(),
            Self::Above(bound) => version.order(bound).is_gt(),
            Self::Most(bound) => version.order(bound).is_le(),
            // What comes before 2.0 is not below 2: who says so means the last of 1.
            Self::Below(bound) if bound.before.is_empty() => version.by_numbers(bound).is_lt(),
            Self::Below(bound) => version.order(bound).is_lt(),
        }
    }
}

/// A range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range(Vec<Bound>);

impl Range {
    /// Reads a range; none for a text that is something else, a plain version among it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut bounds = Vec::new();
        let mut terms = text.split([' ', ',']).filter(|term| !term.is_empty());
        while let Some(term) = terms.next() {
            if bounds.len() > MOST {
                return None;
            }
            let rest = term.trim_start_matches(['<', '>', '=', '^', '~']);
            let sign = &term[..term.len() - rest.len()];
            // A sign may stand apart from its version.
            let version = if rest.is_empty() { terms.next()? } else { rest };
            bounds.extend(self::bounds(sign, version)?);
        }
        (!bounds.is_empty()).then_some(Self(bounds))
    }

    /// Answers whether a version is inside.
    pub(super) fn holds(&self, version: &Version) -> bool {
        self.0.iter().all(|bound| bound.holds(version))
    }
}

/// Returns what a sign and a version mean. A version of fewer than three numbers stands for all that begin with them.
fn bounds(sign: &str, text: &str) -> Option<Vec<Bound>> {
    let (text, open) = match text.rsplit_once('.') {
        Some((front, "x" | "X")) => (front, true),
        Some(_) | None => (text, false),
    };
    let version = Version::read(text)?;
    let said = version.numbers.len();
    let partial = open || said < 3;
    let within = |parts: usize| {
        let end = version.next(parts);
        Some(vec![Bound::Least(version.clone()), Bound::Below(end)])
    };
    match sign {
        "" | "=" if open => within(said),
        "=" if partial => within(said),
        "=" => Some(vec![Bound::Least(version.clone()), Bound::Most(version)]),
        "^" => {
            let leading =
                version.numbers.iter().position(|number| *number > 0).map_or(said, |zeros| zeros + 1);
            within(leading)
        }
        "~" => within(said.min(2)),
        ">=" => Some(vec![Bound::Least(version)]),
        ">" if partial => Some(vec![Bound::Least(version.next(said))]),
        ">" => Some(vec![Bound::Above(version)]),
        "<=" if partial => Some(vec![Bound::Below(version.next(said))]),
        "<=" => Some(vec![Bound::Most(version)]),
        "<" => Some(vec![Bound::Below(version)]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(range: &str, version: &str) -> bool {
        Range::read(range).unwrap().holds(&Version::read(version).unwrap())
    }

    #[test]
    fn ranges_hold_what_package_managers_hold() {
        for (range, inside, outside) in [
            (">=1.2 <2", ["1.2", "1.2.0", "1.99.9"], ["1.1.9", "2.0.0", "2.0.0-beta"]),
            (">= 1.2, < 2", ["1.2", "1.3", "1.9"], ["1.1", "2", "3"]),
            ("^1.4", ["1.4.0", "1.9", "v1.4.7"], ["1.3.9", "2.0.0", "2.0.0-rc.1"]),
            ("^0.4.1", ["0.4.1", "0.4.9", "0.4.2"], ["0.5.0", "0.4.0", "1.0"]),
            ("~1.4", ["1.4", "1.4.9", "1.4.0"], ["1.5.0", "1.3", "2"]),
            ("~1.4.2", ["1.4.2", "1.4.9", "1.4.3"], ["1.5.0", "1.4.1", "2"]),
            ("1.x", ["1", "1.0.1", "1.99"], ["2.0", "0.9", "10"]),
            ("18.2.x", ["18.2", "18.2.7", "18.2.0"], ["18.3", "18.1", "1.18.2"]),
            (">1.2", ["1.3", "1.3.0", "2"], ["1.2", "1.2.9", "1"]),
            ("<=1.2", ["1.2.9", "1.2", "0.1"], ["1.3", "2", "1.3.0"]),
            (">1.2.3", ["1.2.4", "1.3", "2"], ["1.2.3", "1.2.3-rc", "1.2"]),
            ("<=1.2.3", ["1.2.3", "1.2.3-rc", "1"], ["1.2.4", "1.3", "2"]),
            ("=1.2", ["1.2", "1.2.7", "1.2.0"], ["1.3", "1.1", "2"]),
            ("=1.2.3", ["1.2.3", "1.2.3+build", "v1.2.3"], ["1.2.4", "1.2", "1.2.3-a"]),
            (
                "<2.0.0-beta.2",
                ["2.0.0-beta.1", "2.0.0-alpha", "1.9"],
                ["2.0.0-beta.2", "2.0.0-beta.11", "2.0.0"],
            ),
        ] {
            assert!(inside.iter().all(|version| holds(range, version)), "{range} {inside:?}");
            assert!(!outside.iter().any(|version| holds(range, version)), "{range} {outside:?}");
        }
    }

    #[test]
    fn other_texts_are_neither() {
        for text in
            ["", " ", "1.2", "v1.2.3", "latest", ">", "> <", "x", "x.1", "=>1", ">=1 latest", "^", "1.x.2"]
        {
            assert_eq!(Range::read(text), None, "{text}");
        }
        for text in ["", "1.", ".1", "1.a", "one", "1.2-", "99999999999999999999", "^1"] {
            assert_eq!(Version::read(text), None, "{text}");
        }
        assert_eq!(Range::read(&">1 ".repeat(100)), None);
    }

    proptest! {
        #[test]
        fn a_caret_holds_its_own_version(major in 0_u64..50, minor in 0_u64..50, patch in 0_u64..50) {
            let version = format!("{major}.{minor}.{patch}");
            let (caret, tilde, next) = (format!("^{version}"), format!("~{version}"), (major + 1).to_string());
            prop_assert!(holds(&caret, &version) && holds(&tilde, &version) && !holds(&caret, &next));
        }

        #[test]
        fn any_text_is_read_without_a_fall(text in ".{0,64}") {
            let _ = (Range::read(&text), Version::read(&text));
        }
    }
}
