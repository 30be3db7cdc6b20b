//! Where the tokens lie that a client is given at run time.
//!
//! Each run of the step seals its tokens into one file of its private folder; the key is in a variable with a name that nobody
//! can guess. Neither is worth anything without the other: a file of a repository that names variables gets no token, and a
//! folder that a killed job left behind is noise.

mod error;
mod file;
mod key;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::azure_devops::feed::Feed;
use crate::disk;
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::Organization;
use crate::kernel::run_folder;
use crate::kernel::secret::AccessToken;

pub use error::VaultError;
use file::{Entry, VERSION, VaultFile};
pub use key::{Key, is_key_variable, key_variable};

/// How many earlier runs are asked at most; a job has a few.
const MOST_EARLIER: usize = 100;

/// A token that a client may be given.
#[derive(Debug)]
pub struct Deposit<'a> {
    /// Whose services take it.
    pub organization: Organization,
    /// Who may ask for it.
    pub client: Dialect,
    /// For which feeds, by any of their addresses; nothing where for all that this client asks for of the organization.
    pub feeds: Option<Vec<String>>,
    /// The token.
    pub token: &'a AccessToken,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
}

/// A token that a client is given.
#[derive(Debug)]
pub struct Issued {
    /// Whose services take it.
    pub organization: Organization,
    /// The token.
    pub token: AccessToken,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// Why no other followed, where it was tried: the first line of an explanation, and the name of its cause on a line of its own.
    pub trouble: Option<String>,
}

/// What follows a token.
#[derive(Debug)]
pub enum Next<'t> {
    /// Another, and when it ends, in seconds since 1970.
    Token(&'t AccessToken, u64),
    /// None, and why.
    Trouble(&'t str),
}

/// What a client asks for, as far as a vault looks at it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who asks.
    pub client: Dialect,
    /// Of which organization.
    pub organization: Organization,
    /// For which feed; nothing for a repository.
    pub feed: Option<Feed>,
}

/// Writes a run's vault into its private folder, in place of one that may be there, in one step.
///
/// `earlier` are the folders of earlier runs of the same job, the one to ask first in front. They lie beside this run's, and only their
/// names are written: a container sees them below another path. `silenced` are the clients that no run of the job answers at the host
/// that organizations share.
pub fn write(
    folder: &Path,
    key_variable: &str,
    key: &Key,
    deposits: &[Deposit<'_>],
    silenced: &BTreeSet<Dialect>,
    earlier: &[PathBuf],
) -> Result<(), VaultError> {
    let names = earlier.iter().filter_map(|folder| run_folder::name_of(folder).map(str::to_owned));
    let vault = VaultFile {
        version: VERSION,
        key: key_variable.to_owned(),
        earlier: names.take(MOST_EARLIER).collect(),
        silenced: silenced.iter().map(|client| client.name().to_owned()).collect(),
        entries: deposits.iter().map(|deposit| Entry::of(deposit, key)).collect::<Result<_, _>>()?,
    };
    save(folder, &vault)
}

fn save(folder: &Path, vault: &VaultFile) -> Result<(), VaultError> {
    let path = folder.join(file::NAME);
    let written = serde_json::to_vec(vault).map_err(Into::into).and_then(|json| disk::replace_private(&path, &json));
    written.map_err(|error| VaultError::Write { path, reason: error.to_string() })
}

/// Puts what follows into a run's vault, in one step. `next` tells it for an organization.
///
/// Only a vault that `key` has sealed is written: so nobody's folder is taken for the run's.
pub fn renew<'t>(folder: &Path, key: &Key, next: impl Fn(&str) -> Option<Next<'t>>) -> Result<(), VaultError> {
    let mut vault = open(folder, &|_| None)?.file;
    for entry in &mut vault.entries {
        if entry.open(key).is_none() {
            return Err(VaultError::Damaged { path: folder.join(file::NAME) });
        }
        match next(&entry.organization) {
            Some(Next::Token(token, expires_at)) => entry.put(token, expires_at, key)?,
            Some(Next::Trouble(trouble)) => entry.put_trouble(trouble, key)?,
            None => {}
        }
    }
    save(folder, &vault)
}

/// The vault of a run, and behind it those of earlier runs of the same job.
pub struct Vault<'v> {
    folder: PathBuf,
    file: VaultFile,
    variable: &'v dyn Fn(&str) -> Option<String>,
}

/// Opens the vault of a run. `variable` looks into the environment.
///
/// A folder is believed only where it is called as a run's is, and belongs to this user and to nobody else; so does the vault in it.
pub fn open<'v>(folder: &Path, variable: &'v dyn Fn(&str) -> Option<String>) -> Result<Vault<'v>, VaultError> {
    let place = || folder.to_path_buf();
    if run_folder::name_of(folder).is_none() {
        return Err(VaultError::NotARun { folder: place() });
    }
    if !disk::exists(folder) {
        return Err(VaultError::Gone { folder: place() });
    }
    if !disk::is_private_folder(folder) {
        return Err(VaultError::NotPrivate { folder: place() });
    }
    let path = folder.join(file::NAME);
    let bytes = match disk::read(&path) {
        Ok(Some(_)) if !disk::is_private_file(&path) => return Err(VaultError::NotPrivate { folder: place() }),
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(VaultError::Gone { folder: place() }),
        Err(trouble) => return Err(VaultError::Read { path, reason: trouble.to_string() }),
    };
    match VaultFile::parse(&bytes) {
        Some(file) => Ok(Vault { folder: place(), file, variable }),
        None => Err(VaultError::Damaged { path }),
    }
}

impl Vault<'_> {
    /// The token for what a client wants; nothing where no run of the job has one for it.
    ///
    /// The first run that has an entry for it decides, also where that entry cannot be opened: what the last step has set up is not
    /// answered with another step's identity.
    pub fn token(&self, wanted: &Wanted) -> Result<Option<Issued>, VaultError> {
        let earlier = self.earlier();
        let all = || std::iter::once(self).chain(&earlier);
        if all().any(|vault| vault.is_silent_for(wanted)) {
            return Ok(None);
        }
        all().find_map(|vault| vault.own_token(wanted)).transpose()
    }

    /// Those of earlier runs, the one to ask first in front.
    fn earlier(&self) -> Vec<Self> {
        let Some(parent) = self.folder.parent() else { return Vec::new() };
        // Not a path that leads elsewhere.
        let is_run = |name: &&String| run_folder::name_of(Path::new(name)) == Some(name.as_str());
        let names = self.file.earlier.iter().take(MOST_EARLIER).filter(is_run);
        // An earlier run may be undone, or be of another release of the task.
        names.filter_map(|name| open(&parent.join(name), self.variable).ok()).collect()
    }

    /// Whether nobody is to answer a client, since its files name several organizations at one host.
    fn is_silent_for(&self, wanted: &Wanted) -> bool {
        self.file.silenced.iter().any(|client| client == wanted.client.name())
            && wanted.feed.as_ref().is_some_and(Feed::is_at_shared_host)
    }

    /// What this run itself has for it.
    fn own_token(&self, wanted: &Wanted) -> Option<Result<Issued, VaultError>> {
        let entry = self.file.entries.iter().find(|entry| entry.is_for(wanted))?;
        let organization = wanted.organization.clone();
        let Some(text) = (self.variable)(&self.file.key).filter(|text| !text.is_empty()) else {
            return Some(Err(VaultError::NoKey { organization, variable: self.file.key.clone() }));
        };
        let opened = Key::parse(&text).and_then(|key| Some((entry.open(&key)?, entry.trouble(&key))));
        Some(match opened {
            Some(((token, expires_at), trouble)) => {
                Ok(Issued { organization, token: AccessToken::new(token), expires_at, trouble })
            }
            None => Err(VaultError::Sealed { organization, folder: self.folder.clone() }),
        })
    }
}

impl Entry {
    fn is_for(&self, wanted: &Wanted) -> bool {
        self.client == wanted.client.name()
            && self.organization == wanted.organization.name()
            && self.covers(wanted.feed.as_ref())
    }

    fn covers(&self, feed: Option<&Feed>) -> bool {
        let Some(feeds) = &self.feeds else { return true };
        feed.is_some_and(|feed| feeds.iter().filter_map(|url| Feed::parse(url)).any(|granted| granted.same_feed(feed)))
    }
}
