//! The certificate authorities an endpoint is checked against: those the system trusts.
//!
//! Not a list compiled in (`webpki-roots`): a company's own authority, which `update-ca-certificates` adds, is what
//! stands before an endpoint in its network, and a list in the binary ages with it. Not `rustls-native-certs` or
//! `rustls-platform-verifier` either: on Linux they read the same file, and obey `SSL_CERT_FILE` besides.

use std::path::Path;

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::OutboundError;

/// Where systems keep all authorities in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Arch, Alpine, Nix
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",   // older ones of these
    "/etc/ssl/ca-bundle.pem",             // SUSE
    "/etc/ssl/cert.pem",                  // macOS, BSD
];

/// Returns the authorities of the first file that has any.
pub(super) fn system() -> Result<RootCertStore, OutboundError> {
    BUNDLES.iter().find_map(|file| read(Path::new(file))).ok_or(OutboundError::NoRoots)
}

/// Returns the authorities in a file, if there are any. What is no certificate there is passed over: bundles hold
/// ancient ones, and one more that cannot be used takes nothing from the others.
fn read(file: &Path) -> Option<RootCertStore> {
    let found = CertificateDer::pem_file_iter(file).ok()?;
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.filter_map(Result::ok));
    (taken > 0).then_some(roots)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_bundle_gives_what_can_be_used_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bundle.crt");
        assert!(read(&file).is_none());
        std::fs::write(&file, "# nothing\n").unwrap();
        assert!(read(&file).is_none());
        let key = KeyPair::generate().unwrap();
        let authority = CertificateParams::new(["authority".to_owned()]).unwrap().self_signed(&key).unwrap();
        let pem = |der: &[u8]| {
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                BASE64_STANDARD.encode(der)
            )
        };
        std::fs::write(&file, format!("# a comment\n{}{}", pem(b"junk"), pem(authority.der()))).unwrap();
        assert_eq!(read(&file).unwrap().len(), 1);
    }
}
