//! How sessions survive a restart: written before their clients learn of them, taken up again at the start.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

use super::{Abilities, LEVEL, Session, Sessions, Way, table::nanos};
use crate::{
    auth::Principal,
    mcp::Revision,
    store::{ClientSession, StoreError, now},
    tools::LogLevel,
};

/// Sessions in one write, so that it never holds others up.
const AT_ONCE: usize = 500;

impl Sessions {
    /// Takes up the sessions the store kept. `find` knows the principal behind its written form; a session whose
    /// principal is gone, or that idled too long meanwhile, ends here.
    pub async fn restore(
        &self,
        find: impl Fn(&str) -> Option<Arc<Principal>> + Send,
    ) -> Result<usize, StoreError> {
        let Some(store) = &self.store else { return Ok(0) };
        let (now, idle) = (now(), self.idle_millis.load(Ordering::Relaxed));
        for row in store.client_sessions().all().await? {
            // A clock that was set back makes no session older.
            let idled = u64::try_from(now.saturating_sub(row.last_used_at)).unwrap_or(0);
            let principal =
                find(&row.principal).filter(|one| !one.revoked.is_cancelled() && !one.expired(now));
            match principal.zip(Revision::read(&row.revision)).filter(|_| idled <= idle) {
                Some((principal, revision)) => {
                    let session = self.revive(row, principal, revision, Duration::from_millis(idled));
                    self.insert(&Arc::new(session));
                }
                None => self.gone.lock().push(row.id),
            }
        }
        Ok(self.table.len())
    }

    fn revive(
        &self,
        row: ClientSession,
        principal: Arc<Principal>,
        revision: Revision,
        idled: Duration,
    ) -> Session {
        Session {
            ended: principal.revoked.child_token(),
            id: row.id,
            principal,
            revision,
            client: row.client,
            abilities: Abilities::of_words(&row.capabilities),
            exchange: Default::default(),
            level: AtomicU8::new(LogLevel::of_rank(row.level).unwrap_or(LEVEL) as u8),
            subscribed: Mutex::new(row.subscriptions),
            created_at: row.created_at,
            last_used: AtomicI64::new(self.now() - nanos(idled)),
            changed: AtomicBool::new(false),
            way: self.events(),
        }
    }

    /// Keeps a session in the store before its client learns of it, or of what it changed. A store that fails costs only that a restart
    /// ends the session.
    pub(in crate::mcp) async fn keep(&self, session: &Session) {
        let (Some(store), Some(row)) = (&self.store, self.row(session)) else { return };
        if let Err(error) = store.client_sessions().keep(vec![row]).await {
            tracing::warn!(%error, "a session could not be kept; a restart will end it");
        }
        self.note_if_gone(&session.id);
    }

    /// One that ended while it was being written must not come back with a restart.
    fn note_if_gone(&self, id: &str) {
        if !self.table.contains_key(id) {
            self.gone.lock().push(id.to_owned());
        }
    }

    /// Ends a session for good: after this the store does not have it either.
    pub async fn end_now(&self, id: &str) {
        self.end(id);
        self.flush_gone().await;
    }

    /// Writes what changed since the last time: when sessions were used, what they listen to, which ended.
    pub async fn flush(&self) {
        self.flush_gone().await;
        let Some(store) = &self.store else { return };
        let changed = self.table.iter().filter(|session| session.changed.swap(false, Ordering::Relaxed));
        let rows: Vec<_> = changed.filter_map(|session| self.row(&session)).collect();
        for some in rows.chunks(AT_ONCE) {
            if let Err(error) = store.client_sessions().keep(some.to_vec()).await {
                tracing::warn!(%error, "when sessions were last used could not be written; the next round tries again");
                let unwritten = some.iter().filter_map(|row| self.table.get(&row.id));
                unwritten.for_each(|session| session.changed.store(true, Ordering::Relaxed));
            }
            some.iter().for_each(|row| self.note_if_gone(&row.id));
        }
        self.flush_gone().await;
    }

    async fn flush_gone(&self) {
        let Some(store) = &self.store else { return };
        let gone = std::mem::take(&mut *self.gone.lock());
        if gone.is_empty() {
            return;
        }
        if let Err(error) = store.client_sessions().forget(gone.clone()).await {
            tracing::warn!(%error, "sessions that ended could not be forgotten; the next round tries again");
            self.gone.lock().extend(gone);
        }
    }

    /// Returns a session as the store keeps it; one that lives on a stream of its own is not kept.
    fn row(&self, session: &Session) -> Option<ClientSession> {
        let Way::Events(_) = &session.way else { return None };
        Some(ClientSession {
            id: session.id.clone(),
            tenant: session.principal.tenant.clone(),
            principal: session.principal.author(),
            revision: session.revision.as_str().to_owned(),
            client: session.client.clone(),
            capabilities: session.abilities.words(),
            level: session.level() as u8,
            subscriptions: session.subscriptions(),
            created_at: session.created_at,
            last_used_at: self.last_used_at(session),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mcp::session::table::tests::{key, open},
        store::Store,
    };

    #[tokio::test]
    async fn a_restart_keeps_sessions_whose_principal_lives() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        let limits = mcpd_config::Config::load(None, &[]).unwrap().limits;
        let before = Sessions::new(&limits, Some(store.clone()));
        let (mine, lost) = (key("mine"), key("lost"));
        let (kept, gone, deleted) =
            (open(&before, &mine).unwrap(), open(&before, &lost).unwrap(), open(&before, &mine).unwrap());
        for session in [&kept, &gone, &deleted] {
            before.keep(session).await;
        }
        kept.subscribe("mcpd://p/todos");
        kept.set_level(LogLevel::Error);
        before.end_now(&deleted.id).await;
        before.flush().await;

        let after = Sessions::new(&limits, Some(store));
        let known = Arc::clone(&mine);
        let restored = after.restore(|who| (who == "key:mine").then(|| Arc::clone(&known))).await.unwrap();
        assert_eq!(restored, 1);
        let again = after.find(&kept.id, &mine.id).unwrap();
        assert_eq!((again.level(), again.subscriptions()), (LogLevel::Error, kept.subscriptions()));
        assert_eq!((again.abilities, again.client.as_str()), (kept.abilities, "test"));
        assert!(after.find(&gone.id, &lost.id).is_none());
    }
}
