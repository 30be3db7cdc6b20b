//! What is asked of an X.509 certificate.

use aws_lc_rs::digest;
use der::oid::AssociatedOid;
use der::{Decode, Encode};
use x509_cert::certificate::{CertificateInner, Raw, TbsCertificateInner};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};

/// A certificate, read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct X509 {
    /// The certificate itself.
    pub(super) der: Vec<u8>,
    /// Whose it is, as RFC 4514 writes names.
    pub(super) subject: String,
    /// Its public key: the content of `subjectPublicKey`.
    pub(super) public_key: Vec<u8>,
    /// From when on it is valid, in seconds since 1970.
    pub(super) from_seconds: u64,
    /// Until when it is valid, in seconds since 1970.
    pub(super) until_seconds: u64,
    subject_name: Vec<u8>,
    issuer_name: Vec<u8>,
    /// What tells its key from others of the same owner, where it says so.
    key_id: Option<Vec<u8>>,
    /// What tells the issuer's key from others of the same issuer, where it says so.
    issuer_key_id: Option<Vec<u8>>,
}

impl X509 {
    /// Reads a certificate; nothing where it is none. What authorities write against the letter of RFC 5280 is let pass.
    pub(super) fn of_der(der: &[u8]) -> Option<Self> {
        let certificate = CertificateInner::<Raw>::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        Some(Self {
            der: der.to_vec(),
            subject: body.subject().to_string(),
            public_key: body.subject_public_key_info().subject_public_key.as_bytes()?.to_vec(),
            from_seconds: body.validity().not_before.to_unix_duration().as_secs(),
            until_seconds: body.validity().not_after.to_unix_duration().as_secs(),
            subject_name: body.subject().to_der().ok()?,
            issuer_name: body.issuer().to_der().ok()?,
            key_id: extension::<SubjectKeyIdentifier>(body).map(|id| id.0.as_bytes().to_vec()),
            issuer_key_id: extension::<AuthorityKeyIdentifier>(body)
                .and_then(|id| id.key_identifier)
                .map(|id| id.as_bytes().to_vec()),
        })
    }

    /// SHA-1 of the certificate in hexadecimal, as the Azure portal shows it.
    pub(super) fn thumbprint_sha1(&self) -> String {
        hexadecimal(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der).as_ref())
    }

    /// SHA-256 of the certificate.
    pub(super) fn sha256(&self) -> digest::Digest {
        digest::digest(&digest::SHA256, &self.der)
    }

    /// Whether `self` was issued with the key of `other`, as far as names and ids tell.
    pub(super) fn is_issued_by(&self, other: &Self) -> bool {
        let another_key = self.issuer_key_id.is_some() && other.key_id.is_some() && self.issuer_key_id != other.key_id;
        self.issuer_name == other.subject_name && !another_key
    }
}

fn extension<E: AssociatedOid + for<'e> Decode<'e>>(body: &TbsCertificateInner<Raw>) -> Option<E> {
    let extension = body.extensions()?.iter().find(|extension| extension.extn_id == E::OID)?;
    E::from_der(extension.extn_value.as_bytes()).ok()
}

/// Bytes in hexadecimal, capitals.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02X}"))
}
