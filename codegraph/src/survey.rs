//! Many files read at once, on threads of their own: what is new is parsed, what is known is passed over.

use std::{
    ops::ControlFlow,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use sha2::{Digest, Sha256};

use crate::{Extractor, Facts, Language, Patience, Unread, tree::Stamp};

/// What is read and not yet taken; beyond it the readers wait.
const AHEAD: usize = 64;

/// A file's content, named by its hash (SHA-256).
pub type Hash = [u8; 32];

/// Returns the hash of a content.
pub fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Its content is known.
    Known {
        /// Its path.
        path: String,
        /// Its content.
        hash: Hash,
        /// When and how large it was.
        stamp: Stamp,
    },
    /// It was read.
    Read {
        /// Its path.
        path: String,
        /// Its language.
        language: Language,
        /// Its content.
        hash: Hash,
        /// When and how large it was.
        stamp: Stamp,
        /// What it says.
        facts: Box<Facts>,
        /// The same, to keep.
        encoded: Vec<u8>,
    },
    /// It was not read.
    Skipped {
        /// Its path.
        path: String,
        /// Why, in words.
        why: String,
    },
}

/// Where contents come from.
pub trait Source: Sync {
    /// Returns the content of a file, or why it cannot be had.
    fn read(&self, path: &str) -> Result<(Vec<u8>, Stamp), String>;
    /// Answers whether what a content says is known already.
    fn knows(&self, path: &str, hash: &Hash) -> bool;
}

/// How to read.
#[derive(Clone, Copy)]
pub struct How<'a> {
    /// Threads that parse.
    pub threads: usize,
    /// Time for one file.
    pub file: Duration,
    /// Asked now and then; `true` ends it.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Whether the threads step back for others of this machine.
    pub yielding: bool,
}

/// Reads files and hands over what became of each, in no order, until `take` breaks or all are seen.
pub fn survey(
    paths: &[String],
    source: &dyn Source,
    how: How<'_>,
    take: &mut dyn FnMut(Seen) -> ControlFlow<()>,
) {
    let (next, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, taken) = mpsc::sync_channel(AHEAD);
    thread::scope(|scope| {
        for _ in 0..how.threads.max(1) {
            let (sender, next, ended) = (sender.clone(), &next, &ended);
            scope.spawn(move || {
                if how.yielding {
                    step_back();
                }
                let stop = || ended.load(Ordering::Relaxed) || (how.stop)();
                let mut extractor = Extractor::default();
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop() {
                        return;
                    }
                    let patience = Patience { file: how.file, stop: &stop };
                    let seen = look(&mut extractor, path, source, patience);
                    let Some(seen) = seen else { return };
                    if sender.send(seen).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        while let Ok(seen) = taken.recv() {
            if take(seen).is_break() {
                ended.store(true, Ordering::Relaxed);
                break;
            }
        }
        // Who still waits to hand something over is let go.
        drop(taken);
    });
}

/// Returns what became of one file, nothing when it was stopped.
fn look(extractor: &mut Extractor, path: &str, source: &dyn Source, patience: Patience<'_>) -> Option<Seen> {
    let skipped = |why: String| Some(Seen::Skipped { path: path.to_owned(), why });
    let (bytes, stamp) = match source.read(path) {
        Ok(read) => read,
        Err(why) => return skipped(why),
    };
    let hash = hash(&bytes);
    if source.knows(path, &hash) {
        return Some(Seen::Known { path: path.to_owned(), hash, stamp });
    }
    let Some(language) = Language::of_path(path) else {
        return skipped("its language is not known".to_owned());
    };
    match extractor.read(language, path, &bytes, patience) {
        Ok(facts) => {
            let encoded = facts.encode();
            let facts = Box::new(facts);
            Some(Seen::Read { path: path.to_owned(), language, hash, stamp, facts, encoded })
        }
        Err(Unread::Stopped) => None,
        Err(why @ (Unread::TooLong(_) | Unread::Binary | Unread::Minified(_) | Unread::Grammar(_))) => {
            skipped(why.to_string())
        }
    }
}

/// Gives way to other threads of the machine, where a thread may say so of itself.
fn step_back() {
    #[cfg(target_os = "linux")]
    {
        // On Linux this is of the calling thread alone. What cannot step back runs on as it is.
        let _ = rustix::process::setpriority_process(None, 10);
    }
}
