//! Certificates of clients: a way to be recognised, and a second proof beside a key.

use std::{net::IpAddr, sync::Arc};

use super::{Guard, Hosts};
use crate::auth::{Caller, CertificateRules, Keyring, Recognised, Unrecognised};

impl Guard {
    /// Recognises a caller who shows nothing but the certificate of its connection, as the key it stands for.
    pub(super) fn by_certificate(
        &self,
        caller: &Caller<'_>,
        keys: &Keyring,
        address: IpAddr,
    ) -> Result<Recognised, Unrecognised> {
        let certificate = caller.certificate.ok_or(Unrecognised::Missing)?;
        let known = certificate.recognise(&self.certificates(), keys)?;
        keys.welcome(&known, Some(address))?;
        Ok(known)
    }

    /// Checks that whoever shows a key beside a certificate is the same by both. A certificate that stands for no key
    /// says nothing against one.
    pub(super) fn match_certificate(
        &self,
        caller: &Caller<'_>,
        keys: &Keyring,
        known: &Recognised,
    ) -> Result<(), Unrecognised> {
        let Some(certificate) = caller.certificate else { return Ok(()) };
        match certificate.recognise(&self.certificates(), keys) {
            Ok(by_certificate) if by_certificate.principal.id == known.principal.id => Ok(()),
            Ok(_) => Err(Unrecognised::CertificateOfAnother),
            Err(Unrecognised::CertificateUnmapped) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// Returns which certificate stands for which key now.
    pub fn certificates(&self) -> Arc<CertificateRules> {
        Arc::clone(&self.certificates.read())
    }

    /// Puts other rules in force. Where one was taken away, or stands behind another than before, the connections of its
    /// key are closed: some of them may have been opened by the certificate alone.
    pub(super) fn put_certificates(&self, rules: CertificateRules) {
        let rules = Arc::new(rules);
        let before = std::mem::replace(&mut *self.certificates.write(), Arc::clone(&rules));
        let Some(keys) = &self.keys else { return };
        for principal in before.changed_by(&rules).filter_map(|key| keys.find(key)) {
            self.close_connections_of(&principal.id);
        }
    }

    /// Lets clients name us as the port's certificate does.
    pub fn set_certified_hosts(&self, names: Vec<String>) {
        let mut hosts = self.hosts.write();
        *hosts = Arc::new(Hosts::with_certified(&hosts, names));
    }
}
