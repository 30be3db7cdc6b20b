//! The table of services: who answers which request. A further endpoint is a file of its own and a line here.

use crate::message::{Answer, Call};
use crate::state::State;
use crate::{artifacts, azure, discovery, entra, foreign, oidc, repos};

/// A service by name, as faults and logs speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The OIDC request of a job.
    Oidc,
    /// Discovery documents and key sets.
    Discovery,
    /// The token endpoint of Microsoft Entra.
    Token,
    /// Sign-in pages.
    SignIn,
    /// `_apis/connectionData`.
    ConnectionData,
    /// `_apis/projects`.
    Projects,
    /// `_apis/git/repositories`.
    Repositories,
    /// The profile of the caller.
    Profile,
    /// `_apis/packaging/feeds`.
    Feeds,
    /// The root of an organization, and whatever else is asked of it.
    Organization,
    /// Azure Artifacts.
    Artifacts,
    /// Blob storage, to which downloads are redirected.
    Blob,
    /// Azure Repos, with git-lfs.
    Repos,
    /// A host that is not Azure.
    Foreign,
}

impl Endpoint {
    /// Whether the service is a part of Azure DevOps, whose answers carry request ids of their own.
    pub(crate) fn is_azure_devops(self) -> bool {
        !matches!(self, Self::Token | Self::Discovery | Self::Blob | Self::Foreign)
    }
}

/// One service.
pub(crate) struct Service {
    /// Its name.
    pub endpoint: Endpoint,
    /// Whether a request is its own. The first service in the table that says so answers.
    pub claims: fn(&State, &Call) -> bool,
    /// Answers a request. Runs on a thread that may block.
    pub answer: fn(&State, &Call) -> Answer,
}

const SERVICES: &[&Service] = &[
    &foreign::SERVICE,
    &entra::SERVICE,
    &discovery::SERVICE,
    &azure::sign_in::SERVICE,
    &oidc::SERVICE,
    &azure::connection_data::SERVICE,
    &azure::projects::SERVICE,
    &azure::repositories::SERVICE,
    &azure::profile::SERVICE,
    &azure::feeds::SERVICE,
    &artifacts::SERVICE,
    &artifacts::BLOB,
    &repos::SERVICE,
    &azure::organization::SERVICE,
];

/// The service that answers this request.
pub(crate) fn find(state: &State, call: &Call) -> Option<&'static Service> {
    SERVICES.iter().copied().find(|service| (service.claims)(state, call))
}
