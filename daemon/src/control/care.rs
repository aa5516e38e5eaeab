//! Backup and restore. A backup is one file with everything kept, pepper included; it is made while clients write, and
//! checked before it counts. A restore lays a checked copy ready and lets the daemon start again on it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use mcpd_ipc::{
    Fault, FaultKind,
    care::{Backup, BackupReport, Restore, Restoring},
};
use zeroize::Zeroizing;

use super::{Hands, Operator, dispatch::internal, life, part::Part};
use crate::{
    auth::PepperPlace,
    signals::Order,
    store::{Contents, Label, StoreError, beside, now, read_backup, take_label_off},
    telemetry::StoreCared,
};

/// What stands behind the name of a database, or a pepper, that is ready to take its place.
pub const READY: &str = ".restore";

/// Returns where the database that is there now will be kept, or was kept if that has happened already.
pub fn kept_at(database: &Path) -> PathBuf {
    let name = |number: u32| match number {
        0 | 1 => beside(database, ".before-restore"),
        more => beside(database, &format!(".before-restore-{more}")),
    };
    let free = (1..).find(|number| !name(*number).exists()).unwrap_or(u32::MAX);
    name(if database.exists() { free } else { free - 1 })
}

/// Removes what a restore had begun to lay ready when it was cut short; what is ready stays. Nobody may lay anything
/// ready meanwhile.
pub fn forget_unready(database: &Path, pepper: &Path) {
    for file in [database, pepper] {
        Part::forget(&beside(file, READY));
    }
    if !beside(database, READY).exists() {
        // The database is named last: a pepper alone waits for nothing.
        let _ = std::fs::remove_file(beside(pepper, READY));
    }
}

pub(super) async fn backup(hands: &Hands, operator: Operator, ask: Backup) -> Result<BackupReport, Fault> {
    let file = absolute(&ask.file)?;
    let _alone = hands.caring.lock().await;
    may_take_place_of(&file, ask.overwrite).await?;
    let pepper = own_pepper(&hands.facts.pepper)?;
    let label = Label { made_at: now(), version: env!("CARGO_PKG_VERSION").to_owned(), pepper };
    // Made here, private: SQLite fills an empty file, and would follow a link that somebody laid.
    let (part, _) = Part::of(&file).map_err(|error| unwritten(&file, &error))?;
    let copied = hands.store.care().copy(part.path(), &label).await;
    let contents = copied.map_err(|error| refused(&file, "could not be written", &error))?;
    part.name(&file).map_err(|error| unwritten(&file, &error))?;
    let report = report(&file, &label, contents);
    StoreCared { what: "backed up", file: &report.file, operator: operator.uid }.emit();
    Ok(report)
}

pub(super) async fn restore(hands: &Hands, operator: Operator, ask: Restore) -> Result<Restoring, Fault> {
    let file = absolute(&ask.file)?;
    let _alone = hands.caring.lock().await;
    if hands.guard.draining().is_cancelled() {
        return Err(life::ending());
    }
    if !hands.store.is_alone() {
        let why = "an `mcpd stdio` serves in process on this database and would go on with the old one";
        return Err(Fault::new(FaultKind::Conflict, why).hint("close that client, then try again"));
    }
    let (database, pepper) = (hands.store.path(), &hands.facts.pepper);
    let (label, contents) = lay_ready(&file, database, pepper).await?;
    let restoring = Restoring {
        backup: report(&file, &label, contents),
        kept: kept_at(database).display().to_string(),
        instance: hands.facts.instance.clone(),
        calls_in_flight: hands.guard.calls_in_flight() as u64,
        deadline: life::drain_deadline(hands).as_secs(),
    };
    if let Err(fault) = life::order(hands, Order::Restart).await {
        // Nothing may take its place at some later start that nobody connects with this.
        for ready in [database, pepper.file()].map(|file| beside(file, READY)) {
            let _ = std::fs::remove_file(ready);
        }
        return Err(fault);
    }
    StoreCared { what: "to be restored", file: &restoring.backup.file, operator: operator.uid }.emit();
    Ok(restoring)
}

/// Copies a backup next to the database, and checks the copy. The database is named last: without it nothing is ready.
async fn lay_ready(file: &Path, database: &Path, pepper: &PepperPlace) -> Result<(Label, Contents), Fault> {
    let ready = beside(database, READY);
    let (part, opened) = Part::of(&ready).map_err(|error| unwritten(&ready, &error))?;
    let from = file.to_owned();
    let copied = tokio::task::spawn_blocking(move || copy(&from, opened)).await;
    let copied = copied.unwrap_or_else(|_| Err(io::Error::other("the copying was cut short")));
    copied.map_err(|error| unwritten(file, &error))?;
    let read = read_backup(part.path()).await;
    let (label, contents) = read.map_err(|error| refused(file, "cannot be restored", &error))?;
    fits(file, &label, pepper)?;
    take_label_off(part.path()).await.map_err(|error| refused(&ready, "could not be written", &error))?;
    match pepper {
        PepperPlace::File(path) => lay_pepper(&beside(path, READY), &label)?,
        // It is the service manager's, and is the same: that was looked at first.
        PepperPlace::Credential { .. } => {}
    }
    part.name(&ready).map_err(|error| unwritten(&ready, &error))?;
    Ok((label, contents))
}

fn lay_pepper(ready: &Path, label: &Label) -> Result<(), Fault> {
    let (part, mut written) = Part::of(ready).map_err(|error| unwritten(ready, &error))?;
    let kept = written.write_all(&label.pepper).and_then(|()| written.sync_all());
    kept.and_then(|()| part.name(ready)).map_err(|error| unwritten(ready, &error))
}

/// Refuses a backup whose keys nobody could use: a pepper that the service manager brings is not ours to replace.
fn fits(file: &Path, label: &Label, pepper: &PepperPlace) -> Result<(), Fault> {
    match pepper {
        PepperPlace::File(_) => Ok(()),
        PepperPlace::Credential { .. } if own_pepper(pepper)? == label.pepper => Ok(()),
        PepperPlace::Credential { .. } => {
            let why = format!(
                "the keys in {} were hashed with another pepper than the credential's",
                file.display()
            );
            let hint = "nothing was changed; make the credential of the backup's pepper first \
                        (docs/operations.md, \"The pepper as a credential\")";
            Err(Fault::new(FaultKind::Refused, why).hint(hint))
        }
    }
}

fn own_pepper(pepper: &PepperPlace) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let read = std::fs::read(pepper.path());
    read.map(Zeroizing::new).map_err(|error| unwritten(pepper.path(), &error))
}

fn copy(from: &Path, mut to: std::fs::File) -> io::Result<()> {
    if !std::fs::metadata(from)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    io::copy(&mut std::fs::File::open(from)?, &mut to)?;
    to.sync_all()
}

fn report(file: &Path, label: &Label, contents: Contents) -> BackupReport {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    BackupReport {
        file: file.display().to_string(),
        bytes: std::fs::metadata(file).map_or(0, |found| found.len()),
        made_at: label.made_at,
        version: label.version.clone(),
        keys: count(contents.keys),
        projects: count(contents.projects),
        memories: count(contents.memories),
    }
}

/// Checks that a backup may be written there: nowhere but where nothing is, or an earlier backup that may go.
async fn may_take_place_of(file: &Path, overwrite: bool) -> Result<(), Fault> {
    if file.is_dir() {
        let fault = Fault::new(FaultKind::Usage, format!("{} is a directory", file.display()));
        return Err(fault.hint("name the file to make in it"));
    }
    if std::fs::symlink_metadata(file).is_err() {
        return Ok(());
    }
    if !overwrite {
        let fault = Fault::new(FaultKind::Conflict, format!("{} is there already", file.display()));
        return Err(fault.hint("name another file; --force replaces an earlier backup"));
    }
    if read_backup(file).await.is_err() {
        let fault = Fault::new(FaultKind::Refused, format!("{} is no backup of mcpd", file.display()));
        return Err(fault.hint("only an earlier backup is replaced; name another file"));
    }
    Ok(())
}

fn absolute(file: &str) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(file);
    if path.is_absolute() && path.file_name().is_some() {
        return Ok(path);
    }
    Err(Fault::new(FaultKind::Usage, format!("{file:?} is not the absolute path of a file")))
}

/// Says what is wrong with a file the operator named: they may read it, so they may know.
fn refused(file: &Path, what: &str, error: &StoreError) -> Fault {
    match error {
        StoreError::NoBackup | StoreError::Damaged(_) | StoreError::Newer(_) | StoreError::Unavailable(_) => {
            let fault = Fault::new(FaultKind::Refused, format!("{} {what}: {error}", file.display()));
            fault.hint("nothing was changed")
        }
        StoreError::NotFound
        | StoreError::Duplicate
        | StoreError::Quota(_)
        | StoreError::Settled(_)
        | StoreError::UnknownDependencies(_)
        | StoreError::Cycle(_)
        | StoreError::TooManyErrors(_)
        | StoreError::NoSolution(_)
        | StoreError::OldSqlite { .. }
        | StoreError::Corrupt(_)
        | StoreError::Closed => internal(error),
    }
}

fn unwritten(file: &Path, error: &io::Error) -> Fault {
    let fault = Fault::new(FaultKind::Refused, format!("{}: {error}", file.display()));
    fault.hint("the daemon's own user needs to be able to read and write there; nothing was changed")
}
