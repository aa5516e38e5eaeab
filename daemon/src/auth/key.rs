//! The text of an API key, `mcpd_sk_<id12>_<secret43><crc6>`, and what is kept of it.
//!
//! The secret is 43 characters of base 62 (256 bits); the last six are a CRC-32 of all before them, so that a typo or
//! a cut-off paste is told from a wrong key without asking the store. At rest lies an HMAC-SHA-256 under a pepper.

use hmac::{Hmac, KeyInit, Mac};
use rand::{Rng, RngExt};
use sha2::Sha256;

use super::PepperPlace;
use crate::secret::{Secret, handed_key, key_file};

const PREFIX: &str = "mcpd_sk_";
const ID: usize = 12;
const SECRET: usize = 43;
const CHECK: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A well-formed key.
#[derive(Debug, Clone)]
pub struct KeyText {
    text: Secret,
}

impl KeyText {
    /// Makes a new key from the system's random generator.
    pub fn generate() -> Self {
        Self::with_id(&base62(&mut rand::rng(), ID))
    }

    /// Makes a new secret for the key of that id.
    pub fn with_id(id: &str) -> Self {
        let body = format!("{PREFIX}{id}_{}", base62(&mut rand::rng(), SECRET));
        Self { text: Secret::new(format!("{body}{}", check(&body))) }
    }

    /// Reads a key; `None` when it is not one, cut off or mistyped.
    pub fn parse(text: &Secret) -> Option<Self> {
        let key = text.expose();
        let whole = PREFIX.len() + ID + 1 + SECRET + CHECK;
        // The ids of imported keys have a hyphen.
        let plain = key.bytes().all(|byte| b"_-".contains(&byte) || byte.is_ascii_alphanumeric());
        if key.len() != whole || !plain || !key.starts_with(PREFIX) {
            return None;
        }
        let (body, shown) = key.split_at(whole - CHECK);
        let separated = key.as_bytes().get(PREFIX.len() + ID) == Some(&b'_');
        (separated && shown == check(body)).then(|| Self { text: text.clone() })
    }

    /// Returns the public id.
    pub fn id(&self) -> &str {
        &self.text.expose()[PREFIX.len()..PREFIX.len() + ID]
    }

    /// Returns the whole key, to be shown once.
    pub fn reveal(&self) -> &str {
        self.text.expose()
    }
}

fn base62(rng: &mut impl Rng, length: usize) -> String {
    (0..length).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

fn check(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

/// The secret of another deployment, which its holder goes on using. It names no id, so it is found by its digest.
#[derive(Debug, Clone)]
pub struct ForeignText {
    text: Secret,
}

/// Shortest secret of another deployment that is taken, in characters: fewer could be guessed.
pub const FOREIGN_SHORTEST: usize = 16;
/// Longest one.
pub const FOREIGN_LONGEST: usize = 256;

impl ForeignText {
    /// Reads a secret; `None` when it is too short, too long, or holds what no header carries as one word.
    pub fn parse(text: &Secret) -> Option<Self> {
        let secret = text.expose();
        let sized = (FOREIGN_SHORTEST..=FOREIGN_LONGEST).contains(&secret.len());
        let foreign =
            sized && !secret.starts_with(PREFIX) && secret.bytes().all(|byte| byte.is_ascii_graphic());
        foreign.then(|| Self { text: text.clone() })
    }

    /// Returns a new id, which no issued key can have.
    pub fn new_id() -> String {
        format!("{FOREIGN_ID}{}", base62(&mut rand::rng(), ID - FOREIGN_ID.len()))
    }

    /// Answers whether an id is that of an imported key.
    pub fn has_id(id: &str) -> bool {
        id.starts_with(FOREIGN_ID)
    }
}

const FOREIGN_ID: &str = "old-";

/// The server's own secret that turns a key into its digest: a stolen database alone opens nothing.
pub struct Pepper(Hmac<Sha256>);

impl Pepper {
    /// Reads the pepper, making the file on the first run. A credential is the service manager's, and as it made it.
    pub fn load(place: &PepperPlace) -> std::io::Result<Self> {
        match place {
            PepperPlace::File(path) => Self::of(&key_file(path)?),
            PepperPlace::Credential { path, .. } => Self::of(&handed_key(path)?),
        }
    }

    /// Takes the bytes.
    pub fn of(bytes: &[u8]) -> std::io::Result<Self> {
        Hmac::new_from_slice(bytes).map(Self).map_err(std::io::Error::other)
    }

    /// Returns a mark by which this pepper is known again, and nothing else is. No key has blanks, so none has it.
    pub fn mark(&self) -> String {
        let mut hmac = self.0.clone();
        hmac.update(b"which pepper is this");
        hmac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns what is kept of a key.
    pub fn digest(&self, key: &KeyText) -> Vec<u8> {
        self.digest_of(&key.text)
    }

    /// Returns what is kept of a key of another deployment.
    pub fn foreign_digest(&self, key: &ForeignText) -> Vec<u8> {
        self.digest_of(&key.text)
    }

    fn digest_of(&self, text: &Secret) -> Vec<u8> {
        let mut hmac = self.0.clone();
        hmac.update(text.expose().as_bytes());
        hmac.finalize().into_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_new_key_has_the_published_form() {
        let key = KeyText::generate();
        let text = key.reveal();
        assert_eq!(text.len(), 8 + 12 + 1 + 43 + 6);
        assert!(text.starts_with("mcpd_sk_"));
        assert_eq!(KeyText::parse(&Secret::new(text)).unwrap().id(), key.id());
    }

    #[test]
    fn a_typo_is_noticed_anywhere() {
        let key = KeyText::generate();
        for position in 0..key.reveal().len() {
            let mut typo = key.reveal().as_bytes().to_vec();
            typo[position] = if typo[position] == b'x' { b'y' } else { b'x' };
            let typo = Secret::new(String::from_utf8(typo).unwrap());
            assert!(KeyText::parse(&typo).is_none(), "position {position}");
        }
    }

    #[test]
    fn a_secret_of_another_deployment_is_one_word_that_cannot_be_guessed() {
        let taken = |text: &str| ForeignText::parse(&Secret::new(text)).is_some();
        assert!(taken("sk-0123456789abcdef"));
        for wrong in ["sk-short", "two words are not one", "sk-0123456789abcdé", KeyText::generate().reveal()]
        {
            assert!(!taken(wrong), "{wrong}");
        }
        assert!(!taken(&"x".repeat(FOREIGN_LONGEST + 1)));
        let id = ForeignText::new_id();
        assert!(id.len() == ID && ForeignText::has_id(&id));
        assert!(!ForeignText::has_id(KeyText::generate().id()));
    }

    #[test]
    fn the_secret_is_not_printed() {
        let key = KeyText::generate();
        assert!(!format!("{key:?}").contains(&key.reveal()[21..]));
    }

    #[test]
    fn the_pepper_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        let load = |path: &Path| Pepper::load(&PepperPlace::File(path.to_owned()));
        let key = KeyText::generate();
        let digest = load(&path).unwrap().digest(&key);
        assert_eq!(load(&path).unwrap().digest(&key), digest);
        assert_eq!(load(&path).unwrap().mark(), load(&path).unwrap().mark());
        assert_ne!(load(&dir.path().join("other")).unwrap().mark(), load(&path).unwrap().mark());
        assert_ne!(load(&path).unwrap().digest(&KeyText::generate()), digest);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "short").unwrap();
        assert!(load(&path).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,90}") {
            let _ = KeyText::parse(&Secret::new(text));
        }
    }
}
