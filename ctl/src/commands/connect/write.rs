//! `connect --write`: puts the entry into the client's file.

use std::path::PathBuf;

use mcpd_ipc::keys::{KeyCreated, KeyState, KeysList, KeysRevoke};
use serde::Serialize;
use serde_json::Value;

use super::{Client, ConnectArgs, Way, document::Document};
use crate::{
    commands::keys, daemon::Daemon, error::Error, file::CarefulFile, output::Output, page::Page, quote,
    surroundings::Surroundings,
};

/// Returns what the copies of a file are called after: each server has its own, to be undone by itself.
pub(super) fn copy_word(name: &str) -> String {
    format!("before-{name}")
}

/// What was done, as `--json` prints it; it never holds a secret.
#[derive(Serialize)]
struct Written {
    /// For which client.
    client: Client,
    /// Its file.
    file: PathBuf,
    /// What the client calls this server.
    name: String,
    /// What became of the entry.
    entry: Change,
    /// The copy of the file as it was, where there was one.
    backup: Option<PathBuf>,
    /// The key issued for the client.
    issued: Option<Issued>,
    /// Whether a key stands in a file that other users may read.
    open_to_others: bool,
}

/// What became of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// It is new.
    Added,
    /// It was there and differed.
    Replaced,
    /// It was there already; nothing was written.
    Unchanged,
}

/// A key that was issued, without its secret.
#[derive(Serialize)]
struct Issued {
    id: String,
    name: String,
}

/// Writes the entry.
pub(super) async fn run(
    args: &ConnectArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<(), Error> {
    let file = CarefulFile::read(&args.path(surroundings)?)?;
    let mut document = Document::parse(args.client, file.path(), file.text())?;
    let present = document.get(&args.name);
    let wanted = Wanted::find(args, present.as_ref(), daemon, surroundings).await?;
    let mut written = Written {
        client: args.client,
        file: file.path().to_owned(),
        name: args.name.clone(),
        entry: wanted.change(args.client, present.as_ref()),
        backup: None,
        issued: None,
        open_to_others: false,
    };
    match written.entry {
        Change::Unchanged => return out.show(&written, page),
        Change::Added => {}
        Change::Replaced => {
            let shown = file.path().display();
            let question = format!("replace the server {} in {shown}, which is a different one?", args.name);
            args.consent.ask(&question, surroundings, out)?;
        }
    }
    // Before a key is issued: where this fails, none is needed.
    let successor = file.prepare_with_copy(&copy_word(&args.name), surroundings.now)?;
    let (way, issued) = wanted.settle(args.client, daemon).await?;
    document.set(&args.name, &args.client.entry(&way));
    match successor.put(&document.to_string()) {
        Ok(copy) => written.backup = copy.filter(|_| file.text().is_some()),
        Err(error) => return Err(take_back(issued.as_ref(), error, daemon).await),
    }
    written.issued = issued;
    written.open_to_others = matches!(way, Way::Http { .. }) && file.is_open_to_others();
    out.show(&written, page)?;
    if let Some(hint) = way.trust_hint() {
        out.note(&Page::default().hint(hint));
    }
    Ok(())
}

/// Revokes a key that nobody will have, and says what became of it.
async fn take_back(issued: Option<&Issued>, error: Error, daemon: &Daemon) -> Error {
    let Some(Issued { id, name }) = issued else { return error };
    match daemon.call(KeysRevoke { key: id.clone() }).await {
        Ok(_) => error.hint(format!("the key {name} ({id}) that was issued for it is revoked again")),
        Err(_) => {
            let revoke = daemon.line(&format!("keys revoke {id}"));
            error.hint(format!("the key issued for it is of no use: {revoke}"))
        }
    }
}

/// The way the client shall have; its key may have to be issued first.
enum Wanted {
    Known(Way),
    KeyNeeded { url: String },
}

impl Wanted {
    async fn find(
        args: &ConnectArgs,
        present: Option<&Value>,
        daemon: &Daemon,
        surroundings: &Surroundings,
    ) -> Result<Self, Error> {
        if args.is_over_stdio() {
            return args.stdio_way(daemon, surroundings).map(Self::Known);
        }
        let named = args.named_key(daemon)?;
        let url = args.url(daemon).await?;
        if let Some(key) = named {
            return Ok(Self::Known(Way::Http { url, key: key.into() }));
        }
        // The entry may be there already, from the last time, with a key that still opens the door.
        if let Some(key) = present.and_then(bearer) {
            let way = Way::Http { url: url.clone(), key: key.to_owned() };
            if present == Some(&args.client.entry(&way)) && is_alive(key, daemon).await? {
                return Ok(Self::Known(way));
            }
        }
        Ok(Self::KeyNeeded { url })
    }

    fn change(&self, client: Client, present: Option<&Value>) -> Change {
        match (self, present) {
            (_, None) => Change::Added,
            (Self::Known(way), Some(present)) if *present == client.entry(way) => Change::Unchanged,
            (Self::Known(_) | Self::KeyNeeded { .. }, Some(_)) => Change::Replaced,
        }
    }

    /// Issues the key where one is needed.
    async fn settle(self, client: Client, daemon: &Daemon) -> Result<(Way, Option<Issued>), Error> {
        match self {
            Self::Known(way) => Ok((way, None)),
            Self::KeyNeeded { url } => {
                let KeyCreated { key, secret } = issue(client, daemon).await?;
                let way = Way::Http { url, key: secret.reveal().into() };
                Ok((way, Some(Issued { id: key.id, name: key.name })))
            }
        }
    }
}

/// Issues a key that is called like the client, with a number when others are called so already.
async fn issue(client: Client, daemon: &Daemon) -> Result<KeyCreated, Error> {
    let taken = daemon.call(KeysList {}).await?.keys;
    let is_free = |name: &String| !taken.iter().any(|key| key.name == *name);
    let word = client.word();
    let mut names = std::iter::once(word.to_owned())
        .chain((2..=taken.len() + 2).map(|number| format!("{word}-{number}")));
    let name = names.find(is_free).unwrap_or_else(|| word.into());
    daemon.call(keys::plain_terms(name)).await
}

/// Returns whether a key of this daemon still opens the door; of other keys nobody can tell.
async fn is_alive(key: &str, daemon: &Daemon) -> Result<bool, Error> {
    let Some((id, _)) = key.strip_prefix("mcpd_sk_").and_then(|rest| rest.split_once('_')) else {
        return Ok(false);
    };
    let keys = daemon.call(KeysList {}).await?.keys;
    Ok(keys.iter().any(|key| key.id == id && key.state == KeyState::Active))
}

/// Returns the secret that an entry sends, wherever in it that stands.
fn bearer(entry: &Value) -> Option<&str> {
    match entry {
        Value::String(text) => text.strip_prefix("Bearer "),
        Value::Array(items) => items.iter().find_map(bearer),
        Value::Object(pairs) => pairs.values().find_map(bearer),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn page(written: &Written) -> Page {
    let (name, file) = (&written.name, written.file.display());
    let page = match written.entry {
        Change::Unchanged => {
            return Page::of(format!("{file} has the server {name} already; nothing was changed"));
        }
        Change::Added => Page::of(format!("added the server {name} to {file}")),
        Change::Replaced => Page::of(format!("replaced the server {name} in {file}; it was a different one")),
    };
    let page = match &written.issued {
        Some(key) => page.line(format!("issued the key {} ({}) for it", key.name, key.id)),
        None => page,
    };
    let page = match &written.backup {
        Some(backup) => page.line(format!("the file as it was is kept as {}", backup.display())),
        None => page,
    };
    let page = page.line(format!("restart {} to use it", written.client.title()));
    if !written.open_to_others {
        return page;
    }
    let word = quote::word(&file.to_string());
    page.hint(&format!("other users may read the key in it; to keep them out: chmod 600 {word}"))
}
