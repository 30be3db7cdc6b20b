//! The emulator's own certificate authority and a leaf for every host, made when it is first asked for.

use crate::{clock, guid};
use anyhow::Context;
use aws_lc_rs::digest;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Common name of the authority. Mono finds a root by a hash of its name, so the name is fixed.
pub(crate) const AUTHORITY_NAME: &str = "AdoEntraAuth emulator authority";

/// The authority that clients are told to trust, and one that nobody trusts.
pub(crate) struct Authorities {
    trusted: Authority,
    unknown: Authority,
}

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
    leaves: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Authorities {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            trusted: Authority::new(AUTHORITY_NAME)?,
            unknown: Authority::new("An authority that nobody knows")?,
        })
    }

    /// The certificate that clients must trust, PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.trusted.pem
    }

    /// The same certificate, DER.
    pub(crate) fn der(&self) -> &[u8] {
        self.trusted.issuer.der()
    }

    /// What a TLS server for this host needs.
    pub(crate) fn server_config(&self, host: &str) -> anyhow::Result<Arc<ServerConfig>> {
        self.trusted.server_config(host)
    }

    /// From now on hosts show other certificates, with other keys, of the same authority.
    pub(crate) fn change_certificates(&self) {
        self.trusted.leaves.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The same with a certificate that no client has a reason to trust.
    pub(crate) fn untrusted_server_config(&self, host: &str) -> anyhow::Result<Arc<ServerConfig>> {
        self.unknown.server_config(host)
    }
}

impl Authority {
    fn new(name: &str) -> anyhow::Result<Self> {
        let mut params = params(Vec::new(), name, 3650)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?).context("making the authority")?;
        Ok(Self { pem: issuer.pem(), issuer, leaves: Mutex::default() })
    }

    fn server_config(&self, host: &str) -> anyhow::Result<Arc<ServerConfig>> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = leaves.get(host) {
            return Ok(config.clone());
        }
        // Some clients refuse a leaf that lives longer than 398 days.
        let mut params = params(vec![host.to_owned()], host, 390)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer).with_context(|| format!("making a certificate for {host}"))?;
        let config = config(leaf.der().clone(), &key)?;
        leaves.insert(host.to_owned(), config.clone());
        Ok(config)
    }
}

/// A server that vouches for itself.
pub(crate) struct SelfSigned {
    /// What the server needs.
    pub config: Arc<ServerConfig>,
    /// SHA-1 of its certificate, in capitals.
    pub sha1: String,
}

/// A TLS server for this host or address whose certificate no authority has signed.
pub(crate) fn self_signed(host: &str) -> anyhow::Result<SelfSigned> {
    let key = KeyPair::generate()?;
    let certificate = params(vec![host.to_owned(), "localhost".to_owned()], host, 390)?.self_signed(&key)?;
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    let config = config(certificate.der().clone(), &key)?;
    Ok(SelfSigned { config, sha1: guid::hex(sha1.as_ref()).to_uppercase() })
}

fn config(leaf: CertificateDer<'static>, key: &KeyPair) -> anyhow::Result<Arc<ServerConfig>> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn params(hosts: Vec<String>, name: &str, days: u64) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(hosts)?;
    let today = u64::try_from(clock::now()).unwrap_or(0);
    let yesterday = date_time_ymd(1970, 1, 1) + Duration::from_secs(today.saturating_sub(86_400));
    params.not_before = yesterday;
    params.not_after = yesterday + Duration::from_secs(days * 86_400);
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
