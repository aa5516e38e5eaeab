//! What a certificate says: for whom it is, and for how long.

use std::{fmt, net::IpAddr, time::SystemTime};

use chrono::DateTime;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
};

use super::error::Wrong;

/// How soon a certificate expires that is worth a word, in days.
pub const SOON: i64 = 14;

/// A name that a certificate was issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// Of a machine.
    Dns(String),
    /// Of a mailbox.
    Mail(String),
    /// Of anything.
    Uri(String),
    /// An address.
    Address(IpAddr),
    /// The common name of the subject, where there is no other.
    Common(String),
}

impl Name {
    /// Answers whether it is written like that. Only names of machines know no case.
    fn is(&self, written: &str) -> bool {
        match self {
            Self::Dns(name) => name.eq_ignore_ascii_case(written),
            Self::Mail(name) | Self::Uri(name) | Self::Common(name) => name == written,
            Self::Address(_) => false,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Mail(name) | Self::Uri(name) | Self::Common(name) => {
                formatter.write_str(name)
            }
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its subject, for people.
    pub subject: String,
    /// For whom it is.
    pub names: Vec<Name>,
    /// Since when it is valid, UTC seconds.
    from: i64,
    /// Until when, UTC seconds.
    until: i64,
    /// The SHA-256 of all of it.
    sha256: [u8; 32],
    /// All of it.
    pub der: CertificateDer<'static>,
}

impl Certificate {
    /// Reads one.
    pub fn read(der: &CertificateDer<'_>) -> Result<Self, UnreadCertificate> {
        let unread = |error: &dyn fmt::Display| UnreadCertificate(error.to_string());
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| unread(&error))?;
        if !rest.is_empty() {
            return Err(unread(&"there is more than one certificate in one block"));
        }
        let alternative = parsed.subject_alternative_name().map_err(|error| unread(&error))?;
        let alternative = alternative.map_or(&[][..], |extension| &extension.value.general_names);
        let mut names: Vec<Name> = alternative.iter().filter_map(name).collect();
        if names.is_empty() {
            let common = parsed.subject().iter_common_name().filter_map(|common| common.as_str().ok());
            names.extend(common.map(|common| Name::Common(common.to_owned())));
        }
        let validity = parsed.validity();
        Ok(Self {
            subject: parsed.subject().to_string(),
            names,
            from: validity.not_before.timestamp(),
            until: validity.not_after.timestamp(),
            sha256: Sha256::digest(der).into(),
            der: der.clone().into_owned(),
        })
    }

    /// Answers whether it was issued for a name that is written like that.
    pub fn is_for(&self, written: &str) -> bool {
        self.names.iter().any(|name| name.is(written))
    }

    /// Answers whether it has that fingerprint.
    pub fn has_fingerprint(&self, sha256: &[u8; 32]) -> bool {
        self.sha256 == *sha256
    }

    /// Returns when it expires, UTC milliseconds.
    pub fn expires_at(&self) -> i64 {
        self.until.saturating_mul(1000)
    }

    /// Returns when it expires, for people.
    pub fn expires_on(&self) -> String {
        day(self.until)
    }

    /// Returns how many whole days it is valid yet; less than none once it has expired.
    pub fn days_left(&self) -> i64 {
        self.until.saturating_sub(now()).div_euclid(24 * 60 * 60)
    }

    /// Returns the names under which clients may reach whom it is for. A pattern names other machines, too.
    pub fn hosts(&self) -> Vec<String> {
        let host = |name: &Name| match name {
            Name::Dns(name) => (!name.contains('*')).then(|| name.to_ascii_lowercase()),
            Name::Address(address) => Some(address.to_string()),
            Name::Mail(_) | Name::Uri(_) | Name::Common(_) => None,
        };
        self.names.iter().filter_map(host).collect()
    }

    /// Checks that it is valid now.
    pub(super) fn check_time(&self) -> Result<(), Wrong> {
        let now = now();
        if self.until < now {
            return Err(Wrong::Expired(day(self.until)));
        }
        if now < self.from {
            return Err(Wrong::NotYet { from: day(self.from), now: day(now) });
        }
        Ok(())
    }
}

/// A certificate that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no certificate: {0}")]
pub struct UnreadCertificate(String);

fn name(found: &GeneralName<'_>) -> Option<Name> {
    match found {
        GeneralName::DNSName(name) => Some(Name::Dns((*name).to_owned())),
        GeneralName::RFC822Name(name) => Some(Name::Mail((*name).to_owned())),
        GeneralName::URI(name) => Some(Name::Uri((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(Name::Address)
        }
        GeneralName::OtherName(..)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

fn day(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(
        || "a day beyond the calendar".to_owned(),
        |at| at.format("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

fn now() -> i64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
}
