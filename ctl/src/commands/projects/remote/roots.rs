//! The certificate authorities another daemon is checked against: those the system trusts; no variable names others.

use std::path::Path;

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::error::{Error, Kind};

/// Where systems keep all authorities in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Arch, Alpine, Nix
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",   // older ones of these
    "/etc/ssl/ca-bundle.pem",             // SUSE
    "/etc/ssl/cert.pem",                  // macOS, BSD
];

/// Returns the authorities of the first file that has any.
pub(super) fn system() -> Result<RootCertStore, Error> {
    BUNDLES.iter().find_map(|file| read(Path::new(file))).ok_or_else(|| {
        Error::new(Kind::Failed, "no certificate authorities are installed to check an https address")
            .hint("install ca-certificates")
    })
}

/// Returns the authorities in a file, if there are any; what is no certificate there is passed over.
fn read(file: &Path) -> Option<RootCertStore> {
    let found = CertificateDer::pem_file_iter(file).ok()?;
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.filter_map(Result::ok));
    (taken > 0).then_some(roots)
}
