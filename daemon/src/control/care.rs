//! Backup and restore. A backup is one file with everything kept, pepper included; it is made while clients write, and
//! checked before it counts. A restore lays a checked copy ready and lets the daemon start again on it.

use std::{
    io,
    path::{Path, PathBuf},
};

use mcpd_ipc::{
    Fault, FaultKind,
    care::{Backup, BackupReport, Restore, Restoring},
};

use super::{Hands, Operator, dispatch::internal, life};
use crate::{
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

pub(super) async fn backup(hands: &Hands, operator: Operator, ask: Backup) -> Result<BackupReport, Fault> {
    let file = absolute(&ask.file)?;
    may_take_place_of(&file, ask.overwrite).await?;
    let pepper =
        std::fs::read(&hands.facts.pepper).map_err(|error| unwritten(&hands.facts.pepper, &error))?;
    let label = Label { made_at: now(), version: env!("CARGO_PKG_VERSION").to_owned(), pepper };
    let part = part_of(&file);
    // Left over from one that was cut short.
    let _ = std::fs::remove_file(&part);
    // Made here, private and new: SQLite would follow a link that somebody laid.
    make_private(&part).map_err(|error| unwritten(&part, &error))?;
    let copied = hands.store.care().copy(&part, &label).await;
    let done = match copied {
        Ok(contents) => std::fs::rename(&part, &file)
            .and_then(|()| sync_directory(&file))
            .map(|()| contents)
            .map_err(|error| unwritten(&file, &error)),
        Err(error) => Err(refused(&file, "could not be written", &error)),
    };
    let contents = done.inspect_err(|_| drop(std::fs::remove_file(&part)))?;
    let report = report(&file, &label, contents);
    StoreCared { what: "backed up", file: &report.file, operator: operator.uid }.emit();
    Ok(report)
}

pub(super) async fn restore(hands: &Hands, operator: Operator, ask: Restore) -> Result<Restoring, Fault> {
    let file = absolute(&ask.file)?;
    let (database, pepper) = (hands.store.path(), &hands.facts.pepper);
    let read = read_backup(&file).await;
    let (label, contents) = read.map_err(|error| refused(&file, "cannot be restored", &error))?;
    let kept = kept_at(database);
    lay_ready(&file, database, pepper, &label).await?;
    let restoring = Restoring {
        backup: report(&file, &label, contents),
        kept: kept.display().to_string(),
        instance: hands.facts.instance.clone(),
        calls_in_flight: hands.guard.calls_in_flight() as u64,
        deadline: life::drain_deadline(hands).as_secs(),
    };
    StoreCared { what: "to be restored", file: &restoring.backup.file, operator: operator.uid }.emit();
    life::order(hands, Order::Restart).await?;
    Ok(restoring)
}

/// Copies a backup next to the database. The database is named last: without it nothing is ready.
async fn lay_ready(file: &Path, database: &Path, pepper: &Path, label: &Label) -> Result<(), Fault> {
    let (ready, part) = (beside(database, READY), part_of(&beside(database, READY)));
    let (from, to) = (file.to_owned(), part.clone());
    let copied = tokio::task::spawn_blocking(move || std::fs::copy(from, to)).await;
    let copied = copied.unwrap_or_else(|_| Err(io::Error::other("the copying was cut short")));
    copied.map_err(|error| unwritten(&part, &error))?;
    take_label_off(&part).await.map_err(|error| refused(&part, "could not be written", &error))?;
    let new_pepper = beside(pepper, READY);
    write_private(&new_pepper, &label.pepper).map_err(|error| unwritten(&new_pepper, &error))?;
    let laid = std::fs::rename(&part, &ready).and_then(|()| sync_directory(&ready));
    laid.map_err(|error| unwritten(&ready, &error))
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

fn part_of(file: &Path) -> PathBuf {
    beside(file, ".part")
}

/// Makes a file that nobody else may read, and that was not there.
fn make_private(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Left over from a restore that was cut short.
    let _ = std::fs::remove_file(path);
    let mut file = make_private(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// Makes a rename outlive a power cut.
fn sync_directory(file: &Path) -> io::Result<()> {
    std::fs::File::open(file.parent().unwrap_or(Path::new("/")))?.sync_all()
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
        | StoreError::UnknownDependencies(_)
        | StoreError::Cycle(_)
        | StoreError::OldSqlite { .. }
        | StoreError::Corrupt(_)
        | StoreError::Closed => internal(error),
    }
}

fn unwritten(file: &Path, error: &io::Error) -> Fault {
    let fault = Fault::new(FaultKind::Refused, format!("{}: {error}", file.display()));
    fault.hint("the daemon's own user needs to be able to read and write there; nothing was changed")
}
