//! Callers who showed a certificate when their connection began, and the keys that certificates stand for.

use std::sync::Arc;

use mcpd_config::{KnownBy, TlsClient};
use parking_lot::Mutex;

use super::{Keyring, Lease, Principal, PrincipalId, Recognised, Unrecognised};
use crate::tls::Certificate;

/// Which certificate stands for which key.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CertificateRules(Vec<TlsClient>);

impl CertificateRules {
    /// Takes the rules from the configuration.
    pub fn new(clients: &[TlsClient]) -> Self {
        Self(clients.to_vec())
    }

    /// Returns the keys that are named, each as it is written.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|client| client.key.as_str())
    }

    /// Returns the keys of those rules that may no longer decide under `new`: they are gone, or stand behind one that
    /// they did not stand behind, for the first that fits decides.
    pub fn changed_by<'a>(&'a self, new: &'a Self) -> impl Iterator<Item = &'a str> {
        let decides = |(place, rule): &(usize, &TlsClient)| {
            let now = new.0.iter().position(|one| one == *rule);
            now.is_some_and(|now| new.0[..now].iter().all(|one| self.0[..*place].contains(one)))
        };
        self.0.iter().enumerate().filter(move |rule| !decides(rule)).map(|(_, rule)| rule.key.as_str())
    }

    fn key_of(&self, certificate: &Certificate) -> Option<&str> {
        let fits = |client: &&TlsClient| match &client.known_by {
            KnownBy::Subject(subject) => certificate.is_for(subject),
            KnownBy::Sha256(sha256) => certificate.has_fingerprint(sha256),
        };
        self.0.iter().find(fits).map(|client| client.key.as_str())
    }
}

/// A certificate that a client showed and proved to own, from an authority that is believed.
#[derive(Debug)]
pub struct Certified {
    certificate: Certificate,
    /// Its own time: what it opened ends with it.
    lease: Arc<Lease>,
    /// Whose it was at the last request; finding a key by its name takes a walk over all of them.
    known: Mutex<Option<Arc<Principal>>>,
}

impl Certified {
    /// Notes a certificate that was checked.
    pub fn new(certificate: Certificate) -> Self {
        let lease = Arc::new(Lease::until(certificate.expires_at()));
        Self { certificate, lease, known: Mutex::new(None) }
    }

    /// Says whose it is. That may change from request to request: rules and keys do, and certificates expire.
    pub fn recognise(&self, rules: &CertificateRules, keys: &Keyring) -> Result<Recognised, Unrecognised> {
        if self.lease.is_over(crate::store::now) {
            return Err(Unrecognised::CertificateExpired);
        }
        let key = rules.key_of(&self.certificate).ok_or(Unrecognised::CertificateUnmapped)?;
        let mut known = self.known.lock();
        let still = known.as_ref().filter(|one| !one.is_revoked() && goes_by(one, key));
        let principal = still.cloned().or_else(|| keys.find(key)).ok_or(Unrecognised::UnknownId)?;
        *known = Some(Arc::clone(&principal));
        Ok(Recognised { principal, lease: Arc::clone(&self.lease) })
    }
}

fn goes_by(principal: &Principal, key: &str) -> bool {
    *principal.name() == *key || matches!(&principal.id, PrincipalId::Key(id) if id == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes rules of which each names the key of its subject.
    fn rules(subjects: &[&str]) -> CertificateRules {
        let rule = |subject: &&str| {
            let subject = (*subject).to_owned();
            TlsClient { key: subject.clone(), known_by: KnownBy::Subject(subject) }
        };
        CertificateRules(subjects.iter().map(rule).collect())
    }

    #[test]
    fn a_rule_changes_when_it_is_gone_or_another_comes_before_it() {
        for (before, after, changed) in [
            (vec!["a", "b"], vec!["b"], vec!["a"]),
            (vec!["a"], vec!["a", "b"], vec![]),
            (vec!["a"], vec!["b", "a"], vec!["a"]),
            (vec!["a", "b", "c"], vec!["b", "a", "c"], vec!["a"]),
            (vec!["a", "b"], vec![], vec!["a", "b"]),
        ] {
            let (old, new) = (rules(&before), rules(&after));
            assert_eq!(old.changed_by(&new).collect::<Vec<_>>(), changed, "{before:?} to {after:?}");
        }
    }
}
