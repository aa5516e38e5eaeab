//! A client for our own port, which believes one certificate: the very one that is in force there. Nothing is left
//! unchecked by that; an authority could say no more of it than that it is the same.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{Certificate, InForce};

impl InForce {
    /// Returns how a client speaks with our own port.
    pub fn own_client(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let own = Own::new(&self.certificate, &provider);
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        // Stricter than the usual check: one certificate instead of all that some authority signs.
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(own));
        Ok(builder.with_no_client_auth())
    }
}

/// Believes one certificate, from whoever proves to have its key.
#[derive(Debug)]
struct Own {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Own {
    fn new(certificate: &Certificate, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { certificate: certificate.der.clone(), algorithms }
    }
}

impl ServerCertVerifier for Own {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *shown == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
