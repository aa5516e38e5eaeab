//! A tree on its way: every file offered, those that are wanted sent, in batches of a sensible size.

use std::collections::{HashMap, HashSet};

use mcpd_ipc::{
    FRAME_LIMIT,
    projects::{
        AnalysisState, ProjectProblem, PushBegun, PushEnd, PushFiles, PushOffer, PushOffered, PushedFile,
    },
};
use serde::Serialize;
use tokio::task::yield_now;

use super::{
    page::Report,
    tree::{Found, Tree, Unsent, too_much},
};
use crate::{
    commands::projects::door::Door,
    error::{Error, Kind},
    output::Output,
    text,
};

/// What a batch holds at most beside the files in it, in bytes.
const ENVELOPE: u64 = 4 << 10;

/// A batch is sent before it grows over this, unless one file alone does; in bytes.
const BATCH: u64 = 512 << 10;

/// A tree on its way.
pub(super) struct Sending<'s> {
    door: &'s Door,
    limits: PushBegun,
    files: Vec<Found>,
    /// The hash under which each file was offered, by its path. Only what stands here is ever sent: the daemon asks
    /// for files, and must not be able to ask for others.
    offered: HashMap<String, String>,
    wanted: HashSet<String>,
    report: Report,
}

/// Things that go together, and the bytes they have as JSON.
struct Batch<T> {
    things: Vec<T>,
    bytes: u64,
}

impl<T: Serialize> Batch<T> {
    fn new() -> Self {
        Self { things: Vec::new(), bytes: 0 }
    }

    /// Takes one more; returns those before it when together they are enough.
    fn take(&mut self, thing: T, bytes: u64, room: u64) -> Option<Vec<T>> {
        let full = !self.things.is_empty() && self.bytes + bytes > room.min(BATCH);
        let before = full.then(|| std::mem::replace(self, Self::new()).things);
        self.things.push(thing);
        self.bytes += bytes;
        before
    }
}

fn bytes_of(thing: &impl Serialize) -> Result<u64, Error> {
    let json = serde_json::to_vec(thing)
        .map_err(|error| Error::new(Kind::Failed, "a file could not be written as JSON").because(error))?;
    Ok(json.len() as u64 + 1)
}

impl<'s> Sending<'s> {
    pub(super) fn new(door: &'s Door, limits: PushBegun, tree: Tree, mut report: Report) -> Self {
        let Tree { files, skipped, unread } = tree;
        skipped.into_iter().for_each(|problem| report.skip(problem));
        unread.into_iter().for_each(|problem| report.refuse(problem));
        Self { door, limits, files, offered: HashMap::new(), wanted: HashSet::new(), report }
    }

    /// Returns the bytes that may go at a time.
    fn room(&self) -> u64 {
        let most = match self.door {
            Door::Here(_) => self.limits.batch_bytes.min(FRAME_LIMIT as u64),
            Door::There(_) => self.limits.batch_bytes,
        };
        most.saturating_sub(ENVELOPE)
    }

    /// Reads every file and offers it.
    pub(super) async fn offer(&mut self, out: &mut Output) -> Result<(), Error> {
        let (all, room, files) = (self.files.len() as u64, self.room(), std::mem::take(&mut self.files));
        let mut batch = Batch::new();
        for (done, file) in (1_u64..).zip(&files) {
            if let Some((offer, _)) = self.read(file)? {
                self.report.files += 1;
                self.report.bytes += offer.size;
                if self.report.bytes > self.limits.total_bytes {
                    let most = text::bytes(self.limits.total_bytes);
                    return Err(too_much(format!("the code has more than the {most} that the daemon takes")));
                }
                let bytes = bytes_of(&offer)?;
                if let Some(full) = batch.take(offer, bytes, room) {
                    self.send_offer(full).await?;
                }
            }
            out.progress(&format!("{} {done} of {} read", text::bar(done, all), text::count(all, "file")));
            // So that Ctrl-C is heard.
            yield_now().await;
        }
        self.files = files;
        self.send_offer(batch.things).await
    }

    /// Reads a file; one that cannot be sent is told of in the report.
    fn read(&mut self, file: &Found) -> Result<Option<(PushOffered, PushedFile)>, Error> {
        let told = |reason| ProjectProblem { path: file.path.clone(), reason };
        match file.read(self.limits.file_bytes) {
            Ok((offer, content)) => {
                let (bytes, room) = (bytes_of(&content)?, self.room());
                if bytes <= room {
                    return Ok(Some((offer, content)));
                }
                let (size, most) = (text::bytes(bytes), text::bytes(room));
                self.report.skip(told(format!("it takes {size} as JSON, and {most} go at a time")));
            }
            Err(Unsent::TooLarge(reason)) => self.report.skip(told(reason)),
            Err(Unsent::Unread(reason)) => self.report.refuse(told(reason)),
        }
        Ok(None)
    }

    async fn send_offer(&mut self, files: Vec<PushOffered>) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        self.offered.extend(files.iter().map(|offer| (offer.path.clone(), offer.hash.clone())));
        let told = self.door.call(PushOffer { push: self.limits.push.clone(), files }).await?;
        self.wanted.extend(told.wanted.into_iter().filter(|path| self.offered.contains_key(path)));
        told.refused.into_iter().for_each(|problem| self.report.refuse(problem));
        Ok(())
    }

    /// Sends what is wanted, but in a dry run.
    pub(super) async fn send(&mut self, out: &mut Output) -> Result<(), Error> {
        self.report.wanted = self.wanted.len() as u64;
        if self.report.dry_run {
            return Ok(());
        }
        let (all, room, files) = (self.report.wanted, self.room(), std::mem::take(&mut self.files));
        let (mut batch, mut done) = (Batch::new(), 0);
        for file in &files {
            if !self.wanted.contains(&file.path) {
                continue;
            }
            if let Some(content) = self.read_again(file).await? {
                let bytes = bytes_of(&content)?;
                if let Some(full) = batch.take(content, bytes, room) {
                    self.send_files(full).await?;
                }
            }
            done += 1;
            out.progress(&format!("{} {done} of {} sent", text::bar(done, all), text::count(all, "file")));
            yield_now().await;
        }
        self.send_files(batch.things).await
    }

    /// Ends the push, but in a dry run; returns what was sent and the analysis that has begun.
    pub(super) async fn finish(self) -> Result<(Report, Option<AnalysisState>), Error> {
        if self.report.dry_run {
            return Ok((self.report, None));
        }
        let begun = self.door.call(PushEnd { push: self.limits.push }).await?;
        Ok((self.report, Some(begun)))
    }

    /// Reads a file that is wanted; one that has changed since it was offered is offered again.
    async fn read_again(&mut self, file: &Found) -> Result<Option<PushedFile>, Error> {
        let Some((offer, content)) = self.read(file)? else { return Ok(None) };
        if self.offered.get(&offer.path) == Some(&offer.hash) {
            return Ok(Some(content));
        }
        self.wanted.remove(&offer.path);
        self.send_offer(vec![offer]).await?;
        Ok(self.wanted.contains(&content.path).then_some(content))
    }

    async fn send_files(&mut self, files: Vec<PushedFile>) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        let bytes: u64 = files.iter().map(|file| file.content.len() as u64).sum();
        let told = self.door.call(PushFiles { push: self.limits.push.clone(), files }).await?;
        self.report.sent += told.taken;
        self.report.sent_bytes += bytes;
        told.refused.into_iter().for_each(|problem| self.report.refuse(problem));
        Ok(())
    }
}
