//! The languages that are understood, and which file is of which.

use serde::{Deserialize, Serialize};

/// A language that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "names of languages")]
pub enum Language {
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Java,
    Swift,
    Vue,
    Rust,
    Go,
    C,
    Cpp,
    CSharp,
    Ruby,
    Php,
    Kotlin,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 15] = [
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
        Self::Tsx,
        Self::Java,
        Self::Swift,
        Self::Vue,
        Self::Rust,
        Self::Go,
        Self::C,
        Self::Cpp,
        Self::CSharp,
        Self::Ruby,
        Self::Php,
        Self::Kotlin,
    ];

    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Tsx => "tsx",
            Self::Java => "java",
            Self::Swift => "swift",
            Self::Vue => "vue",
            Self::Rust => "rust",
            Self::Go => "go",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::CSharp => "csharp",
            Self::Ruby => "ruby",
            Self::Php => "php",
            Self::Kotlin => "kotlin",
        }
    }

    /// Returns the endings of its files' names, without the dot.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["py", "pyi"],
            Self::JavaScript => &["js", "jsx", "mjs", "cjs"],
            Self::TypeScript => &["ts", "mts", "cts"],
            Self::Tsx => &["tsx"],
            Self::Java => &["java"],
            Self::Swift => &["swift"],
            Self::Vue => &["vue"],
            Self::Rust => &["rs"],
            Self::Go => &["go"],
            Self::C => &["c", "h"],
            Self::Cpp => &["cc", "cpp", "cxx", "hh", "hpp", "hxx"],
            Self::CSharp => &["cs"],
            Self::Ruby => &["rb"],
            Self::Php => &["php"],
            Self::Kotlin => &["kt", "kts"],
        }
    }

    /// Returns the language of a file by the ending of its name.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let (stem, extension) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        let has = |language: &Self| language.extensions().contains(&extension);
        Self::ALL.into_iter().find(has)
    }

    /// Returns the language as the text shows it: a `.h` may be C++.
    pub fn refined(self, path: &str, text: &[u8]) -> Self {
        if self != Self::C || !path.ends_with(".h") {
            return self;
        }
        let is_plus = |line: &[u8]| {
            let line = line.trim_ascii_start();
            [&b"class "[..], b"namespace ", b"template<", b"template <", b"public:", b"private:", b"using "]
                .iter()
                .any(|word| line.starts_with(word))
        };
        if text.split(|byte| *byte == b'\n').any(is_plus) { Self::Cpp } else { self }
    }

    /// Returns the language of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == word)
    }

    /// Answers whether code of one may name what the other defines.
    pub fn meets(self, other: Self) -> bool {
        self.family() == other.family()
    }

    fn family(self) -> u8 {
        match self {
            Self::JavaScript | Self::TypeScript | Self::Tsx | Self::Vue => 0,
            Self::C | Self::Cpp => 1,
            Self::Java | Self::Kotlin => 2,
            Self::Python => 3,
            Self::Swift => 4,
            Self::Rust => 5,
            Self::Go => 6,
            Self::CSharp => 7,
            Self::Ruby => 8,
            Self::Php => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_tells_the_language_and_a_hidden_name_none() {
        assert_eq!(Language::of_path("a/b.py"), Some(Language::Python));
        assert_eq!(Language::of_path("x.d.ts"), Some(Language::TypeScript));
        assert_eq!(Language::of_path("a.py/README"), None);
        assert_eq!(Language::of_path(".py"), None);
        assert_eq!(Language::of_path("x.PY"), None);
    }

    #[test]
    fn no_two_languages_claim_an_ending() {
        let mut all: Vec<_> = Language::ALL.iter().flat_map(|one| one.extensions()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
