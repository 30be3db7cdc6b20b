//! What a client asks at run time, and what it is told.
//!
//! A client starts this program for each answer: git for a process of its own, cargo for a registry, NuGet for a run of its own. So
//! nothing here waits for the command line's parser, the whole environment or the network.
//!
//! [`reply`] is the one decision for every client. A dialect only turns its client's words into a [`Question`] and the [`Reply`]
//! into words; it is pure over bytes.

pub mod cargo;
pub mod git;
pub mod gradle;
pub mod keyring;
mod lines;
pub mod met;
pub mod nuget;
mod others;
pub mod start;
#[cfg(test)]
mod tests;
pub mod vault;

use crate::azure_devops::feed::{Feed, Protocol};
use crate::diagnosis::causes::{self, Cause, clients};
use crate::diagnosis::{Explain, Explanation};
use crate::kernel::clock::now;
use crate::kernel::dialect::Dialect;
use crate::kernel::organization::{Organization, unambiguous};

use vault::{Issued, Vault, VaultError, Wanted};

/// What a client asks a token for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// Who asks.
    pub client: Dialect,
    /// For which address, as the client has it.
    pub url: String,
}

/// What a client is told.
#[derive(Debug)]
pub enum Reply {
    /// The token.
    Token(Issued),
    /// Not for this job to answer: the client goes on to whom the user has set up.
    NotOurs,
    /// Ours, and there is no token to give.
    Trouble(Explanation),
}

/// A token that has ended, and why none followed it, where that was tried.
#[derive(Debug, thiserror::Error)]
#[error("the access token for {organization} has expired{}", not_renewed(trouble.as_deref()))]
struct Expired {
    organization: Organization,
    trouble: Option<String>,
}

/// The first line of what stopped the renewal.
fn not_renewed(trouble: Option<&str>) -> String {
    let first = trouble.and_then(|trouble| trouble.lines().next());
    first.map_or_else(String::new, |first| format!(" and could not be renewed: {first}"))
}

impl Explain for Expired {
    fn remedy(&self) -> String {
        "run AdoEntraAuth@1 again before this step".to_owned()
    }

    fn cause(&self) -> Option<&'static Cause> {
        let of_renewal = self.trouble.as_ref().and_then(|trouble| causes::by_name(trouble.lines().nth(1)?));
        of_renewal.or(Some(&clients::TOKEN_ENDED))
    }
}

/// A token that servers have just refused several times, and would again.
#[derive(Debug, thiserror::Error)]
#[error("the token for {0} was refused several times in a row, so git gets it no more for half a minute")]
struct RefusedAgain(Organization);

impl Explain for RefusedAgain {
    fn remedy(&self) -> String {
        clients::GIT_REFUSED.remedy.to_owned()
    }

    fn cause(&self) -> Option<&'static Cause> {
        Some(&clients::GIT_REFUSED)
    }
}

/// Answers a question from the vault of a run, as it could be opened.
///
/// A run that is over has nothing to say, also where somebody has copied its settings. Another trouble is told only where Azure DevOps
/// is meant; whatever else a client asks is none of ours.
pub fn reply(question: &Question, vault: &Result<Vault<'_>, VaultError>) -> Reply {
    let Some(wanted) = wanted(question) else { return Reply::NotOurs };
    let found = match vault {
        Ok(vault) => vault.token(&wanted),
        Err(VaultError::Gone { .. }) => return Reply::NotOurs,
        Err(error) => return Reply::Trouble(Explanation::of(error)),
    };
    match found {
        Ok(Some(issued)) => in_time(issued),
        Ok(None) => Reply::NotOurs,
        Err(error) => Reply::Trouble(Explanation::of(&error)),
    }
}

fn in_time(issued: Issued) -> Reply {
    if issued.expires_at > now() {
        return Reply::Token(issued);
    }
    let Issued { organization, trouble, .. } = issued;
    Reply::Trouble(Explanation::of(&Expired { organization, trouble }))
}

/// What a question is about, where the client may ask for it: git for repositories, cargo for the index of a feed, NuGet for a feed's
/// addresses for NuGet, Gradle for those for Maven, Python's clients for whatever lies in a feed's index, a script for an organization.
fn wanted(question: &Question) -> Option<Wanted> {
    let client = question.client;
    match client {
        Dialect::Git => {
            let organization = Organization::of_url(&question.url)?;
            let url = unambiguous(&question.url)?;
            let own_host = format!("{organization}.visualstudio.com");
            let serves_repositories = url.host_str().is_some_and(|host| host == "dev.azure.com" || host == own_host);
            serves_repositories.then_some(Wanted { client, organization, feed: None })
        }
        Dialect::Cargo => {
            let feed = Feed::parse(&question.url).filter(Feed::is_cargo_index)?;
            Some(Wanted { client, organization: feed.organization.clone(), feed: Some(feed) })
        }
        Dialect::NuGet => of_feed(question, Protocol::NuGet),
        Dialect::Gradle => of_feed(question, Protocol::Maven),
        Dialect::Script => Some(Wanted { client, organization: Organization::of_url(&question.url)?, feed: None }),
        Dialect::Pip | Dialect::Uv | Dialect::Poetry | Dialect::Twine => of_feed(question, Protocol::Python),
    }
}

fn of_feed(question: &Question, protocol: Protocol) -> Option<Wanted> {
    let feed = Feed::parse(&question.url).filter(|feed| feed.serves(protocol))?;
    Some(Wanted { client: question.client, organization: feed.organization.clone(), feed: Some(feed) })
}
