//! Words that stand in a file, wherever: who passes a function on by its name does not call it, and uses it all the
//! same.

use std::collections::HashSet;

use tree_sitter::Node;

use crate::extract::word_hash;

/// Longest literal that is looked at for names: `"pkg.module:function"` is one, a paragraph is not.
const LITERAL: usize = 200;
/// Most different words kept of one file.
pub(crate) const MOST_MENTIONS: usize = 100_000;

/// The words heard so far.
#[derive(Default)]
pub(super) struct Overheard {
    /// Where each stands, and its hash.
    words: Vec<(u32, u32)>,
    /// Where the names of definitions stand: these are no mention.
    defined: HashSet<u32>,
}

impl Overheard {
    /// Notes that the name of a definition stands at a node.
    pub(super) fn defined(&mut self, name: Node<'_>) {
        self.defined.insert(name.start_byte() as u32);
    }

    /// Hears every word of a node that nobody looks into.
    pub(super) fn all(&mut self, text: &[u8], node: Node<'_>) {
        self.hear(text.get(node.byte_range()).unwrap_or_default(), node.start_byte());
    }

    /// Hears the words of a leaf or a literal, unless it is a long text.
    pub(super) fn short(&mut self, text: &[u8], node: Node<'_>) {
        if node.byte_range().len() <= LITERAL {
            self.all(text, node);
        }
    }

    fn hear(&mut self, text: &[u8], start: usize) {
        let mut begun: Option<usize> = None;
        for (at, byte) in text.iter().chain([&b' ']).enumerate() {
            let goes_on = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || *byte >= 0x80;
            match begun {
                None if goes_on => begun = Some(at),
                Some(from) if !goes_on => {
                    begun = None;
                    let word = &text[from..at];
                    if !word[0].is_ascii_digit() {
                        self.words.push(((start + from) as u32, word_hash(word)));
                    }
                }
                None | Some(_) => {}
            }
        }
    }

    /// Returns the hashes of the words that are not names of definitions, ascending.
    pub(super) fn mentions(self) -> Vec<u32> {
        let Self { words, defined } = self;
        let mentioned = words.into_iter().filter(|(at, _)| !defined.contains(at));
        let mut hashes: Vec<u32> = mentioned.map(|(_, hash)| hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(MOST_MENTIONS);
        hashes
    }
}
