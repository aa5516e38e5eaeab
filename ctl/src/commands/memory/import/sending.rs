//! Imported memories on their way to the daemon: in frames of a sensible size, each of one tenant and project.

use std::collections::BTreeMap;

use mcpd_ipc::{
    FRAME_LIMIT,
    memory::{MemoryEntry, MemoryImport, MemoryLimits},
};

use super::{
    Choices,
    page::Report,
    source::{Found, Place, Problem},
};
use crate::{
    daemon::Daemon,
    error::{Error, Kind},
    output::Output,
    page::Page,
    text,
};

/// What a frame holds at most beside the memories in it, in bytes.
const ENVELOPE: usize = 4 << 10;

/// A frame is sent before it grows over this, unless one memory alone does; in bytes.
const FRAME: usize = 256 << 10;

/// A frame is sent when it has so many memories.
const MANY: usize = 500;

/// All frames are sent when together they grow over this, in bytes: lines may change the project as they like.
const HELD: usize = 4 << 20;

/// How long the daemon may take to store a frame, whatever `--timeout` says less.
const STORING: std::time::Duration = std::time::Duration::from_secs(120);

/// Problems that are shown one by one; the others are counted.
const SHOWN: usize = 20;

/// What goes to one project of one tenant.
#[derive(Default)]
struct Frame {
    entries: Vec<MemoryEntry>,
    places: Vec<Place>,
    bytes: usize,
}

/// Whose, and of which project.
type Target = (Option<String>, String);

/// Memories on their way.
pub(super) struct Sending {
    choices: Choices,
    /// Bytes of the largest text, and of all memories of a frame.
    largest: u64,
    room: usize,
    daemon: Daemon,
    frames: BTreeMap<Target, Frame>,
    held: usize,
    report: Report,
}

impl Sending {
    pub(super) fn new(choices: Choices, limits: MemoryLimits, daemon: &Daemon, report: Report) -> Self {
        let daemon = daemon.patient(STORING);
        let largest = limits.content;
        let frame = usize::try_from(limits.frame).unwrap_or(usize::MAX).min(FRAME_LIMIT);
        let room = frame.saturating_sub(ENVELOPE);
        Self { choices, largest, room, daemon, frames: BTreeMap::new(), held: 0, report }
    }

    /// Takes a memory, and sends what has gathered when it is enough.
    pub(super) async fn take(&mut self, found: Found, out: &mut Output) -> Result<(), Error> {
        let Found { place, tenant, project, mut entry } = found;
        let Some(project) = self.choices.project.clone().or(project) else {
            let problem = "it names no project; import it with --project NAME".to_owned();
            return self.complain(Problem { place, problem }, out);
        };
        let target = (self.choices.tenant.clone().or(tenant), project);
        entry.level = self.choices.level.or(entry.level);
        let bytes = match self.bytes_of(&entry) {
            Ok(bytes) => bytes,
            Err(problem) => return self.complain(Problem { place, problem }, out),
        };
        self.report.memories += 1;
        if self.choices.is_dry {
            return Ok(());
        }
        let gathered = self.frames.get(&target).map_or((0, 0), |frame| (frame.bytes, frame.entries.len()));
        if gathered.1 > 0 && (gathered.0 + bytes > FRAME.min(self.room) || gathered.1 >= MANY) {
            self.send(&target, out).await?;
        }
        let frame = self.frames.entry(target).or_default();
        frame.entries.push(entry);
        frame.places.push(place);
        frame.bytes += bytes;
        self.held += bytes;
        if self.held > HELD { self.send_all(out).await } else { Ok(()) }
    }

    /// Counts and shows something bad; an error where that ends the import.
    pub(super) fn complain(&mut self, problem: Problem, out: &mut Output) -> Result<(), Error> {
        if self.choices.is_strict {
            let error = Error::new(Kind::Failed, format!("{}: {}", problem.place, problem.problem));
            return Err(self.stopped(error));
        }
        if self.report.refused < SHOWN as u64 {
            out.note(&Page::of(format!("{}: {}", problem.place, problem.problem)));
        }
        self.report.add(problem);
        Ok(())
    }

    /// Counts and shows something to think about.
    fn warn(&mut self, warning: Problem, out: &mut Output) {
        if self.report.suspicious < SHOWN as u64 {
            out.note(&Page::of(format!("{}: {}", warning.place, warning.problem)));
        }
        self.report.warn(warning);
    }

    /// Counts something with nothing in it to remember.
    pub(super) fn skip(&mut self) {
        self.report.skipped += 1;
    }

    /// Returns how far it is.
    pub(super) fn progress(&self) -> String {
        if self.choices.is_dry {
            format!("{} memories read", self.report.memories)
        } else {
            format!("{} memories stored", self.report.stored)
        }
    }

    /// Sends what is left and returns what became of everything.
    pub(super) async fn finish(mut self, out: &mut Output) -> Result<Report, Error> {
        self.send_all(out).await?;
        let unshown = self.report.refused.saturating_sub(SHOWN as u64);
        if unshown > 0 {
            out.note(&Page::of(format!("and {unshown} more that are bad; --json lists some of them")));
        }
        let unshown = self.report.suspicious.saturating_sub(SHOWN as u64);
        if unshown > 0 {
            out.note(&Page::of(format!(
                "and {unshown} more that look like secrets; --json lists some of them"
            )));
        }
        self.report.sort();
        Ok(self.report)
    }

    /// Returns the bytes of a memory in a frame, or why it cannot be sent.
    fn bytes_of(&self, entry: &MemoryEntry) -> Result<usize, String> {
        if entry.content.trim().is_empty() {
            return Err("it has no text; a memory's content says something".into());
        }
        let length = entry.content.len() as u64;
        if length > self.largest {
            let largest = self.largest;
            return Err(format!("its text has {length} bytes, a memory at most {largest}; split it"));
        }
        let json = serde_json::to_vec(entry).map_err(|error| format!("it is no JSON ({error})"))?;
        if json.len() > self.room {
            let most = text::bytes(self.room as u64);
            let size = text::bytes(json.len() as u64);
            return Err(format!("it takes {size} as JSON, and {most} go over the socket; split it"));
        }
        Ok(json.len() + 1)
    }

    async fn send_all(&mut self, out: &mut Output) -> Result<(), Error> {
        let targets: Vec<Target> = self.frames.keys().cloned().collect();
        for target in targets {
            self.send(&target, out).await?;
        }
        Ok(())
    }

    async fn send(&mut self, target: &Target, out: &mut Output) -> Result<(), Error> {
        let Some(Frame { entries, places, bytes }) = self.frames.remove(target) else { return Ok(()) };
        self.held = self.held.saturating_sub(bytes);
        let (tenant, project) = target.clone();
        let is_of_lines =
            self.choices.project.is_none() || (self.choices.tenant.is_none() && tenant.is_some());
        let told = match self.daemon.call(MemoryImport { tenant, project, entries }).await {
            Ok(told) => told,
            // A name that stands in the file is a mistake of its lines, not of who typed the command.
            Err(error) if error.kind == Kind::Usage && is_of_lines => {
                self.report.memories = self.report.memories.saturating_sub(places.len() as u64);
                let bad = |place| Problem { place, problem: error.to_string() };
                return places.into_iter().map(bad).try_for_each(|problem| self.complain(problem, out));
            }
            Err(error) => return Err(self.stopped(error)),
        };
        self.report.stored += told.stored;
        self.report.known += told.known;
        let place_of = |index: u64| places.get(usize::try_from(index).ok()?).cloned();
        for suspicious in told.suspicious {
            let looks_like = suspicious.looks_like;
            let problem =
                format!("it is stored and looks like {looks_like}; if it is one, delete it and change it");
            if let Some(place) = place_of(suspicious.index) {
                self.warn(Problem { place, problem }, out);
            }
        }
        for refused in told.refused {
            if let Some(place) = place_of(refused.index) {
                self.complain(Problem { place, problem: refused.reason }, out)?;
            }
        }
        Ok(())
    }

    /// Says what is stored when an import ends before its end.
    fn stopped(&self, error: Error) -> Error {
        let stored = match self.report.stored {
            0 => return error,
            1 => "1 memory is stored".to_owned(),
            stored => format!("{stored} memories are stored"),
        };
        error.hint(format!("{stored} already; import again for the rest, none is stored twice"))
    }
}
