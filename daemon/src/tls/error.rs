//! What is wrong with a file of `[tls]`, in one line that says how to mend it.

use std::{fmt, path::PathBuf};

use crate::secret::OpenFolder;

/// A file of `[tls]` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {} {wrong}", .path.display())]
pub struct TlsError {
    /// Which one.
    pub(super) file: Role,
    /// Where it is.
    pub(super) path: PathBuf,
    /// What is wrong.
    pub(super) wrong: Wrong,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The port's certificate.
    Certificate,
    /// Its private key.
    Key,
    /// The authorities of clients.
    ClientCa,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Certificate => "tls.certificate",
            Self::Key => "tls.key",
            Self::ClientCa => "tls.client_ca",
        })
    }
}

/// What is wrong with a file, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("is not there; put the file there, or name another in [tls]")]
    Missing,
    #[error("may not be read by the daemon's user: {mend}")]
    Forbidden { mend: String },
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("is a symbolic link; name the file that it leads to: {}", .0.display())]
    Link(PathBuf),
    #[error("is a directory; name the file in it")]
    Directory,
    #[error("is no regular file; name one")]
    Special,
    #[error("belongs to user {owner}, who could put another there: {mend}")]
    Owner { owner: u32, mend: String },
    #[error("has mode {mode:04o}, so that others can read the key: {mend}")]
    Shown { mode: u32, mend: String },
    #[error("has mode {mode:04o}, so that others can change it: {mend}")]
    Open { mode: u32, mend: String },
    #[error(transparent)]
    Folder(#[from] OpenFolder),
    #[error("is empty; put {0} there, in PEM form")]
    Empty(&'static str),
    #[error("is over 1 MiB; put the certificates alone there")]
    TooLarge,
    #[error("holds no certificate; put one there in PEM form, which begins with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    #[error(
        "holds a private key and no certificate; name a file with a certificate, and the key's own in tls.key"
    )]
    KeyInstead,
    #[error("holds no private key; put one there in PEM form, which begins with -----BEGIN PRIVATE KEY-----")]
    NoKey,
    #[error(
        "holds a certificate and no private key; name a file with the key, and the certificate's own in tls.certificate"
    )]
    CertificateInstead,
    #[error("is encrypted, and the daemon knows no passphrase: {mend}")]
    Encrypted { mend: String },
    #[error("is broken ({0}); copy it anew")]
    Broken(String),
    #[error("is no key that is spoken here; take RSA from 2048 bits, ECDSA P-256 or P-384, or Ed25519")]
    Kind,
    #[error("is not the key of the certificate in {}; name the key that the certificate was made with", .0.display())]
    Mismatch(PathBuf),
    #[error("expired on {0}; put a new one there")]
    Expired(String),
    #[error("is only valid from {from} on, and here it is {now}; set the clock right, or put another there")]
    NotYet { from: String, now: String },
    #[error("cannot be used: {0}")]
    Refused(String),
}
