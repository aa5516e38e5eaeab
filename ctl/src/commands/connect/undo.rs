//! `connect --undo`: puts back what was there before the last `--write`, and leaves alone what others wrote since.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;

use super::{Client, ConnectArgs, document::Document, write::copy_word};
use crate::{
    daemon::Daemon,
    error::{Error, Kind},
    file::{CarefulFile, cannot, read_text},
    output::Output,
    page::Page,
    surroundings::Surroundings,
};

/// What was done, as `--json` prints it.
#[derive(Serialize)]
struct Undone {
    /// For which client.
    client: Client,
    /// Its file.
    file: PathBuf,
    /// What the client calls this server.
    name: String,
    /// What was put back.
    put_back: PutBack,
}

/// What was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum PutBack {
    /// The whole file: nobody else had changed it.
    File,
    /// The entry that was there before.
    Entry,
    /// That there was no such entry.
    NoEntry,
    /// That there was no such file.
    NoFile,
}

/// Undoes the last `--write`.
pub(super) fn run(
    args: &ConnectArgs,
    daemon: &Daemon,
    surroundings: &Surroundings,
    out: &mut Output,
) -> Result<(), Error> {
    let file = CarefulFile::read(&args.path(surroundings)?)?;
    let Some(text) = file.text() else { return Err(nothing(args, file.path())) };
    let document = Document::parse(args.client, file.path(), Some(text))?;
    let undo = Undo { args, file: &file, text, present: document.get(&args.name), document };
    let put_back = undo.run()?;
    let undone =
        Undone { client: args.client, file: file.path().to_owned(), name: args.name.clone(), put_back };
    out.show(&undone, |undone| page(undone, daemon))
}

fn nothing(args: &ConnectArgs, path: &Path) -> Error {
    let message = format!("there is nothing to undo for the server {} in {}", args.name, path.display());
    Error::new(Kind::Failed, message)
}

/// The file as it is now.
struct Undo<'a> {
    args: &'a ConnectArgs,
    file: &'a CarefulFile,
    text: &'a str,
    present: Option<Value>,
    document: Document,
}

/// The file as it was once.
struct Before<'c> {
    copy: &'c Path,
    /// Copies made later.
    younger: &'c [PathBuf],
    /// Empty where there was no file.
    text: String,
    entry: Option<Value>,
}

impl Undo<'_> {
    fn run(mut self) -> Result<PutBack, Error> {
        let copies = self.file.copies(&copy_word(&self.args.name));
        let Some(before) = self.before(&copies)? else { return Err(self.nothing()) };
        let put_back = if before.text.is_empty() {
            self.uncreate()?
        } else if self.is_all_that_changed(&before)? {
            self.file.replace(&before.text)?;
            PutBack::File
        } else {
            self.document.put(&self.args.name, before.entry.as_ref());
            self.file.replace(&self.document.to_string())?;
            if before.entry.is_some() { PutBack::Entry } else { PutBack::NoEntry }
        };
        self.use_up(&before, put_back)?;
        Ok(put_back)
    }

    /// Finds the youngest copy in which the entry differs.
    fn before<'c>(&self, copies: &'c [PathBuf]) -> Result<Option<Before<'c>>, Error> {
        for (index, copy) in copies.iter().enumerate().rev() {
            let text = read_text(copy)?;
            let entry = Document::parse(self.args.client, copy, Some(&text))?.get(&self.args.name);
            if entry != self.present {
                return Ok(Some(Before { copy, younger: &copies[index + 1..], text, entry }));
            }
        }
        Ok(None)
    }

    /// Returns whether doing again what `--write` did leads to the file as it is.
    fn is_all_that_changed(&self, before: &Before<'_>) -> Result<bool, Error> {
        let mut again = Document::parse(self.args.client, before.copy, Some(&before.text))?;
        again.put(&self.args.name, self.present.as_ref());
        Ok(again.to_string() == self.text)
    }

    /// Takes the entry out of a file that was made for it, and the file away unless somebody has put more into it.
    fn uncreate(&mut self) -> Result<PutBack, Error> {
        self.document.remove(&self.args.name);
        if self.document.is_bare() {
            self.file.remove()?;
            return Ok(PutBack::NoFile);
        }
        self.file.replace(&self.document.to_string())?;
        Ok(PutBack::NoEntry)
    }

    /// Takes the copy out of the next undo's sight, and those younger: each step back is made once.
    fn use_up(&self, before: &Before<'_>, put_back: PutBack) -> Result<(), Error> {
        for copy in before.younger.iter().map(PathBuf::as_path).chain([before.copy]) {
            // What nothing else holds any more is kept, under another name.
            let is_held = copy == before.copy && (before.text.is_empty() || put_back == PutBack::File);
            if is_held {
                fs::remove_file(copy).map_err(|error| cannot("remove", copy, error))?;
            } else {
                let name = copy.file_name().unwrap_or_default().to_string_lossy();
                let (file, stamp) = name.rsplit_once(".before-").unwrap_or((&name, ""));
                let kept = copy.with_file_name(format!("{file}.undone-{stamp}"));
                fs::rename(copy, &kept).map_err(|error| cannot("rename", copy, error))?;
            }
        }
        Ok(())
    }

    fn nothing(&self) -> Error {
        nothing(self.args, self.file.path())
    }
}

fn page(undone: &Undone, daemon: &Daemon) -> Page {
    let (name, file) = (&undone.name, undone.file.display());
    let page = match undone.put_back {
        PutBack::File => Page::of(format!("put {file} back as it was")),
        PutBack::Entry => Page::of(format!(
            "put the server {name} in {file} back as it was; what else changed there since stays"
        )),
        PutBack::NoEntry => {
            Page::of(format!("removed the server {name} from {file}; what else changed there since stays"))
        }
        PutBack::NoFile => Page::of(format!("removed {file}, which held nothing else")),
    };
    page.line(format!("a key that was issued for it still opens the door: {}", daemon.line("keys list")))
}
