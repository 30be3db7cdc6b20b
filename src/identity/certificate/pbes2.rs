//! PBES2 (RFC 8018, appendix A.4): a key from a password by PBKDF2 or scrypt (RFC 7914), and AES or 3DES in chained blocks.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::pbkdf2;
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use pkcs8::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::encryption::cbc;
use super::error::CertificateError;
use super::work::Work;

/// The scheme.
pub(super) const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");

const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const SCRYPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.4.11");

const HMAC_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const HMAC_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");

const AES_128_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES_192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const DES_EDE3_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");

#[derive(Debug, Sequence)]
struct Parameters {
    derivation: AlgorithmIdentifierOwned,
    cipher: AlgorithmIdentifierOwned,
}

#[derive(Debug, Sequence)]
struct Pbkdf2 {
    salt: OctetString,
    rounds: u32,
    #[asn1(optional = "true")]
    key_bytes: Option<u16>,
    #[asn1(optional = "true")]
    prf: Option<AlgorithmIdentifierOwned>,
}

#[derive(Debug, Sequence)]
struct Scrypt {
    salt: OctetString,
    cost: u64,
    block_size: u16,
    lanes: u16,
    #[asn1(optional = "true")]
    key_bytes: Option<u16>,
}

/// The bytes in the clear, by the scheme's parameters in DER.
///
/// Fails with [`CertificateError::PasswordWrong`] where what comes out cannot be meant, with [`CertificateError::Encryption`] where
/// something in it is none of ours, and with [`CertificateError::Damaged`].
pub(super) fn decrypt(
    parameters: &[u8],
    password: &[u8],
    bytes: &[u8],
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    let Parameters { derivation, cipher } = Parameters::from_der(parameters)?;
    let (aes, key_bytes) = match cipher.oid {
        AES_128_CBC => (Some(&cipher::AES_128), 16),
        AES_192_CBC => (Some(&cipher::AES_192), 24),
        AES_256_CBC => (Some(&cipher::AES_256), 32),
        DES_EDE3_CBC => (None, 24),
        other => return Err(unknown(other)),
    };
    let start: OctetString = within(&cipher)?;
    let key = key(&derivation, password, key_bytes, work)?;
    let Some(aes) = aes else { return cbc::<des::TdesEde3>(&key, start.as_bytes(), bytes) };
    let start: [u8; cipher::AES_CBC_IV_LEN] = start.as_bytes().try_into().map_err(|_| CertificateError::Damaged)?;
    let key = UnboundCipherKey::new(aes, &key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
    let key = key.map_err(|_| CertificateError::Damaged)?;
    let mut clear = Zeroizing::new(bytes.to_vec());
    let decrypted = key.decrypt(&mut clear, DecryptionContext::Iv128(start.into()));
    let length = decrypted.map_err(|_| CertificateError::PasswordWrong)?.len();
    clear.truncate(length);
    Ok(clear)
}

fn key(
    derivation: &AlgorithmIdentifierOwned,
    password: &[u8],
    key_bytes: u16,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    let mut key = Zeroizing::new(vec![0; key_bytes.into()]);
    let is_said = match derivation.oid {
        PBKDF2 => {
            let of: Pbkdf2 = within(derivation)?;
            let prf = match of.prf.map_or(HMAC_SHA1, |prf| prf.oid) {
                HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
                HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
                HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
                HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
                other => return Err(unknown(other)),
            };
            let rounds = NonZeroU32::new(of.rounds).ok_or(CertificateError::Damaged)?;
            work.spend(of.rounds.into())?;
            pbkdf2::derive(prf, rounds, of.salt.as_bytes(), password, &mut key);
            of.key_bytes
        }
        SCRYPT => {
            let of: Scrypt = within(derivation)?;
            work.spend_on_scrypt(of.cost, of.block_size, of.lanes)?;
            let cost = u8::try_from(of.cost.ilog2()).map_err(|_| CertificateError::Damaged)?;
            let parameters = scrypt::Params::new(cost, of.block_size.into(), of.lanes.into());
            let parameters = parameters.map_err(|_| CertificateError::Damaged)?;
            let derived = scrypt::scrypt(password, of.salt.as_bytes(), &parameters, &mut key);
            derived.map_err(|_| CertificateError::Damaged)?;
            of.key_bytes
        }
        other => return Err(unknown(other)),
    };
    if is_said.is_some_and(|said| said != key_bytes) { Err(CertificateError::Damaged) } else { Ok(key) }
}

/// The parameters of an algorithm.
fn within<T: for<'d> Decode<'d, Error = der::Error>>(
    algorithm: &AlgorithmIdentifierOwned,
) -> Result<T, CertificateError> {
    let parameters = algorithm.parameters.as_ref().ok_or(CertificateError::Damaged)?.to_der()?;
    Ok(T::from_der(&parameters)?)
}

fn unknown(scheme: ObjectIdentifier) -> CertificateError {
    CertificateError::Encryption { scheme: scheme.to_string() }
}
