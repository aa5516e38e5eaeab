//! JSON-RPC batches, which only 2025-03-26 has (MCP 2025-03-26, Basic, Batching).

use std::time::Instant;

use futures::{StreamExt, stream};
use serde_json::value::RawValue;

use super::{Ask, Mcp, Origin, Reply, Revision, RpcError, end::End, envelope::Envelope};

/// Messages of one batch at most.
const BATCH: usize = 100;
/// Messages of one batch that run at a time.
const BATCH_AT_ONCE: usize = 8;

impl Mcp {
    /// Answers a batch: only 2025-03-26 has them.
    pub(super) async fn batch(&self, ask: &Ask<'_>, batch: Result<Vec<&RawValue>, RpcError>) -> Reply {
        let began = Instant::now();
        let checked = batch.and_then(|messages| {
            if !self.takes_batches(ask)? {
                return Err(RpcError::InvalidRequest("batches belong to revision 2025-03-26 only".into()));
            }
            match messages.len() {
                0 => Err(RpcError::InvalidRequest("an empty batch".into())),
                1..=BATCH => Ok(messages),
                _ => Err(RpcError::InvalidRequest(format!("a batch has at most {BATCH} messages").into())),
            }
        });
        let messages = match checked {
            Ok(messages) => messages,
            Err(error) => {
                let error = self.guard.enter(ask.visitor).err().map_or(error, RpcError::from);
                self.finish(ask, "", None, End::failed(&error, began));
                return Reply::error(None, &error);
            }
        };
        let replies: Vec<_> = messages.iter().map(|message| self.of_batch(ask, message)).collect();
        Reply::batch(stream::iter(replies).buffered(BATCH_AT_ONCE).collect().await)
    }

    /// Answers one message of a batch.
    async fn of_batch(&self, ask: &Ask<'_>, message: &RawValue) -> Reply {
        let bytes = message.get().as_bytes();
        match Envelope::parse(bytes) {
            Ok(envelope) if envelope.method == "initialize" => {
                let error = RpcError::InvalidRequest("initialize is not part of a batch".into());
                let error = self.guard.enter(ask.visitor).err().map_or(error, RpcError::from);
                self.finish(ask, "initialize", None, End::failed(&error, Instant::now()));
                Reply::error(envelope.id(), &error)
            }
            Ok(_) | Err(_) => self.one(ask, bytes).await,
        }
    }

    fn takes_batches(&self, ask: &Ask<'_>) -> Result<bool, RpcError> {
        let revision = match (&ask.origin, self.session(ask)?) {
            (_, Some(session)) => Some(session.revision),
            (Origin::Stream(_), None) => None,
            // A request that names no revision is taken for one of this, the last that did not name it.
            (Origin::Http(head), None) => head.version.map_or(Some(Revision::V2025_03_26), Revision::read),
        };
        Ok(revision == Some(Revision::V2025_03_26))
    }
}
