//! From the bytes of a file or an input to the keys and certificates in them.

use der::{Decode, Reader, SliceReader};
use zeroize::Zeroizing;

use super::encryption::{Encrypted, Try};
use super::error::CertificateError;
use super::key::PrivateKey;
use super::pem::{self, PemBlock};
use super::pfx::{Archive, SEQUENCE};
use super::work::Work;
use super::x509::X509;

/// All that was found, in its order.
#[derive(Default)]
pub(super) struct Found {
    pub(super) keys: Vec<PrivateKey>,
    pub(super) certificates: Vec<X509>,
    /// Whether there was a certificate request, which is easily taken for a certificate.
    pub(super) request: bool,
    /// Whether there was a public key, which is easily taken for a private one.
    pub(super) public_key: bool,
}

impl Found {
    /// Reads a PEM text, a PFX file, or the base64 of either, which is how binary files get into variables.
    pub(super) fn read(content: &[u8], password: Option<&str>) -> Result<Self, CertificateError> {
        if is_der(content) {
            return Self::of_der(content, password);
        }
        let text = text_of(content).ok_or(CertificateError::Unknown)?;
        let trimmed = text.trim_matches(|letter: char| letter.is_whitespace() || "'\"".contains(letter));
        match trimmed {
            "" => return Err(CertificateError::Empty),
            "***" => return Err(CertificateError::Masked),
            _ => {}
        }
        if let Some(name) = unexpanded(trimmed) {
            return Err(CertificateError::Unexpanded { name: name.to_owned() });
        }
        let mended = pem::mended(trimmed);
        if mended.contains(pem::BEGIN) {
            return Self::of_pem(&mended, password);
        }
        let inner = pem::base64(&mended).ok_or(CertificateError::Unknown)?;
        if is_der(&inner) {
            return Self::of_der(&inner, password);
        }
        let text = text_of(&inner).ok_or(CertificateError::Unknown)?;
        let mended = pem::mended(&text);
        if mended.contains(pem::BEGIN) { Self::of_pem(&mended, password) } else { Err(CertificateError::Unknown) }
    }

    fn of_der(bytes: &[u8], password: Option<&str>) -> Result<Self, CertificateError> {
        if let Some(certificate) = X509::of_der(bytes) {
            return Ok(Self { certificates: vec![certificate], ..Self::default() });
        }
        if let Some(key) = PrivateKey::of_pkcs8(bytes).or_else(|| PrivateKey::of_pkcs1(bytes)) {
            return Ok(Self { keys: vec![key], ..Self::default() });
        }
        let Archive { keys, certificates } = Archive::read(bytes, password)?;
        Ok(Self { keys, certificates, ..Self::default() })
    }

    fn of_pem(mended: &str, password: Option<&str>) -> Result<Self, CertificateError> {
        let mut found = Self::default();
        let mut work = Work::of_one_file();
        for block in pem::blocks(mended)? {
            found.take(&block, password, &mut work)?;
        }
        Ok(found)
    }

    fn take(
        &mut self,
        PemBlock { block, content }: &PemBlock,
        password: Option<&str>,
        work: &mut Work,
    ) -> Result<(), CertificateError> {
        let broken = || CertificateError::Content { block: *block };
        let written = || PrivateKey::of_pkcs8(content);
        match block.label.unwrap_or_default() {
            "CERTIFICATE" | "X509 CERTIFICATE" => self.certificates.push(X509::of_der(content).ok_or_else(broken)?),
            "TRUSTED CERTIFICATE" => {
                // What OpenSSL's `-trustout` appends is no part of the certificate.
                let certificate = first_element(content).and_then(|der| X509::of_der(&der));
                self.certificates.push(certificate.ok_or_else(broken)?);
            }
            "PRIVATE KEY" => self.keys.push(written().or_else(|| PrivateKey::of_pkcs1(content)).ok_or_else(broken)?),
            "RSA PRIVATE KEY" => self.keys.push(PrivateKey::of_pkcs1(content).or_else(written).ok_or_else(broken)?),
            "EC PRIVATE KEY" => self.keys.push(PrivateKey::of_sec1(content).or_else(written).ok_or_else(broken)?),
            "ENCRYPTED PRIVATE KEY" => {
                let encrypted = Encrypted::from_der(content).map_err(|_| broken())?;
                let password = password.ok_or(CertificateError::PasswordMissing)?;
                let clear = encrypted.decrypt(Try::Text(password), work).map_err(|error| match error {
                    CertificateError::Damaged => broken(),
                    other => other,
                })?;
                // Padding fits by chance once in 256 times.
                self.keys.push(PrivateKey::of_pkcs8(&clear).ok_or(CertificateError::PasswordWrong)?);
            }
            "DSA PRIVATE KEY" => return Err(CertificateError::NotRsa { kind: "a DSA" }),
            "OPENSSH PRIVATE KEY" => return Err(CertificateError::OpenSsh),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => self.request = true,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => self.public_key = true,
            _ => {}
        }
        Ok(())
    }
}

/// Whether bytes begin as a sequence of more than 127 bytes, or of a length to be found, does; no text does.
fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [SEQUENCE, 0x80..=0x84, ..])
}

fn first_element(bytes: &[u8]) -> Option<Vec<u8>> {
    SliceReader::new(bytes).ok()?.tlv_bytes().ok().map(<[u8]>::to_vec)
}

/// A text in UTF-8, or, with its mark, in UTF-16, which `>` of Windows PowerShell writes.
fn text_of(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units = Zeroizing::new(bytes.as_chunks().0.iter().map(|pair| of(*pair)).collect::<Vec<u16>>());
        String::from_utf16(&units).ok()
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => str::from_utf8(rest).ok().map(str::to_owned),
        all => str::from_utf8(all).ok().map(str::to_owned),
    };
    text.map(Zeroizing::new)
}

/// The name in `$(name)`, which is what the agent leaves of a variable without a value.
fn unexpanded(text: &str) -> Option<&str> {
    let name = text.strip_prefix("$(")?.strip_suffix(')')?;
    let of_a_name = |letter: char| letter.is_alphanumeric() || "._- ".contains(letter);
    (!name.is_empty() && name.len() <= 200 && name.chars().all(of_a_name)).then_some(name)
}
