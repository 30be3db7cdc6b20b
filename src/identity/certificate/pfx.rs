//! PKCS#12, which Windows calls PFX (RFC 7292).
//!
//! The crate that reads whole files of this kind (p12-keystore 0.4) rests on pre-releases, takes DER alone where the format allows
//! BER, bounds the work of each part but not of all, and does not know that "no password" has two forms. So the frame is read here;
//! attributes and names in it are passed over.

use der::asn1::{AnyRef, ObjectIdentifier, OctetString, SequenceRef};
use der::{DecodeValue, Encode, EncodingRules, FixedTag, Reader, Sequence, SliceReader, Tag, TagMode, TagNumber};
use pkcs8::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::encryption::{Encrypted, Mac, Try};
use super::error::CertificateError;
use super::key::PrivateKey;
use super::work::Work;
use super::x509::X509;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const ENCRYPTED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");

/// The first byte of a sequence in DER and BER.
pub(super) const SEQUENCE: u8 = 0x30;

/// The keys and certificates of a file, in its order.
#[derive(Default)]
pub(super) struct Archive {
    pub(super) keys: Vec<PrivateKey>,
    pub(super) certificates: Vec<X509>,
}

/// CMS's `EncryptedData` (RFC 5652).
#[derive(Sequence)]
struct EncryptedData {
    version: u8,
    content: EncryptedContent,
}

#[derive(Sequence)]
struct EncryptedContent {
    kind: ObjectIdentifier,
    algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    bytes: OctetString,
}

#[derive(Sequence)]
struct CertificateBag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: OctetString,
}

impl Archive {
    /// Reads a file. A password that is given and not needed does no harm.
    pub(super) fn read(bytes: &[u8], password: Option<&str>) -> Result<Self, CertificateError> {
        let mut work = Work::of_one_file();
        let tries = password.map(Try::Text).into_iter().chain([Try::Text(""), Try::Nothing]);
        let mut was_wrong = false;
        for password in tries {
            match Self::read_with(bytes, password, &mut work) {
                Err(CertificateError::PasswordWrong) => was_wrong = true,
                // The work of the tries before this one counts too.
                Err(CertificateError::TooMuchWork) if was_wrong => break,
                outcome => return outcome,
            }
        }
        Err(if password.is_some() { CertificateError::PasswordWrong } else { CertificateError::PasswordMissing })
    }

    fn read_with(bytes: &[u8], password: Try, work: &mut Work) -> Result<Self, CertificateError> {
        let (safes, mac) = ber(bytes)?.sequence(|reader| {
            let _version: u8 = reader.decode()?;
            let safes = reader.sequence(|reader| content(reader, password, work))?;
            let mac: Option<Mac> = if reader.is_finished() { None } else { Some(reader.decode()?) };
            Ok::<_, CertificateError>((safes, mac))
        })?;
        let fits = mac.map(|mac| mac.fits(&safes.bytes, password, work)).transpose()?.flatten();
        if fits == Some(false) {
            return Err(CertificateError::PasswordWrong);
        }
        let mut archive = Self::default();
        each(&safes.bytes, |reader| {
            let bags = content(reader, password, work)?;
            let taken = each(&bags.bytes, |reader| archive.take_bag(reader, password, work));
            taken.map_err(|error| match error {
                // Padding fits by chance once in 256 times.
                CertificateError::Damaged if bags.was_encrypted && fits.is_none() => CertificateError::PasswordWrong,
                other => other,
            })
        })?;
        Ok(archive)
    }

    /// Reads what is left of a `SafeBag`.
    fn take_bag(
        &mut self,
        reader: &mut SliceReader<'_>,
        password: Try,
        work: &mut Work,
    ) -> Result<(), CertificateError> {
        let kind: ObjectIdentifier = reader.decode()?;
        match kind {
            KEY_BAG => {
                let content = explicit::<&SequenceRef>(reader)?.as_bytes();
                let pkcs8 = Zeroizing::new(AnyRef::new(Tag::Sequence, content)?.to_der()?);
                self.take_key(&pkcs8, CertificateError::Damaged)?;
            }
            ENCRYPTED_KEY_BAG => {
                let clear = explicit::<Encrypted>(reader)?.decrypt(password, work)?;
                // Padding fits by chance once in 256 times.
                self.take_key(&clear, CertificateError::PasswordWrong)?;
            }
            CERTIFICATE_BAG => {
                let bag: CertificateBag = explicit(reader)?;
                if bag.kind == X509_CERTIFICATE {
                    let certificate = X509::of_der(bag.value.as_bytes()).ok_or(CertificateError::Damaged)?;
                    self.certificates.push(certificate);
                }
            }
            _ => {}
        }
        while !reader.is_finished() {
            reader.tlv_bytes()?;
        }
        Ok(())
    }

    fn take_key(&mut self, pkcs8: &[u8], otherwise: CertificateError) -> Result<(), CertificateError> {
        self.keys.push(PrivateKey::of_pkcs8(pkcs8).ok_or(otherwise)?);
        Ok(())
    }
}

fn ber(bytes: &[u8]) -> Result<SliceReader<'_>, CertificateError> {
    Ok(SliceReader::new_with_encoding_rules(bytes, EncodingRules::Ber)?)
}

/// Reads every sequence in a sequence.
fn each<'b>(
    bytes: &'b [u8],
    mut read: impl FnMut(&mut SliceReader<'b>) -> Result<(), CertificateError>,
) -> Result<(), CertificateError> {
    ber(bytes)?.sequence(|reader| {
        while !reader.is_finished() {
            reader.sequence(&mut read)?;
        }
        Ok(())
    })
}

/// Reads a value that stands in a `[0]` of its own.
fn explicit<'b, T>(reader: &mut SliceReader<'b>) -> Result<T, CertificateError>
where
    T: DecodeValue<'b, Error = der::Error> + FixedTag + 'b,
{
    reader.context_specific(TagNumber(0), TagMode::Explicit)?.ok_or(CertificateError::Damaged)
}

/// What a `ContentInfo` holds.
struct Content {
    /// In the clear.
    bytes: Zeroizing<Vec<u8>>,
    was_encrypted: bool,
}

/// Reads what is left of a `ContentInfo`.
fn content(reader: &mut SliceReader<'_>, password: Try, work: &mut Work) -> Result<Content, CertificateError> {
    let kind: ObjectIdentifier = reader.decode()?;
    match kind {
        DATA => {
            let bytes = Zeroizing::new(explicit::<OctetString>(reader)?.into_bytes().into());
            Ok(Content { bytes, was_encrypted: false })
        }
        ENCRYPTED_DATA => {
            let EncryptedContent { algorithm, bytes, .. } = explicit::<EncryptedData>(reader)?.content;
            let bytes = Encrypted { algorithm, bytes }.decrypt(password, work)?;
            Ok(Content { bytes, was_encrypted: true })
        }
        _ => Err(CertificateError::Encryption { scheme: kind.to_string() }),
    }
}

/// The code that authenticates a file, and what it is under another password.
#[cfg(test)]
pub(super) fn mac_under(bytes: &[u8], password: Try) -> Option<(Vec<u8>, Vec<u8>)> {
    let read = ber(bytes).ok()?.sequence(|reader| {
        let _version: u8 = reader.decode()?;
        let safes = reader.sequence(|reader| content(reader, password, &mut Work::of_one_file()))?;
        Ok::<_, CertificateError>((safes, reader.decode::<Mac>()?))
    });
    let (safes, mac) = read.ok()?;
    mac.under(&safes.bytes, password)
}
