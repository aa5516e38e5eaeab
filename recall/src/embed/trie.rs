//! A set of byte strings with a number each, as a double array in the layout of darts-clone, which SentencePiece uses
//! too: 4 bytes a node, so that 128,000 pieces take 2 MB.

/// Bytes of a key at most: the longest piece has 48. It bounds what one position of a text can cost, whatever the
/// file says.
const LONGEST_KEY: usize = 64;

/// Set in a unit that holds a number and not a node.
const NUMBER: u32 = 1 << 31;

/// The units as they stand in the file; a step that leads outside finds nothing.
pub(super) struct Trie {
    units: Vec<u32>,
}

impl Trie {
    pub(super) fn new(units: Vec<u32>) -> Self {
        Self { units }
    }

    /// Returns length and number of each key that `text` begins with, the shortest first.
    pub(super) fn prefixes(&self, text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
        let mut place = self.units.first().map_or(0, |root| offset(*root));
        let steps = text.iter().take(LONGEST_KEY).map_while(move |&byte| {
            let unit = *self.units.get(place ^ usize::from(byte))?;
            if unit & (NUMBER | 0xff) != u32::from(byte) {
                return None;
            }
            place ^= usize::from(byte) ^ offset(unit);
            let ends = unit & 0x100 != 0;
            Some(if ends { self.units.get(place).map(|number| number & !NUMBER) } else { None })
        });
        steps.enumerate().filter_map(|(index, number)| Some((index + 1, number?)))
    }
}

/// Returns what leads from a node to its children.
fn offset(unit: u32) -> usize {
    // Far ones are counted in blocks of 256.
    let wide = (unit & 0x200) >> 6;
    ((unit >> 10) << wide) as usize
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::units;
    use super::*;

    #[test]
    fn every_prefix_is_found_with_its_number() {
        let trie = Trie::new(units(&[("a", 3), ("ab", 0), ("abcd", 9), ("b", 1), ("\u{2581}", 4)]));
        let found = |text: &str| trie.prefixes(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found("abcde"), [(1, 3), (2, 0), (4, 9)]);
        assert_eq!(found("abc"), [(1, 3), (2, 0)]);
        assert_eq!(found("\u{2581}a"), [(3, 4)]);
        assert_eq!(found("c"), []);
        assert_eq!(found("\0"), []);
        assert_eq!(found(""), []);
    }

    #[test]
    fn units_that_lead_anywhere_find_an_end() {
        let lost = Trie::new((0..=255).map(|byte| byte | 0x100 | 0x3ff << 10).collect());
        assert!(lost.prefixes(&[7; 500]).count() <= LONGEST_KEY);
        assert_eq!(Trie::new(Vec::new()).prefixes(b"a").count(), 0);
    }
}
