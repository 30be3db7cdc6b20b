//! The vault's file, and what of it is bound to what is sealed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::is_key_variable;
use super::{Deposit, Key, VaultError};

/// What the file is called, in the run's folder.
pub(super) const NAME: &str = "vault.json";
pub(super) const VERSION: u32 = 1;
/// How many bytes of what is sealed hold the expiry; the token follows.
const EXPIRY_BYTES: usize = 8;

#[derive(Deserialize, Serialize)]
pub(super) struct VaultFile {
    pub(super) version: u32,
    /// The name of the variable that holds the key.
    pub(super) key: String,
    /// The names of earlier runs' folders, which lie beside this one's.
    pub(super) earlier: Vec<String>,
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
}

impl Entry {
    pub(super) fn of(deposit: &Deposit<'_>, key: &Key) -> Result<Self, VaultError> {
        let mut entry = Self {
            organization: deposit.organization.name().to_owned(),
            client: deposit.client.name().to_owned(),
            feeds: deposit.feeds.clone(),
            nonce: String::new(),
            sealed: String::new(),
        };
        let mut content = Zeroizing::new(deposit.expires_at.to_be_bytes().to_vec());
        content.extend_from_slice(deposit.token.reveal().as_bytes());
        let (nonce, sealed) = key.seal(&entry.bound(), &content)?;
        entry.nonce = STANDARD.encode(nonce);
        entry.sealed = STANDARD.encode(sealed);
        Ok(entry)
    }

    /// The token and its expiry; nothing where the key or anything in the entry is not what it was sealed with.
    pub(super) fn open(&self, key: &Key) -> Option<(String, u64)> {
        let nonce = STANDARD.decode(&self.nonce).ok()?;
        let content = key.open(&self.bound(), &nonce, &STANDARD.decode(&self.sealed).ok()?)?;
        let (expiry, token) = content.split_first_chunk::<EXPIRY_BYTES>()?;
        Some((std::str::from_utf8(token).ok()?.to_owned(), u64::from_be_bytes(*expiry)))
    }

    /// What an edit of the file cannot change without making the entry worthless. JSON parts the fields beyond doubt.
    fn bound(&self) -> Vec<u8> {
        serde_json::to_vec(&("ado-entra-auth", VERSION, &self.organization, &self.client, &self.feeds))
            .unwrap_or_default()
    }
}
