//! `mcpd verify`: looks through the audit where no daemon answers, or through a copy of it.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::Args;
use mcpd_ipc::{audit::AuditCheckpoint, text::escape};

use super::Start;
use crate::{
    audit::{Checkpoint, look_at},
    control,
    lifecycle::LifeError,
};

/// Where the records are, and which of them.
#[derive(Args)]
pub(super) struct Verify {
    /// The state directory they belong to
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// The configuration file, whose audit.directory counts
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the records, as of a copy
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// What they were sealed with [default: audit.key in the state directory]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Looks only at records after this number
    #[arg(long, value_name = "SEQ", default_value = "0", hide_default_value = true)]
    after: u64,
    /// A record that was there once, as an earlier look printed it
    #[arg(long, value_name = "SEQ:MAC")]
    checkpoint: Option<AuditCheckpoint>,
}

/// Says what was found; the exit code is 1 when a record is not what was written.
pub(super) fn run(verify: Verify) -> Result<ExitCode, LifeError> {
    let Verify { state_dir, config, directory, key, after, checkpoint } = verify;
    let boot = Start { state_dir, config, ..Start::default() }.boot()?;
    let directory = match directory {
        Some(directory) => directory,
        None => boot.records(&boot.load()?.0),
    };
    let key = key.unwrap_or_else(|| boot.audit_key());
    let checkpoint = checkpoint.map(Checkpoint::from);
    let report = control::report(&directory, look_at(&directory, &key, after, checkpoint.as_ref())?);
    let (verdict, behind, lines) = report.told();
    let mut out = std::io::stdout().lock();
    for line in std::iter::once(format!("the audit is {verdict}{behind}")).chain(lines) {
        writeln!(out, "{}", escape(&line))?;
    }
    Ok(if report.bad.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
