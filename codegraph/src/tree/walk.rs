//! The walk: directory after directory through open descriptors, without recursion and with no more of them open than
//! the tree is deep.

use std::ffi::CStr;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FileType, fstat, statat};
use rustix::io::Errno;

use super::root::read;
use super::rules::{Budget, LARGEST_RULES, Rules, Source};
use super::{Cut, Found, Limits, Root, Skipped, TreeError, Walk, Why, disk};

/// Directories below one another at most, whatever the limits say: each keeps a descriptor open.
const DEEPEST: usize = 200;

/// How many left-out files are listed; the others are counted.
const MOST_SKIPPED: usize = 1_000;

/// Names of all kinds at most.
const MOST_ENTRIES: usize = 5_000_000;

/// Directories that may be found beyond the limit of files: a tree may have more of them than of wanted files.
const SPARE_DIRECTORIES: usize = 10_000;

/// The caller is asked whether to go on after this many names, or after this time.
const ASK_AFTER: usize = 256;
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Walks the tree of `root`.
pub(super) fn run(
    root: &Root,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    watch: &dyn Fn(usize) -> ControlFlow<()>,
) -> Result<Walk, TreeError> {
    let mut walker = Walker::new(root.device(), limits, wanted, watch);
    let stamp = disk::stamp(&root.stat()?);
    walker.walk.directories.push(Found { path: String::new(), stamp });
    if let ControlFlow::Break(cut) = walker.through(root.entries()?) {
        walker.walk.cut = Some(cut);
    }
    let mut walk = walker.walk;
    walk.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    walk.directories.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(walk)
}

struct Walker<'a> {
    device: u64,
    limits: &'a Limits,
    wanted: &'a dyn Fn(&str) -> bool,
    watch: &'a dyn Fn(usize) -> ControlFlow<()>,
    walk: Walk,
    /// The path of the directory in hand, with a `/` at its end, and at times a name after it.
    path: String,
    bytes: u64,
    entries: usize,
    asked: (usize, Instant),
    budget: Budget,
}

/// A directory that was entered and whose own directories are not done.
struct Level {
    directory: Dir,
    /// Where its names begin in the path.
    start: usize,
    rules: Option<Rc<Rules>>,
    /// The directories in it, the next one last.
    pending: Vec<String>,
}

/// What a directory holds, as far as it may matter.
#[derive(Default)]
struct Listing {
    files: Vec<(String, FileType)>,
    directories: Vec<String>,
    has_gitignore: bool,
    has_ignore: bool,
    /// It holds what a program made and could make again.
    made: bool,
}

impl<'a> Walker<'a> {
    fn new(
        device: u64,
        limits: &'a Limits,
        wanted: &'a dyn Fn(&str) -> bool,
        watch: &'a dyn Fn(usize) -> ControlFlow<()>,
    ) -> Self {
        let walk = Walk {
            files: Vec::new(),
            directories: Vec::new(),
            skipped: Vec::new(),
            skipped_more: 0,
            cut: None,
        };
        let asked = (0, Instant::now());
        let budget = Budget::default();
        Self { device, limits, wanted, watch, walk, path: String::new(), bytes: 0, entries: 0, asked, budget }
    }

    fn through(&mut self, root: Dir) -> ControlFlow<Cut> {
        let mut levels: Vec<Level> = Vec::new();
        levels.extend(self.visit(root, None, true)?);
        while let Some(level) = levels.last_mut() {
            self.path.truncate(level.start);
            let Some(name) = level.pending.pop() else {
                levels.pop();
                continue;
            };
            self.path.push_str(&name);
            let rules = level.rules.clone();
            let depth = levels.len();
            let entered = levels.last().and_then(|level| self.enter(level, &name, depth));
            if let Some(directory) = entered {
                self.path.push('/');
                levels.extend(self.visit(directory, rules, false)?);
            }
        }
        ControlFlow::Continue(())
    }

    /// Opens a directory of a level, unless there is a reason not to.
    fn enter(&mut self, level: &Level, name: &str, depth: usize) -> Option<Dir> {
        if depth > self.limits.depth.min(DEEPEST) {
            self.skip(Why::TooDeep);
            return None;
        }
        match self.open(level, name) {
            Ok(Some(directory)) => Some(directory),
            Ok(None) => {
                self.skip(Why::OtherFilesystem);
                None
            }
            // Gone or replaced since it was listed.
            Err(errno) if disk::leads_nowhere(errno) => None,
            Err(errno) => {
                self.skip(unreadable(errno));
                None
            }
        }
    }

    fn open(&mut self, level: &Level, name: &str) -> Result<Option<Dir>, Errno> {
        let directory: OwnedFd = disk::open_directory(level.directory.fd()?, name)?;
        let stat = fstat(&directory)?;
        if disk::device(&stat) != self.device {
            return Ok(None);
        }
        self.walk.directories.push(Found { path: self.path.clone(), stamp: disk::stamp(&stat) });
        Dir::new(directory).map(Some)
    }

    /// Reads a directory: takes its files and returns what is left to do in it.
    fn visit(
        &mut self,
        mut directory: Dir,
        rules: Option<Rc<Rules>>,
        root: bool,
    ) -> ControlFlow<Cut, Option<Level>> {
        let start = self.path.len();
        self.ask()?;
        let most = self.limits.files.saturating_add(SPARE_DIRECTORIES);
        if self.walk.directories.len() > most {
            return ControlFlow::Break(Cut::Directories);
        }
        let mut listing = self.list(&mut directory)?;
        if listing.made && !root {
            // Its stamp would change with every build.
            self.walk.directories.pop();
            return ControlFlow::Continue(None);
        }
        let rules = self.add_rules(&directory, rules, &listing);
        // In order, so that a walk that is cut short finds the same files each time.
        listing.files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in &listing.files {
            self.path.truncate(start);
            self.path.push_str(name);
            if rules.as_ref().is_none_or(|rules| !rules.leave_out(&self.path, false)) {
                self.take(&directory, name, *kind)?;
            }
            self.breathe()?;
        }
        let mut pending = listing.directories;
        pending.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(rules) = &rules {
            pending.retain(|name| {
                self.path.truncate(start);
                self.path.push_str(name);
                !rules.leave_out(&self.path, true)
            });
        }
        ControlFlow::Continue(Some(Level { directory, start, rules, pending }))
    }

    /// Reads the names of a directory and keeps those that may matter.
    fn list(&mut self, directory: &mut Dir) -> ControlFlow<Cut, Listing> {
        let start = self.path.len();
        let mut listing = Listing::default();
        while let Some(entry) = directory.read() {
            self.path.truncate(start);
            let entry = match entry {
                Ok(entry) => entry,
                Err(errno) => {
                    self.skip(unreadable(errno));
                    break;
                }
            };
            let raw = entry.file_name();
            if raw == c"." || raw == c".." {
                continue;
            }
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return ControlFlow::Break(Cut::Entries);
            }
            self.breathe()?;
            let mut kind = entry.file_type();
            if kind == FileType::Unknown {
                // Some file systems do not say.
                kind = kind_of(directory, raw).unwrap_or(FileType::Unknown);
            }
            self.sort_out(raw, kind, &mut listing);
        }
        self.path.truncate(start);
        ControlFlow::Continue(listing)
    }

    fn sort_out(&mut self, raw: &CStr, kind: FileType, listing: &mut Listing) {
        let Ok(name) = raw.to_str() else {
            self.path.push_str(&raw.to_string_lossy());
            if kind == FileType::Directory || (self.wanted)(&self.path) {
                self.skip(Why::NotUtf8);
            }
            return;
        };
        listing.has_gitignore |= name == ".gitignore";
        listing.has_ignore |= name == ".ignore";
        // A cache by its own word, and a Python environment: copies of other people's code.
        listing.made |= name == "CACHEDIR.TAG" || name == "pyvenv.cfg";
        if name.starts_with('.') {
            return;
        }
        if kind == FileType::Directory {
            if name != "node_modules" && name != "__pycache__" {
                listing.directories.push(name.to_owned());
            }
            return;
        }
        self.path.push_str(name);
        if (self.wanted)(&self.path) {
            listing.files.push((name.to_owned(), kind));
        }
    }

    /// Adds the patterns of a directory to those above it.
    fn add_rules(
        &mut self,
        directory: &Dir,
        above: Option<Rc<Rules>>,
        listing: &Listing,
    ) -> Option<Rc<Rules>> {
        let mut rules = above;
        let files = [
            (listing.has_gitignore, ".gitignore", Source::Git),
            (listing.has_ignore, ".ignore", Source::Own),
        ];
        let start = self.path.len();
        for (_, name, source) in files.into_iter().filter(|(there, ..)| *there) {
            let added = directory
                .fd()
                .map_err(unreadable)
                .and_then(|directory| read(directory, name, LARGEST_RULES).map_err(not_read))
                .and_then(|rules_file| {
                    Rules::add(rules.clone(), source, start, &rules_file.bytes, &mut self.budget)
                        .map_err(|reason| Why::Unreadable(reason.to_owned()))
                });
            match added {
                Ok(added) => rules = Some(added),
                Err(why) => {
                    self.path.push_str(name);
                    self.skip(why);
                    self.path.truncate(start);
                }
            }
        }
        rules
    }

    /// Takes a wanted file, or notes why not.
    fn take(&mut self, directory: &Dir, name: &str, kind: FileType) -> ControlFlow<Cut> {
        let examined = match kind {
            FileType::Symlink => Err(Why::Link),
            FileType::RegularFile | FileType::Unknown => directory
                .fd()
                .and_then(|directory| statat(directory, name, AtFlags::SYMLINK_NOFOLLOW))
                .map_err(unreadable),
            FileType::Directory
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice => Err(Why::NotAFile),
        };
        let examined = examined.and_then(|stat| {
            let size = disk::stamp(&stat).size;
            let kind = disk::kind(&stat);
            match () {
                () if kind == FileType::Symlink => Err(Why::Link),
                () if kind != FileType::RegularFile => Err(Why::NotAFile),
                () if disk::names(&stat) > 1 => Err(Why::HardLink),
                () if size > self.limits.file_bytes => Err(Why::TooLarge { bytes: size }),
                () => Ok(disk::stamp(&stat)),
            }
        });
        let stamp = match examined {
            Ok(stamp) => stamp,
            Err(why) => {
                self.skip(why);
                return ControlFlow::Continue(());
            }
        };
        if self.walk.files.len() >= self.limits.files {
            return ControlFlow::Break(Cut::Files);
        }
        self.bytes = self.bytes.saturating_add(stamp.size);
        if self.bytes > self.limits.total_bytes {
            return ControlFlow::Break(Cut::Bytes);
        }
        self.walk.files.push(Found { path: self.path.clone(), stamp });
        ControlFlow::Continue(())
    }

    fn skip(&mut self, why: Why) {
        if self.walk.skipped.len() < MOST_SKIPPED {
            let path = self.path.trim_end_matches('/').to_owned();
            self.walk.skipped.push(Skipped { path, why });
        } else {
            self.walk.skipped_more += 1;
        }
    }

    /// Asks the caller from time to time. By the clock as well: patterns can make a single name expensive.
    fn breathe(&mut self) -> ControlFlow<Cut> {
        self.asked.0 += 1;
        if self.asked.0 < ASK_AFTER && self.asked.1.elapsed() < ASK_EVERY {
            return ControlFlow::Continue(());
        }
        self.ask()
    }

    fn ask(&mut self) -> ControlFlow<Cut> {
        self.asked = (0, Instant::now());
        (self.watch)(self.walk.files.len()).map_break(|()| Cut::Stopped)
    }
}

fn kind_of(directory: &Dir, name: &CStr) -> Result<FileType, Errno> {
    Ok(disk::kind(&statat(directory.fd()?, name, AtFlags::SYMLINK_NOFOLLOW)?))
}

fn unreadable(errno: Errno) -> Why {
    Why::Unreadable(std::io::Error::from(errno).to_string())
}

/// Returns why a file of patterns has no say.
fn not_read(error: TreeError) -> Why {
    match error {
        TreeError::TooLarge { size, .. } => Why::TooLarge { bytes: size },
        TreeError::HardLink => Why::HardLink,
        TreeError::NotAFile => Why::NotAFile,
        TreeError::NotAbsolute
        | TreeError::Missing
        | TreeError::NotADirectory
        | TreeError::Outside
        | TreeError::Forbidden
        | TreeError::BadPath
        | TreeError::NotThere
        | TreeError::OtherFilesystem
        | TreeError::Changed
        | TreeError::Io { .. } => Why::Unreadable(error.to_string()),
    }
}
