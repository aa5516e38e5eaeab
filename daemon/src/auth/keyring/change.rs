//! Changes of keys: in the store first, then here; a revocation the other way round.

use std::sync::{Arc, atomic::Ordering};

use ipnet::IpNet;

use super::{Entry, Held, KeyTerms, Keyring, KeyringError, entry};
use crate::{
    auth::{ForeignText, KeyText, Principal},
    store::{KeyRow, PreviousSecret, StoreError, now},
};

impl Keyring {
    /// Issues a key and returns its text, which is kept nowhere.
    pub async fn add(&self, terms: KeyTerms) -> Result<(Arc<Principal>, KeyText), KeyringError> {
        let _alone = self.changing.lock().await;
        let key = KeyText::generate();
        let principal = self.keep(key.id().to_owned(), self.pepper.digest(&key), terms).await?;
        Ok((principal, key))
    }

    /// Takes a key of another deployment under an id of ours; its holder goes on with the secret it has.
    pub async fn import(
        &self,
        secret: &ForeignText,
        terms: KeyTerms,
    ) -> Result<Arc<Principal>, KeyringError> {
        let _alone = self.changing.lock().await;
        let digest = self.pepper.foreign_digest(secret);
        let holder = self.ring.read().foreign.get(&digest).cloned();
        if let Some(holder) = holder.and_then(|id| self.find(&id)) {
            return Err(KeyringError::SecretTaken(holder.name().to_string()));
        }
        self.keep(ForeignText::new_id(), digest, terms).await
    }

    async fn keep(
        &self,
        id: String,
        digest: Vec<u8>,
        terms: KeyTerms,
    ) -> Result<Arc<Principal>, KeyringError> {
        self.free(&terms.name)?;
        let words = |nets: &[IpNet]| nets.iter().map(ToString::to_string).collect();
        let row = KeyRow {
            id: id.clone(),
            tenant: terms.tenant,
            name: terms.name,
            digest,
            scopes: terms.scopes.iter().map(ToString::to_string).collect(),
            tools: terms.tools.allow,
            deny_tools: terms.tools.deny,
            cidrs: words(&terms.cidrs),
            rate: terms.rate.map(|rate| rate.to_string()),
            connections: terms.connections,
            created_at: now(),
            expires_at: terms.expires_at,
            revoked_at: None,
            last_used_at: None,
            previous: None,
        };
        match self.store.keys().insert(row.clone()).await {
            Err(StoreError::Duplicate) => return Err(KeyringError::NameTaken(row.name)),
            other => other?,
        }
        let entry = entry(row)?;
        let principal = Arc::clone(&entry.principal);
        self.ring.write().insert(&id, entry);
        Ok(principal)
    }

    /// Answers whether a name may be given. An id as a name would make `show` and `revoke` mean another key.
    fn free(&self, name: &str) -> Result<(), KeyringError> {
        let is_id = self.ring.read().entries.contains_key(name);
        if is_id { Err(KeyringError::NameTaken(name.to_owned())) } else { Ok(()) }
    }

    /// Gives a living key a new secret. The one before opens the door until `until`; one replaced earlier no longer.
    pub async fn rotate(
        &self,
        name_or_id: &str,
        until: i64,
    ) -> Result<(Arc<Principal>, KeyText), KeyringError> {
        let _alone = self.changing.lock().await;
        let (id, principal) = self.living(name_or_id)?;
        if principal.expired(now()) {
            return Err(KeyringError::Expired(principal.name().to_string()));
        }
        let key = KeyText::with_id(&id);
        let digest = self.pepper.digest(&key);
        let before = self.ring.read().entries.get(&id).map(|entry| entry.newest.digest.clone());
        let before = before.ok_or_else(|| KeyringError::NotFound(name_or_id.to_owned()))?;
        let previous = PreviousSecret { digest: before, until };
        self.store.keys().rotate(&id, digest.clone(), previous).await?;
        self.replace(&id, digest, until);
        Ok((principal, key))
    }

    /// Puts a new secret in force, and sets the end of the one it replaces.
    fn replace(&self, id: &str, digest: Vec<u8>, until: i64) {
        let mut ring = self.ring.write();
        let Some(Entry { principal, newest, previous }) = ring.entries.remove(id) else { return };
        if let Some(older) = previous {
            older.lease.end();
        }
        newest.lease.end_at(until);
        let over = newest.lease.is_over(now);
        if over {
            newest.lease.end();
        }
        ring.foreign.retain(|_, holder| holder != id);
        let fresh = Held { digest, lease: Arc::default() };
        ring.insert(id, Entry { principal, newest: fresh, previous: (!over).then_some(newest) });
    }

    /// Gives a living key another name.
    pub async fn rename(&self, name_or_id: &str, name: &str) -> Result<Arc<Principal>, KeyringError> {
        let _alone = self.changing.lock().await;
        let (id, principal) = self.living(name_or_id)?;
        if *principal.name() == *name {
            return Ok(principal);
        }
        self.free(name)?;
        match self.store.keys().rename(&id, name).await {
            Err(StoreError::Duplicate) => return Err(KeyringError::NameTaken(name.to_owned())),
            other => other?,
        }
        principal.set_name(name);
        Ok(principal)
    }

    fn living(&self, name_or_id: &str) -> Result<(String, Arc<Principal>), KeyringError> {
        let found = self.find_with_id(name_or_id);
        let (id, principal) = found.ok_or_else(|| KeyringError::NotFound(name_or_id.to_owned()))?;
        if principal.is_revoked() {
            return Err(KeyringError::AlreadyRevoked(principal.name().to_string()));
        }
        Ok((id, principal))
    }

    /// Revokes a key: here first, where everything open under it hears of it at once, then in the store. A store that
    /// refuses does not keep a leaked key alive; it is the caller's to say that the revocation is not on disk yet.
    pub async fn revoke(&self, name_or_id: &str) -> Result<Arc<Principal>, KeyringError> {
        let (id, principal) =
            self.find_with_id(name_or_id).ok_or_else(|| KeyringError::NotFound(name_or_id.to_owned()))?;
        if principal.revoked.is_cancelled() && principal.revoked_kept() {
            return Err(KeyringError::AlreadyRevoked(principal.name().to_string()));
        }
        let at = now();
        principal.revoked_at.store(at, Ordering::Relaxed);
        principal.revoked.cancel();
        match self.store.keys().revoke(&id, at).await {
            Ok(()) => {
                principal.revocation_kept.store(true, Ordering::Relaxed);
                Ok(principal)
            }
            Err(error) => Err(KeyringError::RevokedNotKept(error)),
        }
    }
}
