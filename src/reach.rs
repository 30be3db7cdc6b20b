//! Who may see which token: permitted organizations, how a step comes to serve them, what earlier steps hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::azure_devops::feed::Feed;
use crate::azure_devops::first_look::Withheld;
use crate::kernel::organization::Organization;

/// How a step comes to serve an organization.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It is merely permitted to.
    Permitted,
    /// Its service connection belongs to the organization.
    Owned,
}

/// An organization that may see the token.
#[derive(Clone, Debug)]
pub struct PermittedOrganization {
    /// The organization.
    pub organization: Organization,
    /// How this step comes to serve it.
    pub standing: Standing,
    /// Its name as inputs and the job spell it.
    pub spellings: BTreeSet<String>,
    /// What named it, the first for the log.
    pub named_by: Vec<NamedBy>,
}

/// Organizations that nobody asked for and that give the identity nothing, and why, in a clause.
pub type Unserved = BTreeMap<Organization, String>;

/// What permits an organization.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NamedBy {
    /// The service connection's URL.
    Connection,
    /// The job: every pipeline permits its own organization.
    Pipeline,
    /// The input `organizations`.
    Organizations,
    /// The input `feeds`.
    Feeds,
}

impl std::fmt::Display for NamedBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connection => "the service connection",
            Self::Pipeline => "the pipeline",
            Self::Organizations => "the input 'organizations'",
            Self::Feeds => "the input 'feeds'",
        })
    }
}

impl PermittedOrganization {
    /// Whether the user asks for it, and not only the pipeline runs in it.
    pub fn is_asked_for(&self) -> bool {
        self.named_by.iter().any(|by| *by != NamedBy::Pipeline)
    }

    /// What named it, for the log.
    pub fn named_in(&self) -> String {
        self.named_by.first().map(NamedBy::to_string).unwrap_or_default()
    }
}

/// The organization that the token under the step's own name is for: the service connection's, else one that an input names, else
/// the pipeline's.
pub fn main_organization(permitted: &[PermittedOrganization]) -> Option<&Organization> {
    let owned = permitted.iter().find(|permitted| permitted.standing == Standing::Owned);
    let asked_for = || permitted.iter().find(|permitted| permitted.is_asked_for());
    owned.or_else(asked_for).or_else(|| permitted.first()).map(|permitted| &permitted.organization)
}

/// A feed that an input names.
#[derive(Clone, Debug)]
pub struct FeedInput {
    /// The name that a tool is to know it by.
    pub name: Option<String>,
    /// The feed.
    pub feed: Feed,
}

/// What was set up by an earlier step of the job for one tool and organization.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Grant {
    /// The tool.
    pub tool: String,
    /// The organization.
    pub organization: String,
    /// How that step came to serve it.
    pub standing: Standing,
    /// The variable by which that step's files refer to the token, where they do.
    pub reference: Option<String>,
}

/// What a credential is bound to.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Binding {
    /// The URL: it cannot go elsewhere.
    Url,
    /// The registry's address as it is written, while settings of the client's may lead the traffic elsewhere.
    Address,
    /// Host and path, whatever the scheme, and with some clients whatever the port.
    Path,
    /// A name that another file may give to another URL.
    Name,
}

/// What a tool uses an address for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// It fetches from there, and may publish.
    Source,
    /// It publishes there.
    Publish,
}

/// A feed that a tool is to get a credential for.
#[derive(Clone, Debug)]
pub struct ServedFeed {
    /// The tool's own name for it.
    pub name: Option<String>,
    /// What for.
    pub role: Role,
    /// What the credential will be bound to.
    pub bound: Binding,
    /// The feed, with the URL as the tool has it.
    pub feed: Feed,
    /// The URL as it is written there, with the tool's own references resolved.
    pub written: String,
    /// The file, variable or input that named it first.
    pub named_in: String,
    /// Whether an input names it, by itself or too.
    pub by_input: bool,
}

/// Where an address leads, as far as a token goes.
#[derive(Clone, Debug)]
pub enum Address {
    /// To a feed of a permitted organization.
    Permitted(Feed),
    /// To the host of a permitted organization, and not over https at the default port.
    Exposed(Feed),
    /// To an organization that is not permitted.
    Unlisted(Organization),
    /// Anywhere else.
    Elsewhere,
}

/// Who may see the token: the one place that decides where it goes. It compares parts of addresses by [`Organization::of_url`].
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Organizations that may see the token.
    pub permitted: Vec<PermittedOrganization>,
    /// Organizations that would be permitted, and give this identity nothing: why not.
    pub unserved: Unserved,
    /// Feeds that were looked at and get nothing.
    pub withheld: Withheld,
    /// What earlier steps of the job set up and still hold.
    pub grants: Vec<Grant>,
}

impl Reach {
    /// Whether an organization may see the token.
    pub fn permits(&self, organization: &Organization) -> bool {
        self.permitted.iter().any(|permitted| permitted.organization == *organization)
    }

    /// Where an address leads that a user or a file wrote.
    pub fn feed(&self, url: &str) -> Address {
        let url = without_kind(url);
        let permitted = |organization: &Organization| self.permits(organization);
        if let Some(feed) = Feed::parse(url).filter(|feed| permitted(&feed.organization)) {
            return Address::Permitted(feed);
        }
        if let Some(other) = Organization::of_url(url).filter(|other| !permitted(other)) {
            return Address::Unlisted(other);
        }
        match secured(url).and_then(|url| Feed::parse(&url)) {
            Some(feed) if permitted(&feed.organization) => Address::Exposed(feed),
            _ => Address::Elsewhere,
        }
    }

    /// Whether a text may be sent to an address, as far as the token goes.
    pub fn may_see(&self, url: &str) -> bool {
        Organization::of_url(without_kind(url)).is_some_and(|organization| self.permits(&organization))
    }

    /// How this step comes to serve an organization.
    pub fn standing(&self, organization: &Organization) -> Standing {
        let found = self.permitted.iter().find(|permitted| permitted.organization == *organization);
        found.map_or(Standing::Permitted, |permitted| permitted.standing)
    }

    /// The earlier step that goes before this one for a tool and an organization: its connection belongs to the organization,
    /// and this one's does not.
    pub fn kept_by_earlier(&self, tool: &str, organization: &Organization) -> Option<&Grant> {
        let of_both = |grant: &&Grant| grant.tool == tool && grant.organization == organization.name();
        let best = self.grants.iter().filter(of_both).max_by_key(|grant| grant.standing)?;
        (best.standing > self.standing(organization)).then_some(best)
    }
}

/// An address without what cargo writes before that of an index, and without blanks around it.
fn without_kind(url: &str) -> &str {
    let url = url.trim();
    url.strip_prefix("sparse+").unwrap_or(url)
}

/// The same address over https at the default port; nothing where it is so already, or is no address.
fn secured(url: &str) -> Option<String> {
    let mut parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let exposed = parsed.scheme() == "http" || parsed.port().is_some();
    parsed.set_port(None).ok()?;
    parsed.set_scheme("https").ok()?;
    exposed.then(|| parsed.to_string())
}
