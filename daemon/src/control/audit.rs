//! The audit, as operators read it.

use std::path::Path;

use mcpd_ipc::{
    Fault, FaultKind,
    audit::{AuditBad, AuditCheckpoint, AuditPage, AuditRecord, AuditReport, AuditTail, AuditVerify},
};

use super::{Hands, dispatch::internal};
use crate::audit::{AuditError, Bad, Checkpoint, Record, TailWanted, Verified};

/// Records that are read at a time, at most: as many as fit into a frame.
const MOST: u32 = 500;

pub(super) async fn tail(hands: &Hands, ask: AuditTail) -> Result<AuditPage, Fault> {
    let AuditTail { limit, after, actor, action } = ask;
    let wanted = TailWanted { most: limit.min(MOST) as usize, after, actor, action };
    let records = hands.recorder.audit().tail(wanted).await.map_err(|error| fault(&error))?;
    Ok(AuditPage { records: records.into_iter().map(shown).collect() })
}

pub(super) async fn verify(hands: &Hands, ask: AuditVerify) -> Result<AuditReport, Fault> {
    let verified = hands.recorder.audit().verify(ask.after, ask.checkpoint.map(Checkpoint::from)).await;
    verified.map(|verified| report(&hands.facts.audit, verified)).map_err(|error| fault(&error))
}

impl From<AuditCheckpoint> for Checkpoint {
    fn from(AuditCheckpoint { seq, mac }: AuditCheckpoint) -> Self {
        Self { seq, mac }
    }
}

/// Returns what a look through a folder found, as operators are told it.
pub(crate) fn report(directory: &Path, verified: Verified) -> AuditReport {
    let Verified { files, records, first, checkpoint, bad, .. } = verified;
    AuditReport {
        directory: directory.display().to_string(),
        files,
        records,
        first,
        checkpoint: AuditCheckpoint { seq: checkpoint.seq, mac: checkpoint.mac },
        bad: bad.map(|Bad { file, line, seq, why }| AuditBad { file, line, seq, why }),
    }
}

fn shown(record: Record) -> AuditRecord {
    let at = record.millis();
    let Record { seq, actor, action, subject, fate, why, answers, times, .. } = record;
    let (fate, times) = (fate.as_str().to_owned(), times.unwrap_or(1));
    AuditRecord { seq, at, actor, action, subject, fate, why, answers, times }
}

fn fault(error: &AuditError) -> Fault {
    match error {
        AuditError::Place { .. }
        | AuditError::Unreadable { .. }
        | AuditError::KeyLost { .. }
        | AuditError::Slow
        | AuditError::Closed => Fault::new(FaultKind::Refused, error.to_string()),
        AuditError::Unwritten(_) | AuditError::System(_) => internal(error),
    }
}
