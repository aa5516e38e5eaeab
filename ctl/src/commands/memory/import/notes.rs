//! Markdown: a file, or a folder and all below it, as basic-memory and Obsidian keep notes. A file is one memory, or
//! several where it is larger than a memory may be.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
};

use mcpd_ipc::{
    FRAME_LIMIT,
    memory::{MemoryEntry, MemoryLevel},
};

use super::{
    front_matter::FrontMatter,
    source::{Found, Next, Place, Problem},
    split,
};
use crate::{
    error::{Error, Kind},
    file::{cannot, read_small},
    text_form::TextForm,
};

/// The largest file that is read, in bytes: nobody writes more by hand.
const LARGEST: u64 = 8 << 20;

/// The largest piece a body is split into, in bytes: written as JSON it still goes over the socket.
const PIECE: usize = FRAME_LIMIT / 2;

/// The longest title that stands above a memory, in characters.
const TITLE: usize = 200;

/// Markdown files, one after another.
pub(super) struct Notes {
    files: VecDeque<PathBuf>,
    all: usize,
    /// Bytes of the largest memory.
    largest: usize,
    queue: VecDeque<Next>,
}

/// Returns whether a name is one of a Markdown file.
pub(super) fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

impl Notes {
    /// Finds the files.
    pub(super) fn open(from: &Path, largest: u64) -> Result<Self, Error> {
        let largest = usize::try_from(largest).unwrap_or(usize::MAX).min(PIECE);
        let found = fs::metadata(from).map_err(|error| cannot("read", from, error))?;
        let mut notes = Self { files: VecDeque::new(), all: 1, largest, queue: VecDeque::new() };
        if !found.is_dir() {
            notes.files.push_back(from.to_owned());
            return Ok(notes);
        }
        notes.walk(from)?;
        notes.all = notes.files.len();
        if notes.all == 0 && notes.queue.is_empty() {
            let message = format!("there is no Markdown file in {}", from.display());
            return Err(Error::new(Kind::Failed, message).hint("they end in .md; hidden ones are left out"));
        }
        Ok(notes)
    }

    /// Returns what comes next; nothing at the end.
    pub(super) fn next(&mut self) -> Option<Next> {
        while self.queue.is_empty() {
            let file = self.files.pop_front()?;
            let found = self.read(&file);
            self.queue.extend(found);
        }
        self.queue.pop_front()
    }

    /// Returns how far it is.
    pub(super) fn progress(&self) -> String {
        let done = self.all - self.files.len();
        format!("{} file {done} of {}", crate::text::bar(done as u64, self.all as u64), self.all)
    }

    /// Collects the Markdown files of a folder and of those below it, in the order of their names.
    fn walk(&mut self, root: &Path) -> Result<(), Error> {
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries =
                match fs::read_dir(&folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>()) {
                    Ok(entries) => entries,
                    Err(error) if folder == root => return Err(cannot("read", root, error)),
                    Err(error) => {
                        self.queue.push_back(bad(&folder, format!("it cannot be read ({error})")));
                        continue;
                    }
                };
            for entry in entries {
                let (path, name) = (entry.path(), entry.file_name());
                if name.to_string_lossy().starts_with('.') {
                    continue;
                }
                // Of the entry itself: a link is neither, and so not followed out of the folder or round in it.
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(kind) if kind.is_file() && is_markdown(&path) => self.files.push_back(path),
                    Ok(_) if is_markdown(&path) => self.queue.push_back(Next::Nothing),
                    Ok(_) => {}
                    Err(error) => self.queue.push_back(bad(&path, format!("it cannot be read ({error})"))),
                }
            }
        }
        self.files.make_contiguous().sort();
        Ok(())
    }

    /// Returns the memories of one file.
    fn read(&self, file: &Path) -> Vec<Next> {
        let bytes = match read_small(file, LARGEST) {
            Ok(bytes) => bytes,
            Err(error) => {
                let cause = error.source.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
                return vec![bad(file, format!("{error}{cause}"))];
            }
        };
        let Ok(text) = String::from_utf8(bytes) else {
            return vec![bad(file, "it is not UTF-8; write it so".into())];
        };
        let text = TextForm::of(&text).1.replace("\r\n", "\n");
        let place = Place { file: file.display().to_string(), line: None };
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let entries = entries(&text, &stem, self.largest);
        if entries.is_empty() {
            return vec![Next::Nothing];
        }
        let found = |entry| Found { place: place.clone(), tenant: None, project: None, entry };
        entries.into_iter().map(|entry| Next::Memory(Box::new(found(entry)))).collect()
    }
}

fn bad(file: &Path, problem: String) -> Next {
    Next::Bad(Problem { place: Place { file: file.display().to_string(), line: None }, problem })
}

/// Returns the memories of a text: each begins with its title, since that is what people look for.
fn entries(text: &str, stem: &str, largest: usize) -> Vec<MemoryEntry> {
    let (front, body) = FrontMatter::of(text);
    let body = body.trim();
    if body.is_empty() {
        return Vec::new();
    }
    let title: String = front.title.as_deref().unwrap_or(stem).chars().take(TITLE).collect();
    let own = body.lines().next().and_then(|line| line.strip_prefix("# ")).map(str::trim);
    let is_titled = own.is_some_and(|own| front.title.is_none() || own.eq_ignore_ascii_case(&title));
    let heading = format!("# {title}\n\n");
    let room = largest.saturating_sub(heading.len()).max(largest / 2);
    let pieces = split::pieces(body, room);
    let entry = |(index, piece): (usize, &str)| MemoryEntry {
        content: if is_titled && index == 0 { piece.to_owned() } else { format!("{heading}{piece}") },
        // As it was where it comes from: for good.
        level: Some(MemoryLevel::Long),
        tags: front.tags.clone(),
        category: front.category.clone(),
        confidence: None,
        created_at: front.created,
    };
    pieces.into_iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, largest: usize) -> Vec<String> {
        entries(text, "file name", largest).into_iter().map(|entry| entry.content).collect()
    }

    #[test]
    fn a_memory_begins_with_its_title_once() {
        assert_eq!(texts("words", 100), ["# file name\n\nwords"]);
        assert_eq!(texts("# Own\n\nwords", 100), ["# Own\n\nwords"]);
        assert_eq!(texts("---\ntitle: Own\n---\n# own\nwords", 100), ["# own\nwords"]);
        assert_eq!(texts("---\ntitle: Other\n---\n# Own\nwords", 100), ["# Other\n\n# Own\nwords"]);
        assert!(texts("---\ntitle: Empty\n---\n \n", 100).is_empty());
    }

    #[test]
    fn pieces_of_a_large_file_all_carry_its_title() {
        let text =
            format!("---\ntitle: Long\n---\n# Long\n\n{}\n\n## Next\n\n{}", "a".repeat(60), "b".repeat(60));
        let pieces = texts(&text, 80);
        assert_eq!(pieces.len(), 2, "{pieces:?}");
        assert!(
            pieces.iter().all(|piece| piece.starts_with("# Long\n\n") && piece.len() <= 80),
            "{pieces:?}"
        );
        assert!(pieces[1].starts_with("# Long\n\n## Next"), "{pieces:?}");
    }

    #[cfg(unix)]
    #[test]
    fn hidden_things_and_links_stay_out() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["b", "b/c", ".hidden"] {
            fs::create_dir(at(folder)).unwrap();
        }
        for file in ["z.md", "b/a.MD", "b/c/d.md", ".hidden/x.md", ".x.md", "text.txt"] {
            fs::write(at(file), "words").unwrap();
        }
        fs::write(at("bad.md"), [0xff]).unwrap();
        std::os::unix::fs::symlink("..", at("b/up")).unwrap();
        std::os::unix::fs::symlink("z.md", at("y.md")).unwrap();
        let mut notes = Notes::open(dir.path(), 1000).unwrap();
        let mut names = Vec::new();
        while let Some(next) = notes.next() {
            names.push(match next {
                Next::Memory(found) => found.place.to_string(),
                Next::Bad(problem) => format!("{}: {}", problem.place, problem.problem),
                Next::Nothing => "nothing".into(),
            });
        }
        let shown = names.join("\n").replace(&format!("{}/", dir.path().display()), "");
        assert_eq!(shown, "nothing\nb/a.MD\nb/c/d.md\nbad.md: it is not UTF-8; write it so\nz.md");
        fs::remove_dir_all(at("b")).unwrap();
        let hidden = Notes::open(&at(".hidden"), 1000);
        assert!(hidden.is_ok(), "what was named is read, hidden or not");
    }
}
