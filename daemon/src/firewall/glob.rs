//! Wildcards: `*` for any characters, `?` for one. All ways to match are followed at once, a bit for each place in the
//! pattern, so that no pattern makes a text of a length cost more than any other.

/// Longest text with wildcards, in characters besides `*`: one bit each, and one for the end.
pub(super) const LONGEST: usize = WORDS * 64 - 1;

const WORDS: usize = 4;

/// Longest text that wildcards are held against, in bytes: thousands of patterns are compared with each parameter.
const HELD_AGAINST: usize = 2_048;

/// One bit for each place in a pattern.
type Places = [u64; WORDS];

/// A text with wildcards, made ready; upper and lower case are alike.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    /// Where each character of the pattern stands, with the places of `?`; sorted.
    letters: Vec<(char, Places)>,
    /// Where `?` stands.
    any: Places,
    /// Where `*` stands: a place that is not left.
    stars: Places,
    /// The place behind everything.
    end: usize,
}

impl Glob {
    /// Answers whether a text has wildcards.
    pub(super) fn is_wild(text: &str) -> bool {
        text.contains(['*', '?'])
    }

    /// Makes a text with wildcards ready; none for one that is too long.
    pub(super) fn new(text: &str) -> Option<Self> {
        let (mut any, mut stars, mut end) = (Places::default(), Places::default(), 0);
        let mut standing: Vec<(char, usize)> = Vec::new();
        for letter in text.to_lowercase().chars() {
            if letter == '*' {
                set(&mut stars, end);
                continue;
            }
            end += 1;
            if end > LONGEST {
                return None;
            }
            if letter == '?' {
                set(&mut any, end);
            } else {
                standing.push((letter, end));
            }
        }
        standing.sort_unstable();
        let letters = standing
            .chunk_by(|left, right| left.0 == right.0)
            .map(|same| {
                let mut places = any;
                same.iter().for_each(|(_, place)| set(&mut places, *place));
                (same[0].0, places)
            })
            .collect();
        Some(Self { letters, any, stars, end })
    }

    /// Answers whether the whole text matches; one that is too long does not.
    pub(super) fn matches(&self, text: &str) -> bool {
        if text.len() > HELD_AGAINST {
            return false;
        }
        let mut reached = Places::default();
        set(&mut reached, 0);
        for letter in text.chars().flat_map(char::to_lowercase) {
            let found = self.letters.binary_search_by_key(&letter, |(known, _)| *known);
            let allowed = found.map_or(&self.any, |index| &self.letters[index].1);
            let mut carry = 0;
            let mut living = 0;
            for word in 0..WORDS {
                let now = reached[word];
                reached[word] = ((now << 1 | carry) & allowed[word]) | (now & self.stars[word]);
                carry = now >> 63;
                living |= reached[word];
            }
            if living == 0 {
                return false;
            }
        }
        reached[self.end / 64] >> (self.end % 64) & 1 == 1
    }
}

fn set(places: &mut Places, place: usize) {
    places[place / 64] |= 1 << (place % 64);
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).unwrap().matches(text)
    }

    /// The definition, by recursion.
    fn defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) if defined(rest, text) => true,
            (Some(('*', _)), Some((_, after))) => defined(pattern, after),
            (Some((wanted, rest)), Some((letter, after))) => {
                (*wanted == '?' || wanted == letter) && defined(rest, after)
            }
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    #[test]
    fn wildcards_stand_for_what_they_stand_for() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "anything"),
            ("react*", "react-dom"),
            ("*dom", "react-dom"),
            ("re?ct", "React"),
            ("a*b*c", "a1b2b3c"),
            ("**", "x"),
            ("登*", "登录失败"),
            (&"a".repeat(LONGEST), &"A".repeat(LONGEST)),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("?", ""), ("react*", "preact"), ("a*b", "ab1"), ("", "x"), ("??", "登")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(Glob::new(&"?".repeat(LONGEST + 1)).is_none());
    }

    #[test]
    fn hostile_patterns_cost_what_others_cost() {
        let text = "a".repeat(1 << 20);
        // The least of some: a pause of the machine is no cost.
        let cost = |pattern: &str| {
            let one = |_| {
                let began = Instant::now();
                assert!(!matches(pattern, &text));
                began.elapsed()
            };
            (0..5).map(one).min()
        };
        let plain = cost(&format!("{}b", "a*".repeat(2)));
        let hostile = cost(&format!("{}b", "a*".repeat(LONGEST / 2)));
        assert!(hostile < plain.map(|cost| cost * 20), "{hostile:?} against {plain:?}");
    }

    proptest! {
        #[test]
        fn what_matches_is_what_is_defined(pattern in "[ab?*]{0,8}", text in "[ab]{0,10}") {
            let (wanted, letters): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), defined(&wanted, &letters));
        }
    }
}
