//! Who may see which token: permitted organizations, how a step comes to serve them, what earlier steps hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::azure_devops::feed::Feed;
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
}
