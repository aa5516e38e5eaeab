//! Every key in memory: recognised without touching the store, changed in the store first.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};

use ipnet::IpNet;
use mcpd_config::Rate;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use super::{KeyText, Pepper, Principal, PrincipalId, Scope, Secret, ToolPolicy};
use crate::store::{KeyRow, Store, StoreError, now};

/// Why a caller was not recognised. Only the log learns which; the caller hears one sentence for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecognised {
    /// It showed nothing.
    Missing,
    /// Not the form of a key, or mistyped.
    Malformed,
    /// No key has that id.
    UnknownId,
    /// The id exists, the secret is another.
    WrongSecret,
    /// The key has expired.
    Expired,
    /// The key was revoked.
    Revoked,
    /// The key may not be used from that address.
    Source,
}

impl Unrecognised {
    /// Returns the reason for the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "no key",
            Self::Malformed => "malformed key",
            Self::UnknownId => "unknown key",
            Self::WrongSecret => "wrong secret",
            Self::Expired => "expired key",
            Self::Revoked => "revoked key",
            Self::Source => "key not allowed from this address",
        }
    }
}

/// Why a key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A living key has that name.
    #[error("a key named {0:?} exists")]
    NameTaken(String),
    /// No key has that id or name.
    #[error("there is no key {0:?}")]
    NotFound(String),
    /// It was revoked before.
    #[error("the key {0:?} is revoked already")]
    AlreadyRevoked(String),
    /// The key opens nothing any more, but the store does not know.
    #[error("the key is revoked until the next start, but that could not be written")]
    RevokedNotKept(#[source] StoreError),
    /// The store failed.
    #[error("the key could not be kept")]
    Store(#[from] StoreError),
}

/// What a new key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTerms {
    /// Name for people.
    pub name: String,
    /// Whose data it sees.
    pub tenant: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Which tools it may call.
    pub tools: ToolPolicy,
    /// Networks it may come from.
    pub cidrs: Vec<IpNet>,
    /// Own rate.
    pub rate: Option<Rate>,
    /// Own limit of connections.
    pub connections: Option<u32>,
    /// When it expires, UTC milliseconds.
    pub expires_at: Option<i64>,
}

struct Entry {
    principal: Arc<Principal>,
    digest: Vec<u8>,
}

/// Every key of the store, in memory.
pub struct Keyring {
    store: Store,
    pepper: Pepper,
    entries: RwLock<HashMap<String, Entry>>,
}

impl Keyring {
    /// Makes a keyring of every key the store keeps.
    pub fn new(store: Store, pepper: Pepper, rows: Vec<KeyRow>) -> Result<Self, StoreError> {
        let mut entries = HashMap::new();
        for row in rows {
            entries.insert(row.id.clone(), read(row)?);
        }
        Ok(Self { store, pepper, entries: RwLock::new(entries) })
    }

    /// Recognises the key a caller shows. A well-formed key costs one HMAC whether it exists or not,
    /// so that time tells nothing about ids.
    pub fn identify(&self, shown: &Secret, from: Option<IpAddr>) -> Result<Arc<Principal>, Unrecognised> {
        let key = KeyText::parse(shown).ok_or(Unrecognised::Malformed)?;
        let entries = self.entries.read();
        let Some(entry) = entries.get(key.id()) else {
            let _ = self.pepper.matches(&key, &[]);
            return Err(Unrecognised::UnknownId);
        };
        if !self.pepper.matches(&key, &entry.digest) {
            return Err(Unrecognised::WrongSecret);
        }
        let principal = Arc::clone(&entry.principal);
        drop(entries);
        self.welcome(&principal, from)?;
        Ok(principal)
    }

    /// Answers whether a principal whose key was recognised before is still welcome, from that address, and notes that
    /// it was used.
    pub fn welcome(&self, principal: &Principal, from: Option<IpAddr>) -> Result<(), Unrecognised> {
        let at = now();
        if principal.is_revoked() {
            return Err(Unrecognised::Revoked);
        }
        if principal.expired(at) {
            return Err(Unrecognised::Expired);
        }
        if from.is_some_and(|address| !principal.may_come_from(address)) {
            return Err(Unrecognised::Source);
        }
        principal.last_used_at.store(at, Ordering::Relaxed);
        Ok(())
    }

    /// Issues a key and returns its text, which is kept nowhere.
    pub async fn add(&self, terms: KeyTerms) -> Result<(Arc<Principal>, KeyText), KeyringError> {
        // An id as a name would make `show` and `revoke` mean another key.
        if self.entries.read().contains_key(&terms.name) {
            return Err(KeyringError::NameTaken(terms.name));
        }
        let key = KeyText::generate();
        let words = |nets: &[IpNet]| nets.iter().map(ToString::to_string).collect();
        let row = KeyRow {
            id: key.id().to_owned(),
            tenant: terms.tenant,
            name: terms.name,
            digest: self.pepper.digest(&key),
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
        };
        match self.store.keys().insert(row.clone()).await {
            Err(StoreError::Duplicate) => return Err(KeyringError::NameTaken(row.name)),
            other => other?,
        }
        let entry = read(row)?;
        let principal = Arc::clone(&entry.principal);
        self.entries.write().insert(key.id().to_owned(), entry);
        Ok((principal, key))
    }

    /// Revokes a key: here first, where everything open under it hears of it at once, then in the store. A store that
    /// refuses does not keep a leaked key alive; it is the caller's to say that the revocation is not on disk yet.
    pub async fn revoke(&self, name_or_id: &str) -> Result<Arc<Principal>, KeyringError> {
        let (id, principal) =
            self.find_with_id(name_or_id).ok_or_else(|| KeyringError::NotFound(name_or_id.to_owned()))?;
        if principal.revoked.is_cancelled() && principal.revoked_kept() {
            return Err(KeyringError::AlreadyRevoked(principal.name.clone()));
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

    /// Returns a key by id, or by name: a living one before a revoked one.
    pub fn find(&self, name_or_id: &str) -> Option<Arc<Principal>> {
        self.find_with_id(name_or_id).map(|(_, principal)| principal)
    }

    fn find_with_id(&self, name_or_id: &str) -> Option<(String, Arc<Principal>)> {
        let entries = self.entries.read();
        if let Some(entry) = entries.get(name_or_id) {
            return Some((name_or_id.to_owned(), Arc::clone(&entry.principal)));
        }
        let named = entries.iter().filter(|(_, entry)| entry.principal.name == name_or_id);
        let best = named
            .max_by_key(|(_, entry)| (!entry.principal.revoked.is_cancelled(), entry.principal.created_at));
        best.map(|(id, entry)| (id.clone(), Arc::clone(&entry.principal)))
    }

    /// Returns every key, oldest first.
    pub fn all(&self) -> Vec<Arc<Principal>> {
        let entries = self.entries.read();
        let mut all: Vec<_> = entries.values().map(|entry| Arc::clone(&entry.principal)).collect();
        all.sort_by(|left, right| (left.created_at, &left.name).cmp(&(right.created_at, &right.name)));
        all
    }

    /// Returns how many keys open the door now.
    pub fn active(&self) -> usize {
        let now = now();
        let lives = |one: &&Entry| !one.principal.revoked.is_cancelled() && !one.principal.expired(now);
        self.entries.read().values().filter(lives).count()
    }

    /// Writes when keys were last used, those used since `since`, in one batch.
    pub async fn flush_used(&self, since: i64) -> Result<(), StoreError> {
        let used: Vec<(String, i64)> = {
            let entries = self.entries.read();
            let times = entries.iter().filter_map(|(id, entry)| {
                let at = entry.principal.last_used_at()?;
                (at >= since).then(|| (id.clone(), at))
            });
            times.collect()
        };
        if used.is_empty() { Ok(()) } else { self.store.keys().touch(used).await }
    }
}

fn read(row: KeyRow) -> Result<Entry, StoreError> {
    let corrupt = |what| move |_| StoreError::Corrupt(what);
    let revoked = CancellationToken::new();
    if row.revoked_at.is_some() {
        revoked.cancel();
    }
    let scopes = row.scopes.iter().map(|text| text.parse()).collect::<Result<_, String>>();
    let cidrs = row.cidrs.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    let rate = row.rate.as_deref().map(str::parse).transpose();
    let principal = Principal {
        id: PrincipalId::Key(row.id),
        name: row.name,
        tenant: row.tenant,
        scopes: scopes.map_err(corrupt("the scopes of a key"))?,
        tools: ToolPolicy { allow: row.tools, deny: row.deny_tools },
        cidrs: cidrs.map_err(|_: ipnet::AddrParseError| StoreError::Corrupt("the networks of a key"))?,
        rate: rate.map_err(|_| StoreError::Corrupt("the rate of a key"))?,
        connections: row.connections,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revocation_kept: row.revoked_at.is_some().into(),
        revoked_at: row.revoked_at.unwrap_or(0).into(),
        last_used_at: row.last_used_at.unwrap_or(0).into(),
        revoked,
    };
    Ok(Entry { principal: Arc::new(principal), digest: row.digest })
}
