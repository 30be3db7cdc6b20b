//! Decryption by a password: PBES2, and the older schemes of PKCS#12 that `openssl pkcs12 -legacy` writes.

use aws_lc_rs::{digest, hmac};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use pkcs8::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::derivation::{Purpose, derive};
use super::error::CertificateError;
use super::pbes2::{self, PBES2};
use super::work::Work;

const PBE_3_KEY_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const PBE_2_KEY_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4");
const PBE_RC2_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5");
const PBE_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA224: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// What bytes and their encryption look like in PKCS#8 and PKCS#12 (`EncryptedPrivateKeyInfo`).
#[derive(Debug, Sequence)]
pub(super) struct Encrypted {
    /// The scheme with its parameters.
    pub(super) algorithm: AlgorithmIdentifierOwned,
    /// The bytes.
    pub(super) bytes: OctetString,
}

/// `MacData` of PKCS#12.
#[derive(Debug, Sequence)]
pub(super) struct Mac {
    digest: DigestInfo,
    salt: OctetString,
    #[asn1(default = "one")]
    rounds: u32,
}

#[derive(Debug, Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

fn one() -> u32 {
    1
}

/// `pkcs-12PbeParams`.
#[derive(Debug, Sequence)]
struct PbeParameters {
    salt: OctetString,
    rounds: u32,
}

/// What is tried as a password. For PKCS#12's own schemes none is another one than an empty one: OpenSSL writes the empty one, .NET
/// either (dotnet/runtime, Pkcs12Kdf.cs).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Try<'a> {
    /// This text, which may be empty.
    Text(&'a str),
    /// No bytes at all.
    Nothing,
}

impl<'a> Try<'a> {
    /// The form that PBES2 takes.
    fn utf8(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Nothing => &[],
        }
    }

    /// The form that PKCS#12's own schemes take: UTF-16 with the high byte first, and a zero at its end.
    fn utf16(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Text(text) => text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect(),
            Self::Nothing => Vec::new(),
        })
    }
}

impl Encrypted {
    /// The bytes in the clear, which are garbage where the password is wrong and chance will have it.
    ///
    /// Fails with [`CertificateError::PasswordWrong`] where the password is wrong, with [`CertificateError::Encryption`] where
    /// the scheme is none of ours, and with [`CertificateError::Damaged`].
    pub(super) fn decrypt(&self, password: Try, work: &mut Work) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
        let parameters = self.algorithm.parameters.as_ref().ok_or(CertificateError::Damaged)?.to_der()?;
        if self.algorithm.oid == PBES2 {
            return pbes2::decrypt(&parameters, password.utf8(), self.bytes.as_bytes(), work);
        }
        let scheme = match self.algorithm.oid {
            PBE_3_KEY_3DES => Pbe { key_bytes: 24, decrypt: cbc::<des::TdesEde3> },
            PBE_2_KEY_3DES => Pbe { key_bytes: 16, decrypt: cbc::<des::TdesEde2> },
            PBE_RC2_128 => Pbe { key_bytes: 16, decrypt: cbc::<rc2::Rc2> },
            PBE_RC2_40 => Pbe { key_bytes: 5, decrypt: cbc::<rc2::Rc2> },
            other => return Err(CertificateError::Encryption { scheme: other.to_string() }),
        };
        let PbeParameters { salt, rounds } = PbeParameters::from_der(&parameters)?;
        let mut derive = |purpose, length| {
            let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
            derive(hash, &password.utf16(), salt.as_bytes(), purpose, rounds, length, work)
        };
        let (key, start) = (derive(Purpose::Key, scheme.key_bytes)?, derive(Purpose::Start, PBE_BLOCK_BYTES)?);
        (scheme.decrypt)(&key, &start, self.bytes.as_bytes())
    }
}

impl Mac {
    /// Whether `content` was written under this password; nothing where the code is of a kind that is not known here.
    ///
    /// What decides is the certificate, which must fit the key: whoever can exchange the file can leave the code out. It only
    /// tells a wrong password from a damaged file.
    pub(super) fn fits(
        &self,
        content: &[u8],
        password: Try,
        work: &mut Work,
    ) -> Result<Option<bool>, CertificateError> {
        let Some(key) = self.key(password, work)? else { return Ok(None) };
        Ok(Some(hmac::verify(&key, content, self.digest.digest.as_bytes()).is_ok()))
    }

    fn key(&self, password: Try, work: &mut Work) -> Result<Option<hmac::Key>, CertificateError> {
        let algorithm = match self.digest.algorithm.oid {
            SHA1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            SHA224 => hmac::HMAC_SHA224,
            SHA256 => hmac::HMAC_SHA256,
            SHA384 => hmac::HMAC_SHA384,
            SHA512 => hmac::HMAC_SHA512,
            _ => return Ok(None),
        };
        let hash = algorithm.digest_algorithm();
        let salt = self.salt.as_bytes();
        let key = derive(hash, &password.utf16(), salt, Purpose::Mac, self.rounds, hash.output_len(), work)?;
        Ok(Some(hmac::Key::new(algorithm, &key)))
    }

    /// The code as it stands, and as it is under this password.
    #[cfg(test)]
    pub(super) fn under(&self, content: &[u8], password: Try) -> Option<(Vec<u8>, Vec<u8>)> {
        let key = self.key(password, &mut Work::of_one_file()).ok()??;
        Some((self.digest.digest.as_bytes().to_vec(), hmac::sign(&key, content).as_ref().to_vec()))
    }
}

/// From a key, where the chain of blocks starts, and bytes, to the bytes in the clear.
type Decrypt = fn(&[u8], &[u8], &[u8]) -> Result<Zeroizing<Vec<u8>>, CertificateError>;

/// A scheme of PKCS#12: its key's length, and its cipher.
struct Pbe {
    key_bytes: usize,
    decrypt: Decrypt,
}

/// Both ciphers of PKCS#12's schemes have blocks of this length.
const PBE_BLOCK_BYTES: usize = 8;

/// The bytes in the clear, by a cipher in chained blocks, with what fills the last one.
pub(super) fn cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    start: &[u8],
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    let cipher = Decryptor::<C>::new_from_slices(key, start).map_err(|_| CertificateError::Damaged)?;
    let mut clear = Zeroizing::new(bytes.to_vec());
    let length = cipher.decrypt_padded::<Pkcs7>(&mut clear).map_err(|_| CertificateError::PasswordWrong)?.len();
    clear.truncate(length);
    Ok(clear)
}
