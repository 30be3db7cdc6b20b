//! A private key and its certificate with the chain above it, as a file or a text holds them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::content::Found;
use super::error::CertificateError;
use super::key::PrivateKey;
use super::x509::X509;
use crate::kernel::secret::Password;

/// A private key of any kind and its certificates.
///
/// What a server of the company's network asks for may be on an elliptic curve; what Entra takes is a
/// [`Certificate`](super::Certificate), which is made of this.
pub struct Bundle {
    pub(super) key: PrivateKey,
    /// The key's own certificate.
    pub(super) leaf: X509,
    /// The certificate of the leaf's issuer, the one of that one's issuer, and so on.
    pub(super) issuers: Vec<X509>,
}

const LARGEST_BYTES: usize = 1024 * 1024;

impl Bundle {
    /// Reads a PEM text, mended where it can be, or a PFX (PKCS#12) file, or the base64 of either.
    pub fn read(content: &[u8], password: Option<&Password>) -> Result<Self, CertificateError> {
        if content.len() > LARGEST_BYTES {
            return Err(CertificateError::TooLarge);
        }
        Self::of(Found::read(content, password.map(Password::reveal))?)
    }

    /// Finds the key's certificate, and above it the chain in its order.
    fn of(found: Found) -> Result<Self, CertificateError> {
        let Found { keys, mut certificates, request, public_key } = found;
        let instead = match (request, public_key) {
            (true, _) => Some("a certificate request"),
            (_, true) => Some("a public key"),
            _ => None,
        };
        if keys.is_empty() {
            return Err(CertificateError::NoKey { found: instead });
        }
        if certificates.is_empty() {
            return Err(CertificateError::NoCertificate { found: instead });
        }
        let (key, leaf) = pair(keys, &certificates)?;
        let leaf = certificates.swap_remove(leaf);
        certificates.retain(|certificate| *certificate != leaf);
        let mut issuers: Vec<X509> = Vec::new();
        loop {
            let last = issuers.last().unwrap_or(&leaf);
            let issuer = certificates.iter().position(|other| last.is_issued_by(other));
            let Some(issuer) = issuer.filter(|_| !last.is_issued_by(last)) else { break };
            issuers.push(certificates.swap_remove(issuer));
        }
        Ok(Self { key, leaf, issuers })
    }

    /// The certificates and the key in the clear (PKCS#8), as PEM.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let certificates = std::iter::once(&self.leaf).chain(&self.issuers);
        let parts = certificates.map(|certificate| ("CERTIFICATE", certificate.der.as_slice()));
        let parts: Vec<_> = parts.chain([("PRIVATE KEY", self.key.pkcs8())]).collect();
        // Large enough never to move: what a text leaves behind in memory is not wiped.
        let length = parts.iter().map(|(_, der)| der.len() * 3 / 2 + 100).sum();
        let mut text = Zeroizing::new(String::with_capacity(length));
        for (label, der) in parts {
            let letters = Zeroizing::new(STANDARD.encode(der));
            text.extend(["-----BEGIN ", label, "-----\n"]);
            for (at, letter) in letters.chars().enumerate() {
                if at > 0 && at % 64 == 0 {
                    text.push('\n');
                }
                text.push(letter);
            }
            text.extend(["\n-----END ", label, "-----\n"]);
        }
        text
    }
}

/// The key that has a certificate, and which: the one that ends last where several fit, as after a renewal.
fn pair(keys: Vec<PrivateKey>, certificates: &[X509]) -> Result<(PrivateKey, usize), CertificateError> {
    let mut untold = None;
    for key in keys {
        let fitting = (0..certificates.len()).filter(|at| key.fits(&certificates[*at].public_key) == Some(true));
        if let Some(leaf) = fitting.max_by_key(|at| certificates[*at].until_seconds) {
            return Ok((key, leaf));
        }
        if key.fits(&[]).is_none() {
            untold = untold.or(Some((key, 0)));
        }
    }
    let thumbprints = || certificates.iter().map(X509::thumbprint_sha1).collect();
    untold.ok_or_else(|| CertificateError::Mismatch { thumbprints: thumbprints() })
}
