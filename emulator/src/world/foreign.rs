//! Hosts that are not Azure.

use super::{Package, Repository};

/// A host that is not Azure.
#[derive(Clone, Debug, Default)]
pub struct ForeignHost {
    /// Host name.
    pub name: String,
    /// What it asks for before it answers.
    pub challenge: Challenge,
    /// Packages it serves below `/npm/`, `/maven/`, `/nuget/` and `/Cargo/`, and at the paths of a feed.
    pub packages: Vec<Package>,
    /// Repositories it serves below `/git/`, and at the paths of Azure Repos.
    pub repositories: Vec<Repository>,
}

/// What a foreign host asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Challenge {
    /// Nothing.
    #[default]
    None,
    /// A user and a password, by 401 with `Basic`; every credential is good, since such a host is after credentials.
    Basic,
}
