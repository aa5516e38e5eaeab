//! From PEM files to what TLS is made of.

use std::sync::Arc;

use rustls::{
    InconsistentKeys, RootCertStore,
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::{
    certificate::Certificate,
    error::{TlsError, Wrong},
    files::Named,
};

/// Reads the certificate of the port and those after it, and checks that it is valid now.
pub(super) fn chain(file: &Named) -> Result<(Certificate, Vec<CertificateDer<'static>>), TlsError> {
    let chain = certificates(file)?;
    let first = chain.first().ok_or_else(|| file.wrong(Wrong::NoCertificate))?;
    let own = read(file, first)?;
    own.check_time().map_err(|wrong| file.wrong(wrong))?;
    Ok((own, chain))
}

/// Reads the private key of a chain.
pub(super) fn key(
    file: &Named,
    certificate: &Named,
    chain: Vec<CertificateDer<'static>>,
) -> Result<CertifiedKey, TlsError> {
    let bytes = file.read()?;
    let holds = |marker: &str| bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
    if holds("-----BEGIN ENCRYPTED PRIVATE KEY") || holds("Proc-Type: 4,ENCRYPTED") {
        let path = file.path.display();
        let mend = format!("(umask 077 && openssl pkey -in {path} -out {path}.new && mv {path}.new {path})");
        return Err(file.wrong(Wrong::Encrypted { mend }));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let begun = holds("-----BEGIN") && holds("PRIVATE KEY-----");
        file.wrong(match (begun, holds("-----BEGIN CERTIFICATE")) {
            (true, _) => Wrong::Broken(error.to_string()),
            (false, true) => Wrong::CertificateInstead,
            (false, false) => Wrong::NoKey,
        })
    })?;
    let signing = any_supported_type(&key).map_err(|_| file.wrong(Wrong::Kind))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        // Some kinds of key do not tell; a handshake would.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(file.wrong(Wrong::Mismatch(certificate.path.clone()))),
        Err(error) => Err(certificate.wrong(Wrong::Refused(error.to_string()))),
    }
}

/// Reads the authorities of clients, all of which must be usable and one of which must be valid now.
pub(super) fn authorities(file: &Named) -> Result<(Vec<Certificate>, Arc<RootCertStore>), TlsError> {
    let mut roots = RootCertStore::empty();
    let mut read_ones = Vec::new();
    for der in certificates(file)? {
        read_ones.push(read(file, &der)?);
        roots.add(der).map_err(|error| file.wrong(Wrong::Refused(error.to_string())))?;
    }
    let newest = read_ones.iter().max_by_key(|one| one.expires_at());
    newest.map_or(Ok(()), Certificate::check_time).map_err(|wrong| file.wrong(wrong))?;
    Ok((read_ones, Arc::new(roots)))
}

fn read(file: &Named, der: &CertificateDer<'_>) -> Result<Certificate, TlsError> {
    Certificate::read(der)
        .map_err(|_| file.wrong(Wrong::Broken("a certificate in it cannot be read".to_owned())))
}

/// Reads the certificates of a file, of which there is at least one.
fn certificates(file: &Named) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = file.read()?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| file.wrong(Wrong::Broken(error.to_string())))?;
    if found.is_empty() {
        let marker = b"PRIVATE KEY-----";
        let is_key = bytes.windows(marker.len()).any(|window| window == marker);
        return Err(file.wrong(if is_key { Wrong::KeyInstead } else { Wrong::NoCertificate }));
    }
    Ok(found)
}
