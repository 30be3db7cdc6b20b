//! A client certificate: signs the assertion with which an application proves itself to Entra without a secret.
//!
//! Bytes in, assertion out: no file, no network, no environment. Everything that may be wrong with the bytes has an error of its own.

mod bundle;
mod content;
mod derivation;
mod encryption;
mod error;
mod key;
mod pbes2;
mod pem;
mod pfx;
mod work;
mod x509;

use std::fmt;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::kernel::secret::{Assertion, Password};
use x509::{X509, hexadecimal};

pub use bundle::Bundle;
pub use error::{CertificateError, Shown};

/// For how long an assertion is valid, in seconds. Microsoft's "Certificate credentials" asks for five to ten minutes.
const LIFETIME_SECONDS: u64 = 300;

/// A client certificate with its private key, an RSA key. The key is wiped from memory when this is dropped.
pub struct Certificate {
    key: EncodingKey,
    leaf: X509,
    issuers: Vec<X509>,
}

/// Whether an assertion carries the certificate with its chain (`x5c`).
///
/// Needed where the application trusts a subject name and an issuer in place of a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chain {
    /// It names the certificate by its hash alone.
    Omitted,
    /// It carries all certificates.
    Sent,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: u64,
    iat: u64,
    exp: u64,
}

impl Certificate {
    /// Reads a PEM text or a PFX (PKCS#12) file, or the base64 of either. `content` is what the input or the file holds.
    ///
    /// A password that is not needed does no harm. Whether the certificate is still valid is asked when it signs.
    pub fn read(content: &[u8], password: Option<&Password>) -> Result<Self, CertificateError> {
        let Bundle { key, leaf, issuers } = Bundle::read(content, password)?;
        Ok(Self { key: EncodingKey::from_rsa_der(key.rsa()?), leaf, issuers })
    }

    /// Signs an assertion that its bearer is the application `client_id`, for the token endpoint `audience`.
    ///
    /// Its form is the one of Microsoft's "Certificate credentials": PS256, the certificate named by its SHA-256.
    pub fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now_seconds: u64,
        chain: Chain,
    ) -> Result<Assertion, CertificateError> {
        self.check_validity(now_seconds)?;
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(self.leaf.sha256()));
        header.x5c = match chain {
            Chain::Omitted => None,
            Chain::Sent => Some(self.chain().map(|certificate| STANDARD.encode(&certificate.der)).collect()),
        };
        let claims = Claims {
            aud: audience,
            iss: client_id,
            sub: client_id,
            jti: random_id()?,
            nbf: now_seconds,
            iat: now_seconds,
            exp: now_seconds + LIFETIME_SECONDS,
        };
        let signed = jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| CertificateError::Signing)?;
        Ok(Assertion::new(signed))
    }

    /// SHA-1 of the certificate in hexadecimal, as the Azure portal shows it.
    pub fn thumbprint_sha1(&self) -> String {
        self.leaf.thumbprint_sha1()
    }

    /// SHA-256 of the certificate in hexadecimal.
    #[cfg(test)]
    pub fn thumbprint_sha256(&self) -> String {
        hexadecimal(self.leaf.sha256().as_ref())
    }

    /// Whose certificate it is, as RFC 4514 writes names. A text from outside.
    pub fn subject(&self) -> &str {
        &self.leaf.subject
    }

    /// Until when it is valid, in seconds since 1970.
    pub fn expires_at(&self) -> u64 {
        self.leaf.until_seconds
    }

    fn chain(&self) -> impl Iterator<Item = &X509> {
        std::iter::once(&self.leaf).chain(&self.issuers)
    }

    fn check_validity(&self, now_seconds: u64) -> Result<(), CertificateError> {
        let X509 { from_seconds, until_seconds, .. } = self.leaf;
        let shown = || Shown { subject: self.leaf.subject.clone(), thumbprint: self.thumbprint_sha1() };
        if now_seconds < from_seconds {
            return Err(CertificateError::NotYetValid { from_seconds, now_seconds, shown: shown() });
        }
        if now_seconds > until_seconds {
            return Err(CertificateError::Expired { until_seconds, now_seconds, shown: shown() });
        }
        Ok(())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Certificate");
        shown.field("subject", &self.subject()).field("thumbprint", &self.thumbprint_sha1()).finish_non_exhaustive()
    }
}

/// A GUID that nobody has used before (RFC 9562, version 4).
fn random_id() -> Result<String, CertificateError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| CertificateError::Signing)?;
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let digits = hexadecimal(&bytes).to_ascii_lowercase();
    Ok([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
}

#[cfg(test)]
pub(crate) mod tests;
