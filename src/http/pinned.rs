//! TLS with one certificate, known beforehand by its thumbprint, whoever signed it and whatever its name: Service Fabric's own.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::CallError;

/// The SHA-1 of a certificate's DER form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// A thumbprint of forty hexadecimal digits in either case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 20];
        for (byte, at) in bytes.iter_mut().zip((0..40).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref().try_into().ok().map(Self)
    }
}

/// TLS settings that accept the certificate of this thumbprint alone.
pub(super) fn settings(pin: Thumbprint) -> Result<ClientConfig, CallError> {
    let provider = Arc::new(provider::default_provider());
    let settings = |error: Error| CallError::Settings(error.to_string());
    Ok(ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(settings)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned { pin, provider }))
        .with_no_client_auth())
}

/// Accepts one certificate. The handshake's signature is still verified: who shows the certificate must hold its key.
#[derive(Debug)]
struct Pinned {
    pin: Thumbprint,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if Thumbprint::of(end_entity) == Some(self.pin) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_forty_hexadecimal_digits() {
        let text = "a9993e364706816aba3e25717850c26c9cd0d89d";
        assert_eq!(Thumbprint::parse(text), Thumbprint::parse(&text.to_uppercase()));
        // The published digest of `abc`.
        assert_eq!(Thumbprint::parse(text), Thumbprint::of(&CertificateDer::from_slice(b"abc")));
        for text in ["", "a9993e", &format!("{text}00"), "g9993e364706816aba3e25717850c26c9cd0d89d", &"é".repeat(20)] {
            assert_eq!(Thumbprint::parse(text), None);
        }
    }
}
