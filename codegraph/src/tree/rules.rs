//! What `.gitignore` and `.ignore` leave out. The lines come from the jail; no path is ever opened here, and what the
//! patterns of a stranger may cost is bounded.

use std::path::Path;
use std::rc::Rc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Bytes of one file of patterns at most.
pub(super) const LARGEST_RULES: u64 = 1024 * 1024;

/// Patterns of one file at most; every name is compared with all.
const MOST_PATTERNS: usize = 5_000;

/// Bytes of a pattern, and of all of one file, at most: compiling can take a second and half a gigabyte for a megabyte.
const LONGEST_PATTERN: usize = 1_024;
const BYTES_OF_A_FILE: usize = 128 * 1024;

/// Bytes of the patterns of a whole walk at most.
const BYTES_OF_A_WALK: usize = 1024 * 1024;

/// Which of the two files patterns come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// `.gitignore`.
    Git,
    /// `.ignore`, whose word counts more.
    Own,
}

/// The patterns of one directory and of those above it.
#[derive(Debug)]
pub(super) struct Rules {
    above: Option<Rc<Rules>>,
    source: Source,
    /// Where names relative to the directory begin in a path relative to the root.
    start: usize,
    patterns: Gitignore,
}

/// How many bytes of patterns a walk may still compile.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(BYTES_OF_A_WALK)
    }
}

impl Rules {
    /// Returns the rules of a directory whose paths begin at `start`, or what is wrong with them.
    pub(super) fn add(
        above: Option<Rc<Self>>,
        source: Source,
        start: usize,
        text: &[u8],
        budget: &mut Budget,
    ) -> Result<Rc<Self>, &'static str> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut builder = GitignoreBuilder::new("");
        let (mut patterns, mut bytes) = (0, 0);
        for line in text.split(|&byte| byte == b'\n') {
            // Git compares bytes; a pattern that is no text matches no name that we take.
            let Ok(line) = str::from_utf8(line) else { continue };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            patterns += 1;
            bytes += line.len();
            // At once: also what is given up below has been worked on.
            budget.0 = budget.0.checked_sub(line.len()).ok_or("the tree has too many patterns")?;
            if line.len() > LONGEST_PATTERN || patterns > MOST_PATTERNS || bytes > BYTES_OF_A_FILE {
                return Err("its patterns are too long or too many");
            }
            // A malformed pattern matches nothing, as in git.
            let _ = builder.add_line(None, line);
        }
        let patterns = builder.build().map_err(|_| "its patterns are too complex")?;
        Ok(Rc::new(Self { above, source, start, patterns }))
    }

    /// Reports whether the rules leave out `path`, which is relative to the root of the walk.
    pub(super) fn leave_out(&self, path: &str, directory: bool) -> bool {
        let by_own = self.ask(Source::Own, path, directory);
        by_own.or_else(|| self.ask(Source::Git, path, directory)).unwrap_or(false)
    }

    /// Returns what the nearest rule of a source says.
    fn ask(&self, source: Source, path: &str, directory: bool) -> Option<bool> {
        let mut rules = Some(self);
        while let Some(here) = rules {
            if here.source == source {
                match here.patterns.matched(Path::new(&path[here.start..]), directory) {
                    Match::None => {}
                    Match::Ignore(_) => return Some(true),
                    Match::Whitelist(_) => return Some(false),
                }
            }
            rules = here.above.as_deref();
        }
        None
    }
}
