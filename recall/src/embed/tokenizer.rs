//! Text to tokens as SentencePiece does it for this model: a table of replacements (Unicode NFKC with additions),
//! spaces as U+2581, and the likeliest way to cut the text into pieces of the vocabulary (Kudo, 2018).

use std::io::{Read, Seek};

use super::file::{ModelError, ModelFile};
use super::trie::Trie;

/// Tokens given at most, with the marks.
pub(super) const LONGEST: usize = 256;

const UNKNOWN: u32 = 0;
const START: u32 = 1;
const END: u32 = 2;

/// How SentencePiece writes a space.
const SPACE: &[u8] = "\u{2581}".as_bytes();

/// Bytes of a text that are looked at: room for blanks between words, and a bound on the work.
const LONGEST_TEXT: usize = 64 * 1024;

/// Bytes of a normalised text at most: more than as many tokens as are given can take, at 48 bytes each.
const LONGEST_NORMAL: usize = 16 * 1024;

/// How much less likely an unknown character is than the least likely piece, as in SentencePiece.
const UNKNOWN_PENALTY: f64 = 10.0;

/// The replacements and the vocabulary.
pub(super) struct Tokenizer {
    /// From what is replaced to the place of its replacement in `replacements`.
    rules: Trie,
    /// Each ends with a zero byte.
    replacements: Vec<u8>,
    /// The vocabulary; control pieces are not in it, so that a text cannot spell them.
    vocabulary: Trie,
    /// Logarithm of the likelihood of each piece.
    scores: Vec<f32>,
    unknown_score: f64,
}

/// The best way to a place in the text.
#[derive(Clone, Copy)]
struct Step {
    score: f64,
    from: usize,
    piece: u32,
}

impl Tokenizer {
    pub(super) fn load(file: &mut ModelFile<impl Read + Seek>) -> Result<Self, ModelError> {
        let mut trie = |name| Ok::<_, ModelError>(Trie::new(file.words(name, &[file.len(name)?])?));
        let (rules, vocabulary) = (trie("normalizer.trie")?, trie("pieces.trie")?);
        let replacements = file.bytes("normalizer.text", &[file.len("normalizer.text")?])?;
        let scores = file.floats("pieces.scores", &[file.len("pieces.scores")?])?;
        let least = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let unknown_score = f64::from(least) - UNKNOWN_PENALTY;
        Ok(Self { rules, replacements, vocabulary, scores, unknown_score })
    }

    /// Returns the number of pieces, which is one more than the largest token.
    pub(super) fn pieces(&self) -> usize {
        self.scores.len()
    }

    /// Returns the tokens of a text between the marks of its start and end, [`LONGEST`] at most.
    pub(super) fn tokens(&self, text: &str) -> Vec<u32> {
        let mut tokens = vec![START];
        let normal = self.normalize(&text[..text.floor_char_boundary(LONGEST_TEXT)]);
        tokens.extend(self.cut(&normal));
        if tokens.len() == 1 {
            tokens.push(UNKNOWN);
        }
        tokens.truncate(LONGEST - 1);
        tokens.push(END);
        // A model with fewer pieces than marks is refused by no check of shapes.
        tokens.retain(|&token| (token as usize) < self.scores.len());
        tokens
    }

    /// Returns the text in the form the vocabulary was made from: each word begins with a [`SPACE`].
    fn normalize(&self, text: &str) -> Vec<u8> {
        let mut rest = text.as_bytes();
        let mut normal = SPACE.to_vec();
        let mut after_space = true;
        while !rest.is_empty() && normal.len() < LONGEST_NORMAL {
            let (mut part, length) = self.replace(rest);
            rest = &rest[length..];
            // Blanks at the start and after blanks are dropped.
            while let (true, Some(shorter)) = (after_space, part.strip_prefix(b" ")) {
                part = shorter;
            }
            for &byte in part.iter().take(LONGEST_NORMAL) {
                match byte {
                    b' ' => normal.extend(SPACE),
                    _ => normal.push(byte),
                }
            }
            after_space = part.last().map_or(after_space, |&last| last == b' ');
        }
        while normal.ends_with(SPACE) {
            normal.truncate(normal.len() - SPACE.len());
        }
        normal
    }

    /// Returns what stands for the beginning of a text, and how much of the text it stands for.
    fn replace<'a>(&'a self, text: &'a [u8]) -> (&'a [u8], usize) {
        let rule = self.rules.prefixes(text).last();
        let found = rule.and_then(|(length, place)| Some((self.replacements.get(place as usize..)?, length)));
        match found {
            Some((from, length)) => (from.split(|&byte| byte == 0).next().unwrap_or_default(), length),
            None => {
                text.split_at_checked(character(text)).map_or((text, text.len()), |(one, _)| (one, one.len()))
            }
        }
    }

    /// Returns the likeliest pieces (Viterbi). Of two ways equally likely the one whose last piece is longer is taken.
    fn cut(&self, normal: &[u8]) -> Vec<u32> {
        let nowhere = Step { score: f64::NEG_INFINITY, from: 0, piece: UNKNOWN };
        let mut best = vec![nowhere; normal.len() + 1];
        best[0].score = 0.0;
        for from in 0..normal.len() {
            let here = best[from].score;
            if here == f64::NEG_INFINITY {
                continue; // within a character
            }
            let rest = &normal[from..];
            let single = character(rest);
            let mut known = false;
            let mut offer = |length: usize, score: f64, piece: u32| {
                let there = &mut best[from + length];
                if here + score > there.score {
                    *there = Step { score: here + score, from, piece };
                }
            };
            for (length, piece) in self.vocabulary.prefixes(rest) {
                let Some(&score) = self.scores.get(piece as usize) else { continue };
                offer(length, f64::from(score), piece);
                known |= length == single;
            }
            if !known {
                offer(single, self.unknown_score, UNKNOWN);
            }
        }
        let mut pieces = Vec::new();
        let mut at = normal.len();
        while at > 0 {
            pieces.push(best[at].piece);
            at = best[at].from;
        }
        pieces.reverse();
        pieces
    }
}

/// Returns the length of the character that `text` begins with; a damaged model may have replaced it by half of one.
fn character(text: &[u8]) -> usize {
    let length = match text.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..) => 4,
        _ => 1,
    };
    length.min(text.len())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::synthetic::Model;
    use super::*;

    /// Pieces 3 to 6 of the small model are ▁, a, b and ▁ab; ａ and ｂ are written as a and b, U+3000 as a space.
    fn tokenizer() -> Tokenizer {
        let bytes = Model::new().bytes();
        let length = bytes.len() as u64;
        Tokenizer::load(&mut ModelFile::open(Cursor::new(bytes), length).unwrap()).unwrap()
    }

    fn inner(text: &str) -> Vec<u32> {
        let tokens = tokenizer().tokens(text);
        assert_eq!((tokens[0], tokens[tokens.len() - 1]), (START, END));
        tokens[1..tokens.len() - 1].to_vec()
    }

    #[test]
    fn the_likeliest_pieces_are_taken() {
        assert_eq!(inner("ab"), [6]);
        assert_eq!(inner("ba"), [3, 5, 4]);
        assert_eq!(inner("abab"), [6, 4, 5]);
    }

    #[test]
    fn spaces_are_one_and_none_at_the_ends() {
        assert_eq!(inner(" \u{3000}a  b "), [3, 4, 3, 5]);
    }

    #[test]
    fn what_is_replaced_is_looked_up_as_its_replacement() {
        assert_eq!(inner("ａｂ"), [6]);
    }

    #[test]
    fn an_unknown_character_is_one_token() {
        assert_eq!(inner("a语🚀"), [3, 4, UNKNOWN, UNKNOWN]);
        assert_eq!(inner(""), [UNKNOWN]);
        assert_eq!(inner(" \u{3000} "), [UNKNOWN]);
    }

    #[test]
    fn a_text_cannot_spell_a_mark() {
        assert!(!inner("<s></s>").contains(&START));
    }

    #[test]
    fn a_long_text_is_cut() {
        let tokens = tokenizer().tokens(&"语".repeat(100_000));
        assert_eq!(tokens.len(), LONGEST);
        assert_eq!(tokens[LONGEST - 1], END);
        assert_eq!(inner(&" ".repeat(1_000_000)), [UNKNOWN]);
    }
}
