//! The key of a vault, and the name of the variable that carries it to later steps.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::VaultError;

const KEY_BYTES: usize = 32;
const VARIABLE_PREFIX: &str = "ADO_ENTRA_AUTH_KEY_";
const VARIABLE_DIGITS: usize = 32;

/// What opens a vault. Worthless without the file, and never printed.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

/// Drawn from the system itself: the library's own generator first gathers entropy from the processor for 22 ms.
pub(super) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| VaultError::Random { reason: error.to_string() })?;
    Ok(bytes)
}

impl Key {
    /// A new key.
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    /// The key as the value of a variable: one line, nothing that a shell or the agent would take for more.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// The key of a text; nothing where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        (bytes.len() == KEY_BYTES).then(|| key.copy_from_slice(&bytes))?;
        Some(Self(key))
    }

    /// Seals `content` so that it opens only with this key and only beside `bound`: the nonce, and what is sealed.
    pub(super) fn seal(&self, bound: &[u8], content: &[u8]) -> Result<([u8; NONCE_LEN], Vec<u8>), VaultError> {
        let nonce = random()?;
        let mut sealed = Zeroizing::new(content.to_vec());
        let sealing = self.cipher().and_then(|cipher| {
            cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut *sealed).ok()
        });
        sealing.ok_or_else(|| VaultError::Random { reason: "the cipher refused".to_owned() })?;
        Ok((nonce, std::mem::take(&mut *sealed)))
    }

    /// Opens what was sealed; nothing where one bit of any of it is another.
    pub(super) fn open(&self, bound: &[u8], nonce: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut content = Zeroizing::new(sealed.to_vec());
        let length = self.cipher()?.open_in_place(nonce, Aad::from(bound), content.as_mut_slice()).ok()?.len();
        content.truncate(length);
        Some(content)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice()).ok().map(LessSafeKey::new)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// A new name for the variable that holds a key. A file that was written before the run cannot name it.
///
/// Upper case, as the agent makes every name.
pub fn key_variable() -> Result<String, VaultError> {
    let number = u128::from_ne_bytes(random()?);
    Ok(format!("{VARIABLE_PREFIX}{number:0VARIABLE_DIGITS$X}"))
}

/// Whether [`key_variable`] can have made `name`.
pub fn is_key_variable(name: &str) -> bool {
    let digits = name.strip_prefix(VARIABLE_PREFIX).unwrap_or_default();
    digits.len() == VARIABLE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
