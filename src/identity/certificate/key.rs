//! Private keys: every form in which they are written becomes PKCS#8.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use der::asn1::{AnyRef, Null, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader, TagMode, TagNumber};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::error::CertificateError;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ED448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.113");

/// Below this, Entra refuses keys (AADSTS50032), and so does the library that signs.
const FEWEST_RSA_BITS: usize = 2048;

/// A private key of any kind.
pub(super) struct PrivateKey {
    /// PKCS#8 in DER.
    pkcs8: Zeroizing<Vec<u8>>,
    /// What a certificate of this key holds as its public key; nothing where the library cannot tell.
    public: Option<Vec<u8>>,
}

/// The head of PKCS#1's `RSAPrivateKey`, and all of `RSAPublicKey`.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PrivateKey {
    /// A key in PKCS#8; nothing where it is none.
    pub(super) fn of_pkcs8(der: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfoRef::from_der(der).ok()?;
        let public = match info.algorithm.oid {
            RSA | RSA_PSS => Some(rsa_public_key(info.private_key.as_bytes())?.to_der().ok()?),
            EC => [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING]
                .into_iter()
                .find_map(|curve| EcdsaKeyPair::from_pkcs8(curve, der).ok())
                .map(|pair| pair.public_key().as_ref().to_vec()),
            ED25519 => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(|pair| pair.public_key().as_ref().to_vec())
            }
            _ => None,
        };
        Some(Self { pkcs8: Zeroizing::new(der.to_vec()), public })
    }

    /// A key in PKCS#1, the older form of RSA keys; nothing where it is none.
    pub(super) fn of_pkcs1(der: &[u8]) -> Option<Self> {
        rsa_public_key(der)?;
        Self::wrapped(RSA, Null.into(), der)
    }

    /// A key in SEC 1 (RFC 5915), the older form of keys on elliptic curves; nothing where it is none.
    pub(super) fn of_sec1(der: &[u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let curve = reader.sequence(|reader| {
            let _version: u8 = reader.decode()?;
            let _number: &OctetStringRef = reader.decode()?;
            let curve = reader.context_specific::<ObjectIdentifier>(TagNumber(0), TagMode::Explicit)?;
            while !reader.is_finished() {
                reader.tlv_bytes()?;
            }
            Ok::<_, der::Error>(curve)
        });
        Self::wrapped(EC, (&curve.ok()??).into(), der)
    }

    fn wrapped(algorithm: ObjectIdentifier, parameters: AnyRef, der: &[u8]) -> Option<Self> {
        let algorithm = AlgorithmIdentifierRef { oid: algorithm, parameters: Some(parameters) };
        let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(der).ok()?);
        Self::of_pkcs8(&Zeroizing::new(info.to_der().ok()?))
    }

    /// PKCS#8 in DER.
    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Whether a certificate with this public key belongs to this key; nothing where the library cannot tell.
    pub(super) fn fits(&self, public_key: &[u8]) -> Option<bool> {
        self.public.as_deref().map(|public| public == public_key)
    }

    /// The key in PKCS#1 when it is an RSA key that Entra takes and that can sign.
    pub(super) fn rsa(&self) -> Result<&[u8], CertificateError> {
        let info = PrivateKeyInfoRef::from_der(&self.pkcs8)?;
        let kind = match info.algorithm.oid {
            RSA => {
                let pkcs1 = info.private_key.as_bytes();
                let bits = rsa_public_key(pkcs1).map_or(0, |key| bits(key.modulus.as_bytes()));
                if bits < FEWEST_RSA_BITS {
                    return Err(CertificateError::TooShort { bits });
                }
                RsaKeyPair::from_der(pkcs1).map_err(|_| CertificateError::KeyRejected)?;
                return Ok(pkcs1);
            }
            RSA_PSS => "an RSASSA-PSS",
            EC => "an elliptic-curve (EC)",
            DSA => "a DSA",
            ED25519 => "an Ed25519",
            ED448 => "an Ed448",
            _ => "another",
        };
        Err(CertificateError::NotRsa { kind })
    }
}

fn rsa_public_key(pkcs1: &[u8]) -> Option<RsaPublicKey<'_>> {
    let mut reader = SliceReader::new(pkcs1).ok()?;
    let found = reader.sequence(|reader| {
        let _version: u8 = reader.decode()?;
        let found = RsaPublicKey { modulus: reader.decode()?, exponent: reader.decode()? };
        while !reader.is_finished() {
            reader.tlv_bytes()?;
        }
        Ok::<_, der::Error>(found)
    });
    found.ok()
}

/// The length of a number whose highest byte comes first.
fn bits(number: &[u8]) -> usize {
    let significant = number.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &number[start..]);
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}
