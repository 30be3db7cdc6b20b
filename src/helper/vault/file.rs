//! The vault's file, and what of it is bound to what is sealed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::is_key_variable;
use super::{Deposit, Key, VaultError};
use crate::kernel::secret::AccessToken;

/// What the file is called, in the run's folder.
pub(super) const NAME: &str = "vault.json";
pub(super) const VERSION: u32 = 3;
/// How many bytes of what is sealed hold the expiry; the token follows.
const EXPIRY_BYTES: usize = 8;
/// What is sealed of an entry, each by its name, so that one cannot stand for the other.
const TOKEN: &str = "token";
const TROUBLE: &str = "trouble";

#[derive(Deserialize, Serialize)]
pub(super) struct VaultFile {
    pub(super) version: u32,
    /// The name of the variable that holds the key.
    pub(super) key: String,
    /// The names of earlier runs' folders, which lie beside this one's.
    pub(super) earlier: Vec<String>,
    /// The clients that are not answered at the host that organizations share.
    pub(super) silenced: Vec<String>,
    pub(super) entries: Vec<Entry>,
}

impl VaultFile {
    /// What a file holds; nothing where this release cannot have written it.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let file: Self = serde_json::from_slice(bytes).ok()?;
        (file.version == VERSION && is_key_variable(&file.key)).then_some(file)
    }
}

/// A token for one organization and one client.
#[derive(Deserialize, Serialize)]
pub(super) struct Entry {
    pub(super) organization: String,
    pub(super) client: String,
    /// Nothing where the client may ask for whatever it reaches of the organization.
    pub(super) feeds: Option<Vec<String>>,
    nonce: String,
    sealed: String,
    /// Why no new token followed this one, sealed too; blank where one did.
    trouble_nonce: String,
    trouble: String,
}

/// Seals, in base64: the nonce, and what is sealed.
fn seal(content: &[u8], bound: &[u8], key: &Key) -> Result<(String, String), VaultError> {
    let (nonce, sealed) = key.seal(bound, content)?;
    Ok((STANDARD.encode(nonce), STANDARD.encode(sealed)))
}

fn unseal(nonce: &str, sealed: &str, bound: &[u8], key: &Key) -> Option<Zeroizing<Vec<u8>>> {
    key.open(bound, &STANDARD.decode(nonce).ok()?, &STANDARD.decode(sealed).ok()?)
}

impl Entry {
    pub(super) fn of(deposit: &Deposit<'_>, key: &Key) -> Result<Self, VaultError> {
        let mut entry = Self {
            organization: deposit.organization.name().to_owned(),
            client: deposit.client.name().to_owned(),
            feeds: deposit.feeds.clone(),
            nonce: String::new(),
            sealed: String::new(),
            trouble_nonce: String::new(),
            trouble: String::new(),
        };
        entry.put(deposit.token, deposit.expires_at, key)?;
        Ok(entry)
    }

    /// Puts a token in the place of the one that is there, and of what is said of it.
    pub(super) fn put(&mut self, token: &AccessToken, expires_at: u64, key: &Key) -> Result<(), VaultError> {
        let mut content = Zeroizing::new(Vec::with_capacity(EXPIRY_BYTES + token.reveal().len()));
        content.extend_from_slice(&expires_at.to_be_bytes());
        content.extend_from_slice(token.reveal().as_bytes());
        (self.nonce, self.sealed) = seal(&content, &self.bound(TOKEN), key)?;
        self.trouble.clear();
        Ok(())
    }

    /// Says why no token follows the one that is there.
    pub(super) fn put_trouble(&mut self, trouble: &str, key: &Key) -> Result<(), VaultError> {
        (self.trouble_nonce, self.trouble) = seal(trouble.as_bytes(), &self.bound(TROUBLE), key)?;
        Ok(())
    }

    /// The token and its expiry; nothing where the key or anything in the entry is not what it was sealed with.
    pub(super) fn open(&self, key: &Key) -> Option<(String, u64)> {
        let content = unseal(&self.nonce, &self.sealed, &self.bound(TOKEN), key)?;
        let (expiry, token) = content.split_first_chunk::<EXPIRY_BYTES>()?;
        Some((std::str::from_utf8(token).ok()?.to_owned(), u64::from_be_bytes(*expiry)))
    }

    /// Why no token followed, where none did and the key opens it.
    pub(super) fn trouble(&self, key: &Key) -> Option<String> {
        let text = unseal(&self.trouble_nonce, &self.trouble, &self.bound(TROUBLE), key)?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    /// What an edit of the file cannot change without making the entry worthless. JSON parts the fields beyond doubt.
    fn bound(&self, what: &str) -> Vec<u8> {
        serde_json::to_vec(&("ado-entra-auth", VERSION, what, &self.organization, &self.client, &self.feeds))
            .unwrap_or_default()
    }
}
