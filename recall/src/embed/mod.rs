//! Text to a vector of meaning, offline: Google's multilingual Universal Sentence Encoder (sixteen languages, Chinese
//! and English among them), read from the one file that `packaging/model/build` makes.
//!
//! What lives here is the reading, the tokenizer and the forward pass; whoever wants vectors kept or compared goes to
//! [`crate::vectors`].

mod dense;
mod file;
mod network;
#[cfg(test)]
mod synthetic;
mod table;
mod tokenizer;
mod trie;

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use file::ModelFile;
use network::Network;
use tokenizer::Tokenizer;

pub use file::ModelError;

/// A model in memory: some 40 MB, shared by all threads.
pub struct Encoder {
    id: String,
    tokenizer: Tokenizer,
    network: Network,
}

impl Encoder {
    /// Tokens of a text that are read at most, the marks of its start and end included: 120 words of English with code
    /// in it, 190 of plain prose, 300 characters of Chinese. What follows does not change the vector, so longer texts
    /// are split by the caller.
    pub const LONGEST: usize = tokenizer::LONGEST;

    /// Reads and checks a model file; what is wrong with another one is in the error.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let open = |source| ModelError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(open)?;
        let length = file.metadata().map_err(open)?.len();
        Self::load(BufReader::new(file), length)
    }

    fn load(source: impl Read + Seek, length: u64) -> Result<Self, ModelError> {
        let mut file = ModelFile::open(source, length)?;
        let tokenizer = Tokenizer::load(&mut file)?;
        let network = Network::load(&mut file, tokenizer.pieces())?;
        file.declares("dimensions", &network.dimensions().to_string())?;
        Ok(Self { id: file.model()?, tokenizer, network })
    }

    /// Returns the name of the model: vectors of two models cannot be compared, so it is kept with each vector.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the length of every vector.
    pub fn dimensions(&self) -> usize {
        self.network.dimensions()
    }

    /// Returns the vector of a text, of length 1, so that the scalar product of two is their cosine.
    ///
    /// The time is bounded, as no more than [`Self::LONGEST`] tokens are read. A text without anything the model
    /// knows, the empty one too, has the vector of the unknown token: it is near nothing in particular.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        self.network.embed(&self.tokenizer.tokens(text))
    }

    /// Returns what the model sees of a text: its tokens between the marks of start and end.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        self.tokenizer.tokens(text)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Encoder").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::synthetic::Model;
    use super::*;

    fn load(bytes: &[u8]) -> Result<Encoder, ModelError> {
        Encoder::load(Cursor::new(bytes), bytes.len() as u64)
    }

    fn refusal(bytes: &[u8]) -> String {
        load(bytes).unwrap_err().to_string()
    }

    #[test]
    fn an_encoder_is_shared_by_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Encoder>();
    }

    #[test]
    fn a_small_model_embeds() {
        let encoder = load(&Model::new().bytes()).unwrap();
        assert_eq!((encoder.id(), encoder.dimensions()), ("tiny", 8));
        let (ab, ba) = (encoder.embed("ab"), encoder.embed("ba"));
        assert_eq!(ab.len(), 8);
        assert_ne!(ab, ba);
        assert_eq!(ab, encoder.embed(" ab  "));
        assert_eq!(encoder.embed(""), encoder.embed("\u{3000}"));
    }

    #[test]
    fn what_is_no_model_is_told() {
        assert!(refusal(b"").contains("not a model file"));
        assert!(refusal(b"<!doctype html><title>404</title>").contains("not a model file"));
        assert!(refusal(&u64::MAX.to_le_bytes()).contains("not a model file"));
        let strange = Model::new().without_metadata().bytes();
        assert!(refusal(&strange).contains("not a model file"), "{}", refusal(&strange));
    }

    #[test]
    fn another_format_is_told_with_its_number() {
        let message = refusal(&Model::new().metadata("format", "99").bytes());
        assert!(message.contains("99") && message.contains("format 1"), "{message}");
    }

    #[test]
    fn a_cut_file_is_told_at_every_length() {
        let whole = Model::new().bytes();
        for length in (0..whole.len()).step_by(97) {
            assert!(load(&whole[..length]).is_err());
        }
        let message = refusal(&whole[..whole.len() - 1]);
        assert!(message.contains("truncated"), "{message}");
    }

    #[test]
    fn a_wrong_tensor_is_named() {
        for (name, problem) in [
            ("pool.weight", Model::new().f32s("pool.weight", &[1.0; 4])),
            ("features.gain", Model::new().f32s("features.gain", &[1.0; 3])),
            ("features.shift", Model::new().f32s("features.shift", &[f32::NAN; 32])),
            ("pieces.scores", Model::new().f32s("pieces.scores", &[f32::INFINITY; 7])),
            ("embedding.starts", Model::new().u32s("embedding.starts", &[0, 9, 1, 2, 3, 4, 5, 6])),
            ("first.3.weight", Model::new().without("first.3.weight")),
        ] {
            let message = refusal(&problem.bytes());
            assert!(message.contains(name), "{name}: {message}");
        }
        let message = refusal(&Model::new().metadata("dimensions", "512").bytes());
        assert!(message.contains("512"), "{message}");
    }

    #[test]
    fn a_missing_file_is_told_with_its_path() {
        let message = Encoder::read(Path::new("/nowhere/model")).unwrap_err().to_string();
        assert!(message.contains("/nowhere/model"), "{message}");
    }

    proptest! {
        #[test]
        fn any_text_has_a_vector_of_length_one(text in "(?s).{0,300}") {
            let vector = load(&Model::new().bytes()).unwrap().embed(&text);
            let norm: f32 = vector.iter().map(|value| value * value).sum();
            prop_assert!((norm - 1.0).abs() < 1e-4, "{norm}");
        }

        #[test]
        fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(load(&bytes).is_err());
        }

        /// What a changed byte leaves readable must embed without panic.
        #[test]
        fn a_damaged_model_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), text in ".{0,40}") {
            let mut bytes = Model::new().bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(encoder) = load(&bytes) {
                prop_assert!(encoder.embed(&text).iter().all(|value| value.is_finite()));
            }
        }
    }
}
