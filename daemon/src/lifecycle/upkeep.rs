//! What must happen now and then: idle sessions end, expired memories go, the use of keys is written down.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{auth::Keyring, mcp::News, store::Store};

/// Time between rounds.
const ROUND: Duration = Duration::from_secs(30);
/// Memories removed in one write, so that it never holds others up.
const PURGE: i64 = 500;

/// Goes its rounds until `stop` fires.
pub(super) async fn rounds(store: Store, keys: Arc<Keyring>, news: Arc<News>, stop: CancellationToken) {
    let mut ticks = interval(ROUND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut flushed = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        news.sessions().expire();
        news.sessions().flush().await;
        news.sweep();
        let now = crate::store::now();
        keys.end_graces();
        match keys.flush_used(flushed).await {
            Ok(()) => flushed = now,
            Err(error) => tracing::warn!(%error, "when keys were last used could not be written"),
        }
        if let Err(error) = store.memories().trim_gone().await {
            tracing::warn!(%error, "what went long ago could not be forgotten");
        }
        loop {
            match store.memories().purge(PURGE).await {
                Ok(gone) if gone as i64 == PURGE => {}
                Ok(gone) => {
                    tracing::debug!(gone, "expired memories are gone");
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "expired memories could not be removed");
                    break;
                }
            }
        }
        if let Err(error) = store.memories().clean_log().await {
            tracing::warn!(%error, "traces of removed memories are in the write-ahead log still");
        }
    }
}
