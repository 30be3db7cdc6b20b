//! PEM texts, and the mending of what happens to them on their way through variables, editors and clipboards.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::error::{Block, CertificateError};

/// How a block begins, before its label.
pub(super) const BEGIN: &str = "-----BEGIN";
const END: &str = "-----END";
const DASHES: &str = "-----";

/// The names of what may lie in a block (RFC 7468, and OpenSSL's pem.h).
const LABELS: [&str; 17] = [
    "CERTIFICATE",
    "X509 CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "DSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "PKCS7",
    "CMS",
    "X509 CRL",
    "EC PARAMETERS",
];

/// What lies between two lines of dashes.
pub(super) struct PemBlock {
    /// Which block.
    pub(super) block: Block,
    /// The bytes.
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// The text with line ends in place of what stands for them: `\n` and `\r` as a JSON string or a shell writes them, and the
/// agent's own `%0A` and `%0D`. None of these letters is in a sound PEM text in that order, so a sound one stays as it is.
pub(super) fn mended(text: &str) -> Zeroizing<String> {
    let mut mended = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '%']) {
        let (before, found) = rest.split_at(at);
        mended.push_str(before);
        let escapes = ["\\n", "\\r", "%0A", "%0D", "%0a", "%0d", "\\"];
        let length = escapes.into_iter().find(|escape| found.starts_with(escape)).map_or(0, str::len);
        mended.push(if length == 0 { '%' } else { '\n' });
        rest = &found[length.max(1)..];
    }
    mended.push_str(rest);
    mended
}

/// The blocks of a text that was [`mended`]. Whatever stands between them is passed over, as are blanks and quotes in them.
pub(super) fn blocks(mended: &str) -> Result<Vec<PemBlock>, CertificateError> {
    let mut blocks = Vec::new();
    let mut rest = mended;
    while let Some(at) = rest.find(BEGIN) {
        let after = &rest[at + BEGIN.len()..];
        let number = blocks.len() + 1;
        let (label, after) = after.split_once(DASHES).unwrap_or((after, ""));
        let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
        let block = Block { number, label: LABELS.into_iter().find(|known| *known == label) };
        let (body, after) = after.split_once(END).ok_or(CertificateError::Unfinished { block })?;
        if body.contains(BEGIN) {
            return Err(CertificateError::Unfinished { block });
        }
        blocks.push(PemBlock { block, content: decoded(body, block)? });
        rest = after;
    }
    Ok(blocks)
}

fn decoded(body: &str, block: Block) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    if body.contains("***") {
        return Err(CertificateError::Masked);
    }
    if body.contains("Proc-Type:") {
        return Err(CertificateError::OldEncryption);
    }
    base64(body).filter(|content| !content.is_empty()).ok_or(CertificateError::Base64 { block })
}

/// The bytes of a base64 text with blanks and quotes anywhere in it; nothing where it is none.
pub(super) fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let settings = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let letters: String = text.chars().filter(|letter| !letter.is_whitespace() && !"'\"".contains(*letter)).collect();
    let letters = Zeroizing::new(letters);
    GeneralPurpose::new(&STANDARD, settings).decode(letters.as_bytes()).ok().map(Zeroizing::new)
}
