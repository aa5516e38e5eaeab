//! `connect --undo`: puts back what was there before the last `--write`, and leaves alone what others wrote since.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::{Client, ConnectArgs, document::Document, write::COPY};
use crate::{
    error::{Error, Kind},
    file::{CarefulFile, cannot},
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
pub(super) fn run(args: &ConnectArgs, surroundings: &Surroundings, out: &mut Output) -> Result<(), Error> {
    let file = CarefulFile::read(&args.path(surroundings)?)?;
    let Some(text) = file.text() else { return Err(nothing(args, file.path())) };
    let document = Document::parse(args.client, file.path(), Some(text))?;
    let undo = Undo { args, file: &file, text, present: document.get(&args.name), document };
    let put_back = undo.run()?;
    let undone =
        Undone { client: args.client, file: file.path().to_owned(), name: args.name.clone(), put_back };
    out.show(&undone, page)
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
struct Before {
    copy: PathBuf,
    text: String,
    entry: Option<Value>,
}

impl Undo<'_> {
    fn run(mut self) -> Result<PutBack, Error> {
        let copies = self.file.copies(COPY);
        let Some(before) = self.before(&copies)? else {
            // Without any copy there was no file when the entry came.
            return if copies.is_empty() && self.present.is_some() {
                self.uncreate()
            } else {
                Err(self.nothing())
            };
        };
        if self.is_all_that_changed(&before)? {
            self.file.replace(&before.text)?;
            std::fs::remove_file(&before.copy).map_err(|error| cannot("remove", &before.copy, error))?;
            return Ok(PutBack::File);
        }
        self.document.put(&self.args.name, before.entry.as_ref());
        self.file.replace(&self.document.to_string())?;
        Ok(if before.entry.is_some() { PutBack::Entry } else { PutBack::NoEntry })
    }

    /// Finds the youngest copy in which the entry differs.
    fn before(&self, copies: &[PathBuf]) -> Result<Option<Before>, Error> {
        for copy in copies.iter().rev() {
            let text = std::fs::read_to_string(copy).map_err(|error| cannot("read", copy, error))?;
            let entry = Document::parse(self.args.client, copy, Some(&text))?.get(&self.args.name);
            if entry != self.present {
                return Ok(Some(Before { copy: copy.clone(), text, entry }));
            }
        }
        Ok(None)
    }

    /// Returns whether doing again what `--write` did leads to the file as it is.
    fn is_all_that_changed(&self, before: &Before) -> Result<bool, Error> {
        let mut again = Document::parse(self.args.client, &before.copy, Some(&before.text))?;
        again.put(&self.args.name, self.present.as_ref());
        Ok(again.to_string() == self.text)
    }

    fn uncreate(mut self) -> Result<PutBack, Error> {
        self.document.remove(&self.args.name);
        if self.document.is_bare() {
            self.file.remove()?;
            return Ok(PutBack::NoFile);
        }
        self.file.replace(&self.document.to_string())?;
        Ok(PutBack::NoEntry)
    }

    fn nothing(&self) -> Error {
        nothing(self.args, self.file.path())
    }
}

fn page(undone: &Undone) -> Page {
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
    page.line("a key that was issued for it still opens the door: mcpctl keys list")
}
