//! The section `[tls]`.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de::Error};

use crate::written;

/// What the HTTP port proves itself with, and what it asks of clients.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the port's certificate and those between it and the authority; absent is plain HTTP.
    #[serde(default, deserialize_with = "written::path")]
    pub certificate: Option<PathBuf>,
    /// PEM file of its private key.
    #[serde(default, deserialize_with = "written::path")]
    pub key: Option<PathBuf>,
    /// PEM file of the authorities that client certificates come from; absent asks for none.
    #[serde(default, deserialize_with = "written::path")]
    pub client_ca: Option<PathBuf>,
    /// Whether a client without a certificate is not even let in.
    pub client_required: bool,
    /// Which client certificate stands for which key; the first that fits counts.
    #[serde(deserialize_with = "written::list")]
    pub clients: Vec<TlsClient>,
}

impl Tls {
    /// Answers whether the HTTP port speaks TLS.
    pub fn is_on(&self) -> bool {
        self.certificate.is_some()
    }
}

/// A client certificate and the key it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsClient {
    /// How the certificate is known.
    pub known_by: KnownBy,
    /// Name or id of the key.
    pub key: String,
}

/// How a client certificate is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownBy {
    /// A name it was issued for.
    Subject(String),
    /// The SHA-256 of all of it.
    Sha256([u8; 32]),
}

/// The item as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    #[serde(default, deserialize_with = "written::some_text")]
    subject: Option<String>,
    #[serde(default, deserialize_with = "written::some_text")]
    sha256: Option<String>,
    #[serde(deserialize_with = "written::text")]
    key: String,
}

impl<'de> Deserialize<'de> for TlsClient {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let Item { subject, sha256, key } = Item::deserialize(input)?;
        let known_by = match (subject, sha256) {
            (Some(subject), None) => KnownBy::Subject(subject),
            (None, Some(written)) => KnownBy::Sha256(fingerprint(&written).ok_or_else(|| {
                D::Error::custom(format!(
                    "{written:?} is no fingerprint; openssl x509 -in FILE -noout -fingerprint -sha256 shows it"
                ))
            })?),
            (Some(_), Some(_)) | (None, None) => {
                return Err(D::Error::custom("needs either subject or sha256, besides key"));
            }
        };
        Ok(Self { known_by, key })
    }
}

/// Reads 32 bytes in hexadecimal digits, with or without colons between them.
fn fingerprint(written: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = written.bytes().filter(|byte| *byte != b':').collect();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_openssl_writes_it_and_without_colons() {
        let plain = "0f".repeat(32);
        assert_eq!(fingerprint(&plain), Some([0x0f; 32]));
        assert_eq!(fingerprint(&["0F"; 32].join(":")), Some([0x0f; 32]));
        for wrong in ["", "0f", &"0g".repeat(32), &"+f".repeat(32), &"0f".repeat(33)] {
            assert_eq!(fingerprint(wrong), None, "{wrong}");
        }
    }
}
