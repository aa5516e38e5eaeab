//! What the port shows now, and how it comes to show something else.

use std::{path::Path, sync::Arc};

use mcpd_config::Tls;
use parking_lot::{Mutex, RwLock};
use rustls::{ServerConfig, crypto::ring, server::WebPkiClientVerifier, sign::SingleCertAndKey};

use super::{
    certificate::Certificate,
    error::{Role, TlsError, Wrong},
    files::{Identity, Named},
    pem,
};

/// What the port shows to whom it meets now.
#[derive(Debug)]
pub struct InForce {
    /// How TLS is spoken.
    pub config: Arc<ServerConfig>,
    /// The port's certificate.
    pub certificate: Certificate,
    /// The authorities of clients; none where clients are asked for nothing.
    pub authorities: Vec<Certificate>,
    /// Whether a client needs a certificate.
    pub required: bool,
    /// Which states of the files this was read from.
    files: Vec<Option<Identity>>,
}

/// The files of `[tls]` and what was last read from them.
#[derive(Debug)]
pub struct TlsPort {
    certificate: Named,
    key: Named,
    client_ca: Option<Named>,
    http2: bool,
    in_force: RwLock<Arc<InForce>>,
    missed: Mutex<Option<Missed>>,
}

/// A look at new files that could not be used.
#[derive(Debug)]
struct Missed {
    files: Vec<Option<Identity>>,
    told: bool,
    error: TlsError,
}

/// What a look at the files found.
#[derive(Debug)]
pub enum Looked {
    /// Nothing new.
    Same,
    /// Others, which are in force now.
    Renewed(Arc<InForce>),
    /// Others, which cannot be used; said once.
    Unusable(TlsError),
}

impl TlsPort {
    /// Reads the files that `[tls]` names, if it names any.
    pub fn open(settings: &Tls, http2: bool) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(key)) = (&settings.certificate, &settings.key) else { return Ok(None) };
        let named = |role, path: &Path| Named { role, path: path.to_owned() };
        let (certificate, key) = (named(Role::Certificate, certificate), named(Role::Key, key));
        let client_ca = settings.client_ca.as_deref().map(|path| named(Role::ClientCa, path));
        let files = Files { certificate: &certificate, key: &key, client_ca: client_ca.as_ref() };
        let in_force = RwLock::new(Arc::new(files.read(settings.client_required, http2)?));
        Ok(Some(Self { certificate, key, client_ca, http2, in_force, missed: Mutex::new(None) }))
    }

    /// Returns what is shown to whom comes now.
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read())
    }

    /// Reads the files anew, without putting what they say in force.
    pub fn read(&self, required: bool) -> Result<InForce, TlsError> {
        self.files().read(required, self.http2)
    }

    /// Shows something else from now on to whom comes.
    pub fn put(&self, new: InForce) -> Arc<InForce> {
        let new = Arc::new(new);
        *self.in_force.write() = Arc::clone(&new);
        *self.missed.lock() = None;
        new
    }

    /// Looks whether the files are others, and if so puts them in force. Two files cannot be replaced at once, so those
    /// that do not go together are only told of when the next look finds the same.
    pub fn look(&self) -> Looked {
        let files = self.files().identities();
        let before = self.in_force();
        if files == before.files {
            *self.missed.lock() = None;
            return Looked::Same;
        }
        match self.read(before.required) {
            Ok(new) => self.replace(&before, new).map_or(Looked::Same, Looked::Renewed),
            Err(error) => {
                let mut missed = self.missed.lock();
                let again = missed.as_ref().filter(|missed| missed.files == files);
                let (seen, told) = (again.is_some(), again.is_some_and(|missed| missed.told));
                *missed = Some(Missed { files, told: seen, error: error.clone() });
                if seen && !told { Looked::Unusable(error) } else { Looked::Same }
            }
        }
    }

    /// Shows something else in place of `before`, unless a reload was faster: it may ask more of clients.
    fn replace(&self, before: &Arc<InForce>, new: InForce) -> Option<Arc<InForce>> {
        let mut in_force = self.in_force.write();
        if !Arc::ptr_eq(&in_force, before) {
            return None;
        }
        *in_force = Arc::new(new);
        *self.missed.lock() = None;
        Some(Arc::clone(&in_force))
    }

    /// Returns why files that were put there since are not in force.
    pub fn missed(&self) -> Option<TlsError> {
        self.missed.lock().as_ref().map(|missed| missed.error.clone())
    }

    fn files(&self) -> Files<'_> {
        Files { certificate: &self.certificate, key: &self.key, client_ca: self.client_ca.as_ref() }
    }
}

/// The files of `[tls]`.
#[derive(Clone, Copy)]
struct Files<'a> {
    certificate: &'a Named,
    key: &'a Named,
    client_ca: Option<&'a Named>,
}

impl Files<'_> {
    fn identities(self) -> Vec<Option<Identity>> {
        [Some(self.certificate), Some(self.key), self.client_ca]
            .into_iter()
            .flatten()
            .map(Named::identity)
            .collect()
    }

    fn read(self, required: bool, http2: bool) -> Result<InForce, TlsError> {
        // Which files these are is noted first: one that is replaced while it is read is another at the next look.
        let files = self.identities();
        let (certificate, chain) = pem::chain(self.certificate)?;
        let certified = pem::key(self.key, self.certificate, chain)?;
        let provider = Arc::new(ring::default_provider());
        let refused =
            |file: &Named, error: &dyn std::fmt::Display| file.wrong(Wrong::Refused(error.to_string()));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(self.certificate, &error))?;
        let (authorities, builder) = match self.client_ca {
            None => (Vec::new(), builder.with_no_client_auth()),
            Some(file) => {
                let (authorities, roots) = pem::authorities(file)?;
                let asking = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let asking = if required { asking } else { asking.allow_unauthenticated() };
                let verifier = asking.build().map_err(|error| refused(file, &error))?;
                (authorities, builder.with_client_cert_verifier(verifier))
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        let protocols: &[&[u8]] = if http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(InForce { config: Arc::new(config), certificate, authorities, required, files })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn put(folder: &Path) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["mcp.lan".to_owned()]).unwrap().self_signed(&key).unwrap();
        write(folder, "chain.pem", "CERTIFICATE", certificate.der());
        write(folder, "key.pem", "PRIVATE KEY", &key.serialize_der());
    }

    fn write(folder: &Path, name: &str, kind: &str, der: &[u8]) {
        let text = format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", BASE64_STANDARD.encode(der));
        let path = folder.join("part");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::rename(path, folder.join(name)).unwrap();
    }

    #[test]
    fn half_a_renewal_is_waited_for_and_a_bad_one_is_told_of_once() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path());
        let settings = Tls {
            certificate: Some(dir.path().join("chain.pem")),
            key: Some(dir.path().join("key.pem")),
            client_ca: None,
            client_required: false,
            clients: Vec::new(),
        };
        let port = TlsPort::open(&settings, false).unwrap().unwrap();
        assert!(matches!(port.look(), Looked::Same));

        let other = KeyPair::generate().unwrap();
        write(dir.path(), "key.pem", "PRIVATE KEY", &other.serialize_der());
        assert!(matches!(port.look(), Looked::Same), "the certificate may be on its way");
        assert!(port.missed().is_some());
        put(dir.path());
        assert!(matches!(port.look(), Looked::Renewed(_)));
        assert!(matches!((port.look(), port.missed()), (Looked::Same, None)));

        write(dir.path(), "key.pem", "PRIVATE KEY", &other.serialize_der());
        let said = [0; 4].map(|_| matches!(port.look(), Looked::Unusable(_)));
        assert_eq!(said, [false, true, false, false]);
    }
}
