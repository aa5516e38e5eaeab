//! Every key in memory: recognised without touching the store, changed in the store first.

mod change;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ipnet::IpNet;
use mcpd_config::Rate;
use parking_lot::RwLock;
use subtle::ConstantTimeEq;

use super::{ForeignText, KeyText, Lease, Pepper, Principal, Scope, Secret, ToolPolicy};
use crate::store::{KeyRow, PreviousSecret, Store, StoreError, now};

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
    /// The key was rotated, and the time of this secret is over.
    Replaced,
    /// The key may not be used from that address.
    Source,
    /// The certificate of the connection has expired since.
    CertificateExpired,
    /// The certificate of the connection stands for no key.
    CertificateUnmapped,
    /// The certificate of the connection stands for another key than the one shown.
    CertificateOfAnother,
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
            Self::Replaced => "replaced secret",
            Self::Source => "key not allowed from this address",
            Self::CertificateExpired => "expired certificate",
            Self::CertificateUnmapped => "certificate that stands for no key",
            Self::CertificateOfAnother => "certificate of another key",
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
    /// It has expired, and no new secret brings it back.
    #[error("the key {0:?} has expired")]
    Expired(String),
    /// A key has that secret.
    #[error("the key {0:?} has that secret already")]
    SecretTaken(String),
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

/// A caller whose key was recognised, and the time of the secret it showed.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// Who it is.
    pub principal: Arc<Principal>,
    /// How long the secret it showed opens the door.
    pub lease: Arc<Lease>,
}

impl Recognised {
    /// Returns how long it is until its key expires, or what it showed; none where neither has an end.
    pub fn time_left(&self) -> Option<Duration> {
        let shown = self
            .lease
            .ends_at()
            .map(|end| Duration::from_millis(end.saturating_sub(now()).max(0).unsigned_abs()));
        self.principal.time_left().into_iter().chain(shown).min()
    }
}

struct Entry {
    principal: Arc<Principal>,
    newest: Held,
    /// The one before the last rotation, while its grace lasts.
    previous: Option<Held>,
}

/// A secret, as far as it is known here.
struct Held {
    digest: Vec<u8>,
    lease: Arc<Lease>,
}

impl Held {
    fn has(&self, digest: &[u8]) -> bool {
        self.digest.ct_eq(digest).into()
    }
}

impl Entry {
    /// Returns the time of the secret with this digest. Both are always compared, so that time tells nothing.
    fn lease(&self, digest: &[u8]) -> Option<Arc<Lease>> {
        let newest = self.newest.has(digest).then_some(&self.newest.lease);
        let previous = self.previous.as_ref().filter(|held| held.has(digest)).map(|held| &held.lease);
        newest.or(previous).map(Arc::clone)
    }

    /// Returns the digests by which an imported key is found.
    fn foreign(&self) -> impl Iterator<Item = &Vec<u8>> {
        let imported = self.principal.is_imported();
        let all = std::iter::once(&self.newest).chain(&self.previous);
        all.map(|held| &held.digest).filter(move |_| imported)
    }
}

/// Every key of the store, in memory.
pub struct Keyring {
    store: Store,
    pepper: Pepper,
    ring: RwLock<Ring>,
    /// Held over a whole change, store and memory, so that the two never disagree about who came last.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Ring {
    /// By public id.
    entries: HashMap<String, Entry>,
    /// Ids of imported keys by the digests of their secrets.
    foreign: HashMap<Vec<u8>, String>,
}

impl Ring {
    fn insert(&mut self, id: &str, entry: Entry) {
        self.foreign.extend(entry.foreign().map(|digest| (digest.clone(), id.to_owned())));
        self.entries.insert(id.to_owned(), entry);
    }
}

impl Keyring {
    /// Makes a keyring of every key the store keeps.
    pub fn new(store: Store, pepper: Pepper, rows: Vec<KeyRow>) -> Result<Self, StoreError> {
        let mut ring = Ring::default();
        for row in rows {
            let id = row.id.clone();
            ring.insert(&id, entry(row)?);
        }
        Ok(Self { store, pepper, ring: RwLock::new(ring), changing: tokio::sync::Mutex::default() })
    }

    /// Recognises the key a caller shows. A well-formed key costs one HMAC whether it exists or not,
    /// so that time tells nothing about ids.
    pub fn identify(&self, shown: &Secret, from: Option<IpAddr>) -> Result<Recognised, Unrecognised> {
        let recognised = match KeyText::parse(shown) {
            Some(key) => self.find_issued(&key)?,
            None => self.find_imported(shown).ok_or(Unrecognised::Malformed)?,
        };
        self.welcome(&recognised, from)?;
        Ok(recognised)
    }

    fn find_issued(&self, key: &KeyText) -> Result<Recognised, Unrecognised> {
        let digest = self.pepper.digest(key);
        let ring = self.ring.read();
        let entry = ring.entries.get(key.id()).ok_or(Unrecognised::UnknownId)?;
        let lease = entry.lease(&digest).ok_or(Unrecognised::WrongSecret)?;
        Ok(Recognised { principal: Arc::clone(&entry.principal), lease })
    }

    /// Finds a key by its digest, which nobody can make without the pepper.
    fn find_imported(&self, shown: &Secret) -> Option<Recognised> {
        if self.ring.read().foreign.is_empty() {
            return None;
        }
        let digest = self.pepper.foreign_digest(&ForeignText::parse(shown)?);
        let ring = self.ring.read();
        let entry = ring.entries.get(ring.foreign.get(&digest)?)?;
        Some(Recognised { principal: Arc::clone(&entry.principal), lease: entry.lease(&digest)? })
    }

    /// Answers whether somebody whose key was recognised before is still welcome, from that address, and notes that
    /// it was used.
    pub fn welcome(&self, recognised: &Recognised, from: Option<IpAddr>) -> Result<(), Unrecognised> {
        let (principal, at) = (&recognised.principal, now());
        if principal.is_revoked() {
            return Err(Unrecognised::Revoked);
        }
        if principal.expired(at) {
            return Err(Unrecognised::Expired);
        }
        if recognised.lease.is_over(|| at) {
            return Err(Unrecognised::Replaced);
        }
        if from.is_some_and(|address| !principal.may_come_from(address)) {
            return Err(Unrecognised::Source);
        }
        principal.last_used_at.store(at, Ordering::Relaxed);
        Ok(())
    }

    /// Returns a key by id, or by name: a living one before a revoked one.
    pub fn find(&self, name_or_id: &str) -> Option<Arc<Principal>> {
        self.find_with_id(name_or_id).map(|(_, principal)| principal)
    }

    fn find_with_id(&self, name_or_id: &str) -> Option<(String, Arc<Principal>)> {
        let ring = self.ring.read();
        if let Some(entry) = ring.entries.get(name_or_id) {
            return Some((name_or_id.to_owned(), Arc::clone(&entry.principal)));
        }
        let named = ring.entries.iter().filter(|(_, entry)| *entry.principal.name() == *name_or_id);
        let best = named
            .max_by_key(|(_, entry)| (!entry.principal.revoked.is_cancelled(), entry.principal.created_at));
        best.map(|(id, entry)| (id.clone(), Arc::clone(&entry.principal)))
    }

    /// Returns until when the secret before the last rotation of a key opens the door.
    pub fn old_secret_until(&self, id: &str) -> Option<i64> {
        let ring = self.ring.read();
        let previous = ring.entries.get(id)?.previous.as_ref()?;
        previous.lease.ends_at().filter(|until| *until > now())
    }

    /// Ends the secrets whose grace is over, with every stream they opened.
    pub fn end_graces(&self) {
        let mut ring = self.ring.write();
        let Ring { entries, foreign } = &mut *ring;
        for entry in entries.values_mut() {
            if let Some(ended) = entry.previous.take_if(|held| held.lease.is_over(now)) {
                ended.lease.end();
                foreign.remove(&ended.digest);
            }
        }
    }

    /// Returns every key, oldest first.
    pub fn all(&self) -> Vec<Arc<Principal>> {
        let mut all: Vec<_> =
            self.ring.read().entries.values().map(|entry| Arc::clone(&entry.principal)).collect();
        all.sort_by_cached_key(|principal| (principal.created_at, principal.name()));
        all
    }

    /// Returns how many keys open the door now.
    pub fn active(&self) -> usize {
        let now = now();
        let lives = |one: &&Entry| !one.principal.revoked.is_cancelled() && !one.principal.expired(now);
        self.ring.read().entries.values().filter(lives).count()
    }

    /// Writes when keys were last used, those used since `since`, in one batch.
    pub async fn flush_used(&self, since: i64) -> Result<(), StoreError> {
        let used: Vec<(String, i64)> = {
            let ring = self.ring.read();
            let times = ring.entries.iter().filter_map(|(id, entry)| {
                let at = entry.principal.last_used_at()?;
                (at >= since).then(|| (id.clone(), at))
            });
            times.collect()
        };
        if used.is_empty() { Ok(()) } else { self.store.keys().touch(used).await }
    }
}

fn entry(row: KeyRow) -> Result<Entry, StoreError> {
    let newest = Held { digest: row.digest.clone(), lease: Arc::default() };
    let previous = row.previous.clone().filter(|previous| previous.until > now());
    let previous = previous.map(|PreviousSecret { digest, until }| {
        let lease = Arc::new(Lease::until(until));
        Held { digest, lease }
    });
    Ok(Entry { principal: Arc::new(Principal::of_key(row)?), newest, previous })
}
