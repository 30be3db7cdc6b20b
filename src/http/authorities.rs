//! The machine's authorities: the one file that bundles them; all that its folders hold beside only where that file does not vouch for
//! a server.
//!
//! rustls-platform-verifier reads the bundle and then each of the hundred and more files that it is made of, at every start. What is
//! accepted in the end is the same: what it would accept.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::disk;

/// TLS settings that trust the machine's authorities and `own`, PEM. Nothing where the machine has no bundle, or something cannot be
/// read: the longer way says why.
pub(super) fn settings(bundle: Option<PathBuf>, own: Option<&[u8]>) -> Option<ClientConfig> {
    let provider = Arc::new(provider::default_provider());
    let own = own.map_or(Ok(Vec::new()), |pem| CertificateDer::pem_slice_iter(pem).collect()).ok()?;
    let verifier = Verifier::new(&disk::read(&bundle?).ok()??, own, provider.clone())?;
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let mut settings = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(settings)
}

/// The bundle, where this kind of system has one.
pub(super) fn bundle() -> Option<PathBuf> {
    openssl_probe::probe().cert_file
}

/// Accepts what the bundle vouches for, and else what everything does.
#[derive(Debug)]
struct Verifier {
    bundled: Arc<WebPkiServerVerifier>,
    everything: OnceLock<Result<rustls_platform_verifier::Verifier, Error>>,
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(bundle: &[u8], own: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        let bundled = CertificateDer::pem_slice_iter(bundle).filter_map(Result::ok);
        let (known, _) = roots.add_parsable_certificates(bundled);
        if known == 0 {
            return None;
        }
        own.iter().try_for_each(|authority| roots.add(authority.clone())).ok()?;
        let bundled = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().ok()?;
        Some(Self { bundled, everything: OnceLock::new(), own, provider })
    }

    fn everything(&self) -> Result<&rustls_platform_verifier::Verifier, Error> {
        let read = || {
            rustls_platform_verifier::Verifier::new_with_extra_roots(self.own.iter().cloned(), self.provider.clone())
        };
        self.everything.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.bundled.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).or_else(|_| {
            self.everything()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.bundled.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.bundled.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.bundled.supported_verify_schemes()
    }
}
